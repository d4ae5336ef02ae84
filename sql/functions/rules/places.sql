-- Rules about where a lead is.

create or replace function rules.allowed_country_codes(p_facts kernel.lead_facts, p_value jsonb, p_rules jsonb)
returns kernel.failure[]
language plpgsql
immutable
as $$
begin
  return case
    when p_value ? p_facts.country_code then '{}'
    else rules.fail('country_not_allowed', 'country_code',
      'Country ' || p_facts.country_code || ' is not served by this offer')
  end;
end;
$$;
comment on function rules.allowed_country_codes(kernel.lead_facts, jsonb, jsonb) is
  'The lead''s country is on the list.';

create or replace function rules.allowed_region_codes(p_facts kernel.lead_facts, p_value jsonb, p_rules jsonb)
returns kernel.failure[]
language plpgsql
immutable
as $$
begin
  return case
    when p_value ? p_facts.region_code then '{}'
    else rules.fail('region_not_allowed', 'region_code', 'The region is not served by this offer')
  end;
end;
$$;
comment on function rules.allowed_region_codes(kernel.lead_facts, jsonb, jsonb) is
  'The lead''s region (ISO 3166-2, from its postal code when not given) is on the list.';

create or replace function rules.allowed_postal_codes(p_facts kernel.lead_facts, p_value jsonb, p_rules jsonb)
returns kernel.failure[]
language plpgsql
immutable
as $$
-- p_value is compile_postal_codes'. The seed's words for this failure are part of the interface: "Invalid postal_code
-- for offer".
begin
  if p_facts.postal_code is null or p_value ?| p_facts.postal_patterns then
    return '{}';
  end if;
  if p_facts.postal_patterns <> '{}' and exists (
    select from jsonb_array_elements(p_value -> '-') range
    where length(p_facts.postal_code) = length(range ->> 0)
      and p_facts.postal_code collate "C" between range ->> 0 and range ->> 1
  ) then
    return '{}';
  end if;
  return rules.fail('postal_code_not_allowed', 'postal_code', 'Invalid postal_code for offer');
end;
$$;
comment on function rules.allowed_postal_codes(kernel.lead_facts, jsonb, jsonb) is
  'The postal code is on the list: exact (78701), by prefix (787*) or in a range (78701-78799).';

create or replace function rules.allowed_cities(p_facts kernel.lead_facts, p_value jsonb, p_rules jsonb)
returns kernel.failure[]
language plpgsql
immutable
as $$
-- p_value is compile_cities'. A city typed beside a postal code of another place counts for nothing since reading 2.
begin
  return case
    when p_value ? p_facts.city_key then '{}'
    when p_value ? p_facts.city and (p_facts.city_key is null or (p_facts.reading >= 2) is not true) then '{}'
    else rules.fail('city_not_allowed', 'city', 'The city is not served by this offer')
  end;
end;
$$;
comment on function rules.allowed_cities(kernel.lead_facts, jsonb, jsonb) is
  'The lead''s city is on the list, compared as ref.normalize_city says. The city is the postal code''s; a town that '
  'shares the postal code may be named instead.';

create or replace function rules.allowed_area(p_facts kernel.lead_facts, p_value jsonb, p_rules jsonb)
returns kernel.failure[]
language plpgsql
immutable
as $$
-- p_value is compile_area's. The edge of an area belongs to it, the edge of a hole to the hole.
declare
  v_position constant point := point(p_facts.longitude, p_facts.latitude);
  v_miles double precision;
  v_holes integer;
begin
  if v_position is null then
    return rules.fail('area_not_allowed', 'postal_code',
      'The place of this postal code is not known, so it lies in no area of this offer');
  end if;
  if p_value ? 'center' then
    v_miles := ref.find_distance((p_value -> 'center' ->> 0)::float8, (p_value -> 'center' ->> 1)::float8,
      p_facts.longitude, p_facts.latitude);
    return case
      when v_miles <= (p_value ->> 'radius_miles')::float8 then '{}'
      else rules.fail('area_not_allowed', 'postal_code',
        format('The postal code lies %s from the center of the area; it reaches %s',
          kernel.count_of(round(v_miles::numeric, 1), 'mile'), p_value ->> 'radius_miles'))
    end;
  end if;
  <<parts>>
  for v_part in 0 .. jsonb_array_length(p_value) - 1 loop
    continue when not (p_value -> v_part ->> 0)::polygon @> v_position;
    v_holes := jsonb_array_length(p_value -> v_part) - 1;
    for v_hole in 1 .. v_holes loop
      continue parts when (p_value -> v_part ->> v_hole)::polygon @> v_position;
    end loop;
    return '{}';
  end loop;
  return rules.fail('area_not_allowed', 'postal_code', 'The postal code lies outside the area of this offer');
end;
$$;
comment on function rules.allowed_area(kernel.lead_facts, jsonb, jsonb) is
  'The lead''s position (the center of its postal code) lies in the circle or polygon.';
