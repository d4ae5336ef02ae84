create or replace function leadgen.normalize_request(p_request leadgen.lead_request, p_route leadgen.route)
returns leadgen.lead_facts
language plpgsql
stable
as $$
declare
  v_email constant text := leadgen.normalize_email(p_request.email);
  v_country_code constant text := coalesce(p_request.country_code, p_route.country_code);
  v_postal_code constant text := leadgen.normalize_postal_code(p_request.postal_code, v_country_code);
  v_phone constant leadgen.phone_number := leadgen.read_phone(p_request.phone, v_country_code);
  v_facts leadgen.lead_facts;
begin
  v_facts := (
    p_request.name,
    v_email,
    nullif(split_part(v_email, '@', -1), ''),
    coalesce(v_phone.e164, left(p_request.phone, 20)),
    v_phone.country_code,
    v_phone.region_code,
    v_country_code,
    p_request.region_code,
    v_postal_code,
    case when v_country_code = p_route.country_code then leadgen.match_postal_codes(v_postal_code) else '{}' end,
    p_request.city,
    null, -- city_key
    p_request.message,
    p_request.attributes,
    p_request.consent,
    p_request.gdpr_consent,
    p_request.consent_at,
    p_request.consent_certificate_url,
    null, null, null, null, null, null, null, null, null, null, null, null, null, null -- what gather_facts looks up
  )::leadgen.lead_facts;
  return v_facts;
end;
$$;
comment on function leadgen.normalize_request(leadgen.lead_request, leadgen.route) is
  'The lead as rules judge it: e-mail, phone and postal code normalised for its country. phone_country null: no valid number; postal_patterns empty: another country than the market''s, whose postal codes mean other places.';
