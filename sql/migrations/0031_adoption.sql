-- A database remembers which one it is, so that a copy of it knows that it is a copy.
create table leadgen.adoption (
  id boolean primary key default true,
  adopted_at timestamptz not null default current_timestamp,
  adopted_by text not null default session_user,
  system_identifier bigint not null,
  database_oid bigint,
  table_oid bigint not null,

  constraint adoption_one_row check (id)
);

-- The first installation and a database in use adopt themselves. What was copied before it had this table shows it.
-- Restored from a dump: a deploy declares functions and writes schema_reloads in one transaction, and each migration
-- was one of its own; a restore makes functions and rows in several transactions, or all rows in a single one.
-- Made from a template: its number is later than that of its own schema. It is in use if it has sent anything since.
insert into leadgen.adoption (system_identifier, database_oid, table_oid)
select s.system_identifier, d.oid::bigint, 'leadgen.adoption'::regclass::oid::bigint
from pg_control_system() s, pg_database d
where d.datname = current_database()
  and (
    not exists (select from leadgen.schema_reloads) and not exists (select from leadgen.deliveries)
    or exists (
      select
      from leadgen.schema_reloads r
      join pg_proc p on p.xmin = r.xmin
      join pg_namespace n on n.oid = p.pronamespace
      where n.nspowner = 'leadgen_owner'::regrole
        and not exists (select from leadgen.schema_migrations m where m.xmin = r.xmin)
    )
    and (
      d.oid < 'leadgen'::regnamespace::oid
      or (select age(a.xmin) from leadgen.delivery_attempts a order by a.id desc limit 1) < age(d.xmin)
    )
  );
