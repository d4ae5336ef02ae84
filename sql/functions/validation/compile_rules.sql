create or replace function leadgen.compile_rules(p_rules jsonb)
returns text
language plpgsql
stable
as $$
-- One expression for the whole policy: a rule is a call, its value a literal. So the engine names no rule, and a lead
-- pays for one EXECUTE however many rules its policy has.
begin
  return (
    select 'select ' || string_agg(
      format('leadgen.%I($1, %L::jsonb, $2)', k.rule_function, leadgen.compile_value(k.compile_function, coalesce(p_rules -> k.key, 'null'))),
      ' || ' order by k.position)
    from leadgen.policy_keys k
    where k.kind = 'validation' and k.rule_function is not null and (k.is_always_on or p_rules ? k.key)
  );
end;
$$;
comment on function leadgen.compile_rules(jsonb) is
  'The rules of a validation policy as one SQL query over a leadgen.lead_facts ($1) and the policy''s rules ($2) that returns leadgen.failure[], in registry order.';
