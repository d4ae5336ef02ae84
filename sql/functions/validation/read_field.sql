create or replace function leadgen.read_field(p_facts leadgen.lead_facts, p_field text)
returns jsonb
language plpgsql
immutable
as $$
begin
  return case
    when starts_with(p_field, 'attributes.') then p_facts.attributes -> substr(p_field, 12)
    else case p_field
      when 'name' then to_jsonb(p_facts.name)
      when 'email' then to_jsonb(p_facts.email)
      when 'phone' then to_jsonb(p_facts.phone)
      when 'country_code' then to_jsonb(p_facts.country_code)
      when 'region_code' then to_jsonb(p_facts.region_code)
      when 'postal_code' then to_jsonb(p_facts.postal_code)
      when 'city' then to_jsonb(p_facts.city)
      when 'message' then to_jsonb(p_facts.message)
      when 'consent' then to_jsonb(p_facts.consent)
      when 'gdpr_consent' then to_jsonb(p_facts.gdpr_consent)
      when 'consent_at' then to_jsonb(p_facts.consent_at)
      when 'consent_certificate_url' then to_jsonb(p_facts.consent_certificate_url)
    end
  end;
end;
$$;
comment on function leadgen.read_field(leadgen.lead_facts, text) is
  'A core field or attributes.x of a lead as JSON; null when it is not there.';
