-- Validation: every rule of a policy over the facts of one lead.

create or replace function rules.judge_lead(p_facts kernel.lead_facts, p_rules jsonb, p_compiled_rules jsonb)
returns kernel.failure[]
language plpgsql
stable
as $$
-- To read the compiled body, in psql: \sf rules.judge_lead
begin
  raise 'compiled by catalog.compile_judge_lead';
end;
$$;
comment on function rules.judge_lead(kernel.lead_facts, jsonb, jsonb) is
  'Runs a policy''s rules over a lead''s facts, each with its compiled value: every failure in registry order, an '
  'empty array when it passes. Compiled from leadgen.policy_keys.';

create or replace function rules.run_optional(p_rule text, p_facts kernel.lead_facts, p_value jsonb, p_rules jsonb)
returns kernel.failure[]
language plpgsql
stable
as $$
declare
  v_failures kernel.failure[];
begin
  execute format('select rules.%I($1, $2, $3)', p_rule) into v_failures using p_facts, p_value, p_rules;
  return v_failures;
end;
$$;
comment on function rules.run_optional(text, kernel.lead_facts, jsonb, jsonb) is
  'Runs a rule that a server may lack, because of the language it is '
  'written in: only the policies that have it then fail.';

create or replace function rules.fail(p_code text, p_field text, p_reason text)
returns kernel.failure[]
language plpgsql
immutable parallel safe
as $$
begin
  return array[(p_code, p_field, p_reason)::kernel.failure];
end;
$$;
comment on function rules.fail(text, text, text) is 'One failure, as a rule returns it.';
