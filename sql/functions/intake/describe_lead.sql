create or replace function leadgen.describe_lead(p_facts leadgen.lead_facts)
returns jsonb
language plpgsql
immutable
as $$
begin
  return jsonb_build_object(
    'name', p_facts.name,
    'email', p_facts.email,
    'phone', p_facts.phone,
    'country_code', p_facts.country_code,
    'region_code', p_facts.region_code,
    'postal_code', p_facts.postal_code,
    'city', p_facts.city_key,
    'message', left(p_facts.message, 2000),
    'attributes', leadgen.cut_texts(p_facts.attributes),
    'consent', p_facts.consent,
    'gdpr_consent', p_facts.gdpr_consent,
    'consent_at', p_facts.consent_at,
    'consent_certificate_url', p_facts.consent_certificate_url
  );
end;
$$;
comment on function leadgen.describe_lead(leadgen.lead_facts) is
  'A lead as the document that filters and price adjustments are judged on: its city as cities are compared, texts cut to what a pattern is held against.';
