create or replace function leadgen.show_map_value(p_value jsonb)
returns text
language plpgsql
immutable
as $$
begin
  if jsonb_typeof(p_value) = 'array' then
    return (
      select string_agg(leadgen.show_map_value(e.value), ', ' order by e.ordinality)
      from jsonb_array_elements(p_value) with ordinality e
      where not leadgen.is_blank(e.value)
    );
  end if;
  return p_value #>> '{}';
end;
$$;
comment on function leadgen.show_map_value(jsonb) is 'A value as the text of a field: the entries of a list with commas between.';
