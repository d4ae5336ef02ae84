-- Areas: circles and GeoJSON polygons.

create or replace function catalog.check_area(p_area jsonb, p_path text)
returns void
language plpgsql
volatile
as $$
declare
  c_shapes constant text :=
    '{"type": "Polygon", "coordinates": [[[longitude, latitude], ...]]} or '
    '{"center": [longitude, latitude], "radius_miles": number}';
  c_all constant text[] := '{type,coordinates,center,radius_miles}';
  c_keys constant text[] := case
    when p_area ?| '{center,radius_miles}' then '{center,radius_miles}'
    else '{type,coordinates}'
  end;
  c_list constant jsonb := '{"type": "array", "minItems": 1}';
  v_polygons jsonb;
  v_key text;
  v_polygon record;
  v_ring record;
begin
  if jsonb_typeof(p_area) is distinct from 'object' or p_area = '{}' then
    perform kernel.refuse_value(p_path, coalesce(p_area::text, 'nothing'), c_shapes);
  end if;
  for v_key in select k from jsonb_object_keys(p_area) k where k <> all (c_keys) loop
    perform kernel.refuse_choice(p_path || '.' || v_key, 'an unknown key', v_key,
      case when p_area ?| c_all then c_keys else c_all end);
  end loop;
  foreach v_key in array c_keys loop
    if not p_area ? v_key then
      perform kernel.refuse_value(p_path || '.' || v_key, 'nothing', 'a value: this key is required');
    end if;
  end loop;

  if p_area ? 'center' then
    perform catalog.check_position(p_area -> 'center', p_path || '.center');
    perform catalog.check_schema(p_area -> 'radius_miles', '{"type": "number", "maximum": 500}',
      p_path || '.radius_miles');
    if (p_area ->> 'radius_miles')::numeric <= 0 then
      perform kernel.refuse_value(p_path || '.radius_miles', p_area ->> 'radius_miles', 'more than 0');
    end if;
  else
    if p_area -> 'type' not in ('"Polygon"', '"MultiPolygon"') then
      perform kernel.refuse_choice(p_path || '.type', (p_area -> 'type')::text, p_area ->> 'type',
        '{Polygon,MultiPolygon}');
    end if;
    v_polygons := case p_area ->> 'type'
      when 'Polygon' then jsonb_build_array(p_area -> 'coordinates')
      else p_area -> 'coordinates'
    end;
    perform catalog.check_schema(v_polygons, c_list, p_path || '.coordinates');
    for v_polygon in
      select p.value,
        p_path || '.coordinates'
          || case p_area ->> 'type' when 'Polygon' then '' else format('[%s]', p.ordinality - 1) end as path
      from jsonb_array_elements(v_polygons) with ordinality p
    loop
      perform catalog.check_schema(v_polygon.value, c_list, v_polygon.path);
      for v_ring in
        select r.value, r.ordinality - 1 as place from jsonb_array_elements(v_polygon.value) with ordinality r
      loop
        perform catalog.check_ring(v_ring.value, format('%s[%s]', v_polygon.path, v_ring.place));
      end loop;
    end loop;
  end if;
end;
$$;
comment on function catalog.check_area(jsonb, text) is
  'Raises LG423 for an area that is neither a GeoJSON Polygon or MultiPolygon (its rings closed, not empty, on the '
  'globe) nor a circle of 500 miles at most.';

create or replace function catalog.check_ring(p_ring jsonb, p_path text)
returns void
language plpgsql
immutable
as $$
declare
  v_last constant integer := case jsonb_typeof(p_ring) when 'array' then jsonb_array_length(p_ring) else 0 end - 1;
  v_twice_area numeric := 0;
begin
  if v_last < 3 then
    perform kernel.refuse_value(p_path, p_ring::text,
      'a ring of at least 4 positions [longitude, latitude], the last equal to the first');
  end if;
  for v_index in 0 .. v_last loop
    perform catalog.check_position(p_ring -> v_index, p_path || '[' || v_index || ']');
  end loop;
  if p_ring -> 0 <> p_ring -> v_last then
    perform kernel.refuse_value(p_path || '[' || v_last || ']', (p_ring -> v_last)::text,
      format('the ring''s first position %s: a ring is closed', p_ring -> 0));
  end if;
  for v_index in 1 .. v_last loop
    v_twice_area := v_twice_area
      + (p_ring -> (v_index - 1) ->> 0)::numeric * (p_ring -> v_index ->> 1)::numeric
      - (p_ring -> v_index ->> 0)::numeric * (p_ring -> (v_index - 1) ->> 1)::numeric;
  end loop;
  if v_twice_area = 0 then
    perform kernel.refuse_value(p_path, p_ring::text, 'a ring that encloses something: this one has no area');
  end if;
end;
$$;
comment on function catalog.check_ring(jsonb, text) is
  'Raises LG423 for a ring of a polygon that is not closed, too short or without area.';

create or replace function catalog.check_position(p_position jsonb, p_path text)
returns void
language plpgsql
immutable
as $$
declare
  c_position constant text := 'a pair of numbers: [longitude, latitude]';
  v_longitude numeric;
  v_latitude numeric;
begin
  if jsonb_typeof(p_position) is distinct from 'array' then
    perform kernel.refuse_value(p_path, coalesce(p_position::text, 'nothing'), c_position);
  elsif jsonb_array_length(p_position) <> 2
    or jsonb_typeof(p_position -> 0) <> 'number' or jsonb_typeof(p_position -> 1) <> 'number' then
    perform kernel.refuse_value(p_path, p_position::text, c_position);
  end if;
  perform catalog.check_plain_number(p_position -> 0, p_path || '[0]');
  perform catalog.check_plain_number(p_position -> 1, p_path || '[1]');
  v_longitude := p_position ->> 0;
  v_latitude := p_position ->> 1;
  if abs(v_longitude) > 180 or abs(v_latitude) > 90 then
    perform kernel.refuse_value(p_path, p_position::text,
      'a longitude from -180 to 180, a latitude from -90 to 90, in this order'
      || case when abs(v_longitude) <= 90 and abs(v_latitude) <= 180 then '; these two look swapped' else '' end);
  end if;
end;
$$;
comment on function catalog.check_position(jsonb, text) is
  'Raises LG423 for what is no [longitude, latitude]; says so when the two look swapped.';

create or replace function catalog.compile_area(p_area jsonb)
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
        case p_area ->> 'type'
          when 'Polygon' then jsonb_build_array(p_area -> 'coordinates')
          else p_area -> 'coordinates'
        end
      ) with ordinality as parts (value, number)
      cross join lateral jsonb_array_elements(parts.value) with ordinality as rings (value, number)
      cross join lateral (
        select
          '(' || string_agg(format('(%s,%s)', p.value ->> 0, p.value ->> 1), ',' order by p.number) || ')' as points
        from jsonb_array_elements(rings.value - -1) with ordinality as p (value, number)
      ) ring
      group by parts.number
    ) part
  );
end;
$$;
comment on function catalog.compile_area(jsonb) is
  'A circle, or a GeoJSON polygon or multipolygon, as allowed_area reads it.';
