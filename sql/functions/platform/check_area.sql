create or replace function leadgen.check_area(p_area jsonb, p_path text)
returns void
language plpgsql
volatile
as $$
declare
  c_shapes constant text :=
    '{"type": "Polygon", "coordinates": [[[longitude, latitude], ...]]} or {"center": [longitude, latitude], "radius_miles": number}';
  c_all constant text[] := '{type,coordinates,center,radius_miles}';
  c_keys constant text[] := case when p_area ?| '{center,radius_miles}' then '{center,radius_miles}' else '{type,coordinates}' end;
  c_list constant jsonb := '{"type": "array", "minItems": 1}';
  v_polygons jsonb;
  v_key text;
  v_polygon record;
  v_ring record;
begin
  if jsonb_typeof(p_area) is distinct from 'object' or p_area = '{}' then
    perform leadgen.refuse_value(p_path, coalesce(p_area::text, 'nothing'), c_shapes);
  end if;
  for v_key in select k from jsonb_object_keys(p_area) k where k <> all (c_keys) loop
    perform leadgen.refuse_choice(p_path || '.' || v_key, 'an unknown key', v_key,
      case when p_area ?| c_all then c_keys else c_all end);
  end loop;
  foreach v_key in array c_keys loop
    if not p_area ? v_key then
      perform leadgen.refuse_value(p_path || '.' || v_key, 'nothing', 'a value: this key is required');
    end if;
  end loop;

  if p_area ? 'center' then
    perform leadgen.check_position(p_area -> 'center', p_path || '.center');
    perform leadgen.check_schema(p_area -> 'radius_miles', '{"type": "number", "maximum": 500}', p_path || '.radius_miles');
    if (p_area ->> 'radius_miles')::numeric <= 0 then
      perform leadgen.refuse_value(p_path || '.radius_miles', p_area ->> 'radius_miles', 'more than 0');
    end if;
  else
    if p_area -> 'type' not in ('"Polygon"', '"MultiPolygon"') then
      perform leadgen.refuse_choice(p_path || '.type', (p_area -> 'type')::text, p_area ->> 'type', '{Polygon,MultiPolygon}');
    end if;
    v_polygons := case p_area ->> 'type' when 'Polygon' then jsonb_build_array(p_area -> 'coordinates') else p_area -> 'coordinates' end;
    perform leadgen.check_schema(v_polygons, c_list, p_path || '.coordinates');
    for v_polygon in
      select p.value,
        p_path || '.coordinates' || case p_area ->> 'type' when 'Polygon' then '' else format('[%s]', p.ordinality - 1) end as path
      from jsonb_array_elements(v_polygons) with ordinality p
    loop
      perform leadgen.check_schema(v_polygon.value, c_list, v_polygon.path);
      for v_ring in select r.value, r.ordinality - 1 as place from jsonb_array_elements(v_polygon.value) with ordinality r loop
        perform leadgen.check_ring(v_ring.value, format('%s[%s]', v_polygon.path, v_ring.place));
      end loop;
    end loop;
  end if;
end;
$$;
comment on function leadgen.check_area(jsonb, text) is
  'Raises LG423 for an area that is neither a GeoJSON Polygon or MultiPolygon (its rings closed, not empty, on the globe) nor a circle of 500 miles at most.';
