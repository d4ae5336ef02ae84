-- A lead as a document: what filters, price steps and field rules look at.

create or replace function kernel.describe_lead(p_facts kernel.lead_facts)
returns jsonb
language plpgsql
immutable
as $$
begin
  return jsonb_build_object(
    'name', p_facts.name,
    'email', p_facts.email,
    'phone', p_facts.phone,
    'country_code', p_facts.country_code,
    'region_code', p_facts.region_code,
    'postal_code', p_facts.postal_code,
    'city', p_facts.city_key,
    'message', left(p_facts.message, 2000),
    'attributes', kernel.cut_texts(p_facts.attributes),
    'consent', p_facts.consent,
    'gdpr_consent', p_facts.gdpr_consent,
    'consent_at', kernel.write_instant(p_facts.consent_at),
    'consent_certificate_url', p_facts.consent_certificate_url
  );
end;
$$;
comment on function kernel.describe_lead(kernel.lead_facts) is
  'A lead as the document that filters and price adjustments are judged on: its city as cities are compared, texts '
  'cut to what a pattern is held against.';

create or replace function kernel.cut_texts(p_attributes jsonb)
returns jsonb
language plpgsql
immutable
as $$
-- A pattern was tried on 2,000 characters when its policy was written; what is longer could hold up the offer's leads.
begin
  if length(p_attributes::text) <= 2000 then
    return p_attributes;
  end if;
  return (
    select jsonb_object_agg(a.key, case
      when length(a.value::text) <= 2000 then a.value
      when jsonb_typeof(a.value) = 'string' then to_jsonb(left(a.value #>> '{}', 2000))
    end)
    from jsonb_each(p_attributes) a
  );
end;
$$;
comment on function kernel.cut_texts(jsonb) is
  'Attributes with each text cut to 2,000 characters; a longer list or object is left out.';

create or replace function kernel.list_fields()
returns text[]
language sql
immutable parallel safe
as $$
  select array[
    'name', 'email', 'phone', 'country_code', 'region_code', 'postal_code', 'city', 'message',
    'consent', 'gdpr_consent', 'consent_at', 'consent_certificate_url'
  ];
$$;
comment on function kernel.list_fields() is
  'The core fields of a lead that a policy can name; beside them attributes.x.';

create or replace function kernel.read_field(p_facts kernel.lead_facts, p_field text)
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
      when 'consent_at' then to_jsonb(kernel.write_instant(p_facts.consent_at))
      when 'consent_certificate_url' then to_jsonb(p_facts.consent_certificate_url)
    end
  end;
end;
$$;
comment on function kernel.read_field(kernel.lead_facts, text) is
  'A core field or attributes.x of a lead as JSON; null when it is not there.';

create or replace function kernel.show_number(p_document jsonb, p_field text)
returns text
language plpgsql
immutable
as $$
declare
  v_value constant jsonb := case when starts_with(p_field, 'attributes.')
    then p_document -> 'attributes' -> substr(p_field, 12)
    else p_document -> p_field end;
begin
  return case
    when coalesce(jsonb_typeof(v_value), 'null') = 'null' then 'missing'
    when jsonb_typeof(v_value) = 'boolean' then v_value::text
    when starts_with(p_field, 'attributes.') and jsonb_typeof(v_value) in ('string', 'array')
      and kernel.read_flag(v_value) is not null and kernel.read_number(v_value) is null
      then kernel.read_flag(v_value)::text
    when starts_with(p_field, 'attributes.') and v_value #>> '{}' ~ '^-?[0-9]{1,6}([.][0-9]{1,4})?$'
      then v_value #>> '{}'
  end;
end;
$$;
comment on function kernel.show_number(jsonb, text) is
  'A lead''s field where it is missing, a number of at most six digits or yes or no; null for anything else, which '
  'may be personal.';

create or replace function kernel.find_filter_fault(p_tests kernel.field_test[], p_document jsonb)
returns text
language plpgsql
immutable
as $$
-- Of what the lead says only numbers and yes or no are repeated: the record of a decision holds no personal data.
begin
  return (
    select format('%s%s, wanted %s', t.field, coalesce(' is ' || kernel.show_number(p_document, t.field), ''), t.wanted)
    from unnest(p_tests) with ordinality as t
    where (p_document @@ t.path) is not true
    order by t.ordinality
    limit 1
  );
end;
$$;
comment on function kernel.find_filter_fault(kernel.field_test[], jsonb) is
  'The first filter of an enrollment that a lead does not meet, with its numbers: "attributes.roof_age is 7, wanted '
  'at least 10"; null: it meets all.';

create or replace function kernel.find_field_fault(p_value jsonb, p_rule jsonb, p_reading integer default null)
returns text
language plpgsql
immutable
as $$
declare
  v_value constant jsonb := case when p_reading is null then p_value else kernel.read_by_rule(p_value, p_rule) end;
  v_type constant text := jsonb_typeof(v_value);
  v_text constant text := v_value #>> '{}';
begin
  if v_value is null or v_type = 'null' then
    return null;
  elsif v_type <> p_rule ->> 'type'
    and not (p_rule ->> 'type' = 'integer' and v_type = 'number' and v_text::numeric % 1 = 0) then
    return format('is of type %s; it must be %s', v_type, p_rule ->> 'type');
  elsif p_rule ? 'enum' and not kernel.is_one_of(v_value, p_rule -> 'enum') then
    return 'is none of ' || (select string_agg(e, ', ') from jsonb_array_elements_text(p_rule -> 'enum') e);
  elsif p_rule ?| array['minimum', 'maximum'] and v_type <> 'number' then
    return format('is of type %s; it must be number', v_type);
  elsif v_type = 'number' and v_text::numeric < (p_rule ->> 'minimum')::numeric then
    return 'is less than ' || (p_rule ->> 'minimum');
  elsif v_type = 'number' and v_text::numeric > (p_rule ->> 'maximum')::numeric then
    return 'is more than ' || (p_rule ->> 'maximum');
  elsif p_rule ?| array['pattern', 'minLength', 'maxLength'] and v_type <> 'string' then
    return format('is of type %s; it must be string', v_type);
  elsif length(v_text) < (p_rule ->> 'minLength')::integer then
    return format('is shorter than %s', kernel.count_of((p_rule ->> 'minLength')::numeric, 'character'));
  elsif length(v_text) > (p_rule ->> 'maxLength')::integer then
    return format('is longer than %s', kernel.count_of((p_rule ->> 'maxLength')::numeric, 'character'));
  elsif p_rule ? 'pattern' and length(v_text) > 2000 then
    return 'is longer than 2000 characters, the most that a pattern is held against';
  elsif v_text !~ (p_rule ->> 'pattern') then
    return 'does not have the required form';
  end if;
  return null;
end;
$$;
comment on function kernel.find_field_fault(jsonb, jsonb, integer) is
  'What is wrong with one value under one rule of field_rules, in words; null: nothing, or the value is not there. '
  'p_reading null: by its type as it came, as earlier leads were judged, and values of a policy are.';

create or replace function kernel.read_by_rule(p_value jsonb, p_rule jsonb)
returns jsonb
language plpgsql
immutable strict
as $$
declare
  v_type constant text := coalesce(p_rule ->> 'type', case
    when p_rule ?| array['minimum', 'maximum'] then 'number'
    when p_rule ?| array['pattern', 'minLength', 'maxLength'] then 'string' end);
  v_entry jsonb;
begin
  if (case when p_rule ? 'enum' then jsonb_typeof(p_value) = 'string' and p_rule -> 'enum' @> p_value
    else jsonb_typeof(p_value) = v_type end) then
    return p_value;
  end if;
  for v_index in 0 .. coalesce(jsonb_array_length(p_rule -> 'enum'), 0) - 1 loop
    v_entry := p_rule -> 'enum' -> v_index;
    if kernel.read_as_type(p_value, jsonb_typeof(v_entry)) = v_entry then
      return v_entry;
    end if;
  end loop;
  return kernel.read_as_type(p_value, v_type);
end;
$$;
comment on function kernel.read_by_rule(jsonb, jsonb) is
  'A value as the rule of its field wants it, if it can be read so: an entry of enum, or of the rule''s type.';
