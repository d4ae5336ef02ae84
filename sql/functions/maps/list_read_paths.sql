create or replace function leadgen.list_read_paths(p_document jsonb, p_rule jsonb)
returns text[]
language plpgsql
immutable
as $$
declare
  v_part jsonb;
begin
  if leadgen.read_map_value(p_document, p_rule) is null then
    return '{}';
  elsif jsonb_typeof(p_rule) = 'array' then
    for v_part in select e from jsonb_array_elements(p_rule) e loop
      if leadgen.read_map_value(p_document, v_part) is not null then
        return leadgen.list_read_paths(p_document, v_part);
      end if;
    end loop;
  elsif p_rule ? 'join' then
    return coalesce((
      select array_agg(path)
      from jsonb_array_elements(p_rule -> 'join') e, unnest(leadgen.list_read_paths(p_document, e)) path
    ), '{}');
  end if;
  return leadgen.list_map_paths(p_rule);
end;
$$;
comment on function leadgen.list_read_paths(jsonb, jsonb) is
  'The JSON paths from which read_map_value has its value: of alternatives only the one that was taken.';
