create or replace function leadgen.compile_hours(p_hours jsonb)
returns int4multirange
language plpgsql
immutable strict
as $$
-- A range that passes midnight is two pieces, the second on the next day; Sunday's next day is Monday.
declare
  c_days constant text[] := '{mon,tue,wed,thu,fri,sat,sun}';
  c_week constant integer := 7 * 1440;
  v_open int4multirange := '{}';
  v_from integer;
  v_to integer;
  v_day record;
begin
  for v_day in
    select array_position(c_days, d.key) - 1 as number, span ->> 0 as opens, span ->> 1 as closes
    from jsonb_each(p_hours) d
    cross join lateral jsonb_array_elements(d.value) span
  loop
    v_from := v_day.number * 1440 + left(v_day.opens, 2)::integer * 60 + right(v_day.opens, 2)::integer;
    v_to := v_day.number * 1440 + left(v_day.closes, 2)::integer * 60 + right(v_day.closes, 2)::integer;
    if v_to <= v_from then
      v_to := v_to + 1440;
    end if;
    v_open := v_open + int4multirange(int4range(v_from, least(v_to, c_week)));
    if v_to > c_week then
      v_open := v_open + int4multirange(int4range(0, v_to - c_week));
    end if;
  end loop;
  return v_open;
end;
$$;
comment on function leadgen.compile_hours(jsonb) is
  'Hours of a week, {"mon": [["08:00", "18:00"]], ...} (see leadgen.check_hours), as minutes of the week from Monday 00:00.';
