create or replace function leadgen.find_failure_codes(p_rule_function text)
returns text[]
language plpgsql
stable strict
as $$
-- A rule makes a failure by leadgen.fail('code', ...) or by ('code', ...)::leadgen.failure.
begin
  return array(
    select distinct coalesce(c.code[1], c.code[2]) collate "C"
    from pg_catalog.pg_proc p
    cross join regexp_matches(p.prosrc,
      $r$\mfail\(\s*'([a-z_]+)'|\(\s*'([a-z_]+)',[^()]*\)::leadgen\.failure$r$, 'g') as c (code)
    where p.pronamespace = 'leadgen'::regnamespace and p.proname = p_rule_function
    order by 1
  );
end;
$$;
comment on function leadgen.find_failure_codes(text) is 'The codes with which a rule fails, as its source has them.';
