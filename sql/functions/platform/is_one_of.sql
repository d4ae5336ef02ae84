create or replace function leadgen.is_one_of(p_value jsonb, p_list jsonb)
returns boolean
language plpgsql
immutable strict parallel safe
as $$
-- jsonb's @> would take ["a"] for a member of ["a", "b"].
begin
  for v_index in 0 .. jsonb_array_length(p_list) - 1 loop
    if p_list -> v_index = p_value then
      return true;
    end if;
  end loop;
  return false;
end;
$$;
comment on function leadgen.is_one_of(jsonb, jsonb) is 'Whether a value equals an entry of a JSON list.';
