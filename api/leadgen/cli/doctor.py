"""`leadgen doctor`: whether settings, database and sealing are as they should be, one verdict a line."""

from collections.abc import Iterator
from importlib.metadata import version
from typing import Annotated, Any, Literal, NamedTuple

import psycopg
import typer

from leadgen.cli.console import out
from leadgen.cli.errors import describe_error
from leadgen.cli.opening import find_ring
from leadgen.cli.rows import print_json
from leadgen.cli.target import database_url
from leadgen.db.session import connect
from leadgen.db.tree import SqlTree
from leadgen.errors import LeadGenError
from leadgen.paths import sql_dir
from leadgen.sealing.store import load_vault
from leadgen.settings import load_settings
from leadgen.words import count_of

Grade = Literal["ok", "warning", "fault"]

OLDEST = 150_000  # PostgreSQL 15
MEASURE = "select leadgen.measure_sealing()"
MIGRATIONS = "select m.number from leadgen.schema_migrations m"
# What a login's statements put into the server's log: by its own settings, else those that sessions begin with.
LOGGED = """
select r.rolname,
  coalesce(own.settings ->> 'log_parameter_max_length', begins.settings ->> 'log_parameter_max_length') as parameters,
  coalesce(own.settings ->> 'log_statement', begins.settings ->> 'log_statement') as statements,
  coalesce(own.settings ->> 'log_min_duration_statement', begins.settings ->> 'log_min_duration_statement') as slow
from pg_roles r
cross join (select jsonb_object_agg(s.name, s.reset_val) as settings from pg_settings s) begins
cross join lateral (
  select jsonb_object_agg(split_part(c, '=', 1), split_part(c, '=', 2) order by s.setdatabase) as settings
  from pg_db_role_setting s, unnest(s.setconfig) c
  where s.setrole = r.oid
    and s.setdatabase in (0, (select d.oid from pg_database d where d.datname = current_database()))
) own
where r.rolname in ('leadgen_api', 'leadgen_worker')
order by 1
"""


class Verdict(NamedTuple):
    """What was looked at, how it is, and what to do."""

    subject: str
    grade: Grade
    says: str


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Look at settings, versions, the database and the sealing of personal data. Exit status 1 if there is a fault.

    Example: leadgen doctor
    """
    verdicts = list(examine())
    if as_json:
        print_json([verdict._asdict() for verdict in verdicts])
    else:
        for subject, grade, says in verdicts:
            out.print(f"{grade:8}{subject}: {says}", markup=False, soft_wrap=True)
    if any(verdict.grade == "fault" for verdict in verdicts):
        raise typer.Exit(1)


def examine() -> Iterator[Verdict]:
    """The verdicts, in the order in which one needs the one before."""
    yield Verdict("version", "ok", f"leadgen {version('leadgen')}")
    try:
        settings = load_settings()
    except LeadGenError as error:
        yield Verdict("settings", "fault", str(error))
        return
    yield Verdict("settings", "ok", f"they can be read; environment {settings.environment}")
    try:
        with connect(database_url(), autocommit=True) as connection:
            yield from examine_database(connection)
    except (LeadGenError, psycopg.Error) as error:
        yield Verdict("database", "fault", describe_error(error))


def examine_database(connection: psycopg.Connection[Any]) -> Iterator[Verdict]:
    """What the database says."""
    number = connection.info.server_version
    said = f"PostgreSQL {number // 10_000}.{number % 10_000}"
    is_old = number < OLDEST
    yield Verdict("server", "fault" if is_old else "ok", f"{said}: 15 or later is needed" if is_old else said)
    done = {number for (number,) in connection.execute(MIGRATIONS).fetchall()}
    missing = [one for one in SqlTree(sql_dir()).migrations() if one.number not in done]
    if missing:
        yield Verdict(
            "schema", "fault", f"{count_of(len(missing), 'migration')} to run: run `leadgen migrate`"
        )
        return
    yield Verdict("schema", "ok", "up to date")
    yield from examine_sealing(connection)


def examine_sealing(connection: psycopg.Connection[Any]) -> Iterator[Verdict]:
    """Whether personal data is sealed, and can be opened."""
    row = connection.execute(MEASURE).fetchone()
    found: dict[str, Any] = row[0] if row else {}
    ring = find_ring()
    if ring is None:
        if found["seals"]:
            yield Verdict(
                "sealing", "fault", "the database seals personal data, and PII_KEYS is not set here"
            )
        else:
            yield Verdict("sealing", "warning", "personal data is stored clear: PII_KEYS is not set")
        return
    vault = load_vault(connection, ring)
    if not found["seals"]:
        yield Verdict(
            "sealing", "warning", "PII_KEYS is set, and no API and no worker has started with it yet"
        )
        return
    old = {key: keys for key, keys in found["wrapped_by"].items() if key != ring.current}
    if vault.faults:
        yield Verdict("sealing", "fault", vault.faults[0])
    elif old:
        yield Verdict(
            "sealing",
            "warning",
            f"{count_of(sum(old.values()), 'data key')} wrapped by {', '.join(sorted(old))}, not by {ring.current}: "
            "run `leadgen sealing rotate`",
        )
    elif found["walks"]:
        rows = count_of(found["waiting"], "row")
        yield Verdict("sealing", "warning", f"workers still look for leads to seal; {rows} to be sealed")
    elif found["waiting"]:
        yield Verdict("sealing", "warning", f"{count_of(found['waiting'], 'row')} to be sealed by a worker")
    else:
        yield Verdict("sealing", "ok", f"personal data is sealed under {ring.current}")
    yield from examine_log(connection)


def examine_log(connection: psycopg.Connection[Any]) -> Iterator[Verdict]:
    """Whether PostgreSQL's log may have what is sealed in the tables."""
    for role, parameters, statements, slow in connection.execute(LOGGED).fetchall():
        logs = statements in ("mod", "all") or slow != "-1"
        if logs and parameters != "0":
            yield Verdict(
                "server log",
                "fault",
                f"it may have leads in clear: as a superuser, alter role {role} set log_parameter_max_length = 0",
            )
            return
    yield Verdict("server log", "ok", "statements are logged without their parameters, or not at all")
