-- Validation: every rule of a policy over the facts of one lead.

create or replace function rules.judge_lead(p_facts kernel.lead_facts, p_rules jsonb, p_compiled_rules text)
returns kernel.failure[]
language plpgsql
stable
as $$
declare
  v_failures kernel.failure[];
begin
  execute p_compiled_rules into v_failures using p_facts, p_rules;
  return v_failures;
end;
$$;
comment on function rules.judge_lead(kernel.lead_facts, jsonb, text) is
  'Runs a policy''s compiled rules over a lead''s facts: every failure in registry order, an empty array when it '
  'passes.';

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
