-- Whether this database is the real one: leadgen.adoption says which one is.
-- A dump that was restored has made that table anew, a database made from a template has another number, a cluster
-- upgraded by pg_upgrade another system identifier. A replica that takes over has the same three; so has a physical
-- backup beside its original.

create or replace function catalog.is_copy()
returns boolean
language plpgsql
volatile
as $$
-- Whoever hands out work that leaves the database asks. It costs some 20 microseconds: not for the road of a lead.
begin
  return not exists (
    select
    from leadgen.adoption a, pg_control_system() s, pg_database d
    where d.datname = current_database()
      and a.system_identifier = s.system_identifier
      and coalesce(a.database_oid, d.oid::bigint) = d.oid::bigint
      and a.table_oid = a.tableoid::bigint);
end;
$$;
comment on function catalog.is_copy() is 'The work of leadgen.is_copy.';

create or replace function catalog.record_adoption()
returns void
language plpgsql
volatile
as $$
begin
  insert into leadgen.adoption as a (adopted_at, adopted_by, system_identifier, database_oid, table_oid)
  select
    leadgen.clock(), session_user, s.system_identifier, d.oid::bigint, 'leadgen.adoption'::regclass::oid::bigint
  from pg_control_system() s, pg_database d
  where d.datname = current_database()
  on conflict (id) do update
  set
    adopted_at = excluded.adopted_at, adopted_by = excluded.adopted_by,
    system_identifier = excluded.system_identifier, database_oid = excluded.database_oid,
    table_oid = excluded.table_oid;
end;
$$;
comment on function catalog.record_adoption() is 'Makes this database the real one.';

create or replace function catalog.forget_adoption()
returns void
language plpgsql
volatile
as $$
begin
  update leadgen.adoption a set database_oid = 0;
end;
$$;
comment on function catalog.forget_adoption() is 'Makes this database a copy.';

create or replace function catalog.list_copy_faults()
returns table (subject text, fault text, remedy text)
language plpgsql
volatile
as $$
begin
  return query
  select
    'database ' || current_database(), 'it is a copy, so workers send nothing from it and do no chores in it',
    '`leadgen adopt` makes it the real one, and shows first what waits'
  where catalog.is_copy();
end;
$$;
comment on function catalog.list_copy_faults() is
  'That this database is a copy, if it is; see leadgen.list_configuration_faults.';
