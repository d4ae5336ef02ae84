create or replace function leadgen.read_request(p_payload jsonb, p_context jsonb)
returns leadgen.lead_request
language plpgsql
stable
as $$
declare
  v_request leadgen.lead_request;
  v_attributes jsonb := p_payload -> 'attributes';
  v_consent_at timestamptz;
begin
  perform leadgen.check_submission(p_payload, p_context);
  if p_payload ->> 'consent_at' is not null then
    v_consent_at := leadgen.read_timestamp(p_payload ->> 'consent_at', 'consent_at');
  end if;
  if jsonb_typeof(v_attributes) is distinct from 'object' then
    v_attributes := '{}';
  end if;

  -- One row in the order of the type: every expression of a function is prepared anew in each transaction.
  v_request := (
    leadgen.collapse_space(p_payload ->> 'source_key'),
    leadgen.read_idempotency_key(p_payload, p_context),
    leadgen.collapse_space(p_payload ->> 'source'),
    leadgen.collapse_space(p_payload ->> 'name'),
    leadgen.collapse_space(p_payload ->> 'email'),
    leadgen.collapse_space(p_payload ->> 'phone'),
    upper(leadgen.collapse_space(p_payload ->> 'country_code')),
    upper(leadgen.collapse_space(p_payload ->> 'region_code')),
    leadgen.collapse_space(p_payload ->> 'postal_code'),
    leadgen.collapse_space(p_payload ->> 'city'),
    leadgen.collapse_space(p_payload ->> 'message'),
    v_attributes,
    leadgen.collapse_space(p_payload ->> 'utm_source'),
    leadgen.collapse_space(p_payload ->> 'utm_medium'),
    leadgen.collapse_space(p_payload ->> 'utm_campaign'),
    leadgen.collapse_space(p_payload ->> 'landing_url'),
    (p_payload ->> 'consent')::boolean,
    (p_payload ->> 'gdpr_consent')::boolean,
    v_consent_at,
    leadgen.collapse_space(p_payload ->> 'consent_certificate_url'),
    p_context ->> 'api_key_hash',
    coalesce(leadgen.collapse_space(p_payload ->> 'landing_url'), p_context ->> 'referer', p_context ->> 'origin'),
    (p_context ->> 'ip_address')::inet,
    p_context ->> 'user_agent'
  )::leadgen.lead_request;

  if v_request.country_code !~ '^[A-Z]{2}$' then
    perform leadgen.refuse('LG400', 'country_code is not acceptable', 'country_code', 'text of another form',
      'two letters, ISO 3166-1, e.g. US');
  end if;
  return v_request;
end;
$$;
comment on function leadgen.read_request(jsonb, jsonb) is
  'Payload and context as one typed record: texts trimmed, empty ones null. LG400 names the field at fault.';
