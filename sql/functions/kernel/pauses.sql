-- Pauses: an enrollment takes no lead for a while, from now on or from a time to come.

create or replace function kernel.make_pause(p_from timestamptz, p_until timestamptz)
returns tstzrange
language plpgsql
immutable parallel safe
as $$
begin
  return case
    when p_until is null or p_from >= p_until then null
    else tstzrange(p_from, p_until)
  end;
end;
$$;
comment on function kernel.make_pause(timestamptz, timestamptz) is
  'The pause between two times; no first time: it has begun. Null where there '
  'is none: it has no end, or ends before it begins.';

create or replace function kernel.describe_pause(p_pause tstzrange, p_timezone text)
returns text
language plpgsql
immutable
as $$
begin
  return concat_ws(' ',
    case when not lower_inf(p_pause) then 'from ' || kernel.show_time(lower(p_pause), p_timezone) end,
    case upper(p_pause)
      when 'infinity' then 'without end'
      else 'until ' || kernel.show_time(upper(p_pause), p_timezone)
    end);
end;
$$;
comment on function kernel.describe_pause(tstzrange, text) is
  'A pause in words, in UTC and by the clock of a zone: "from 2026-12-24T06:00:00Z (00:00 America/Chicago) until '
  '2026-12-27T06:00:00Z (00:00 America/Chicago)"; without "from" where no beginning was planned.';

create or replace function kernel.skip_pause(p_at timestamptz, p_pause tstzrange)
returns timestamptz
language plpgsql
immutable parallel safe
as $$
begin
  return case when p_at <@ p_pause then upper(p_pause) else p_at end;
end;
$$;
comment on function kernel.skip_pause(timestamptz, tstzrange) is
  'A time, or the end of the pause that it lies in.';
