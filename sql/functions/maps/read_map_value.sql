create or replace function leadgen.read_map_value(p_document jsonb, p_rule jsonb)
returns jsonb
language plpgsql
immutable
as $$
declare
  v_part jsonb;
  v_value jsonb;
  v_parts text[] := '{}';
begin
  if jsonb_typeof(p_rule) = 'string' then
    for v_value in select jsonb_path_query(p_document, (p_rule #>> '{}')::jsonpath, silent => true) loop
      if not leadgen.is_blank(v_value) then
        return v_value;
      end if;
    end loop;
    return null;
  elsif jsonb_typeof(p_rule) = 'array' then
    for v_part in select e from jsonb_array_elements(p_rule) e loop
      v_value := leadgen.read_map_value(p_document, v_part);
      if v_value is not null then
        return v_value;
      end if;
    end loop;
    return null;
  elsif p_rule ? 'constant' then
    return p_rule -> 'constant';
  end if;

  for v_part in select e from jsonb_array_elements(p_rule -> 'join') e loop
    v_value := leadgen.read_map_value(p_document, v_part);
    if v_value is not null then
      v_parts := v_parts || leadgen.show_map_value(v_value);
    end if;
  end loop;
  if v_parts = '{}' then
    return null;
  end if;
  return to_jsonb(array_to_string(v_parts, coalesce(p_rule ->> 'with', ' ')));
end;
$$;
comment on function leadgen.read_map_value(jsonb, jsonb) is
  'What a rule of a field map finds in a document: a path''s first value that is not blank, the first of alternatives, a constant, or parts joined. Null: nothing.';
