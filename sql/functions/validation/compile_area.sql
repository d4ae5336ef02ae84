create or replace function leadgen.compile_area(p_area jsonb)
returns jsonb
language plpgsql
immutable strict
as $$
-- A circle stays as it is. A GeoJSON Polygon or MultiPolygon becomes [[outer ring, hole, ...], ...], each ring the text
-- of PostgreSQL's own type polygon, which closes itself: so a rule reads one string and not a hundred numbers.
begin
  if p_area ? 'center' then
    return p_area;
  end if;
  return (
    select jsonb_agg(part.rings order by part.number)
    from (
      select parts.number, jsonb_agg(ring.points order by rings.number) as rings
      from jsonb_array_elements(
        case p_area ->> 'type' when 'Polygon' then jsonb_build_array(p_area -> 'coordinates') else p_area -> 'coordinates' end
      ) with ordinality as parts (value, number)
      cross join lateral jsonb_array_elements(parts.value) with ordinality as rings (value, number)
      cross join lateral (
        select '(' || string_agg(format('(%s,%s)', p.value ->> 0, p.value ->> 1), ',' order by p.number) || ')' as points
        from jsonb_array_elements(rings.value - -1) with ordinality as p (value, number)
      ) ring
      group by parts.number
    ) part
  );
end;
$$;
comment on function leadgen.compile_area(jsonb) is
  'A circle, or a GeoJSON polygon or multipolygon, as rule_allowed_area reads it.';
