create or replace function leadgen.is_ready()
returns boolean
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select not pg_is_in_recovery() and exists (select from leadgen.schema_reloads);
$$;
comment on function leadgen.is_ready() is 'Whether this database takes leads: migrated and writable.';
