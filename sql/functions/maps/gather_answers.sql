create or replace function leadgen.gather_answers(p_map jsonb, p_lead jsonb)
returns jsonb
language plpgsql
immutable
as $$
-- Loops and not a join: the planner takes each path for a thousand rows, and compiles what it thinks so large.
declare
  v_rules constant jsonb := p_map -> 'answers';
  v_lists jsonb := '{}';
  v_item jsonb;
  v_name text;
  v_entry jsonb;
begin
  for v_item in select jsonb_path_query(p_lead, (v_rules ->> 'items')::jsonpath, silent => true) loop
    v_name := coalesce(leadgen.show_map_value(leadgen.read_map_value(v_item, v_rules -> 'name')), 'unnamed');
    for v_entry in select jsonb_path_query(v_item, (v_rules ->> 'value')::jsonpath, silent => true) loop
      if not leadgen.is_blank(v_entry) then
        v_lists := v_lists || jsonb_build_object(v_name, coalesce(v_lists -> v_name, '[]') || jsonb_build_array(v_entry));
      end if;
    end loop;
  end loop;
  return coalesce((
    select jsonb_object_agg(e.key, case jsonb_array_length(e.value) when 1 then e.value -> 0 else e.value end)
    from jsonb_each(v_lists) e
  ), '{}');
end;
$$;
comment on function leadgen.gather_answers(jsonb, jsonb) is
  'A list of named answers ([{"column_id": "EMAIL", "string_value": "a@b.c"}, …]) as an object {"EMAIL": "a@b.c"}; several values of a name as a list.';
