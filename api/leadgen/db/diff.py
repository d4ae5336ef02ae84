"""What differs between a database and the declared state.

The declared state is built from sql/tables and the reload in a scratch database. The two are equal when
`pg_dump -s` says the same of every object, owners and grants included; migra, which is blind to some kinds
of objects, only drafts the change.
"""

import difflib
import re
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
from psycopg import sql

from leadgen.db.binaries import find_binaries
from leadgen.db.embedded import EmbeddedServer
from leadgen.db.exclusive import exclusive_session
from leadgen.db.migrate import prepare, reload
from leadgen.db.owner import SCHEMAS, as_owner
from leadgen.db.plpython import prepare_python
from leadgen.db.tree import SqlTree
from leadgen.db.urls import with_database
from leadgen.errors import LeadGenError
from leadgen.paths import sql_dir

HEADER = re.compile(r"^-- (Name: .*; Type: .*; Schema: .*; Owner: .*)$")
# Since PostgreSQL 18 a NOT NULL has a name, and keeps it when a migration renames its table or column. We name none.
NAMED_NOT_NULL = re.compile(r' CONSTRAINT (?:"(?:[^"]|"")+"|\S+) NOT NULL\b')
TABLE = re.compile(r"; Type: TABLE; ")
GRANTS = re.compile(r"; Type: (DEFAULT )?ACL; ")
COMMENT = re.compile(r"; Type: COMMENT; ")
ROUTINE = re.compile(
    r'Name: (?P<name>[^"]+?)\(.*; Type: (?:FUNCTION|PROCEDURE); Schema: (?P<schema>[^"]+?); '
)
QUALIFIED = re.compile(r"\b\w+\.\w+")


def declare(url: str, tree: SqlTree) -> None:
    """Build the declared state in an empty database: sql/tables, then the reload."""
    with exclusive_session(url) as connection:
        prepare(connection, tree)
        with as_owner(connection):
            tree.make_tables(connection)
        reload(connection, tree, python=prepare_python(connection))


@contextmanager
def declared_database(url: str, tree: SqlTree) -> Iterator[str]:
    """The URL of a scratch database in the declared state.

    It is on the server of `url` where that role may create one, else on the embedded server.
    """
    server = url if _may_create_databases(url) else EmbeddedServer().start()
    with scratch_database(server) as scratch:
        declare(scratch, tree)
        yield scratch


@contextmanager
def scratch_database(server: str) -> Iterator[str]:
    """The URL of an empty database on the server of that URL, dropped at the end."""
    name = f"leadgen_diff_{uuid4().hex[:12]}"
    identifier = sql.Identifier(name)
    with psycopg.connect(with_database(server, "postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("create database {} template template0").format(identifier))
        try:
            yield with_database(server, name)
        finally:
            connection.execute(sql.SQL("drop database {} with (force)").format(identifier))


def difference(url: str, tree: SqlTree | None = None) -> str:
    """How the database at `url` differs from the declared state, for people; empty when it does not."""
    with declared_database(url, tree or SqlTree(sql_dir())) as declared:
        lines = compare_dumps(url, declared)
        return "\n".join([*lines, "", "-- migra would:", draft_change(url, declared)]) if lines else ""


def list_differing(url: str) -> list[str]:
    """The names of the objects that differ: what takes longest, to draft the change, is left out."""
    with declared_database(url, SqlTree(sql_dir())) as declared:
        return [line for line in compare_dumps(url, declared) if line.startswith("Name: ")]


def compare_dumps(url: str, declared: str) -> list[str]:
    """Each object that differs, under its name: `-` is what the first database says, `+` the second.

    PostgreSQL prints an expression in other words once it was dumped and restored (casts and brackets of a CHECK,
    WHEN of a trigger). What differs is therefore compared as both say it after a restore.
    """
    our_dump, their_dump = _dump(url), _dump(declared)
    ours, theirs = read_objects(our_dump), read_objects(their_dump)
    for settle, dump in (
        (theirs, their_dump),
        (ours, our_dump),
    ):  # ours need not be, if it comes from a dump itself
        # Grants have no other words, and a copy lacks those of a role that is not there.
        differing = {
            name
            for name in ours.keys() & theirs.keys()
            if ours[name] != theirs[name] and not GRANTS.search(name)
        }
        if differing:
            settled = _restored(_pick(dump, differing), declared)
            settle.update({name: settled[name] for name in differing & settled.keys()})
    shown: list[str] = []
    for name in sorted(ours.keys() | theirs.keys()):
        changes = [
            line for line in difflib.ndiff(ours.get(name, []), theirs.get(name, [])) if line[0] in "-+"
        ]
        if changes:
            shown += [name, *changes]
    return shown


def _pick(dump: str, wanted: set[str]) -> str:
    """The dump without what no other object needs to be made: grants, comments and most functions.

    An object that cannot be made without something that is missing here keeps the words it had: it is shown.
    """
    blocks = _split(dump)
    idle = {
        name for name, _ in blocks if name not in wanted and (GRANTS.search(name) or COMMENT.search(name))
    }
    routines = {
        name: f"{found['schema']}.{found['name']}"
        for name, text in blocks
        if name not in wanted and (found := ROUTINE.match(name)) and "BEGIN ATOMIC" not in text
    }
    rest = [text for name, text in blocks if name not in idle and name not in routines]
    named = {word for text in rest for word in QUALIFIED.findall(text)}
    idle |= {name for name, routine in routines.items() if routine not in named}
    return "".join(text for name, text in blocks if name not in idle)


def _split(dump: str) -> list[tuple[str, str]]:
    """The blocks of a dump, each with its object's name and kind; what comes before the first has no name."""
    blocks: list[tuple[str, list[str]]] = [("", [])]
    for line in dump.splitlines(keepends=True):
        header = HEADER.match(line.rstrip("\n"))
        if header:
            blocks.append((header.group(1), []))
        blocks[-1][1].append(line)
    return [(name, "".join(lines)) for name, lines in blocks]


def _restored(dump: str, server: str) -> dict[str, list[str]]:
    """The objects of a dump that was restored on the server of that URL; what cannot be restored there is missing."""
    with scratch_database(server) as copy:
        with psycopg.connect(copy, autocommit=True) as connection:
            prepare_python(connection)
        command = [find_binaries()["psql"], "-X", "-q", "-f", "-", copy]
        subprocess.run(command, input=dump, capture_output=True, text=True, check=False)
        return dump_objects(copy)


def dump_objects(url: str) -> dict[str, list[str]]:
    """What `pg_dump -s` prints of our schemas: {name and kind of an object: the lines that make it}."""
    return read_objects(_dump(url))


def read_objects(dump: str) -> dict[str, list[str]]:
    """The same of such a dump.

    The order of objects, and of a table's columns, does not count: a migration can only add at the end.
    """
    objects: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in dump.splitlines():
        header = HEADER.match(line)
        if header:
            lines = objects.setdefault(header.group(1), [])
        elif line.strip() not in ("", "--") and not line.startswith(
            ("\\unrestrict", "-- PostgreSQL database dump complete")
        ):
            lines.append(line)
    return {name: _unordered(lines) if TABLE.search(name) else lines for name, lines in objects.items()}


def _unordered(table: list[str]) -> list[str]:
    return sorted(NAMED_NOT_NULL.sub(" NOT NULL", line).removesuffix(",") for line in table)


def _dump(url: str) -> str:
    schemas = [f"--schema={name}" for name in SCHEMAS]
    command = [find_binaries()["pg_dump"], "--schema-only", *schemas, url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LeadGenError(f"pg_dump: {done.stderr.strip()}")
    return done.stdout


def draft_change(url: str, declared: str) -> str:
    """The statements that migra thinks lead from the database to the declared state."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it imports pkg_resources, which says that it is deprecated
            from migra import Migration
        from sqlbag import S
    except ImportError:
        return "-- migra is not installed: pip install 'leadgen[diff]'"
    with S(_for_sqlalchemy(url)) as old, S(_for_sqlalchemy(declared)) as new:
        migration = Migration(old, new)
        migration.set_safety(False)
        migration.add_all_changes(privileges=True)
        return str(migration.sql).strip() or "-- nothing: the difference is of a kind that migra does not see"


def _for_sqlalchemy(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg2://", 1)


def _may_create_databases(url: str) -> bool:
    with psycopg.connect(url) as connection:
        row = connection.execute("select rolsuper from pg_roles where rolname = current_user").fetchone()
    return bool(row and row[0])
