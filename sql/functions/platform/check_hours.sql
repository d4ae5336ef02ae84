create or replace function leadgen.check_hours(p_hours jsonb, p_path text)
returns void
language plpgsql
immutable
as $$
declare
  c_days constant text[] := '{mon,tue,wed,thu,fri,sat,sun}';
  c_range constant text := 'a pair of times, ["08:00", "18:00"]';
  v_day record;
  v_range record;
  v_path text;
  v_ranges integer := 0;
begin
  if jsonb_typeof(p_hours) is distinct from 'object' then
    perform leadgen.refuse_value(p_path, coalesce(p_hours::text, 'nothing'), 'hours by day: {"mon": [["08:00", "18:00"]]}');
  end if;
  for v_day in select d.key, d.value from jsonb_each(p_hours) d loop
    v_path := p_path || '.' || v_day.key;
    if v_day.key <> all (c_days) then
      perform leadgen.refuse_choice(v_path, 'an unknown day', v_day.key, c_days);
    elsif jsonb_typeof(v_day.value) <> 'array' then
      perform leadgen.refuse_value(v_path, v_day.value::text, 'a list of ranges: [["08:00", "18:00"]]');
    end if;
    for v_range in
      select r.value, format('%s[%s]', v_path, r.ordinality - 1) as path from jsonb_array_elements(v_day.value) with ordinality r
    loop
      if jsonb_typeof(v_range.value) <> 'array' then
        perform leadgen.refuse_value(v_range.path, v_range.value::text, c_range);
      elsif jsonb_array_length(v_range.value) <> 2 then
        perform leadgen.refuse_value(v_range.path, v_range.value::text, c_range);
      end if;
      perform leadgen.check_time(v_range.value -> 0, v_range.path || '[0]');
      perform leadgen.check_time(v_range.value -> 1, v_range.path || '[1]', true);
      if v_range.value -> 0 = v_range.value -> 1 then
        perform leadgen.refuse_value(v_range.path, v_range.value::text, 'two different times; a whole day is ["00:00", "24:00"]');
      end if;
      v_ranges := v_ranges + 1;
    end loop;
  end loop;
  if v_ranges = 0 then
    perform leadgen.refuse_value(p_path, p_hours::text, 'at least one range in the week: it would never be open');
  end if;
end;
$$;
comment on function leadgen.check_hours(jsonb, text) is
  'Raises LG423 for hours of a week that cannot be: an unknown day, no time of day, a range that is no pair or has no length, never open.';
