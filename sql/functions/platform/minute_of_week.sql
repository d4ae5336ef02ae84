create or replace function leadgen.minute_of_week(p_at timestamptz, p_timezone text)
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
comment on function leadgen.minute_of_week(timestamptz, text) is
  'The minute of the week, 0 to 10079 from Monday 00:00, that a clock on the wall of a zone shows.';
