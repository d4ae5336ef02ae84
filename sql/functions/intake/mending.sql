-- A submission as its sender meant it: what is mended before anything judges it.
--
-- Most submissions need nothing of this: intake.is_odd says so in the one pass that looks for faults. What is mended is
-- noted with the lead (leads.intake_notes), in words that name the field and repeat nothing of what was sent. What
-- cannot be mended is left for check_submission to refuse.

create or replace function intake.list_limits()
returns jsonb
language sql
immutable parallel safe
as $$
  select '{"source": 100, "source_key": 100, "idempotency_key": 128, "external_id": 200, "name": 200, "email": 200,
    "phone": 40, "country_code": 60, "region_code": 60, "postal_code": 16, "city": 128, "message": 10000,
    "utm_source": 100, "utm_medium": 100, "utm_campaign": 100, "utm_term": 200, "utm_content": 200,
    "landing_url": 2000, "referrer": 2000, "gclid": 500, "fbclid": 500, "click_id": 500, "session_id": 200,
    "sub_id": 200, "sub_id1": 200, "sub_id2": 200, "sub_id3": 200, "sub_id4": 200, "sub_id5": 200,
    "ip_address": 100, "user_agent": 500, "consent_at": 40, "consent_certificate_url": 2000,
    "consent_certificate_id": 200, "consent_text_version": 200, "consent_text": 10000,
    "form_token": 200}'::jsonb;
$$;
comment on function intake.list_limits() is 'The text fields of a submission, and how many characters each may have.';

create or replace function intake.list_tracking_fields()
returns text[]
language sql
immutable parallel safe
as $$
  select '{external_id,utm_term,utm_content,referrer,gclid,fbclid,click_id,session_id,
    sub_id,sub_id1,sub_id2,sub_id3,sub_id4,sub_id5,consent_certificate_id,consent_text_version,
    consent_text,form_token}'::text[];
$$;
comment on function intake.list_tracking_fields() is
  'The fields of a submission that are kept in leads.tracking: nothing judges them.';

create or replace function intake.is_odd(p_payload jsonb, p_has_key boolean)
returns boolean
language plpgsql
immutable
as $$
-- Texts in ASCII hide nothing. Of the others a code is always looked at, a name or a message only if it lost a
-- character, the rest if it has an odd mark.
-- Attributes of 600 characters are not too many. The constants stand in the query, for a variable costs each lead.
begin
  return exists (
    select
    from jsonb_each(p_payload) e
    where case
      when intake.list_limits() ? e.key then
        jsonb_typeof(e.value) not in ('string', 'null')
        or length(e.value #>> '{}') > (intake.list_limits() ->> e.key)::integer
        or octet_length(e.value #>> '{}') > length(e.value #>> '{}')
          and case
            when e.key in ('name', 'message') then position(E'\ufffd' in e.value #>> '{}') > 0
            else e.key = any ('{email,phone,country_code,region_code,postal_code,source_key,idempotency_key}')
              or intake.has_odd_mark(e.value #>> '{}') end
        or e.key in ('ip_address', 'user_agent') and (not p_has_key
          or e.key = 'ip_address'
            and e.value #>> '{}' !~ '^((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])([.]|$)){4}$' is not false)
      when e.key in ('consent', 'gdpr_consent') then jsonb_typeof(e.value) not in ('boolean', 'null')
      when e.key = 'attributes' then
        jsonb_typeof(e.value) <> 'object'
        or octet_length(e.value::text) > length(e.value::text) and intake.has_odd_mark(e.value::text)
        or length(e.value::text) > 600 and intake.find_attributes_fault(e.value) is not null
      else true
    end);
end;
$$;
comment on function intake.is_odd(jsonb, boolean) is
  'Whether a submission, of a sender with or without a key, has anything that is to be mended or refused.';

create or replace function intake.has_odd_mark(p_text text)
returns boolean
language sql
immutable parallel safe
as $$
  select p_text ~ ('[' || E'\\u0660-\\u0669\\u06f0-\\u06f9'
    || E'\\u2010-\\u2015\\u2018-\\u201f\\u2212\\ufe30-\\ufe6f\\uff01-\\uffee\\ufffd'
    || ref.list_invisible() || ']');
$$;
comment on function intake.has_odd_mark(text) is
  'Whether a text has a mark that nobody sees, that looks like another or that stands for a lost character.';

create or replace function intake.mend_submission(
  p_payload jsonb,
  p_has_key boolean,
  out payload jsonb,
  out notes text[]
)
language plpgsql
immutable
as $$
declare
  v_field text;
  v_value jsonb;
  v_name text;
  v_note text;
begin
  payload := '{}';
  notes := '{}';
  for v_field, v_value in select e.key, e.value from jsonb_each(p_payload) e order by e.key loop
    v_name := btrim(ref.fold_marks(v_field));
    if v_name <> v_field and intake.is_field(v_name) and not p_payload ? v_name and not payload ? v_name then
      notes := notes || format('%s: its name was read without characters that nobody sees', v_name);
      v_field := v_name;
    end if;
    if v_field = 'attributes' then
      select m.value, notes || m.words into v_value, notes from intake.mend_attributes(v_value) as m (value, words);
    else
      select m.value, m.words into v_value, v_note
      from intake.mend_field(v_field, v_value, p_has_key) as m (value, words);
      notes := notes || v_note;
    end if;
    payload := payload || jsonb_build_object(v_field, v_value);
  end loop;
  payload := jsonb_strip_nulls(payload - 'attributes') || case
    when payload ? 'attributes' then jsonb_build_object('attributes', payload -> 'attributes') else '{}' end;
  notes := nullif(array_remove(notes, null), '{}');
end;
$$;
comment on function intake.mend_submission(jsonb, boolean) is
  'A submission as it was meant, and in words what was mended (null: nothing). Fields that say nothing are left out.';

create or replace function intake.is_field(p_name text)
returns boolean
language sql
immutable parallel safe
as $$
  select intake.list_limits() ? p_name or p_name in ('attributes', 'consent', 'gdpr_consent');
$$;
comment on function intake.is_field(text) is 'Whether a submission may have a field of this name.';

create or replace function intake.mend_field(
  p_field text,
  inout p_value jsonb,
  p_has_key boolean,
  out note text
)
language plpgsql
immutable
as $$
declare
  c_codes constant text[] := '{email,phone,country_code,region_code,postal_code,city,source_key,ip_address}';
  c_cut constant text[] := intake.list_tracking_fields()
    || '{source,utm_source,utm_medium,utm_campaign,landing_url,user_agent}'::text[];
  v_type constant text := jsonb_typeof(p_value);
  v_limit constant integer := intake.list_limits() ->> p_field;
  v_sent constant text := case v_type
    when 'number' then trim_scale((p_value #>> '{}')::numeric)::text else p_value #>> '{}' end;
  v_text text := v_sent;
begin
  if v_type = 'null' then
    return;
  elsif p_field in ('consent', 'gdpr_consent') then
    select m.value, m.words into p_value, note from intake.mend_consent(p_field, p_value) as m (value, words);
    return;
  elsif v_limit is null
    or v_type not in ('string', 'number') and p_field <> all (c_cut) and p_field <> 'ip_address' then
    return;
  elsif p_field in ('ip_address', 'user_agent') and not p_has_key then
    p_value := null;
    note := p_field || ': not taken, because the sender has no API key';
    return;
  end if;

  if p_field = any (c_codes) then
    v_text := ref.fold_marks(v_text);
  elsif p_field not in ('name', 'message') then
    v_text := ref.strip_invisible(v_text);
  end if;
  if v_text <> v_sent then
    note := p_field || ': characters that nobody sees, or that look like others, were read as a person reads them';
  end if;
  if p_field = 'ip_address' and v_text is not null then
    v_text := host(ref.read_ip_address(v_text));
    p_value := coalesce(to_jsonb(v_text), '""');
    note := case when v_text is null then 'ip_address: no IP address, so the lead has none' else note end;
    return;
  end if;
  if p_field = any (c_cut) and v_type not in ('string', 'number') then
    note := concat_ws('; ', note, format('%s: a value of type %s was kept as text', p_field, v_type));
  end if;
  if p_field = any (c_cut) and length(v_text) > v_limit then
    note := concat_ws('; ', note, format('%s: cut to %s of %s characters', p_field, v_limit, length(v_text)));
    v_text := left(v_text, v_limit);
  end if;
  if position(E'\ufffd' in v_text) > 0 then
    note := concat_ws('; ', note, p_field || ': a character that is no text was replaced');
  end if;
  p_value := to_jsonb(v_text);
end;
$$;
comment on function intake.mend_field(text, jsonb, boolean) is
  'One field of a submission as it was meant, and what was mended: a number is its text, tracking data is cut to its '
  'column. Null: the field says nothing.';

create or replace function intake.mend_consent(p_field text, inout p_value jsonb, out note text)
language plpgsql
immutable
as $$
-- An unclear consent is none: nobody guesses a yes.
declare
  v_answer constant boolean := kernel.read_flag(p_value);
begin
  if jsonb_typeof(p_value) = 'boolean' then
    return;
  elsif v_answer is not null then
    note := format('%s: read as %s', p_field, to_jsonb(v_answer));
  elsif p_value not in ('""', '[]', '{}') then
    note := p_field || ': neither a clear yes nor a clear no, so there is no answer';
  end if;
  p_value := to_jsonb(v_answer);
end;
$$;
comment on function intake.mend_consent(text, jsonb) is
  'A consent as true or false, by the words of leadgen.answer_words; null where it says neither.';

create or replace function intake.gather_tracking(p_payload jsonb)
returns jsonb
language plpgsql
immutable
as $$
begin
  return (
    select jsonb_object_agg(t.field, ref.collapse_space(p_payload ->> t.field))
    from unnest(intake.list_tracking_fields()) as t (field)
    where ref.collapse_space(p_payload ->> t.field) is not null);
end;
$$;
comment on function intake.gather_tracking(jsonb) is
  'What a submission says of where it came from, for leads.tracking; null: nothing.';

create or replace function intake.list_notes(p_request intake.lead_request, p_facts kernel.lead_facts)
returns text[]
language plpgsql
immutable
as $$
-- What normalize_request and gather_facts mended, which know the country and the place, comes behind the rest.
declare
  v_notes text[] := p_request.notes;
begin
  if ref.find_postal_country(p_facts.country_code) = 'US'
    and ref.restore_zip(p_request.postal_code) is distinct from p_request.postal_code then
    v_notes := v_notes || case when length(p_facts.postal_code) > length(split_part(p_request.postal_code, '.', 1))
        or p_request.postal_code like '%-%' then 'postal_code: read with the zero that it begins with'
      else 'postal_code: read without decimals' end;
  end if;
  if p_facts.postal_city is not null then
    v_notes := v_notes
      || format('city: read as %s, where the postal code is', p_facts.postal_city);
  end if;
  return v_notes;
end;
$$;
comment on function intake.list_notes(intake.lead_request, kernel.lead_facts) is
  'All that was mended of a submission, in words; null: nothing.';
