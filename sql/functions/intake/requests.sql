-- A submission read: fields, types, lengths.
--
-- intake owns a submission on its way in, the lead's row and quarantine. Its invariants: whatever is sent is a lead, or
-- in quarantine, or refused with the field at fault; one key of one source is one lead, however often it is sent; the
-- answer that a sender got is stored, and is what it gets again.

create or replace function intake.read_request(p_payload jsonb, p_context jsonb)
returns intake.lead_request
language plpgsql
stable
as $$
declare
  c_tracking constant text[] := intake.list_tracking_fields();
  v_request intake.lead_request;
  v_payload jsonb := p_payload;
  v_notes text[];
  v_attributes jsonb;
  v_consent_at timestamptz;
begin
  if not intake.is_call(p_payload, p_context) then
    perform intake.refuse_call(p_payload);
  end if;
  if intake.is_odd(p_payload, p_context ? 'api_key_hash') then
    perform intake.check_size(p_payload);
    select m.payload, m.notes into v_payload, v_notes
    from intake.mend_submission(p_payload, p_context ? 'api_key_hash') m;
    perform intake.check_submission(v_payload);
  end if;
  if v_payload ->> 'consent_at' ~ E'\\S' then
    v_consent_at := ref.read_timestamp(v_payload ->> 'consent_at', 'consent_at');
  end if;
  v_attributes := coalesce(v_payload -> 'attributes', '{}');

  -- One row in the order of the type: every expression of a function is prepared anew in each transaction.
  v_request := (
    ref.collapse_space(v_payload ->> 'source_key'),
    intake.read_idempotency_key(v_payload, p_context),
    ref.collapse_space(v_payload ->> 'source'),
    ref.collapse_space(v_payload ->> 'name'),
    ref.collapse_space(v_payload ->> 'email'),
    ref.collapse_space(v_payload ->> 'phone'),
    ref.read_country(ref.collapse_space(v_payload ->> 'country_code')),
    upper(ref.collapse_space(v_payload ->> 'region_code')),
    ref.collapse_space(v_payload ->> 'postal_code'),
    ref.collapse_space(v_payload ->> 'city'),
    ref.read_lines(v_payload ->> 'message'),
    v_attributes,
    ref.collapse_space(v_payload ->> 'utm_source'),
    ref.collapse_space(v_payload ->> 'utm_medium'),
    ref.collapse_space(v_payload ->> 'utm_campaign'),
    ref.collapse_space(v_payload ->> 'landing_url'),
    (v_payload ->> 'consent')::boolean,
    (v_payload ->> 'gdpr_consent')::boolean,
    v_consent_at,
    ref.collapse_space(v_payload ->> 'consent_certificate_url'),
    p_context ->> 'api_key_hash',
    coalesce(ref.collapse_space(v_payload ->> 'landing_url'), p_context ->> 'referer', p_context ->> 'origin'),
    (case when v_payload ? 'ip_address' then nullif(v_payload ->> 'ip_address', '')
      else p_context ->> 'ip_address' end)::inet,
    coalesce(ref.collapse_space(v_payload ->> 'user_agent'), p_context ->> 'user_agent'),
    case when v_payload ?| c_tracking then intake.gather_tracking(v_payload) end,
    v_notes,
    case when p_context ? 'sealing' then intake.read_sealing(p_context) end,
    p_context #> '{sealing,blobs}',
    null -- sealed
  )::intake.lead_request;

  if v_request.country_code !~ '^[A-Z]{2}$' then
    perform kernel.refuse('LG400', 'country_code is not acceptable', 'country_code', 'neither a code nor a known name',
      'two letters, ISO 3166-1, e.g. US, or the name of a country in leadgen.country_names');
  end if;
  return v_request;
end;
$$;
comment on function intake.read_request(jsonb, jsonb) is
  'Payload and context as one typed record: texts trimmed, empty ones null, what can be mended mended and noted. LG400 '
  'names the field at fault.';

create or replace function intake.is_call(p_payload jsonb, p_context jsonb)
returns boolean
language sql
immutable parallel safe
as $$
  select jsonb_typeof(p_payload) = 'object' is true and jsonb_typeof(p_context) = 'object' is true
    and p_context
      - '{api_key_hash,idempotency_key,origin,referer,ip_address,user_agent,can_look_up_mail,sealing}'::text[] = '{}';
$$;
comment on function intake.is_call(jsonb, jsonb) is
  'Whether a payload is an object, and a context one that has no other keys than it may.';

create or replace function intake.refuse_call(p_payload jsonb)
returns void
language plpgsql
immutable
as $$
begin
  if jsonb_typeof(p_payload) is distinct from 'object' then
    perform kernel.refuse('LG400', 'The lead is not a JSON object',
      p_found => coalesce(jsonb_typeof(p_payload), 'nothing'), p_allowed => 'an object');
  end if;
  perform kernel.refuse('LG400', 'The context has an unknown key', p_found => 'another key',
    p_allowed => 'api_key_hash, idempotency_key, origin, referer, ip_address, user_agent, can_look_up_mail, sealing');
end;
$$;
comment on function intake.refuse_call(jsonb) is
  'Raises LG400: the payload is no object, or the context has an unknown key.';

create or replace function intake.check_size(p_payload jsonb)
returns void
language plpgsql
immutable
as $$
-- Mending takes time for each field and attribute, so it begins when there are no more than a submission may have.
declare
  c_most_fields constant integer := 100;
  v_attributes constant jsonb := p_payload -> 'attributes';
begin
  if (select count(*) from jsonb_object_keys(p_payload)) > c_most_fields then
    perform intake.refuse_field((select k from jsonb_object_keys(p_payload) k where not intake.is_field(k) limit 1));
  elsif jsonb_typeof(v_attributes) = 'object' and intake.find_attributes_fault(v_attributes) is not null then
    perform intake.refuse_attributes(v_attributes);
  end if;
end;
$$;
comment on function intake.check_size(jsonb) is
  'Raises LG400 for a submission with more fields or attributes than anybody could mean.';

create or replace function intake.check_submission(p_payload jsonb)
returns void
language plpgsql
immutable
as $$
-- What nobody could mend: unknown fields, wrong types and over-long texts. The submission is malformed, so nothing is
-- stored. DETAIL describes what was found without repeating it, for it may be personal and the server logs it.
declare
  c_limits constant jsonb := intake.list_limits();
  v_field text;
  v_value jsonb;
begin
  select e.key, e.value into v_field, v_value
  from jsonb_each(p_payload) e
  where case
    when c_limits ? e.key then
      jsonb_typeof(e.value) not in ('string', 'null') or length(e.value #>> '{}') > (c_limits ->> e.key)::integer
    when e.key in ('consent', 'gdpr_consent') then false
    when e.key = 'attributes' then
      jsonb_typeof(e.value) <> 'object' or intake.find_attributes_fault(e.value) is not null
    else true
    end
  limit 1;
  if not found then
    return;
  end if;

  if c_limits ? v_field then
    perform kernel.refuse('LG400', v_field || ' is not acceptable', v_field,
      case jsonb_typeof(v_value) when 'string' then format('text of %s characters', length(v_value #>> '{}'))
        else 'a value of type ' || jsonb_typeof(v_value) end,
      format('text of at most %s characters', c_limits ->> v_field));
  elsif v_field = 'attributes' then
    perform intake.refuse_attributes(v_value);
  end if;
  perform intake.refuse_field(v_field);
end;
$$;
comment on function intake.check_submission(jsonb) is
  'Raises LG400 for the first field of a mended submission that is unknown, of a wrong type or too long.';

create or replace function intake.refuse_field(p_field text)
returns void
language plpgsql
immutable
as $$
declare
  v_field constant text := case
    when p_field ~ '^[A-Za-z_][A-Za-z0-9_]{0,39}$' then p_field else '(not a plain name)' end;
  v_meant constant text := case translate(lower(v_field), '_', '')
    when 'zip' then 'postal_code' when 'zipcode' then 'postal_code' when 'postcode' then 'postal_code'
    when 'firstname' then 'name' when 'lastname' then 'name' when 'fullname' then 'name'
    when 'phonenumber' then 'phone' when 'telephone' then 'phone' when 'mobile' then 'phone'
    when 'emailaddress' then 'email' when 'mail' then 'email'
    when 'state' then 'region_code' when 'country' then 'country_code'
    else case when intake.is_field(lower(v_field)) then lower(v_field) end
  end;
begin
  perform kernel.refuse('LG400', 'Unknown field ' || v_field, v_field, 'an unknown field',
    (select string_agg(k, ', ' order by k) from jsonb_object_keys(intake.list_limits()) k)
      || ', attributes, consent, gdpr_consent',
    case
      when v_field = 'leads' then 'Post several leads at once to /api/leads/batch.'
      when v_meant is not null then format('Did you mean %s?', v_meant)
      else 'Answers of your own go into attributes.'
    end);
end;
$$;
comment on function intake.refuse_field(text) is 'Raises LG400 for a field that no submission has.';

create or replace function intake.refuse_attributes(p_attributes jsonb)
returns void
language plpgsql
immutable
as $$
declare
  v_type constant text := jsonb_typeof(p_attributes);
begin
  perform kernel.refuse('LG400', 'attributes is not acceptable', 'attributes',
    case v_type when 'object' then intake.find_attributes_fault(p_attributes) else 'a value of type ' || v_type end,
    case v_type when 'object' then 'at most 100 attributes, 16384 bytes together' else 'an object' end);
end;
$$;
comment on function intake.refuse_attributes(jsonb) is
  'Raises LG400 for attributes that are no object, too many or too large.';

create or replace function intake.find_attributes_fault(p_attributes jsonb)
returns text
language plpgsql
immutable
as $$
-- Each attribute is work under the offer's lock, and all of them go to each buyer.
declare
  v_count constant integer := (select count(*) from jsonb_object_keys(p_attributes));
  v_bytes constant integer := octet_length(p_attributes::text);
begin
  return case
    when v_count > 100 then v_count || ' attributes'
    when v_bytes > 16384 then v_bytes || ' bytes'
  end;
end;
$$;
comment on function intake.find_attributes_fault(jsonb) is
  'What of attributes is beyond their bounds: their number or their size as text. Null: nothing.';

create or replace function intake.read_idempotency_key(p_payload jsonb, p_context jsonb)
returns text
language plpgsql
immutable
as $$
declare
  v_in_body constant text := case
    when p_payload ->> 'idempotency_key' ~ E'\\S' then p_payload ->> 'idempotency_key' end;
  v_key constant text := coalesce(p_context ->> 'idempotency_key', v_in_body);
begin
  if v_key <> v_in_body then
    perform kernel.refuse('LG400', 'The call has two different idempotency keys', 'idempotency_key',
      'one in the header and another in the body', 'one key');
  end if;
  if v_key = '' or length(v_key) > 128 or v_key ~ '[[:cntrl:]]' or starts_with(v_key, 'auto:') then
    perform kernel.refuse('LG400', 'The idempotency key is not acceptable', 'idempotency_key',
      case
        when v_key = '' then 'an empty text'
        when length(v_key) > 128 then format('text of %s characters', length(v_key))
        when starts_with(v_key, 'auto:') then 'a key that begins with auto:'
        else 'control characters'
      end,
      '1 to 128 characters, none of them control characters, not beginning with auto:');
  end if;
  return v_key;
end;
$$;
comment on function intake.read_idempotency_key(jsonb, jsonb) is
  'The client''s key from header or body; null when it sent none; LG400 when it is not acceptable.';

create or replace function intake.hash_submission(p_payload jsonb)
returns bytea
language plpgsql
immutable
as $$
begin
  return sha256(convert_to((p_payload - 'idempotency_key')::text, 'UTF8'));
end;
$$;
comment on function intake.hash_submission(jsonb) is
  'SHA-256 of a payload without its idempotency key: two submissions are the same when it is.';
