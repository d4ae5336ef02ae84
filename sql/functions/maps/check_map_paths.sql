create or replace function leadgen.check_map_paths(p_rule jsonb, p_path text, p_is_plain boolean default false)
returns void
language plpgsql
immutable
as $$
begin
  if jsonb_typeof(p_rule) is distinct from 'array' then
    perform leadgen.check_map_path(p_rule, p_path, p_is_plain);
    return;
  elsif p_rule = '[]' then
    perform leadgen.refuse_value(p_path, 'an empty list', 'a JSON path, or a list of them');
  end if;
  for v_index in 0 .. jsonb_array_length(p_rule) - 1 loop
    perform leadgen.check_map_path(p_rule -> v_index, format('%s[%s]', p_path, v_index), p_is_plain);
  end loop;
end;
$$;
comment on function leadgen.check_map_paths(jsonb, text, boolean) is 'Raises LG423 unless a value is a JSON path or a list of them.';
