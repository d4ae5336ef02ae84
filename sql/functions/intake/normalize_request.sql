create or replace function leadgen.normalize_request(p_request leadgen.lead_request, p_route leadgen.route)
returns leadgen.lead_facts
language plpgsql
stable
as $$
declare
  v_facts leadgen.lead_facts;
  v_phone leadgen.phone_number;
begin
  v_facts.name := p_request.name;
  v_facts.email := leadgen.normalize_email(p_request.email);
  v_facts.email_domain := nullif(split_part(v_facts.email, '@', -1), '');
  v_facts.country_code := coalesce(p_request.country_code, p_route.country_code);
  v_phone := leadgen.read_phone(p_request.phone, v_facts.country_code);
  v_facts.phone := coalesce(v_phone.e164, left(p_request.phone, 20));
  v_facts.phone_country := v_phone.country_code;
  v_facts.phone_region := v_phone.region_code;
  v_facts.region_code := p_request.region_code;
  v_facts.postal_code := leadgen.normalize_postal_code(p_request.postal_code, v_facts.country_code);
  v_facts.postal_patterns := leadgen.match_postal_codes(v_facts.postal_code);
  v_facts.city := p_request.city;
  v_facts.message := p_request.message;
  v_facts.attributes := p_request.attributes;
  v_facts.consent := p_request.consent;
  v_facts.gdpr_consent := p_request.gdpr_consent;
  v_facts.consent_at := p_request.consent_at;
  v_facts.consent_certificate_url := p_request.consent_certificate_url;
  return v_facts;
end;
$$;
comment on function leadgen.normalize_request(leadgen.lead_request, leadgen.route) is
  'The lead as rules judge it: e-mail, phone and postal code normalised for its country. phone_country null: no valid number.';
