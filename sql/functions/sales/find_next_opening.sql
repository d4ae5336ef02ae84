create or replace function leadgen.find_next_opening(p_schedule int4multirange, p_now timestamptz, p_timezone text)
returns timestamptz
language plpgsql
immutable
as $$
-- Where the clocks change, a minute of the week comes twice or not at all: there, and only there, every minute is looked at.
declare
  c_near constant interval := '2 hours';
  v_minute constant integer := leadgen.minute_of_week(p_now, p_timezone);
  v_opens constant integer := (
    select min(case when lower(span) > v_minute then lower(span) else lower(span) + 7 * 1440 end) from unnest(p_schedule) span
  );
  v_opening timestamptz := (date_trunc('week', p_now at time zone p_timezone) + v_opens * interval '1 minute') at time zone p_timezone;
  v_from timestamptz;
begin
  foreach v_from in array array[p_now, greatest(p_now, v_opening - c_near)] loop
    if (v_from + 2 * c_near) at time zone p_timezone - v_from at time zone p_timezone <> 2 * c_near then
      v_opening := coalesce((
        select min(t) from generate_series(date_trunc('minute', v_from), v_from + 2 * c_near, interval '1 minute') t
        where t > p_now and leadgen.minute_of_week(t, p_timezone) <@ p_schedule), v_opening);
      exit when v_opening <= v_from + 2 * c_near;
    end if;
  end loop;
  return v_opening;
end;
$$;
comment on function leadgen.find_next_opening(int4multirange, timestamptz, text) is
  'When a schedule (minutes of the week of a zone) opens next after a time at which it is closed.';
