create or replace function leadgen.is_test_lead(p_map jsonb, p_lead jsonb)
returns boolean
language plpgsql
immutable
as $$
declare
  v_path text;
  v_found jsonb;
begin
  foreach v_path in array leadgen.list_map_paths(p_map -> 'is_test') loop
    for v_found in select jsonb_path_query(p_lead, v_path::jsonpath, silent => true) loop
      if exists (
        select from jsonb_path_query(v_found, '$[*]') mark
        where not leadgen.is_blank(mark) and leadgen.read_map_flag(mark) is not false) then
        return true;
      end if;
    end loop;
  end loop;
  return false;
end;
$$;
comment on function leadgen.is_test_lead(jsonb, jsonb) is
  'Whether one of the map''s is_test paths finds something that neither is blank nor says no (false, "false", 0, …): a test is rehearsed and never sold.';
