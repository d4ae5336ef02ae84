-- What the registries are compiled into is tried at each deploy, before a lead meets it.

create or replace function catalog.try_kernel()
returns void
language plpgsql
volatile
as $$
-- Each expression by itself first, for only so is it known whose it is; then what they were compiled into.
declare
  v_reasons constant text[] := catalog.list_reasons();
  v_snapshot constant kernel.snapshot := catalog.make_snapshot(cardinality(v_reasons));
  v_strategies constant text[] := array(select s.name from leadgen.strategies s order by s.position);
begin
  perform catalog.try_expression(v_snapshot, v_reasons, format('check %s: %s', k.code, x.name), x.expression, x.type)
  from (select c.* from leadgen.candidate_checks c order by c.position) k
  cross join lateral (
    values ('condition', k.condition, 'boolean'), ('reason', k.reason, 'text'), ('words', k.words, 'text'),
      ('clears_at', k.clears_at, 'timestamptz'), ('can_pass', k.can_pass, 'boolean')
  ) as x (name, expression, type)
  where x.expression is not null;
  perform catalog.try_expression(v_snapshot, v_reasons, format('strategy %s: key', s.name), s.key, 'double precision')
  from (select t.* from leadgen.strategies t order by t.position) s;

  perform kernel.judge_candidates(v_snapshot, exclusive) from unnest('{null,1}'::bigint[]) exclusive;
  perform kernel.find_lasting_reason(v_snapshot, buyer_id) from unnest(v_snapshot.buyers) buyer_id;
  perform kernel.describe_reasons(v_snapshot, v_reasons), kernel.find_clear_time(v_snapshot, v_reasons);
  perform kernel.rank_reason(reason) from unnest(v_reasons) reason;
  perform kernel.rank_candidates(v_snapshot, array_fill(null::text, array[cardinality(v_reasons)]), v_strategies[1:n])
  from generate_series(1, cardinality(v_strategies)) n;
end;
$$;
comment on function catalog.try_kernel() is
  'Calls what compile_kernel compiled, with every reason and strategy; '
  'LG423 with the row of the registry that cannot work.';

create or replace function catalog.try_expression(
  p_snapshot kernel.snapshot,
  p_reasons text[],
  p_row text,
  p_expression text,
  p_type text
)
returns void
language plpgsql
volatile
as $$
-- The snapshot is a relation here, so that an expression says p_snapshot as it does in the compiled functions.
begin
  execute format($sql$
    select count((%s)::%s)
    from unnest(array[$1]) p_snapshot
    cross join (
      select 1::bigint as p_exclusive_buyer_id, 0::double precision as v_stored_time,
        0::double precision as v_virtual_time, array_fill(0::double precision, array[cardinality($2)]) as v_fills
    ) v
    cross join %s$sql$, p_expression, p_type,
      catalog.list_candidates(p_expression, '$2'))
  using p_snapshot, p_reasons;
exception
  when syntax_error_or_access_rule_violation or data_exception or cardinality_violation or feature_not_supported
    or raise_exception then
    perform kernel.refuse('LG423', format('%s cannot work: %s', p_row, sqlerrm), split_part(p_row, ': ', 2),
      p_expression,
      'an expression over c, which has ' || (select string_agg(n.name, ', ') from catalog.list_candidate_names() n),
      'Mend the row in sql/seeds/candidate_checks.sql and deploy again.');
end;
$$;
comment on function catalog.try_expression(kernel.snapshot, text[], text, text, text) is
  'Evaluates an expression of the registries for each candidate of a snapshot; LG423, with the row, when it raises.';

create or replace function catalog.list_reasons()
returns text[]
language plpgsql
stable
as $$
declare
  v_limits constant text[] := catalog.list_limit_codes();
begin
  return array(select k.code from leadgen.candidate_checks k where k.reason is null order by k.position)
    || v_limits || array(select 'offer_' || l.code from unnest(v_limits) with ordinality as l (code, n) order by l.n);
end;
$$;
comment on function catalog.list_reasons() is 'Every reason for which a candidate may lose: checks, then limits.';

create or replace function catalog.make_snapshot(p_size integer)
returns kernel.snapshot
language plpgsql
immutable
as $$
declare
  v_size constant integer[] := array[p_size];
  v_ids constant bigint[] := array(select generate_series(1, p_size));
  v_now constant timestamptz := '2026-11-20T16:00:00Z';
  v_windows constant integer := cardinality(kernel.list_windows());
  v_snapshot kernel.snapshot;
begin
  v_snapshot.decided_at := v_now;
  v_snapshot.timezone := 'America/Chicago';
  v_snapshot.decimals := 2;
  v_snapshot.adjustments := '{}';
  v_snapshot.enrollments := v_ids;
  v_snapshot.versions := array_fill(1, v_size);
  v_snapshot.buyers := v_ids;
  v_snapshot.flags := array_fill(0, v_size);
  v_snapshot.zones := array_fill(null::text, v_size);
  v_snapshot.pauses := array_fill(tstzrange(v_now - interval '1 hour', v_now + interval '1 hour'), v_size);
  v_snapshot.openings := array_fill(v_now + interval '2 hours', v_size);
  v_snapshot.filter_faults := array_fill('city, wanted one of Waco'::text, v_size);
  v_snapshot.priorities := array_fill(1, v_size);
  v_snapshot.weights := array_fill(1.0, v_size);
  v_snapshot.base_prices := array_fill(45.00, v_size);
  v_snapshot.prices := array_fill(45.00, v_size);
  v_snapshot.min_balances := array_fill(10.00, v_size);
  v_snapshot.balances := array_fill(100.00, v_size);
  v_snapshot.credits := array_fill(50.00, v_size);
  v_snapshot.credit_limits := array_fill(500.00, v_size);
  v_snapshot.calling := ('US', 'America/Chicago', v_now + interval '1 hour', true)::kernel.calling;
  v_snapshot.choice := (1, 'user 1', 'agreed')::kernel.choice;
  v_snapshot.cost := (8.00, 10, false, false, 3.00, 10)::kernel.cost_terms;
  v_snapshot.last_turns := v_ids;
  v_snapshot.finish_tags := array_fill(0::double precision, v_size);
  v_snapshot.virtual_times := array_fill(0::double precision, v_size);
  v_snapshot.edition := 2;
  v_snapshot.sales_today := array_fill(0, v_size);
  select
    array_agg(o.owner), array_agg(case o.owner when 0 then 'offer_' else '' end || l.code), array_agg(l.span),
    array_agg(l.is_money), array_agg(l.cap), array_agg(0.00)
  into
    v_snapshot.limit_owners, v_snapshot.limit_codes, v_snapshot.limit_windows, v_snapshot.limit_is_money,
    v_snapshot.limit_caps, v_snapshot.limit_uses
  from (select n % (p_size + 1) as owner from generate_series(1, p_size + 1) n order by n) o
  cross join catalog.list_limits(array_fill(9, array[v_windows]), 900, 900, '') k
  cross join lateral unnest(k.codes, k.windows, k.is_money, k.caps) as l (code, span, is_money, cap);
  return v_snapshot;
end;
$$;
comment on function catalog.make_snapshot(integer) is
  'A snapshot of some candidates, each with every limit, to try on it what the registries are compiled into.';
