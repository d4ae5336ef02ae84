-- The registries of checks and strategies compiled into functions of the kernel, once a deploy.

create or replace function catalog.compile_kernel()
returns void
language plpgsql
volatile
as $$
-- The names that an expression of the registries may use are those of c below. What is looked up by place costs only
-- where it is asked for; an array that is unnested costs for each candidate.
declare
  c_candidates constant text := $sql$
    from unnest(p_snapshot.flags, %s) with ordinality as x (flags, %s, n)
    cross join lateral (
      select
        x.*, x.n::integer as place, p_snapshot.enrollments[x.n] as enrollment_id, p_snapshot.buyers[x.n] as buyer_id,
        coalesce(p_snapshot.zones[x.n], p_snapshot.timezone) as zone, p_snapshot.pauses[x.n] as pause_until,
        p_snapshot.openings[x.n] as opens_at, p_snapshot.filter_faults[x.n] as filter_fault,
        p_snapshot.prices[x.n] as price,
        p_snapshot.min_balances[x.n] as min_balance, p_snapshot.balances[x.n] as balance
    ) c$sql$;
begin
  perform catalog.compile_judge();
  perform catalog.replace_body('kernel.describe_reasons(kernel.snapshot, text[])', $sql$
begin
  return (
    select coalesce(array_agg(
      c.reason || coalesce(': ' || $sql$ || catalog.compile_by_reason('words') || $sql$, '')), '{}')$sql$
    || format(c_candidates, 'p_reasons', 'reason') || $sql$
  );
end;
$sql$);

  perform catalog.replace_body('kernel.find_clear_time(kernel.snapshot, text[])', $sql$
begin
  return (
    select min(case when c.reason is null then p_snapshot.decided_at + interval '1 minute'
      else $sql$ || catalog.compile_by_reason('clears_at') || ' end)'
    || format(c_candidates, 'p_reasons', 'reason') || $sql$
  );
end;
$sql$);

  perform catalog.replace_body('kernel.rank_reason(text)', $sql$
begin
  return $sql$ || replace(catalog.compile_by_reason('position'), 'c.reason', 'p_reason') || $sql$
    + coalesce(array_position(
      $sql$ || quote_literal(catalog.list_limit_codes()) || $sql$, regexp_replace(p_reason, '^offer_', '')), 0);
end;
$sql$);
  perform catalog.compile_rank();
end;
$$;
comment on function catalog.compile_kernel() is
  'Writes the bodies of kernel.judge_candidates, describe_reasons, find_clear_time, rank_reason and rank_candidates '
  'from leadgen.candidate_checks and leadgen.strategies; run by each deploy.';

create or replace function catalog.compile_judge()
returns void
language plpgsql
volatile
as $$
-- A loop over one expression: for some twenty candidates a statement over unnested arrays costs half as much again.
-- What is c.price in the registry is v_price[v_place] here; only what the checks ask for is declared.
declare
  v_checks constant text := (
    select string_agg(
      format(E'\n      when %s then %s', k.condition, coalesce(k.reason, quote_literal(k.code))), ''
      order by k.position)
    from leadgen.candidate_checks k);
  v_declared constant text := (
    select string_agg(format(E'\n  v_%s constant %s[] := %s;', n.name, n.type, n.source), '' order by n.name)
    from (
      values
        ('flags', 'integer', 'p_snapshot.flags'), ('enrollment_id', 'bigint', 'p_snapshot.enrollments'),
        ('buyer_id', 'bigint', 'p_snapshot.buyers'), ('pause_until', 'timestamptz', 'p_snapshot.pauses'),
        ('opens_at', 'timestamptz', 'p_snapshot.openings'), ('filter_fault', 'text', 'p_snapshot.filter_faults'),
        ('price', 'numeric', 'p_snapshot.prices'), ('min_balance', 'numeric', 'p_snapshot.min_balances'),
        ('balance', 'numeric', 'p_snapshot.balances'), ('full_limit', 'text', 'kernel.find_full_limits(p_snapshot)'),
        ('full_offer_limit', 'text', 'kernel.find_full_offer_limits(p_snapshot)')
    ) as n (name, type, source)
    where v_checks ~ ('\mc\.' || n.name || '\M'));
begin
  perform catalog.replace_body('kernel.judge_candidates(kernel.snapshot, bigint)', $sql$
declare
  v_reasons text[] := '{}';$sql$ || v_declared || $sql$
begin
  for v_place in 1 .. cardinality(p_snapshot.enrollments) loop
    v_reasons[v_place] := case$sql$ || regexp_replace(v_checks, '\mc\.(\w+)', 'v_\1[v_place]', 'g') || $sql$
    end;
  end loop;
  return v_reasons;
end;
$sql$);
end;
$$;
comment on function catalog.compile_judge() is
  'Writes the body of kernel.judge_candidates from leadgen.candidate_checks.';

create or replace function catalog.compile_by_reason(p_column text)
returns text
language plpgsql
stable
as $$
-- A reason that is no code of a check is the code of a limit.
declare
  v_text text;
begin
  select
    'case c.reason' || string_agg(
      format(E'\n      when %L then %s', k.code, coalesce(to_jsonb(k) ->> p_column, 'null')), '' order by k.position)
      filter (where k.reason is null)
    || format(E'\n      else case when starts_with(c.reason, ''offer_'') then %s else %s end\n    end',
      max(to_jsonb(k) ->> p_column) filter (where k.code = 'offer_limit'),
      max(to_jsonb(k) ->> p_column) filter (where k.code = 'limit'))
  into v_text
  from leadgen.candidate_checks k;
  return v_text;
end;
$$;
comment on function catalog.compile_by_reason(text) is
  'One column of the registry of checks (words, clears_at, position) as a SQL case over c.reason.';

create or replace function catalog.compile_rank()
returns void
language plpgsql
volatile
as $$
-- Most policies have a strategy and at most one tie-breaker; every key that is sorted by costs, also one that is null.
declare
  v_body text := $sql$
declare
  v_stored_time double precision;
  v_virtual_time double precision;
  v_fills double precision[];
begin
  if 'weighted' = any (p_strategy) then
    v_stored_time := (select max(t) from unnest(p_snapshot.virtual_times) t);
    v_virtual_time := kernel.find_virtual_time(p_snapshot, p_reasons);
  end if;
  if 'least_filled' = any (p_strategy) then
    v_fills := kernel.find_fills(p_snapshot);
  end if;$sql$;
  v_most constant integer := (select count(*) from leadgen.strategies);
  v_keys integer;
begin
  foreach v_keys in array array[1, 2, v_most] loop
    v_body := v_body
      || case when v_keys < v_most then format(E'\n  if cardinality(p_strategy) <= %s then', v_keys) else '' end
      || $sql$
    return array(
      select c.place
      from unnest(p_reasons) with ordinality as x (reason, n)
      cross join lateral (
        select
          x.n::integer as place, p_snapshot.enrollments[x.n] as enrollment_id, p_snapshot.priorities[x.n] as priority,
          p_snapshot.weights[x.n] as weight, p_snapshot.prices[x.n] as price, p_snapshot.last_turns[x.n] as last_turn,
          p_snapshot.finish_tags[x.n] as finish_tag
      ) c
      where x.reason is null
      order by$sql$ || (
        select string_agg(format(E'\n        case p_strategy[%s]%s end', n, (
          select string_agg(format(' when %L then (%s)::double precision', s.name, s.key), '' order by s.position)
          from leadgen.strategies s)), ',' order by n)
        from generate_series(1, v_keys) n) || E',\n        c.enrollment_id);'
      || case when v_keys < v_most then E'\n  end if;' else '' end;
  end loop;
  perform catalog.replace_body('kernel.rank_candidates(kernel.snapshot, text[], text[])', v_body || E'\nend;\n');
end;
$$;
comment on function catalog.compile_rank() is 'Writes the body of kernel.rank_candidates from leadgen.strategies.';

create or replace function catalog.replace_body(p_function regprocedure, p_body text)
returns void
language plpgsql
volatile
as $$
-- Name, arguments, result, volatility and comment stay as their file declares them.
declare
  v_definition constant text := pg_get_functiondef(p_function);
begin
  execute left(v_definition, strpos(v_definition, 'AS $') - 1) || 'as $compiled$' || p_body || '$compiled$';
end;
$$;
comment on function catalog.replace_body(regprocedure, text) is
  'Gives a function another body and leaves the rest of it as it is.';
