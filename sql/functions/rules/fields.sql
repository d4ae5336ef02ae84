-- Rules about single fields.

create or replace function rules.core_fields(p_facts kernel.lead_facts, p_value jsonb, p_rules jsonb)
returns kernel.failure[]
language plpgsql
immutable
as $$
declare
  v_failures kernel.failure[] := '{}';
begin
  if p_facts.name is null then
    v_failures := v_failures || rules.fail('field_required', 'name', 'name is missing');
  end if;
  if p_facts.email is null then
    v_failures := v_failures || rules.fail('field_required', 'email', 'email is missing');
  elsif not ref.is_email(p_facts.email, p_facts.reading)
    and not (p_facts.reading is null and ref.was_email(p_facts.email)) then
    v_failures := v_failures || rules.fail('field_invalid', 'email', case
      when position(E'\ufffd' in p_facts.email) > 0 then 'email contains a character that could not be read'
      when p_facts.email ~ ('[' || ref.list_odd_in_addresses() || ']')
        then 'email has a character that no address has'
      else 'email is not an address' end);
  end if;
  if p_facts.phone is null then
    v_failures := v_failures || rules.fail('field_required', 'phone', 'phone is missing');
  elsif p_facts.phone_country is null then
    v_failures := v_failures || rules.fail('field_invalid', 'phone', 'phone is not a valid number');
  end if;
  if p_facts.postal_code is null then
    v_failures := v_failures || rules.fail('field_required', 'postal_code', 'postal_code is missing');
  elsif not ref.is_postal_code(p_facts.postal_code, p_facts.country_code) then
    v_failures := v_failures || rules.fail('field_invalid', 'postal_code',
      'postal_code does not have the shape used in ' || p_facts.country_code);
  end if;
  return v_failures;
end;
$$;
comment on function rules.core_fields(kernel.lead_facts, jsonb, jsonb) is
  'Always on: name, email, phone and postal_code are present and well-formed.';

create or replace function rules.required_fields(p_facts kernel.lead_facts, p_value jsonb, p_rules jsonb)
returns kernel.failure[]
language plpgsql
immutable
as $$
declare
  v_failures kernel.failure[] := '{}';
  v_field text;
begin
  for v_index in 0 .. jsonb_array_length(p_value) - 1 loop
    v_field := p_value ->> v_index;
    if v_field not in ('name', 'email', 'phone', 'postal_code')
      and coalesce(kernel.read_field(p_facts, v_field), 'null') in ('null', '""', '[]', '{}') then
      v_failures := v_failures || rules.fail('field_required', v_field, v_field || ' is missing');
    end if;
  end loop;
  return v_failures;
end;
$$;
comment on function rules.required_fields(kernel.lead_facts, jsonb, jsonb) is
  'Each named field is there and not empty. The four core fields are '
  'judged by core_fields, so that a lead hears it once.';

create or replace function rules.field_rules(p_facts kernel.lead_facts, p_value jsonb, p_rules jsonb)
returns kernel.failure[]
language plpgsql
immutable
as $$
-- A field that is not there is the business of required_fields. The rules come as a list (catalog.compile_field_rules).
declare
  v_failures kernel.failure[] := '{}';
  v_field text;
  v_fault text;
begin
  for v_index in 0 .. jsonb_array_length(p_value) - 1 loop
    v_field := p_value -> v_index ->> 0;
    v_fault := kernel.find_field_fault(kernel.read_field(p_facts, v_field), p_value -> v_index -> 1, p_facts.reading);
    if v_fault is not null then
      v_failures := v_failures || rules.fail('field_invalid', v_field, v_field || ' ' || v_fault);
    end if;
  end loop;
  return v_failures;
end;
$$;
comment on function rules.field_rules(kernel.lead_facts, jsonb, jsonb) is
  'Each field that is there fits its rule: type, enum, minimum, maximum, pattern, minLength, maxLength.';
