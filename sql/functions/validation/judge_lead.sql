create or replace function leadgen.judge_lead(p_facts leadgen.lead_facts, p_rules jsonb, p_compiled_rules text)
returns leadgen.failure[]
language plpgsql
stable
as $$
declare
  v_failures leadgen.failure[];
begin
  execute p_compiled_rules into v_failures using p_facts, p_rules;
  return v_failures;
end;
$$;
comment on function leadgen.judge_lead(leadgen.lead_facts, jsonb, text) is
  'Runs a policy''s compiled rules over a lead''s facts: every failure in registry order, an empty array when it passes.';
