-- The registries of checks and strategies compiled into functions of the kernel, once a deploy.

create or replace function catalog.compile_kernel()
returns void
language plpgsql
volatile
as $$
-- What is compiled is called once: a row that cannot work stops the deploy, not every lead after it. What clears during
-- a planned pause clears for that candidate when the pause ends.
declare
  v_words constant text := catalog.compile_by_reason('words');
  v_clears_at constant text := format(
    'case when c.pause is null then %1$s else kernel.skip_pause(%1$s, c.pause) end',
    catalog.compile_by_reason('clears_at'));
begin
  perform catalog.compile_judge();
  perform catalog.compile_lasting_reason();
  perform catalog.replace_body('kernel.describe_reasons(kernel.snapshot, text[])', $sql$
begin
  return (
    select coalesce(array_agg(
      c.reason || coalesce(': ' || $sql$ || v_words || $sql$, '')), '{}')
    from $sql$ || catalog.list_candidates(v_words, 'p_reasons') || $sql$
  );
end;
$sql$);

  perform catalog.replace_body('kernel.find_clear_time(kernel.snapshot, text[])', $sql$
begin
  return (
    select min(case when c.reason is null then p_snapshot.decided_at + interval '1 minute'
      else $sql$ || v_clears_at || $sql$ end)
    from $sql$ || catalog.list_candidates(v_clears_at, 'p_reasons') || $sql$
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
  perform catalog.try_kernel();
end;
$$;
comment on function catalog.compile_kernel() is
  'Writes the bodies of kernel.judge_candidates, find_lasting_reason, describe_reasons, find_clear_time, rank_reason '
  'and rank_candidates from leadgen.candidate_checks and leadgen.strategies; run by each deploy. LG423 with the row '
  'that cannot work.';

create or replace function catalog.list_candidate_names(
  out name text,
  out type text,
  out source text,
  out at_place text
)
returns setof record
language plpgsql
immutable
as $$
-- Only the names that a function's expressions use get into it, so a name costs nothing elsewhere. In a query, looking
-- up by place is cheaper than an array that is unnested.
begin
  return query
  select n.name, n.type, n.source, coalesce(n.at_place, n.source || '[x.n]')
  from (
    values
      ('place', 'integer', 'array(select generate_series(1, cardinality(p_snapshot.enrollments)))', 'x.n::integer'),
      ('enrollment_id', 'bigint', 'p_snapshot.enrollments', null),
      ('buyer_id', 'bigint', 'p_snapshot.buyers', null),
      ('flags', 'integer', 'p_snapshot.flags', null),
      ('zone', 'text',
        'array(select coalesce(z.zone, p_snapshot.timezone) '
        'from unnest(p_snapshot.zones) with ordinality as z (zone, n) order by z.n)',
        'coalesce(p_snapshot.zones[x.n], p_snapshot.timezone)'),
      ('pause', 'tstzrange', 'p_snapshot.pauses', null),
      ('opens_at', 'timestamptz', 'p_snapshot.openings', null),
      ('filter_fault', 'text', 'p_snapshot.filter_faults', null),
      ('priority', 'integer', 'p_snapshot.priorities', null),
      ('weight', 'numeric', 'p_snapshot.weights', null),
      ('price', 'numeric', 'p_snapshot.prices', null),
      ('min_balance', 'numeric', 'p_snapshot.min_balances', null),
      ('balance', 'numeric', 'p_snapshot.balances', null),
      ('credit', 'numeric', 'p_snapshot.credits', null),
      ('credit_limit', 'numeric', 'p_snapshot.credit_limits', null),
      ('last_turn', 'bigint', 'p_snapshot.last_turns', null),
      ('finish_tag', 'double precision', 'p_snapshot.finish_tags', null),
      ('full_limit', 'text', 'kernel.find_full_limits(p_snapshot)', '(kernel.find_full_limits(p_snapshot))[x.n]'),
      ('full_offer_limit', 'text', 'kernel.find_full_offer_limits(p_snapshot)',
        '(kernel.find_full_offer_limits(p_snapshot))[x.n]')
  ) as n (name, type, source, at_place);
end;
$$;
comment on function catalog.list_candidate_names() is
  'What the expressions of the registries may say of a candidate c: the name, its type, all candidates as an array, '
  'and the one at place x.n. What a field of kernel.snapshot adds is a row here.';

create or replace function catalog.list_candidates(p_expressions text, p_reasons text)
returns text
language plpgsql
immutable
as $$
begin
  return (
    select format('unnest(%s) with ordinality as x (reason, n)', p_reasons)
      || E'\n    cross join lateral (\n      select x.reason'
      || coalesce(string_agg(format(E',\n        %s as %s', n.at_place, n.name), ''), '') || E'\n    ) c'
    from catalog.list_candidate_names() n
    where p_expressions ~ (E'\\mc\\.' || n.name || E'\\M'));
end;
$$;
comment on function catalog.list_candidates(text, text) is
  'The relation c, for a from clause: each candidate by the names that these expressions use, and as c.reason the '
  'reason that it lost for, from the array that the second argument names.';

create or replace function catalog.compile_judge()
returns void
language plpgsql
volatile
as $$
-- A loop over one expression: for some twenty candidates a statement over unnested arrays costs half as much again.
-- What is c.price in the registry is v_price[v_n] here; only what the checks ask for is declared.
declare
  v_checks constant text := (
    select string_agg(
      format(E'\n      when %s then %s', k.condition, coalesce(k.reason, quote_literal(k.code))), ''
      order by k.position)
    from leadgen.candidate_checks k);
  v_declared constant text := (
    select string_agg(format(E'\n  v_%s constant %s[] := %s;', n.name, n.type, n.source), '' order by n.name)
    from catalog.list_candidate_names() n
    where v_checks ~ (E'\\mc\\.' || n.name || E'\\M'));
begin
  perform catalog.replace_body('kernel.judge_candidates(kernel.snapshot, bigint)', $sql$
declare
  v_reasons text[] := '{}';$sql$ || v_declared || $sql$
begin
  for v_n in 1 .. cardinality(p_snapshot.enrollments) loop
    v_reasons[v_n] := case$sql$ || regexp_replace(v_checks, E'\\mc\\.(\\w+)', E'v_\\1[v_n]', 'g') || $sql$
    end;
  end loop;
  return v_reasons;
end;
$sql$);
end;
$$;
comment on function catalog.compile_judge() is
  'Writes the body of kernel.judge_candidates from leadgen.candidate_checks.';

create or replace function catalog.compile_lasting_reason()
returns void
language plpgsql
volatile
as $$
-- Every check is asked, not only the first that fails: a buyer outside its hours that had the lead before would be
-- waited for in vain.
declare
  v_checks constant text := (
    select string_agg(
      format(E'\n      when %s and (%s) is not true then %s', k.condition, coalesce(k.can_pass, 'false'),
        coalesce(k.reason, quote_literal(k.code))), ''
      order by k.position)
    from leadgen.candidate_checks k);
begin
  perform catalog.replace_body('kernel.find_lasting_reason(kernel.snapshot, bigint)', $sql$
declare
  v_place constant integer := array_position(p_snapshot.buyers, p_exclusive_buyer_id);
begin
  if v_place is null then
    return 'not_enrolled';
  end if;
  return (
    select case$sql$ || v_checks || $sql$
    end
    from $sql$ || catalog.list_candidates(v_checks, 'array_fill(null::text, array[v_place])') || $sql$
    where x.n = v_place
  );
end;
$sql$);
end;
$$;
comment on function catalog.compile_lasting_reason() is
  'Writes the body of kernel.find_lasting_reason from leadgen.candidate_checks.';

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
    v_fills := kernel.rank_fills(p_snapshot, p_reasons);
  end if;$sql$;
  c_turn constant text := 'case when p_snapshot.edition >= 2 then coalesce(c.last_turn, -1) end';
  v_all_keys constant text := c_turn || (select string_agg(', ' || s.key, '') from leadgen.strategies s);
  v_most constant integer := (select count(*) from leadgen.strategies);
  v_keys integer;
begin
  foreach v_keys in array array[1, 2, v_most] loop
    v_body := v_body
      || case when v_keys < v_most then format(E'\n  if cardinality(p_strategy) <= %s then', v_keys) else '' end
      || $sql$
    return array(
      select c.place
      from $sql$ || catalog.list_candidates('c.place, c.enrollment_id, ' || v_all_keys, 'p_reasons') || $sql$
      where c.reason is null
      order by$sql$ || (
        select string_agg(format(E'\n        case p_strategy[%s]%s end', n, (
          select string_agg(format(' when %L then (%s)::double precision', s.name, s.key), '' order by s.position)
          from leadgen.strategies s)), ',' order by n)
        from generate_series(1, v_keys) n) || E',\n        ' || c_turn || E',\n        c.enrollment_id);'
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
