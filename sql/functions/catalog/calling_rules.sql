-- Calling rules as they are written.

create or replace function catalog.fill_calling_rule()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform catalog.check_hours(new.hours, 'hours');
  new.compiled_hours := catalog.compile_hours(new.hours);
  return new;
end;
$$;
comment on function catalog.fill_calling_rule() is 'Trigger: the hours of a calling rule are checked and compiled.';
