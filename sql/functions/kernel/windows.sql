-- Calendar windows: hours, days, weeks and months of a zone, and times of the week.

create or replace function kernel.list_windows()
returns text[]
language sql
immutable parallel safe
as $$
  select '{hour,day,week,month}'::text[];
$$;
comment on function kernel.list_windows() is
  'The calendar windows in which sales and money are counted, in the order of the counters.';

create or replace function kernel.is_timezone(p_name text)
returns boolean
language plpgsql
volatile parallel restricted
set timezone = 'UTC'
as $$
-- Names without a place (posixrules, Factory, localtime, EST) are no zones of a market, or mean another on another
-- machine. PostgreSQL takes zones in any case and of its own making too (Foo/Bar+5), but only a name of the IANA
-- database comes back as it was given. Asking pg_timezone_names would read the file of every zone: 20 ms.
begin
  return (p_name = 'UTC' or p_name ~ '/' and p_name ~ '[a-z]') and set_config('TimeZone', p_name, true) = p_name;
exception
  when invalid_parameter_value then
    return false;
end;
$$;
comment on function kernel.is_timezone(text) is
  'Whether this is UTC or a zone of the IANA database that names a place.';

create or replace function kernel.start_window(p_window text, p_at timestamptz, p_timezone text)
returns timestamptz
language plpgsql
immutable parallel safe
as $$
begin
  return case
    when p_window = any (kernel.list_windows()) then date_trunc(p_window, p_at, p_timezone)
    when p_window = 'ever' then '-infinity'
    when p_window ~ '^minutes:[1-9][0-9]{0,3}$' then
      date_bin(substr(p_window, 9)::integer * interval '1 minute', p_at, date_trunc('day', p_at, p_timezone))
    when p_window = to_char(p_at at time zone p_timezone, 'dy') then date_trunc('day', p_at, p_timezone)
  end;
end;
$$;
comment on function kernel.start_window(text, timestamptz, text) is
  'When the window of a limit began that a time lies in: hour, day, week, month (calendar of the zone), minutes:15 '
  '(from midnight), a weekday (mon ... sun; null on any other day), or ever.';

create or replace function kernel.start_windows(p_at timestamptz, p_timezone text)
returns timestamptz[]
language plpgsql
immutable parallel safe
as $$
begin
  return array[
    date_trunc('hour', p_at, p_timezone), date_trunc('day', p_at, p_timezone),
    date_trunc('week', p_at, p_timezone), date_trunc('month', p_at, p_timezone)];
end;
$$;
comment on function kernel.start_windows(timestamptz, text) is
  'When the calendar hour, day, week and month of a zone began that a time lies in; in the order of '
  'kernel.list_windows.';

create or replace function kernel.find_window_end(p_window text, p_at timestamptz, p_timezone text)
returns timestamptz
language plpgsql
immutable parallel safe
as $$
-- In local time, so that a day of 23 or 25 hours ends at its own midnight.
begin
  return case
    when p_window = 'hour' then date_trunc('hour', p_at, p_timezone) + interval '1 hour'
    when p_window in ('day', 'week', 'month') then
      (date_trunc(p_window, p_at at time zone p_timezone) + ('1 ' || p_window)::interval) at time zone p_timezone
    when p_window = 'ever' then 'infinity'
    when p_window ~ '^minutes:' then least(
      kernel.start_window(p_window, p_at, p_timezone) + substr(p_window, 9)::integer * interval '1 minute',
      kernel.find_window_end('day', p_at, p_timezone))
    when p_window ~ '^(mon|tue|wed|thu|fri|sat|sun)$' then kernel.find_window_end('day', p_at, p_timezone)
  end;
end;
$$;
comment on function kernel.find_window_end(text, timestamptz, text) is
  'When the window of a limit ends that a time lies in (see kernel.start_window); infinity: never.';

create or replace function kernel.count_in_windows(
  p_starts timestamptz[],
  p_sales integer[],
  p_money numeric[],
  p_now_starts timestamptz[],
  p_add_sales integer,
  p_add_money numeric,
  out starts timestamptz[],
  out sales integer[],
  out money numeric[]
)
language plpgsql
immutable parallel safe
as $$
-- A counter of a later window than now's stands: a clock that stepped back gives no place twice.
begin
  starts := p_starts;
  sales := p_sales;
  money := p_money;
  for i in 1 .. cardinality(p_starts) loop
    if p_starts[i] < p_now_starts[i] then
      starts[i] := p_now_starts[i];
      sales[i] := p_add_sales;
      money[i] := p_add_money;
    else
      sales[i] := p_sales[i] + p_add_sales;
      money[i] := p_money[i] + p_add_money;
    end if;
  end loop;
end;
$$;
comment on function kernel.count_in_windows(timestamptz[], integer[], numeric[], timestamptz[], integer, numeric) is
  'Counters with sales and money added; a window that is over starts again.';

create or replace function kernel.take_from_windows(
  p_starts timestamptz[],
  p_sales integer[],
  p_money numeric[],
  p_sold_starts timestamptz[],
  p_take_sales integer,
  p_take_money numeric,
  out sales integer[],
  out money numeric[]
)
language plpgsql
immutable parallel safe
as $$
begin
  sales := p_sales;
  money := p_money;
  for i in 1 .. cardinality(p_starts) loop
    if p_sold_starts[i] >= p_starts[i] then
      sales[i] := p_sales[i] - p_take_sales;
      money[i] := p_money[i] - p_take_money;
    end if;
  end loop;
end;
$$;
comment on function kernel.take_from_windows(timestamptz[], integer[], numeric[], timestamptz[], integer, numeric) is
  'Counters without sales and money that were counted in windows that began then; a window that began later never '
  'counted them.';

create or replace function kernel.minute_of_week(p_at timestamptz, p_timezone text)
returns integer
language plpgsql
immutable strict parallel safe
as $$
declare
  v_local constant timestamp := p_at at time zone p_timezone;
begin
  return floor(extract(epoch from v_local - date_trunc('week', v_local)) / 60)::integer;
end;
$$;
comment on function kernel.minute_of_week(timestamptz, text) is
  'The minute of the week, 0 to 10079 from Monday 00:00, that a clock on the wall of a zone shows.';

create or replace function kernel.find_next_opening(p_schedule int4multirange, p_now timestamptz, p_timezone text)
returns timestamptz
language plpgsql
immutable
as $$
-- Where the clocks change, a minute of the week comes twice or not at all: only there is every minute looked at.
declare
  c_near constant interval := '2 hours';
  v_minute constant integer := kernel.minute_of_week(p_now, p_timezone);
  v_opens constant integer := (
    select min(case when lower(span) > v_minute then lower(span) else lower(span) + 7 * 1440 end)
    from unnest(p_schedule) span
  );
  v_opening timestamptz :=
    (date_trunc('week', p_now at time zone p_timezone) + v_opens * interval '1 minute') at time zone p_timezone;
  v_from timestamptz;
begin
  foreach v_from in array array[p_now, greatest(p_now, v_opening - c_near)] loop
    if (v_from + 2 * c_near) at time zone p_timezone - v_from at time zone p_timezone <> 2 * c_near then
      v_opening := coalesce((
        select min(t) from generate_series(date_trunc('minute', v_from), v_from + 2 * c_near, interval '1 minute') t
        where t > p_now and kernel.minute_of_week(t, p_timezone) <@ p_schedule), v_opening);
      exit when v_opening <= v_from + 2 * c_near;
    end if;
  end loop;
  return v_opening;
end;
$$;
comment on function kernel.find_next_opening(int4multirange, timestamptz, text) is
  'When a schedule (minutes of the week of a zone) opens next after a time at which it is closed.';

create or replace function kernel.show_time(p_at timestamptz, p_timezone text)
returns text
language plpgsql
immutable
as $$
begin
  return case
    when p_at = 'infinity' then 'never'
    else format('%s (%s %s)',
      to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
      to_char(p_at at time zone p_timezone, 'HH24:MI'), p_timezone)
  end;
end;
$$;
comment on function kernel.show_time(timestamptz, text) is
  'A time for machines and for the people of a zone: 2026-11-22T06:00:00Z (00:00 America/Chicago).';

create or replace function kernel.write_instant(p_at timestamptz)
returns text
language plpgsql
immutable strict parallel safe
as $$
-- What to_jsonb writes where TimeZone is UTC: keys of leads were made from it.
begin
  return case
    when isfinite(p_at) then regexp_replace(to_jsonb(p_at at time zone 'UTC') #>> '{}', '( BC)?$', E'+00:00\\1')
    else p_at::text
  end;
end;
$$;
comment on function kernel.write_instant(timestamptz) is
  'A time as one text, whatever the session''s TimeZone is: 2026-11-22T06:00:00.5+00:00.';
