"""What views say is what the rows say, at every moment and in every zone.

All tests begin with one history: a week of leads that is kept. Each goes on from there, and is undone.
"""

from collections.abc import Iterator
from contextlib import closing
from copy import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from leadgen.paths import sql_dir
from rig.catalogue import make_lead
from rollups.trade import BASES, Trade

# An example is dozens of leads: to make a failing one smaller would take minutes.
FEW = settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
WORDS = ["submit"] * 6 + [
    "deliver",
    "fail",
    "return",
    "refund",
    "route",
    "sell",
    "again",
    "roll",
    "roll",
    "age",
    "erase",
    "late",
]
LATER = "2030-01-01T00:00:00Z"
BEFORE_HOURS = """
select count(*) from leadgen.report_lead_{} d join leadgen.report_zones z using (market_id, zone)
where d.came_day < z.hours_from
"""
KEPT = "select count(*) from leadgen.report_lead_days"

steps = st.lists(
    st.tuples(st.sampled_from(WORDS), st.integers(1, 20 * 60), st.integers(0, 1_000_000)),
    min_size=20,
    max_size=40,
)


@pytest.fixture(scope="module")
def sold(module_database: str) -> Iterator[Trade]:
    """A week of leads, all of it kept, in a transaction that never ends well."""
    with closing(psycopg.connect(module_database)) as session:
        yield sell(session)


def sell(session: psycopg.Connection[Any]) -> Trade:
    """Two dozen leads, a hundred minutes apart, as clocks change in Berlin; a week and a month end, all is added up."""
    trade = Trade(session, datetime(2025, 3, 29, 20, tzinfo=UTC))
    for number in range(24):
        trade.submit(number)
        trade.wait(100)
    trade.do("deliver", 0)
    trade.roll_up()
    trade.do("age", 0)
    trade.roll_up()
    assert trade.ask("select count(*) from leadgen.report_marks") == 0
    kept = "select array_agg(distinct period order by period) from leadgen.report_sale_periods"
    assert trade.ask(kept) == ["month", "week"]
    return trade


@pytest.fixture
def trade(sold: Trade) -> Iterator[Trade]:
    """A trade that goes on, and is undone."""
    sold.session.execute("savepoint sold")
    yield copy(sold)
    sold.session.execute("rollback to savepoint sold")


@FEW
@given(steps=steps)
def test_views_say_what_the_rows_say_after_every_step(sold: Trade, steps: list[tuple[str, int, int]]) -> None:
    """After each step what all views add up, at the end all views. Adding up changes no row: what these said holds
    but for the hours, which are those before now."""
    sold.session.execute("savepoint example")
    trade, raw, submitted = copy(sold), sold.read_raw(BASES), False
    for what, minutes, number in steps:
        trade.wait(minutes)
        trade.do(what, number)
        if what != "submit":
            is_same = what in ("roll", "age") and not submitted
            raw = raw | trade.read_raw(("hours",)) if is_same else trade.read_raw(BASES)
            assert trade.read(BASES) == raw, what
        submitted = what == "submit"
    trade.roll_up()
    assert trade.read() == trade.read_raw()
    assert trade.ask(KEPT) > 0
    assert trade.session.execute("select * from rollups.list_broken_days()").fetchall() == []
    sold.session.execute("rollback to savepoint example")


@pytest.mark.parametrize("what", ["return", "refund", "erase", "route", "late", "sell"])
def test_a_late_change_is_in_the_views_at_once_and_when_it_was_added_up(trade: Trade, what: str) -> None:
    before = trade.read()
    trade.wait(1200 if what in ("route", "sell") else 1)
    trade.do(what, 3)
    assert trade.read() == trade.read_raw()
    if what != "erase":  # a delivered sale outlives its lead's person
        assert trade.read() != before
    trade.do("age", 0)
    trade.roll_up()
    assert trade.ask("select count(*) from leadgen.report_marks") == 0
    assert trade.read() == trade.read_raw()


@pytest.mark.parametrize(
    "zone", ["Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Havana", "Pacific/Apia", "UTC"]
)
def test_any_zone_that_is_kept_is_as_right_as_the_markets(trade: Trade, zone: str) -> None:
    own = trade.read()
    assert trade.ask("select leadgen.keep_report_zone(%s)", zone) == 2
    trade.roll_up()
    assert trade.read() == own
    trade.session.execute("select report.set_zone(%s)", [zone])
    assert trade.ask("select kept_to > '2025-01-01' from report.zones limit 1") is True
    assert trade.read() == trade.read_raw()
    assert trade.ask("select array_agg(distinct zone) from report.funnel") == [zone]


def test_a_market_that_moves_to_another_zone_is_right_at_once(trade: Trade) -> None:
    trade.session.execute("update leadgen.markets set timezone = 'America/New_York' where currency = 'USD'")
    assert trade.read() == trade.read_raw()
    trade.roll_up()
    assert trade.ask("select count(*) from leadgen.report_zones where zone = 'America/New_York'") == 1
    assert trade.read() == trade.read_raw()


def test_a_rebuild_goes_on_where_it_stopped_and_is_right_in_between(trade: Trade) -> None:
    whole = trade.read()
    trade.session.execute("select leadgen.rebuild_reports()")
    assert trade.ask(KEPT) == 0
    assert trade.read() == whole
    for _ in range(3):
        assert trade.ask("select rollups.keep_next_day()") == 1
        assert trade.read() == whole
    assert trade.ask(KEPT) > 0
    trade.roll_up()
    assert trade.read() == whole


def test_days_that_were_kept_before_there_were_hours_have_none(trade: Trade) -> None:
    """The ends of migrations 0086 and 0089 on a database that has kept days: no hours of the first of them are counted,
    read or kept, not even of a day that is added up anew."""
    trade.wait(16 * 24 * 60)
    trade.roll_up()
    for table in ("lead_hours", "sale_hours"):
        trade.session.execute(f"delete from leadgen.report_{table}".encode())
    for name in ("0086_hours_of_reports.sql", "0089_first_hours_of_reports.sql"):
        migration = (sql_dir() / "migrations" / name).read_text()
        trade.session.execute(migration[migration.index("update leadgen.report_zones") :].encode())
    trade.now -= timedelta(days=14)  # Today reads the days of leads
    trade.tell()
    broken = "select * from rollups.list_broken_days()"
    assert trade.ask(BEFORE_HOURS.format("days")) > 0
    assert trade.session.execute(broken).fetchall() == []
    trade.do("refund", 3)
    trade.do("age", 0)
    assert trade.ask("select rollups.keep_marked_days()") > 0
    for _ in range(5):
        assert trade.session.execute(broken).fetchall() == []
        assert trade.read(("hours",)) == trade.read_raw(("hours",))
        assert trade.ask("select rollups.keep_next_day()") == 1
    trade.work()
    assert trade.session.execute(broken).fetchall() == []
    assert trade.ask(BEFORE_HOURS.format("hours")) == 0


def test_a_delivery_that_fails_late_is_in_the_speed_of_its_day(trade: Trade) -> None:
    for number in range(12):
        trade.submit(number)
    trade.wait(48 * 60)
    trade.roll_up()
    trade.do("age", 0)
    trade.roll_up()
    before = trade.read(("delivery_speed",))
    trade.do("fail", 0)
    assert trade.read(("delivery_speed",)) != before
    assert trade.read(("delivery_speed",)) == trade.read_raw(("delivery_speed",))
    trade.roll_up()
    assert trade.read(("delivery_speed",)) == trade.read_raw(("delivery_speed",))
    assert trade.session.execute("select * from rollups.list_broken_days()").fetchall() == []


def test_a_lead_that_is_judged_otherwise_and_not_sold_is_in_the_scorecard_at_once(trade: Trade) -> None:
    """One buyer was paused and the other not, now it is the other way round: all but the decision stays as it was."""
    trade.wait(2 * 24 * 60)  # April: no cap of a month begins anew in between
    offer = trade.catalogue.add_offer({"on_no_buyer": None, "hold_hours": 90})
    full = [trade.catalogue.enroll(offer, buyer, capacity_per_month=1) for buyer in trade.buyers[4:6]]
    for _ in range(3):
        lead = make_lead(offer.source_key)
        trade.session.execute("select leadgen.submit_lead(%s::jsonb, '{}')", [Jsonb(lead)])

    def route_with_a_pause_of(enrollment: int) -> None:
        trade.wait(20 * 60)
        trade.session.execute(
            "update leadgen.buyer_offers set pause_until = case id when %s then %s::timestamptz end"
            " where offer_id = %s",
            [enrollment, LATER, offer.id],
        )
        trade.session.execute(
            "update leadgen.leads set next_route_at = leadgen.clock() where hold_until is not null and offer_id = %s",
            [offer.id],
        )
        trade.do("route", 0)

    route_with_a_pause_of(full[0])
    trade.wait(20 * 60)
    trade.roll_up()
    trade.do("age", 0)
    trade.roll_up()
    before = trade.read(("buyer_scorecard",))
    route_with_a_pause_of(full[1])
    assert trade.read(("buyer_scorecard",)) != before
    assert trade.read() == trade.read_raw()
    trade.roll_up()
    assert trade.read() == trade.read_raw()


def test_a_mark_of_a_new_sale_waits_until_its_hour_is_closed(trade: Trade) -> None:
    trade.wait(1200)
    trade.do("route", 0)
    marks = "select count(*) from leadgen.report_marks where due_at > '-infinity'"
    assert trade.ask(marks) > 0
    trade.session.execute(
        "update leadgen.report_closing set closed_until = clock_timestamp() - interval '1 hour'"
    )
    trade.session.execute("select rollups.keep_marked_days()")
    assert trade.ask(marks) > 0
    trade.session.execute("update leadgen.report_closing set closed_until = clock_timestamp()")
    while trade.ask("select rollups.keep_marked_days()"):
        pass
    assert trade.ask(marks) == 0
    assert trade.read() == trade.read_raw()


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("sale_days", "revenue"),
        ("sale_periods", "revenue"),
        ("unsold_months", "places"),
        ("lead_hours", "cost"),
    ],
)
def test_a_wrong_number_of_what_is_kept_is_found(trade: Trade, table: str, column: str) -> None:
    table = f"report_{table}"
    assert trade.session.execute("select * from rollups.list_broken_days()").fetchall() == []
    latest = f"(select max(ctid) from leadgen.{table})"
    trade.session.execute(
        f"update leadgen.{table} set {column} = {column} + 1 where ctid = {latest}".encode()
    )
    broken = trade.session.execute("select rule, detail from leadgen.list_broken_invariants()").fetchall()
    assert [rule for rule, _ in broken if rule == table] == [table] * 2
