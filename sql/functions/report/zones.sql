-- Report: what analysts call. The rest of the schema is views.

create or replace function report.set_zone(p_zone text, p_is_local boolean default false)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_zone is not null and kernel.is_timezone(p_zone) is not true then
    perform kernel.refuse('LG400', format('%s is no time zone', left(p_zone, 64)), 'p_zone', left(p_zone, 64),
      'UTC or a name of the IANA database, such as Europe/Berlin');
  end if;
  perform set_config('leadgen.report_zone', coalesce(p_zone, ''), p_is_local);
  return p_zone;
end;
$$;
comment on function report.set_zone(text, boolean) is
  'In which zone the views of report count days, for the rest of the session, or the transaction (p_is_local); null: '
  'each market in its own.';

create or replace function report.find_start()
returns timestamptz
language sql
stable parallel safe
security definer
set search_path = pg_catalog, pg_temp
as $$
-- By its owner's rights: what reads the rows of a file from a cursor may read no view itself (reporting.open_export).
  select min(z.read_from) from report.zones z;
$$;
comment on function report.find_start() is
  'The time before which all that every market did is kept. A view asks for it beside read_from, which is a column: of '
  'a stable function the planner knows the value, and so that few rows are to be read.';

create or replace function report.find_day_start()
returns timestamptz
language sql
stable parallel safe
security definer
set search_path = pg_catalog, pg_temp
as $$
  select min(z.days_from) from report.zones z;
$$;
comment on function report.find_day_start() is
  'The time before which every market has whole days kept, for what cannot be kept of a part of a day.';
