create or replace function leadgen.start_windows(
  p_now timestamptz,
  p_timezone text,
  out hour timestamptz,
  out day timestamptz,
  out week timestamptz,
  out month timestamptz
)
language plpgsql
immutable
as $$
begin
  hour := date_trunc('hour', p_now, p_timezone);
  day := date_trunc('day', p_now, p_timezone);
  week := date_trunc('week', p_now, p_timezone);
  month := date_trunc('month', p_now, p_timezone);
end;
$$;
comment on function leadgen.start_windows(timestamptz, text) is
  'When the calendar hour, day, week and month of a zone began that a time lies in.';
