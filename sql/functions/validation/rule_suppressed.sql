create or replace function leadgen.rule_suppressed(p_facts leadgen.lead_facts, p_value jsonb, p_rules jsonb)
returns leadgen.failure[]
language plpgsql
immutable
as $$
-- Which of phone, e-mail and domain it was is not told: a sender could find out who is on the list.
begin
  return case
    when p_facts.is_suppressed then leadgen.fail('suppressed', 'phone, email', 'This contact is on the suppression list')
    else '{}'
  end;
end;
$$;
comment on function leadgen.rule_suppressed(leadgen.lead_facts, jsonb, jsonb) is
  'Always on: neither the phone nor the e-mail nor its domain is on the suppression list.';
