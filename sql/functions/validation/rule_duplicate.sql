create or replace function leadgen.rule_duplicate(p_facts leadgen.lead_facts, p_value jsonb, p_rules jsonb)
returns leadgen.failure[]
language plpgsql
immutable
as $$
-- The look-up, with the policy's window, scope and fields, was made by gather_facts; the verdict is made here.
begin
  return case
    when p_facts.duplicate_lead_id is null then '{}'
    else leadgen.fail('duplicate', p_facts.duplicate_field,
      format('The same %s came in %s minutes earlier with another lead', p_facts.duplicate_field,
        ceil(extract(epoch from p_facts.decided_at - p_facts.duplicate_created_at) / 60)))
  end;
end;
$$;
comment on function leadgen.rule_duplicate(leadgen.lead_facts, jsonb, jsonb) is
  'No valid lead of the same contact within duplicate_window_hours (default from leadgen.settings, 0: off).';
