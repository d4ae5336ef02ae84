create or replace function leadgen.derive_idempotency_key(p_facts leadgen.lead_facts, p_route leadgen.route, p_now timestamptz)
returns text
language plpgsql
immutable
as $$
begin
  return 'auto:' || encode(sha256(convert_to(jsonb_build_array(
    p_route.source_id, p_facts.name, p_facts.email, p_facts.phone, p_facts.postal_code, p_facts.message, p_facts.attributes,
    p_facts.country_code, p_facts.region_code, p_facts.city, p_facts.consent, p_facts.gdpr_consent, p_facts.consent_at,
    p_facts.consent_certificate_url,
    (p_now at time zone p_route.timezone)::date
  )::text, 'UTF8')), 'hex');
end;
$$;
comment on function leadgen.derive_idempotency_key(leadgen.lead_facts, leadgen.route, timestamptz) is
  'The key of a lead that came without one: the same source, contact, place, message, attributes and consent on the market''s same day are one lead; who corrects what a rule judges sends another.';
