create or replace function leadgen.read_request(p_payload jsonb, p_context jsonb)
returns leadgen.lead_request
language plpgsql
stable
as $$
declare
  v_request leadgen.lead_request;
begin
  perform leadgen.check_submission(p_payload, p_context);
  v_request.idempotency_key := leadgen.read_idempotency_key(p_payload, p_context);
  v_request.source_key := leadgen.collapse_space(p_payload ->> 'source_key');
  v_request.source := leadgen.collapse_space(p_payload ->> 'source');
  v_request.name := leadgen.collapse_space(p_payload ->> 'name');
  v_request.email := leadgen.collapse_space(p_payload ->> 'email');
  v_request.phone := leadgen.collapse_space(p_payload ->> 'phone');
  v_request.country_code := upper(leadgen.collapse_space(p_payload ->> 'country_code'));
  v_request.region_code := upper(leadgen.collapse_space(p_payload ->> 'region_code'));
  v_request.postal_code := leadgen.collapse_space(p_payload ->> 'postal_code');
  v_request.city := leadgen.collapse_space(p_payload ->> 'city');
  v_request.message := leadgen.collapse_space(p_payload ->> 'message');
  v_request.attributes := case when jsonb_typeof(p_payload -> 'attributes') = 'object' then p_payload -> 'attributes' else '{}' end;
  v_request.utm_source := leadgen.collapse_space(p_payload ->> 'utm_source');
  v_request.utm_medium := leadgen.collapse_space(p_payload ->> 'utm_medium');
  v_request.utm_campaign := leadgen.collapse_space(p_payload ->> 'utm_campaign');
  v_request.landing_url := leadgen.collapse_space(p_payload ->> 'landing_url');
  v_request.consent := (p_payload ->> 'consent')::boolean;
  v_request.gdpr_consent := (p_payload ->> 'gdpr_consent')::boolean;
  if p_payload ->> 'consent_at' is not null then
    v_request.consent_at := leadgen.read_timestamp(p_payload ->> 'consent_at', 'consent_at');
  end if;
  v_request.consent_certificate_url := leadgen.collapse_space(p_payload ->> 'consent_certificate_url');
  v_request.api_key_hash := p_context ->> 'api_key_hash';
  v_request.page_url := coalesce(v_request.landing_url, p_context ->> 'referer', p_context ->> 'origin');
  v_request.ip_address := (p_context ->> 'ip_address')::inet;
  v_request.user_agent := p_context ->> 'user_agent';
  if v_request.country_code !~ '^[A-Z]{2}$' then
    perform leadgen.refuse('LG400', 'country_code is not acceptable', 'country_code', 'text of another form',
      'two letters, ISO 3166-1, e.g. US');
  end if;
  return v_request;
end;
$$;
comment on function leadgen.read_request(jsonb, jsonb) is
  'Payload and context as one typed record: texts trimmed, empty ones null. LG400 names the field at fault.';
