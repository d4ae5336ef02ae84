create or replace function leadgen.find_window_end(p_unit text, p_now timestamptz, p_timezone text)
returns timestamptz
language sql
immutable parallel safe
as $$
-- In local time, so that a day of 23 or 25 hours ends at its own midnight.
  select case p_unit
    when 'hour' then date_trunc('hour', p_now, p_timezone) + interval '1 hour'
    else (date_trunc(p_unit, p_now at time zone p_timezone) + ('1 ' || p_unit)::interval) at time zone p_timezone
  end;
$$;
comment on function leadgen.find_window_end(text, timestamptz, text) is
  'When the calendar hour, day, week or month of a zone ends that a time lies in.';
