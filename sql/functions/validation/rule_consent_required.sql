create or replace function leadgen.rule_consent_required(p_facts leadgen.lead_facts, p_value jsonb, p_rules jsonb)
returns leadgen.failure[]
language plpgsql
immutable
as $$
begin
  return case
    when p_value = 'true' and p_facts.consent is not true
      then leadgen.fail('consent_missing', 'consent', 'The person did not consent to be contacted')
    else '{}'
  end;
end;
$$;
comment on function leadgen.rule_consent_required(leadgen.lead_facts, jsonb, jsonb) is 'With true: consent is true.';
