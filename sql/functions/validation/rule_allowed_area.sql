create or replace function leadgen.rule_allowed_area(p_facts leadgen.lead_facts, p_value jsonb, p_rules jsonb)
returns leadgen.failure[]
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
    return leadgen.fail('area_not_allowed', 'postal_code', 'Where this postal code lies is not known, so it is in no area of this offer');
  end if;
  if p_value ? 'center' then
    v_miles := leadgen.find_distance((p_value -> 'center' ->> 0)::float8, (p_value -> 'center' ->> 1)::float8,
      p_facts.longitude, p_facts.latitude);
    return case
      when v_miles <= (p_value ->> 'radius_miles')::float8 then '{}'
      else leadgen.fail('area_not_allowed', 'postal_code',
        format('The postal code lies %s miles from the center of the area; it reaches %s', round(v_miles::numeric, 1), p_value ->> 'radius_miles'))
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
  return leadgen.fail('area_not_allowed', 'postal_code', 'The postal code lies outside the area of this offer');
end;
$$;
comment on function leadgen.rule_allowed_area(leadgen.lead_facts, jsonb, jsonb) is
  'The lead''s position (the center of its postal code) lies in the circle or polygon.';
