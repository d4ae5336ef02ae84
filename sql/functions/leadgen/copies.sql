-- Facade of the administrator: whether this database is a copy, and what it is to be.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.is_copy()
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return catalog.is_copy();
end;
$$;
comment on function leadgen.is_copy() is
  'Whether this database is a copy of the one that was adopted (a dump restored, made from a template, moved to '
  'another server): workers send nothing from it and do no chores in it.';

create or replace function leadgen.show_adoption()
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_adoption();
end;
$$;
comment on function leadgen.show_adoption() is
  'Whether this database is a copy, when and by whom it or its original was adopted, and what waits: deliveries, to '
  'how many endpoints, since when; resend runs; held leads. For the owner only.';

create or replace function leadgen.adopt_database(p_parks boolean default false)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.adopt_database(p_parks);
end;
$$;
comment on function leadgen.adopt_database(boolean) is
  'Makes a copy the real database: workers send what waits, unless it is parked (p_parks), which also cancels running '
  'resend runs. An event says what waited, who adopted it and when. Returns {parked, resends_cancelled}, null when '
  'this is no copy. For the owner only.';

create or replace function leadgen.disown_database()
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.disown_database();
end;
$$;
comment on function leadgen.disown_database() is
  'Makes this database a copy: workers send nothing from it until leadgen.adopt_database. For a physical copy, which '
  'cannot be told from its original. False when it was one. For the owner only.';
