create or replace function leadgen.rule_consent_certificate(p_facts leadgen.lead_facts, p_value jsonb, p_rules jsonb)
returns leadgen.failure[]
language plpgsql
immutable
as $$
begin
  return case
    when p_value = 'true' and p_facts.consent_certificate_url !~* '^https://[^\s/]+' is not false
      then leadgen.fail('certificate_missing', 'consent_certificate_url', 'A consent certificate (an https address) is required')
    else '{}'
  end;
end;
$$;
comment on function leadgen.rule_consent_certificate(leadgen.lead_facts, jsonb, jsonb) is
  'With true: consent_certificate_url is an https address.';
