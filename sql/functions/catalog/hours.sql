-- Hours of a week: one vocabulary for schedules, business hours and prices.

create or replace function catalog.check_hours(p_hours jsonb, p_path text)
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
    perform kernel.refuse_value(p_path, coalesce(p_hours::text, 'nothing'),
      'hours by day: {"mon": [["08:00", "18:00"]]}');
  end if;
  for v_day in select d.key, d.value from jsonb_each(p_hours) d loop
    v_path := p_path || '.' || v_day.key;
    if v_day.key <> all (c_days) then
      perform kernel.refuse_choice(v_path, 'an unknown day', v_day.key, c_days);
    elsif jsonb_typeof(v_day.value) <> 'array' then
      perform kernel.refuse_value(v_path, v_day.value::text, 'a list of ranges: [["08:00", "18:00"]]');
    end if;
    for v_range in
      select r.value, format('%s[%s]', v_path, r.ordinality - 1) as path
      from jsonb_array_elements(v_day.value) with ordinality r
    loop
      if jsonb_typeof(v_range.value) <> 'array' then
        perform kernel.refuse_value(v_range.path, v_range.value::text, c_range);
      elsif jsonb_array_length(v_range.value) <> 2 then
        perform kernel.refuse_value(v_range.path, v_range.value::text, c_range);
      end if;
      perform catalog.check_time(v_range.value -> 0, v_range.path || '[0]');
      perform catalog.check_time(v_range.value -> 1, v_range.path || '[1]', true);
      if v_range.value -> 0 = v_range.value -> 1 then
        perform kernel.refuse_value(v_range.path, v_range.value::text,
          'two different times; a whole day is ["00:00", "24:00"]');
      end if;
      v_ranges := v_ranges + 1;
    end loop;
  end loop;
  if v_ranges = 0 then
    perform kernel.refuse_value(p_path, p_hours::text, 'at least one range in the week: it would never be open');
  end if;
end;
$$;
comment on function catalog.check_hours(jsonb, text) is
  'Raises LG423 for hours of a week that cannot be: an unknown day, no time of day, a range that is no pair or has no'
  ' length, never open.';

create or replace function catalog.check_timezone(p_timezone text, p_path text)
returns void
language plpgsql
volatile
as $$
begin
  if not kernel.is_timezone(p_timezone) then
    perform kernel.refuse_value(p_path, p_timezone, 'an IANA zone such as America/Chicago, or UTC');
  end if;
end;
$$;
comment on function catalog.check_timezone(text, text) is
  'Raises LG423 when a zone does not exist or does not name a place.';

create or replace function catalog.compile_hours(p_hours jsonb)
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
comment on function catalog.compile_hours(jsonb) is
  'Hours of a week, {"mon": [["08:00", "18:00"]], ...} (see '
  'catalog.check_hours), as minutes of the week from Monday 00:00.';

create or replace function catalog.compile_business_hours(p_hours jsonb)
returns jsonb
language plpgsql
immutable strict
as $$
begin
  return to_jsonb(catalog.compile_hours(p_hours)::text);
end;
$$;
comment on function catalog.compile_business_hours(jsonb) is
  'Hours as business_hours reads them: the text of a multirange of minutes of the week.';
