create or replace function leadgen.show_time(p_at timestamptz, p_timezone text)
returns text
language plpgsql
immutable
as $$
begin
  return case
    when p_at = 'infinity' then 'never'
    else format('%s (%s %s)',
      to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), to_char(p_at at time zone p_timezone, 'HH24:MI'), p_timezone)
  end;
end;
$$;
comment on function leadgen.show_time(timestamptz, text) is
  'A time for machines and for the people of a zone: 2026-11-22T06:00:00Z (00:00 America/Chicago).';
