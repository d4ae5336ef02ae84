create or replace function leadgen.recall_facts(p_lead leadgen.leads, p_country_code text)
returns leadgen.lead_facts
language plpgsql
immutable
as $$
declare
  v_signals constant leadgen.lead_signals := p_lead.signals;
  v_is_local constant boolean := p_lead.country_code = p_country_code;
  v_facts leadgen.lead_facts;
begin
  v_facts := (
    nullif(p_lead.name, ''),
    nullif(p_lead.email, ''),
    nullif(split_part(p_lead.email, '@', -1), ''),
    nullif(p_lead.phone, ''),
    v_signals.phone_country,
    v_signals.phone_region,
    p_lead.country_code,
    p_lead.region_code,
    nullif(p_lead.postal_code, ''),
    case when v_is_local then leadgen.match_postal_codes(nullif(p_lead.postal_code, '')) else '{}' end,
    p_lead.city,
    case when v_is_local then leadgen.normalize_city(p_lead.city) end,
    p_lead.message,
    p_lead.attributes,
    p_lead.consent,
    p_lead.gdpr_consent,
    p_lead.consent_at,
    p_lead.consent_certificate_url,
    v_signals.email_is_disposable,
    v_signals.duplicate_lead_id,
    v_signals.duplicate_created_at,
    v_signals.duplicate_field,
    null,
    p_lead.created_at,
    v_signals.latitude,
    v_signals.longitude,
    v_signals.local_minute,
    v_signals.is_suppressed,
    v_signals.mail_status,
    v_signals.ip_count,
    v_signals.phone_count,
    '{}'
  )::leadgen.lead_facts;
  return v_facts;
end;
$$;
comment on function leadgen.recall_facts(leadgen.leads, text) is
  'The facts that a stored lead was judged by, from its own fields and its signals; the country is its market''s.';
