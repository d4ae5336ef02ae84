"""The commands about sources that are paid: payables, payout, source-statement."""

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from api.serving import make_lead

Run = Callable[..., Any]
SOURCE = "austin-plumbing-v1"


@pytest.fixture
def database(stocked_database: str) -> str:
    """With a catalogue in it."""
    return stocked_database


@pytest.fixture
def market(database: str) -> Any:
    """A session on a database whose source was paid 8.00 for each of three leads that were sold."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            """
            with policy as (
              insert into leadgen.payout_policies (name, rules) values ('pages', '{"price": 8}') returning id
            )
            update leadgen.sources s set payout_policy_id = policy.id from policy where s.source_key = %s
            """,
            [SOURCE],
        )
        for _ in range(3):
            connection.execute("select leadgen.submit_lead(%s, '{}')", [json.dumps(make_lead())])
        yield connection


def lines_of(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_a_source_is_paid_and_its_statement_says_so(market: psycopg.Connection, run: Run) -> None:
    assert " pages 24.00 0.00 0.00 24.00 USD" in lines_of(run("money", "payables").stdout)[1]
    done = run("money", "payout", SOURCE, "--amount", "10", "--method", "bank_transfer", "--memo", "November")
    assert done.returncode == 0
    assert done.stdout.startswith(f"source {SOURCE}: paid 10.00 USD, transaction ")
    assert done.stdout.endswith(", owed 14.00 USD\n")
    lines = lines_of(run("money", "source-statement", SOURCE).stdout)
    assert [line.split(" ", 2)[2].split(" ")[0] for line in lines[1:]] == [
        "opening", "earned", "earned", "earned", "payout", "closing",
    ]  # fmt: skip
    assert " -10.00 14.00 USD November" in lines[-2]
    rest = run("money", "payout", SOURCE)
    assert rest.stdout.endswith(", owed 0.00 USD\n")
    rows = json.loads(run("money", "source-statement", SOURCE, "--json").stdout)
    assert [row["balance"] for row in rows] == ["0.00", "8.00", "16.00", "24.00", "14.00", "0.00", "0.00"]
    (owed,) = json.loads(run("money", "payables", "--json").stdout)
    assert (owed["source"], owed["paid"], owed["owed"]) == (SOURCE, "24.00", "0.00")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["payout", SOURCE, "--amount", "24.01"], "amount: found 24.01, allowed at most 24.00 USD"),
        (
            ["payout", SOURCE, "--amount", "ten"],
            "--amount: found ten, allowed an amount such as 250 or 99.50",
        ),
        (["payout", SOURCE, "--currency", "EUR"], "allowed nothing: 0 EUR is owed"),
        (["payout", "austin-plumbing-v2"], f"no source austin-plumbing-v2: did you mean {SOURCE}?"),
        (["source-statement", "0"], "no source 0: there are "),
        (
            ["source-statement", SOURCE, "--from", "2026-11-02", "--to", "2026-11-01"],
            "--from 2026-11-02 00:00 is not before",
        ),
    ],
)
def test_a_refusal_says_what_is_allowed(
    market: psycopg.Connection, run: Run, arguments: list[str], said: str
) -> None:
    done = run("money", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in " ".join(done.stderr.split())


def test_nothing_is_owed_where_no_source_is_paid(database: str, run: Run) -> None:
    done = run("money", "payables")
    assert (done.stdout, done.stderr) == ("", "no source was ever owed anything\n")


def test_explain_says_what_a_sale_cost(market: psycopg.Connection, run: Run) -> None:
    lead = market.execute("select max(id) from leadgen.leads").fetchone()
    assert lead
    assert "base 45.00 USD, cost 8.00, margin 37.00, " in " ".join(
        run("explain", str(lead[0])).stdout.split()
    )


def test_what_if_shows_cost_and_margin(market: psycopg.Connection, run: Run) -> None:
    lines = lines_of(run("what-if", "austin-plumbing", "--set", "payout.price=10").stdout)
    assert "cost, USD 24.00 30.00 +6.00" in lines
    assert "margin, USD 111.00 105.00 -6.00" in lines
