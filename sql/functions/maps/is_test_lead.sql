create or replace function leadgen.is_test_lead(p_map jsonb, p_lead jsonb)
returns boolean
language plpgsql
immutable
as $$
declare
  v_path text;
begin
  foreach v_path in array leadgen.list_map_paths(p_map -> 'is_test') loop
    if exists (
      select from jsonb_path_query(p_lead, v_path::jsonpath, silent => true) mark where mark not in ('false', 'null')) then
      return true;
    end if;
  end loop;
  return false;
end;
$$;
comment on function leadgen.is_test_lead(jsonb, jsonb) is
  'Whether one of the map''s is_test paths finds something other than false: a test is rehearsed and never sold.';
