create or replace function leadgen.edit_distance(p_a text, p_b text)
returns integer
language plpgsql
immutable strict
as $$
-- Optimal string alignment, a row at a time: swapped neighbours are one mistake, as they are for a person who types.
declare
  v_before integer[];
  v_above integer[] := array(select generate_series(0, length(p_b)));
  v_row integer[];
  v_cost integer;
begin
  for i in 1 .. length(p_a) loop
    v_row := array[i];
    for j in 1 .. length(p_b) loop
      v_cost := (substr(p_a, i, 1) <> substr(p_b, j, 1))::integer;
      v_row[j + 1] := least(v_above[j + 1] + 1, v_row[j] + 1, v_above[j] + v_cost);
      if i > 1 and j > 1 and substr(p_a, i, 1) = substr(p_b, j - 1, 1) and substr(p_a, i - 1, 1) = substr(p_b, j, 1) then
        v_row[j + 1] := least(v_row[j + 1], v_before[j - 1] + 1);
      end if;
    end loop;
    v_before := v_above;
    v_above := v_row;
  end loop;
  return v_above[length(p_b) + 1];
end;
$$;
comment on function leadgen.edit_distance(text, text) is
  'How many letters have to be added, dropped, replaced or swapped with their neighbour to make one word of the other.';
