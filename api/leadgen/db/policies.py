"""Puts back policies of row-level security that a restore could not make, because their roles were not there yet."""

import re
from functools import cache
from pathlib import Path

import psycopg

from leadgen.db.objects import keeping_record
from leadgen.db.owner import as_owner
from leadgen.db.tree import SqlTree

DECLARED = re.compile(r"^create policy (\w+) on ([\w.]+)[^;]*;", re.MULTILINE)
MISSING = """
select d.name, d.on_table
from unnest(%s::text[], %s::text[]) d (name, on_table)
join pg_class c on c.oid = to_regclass(d.on_table) and c.relrowsecurity
where not exists (select from pg_policy p where p.polrelid = c.oid and p.polname = d.name)
order by 2, 1
"""


def restore_policies(connection: psycopg.Connection, tree: SqlTree) -> list[str]:
    """Make the declared policies that are missing; returns a line for each."""
    declared = _read(tree.root / "tables" / "rows.sql")
    names, tables = [name for name, _ in declared], [table for _, table in declared]
    with as_owner(connection):
        missing = connection.execute(MISSING, [names, tables]).fetchall()
    if missing:
        with as_owner(connection), keeping_record(connection):
            for name, table in missing:
                connection.execute(declared[name, table].encode())
    return [f"made policy {name} on {table}: it was missing, as after a restore" for name, table in missing]


@cache
def _read(path: Path) -> dict[tuple[str, str], str]:
    text = path.read_text() if path.exists() else ""
    return {(found[1], found[2]): found[0] for found in DECLARED.finditer(text)}
