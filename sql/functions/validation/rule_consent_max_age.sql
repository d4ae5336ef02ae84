create or replace function leadgen.rule_consent_max_age(p_facts leadgen.lead_facts, p_value jsonb, p_rules jsonb)
returns leadgen.failure[]
language plpgsql
immutable
as $$
begin
  return case
    when p_facts.consent_at is null
      then leadgen.fail('consent_expired', 'consent_at', 'consent_at is missing, so the age of the consent is not known')
    when p_facts.consent_at < p_facts.decided_at - (p_value #>> '{}')::numeric * interval '1 hour'
      then leadgen.fail('consent_expired', 'consent_at', format('The consent is older than %s hours', p_value #>> '{}'))
    when p_facts.consent_at > p_facts.decided_at + interval '5 minutes'
      then leadgen.fail('consent_expired', 'consent_at', 'consent_at lies in the future')
    else '{}'
  end;
end;
$$;
comment on function leadgen.rule_consent_max_age(leadgen.lead_facts, jsonb, jsonb) is
  'consent_at is at most so many hours old; clocks may differ by five minutes.';
