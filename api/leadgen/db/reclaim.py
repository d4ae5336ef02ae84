"""Gives leadgen_owner back what a dump restored without owners made somebody else's."""

import psycopg

from leadgen.db.owner import OWNER, SCHEMAS

# Everything in such a schema that has its owner, but not functions and views: the record tells which of them are ours.
# A column's sequence and a table's row type follow their table.
RECLAIMABLE = """
with lost as (
  select n.oid, n.nspname, n.nspowner as owner
  from pg_namespace n
  where n.nspname = any (%(schemas)s)
  and pg_get_userbyid(n.nspowner) <> %(owner)s
), found as (
  select 1 as turn, 'schema' as kind, quote_ident(l.nspname) as name, 'pg_namespace'::regclass as class, l.oid
  from lost l
  union all
  select
    2, case c.relkind when 'S' then 'sequence' else 'table' end, c.oid::regclass::text, 'pg_class'::regclass, c.oid
  from pg_class c
  join lost l on (l.oid, l.owner) = (c.relnamespace, c.relowner)
  where c.relkind in ('r', 'p', 'S')
  union all
  select 3, 'type', t.oid::regtype::text, 'pg_type'::regclass, t.oid
  from pg_type t
  join lost l on (l.oid, l.owner) = (t.typnamespace, t.typowner)
  left join pg_class c on c.oid = t.typrelid
  where t.typtype in ('e', 'd', 'r')
  or c.relkind = 'c'
)
select f.kind, f.name
from found f
where not exists (
  select from pg_depend d
  where d.classid = f.class
  and d.objid = f.oid
  and (d.deptype = 'e' or f.kind = 'sequence' and d.deptype in ('a', 'i'))
)
order by f.turn, f.name
"""
LOST = (
    "select nspname from pg_namespace where nspname = any (%s) and pg_get_userbyid(nspowner) <> %s order by 1"
)
RECORDED = """
select i.kind, i.name
from inventory i
join leadgen.schema_objects o on (o.kind, o.name) = (i.kind, i.name)
where i.kind in ('routine', 'view')
and not i.is_owned
"""


def list_lost_schemas(connection: psycopg.Connection) -> list[str]:
    """Our schemas that are not leadgen_owner's."""
    return [name for (name,) in connection.execute(LOST, [SCHEMAS, OWNER])]


def reclaim_schemas(connection: psycopg.Connection) -> bool:
    """Give leadgen_owner our schemas with their tables and types; False when they are its own already.

    In a transaction of a superuser. Functions and views follow with reclaim_recorded, once the record can be read.
    """
    lost = connection.execute(RECLAIMABLE, {"schemas": SCHEMAS, "owner": OWNER}).fetchall()
    _give(connection, lost)
    return bool(lost)


def reclaim_recorded(connection: psycopg.Connection) -> None:
    """Give leadgen_owner the functions and views that the record calls ours."""
    _give(connection, connection.execute(RECORDED).fetchall())


def _give(connection: psycopg.Connection, objects: list[tuple[str, str]]) -> None:
    for kind, name in objects:  # as the catalogue quotes them
        connection.execute(f"alter {kind} {name} owner to {OWNER}".encode())
