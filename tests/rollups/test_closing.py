"""A day is added up only when nothing of it can still be committed unmarked."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from rig.catalogue import Catalogue, Offer, make_lead
from rig.cluster import Connect
from rig.waiting import wait_until

CLOSED = "select closed_until from leadgen.report_closing"
MARKS = "select count(*) from leadgen.report_marks"


def ask(session: psycopg.Connection[Any], query: str) -> Any:
    """The one value of a query."""
    row = session.execute(query.encode()).fetchone()
    assert row
    return row[0]


def test_hours_close_when_those_who_wrote_before_have_ended(connect: Connect) -> None:
    session, slow = connect(), connect()
    slow.execute("begin")
    slow.execute("select pg_current_xact_id()")
    for _ in range(5):
        session.execute("select rollups.close_hours()")
    assert ask(session, "select closing_until is not null from leadgen.report_closing") is True
    assert ask(session, "select closed_until = '-infinity' from leadgen.report_closing") is True
    slow.execute("commit")

    def is_closed() -> bool:  # other tests' transactions on the server end, too
        session.execute("select rollups.close_hours()")
        return bool(ask(session, "select closed_until > '-infinity' from leadgen.report_closing"))

    wait_until(is_closed)
    closed = ask(session, CLOSED)
    assert timedelta(minutes=60) <= datetime.now(UTC) - closed


def test_a_restored_dump_begins_to_close_anew(connect: Connect) -> None:
    session = connect()
    session.execute(
        "update leadgen.report_closing set closing_until = '2026-01-01', closing_xid = '9000000000000'"
    )
    session.execute("select rollups.close_hours()")
    assert ask(session, "select closing_xid < '9000000000000' from leadgen.report_closing") is True
    assert ask(session, CLOSED.replace("closed_until", "closed_until = '-infinity'")) is True


@pytest.fixture
def offer(connect: Connect) -> tuple[psycopg.Connection[Any], Offer]:
    """A session, and an offer with a buyer."""
    session = connect()
    catalogue = Catalogue(session)
    offer = catalogue.add_offer()
    catalogue.enroll(offer)
    return session, offer


def submit(session: psycopg.Connection[Any], offer: Offer, age: timedelta) -> None:
    """A lead that came so long ago."""
    at = datetime.now(UTC) - age
    session.execute("select set_config('leadgen.clock', %s, false)", [at.isoformat()])
    session.execute("select leadgen.submit_lead(%s::jsonb, '{}')", [Jsonb(make_lead(offer.source_key))])


def test_a_new_lead_marks_nothing(offer: tuple[psycopg.Connection[Any], Offer]) -> None:
    session, one = offer
    submit(session, one, timedelta(minutes=49))
    assert ask(session, MARKS) == 0


def test_a_late_lead_is_marked(offer: tuple[psycopg.Connection[Any], Offer]) -> None:
    session, one = offer
    submit(session, one, timedelta(minutes=51))
    assert ask(session, MARKS) > 0


def test_what_becomes_of_a_new_sale_marks_nothing(offer: tuple[psycopg.Connection[Any], Offer]) -> None:
    session, one = offer
    submit(session, one, timedelta(minutes=40))
    session.execute("select leadgen.return_sale(max(id), 'spam') from leadgen.lead_assignments")
    assert ask(session, MARKS) == 0


def test_a_database_that_had_leads_begins_with_the_day_of_the_first(
    offer: tuple[psycopg.Connection[Any], Offer],
) -> None:
    session, one = offer
    submit(session, one, timedelta(days=3))

    def is_kept() -> bool:
        session.execute("select rollups.roll_up()")
        return bool(ask(session, "select count(*) from leadgen.report_lead_days"))

    wait_until(is_kept)
    while ask(session, "select rollups.roll_up()"):
        pass
    assert ask(session, "select min(rolled_to) > current_date - 3 from leadgen.report_zones") is True


def test_a_second_worker_leaves_the_chore_to_the_first(connect: Connect) -> None:
    first, second = connect(), connect()
    first.execute("begin")
    first.execute("select rollups.roll_up()")
    assert ask(second, "select rollups.roll_up()") == 0
    first.execute("rollback")


SAID = """
select format('%s %s %s', (select jsonb_agg(f) from report.funnel f), (select jsonb_agg(f) from report.funnel_hours f),
  console.list_days(clock_timestamp()))
"""


def test_what_is_closed_of_today_is_kept_and_the_rest_is_read(
    offer: tuple[psycopg.Connection[Any], Offer],
) -> None:
    session, one = offer
    here = 12 - datetime.now(UTC).hour  # it is noon where the market is
    session.execute("update leadgen.markets set timezone = %s", [f"Etc/GMT{-here:+d}"])
    for hours in (30, 5, 3, 0):
        submit(session, one, timedelta(hours=hours))
    session.execute("select set_config('leadgen.clock', '', false)")

    def is_kept() -> bool:
        session.execute("select rollups.roll_up()")
        return bool(ask(session, "select max(rolled_until) is not null from leadgen.report_zones"))

    def ask_rows() -> Any:
        session.execute("begin")
        session.execute("delete from leadgen.report_zones")
        said = ask(session, SAID)
        session.execute("rollback")
        return said

    wait_until(is_kept)
    kept = (
        "select sum(received) from leadgen.report_lead_days where not by_campaign and came_day = current_date"
    )
    zone = ask(session, "select timezone from leadgen.markets")
    session.execute("select set_config('timezone', %s, false)", [zone])
    assert ask(session, kept) == 2
    assert ask(session, "select sum(received) from leadgen.report_lead_hours") == 3
    said = ask(session, SAID)
    assert said == ask_rows()
    session.execute("select leadgen.return_sale(min(id) + 1, 'spam') from leadgen.lead_assignments")
    assert ask(session, SAID) != said
    assert ask(session, SAID) == ask_rows()
    while ask(session, "select rollups.roll_up()"):
        pass
    assert ask(session, MARKS) == 0
    assert ask(session, SAID) == ask_rows()
