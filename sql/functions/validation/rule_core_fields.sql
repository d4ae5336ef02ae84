create or replace function leadgen.rule_core_fields(p_facts leadgen.lead_facts, p_value jsonb, p_rules jsonb)
returns leadgen.failure[]
language plpgsql
immutable
as $$
declare
  v_failures leadgen.failure[] := '{}';
begin
  if p_facts.name is null then
    v_failures := v_failures || leadgen.fail('field_required', 'name', 'name is missing');
  end if;
  if p_facts.email is null then
    v_failures := v_failures || leadgen.fail('field_required', 'email', 'email is missing');
  elsif not leadgen.is_email(p_facts.email) then
    v_failures := v_failures || leadgen.fail('field_invalid', 'email', 'email is not an address');
  end if;
  if p_facts.phone is null then
    v_failures := v_failures || leadgen.fail('field_required', 'phone', 'phone is missing');
  elsif p_facts.phone_country is null then
    v_failures := v_failures || leadgen.fail('field_invalid', 'phone', 'phone is not a valid number');
  end if;
  if p_facts.postal_code is null then
    v_failures := v_failures || leadgen.fail('field_required', 'postal_code', 'postal_code is missing');
  elsif not leadgen.is_postal_code(p_facts.postal_code, p_facts.country_code) then
    v_failures := v_failures || leadgen.fail('field_invalid', 'postal_code', 'postal_code does not have the shape used in ' || p_facts.country_code);
  end if;
  return v_failures;
end;
$$;
comment on function leadgen.rule_core_fields(leadgen.lead_facts, jsonb, jsonb) is
  'Always on: name, email, phone and postal_code are present and well-formed.';
