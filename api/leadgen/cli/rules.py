"""`leadgen test-rules`: pgTAP files, each on a database of its own that is gone afterwards."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from psycopg import sql

from leadgen.cli.console import err, out
from leadgen.cli.target import embedded_server
from leadgen.db.cluster import Cluster
from leadgen.db.pgtap import judge, kit_template, pgtap_dir, pgtap_files, run_psql
from leadgen.db.urls import with_database
from leadgen.errors import LeadGenError
from leadgen.settings import load_settings
from leadgen.words import count_of

PREFIX = "leadgen_rules_"


def check_rules(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE]...", help="pgTAP files or directories. Default: all of pgtap/."),
    ] = None,
) -> None:
    """Test the rules of this checkout on scratch databases. Exit status 1 if a test fails.

    The databases are made from sql/ on the embedded server, and dropped at the end. DATABASE_URL and your own
    database are not used.

    Example: leadgen test-rules pgtap/examples/after_hours_premium.sql
    """
    from leadgen.db.migrate import migrate

    paths = collect(files or [])
    failed = 0
    with scratch_cluster() as cluster:
        err.print("making a scratch database from sql/ and pgtap/helpers")
        name = f"{PREFIX}{os.getpid()}"
        settings = load_settings()
        with kit_template(cluster, name, lambda url: migrate(url, settings, say=lambda _: None)) as template:
            for path in paths:
                with cluster.clone(template) as url:
                    failed += not run_one(url, path, tells_all=bool(files))
    if failed:
        out.print(f"{failed} of {count_of(len(paths), 'file')} failed")
        raise typer.Exit(1)
    out.print(f"all passed: {count_of(len(paths), 'file')}")


def run_one(url: str, path: Path, *, tells_all: bool) -> bool:
    """Run a file and print how it went: each test, or only what is wrong."""
    began = time.monotonic()
    said, errors = run_psql(url, path)
    complaints = judge(said) + errors.splitlines()
    shown = path.relative_to(pgtap_dir()) if path.is_relative_to(pgtap_dir()) else path
    verdict = "FAILED" if complaints else "passed"
    out.print(f"{verdict}  {shown}  ({time.monotonic() - began:.1f} s)", markup=False, soft_wrap=True)
    passing = [line for line in said.splitlines() if line.startswith("ok ")] if tells_all else []
    for line in passing + complaints:
        out.print(f"  {line}", markup=False, soft_wrap=True)
    return not complaints


def collect(files: list[Path]) -> list[Path]:
    """The files named, and those in the directories named. Raises LeadGenError for what is not there."""
    if not files:
        return pgtap_files()
    for path in files:
        if not path.exists():
            raise LeadGenError(f"no such file: {path}")
    found = [one for path in files for one in (sorted(path.rglob("*.sql")) if path.is_dir() else [path])]
    return [path.resolve() for path in found]


@contextmanager
def scratch_cluster() -> Iterator[Cluster]:
    """The embedded server, running; stopped again if it was not."""
    server = embedded_server()
    was_running = server.running()
    server.start()
    try:
        drop_leftovers(server.url)
        yield Cluster(server, f"{PREFIX}{os.getpid()}")
    finally:
        if not was_running:
            server.stop()


def drop_leftovers(url: str) -> None:
    """Drop the scratch databases of runs that were killed."""
    with psycopg.connect(with_database(url, "postgres"), autocommit=True) as connection:
        rows = connection.execute("select datname from pg_database where starts_with(datname, %s)", [PREFIX])
        for (name,) in rows.fetchall():
            if not alive(int(name.removeprefix(PREFIX).split("_")[0])):
                connection.execute(
                    sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
                )


def alive(pid: int) -> bool:
    """Whether a process of that number runs on this machine."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
