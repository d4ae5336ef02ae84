"""`leadgen doctor`: whether all is as it should be, one verdict a line, and what to do where it is not.

What the database can judge are functions of it (leadgen.diagnose_market, diagnose_server, diagnose_books). Here is what
the machine knows besides, and the order.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from typing import Annotated, Any

import psycopg
import typer
from psycopg.errors import InsufficientPrivilege, QueryCanceled

from leadgen.cli.console import out
from leadgen.cli.doctor_host import examine_clock, examine_disk, examine_zones
from leadgen.cli.doctor_sealing import examine_log, examine_sealing
from leadgen.cli.doctor_verdicts import Verdict, fail, ok, skip, warn
from leadgen.cli.errors import describe_error
from leadgen.cli.rows import AsJson, print_json
from leadgen.cli.target import database_url
from leadgen.db.session import connect
from leadgen.db.tree import SqlTree
from leadgen.errors import LeadGenError
from leadgen.paths import sql_dir
from leadgen.settings import load_settings
from leadgen.words import count_of

OLDEST = 150_000  # PostgreSQL 15
CONNECT_SECONDS = 10
STATEMENT_SECONDS = 15
BOUNDS = "select set_config('statement_timeout', %s, false), set_config('lock_timeout', '2s', false)"
MIGRATIONS = "select m.number from leadgen.schema_migrations m"
MARKET = "select subject, verdict, finding, remedy from leadgen.diagnose_market()"
SERVER = "select subject, verdict, finding, remedy from leadgen.diagnose_server()"
BOOKS = "select subject, verdict, finding, remedy from leadgen.diagnose_books()"
MAY_READ_ALL = "select r.rolsuper from pg_roles r where r.rolname = current_user"

EXIT = {"fail": 2, "warn": 1}

Connection = psycopg.Connection[Any]
Look = Callable[[Connection], Iterator[Verdict]]


def doctor(
    as_json: AsJson = False,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick",
            help="Leave out what takes seconds: the latest bookings and leads, zones, and the schema.",
        ),
    ] = False,
) -> None:
    """Look at settings, the database and the server: one verdict a line, and what to do where it is not ok.

    `ok`; `warn`: look at it today; `fail`: now; `skip`: this login does not see it. Exit status 2 if anything
    fails, 1 if anything warns, else 0. It changes nothing, and no statement of it runs longer than 15 seconds. Any
    login may run it: leadgen_dba sees nearly all, a superuser all.

    Example: leadgen doctor --quick
    """
    verdicts = []
    for verdict in examine(quick):
        verdicts.append(verdict)
        if not as_json:
            out.print(verdict.line(), markup=False, soft_wrap=True)
    if as_json:
        print_json([verdict._asdict() for verdict in verdicts])
    status = max((EXIT.get(one.verdict, 0) for one in verdicts), default=0)
    if status:
        raise typer.Exit(status)


def examine(quick: bool) -> Iterator[Verdict]:
    """The verdicts, in the order in which one needs the one before."""
    yield ok("version", f"leadgen {version('leadgen')}")
    try:
        settings = load_settings()
    except LeadGenError as error:
        yield fail("settings", str(error), "mend it where this command gets its environment")
        return
    yield ok("settings", f"they can be read; environment {settings.environment}")
    try:
        with bounded_session() as connection:
            yield from examine_database(connection, quick)
    except (LeadGenError, psycopg.Error) as error:
        yield fail("database", describe_error(error), "is the server there, and DATABASE_URL right?")


@contextmanager
def bounded_session() -> Iterator[Connection]:
    """A session in which no statement takes long."""
    with connect(database_url(), autocommit=True, connect_timeout=CONNECT_SECONDS) as connection:
        connection.execute(BOUNDS, [f"{STATEMENT_SECONDS}s"])
        yield connection


def examine_database(connection: Connection, quick: bool) -> Iterator[Verdict]:
    """What the database says, and what this machine knows of it."""
    number = connection.info.server_version
    said = f"PostgreSQL {number // 10_000}.{number % 10_000}"
    if number < OLDEST:
        yield fail("server", said, "upgrade it to 15 or later: docs/runbooks/upgrade.md")
    else:
        yield ok("server", said)
    schema = list(bounded("schema", examine_schema, connection))
    yield from schema
    if any(verdict.verdict == "fail" for verdict in schema):
        return
    looks: list[tuple[str, Look]] = [
        ("clock", examine_clock),
        ("market", partial(ask, MARKET)),
        ("server", partial(ask, SERVER)),
        ("disk", examine_disk),
        ("sealing", examine_sealing),
        ("server log", examine_log),
    ]
    if not quick:
        looks += [("books", partial(ask, BOOKS)), ("zones", examine_zones), ("drift", examine_drift)]
    for subject, look in looks:
        yield from bounded(subject, look, connection)


def bounded(subject: str, look: Look, connection: Connection) -> Iterator[Verdict]:
    """What a look finds; that it may not look, or took too long."""
    try:
        yield from look(connection)
    except InsufficientPrivilege as error:
        yield skip(subject, f"not visible to {connection.info.user}: {error.diag.message_primary}")
    except LeadGenError as error:
        yield fail(subject, str(error), "mend what it names")
    except QueryCanceled:
        yield warn(
            subject,
            f"it took longer than {STATEMENT_SECONDS} seconds and was given up",
            "the server is busy, or somebody holds a lock: docs/runbooks/locks.md",
        )


def ask(query: str, connection: Connection) -> Iterator[Verdict]:
    """What one of the database's functions says."""
    for row in connection.execute(query.encode()).fetchall():
        yield Verdict(*row)


def examine_schema(connection: Connection) -> Iterator[Verdict]:
    """Whether every migration of this version has run."""
    try:
        done = {number for (number,) in connection.execute(MIGRATIONS).fetchall()}
    except InsufficientPrivilege:
        yield skip("schema", f"not visible to {connection.info.user}")
        return
    known = {one.number for one in SqlTree(sql_dir()).migrations()}
    if missing := known - done:
        yield fail("schema", f"{count_of(len(missing), 'migration')} to run", "leadgen migrate")
    elif later := done - known:
        yield fail(
            "schema",
            f"{count_of(len(later), 'migration')} of a later version",
            "use the version that deployed it: leadgen --version",
        )
    else:
        yield ok("schema", "up to date")


def examine_drift(connection: Connection) -> Iterator[Verdict]:
    """What `leadgen diff` says: objects, grants and policies that are not as declared. For superusers."""
    from leadgen.db.diff import list_differing

    row = connection.execute(MAY_READ_ALL).fetchone()
    if not (row and row[0]):
        yield skip("drift", f"not visible to {connection.info.user}: leadgen diff as a superuser")
        return
    if objects := list_differing(database_url()):
        yield warn(
            "drift",
            f"{count_of(len(objects), 'object')} not as declared: {objects[0]}",
            "leadgen diff shows each; leadgen migrate declares functions, views and grants anew",
        )
    else:
        yield ok("drift", "objects, grants and policies are as declared")
