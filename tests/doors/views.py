"""What the views of schema report read and call, from the catalogue: PostgreSQL itself keeps that for a view."""

from dataclasses import dataclass

import psycopg

READERS = ("leadgen_reporting", "leadgen_dba")
TABLES = """
select distinct c.relname
from pg_rewrite r
join pg_class v on v.oid = r.ev_class and v.relnamespace = 'report'::regnamespace
join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass
join pg_class c on c.oid = d.refobjid and c.relkind in ('r', 'p') and c.relnamespace = 'leadgen'::regnamespace
"""
CALLS = """
select distinct v.relname, n.nspname || '.' || p.proname, role
from pg_rewrite r
join pg_class v on v.oid = r.ev_class and v.relnamespace = 'report'::regnamespace
join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_proc'::regclass
join pg_proc p on p.oid = d.refobjid
join pg_namespace n on n.oid = p.pronamespace and n.nspowner = 'leadgen_owner'::regrole
cross join unnest(%s::text[]) role
where has_table_privilege(role, v.oid, 'select') and not has_function_privilege(role, p.oid, 'execute')
order by 1, 2, 3
"""


@dataclass
class Views:
    """The tables that views of report read, and the functions in them that a reader may not execute."""

    tables: set[str]
    locked: list[str]


def read_views(session: psycopg.Connection) -> Views:
    """What the views do."""
    tables = {name for (name,) in session.execute(TABLES).fetchall()}
    calls = session.execute(CALLS, [list(READERS)]).fetchall()
    locked = [f"report.{view} calls {name}, which {role} may not execute" for view, name, role in calls]
    return Views(tables, locked)
