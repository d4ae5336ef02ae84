create or replace function leadgen.list_map_paths(p_rule jsonb)
returns text[]
language plpgsql
immutable
as $$
begin
  if jsonb_typeof(p_rule) = 'string' then
    return array[p_rule #>> '{}'];
  elsif jsonb_typeof(p_rule) = 'array' then
    return coalesce((select array_agg(path) from jsonb_array_elements(p_rule) e, unnest(leadgen.list_map_paths(e)) path), '{}');
  elsif p_rule ? 'join' then
    return leadgen.list_map_paths(p_rule -> 'join');
  end if;
  return '{}';
end;
$$;
comment on function leadgen.list_map_paths(jsonb) is 'Every JSON path in a rule of a field map.';
