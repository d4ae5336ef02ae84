"""The commands about what is configured: offers, buyers, keys, check; and the version."""

import json
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import psycopg
import pytest

Market = psycopg.Connection
Run = Callable[..., Any]

WIDTH = 100


@pytest.fixture
def database(stocked_database: str) -> str:
    """With a catalogue in it."""
    return stocked_database


@pytest.fixture
def market(database: str) -> Any:
    """A session on a fresh database with one offer, its buyer Ann, and Bob, who buys nothing."""
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


def lines_of(done: Any) -> list[str]:
    """The lines of a table that fits, blanks collapsed."""
    assert done.returncode == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= WIDTH
    return [" ".join(line.split()) for line in done.stdout.splitlines()]


def test_the_version_is_shown(run: Run) -> None:
    assert run("--version").stdout == f"leadgen {version('leadgen')}\n"


def test_offers_are_listed(market: Market, run: Run) -> None:
    lines = lines_of(run("offers"))
    assert lines[0] == "id offer market price sources buyers validation routing pricing state"
    assert lines[1] == "1 austin-plumbing austin 45.00 USD 2 1 1 1 active"
    market.execute("update leadgen.offers set is_active = false")
    assert lines_of(run("offers"))[1].endswith(" inactive")
    (offer,) = json.loads(run("offers", "--json").stdout)
    assert (offer["offer"], offer["is_active"], offer["buyers"]) == ("austin-plumbing", False, 1)


def test_buyers_are_listed_with_their_channels(market: Market, run: Run) -> None:
    lines = lines_of(run("buyers"))
    assert lines[0] == "id buyer channels balance state offers"
    assert lines[1] == "1 Ann email, webhook 0.00 active austin-plumbing"
    assert lines[2] == "2 Bob none 0.00 active"
    market.execute(
        "select leadgen.disable_endpoint(id, 'gone') from leadgen.endpoints where channel = 'email'"
    )
    assert lines_of(run("buyers"))[1] == "1 Ann webhook 0.00 active austin-plumbing"
    assert [row["name"] for row in json.loads(run("buyers", "--json").stdout)] == ["Ann", "Bob"]


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ("weight = 2.5", "1 1 Ann 1 2.5 45.00 active"),
        (
            "capacity_per_day = 20, budget_per_month = 900",
            "1 1 Ann 1 1 45.00 20 a day, 900.00 a month active",
        ),
        ("pause_until = 'infinity', price_per_lead = 60", "1 1 Ann 1 1 60.00 paused without end"),
        ("pause_until = '2999-12-24T00:00Z'", "1 1 Ann 1 1 45.00 paused until 2999-12-24 00:00 UTC"),
        (
            "pause_from = '2999-12-24T00:00Z', pause_until = '2999-12-27T00:00Z'",
            "1 1 Ann 1 1 45.00 active, pause planned from 2999-12-24 00:00 until 2999-12-27 00:00 UTC",
        ),
        ("is_active = false", "1 1 Ann 1 1 45.00 inactive"),
    ],
)
def test_an_offers_enrollments_are_listed_with_their_limits(
    change: str, shown: str, market: Market, run: Run
) -> None:
    market.execute(f"update leadgen.buyer_offers set {change}".encode())
    lines = lines_of(run("buyers", "--offer", "austin-plumbing"))
    assert lines[0] == "enrollment buyer id buyer priority weight price limits state"
    assert " ".join(lines[1:]) == shown
    (row,) = json.loads(run("buyers", "--offer", "1", "--json").stdout)
    assert (row["enrollment_id"], row["buyer"]) == (1, "Ann")


@pytest.mark.usefixtures("market")
def test_buyers_of_an_unknown_offer_name_the_one_meant(run: Run) -> None:
    done = run("buyers", "--offer", "austin-plumbin")
    assert done.stderr == "leadgen: no offer austin-plumbin: did you mean austin-plumbing?\n"


@pytest.mark.usefixtures("market")
def test_keys_are_listed_without_what_they_are(run: Run) -> None:
    lines = lines_of(run("key", "list"))
    assert lines[0] == "id begins with holder for may made, UTC used, UTC ends, UTC state"
    assert sum(line.endswith("in force") for line in lines) == 5, (
        "Ann's, Bob's, Olga's, Otto's and the partner's; none that was revoked"
    )
    assert lines_of(run("key", "list", "--revoked"))[0] == lines[0]
    rows = json.loads(run("key", "list", "--revoked", "--json").stdout)
    assert sorted(row["holder"] for row in rows) == [
        "buyer",
        "buyer",
        "buyer",
        "operator",
        "operator",
        "operator",
        "source",
    ]
    assert len([row for row in rows if row["revoked_at"]]) == 2
    assert "hash" not in rows[0]


@pytest.mark.parametrize(
    ("command", "words"),
    [(["offers"], "no offers\n"), (["buyers"], "no buyers\n"), (["key", "list"], "no keys\n")],
)
def test_no_rows_are_said_in_words(
    command: list[str], words: str, module_database: str, leadgen_here: Run
) -> None:
    assert leadgen_here(*command, DATABASE_URL=module_database).stderr == words


def test_a_configuration_that_works_has_no_fault(market: Market, run: Run) -> None:
    done = run("check")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "everything that is active can work\n")
    assert json.loads(run("check", "--json").stdout) == []


def test_check_says_what_cannot_work_and_how_to_mend_it(market: Market, run: Run) -> None:
    market.execute("delete from leadgen.buyer_service_areas")
    market.execute("update leadgen.buyer_offers set capacity_per_day = 0")
    done = run("check")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines() == [
        "offer 1, austin-plumbing: none of its enrollments can take a lead. "
        "Mend it: see its enrollments below",
        "enrollment 1, Ann in austin-plumbing: its buyer has no service area in austin. "
        "Mend it: insert a row into leadgen.buyer_service_areas; * is the whole market",
        "enrollment 1, Ann in austin-plumbing: it has a cap or a budget of 0. "
        "Mend it: set the cap or the budget to null for no limit",
    ]
    as_json = run("check", "--json")
    assert as_json.returncode == 1
    assert json.loads(as_json.stdout)[0]["subject"] == "offer 1, austin-plumbing"


def test_a_dba_may_read_the_faults(market: Market, connect: Any) -> None:
    market.execute("update leadgen.sources set is_active = false")
    rows = connect("leadgen_dba").execute("select fault from leadgen.list_configuration_faults()").fetchall()
    assert rows == [("it has no active source: no lead can come in",)]
