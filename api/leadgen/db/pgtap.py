"""Runs pgTAP files with psql, as pg_prove does, and judges what they print."""

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from leadgen.db.binaries import find_binaries
from leadgen.db.cluster import Cluster
from leadgen.db.extensions import load_extension
from leadgen.db.tree import run_file
from leadgen.errors import LeadGenError
from leadgen.paths import checkout

PLAN = re.compile(r"1\.\.(\d+)")
RESULT = re.compile(r"(not )?ok \d+")
NOISE = re.compile(r"# Looks like you failed")


class PgTapError(LeadGenError):
    """The tests cannot run; the message says what is missing."""


def pgtap_dir() -> Path:
    """The tests of the checkout: they are not in the wheel."""
    root = checkout()
    if root is None:
        raise PgTapError("the tests and their helpers are in a checkout (pgtap/): this is an installed copy")
    return root / "pgtap"


def helpers_dir() -> Path:
    """What the tests share: schema testkit."""
    return pgtap_dir() / "helpers"


def pgtap_files() -> list[Path]:
    """Every file of tests, helpers apart."""
    return [path for path in sorted(pgtap_dir().rglob("*.sql")) if not path.is_relative_to(helpers_dir())]


def load_kit(url: str, shelf: Path) -> None:
    """Load pgTAP and the helpers into a migrated database, as superuser. `shelf`: see load_extension."""
    with psycopg.connect(url, autocommit=True) as connection:
        if not load_extension(connection, "pgtap", shelf):
            raise PgTapError("pgTAP is missing: `make setup` gets it, or install it for your PostgreSQL")
        for helper in sorted(helpers_dir().rglob("*.sql")):
            run_file(connection, helper, f"helpers/{helper.name}")


@contextmanager
def kit_template(cluster: Cluster, name: str, migrate: Callable[[str], None]) -> Iterator[str]:
    """A template database with the declared schema and the kit, dropped at the end; yields its name."""

    def fill(url: str) -> None:
        migrate(url)
        load_kit(url, cluster.shelf)

    try:
        yield cluster.make_template(name, fill)
    finally:
        cluster.drop(name)


def run_psql(url: str, path: Path, session: str = "") -> tuple[str, str]:
    """Run the file in the database; what it said on standard output (TAP) and on standard error.

    `session` is libpq's PGOPTIONS.
    """
    psql = find_binaries()["psql"]
    options = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-P", "pager=off", "-f", str(path), url]
    environment = {**os.environ, "PGOPTIONS": session} if session else None
    done = subprocess.run([psql, *options], capture_output=True, text=True, check=False, env=environment)
    return done.stdout, done.stderr


def run_pgtap(url: str, path: Path, session: str = "") -> list[str]:
    """Run the file in the database; returns the complaints, none when it passes. `session`: see run_psql."""
    said, errors = run_psql(url, path, session)
    return judge(said) + errors.splitlines()


def judge(output: str) -> list[str]:
    """What is wrong with TAP output: failed tests with their diagnostics, a plan not kept, no test."""
    planned: int | None = None
    ran = 0
    complaints: list[str] = []
    failed = False
    for line in output.splitlines():
        if plan := PLAN.fullmatch(line):
            planned = int(plan.group(1))
        elif result := RESULT.match(line):
            ran += 1
            failed = bool(result.group(1))
        if failed and not NOISE.match(line):
            complaints.append(line)
    if planned is None:
        complaints.append("no plan: the file must select plan(n)")
    elif planned != ran:
        complaints.append(f"planned {planned} tests, ran {ran}")
    if ran == 0:
        complaints.append("ran no test at all")
    return complaints
