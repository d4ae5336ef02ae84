"""Which functions, views, triggers, policies and tables in our schemas are ours, and which are somebody else's.

Each deploy writes down what it declared: leadgen.schema_objects. What an earlier deploy declared and this one no
longer does is stale and goes; what no deploy ever declared belongs to somebody else and is left alone.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.errors import DependentObjectsStillExist, FeatureNotSupported

from leadgen.db.owner import OWNER, READER, SCHEMAS
from leadgen.db.tree import SqlError
from leadgen.errors import LeadGenError

RECORD = """
create table if not exists leadgen.schema_objects (
  kind text not null,
  name text not null,
  is_reloaded boolean not null,
  constraint schema_objects_pk primary key (kind, name),
  constraint schema_objects_kind_known check (kind in ('routine', 'view', 'trigger', 'policy'))
);
do $$
begin
  if not exists (
    select from pg_attribute a where a.attrelid = 'leadgen.schema_objects'::regclass and a.attname = 'digest'
  ) then
    alter table leadgen.schema_objects add column digest text;
  end if;
end;
$$;
comment on table leadgen.schema_objects is
  'The functions, views, triggers and policies that LeadGen declared here; any other in its schemas is left alone.';
comment on column leadgen.schema_objects.is_reloaded is
  'Declared by the reload, which drops it when it has no file any more; else made by a migration, which may drop it.';
comment on column leadgen.schema_objects.digest is
  'Of a trigger: what its statement was, and what it made. A reload leaves alone one of which both are the same.';
"""

# A trigger locks its table against writers until the end of the reload, so one that is as declared is left alone.
DECLARE_TRIGGER = """
create temporary table if not exists declared_triggers (name text primary key) on commit delete rows;
create or replace function pg_temp.declare_trigger(p_statement text)
returns void
language plpgsql
as $$
declare
  v_trigger_name constant text := substring(p_statement, 'create or replace trigger (\\S+)');
  v_table constant regclass := substring(p_statement, '\\son (\\S+)');
  v_name constant text := v_trigger_name || ' on ' || v_table;
  v_known constant text := (select o.digest from leadgen.schema_objects o where (o.kind, o.name) = ('trigger', v_name));
  v_digest text;
begin
  for v_round in 1 .. 2 loop
    v_digest := (
      select md5(concat(p_statement, pg_get_triggerdef(t.oid), t.tgenabled))
      from pg_trigger t
      where t.tgrelid = v_table
      and quote_ident(t.tgname) = v_trigger_name
    );
    exit when v_digest = v_known or v_round = 2;
    execute p_statement;
  end loop;
  insert into declared_triggers values (v_name) on conflict do nothing;
  insert into leadgen.schema_objects as o (kind, name, is_reloaded, digest)
  values ('trigger', v_name, true, v_digest)
  on conflict (kind, name) do update
  set is_reloaded = true, digest = excluded.digest
  where (o.is_reloaded, o.digest) is distinct from (true, excluded.digest);
end;
$$
"""

# `is_new`: this very transaction made or replaced it, or declared a trigger that was so already. A view is told by its
# rule, which a grant does not touch; a grant does touch a routine, so grants may name only what pg_temp.declared has.
INVENTORY = """
create or replace temporary view inventory as
with ours as (
  select n.oid, n.nspname as schema from pg_namespace n where n.nspname = any ({schemas})
), found as (
  select
    'routine' as kind, p.oid::regprocedure::text as name, o.schema, 'pg_proc'::regclass as class, p.oid,
    p.proowner as owner, p.xmin, l.lanname::text as language
  from pg_proc p
  join ours o on o.oid = p.pronamespace
  join pg_language l on l.oid = p.prolang
  union all
  select 'view', c.oid::regclass::text, o.schema, 'pg_class'::regclass, c.oid, c.relowner, r.xmin, null
  from pg_class c
  join ours o on o.oid = c.relnamespace
  join pg_rewrite r on r.ev_class = c.oid and r.rulename = '_RETURN'
  where c.relkind = 'v'
  union all
  select
    'trigger', quote_ident(t.tgname) || ' on ' || c.oid::regclass, o.schema, 'pg_trigger'::regclass, t.oid,
    c.relowner, case when d.name is null then t.xmin else pg_current_xact_id()::xid end, null
  from pg_trigger t
  join pg_class c on c.oid = t.tgrelid
  join ours o on o.oid = c.relnamespace
  left join declared_triggers d on d.name = quote_ident(t.tgname) || ' on ' || c.oid::regclass
  where not t.tgisinternal
  and t.tgparentid = 0
  union all
  select
    'policy', quote_ident(p.polname) || ' on ' || c.oid::regclass, o.schema, 'pg_policy'::regclass, p.oid,
    c.relowner, p.xmin, null
  from pg_policy p
  join pg_class c on c.oid = p.polrelid
  join ours o on o.oid = c.relnamespace
)
select
  f.kind, f.name, f.schema, f.class, f.oid, f.language,
  pg_get_userbyid(f.owner) in ({owner}, {reader}) as is_owned, f.xmin = pg_current_xact_id()::xid as is_new
from found f
where not exists (
  select from pg_depend d where d.classid = f.class and d.objid = f.oid and d.deptype = 'e'
)
"""

# What sql/policies gives to roles and takes from them.
DECLARED = """
create or replace temporary view declared as
select 'schema' as kind, quote_ident(n.nspname) as name, n.nspname::text as schema
from pg_namespace n
where n.nspname = any ({schemas})
union all
select case c.relkind when 'S' then 'sequence' else 'table' end, c.oid::regclass::text, n.nspname::text
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any ({schemas})
and pg_get_userbyid(c.relowner) = {owner}
and c.relkind in ('r', 'p', 'S')
union all
select case i.kind when 'view' then 'table' else i.kind end, i.name, i.schema::text
from inventory i
left join leadgen.schema_objects o on (o.kind, o.name) = (i.kind, i.name)
where i.kind in ('routine', 'view')
and i.is_owned
and (i.is_new or not o.is_reloaded)
"""

STALE = """
select i.kind, i.name
from inventory i
join leadgen.schema_objects o on (o.kind, o.name) = (i.kind, i.name)
where o.is_reloaded
and i.is_owned
and not i.is_new
and i.language is distinct from %s
order by 1, 2
"""

# Rows of what is gone, and of what somebody replaced by an object of their own, go as well.
FORGET = """
delete from leadgen.schema_objects o
where not exists (select from inventory i where (i.kind, i.name) = (o.kind, o.name) and i.is_owned)
"""
REMEMBER = """
insert into leadgen.schema_objects (kind, name, is_reloaded)
select i.kind, i.name, true
from inventory i
where i.is_owned
and i.is_new
on conflict (kind, name) do update set is_reloaded = true
where not schema_objects.is_reloaded
"""
REMEMBER_UNRECORDED = """
insert into leadgen.schema_objects (kind, name, is_reloaded)
select i.kind, i.name, true
from inventory i
where (i.kind, i.name) in (select * from unnest(%s::text[], %s::text[]))
"""
# Tables are not in the record: files name them. A migration makes none of the other kinds of relations.
FOREIGN = """
select i.kind, i.name
from inventory i
where not exists (select from leadgen.schema_objects o where (o.kind, o.name) = (i.kind, i.name))
union all
select
  case c.relkind
    when 'm' then 'materialized view' when 'f' then 'foreign table' when 'S' then 'sequence' else 'table'
  end,
  c.oid::regclass::text
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any (%(schemas)s)
and c.relkind in ('r', 'p', 'm', 'f', 'S')
and not c.relispartition
and c.oid::regclass::text <> all (%(tables)s)
and not exists (
  select from pg_depend d
  where d.classid = 'pg_class'::regclass
  and d.objid = c.oid
  and (d.deptype = 'e' or c.relkind = 'S' and d.deptype in ('a', 'i'))
)
order by 1, 2
"""

# A migration may rename what the record names, or move it to another schema.
BEFORE_MIGRATION = """
create temporary table recorded on commit drop as
select i.class, i.oid, o.is_reloaded, o.digest
from leadgen.schema_objects o
join inventory i on (i.kind, i.name) = (o.kind, o.name)
"""
AFTER_MIGRATION = """
delete from leadgen.schema_objects;
insert into leadgen.schema_objects (kind, name, is_reloaded, digest)
select i.kind, i.name, coalesce(r.is_reloaded, false), r.digest
from inventory i
left join recorded r on (r.class, r.oid) = (i.class, i.oid)
where r.oid is not null
or i.is_owned and i.is_new;
"""

# Views and functions of somebody else that use ours.
USED_BY_OTHERS = """
with recorded as (
  select i.* from inventory i join leadgen.schema_objects o on (o.kind, o.name) = (i.kind, i.name)
), used as (
  select
    r.kind, r.name,
    case when w.oid is null then d.classid else 'pg_class'::regclass end as class, coalesce(w.ev_class, d.objid) as oid
  from recorded r
  join pg_depend d on d.refclassid = r.class and d.refobjid = r.oid
  left join pg_rewrite w on d.classid = 'pg_rewrite'::regclass and w.oid = d.objid
  where d.classid in ('pg_rewrite'::regclass, 'pg_proc'::regclass)
)
select distinct u.kind, u.name, pg_describe_object(u.class, u.oid, 0)
from used u
where not exists (select from recorded r where (r.class, r.oid) = (u.class, u.oid))
order by 1, 2, 3
"""

KEPT_IN_USE = "what is not LeadGen's must be changed or dropped by its owner first"


class MigrateError(LeadGenError):
    """The database cannot be brought to the declared state; the message says what stands in the way."""


def open_record(connection: psycopg.Connection) -> None:
    """Make the record where there is none, and this session's views of what is there; as leadgen_owner."""
    row = connection.execute("select to_regclass('leadgen.schema_objects')").fetchone()
    connection.execute(RECORD)
    connection.execute(DECLARE_TRIGGER)
    for view in (INVENTORY, DECLARED):
        connection.execute(
            sql.SQL(view).format(
                schemas=sql.Literal(SCHEMAS), owner=sql.Literal(OWNER), reader=sql.Literal(READER)
            )
        )
    if row == (None,):
        # Deployed before the record, or never: what those deploys declared is known by name, and a DBA's own view in
        # our schemas is none of it, whoever owns it.
        kinds, names = zip(*unrecorded_objects(), strict=True)
        connection.execute(REMEMBER_UNRECORDED, [list(kinds), list(names)])


def unrecorded_objects() -> Iterator[tuple[str, str]]:
    """(kind, name) of everything that was declared by a deploy which did not write it down."""
    for line in Path(__file__).with_name("before_the_record.txt").read_text().splitlines():
        if not line.startswith("#"):
            kind, _, name = line.partition(" ")
            yield kind, name


@contextmanager
def keeping_record(connection: psycopg.Connection) -> Iterator[None]:
    """Around a migration, in its transaction: the record follows what it renames, and takes in what it makes."""
    connection.execute(BEFORE_MIGRATION)
    yield
    connection.execute(AFTER_MIGRATION)


@contextmanager
def naming_dependents(what: str) -> Iterator[None]:
    """What somebody else's objects hold fast is refused by name, and never dropped along."""
    try:
        yield
    except (psycopg.Error, SqlError) as error:
        cause = error.__cause__ if isinstance(error, SqlError) else error
        # The second is the answer to `alter column … type` under a view.
        if isinstance(cause, DependentObjectsStillExist | FeatureNotSupported):
            users = cause.diag.message_detail or ""
            if "depends on" in users:
                raise MigrateError(
                    f"{what}: {cause.diag.message_primary}\n{users}\nNothing of this step was done: {KEPT_IN_USE}"
                ) from error
        raise


def drop_objects(connection: psycopg.Connection, objects: list[tuple[str, str]], why: str) -> list[str]:
    """Drop (kind, name) of the inventory, and say so in a line each. Raises MigrateError when something uses one."""
    with naming_dependents("what an earlier deploy declared must go"):
        for kind in ("trigger", "policy", "view", "routine"):
            names = [name for found, name in objects if found == kind]
            # Names come quoted from the catalogue. Views and routines go together, since one may use another.
            batches = [", ".join(names)] if kind in ("view", "routine") and names else names
            for batch in batches:
                connection.execute(f"drop {kind} {batch}".encode())
    return [f"dropped {kind} {name}: {why}" for kind, name in objects]


def settle_record(connection: psycopg.Connection, tables: list[str], *, unloaded: str = "") -> list[str]:
    """At the end of the reload's transaction: drop what is stale, write down what is declared, name what is not ours.

    `tables` are the names of ours. Routines in the language `unloaded` were not loaded, and stay as they are.
    """
    stale = connection.execute(STALE, [unloaded]).fetchall()
    said = drop_objects(connection, stale, "it has no file any more")
    connection.execute(FORGET)
    connection.execute(REMEMBER)
    foreign = connection.execute(FOREIGN, {"schemas": SCHEMAS, "tables": tables}).fetchall()
    return said + [f"left alone {kind} {name}: no deploy declared it" for kind, name in foreign]


def check_use_by_others(connection: psycopg.Connection, declared: str, migrations: str) -> None:
    """Before the first migration: refuse what the reload would refuse at the end, as far as names tell.

    `declared` and `migrations` are the texts of what will be loaded. Exact is only the reload.
    """
    for kind, name, user in connection.execute(USED_BY_OTHERS).fetchall():
        bare = re.escape(name.partition("(")[0])
        stays = re.search(rf"(?i)\b(function|procedure|aggregate|view)\s+{bare}(?![\w$])", declared)
        if not stays and not re.search(rf"(?<![\w.]){bare}(?![\w$])", migrations):
            raise MigrateError(
                f"{kind} {name} has no file any more, but {user} uses it. Nothing was done: {KEPT_IN_USE}"
            )
