-- Facade of DBAs: the catalogue looked over.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.list_configuration_faults()
returns table (subject text, fault text, remedy text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from catalog.list_configuration_faults();
end;
$$;
comment on function leadgen.list_configuration_faults() is
  'What is configured and cannot work, one row each, with what to do: an active offer without a source or a buyer who '
  'can take its leads, an enrollment without area or channel, a cap of 0, a balance below its minimum, an exclusivity '
  'of an inactive buyer. No rows: all can work. What is switched off is no fault.';
