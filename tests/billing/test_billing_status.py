"""billing_status of a database from before it was kept, and of an invoice with many leads."""

import json
from collections.abc import Iterator

import psycopg
import pytest

from api.serving import make_lead
from leadgen.paths import sql_dir

LEADS = 60
FOLLOW = "select leadgen.run_chore('follow_billing')"
COUNTS = "select billing_status::text, count(*) from leadgen.leads group by 1 order by 1"
FORGET = """
set session_replication_role = replica;
update leadgen.leads set billing_status = 'pending', billed_at = null, paid_at = null;
delete from leadgen.billing_changes;
set session_replication_role = origin
"""


@pytest.fixture
def market(stocked_database: str) -> Iterator[psycopg.Connection]:
    """A session on a fresh database with one offer, whose only buyer is invoiced."""
    with psycopg.connect(stocked_database, autocommit=True) as connection:
        connection.execute("update leadgen.billing_settings set company = 'Acme Leads'")
        connection.execute("update leadgen.buyers set billing_mode = 'invoiced', credit_limit = null")
        connection.execute(
            "update leadgen.buyer_offers set capacity_per_day = null, capacity_per_hour = null"
        )
        yield connection


def sell(market: psycopg.Connection, count: int) -> None:
    """So many leads of different people."""
    for _ in range(count):
        market.execute("select leadgen.submit_lead(%s, '{}')", [json.dumps(make_lead())])


def follow(market: psycopg.Connection) -> int:
    """What a worker does until nothing is left; how often it found something."""
    turns = 0
    while market.execute(FOLLOW).fetchone() == (True,):
        turns += 1
    return turns


def count_statuses(market: psycopg.Connection) -> dict[str, int]:
    """How many leads have each billing_status."""
    return dict(market.execute(COUNTS).fetchall())


def test_the_leads_of_an_invoice_are_queued_and_followed(market: psycopg.Connection) -> None:
    sell(market, LEADS)
    market.execute(
        "select leadgen.invoice_buyer(id, null, true) from leadgen.buyers where currency is not null"
    )
    assert market.execute("select count(*) from leadgen.billing_changes").fetchone() == (1,)
    assert follow(market) == 2
    assert count_statuses(market) == {"billed": LEADS}


def test_an_upgraded_database_brings_its_leads_up_to_date(market: psycopg.Connection) -> None:
    """Migration 0049 notes every lead that was charged for; a worker follows them in portions."""
    sell(market, LEADS)
    market.execute(
        "select leadgen.invoice_buyer(id, null, true) from leadgen.buyers where currency is not null"
    )
    market.execute("update leadgen.buyers set billing_mode = 'prepaid'")
    market.execute(
        "select leadgen.top_up(id, 1000000, 'bank:' || id) from leadgen.buyers where currency is not null"
    )
    sell(market, 5)
    follow(market)
    before = count_statuses(market)
    assert before["paid"] >= 5
    market.execute(FORGET)
    rules = "select distinct rule from leadgen.list_broken_invariants()"
    assert market.execute(rules).fetchall() == [("billing_status_follows",)]

    migration = (sql_dir() / "migrations" / "0049_returns.sql").read_text()
    market.execute(migration[migration.index("insert into leadgen.billing_changes") :].encode())
    assert market.execute(rules).fetchall() == []
    assert follow(market) >= 1
    assert count_statuses(market) == before
    assert market.execute(rules).fetchall() == []
