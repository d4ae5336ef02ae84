"""`leadgen adopt` and `disown`: what an administrator of a copy sees and does."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from api.serving import add_catalogue, add_sale
from leadgen.db.urls import with_role

MOMENT = r"\d{4}-\d\d-\d\d \d\d:\d\d UTC"

Run = Callable[..., Any]


@pytest.fixture
def copy(database: str) -> Iterator[psycopg.Connection]:
    """A session on a copy, in which the two deliveries of a sale wait."""
    add_catalogue(database)
    with psycopg.connect(database, autocommit=True) as session:
        add_sale(session)
        session.execute("select leadgen.disown_database()")
        yield session


def is_copy(session: psycopg.Connection) -> bool:
    row = session.execute("select leadgen.is_copy()").fetchone()
    assert row
    return bool(row[0])


def statuses(session: psycopg.Connection) -> list[str]:
    return [status for (status,) in session.execute("select status::text from leadgen.deliveries").fetchall()]


def test_adopt_shows_what_waits_and_asks(copy: psycopg.Connection, run: Run) -> None:
    refused = run("adopt", stdin="n\n")
    assert refused.returncode == 1
    assert is_copy(copy)
    said = " ".join((refused.stdout + refused.stderr).split())
    assert re.search(rf"test_\d+ is a copy: its original was adopted {MOMENT} by postgres", said), said
    assert re.search(rf"waits: 2 deliveries to 2 endpoints, the oldest made {MOMENT}", said), said
    assert "Its original must not send any more" in said


def test_adopt_without_anybody_to_ask_changes_nothing(copy: psycopg.Connection, run: Run) -> None:
    assert run("adopt").returncode == 1
    assert is_copy(copy)


def test_adopt_after_yes(copy: psycopg.Connection, run: Run) -> None:
    done = run("adopt", stdin="y\n")
    assert done.returncode == 0
    assert "is adopted: workers send from it" in done.stderr
    assert not is_copy(copy)
    assert statuses(copy) == ["pending", "pending"]


def test_adopt_again_changes_nothing(copy: psycopg.Connection, run: Run) -> None:
    assert run("adopt", "--yes").returncode == 0
    again = run("adopt", "--yes", "--park")
    assert again.returncode == 0
    assert re.fullmatch(
        rf"test_\d+ is no copy: it was adopted {MOMENT} by postgres\. Nothing was changed\n", again.stderr
    )
    assert statuses(copy) == ["pending", "pending"]


def test_park(copy: psycopg.Connection, run: Run) -> None:
    done = run("adopt", "--park", "--yes")
    assert done.returncode == 0
    assert "parked: 2 deliveries; cancelled: 0 resend runs" in done.stderr
    assert not is_copy(copy)
    assert statuses(copy) == ["parked", "parked"]
    assert "database_adopted" in run("events", "--kind", "database_adopted").stdout


def test_check_names_a_copy(copy: psycopg.Connection, run: Run) -> None:
    found = run("check")
    assert found.returncode == 1
    assert "it is a copy, so workers send nothing from it and do no chores in it" in found.stdout
    assert "leadgen adopt" in found.stdout


def test_disown(database: str, run: Run) -> None:
    with psycopg.connect(database, autocommit=True) as session:
        assert run("disown").returncode == 1
        assert not is_copy(session)
        done = run("disown", "--yes")
        assert done.stderr.endswith("is a copy now: nothing is sent until `leadgen adopt`\n")
        assert is_copy(session)
        assert run("disown", "--yes").stderr.endswith("was a copy already\n")


@pytest.mark.parametrize("command", ["adopt", "disown"])
def test_a_dba_may_not(command: str, copy: psycopg.Connection, database: str, run: Run) -> None:
    refused = run(command, "--yes", DATABASE_URL=with_role(database, "leadgen_dba"))
    assert refused.returncode == 1
    assert refused.stderr == (
        f"leadgen: leadgen_dba may not {command} a database: a superuser or leadgen_migrator may\n"
    )
    assert is_copy(copy)
