-- Rules about consent.

create or replace function rules.consent_required(p_facts kernel.lead_facts, p_value jsonb, p_rules jsonb)
returns kernel.failure[]
language plpgsql
immutable
as $$
begin
  return case
    when p_value = 'true' and p_facts.consent is not true
      then rules.fail('consent_missing', 'consent', 'The person did not consent to be contacted')
    else '{}'
  end;
end;
$$;
comment on function rules.consent_required(kernel.lead_facts, jsonb, jsonb) is 'With true: consent is true.';

create or replace function rules.consent_max_age(p_facts kernel.lead_facts, p_value jsonb, p_rules jsonb)
returns kernel.failure[]
language plpgsql
immutable
as $$
begin
  return case
    when p_facts.consent_at is null
      then rules.fail('consent_expired', 'consent_at', 'consent_at is missing, so the age of the consent is not known')
    when p_facts.consent_at < p_facts.decided_at - (p_value #>> '{}')::numeric * interval '1 hour'
      then rules.fail('consent_expired', 'consent_at', format('The consent is older than %s',
        kernel.count_of((p_value #>> '{}')::numeric, 'hour')))
    when p_facts.consent_at > p_facts.decided_at + interval '5 minutes'
      then rules.fail('consent_expired', 'consent_at', 'consent_at lies in the future')
    else '{}'
  end;
end;
$$;
comment on function rules.consent_max_age(kernel.lead_facts, jsonb, jsonb) is
  'consent_at is at most so many hours old; clocks may differ by five minutes.';

create or replace function rules.consent_certificate(p_facts kernel.lead_facts, p_value jsonb, p_rules jsonb)
returns kernel.failure[]
language plpgsql
immutable
as $$
begin
  return case
    when p_value = 'true' and p_facts.consent_certificate_url !~* E'^https://[^\\s/]+' is not false
      then rules.fail('certificate_missing', 'consent_certificate_url',
        'A consent certificate (an https address) is required')
    else '{}'
  end;
end;
$$;
comment on function rules.consent_certificate(kernel.lead_facts, jsonb, jsonb) is
  'With true: consent_certificate_url is an https address.';
