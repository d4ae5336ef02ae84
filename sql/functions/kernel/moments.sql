-- Times as people write them: by the clock of a zone unless they say another.

create or replace function kernel.read_moment(p_text text, p_timezone text, p_field text)
returns timestamptz
language plpgsql
stable
as $$
-- PostgreSQL would read a time without an offset in the zone of the session, which is rarely the market's, and would
-- take one of the two times that a clock shows when it goes back. Stable: a cast to timestamptz may ask the session.
declare
  c_shape constant text :=
    E'^\\d{4}-\\d\\d-\\d\\d([T ]\\d\\d:\\d\\d(:\\d\\d([.]\\d{1,6})?)?(Z|[+-]\\d\\d(:?\\d\\d)?)?)?$';
  c_allowed constant text := '2026-12-24, 2026-12-24 18:00 or 2026-12-24T18:00-06:00';
  v_clock timestamp;
  v_moment timestamptz;
  v_both text;
begin
  if p_text is null then
    return null;
  elsif lower(p_text) = 'infinity' then
    return 'infinity';
  elsif length(p_text) > 50 or p_text !~ c_shape then
    perform kernel.refuse('LG400', 'This is no time', p_field, left(p_text, 50), c_allowed);
  end if;
  begin
    if p_text ~ '[T ].*(Z|[+-][0-9:]+)$' then
      return p_text::timestamptz;
    end if;
    v_clock := p_text::timestamp;
  exception
    when datetime_field_overflow or invalid_datetime_format or invalid_time_zone_displacement_value then
      perform kernel.refuse('LG400', 'There is no such time', p_field, p_text, c_allowed);
  end;
  v_moment := v_clock at time zone p_timezone;
  if v_moment at time zone p_timezone <> v_clock then
    perform kernel.refuse('LG400', format('%s has no such time, because its clocks go forward', p_timezone), p_field,
      p_text, kernel.write_instant(v_moment));
  end if;
  select format('%s or %s', kernel.write_instant(min(m.moment)), kernel.write_instant(max(m.moment))) into v_both
  from unnest('{-1 hour,-30 minutes,0,30 minutes,1 hour}'::interval[]) t (shift)
  cross join lateral (select v_moment + t.shift as moment) m
  where m.moment at time zone p_timezone = v_clock
  having count(*) > 1;
  if found then
    perform kernel.refuse('LG400', format('%s has this time twice, because its clocks go back', p_timezone), p_field,
      p_text, v_both);
  end if;
  return v_moment;
end;
$$;
comment on function kernel.read_moment(text, text, text) is
  'A date or time of ISO 8601; without an offset it is by the clock of the zone, a date is its midnight. LG400 names '
  'the field for what is no time, and for a time that the clock shows twice or skips. null: null.';
