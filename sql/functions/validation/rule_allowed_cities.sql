create or replace function leadgen.rule_allowed_cities(p_facts leadgen.lead_facts, p_value jsonb, p_rules jsonb)
returns leadgen.failure[]
language plpgsql
immutable
as $$
begin
  if p_value ? p_facts.city then
    return '{}';
  end if;
  if exists (
    select from jsonb_array_elements_text(p_value) city where leadgen.normalize_city(city) = p_facts.city_key
  ) then
    return '{}';
  end if;
  return leadgen.fail('city_not_allowed', 'city', 'The city is not served by this offer');
end;
$$;
comment on function leadgen.rule_allowed_cities(leadgen.lead_facts, jsonb, jsonb) is
  'The lead''s city (from its postal code when not given) is on the list, compared without case, accents and spaces.';
