create or replace function leadgen.check_submission(p_payload jsonb, p_context jsonb)
returns void
language plpgsql
immutable
as $$
-- One pass over the payload: unknown fields, wrong types and over-long texts. The submission is malformed, so nothing
-- is stored. DETAIL describes what was found without repeating it, for it may be personal and the server logs it.
declare
  c_limits constant jsonb := '{"source": 100, "source_key": 100, "idempotency_key": 128, "name": 200, "email": 200,
    "phone": 40, "country_code": 2, "region_code": 20, "postal_code": 16, "city": 128, "message": 10000,
    "utm_source": 100, "utm_medium": 100, "utm_campaign": 100, "landing_url": 2000, "consent_at": 40,
    "consent_certificate_url": 2000}';
  v_field text;
  v_value jsonb;
begin
  if jsonb_typeof(p_payload) is distinct from 'object' then
    perform leadgen.refuse('LG400', 'The lead is not a JSON object', p_found => coalesce(jsonb_typeof(p_payload), 'nothing'),
      p_allowed => 'an object');
  end if;
  if jsonb_typeof(p_context) is distinct from 'object'
    or p_context - '{api_key_hash,idempotency_key,origin,referer,ip_address,user_agent,can_look_up_mail}'::text[] <> '{}' then
    perform leadgen.refuse('LG400', 'The context has a key that nothing reads', p_found => 'another key',
      p_allowed => 'api_key_hash, idempotency_key, origin, referer, ip_address, user_agent, can_look_up_mail');
  end if;

  select e.key, e.value into v_field, v_value
  from jsonb_each(p_payload) e
  where case
    when c_limits ? e.key then
      jsonb_typeof(e.value) not in ('string', 'null') or length(e.value #>> '{}') > (c_limits ->> e.key)::integer
    when e.key in ('consent', 'gdpr_consent') then jsonb_typeof(e.value) not in ('boolean', 'null')
    when e.key = 'attributes' then jsonb_typeof(e.value) not in ('object', 'null')
    else true
  end
  limit 1;
  if not found then
    return;
  end if;

  if c_limits ? v_field then
    perform leadgen.refuse('LG400', v_field || ' is not acceptable', v_field,
      case jsonb_typeof(v_value) when 'string' then format('text of %s characters', length(v_value #>> '{}'))
        else 'a value of type ' || jsonb_typeof(v_value) end,
      format('text of at most %s characters', c_limits ->> v_field));
  elsif v_field in ('consent', 'gdpr_consent', 'attributes') then
    perform leadgen.refuse('LG400', v_field || ' is not acceptable', v_field, 'a value of type ' || jsonb_typeof(v_value),
      case v_field when 'attributes' then 'an object' else 'true or false' end);
  end if;
  v_field := case when v_field ~ '^[A-Za-z_][A-Za-z0-9_]{0,39}$' then v_field else '(not a plain name)' end;
  perform leadgen.refuse('LG400', 'Unknown field ' || v_field, v_field, 'an unknown field',
    (select string_agg(k, ', ' order by k) from jsonb_object_keys(c_limits) k) || ', attributes, consent, gdpr_consent',
    'Answers of your own go into attributes.');
end;
$$;
comment on function leadgen.check_submission(jsonb, jsonb) is
  'Raises LG400 for the first field of a submission that is unknown, of a wrong type or too long.';
