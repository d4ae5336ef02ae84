"""Every place taken at once (FAULTS 10): all caps and budgets under a crowd, at midnight and when clocks change.

The tests share a database and the crowd's sessions. Each has an offer of its own, and looks at that alone.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any, NamedTuple

import psycopg
import pytest

from concurrency.sessions import PATIENCE, Answer, submit
from rig.catalogue import Catalogue, Offer, make_lead

SESSIONS = 8
LEADS = 16  # at each moment: two a session, more than twice the places
PRICE = 45
ZONE = "America/Chicago"


class Limit(NamedTuple):
    """Seven places: a column of an enrollment, a key of a routing policy's caps; the reason when they are taken."""

    column: str
    key: str
    value: float
    reason: str
    window: str


SEVEN = [
    Limit("capacity_per_hour", "per_hour", 7, "cap_hour", "hour"),
    Limit("capacity_per_day", "per_day", 7, "cap_day", "day"),
    Limit("capacity_per_week", "per_week", 7, "cap_week", "week"),
    Limit("capacity_per_month", "per_month", 7, "cap_month", "month"),
    Limit("budget_per_day", "budget_per_day", 7 * PRICE + 44.99, "budget_day", "day"),
    Limit("budget_per_month", "budget_per_month", 7 * PRICE + 44.99, "budget_month", "month"),
]
# Moments in UTC, two to four around what happens, and how many windows of each kind they lie in.
NIGHTS = {
    "midnight": (
        ["2026-06-16T04:59:59", "2026-06-16T05:00:00"],
        {"hour": 2, "day": 2, "week": 1, "month": 1},
    ),
    "Sunday to Monday, March to April": (
        ["2027-02-01T05:59:59", "2027-02-01T06:00:00"],  # 1 February 2027 is a Monday
        {"hour": 2, "day": 2, "week": 2, "month": 2},
    ),
    "23 hours": (  # 01:30 CST, 03:30 CDT, 23:30, 00:30
        ["2026-03-08T07:30:00", "2026-03-08T08:30:00", "2026-03-09T04:30:00", "2026-03-09T05:30:00"],
        {"hour": 4, "day": 2, "week": 2, "month": 1},
    ),
    "25 hours": (  # 00:30 CDT, 01:30 CDT, 01:30 CST, 23:30
        ["2026-11-01T05:30:00", "2026-11-01T06:30:00", "2026-11-01T07:30:00", "2026-11-02T05:30:00"],
        {"hour": 4, "day": 1, "week": 1, "month": 1},
    ),
}


class Crowd:
    """Sessions that hand leads in together, the same ones at each moment of a test."""

    def __init__(self, sessions: Sequence[psycopg.Connection]) -> None:
        self._sessions = sessions

    def submit(self, offer: Offer, at: datetime) -> list[Answer]:
        """Hand in leads at one moment of the clock; the sessions start at once."""
        barrier = Barrier(len(self._sessions))
        everybody = [make_lead(offer.source_key) for _ in range(LEADS)]

        def work(number: int) -> list[Answer]:
            session = self._sessions[number]
            session.execute("select set_config('leadgen.clock', %s, false)", [at.isoformat()])
            barrier.wait(PATIENCE)
            return [submit(session, lead) for lead in everybody[number :: len(self._sessions)]]

        with ThreadPoolExecutor(len(self._sessions)) as pool:
            return [answer for share in pool.map(work, range(len(self._sessions))) for answer in share]


@pytest.fixture(scope="module")
def crowd(module_database: str) -> Iterator[Crowd]:
    """Sessions of the superuser, for whom the clock is honoured. When all tests are over, the invariants hold."""
    with ExitStack() as opened:
        sessions = [
            opened.enter_context(psycopg.connect(module_database, autocommit=True)) for _ in range(SESSIONS)
        ]
        yield Crowd(sessions)
        assert sessions[0].execute("select * from leadgen.list_broken_invariants()").fetchall() == []


@pytest.fixture
def admin(module_session: psycopg.Connection) -> psycopg.Connection:
    """A superuser's session on the database of all tests here."""
    return module_session


def utc(moment: str) -> datetime:
    """A moment of NIGHTS."""
    return datetime.fromisoformat(moment).replace(tzinfo=UTC)


@pytest.fixture
def market(admin: psycopg.Connection, catalogue: Catalogue) -> Catalogue:
    """The market, in Chicago."""
    admin.execute("update leadgen.markets set timezone = %s", [ZONE])
    return catalogue


def check(admin: psycopg.Connection, answers: list[Answer], places: int, reason: str) -> None:
    """Exactly the places were sold, and every other lead says why not, with its numbers."""
    unsold = [answer["lead_id"] for answer in answers if not answer["buyer_id"]]
    assert len(answers) - len(unsold) == places
    words = admin.execute(
        """
        select l.unsold_reason, array(select c.reason from leadgen.explain_candidates(l.id) c)
        from leadgen.leads l where l.id = any (%s)
        """,
        [unsold],
    ).fetchall()
    assert len(words) == len(unsold)
    for unsold_reason, reasons in words:
        assert unsold_reason == f"no buyer could take it: {reason} {len(reasons)}"
        assert all(one.startswith(f"{reason}: ") and "resets 20" in one for one in reasons)


@pytest.mark.parametrize("night", NIGHTS)
@pytest.mark.parametrize("limit", SEVEN, ids=lambda limit: limit.reason)
def test_an_enrollment_sells_seven_a_window(
    limit: Limit, night: str, crowd: Crowd, admin: psycopg.Connection, market: Catalogue
) -> None:
    offer = market.add_offer()
    market.enroll(offer, **{limit.column: limit.value})
    moments, windows = NIGHTS[night]
    answers = [answer for at in moments for answer in crowd.submit(offer, utc(at))]
    check(admin, answers, 7 * windows[limit.window], limit.reason)


@pytest.mark.parametrize("night", NIGHTS)
@pytest.mark.parametrize("limit", SEVEN, ids=lambda limit: limit.key)
def test_an_offer_sells_seven_a_window(
    limit: Limit, night: str, crowd: Crowd, admin: psycopg.Connection, market: Catalogue
) -> None:
    """Two buyers a lead, three to choose from: the last place goes to one."""
    offer = market.add_offer({"caps": {limit.key: limit.value}, "max_buyers": 2, "strategy": "round_robin"})
    for _ in range(3):
        market.enroll(offer)
    moments, windows = NIGHTS[night]
    answers = [answer for at in moments for answer in crowd.submit(offer, utc(at))]
    check(admin, answers, 4 * windows[limit.window], f"offer_{limit.reason}")
    sold = [answer["lead_id"] for answer in answers if answer["buyer_id"]]
    sales = admin.execute(
        "select count(*) from leadgen.lead_assignments where lead_id = any (%s)", [sold]
    ).fetchone()
    assert sales == (7 * windows[limit.window],)


def test_every_limit_at_once(crowd: Crowd, admin: psycopg.Connection, market: Catalogue) -> None:
    """All of an enrollment and of its offer, through the long night into Monday: each moment sells what is left."""
    offer = market.add_offer({"caps": {"per_hour": 6, "per_day": 9, "per_week": 30, "per_month": 40}})
    market.enroll(
        offer,
        capacity_per_hour=5,
        capacity_per_day=12,
        capacity_per_week=25,
        capacity_per_month=40,
        budget_per_day=8 * PRICE,
        budget_per_month=14 * PRICE,
    )
    sold = [
        (moment, sum(bool(answer["buyer_id"]) for answer in crowd.submit(offer, utc(moment))))
        for moment in (
            "2026-11-01T04:30:00",  # Saturday 23:30 in Chicago: the last day of October
            "2026-11-01T06:30:00",  # Sunday 01:30
            "2026-11-01T07:30:00",  # 01:30 again
            "2026-11-01T08:30:00",  # the day's budget is spent
            "2026-11-02T06:30:00",  # Monday
            "2026-11-02T07:30:00",  # the month's budget is spent
        )
    ]
    assert [count for _, count in sold] == [5, 5, 3, 0, 5, 1]
    reasons: dict[Any, Any] = dict(
        admin.execute(
            """
            select date_trunc('second', l.created_at at time zone 'UTC')::text, min(l.unsold_reason)
            from leadgen.leads l where l.offer_id = %s and l.buyer_id is null
            group by 1 having count(distinct l.unsold_reason) = 1
            """,
            [offer.id],
        ).fetchall()
    )
    assert [reasons[at.replace("T", " ")].removeprefix("no buyer could take it: ") for at, _ in sold] == [
        "cap_hour 1",
        "cap_hour 1",
        "budget_day 1",
        "budget_day 1",
        "cap_hour 1",
        "budget_month 1",
    ]


def test_a_place_that_comes_back_at_midnight_is_sold_once(
    crowd: Crowd, admin: psycopg.Connection, market: Catalogue
) -> None:
    """A sale of yesterday is returned after midnight: today's seven are not eight."""
    offer = market.add_offer({"reroute": {"on_return": False}})
    enrollment = market.enroll(offer, capacity_per_day=7, capacity_per_week=9)
    before, after = utc("2026-06-16T04:59:00"), utc("2026-06-16T05:01:00")
    check(admin, crowd.submit(offer, before), 7, "cap_day")
    admin.execute("select set_config('leadgen.clock', %s, false)", [after.isoformat()])
    admin.execute(
        "select leadgen.return_sale(min(id), 'other') from leadgen.lead_assignments where buyer_offer_id = %s",
        [enrollment],
    )
    answers = crowd.submit(offer, after + timedelta(seconds=1))
    assert (
        sum(bool(answer["buyer_id"]) for answer in answers) == 3
    )  # of the week: 9, less 7, and one came back
    usage = "select sales[2], sales[3] from leadgen.enrollment_usage where buyer_offer_id = %s"
    assert admin.execute(usage, [enrollment]).fetchone() == (3, 9)
