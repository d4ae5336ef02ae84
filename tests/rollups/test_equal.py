"""What views say is what the rows say, at every moment and in every zone."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from rig.catalogue import make_lead
from rollups.trade import Trade

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
KEPT = "select count(*) from leadgen.report_lead_days"

steps = st.lists(
    st.tuples(st.sampled_from(WORDS), st.integers(1, 20 * 60), st.integers(0, 1_000_000)),
    min_size=20,
    max_size=40,
)


@pytest.fixture
def trade(module_session: psycopg.Connection[Any]) -> Iterator[Trade]:
    """A trade that is undone."""
    module_session.execute("rollback")
    module_session.execute("begin")
    yield Trade(module_session)
    module_session.execute("rollback")


@FEW
@given(steps=steps)
def test_views_say_what_the_rows_say_after_every_step(
    module_session: psycopg.Connection[Any], steps: list[tuple[str, int, int]]
) -> None:
    module_session.execute("rollback")
    module_session.execute("begin")
    trade = Trade(module_session)
    for what, minutes, number in steps:
        trade.wait(minutes)
        trade.do(what, number)
        if what != "submit":
            assert trade.read() == trade.read_raw(), what
    trade.roll_up()
    assert trade.read() == trade.read_raw()
    assert trade.ask(KEPT) > 0
    assert trade.session.execute("select * from rollups.list_broken_days()").fetchall() == []
    module_session.execute("rollback")


def sell(trade: Trade, leads: int = 24) -> None:
    """A week of leads, all of it kept."""
    for number in range(leads):
        trade.submit(number)
        trade.wait(100)
    trade.do("deliver", 0)
    trade.roll_up()
    trade.do("age", 0)
    trade.roll_up()
    assert trade.ask("select count(*) from leadgen.report_marks") == 0
    assert trade.ask("select count(*) from leadgen.report_sale_days") > 0


@pytest.mark.parametrize("what", ["return", "refund", "erase", "route", "late", "sell"])
def test_a_late_change_is_in_the_views_at_once_and_when_it_was_added_up(trade: Trade, what: str) -> None:
    sell(trade)
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
    sell(trade)
    own = trade.read()
    assert trade.ask("select leadgen.keep_report_zone(%s)", zone) == 2
    trade.roll_up()
    assert trade.read() == own
    trade.session.execute("select report.set_zone(%s)", [zone])
    assert trade.ask("select kept_to > '2025-01-01' from report.zones limit 1") is True
    assert trade.read() == trade.read_raw()
    assert trade.ask("select array_agg(distinct zone) from report.funnel") == [zone]


def test_a_market_that_moves_to_another_zone_is_right_at_once(trade: Trade) -> None:
    sell(trade)
    trade.session.execute("update leadgen.markets set timezone = 'America/New_York' where currency = 'USD'")
    assert trade.read() == trade.read_raw()
    trade.roll_up()
    assert trade.ask("select count(*) from leadgen.report_zones where zone = 'America/New_York'") == 1
    assert trade.read() == trade.read_raw()


def test_a_rebuild_goes_on_where_it_stopped_and_is_right_in_between(trade: Trade) -> None:
    sell(trade)
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
    before = trade.read(("judged", "buyer_scorecard"))
    route_with_a_pause_of(full[1])
    assert trade.read(("judged", "buyer_scorecard")) != before
    assert trade.read() == trade.read_raw()
    trade.roll_up()
    assert trade.read() == trade.read_raw()


def test_a_mark_of_a_new_sale_waits_until_its_hour_is_closed(trade: Trade) -> None:
    sell(trade)
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
    trade.work()
    assert trade.ask(marks) == 0
    assert trade.read() == trade.read_raw()


def test_a_wrong_number_in_a_kept_day_is_found(trade: Trade) -> None:
    sell(trade)
    assert trade.session.execute("select * from rollups.list_broken_days()").fetchall() == []
    trade.session.execute(
        "update leadgen.report_sale_days set revenue = revenue + 0.01"
        " where ctid = (select min(ctid) from leadgen.report_sale_days)"
    )
    broken = trade.session.execute("select rule, detail from leadgen.list_broken_invariants()").fetchall()
    assert [rule for rule, _ in broken] == ["report_sale_days"] * 2
