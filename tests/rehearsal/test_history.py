"""What-if against history: two thousand of the demo's leads, all strategies, returns, holds, a night of 25 hours."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from leadgen.demo.catalogue import load_catalogue
from rehearsal.history import AFTER, START, play
from rig.cluster import Cluster

# So many that each kind of reason comes up: see the first test. A few are repeated or claimed by no source.
LEADS = 2_150
Report = dict[str, Any]
NOTHING_MOVED = {"other_buyer": 0, "other_price": 0, "gained": 0, "lost": 0}

# Sales that stood at once; what a return of another month gives back, this month never had.
MOST_IN_A_MONTH = """
with sale as (
  select a.created_at, a.released_at, coalesce(bo.timezone, m.timezone) as zone
  from leadgen.lead_assignments a
  join leadgen.buyer_offers bo on bo.id = a.buyer_offer_id
  join leadgen.markets m on m.id = a.market_id
  where bo.id = %s
),
move as (
  select date_trunc('month', s.created_at, s.zone) as month, e.at, e.n
  from sale s
  cross join lateral (values (s.created_at, 1), (s.released_at, -1)) as e (at, n)
  where date_trunc('month', e.at, s.zone) = date_trunc('month', s.created_at, s.zone)
)
select max(standing)::integer
from (select sum(n) over (partition by month order by at, n desc) as standing from move) counted
"""

TWO_DAYS = timedelta(days=2)
SPENT = """
update leadgen.buyer_offers bo set budget_per_day = 2000
from leadgen.buyers b where b.id = bo.buyer_id and b.name = 'Bluebonnet Home Services';
"""
# Twice the price, or a buyer fewer, must not run out of money.
RICH = """
update leadgen.buyers set credit_limit = null;
select leadgen.top_up(id, 1000000, 'rich:' || id) from leadgen.buyers where balance > 100
"""


@pytest.fixture(scope="module")
def history(cluster: Cluster, template: str) -> Iterator[psycopg.Connection]:
    """A superuser's session on the database in which it all happened."""
    with cluster.clone(template) as url:
        load_catalogue(url)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(RICH)
            play(connection, LEADS, SPENT, length=TWO_DAYS)
            yield connection


def offers(connection: psycopg.Connection) -> dict[str, int]:
    """The offers' ids by slug."""
    return dict(connection.execute("select slug, id from leadgen.offers order by id").fetchall())


def rehearse(connection: psycopg.Connection, offer: int, **changes: object) -> Report:
    """What would have become of the offer's leads."""
    row = connection.execute(
        "select leadgen.what_if(%s, %s, %s, %s)", [offer, START, AFTER, Jsonb(changes)]
    ).fetchone()
    assert row
    report: Report = row[0]
    return report


def same_sales(report: Report) -> bool:
    """Whether every lead was sold to whom it was, at the price it was."""
    return (
        {how: report["moved"][how] for how in NOTHING_MOVED} == NOTHING_MOVED
        and report["simulated"]["sold"] == report["actual"]["sold"]
        and report["simulated"]["revenue"] == report["actual"]["revenue"]
    )


def enrollments(connection: psycopg.Connection, offer: int) -> list[dict[str, Any]]:
    """The enrollments of an offer, each with what it sold, the returned leads left out."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            """
            select bo.*, (
              select count(*) from leadgen.lead_assignments a
              where a.buyer_offer_id = bo.id and a.released_at is null) as sold
            from leadgen.buyer_offers bo where bo.offer_id = %s order by sold desc, bo.id
            """,
            [offer],
        ).fetchall()


def test_it_has_everything(history: psycopg.Connection) -> None:
    """Enough leads, every strategy, every kind of reason: else the other tests would prove little."""
    leads, sales, returned, routed_again = history.execute(
        """
        select
          (select count(*) from leadgen.leads), (select count(*) from leadgen.lead_assignments),
          (select count(*) from leadgen.lead_assignments where outcome = 'returned'),
          (select count(*) from leadgen.lead_decisions where attempt > 1)
        """
    ).fetchone() or (0, 0, 0, 0)
    assert leads >= 2_000
    assert sales > 1_400
    assert returned > 30
    assert routed_again > 200
    strategies = history.execute(
        "select distinct (market.recall_policy(d)).strategy[1] from leadgen.lead_decisions d"
    )
    assert {name for (name,) in strategies} == {
        "priority",
        "round_robin",
        "weighted",
        "highest_price",
        "least_filled",
    }
    reasons = {
        name for (name,) in history.execute("select distinct unnest(reasons) from leadgen.lead_decisions")
    }
    assert {
        "paused",
        "outside_schedule",
        "outside_service_area",
        "filters",
        "already_had_lead",
        "cap_hour",
        "cap_day",
        "budget_day",
        "minimum_balance",
        "exclusive_to_other",
        "offer_cap_hour",
    } < reasons
    assert history.execute("select * from leadgen.list_broken_invariants()").fetchall() == []


def test_every_lead_comes_out_of_its_record(history: psycopg.Connection) -> None:
    last: int | None = 0
    checked, faults = 0, list[Any]()
    while last is not None:
        last, count, found = history.execute(
            "select * from leadgen.verify_leads(%s, 1000)", [last]
        ).fetchone() or (
            None,
            0,
            [],
        )
        checked += count
        faults += found
    assert faults == []
    assert history.execute("select count(*) from leadgen.leads").fetchone() == (checked,)


@pytest.fixture(scope="module")
def unchanged(history: psycopg.Connection) -> dict[str, Report]:
    """A rehearsal of each offer as it is, by its slug."""
    return {slug: rehearse(history, offer) for slug, offer in offers(history).items()}


def test_no_change_is_what_happened(unchanged: dict[str, Report]) -> None:
    assert len(unchanged) > 8
    for slug, report in unchanged.items():
        assert report["is_identical"], (slug, report["moved"], report["examples"])
        assert report["simulated"] == report["actual"], slug
        assert report["moved"] == NOTHING_MOVED | {"same": report["leads"]}, slug
        assert report["examples"] == [], slug


def test_no_change_of_a_part_is_what_happened(history: psycopg.Connection) -> None:
    """A period that begins and ends in the middle of things: caps half used, leads held."""
    for slug, offer in offers(history).items():
        row = history.execute(
            "select leadgen.what_if(%s, '2026-10-31 20:00Z', '2026-11-01 07:30Z')", [offer]
        ).fetchone()
        assert row
        assert row[0]["is_identical"], slug
        assert row[0]["simulated"] == row[0]["actual"], slug


def test_history_is_what_the_tables_say(history: psycopg.Connection, unchanged: dict[str, Report]) -> None:
    for slug, offer in offers(history).items():
        report = unchanged[slug]
        row = history.execute(
            """
            with sale as (
              select * from leadgen.lead_assignments where offer_id = %(offer)s and released_at is null)
            select
              (select count(*) from leadgen.leads where offer_id = %(offer)s),
              (select count(distinct lead_id) from sale),
              (select count(*) from sale),
              (select sum(price) from sale)::float,
              (select count(*) from leadgen.leads where offer_id = %(offer)s and validation_reason is not null)
            """,
            {"offer": offer},
        ).fetchone()
        actual = report["actual"]
        assert (
            report["leads"],
            actual["sold"],
            actual["sales"],
            actual["revenue"],
            actual["rejected"],
        ) == row


def test_a_cap_of_what_was_sold_changes_nothing(history: psycopg.Connection) -> None:
    """The month's count went up to it and never further. (Where the ranking depends on caps it is different.)"""
    tried = 0
    for slug, offer in offers(history).items():
        if slug in (
            "austin-roofing",
            "denver-plumbing",
            "austin-hvac",
            "tampa-plumbing",
        ):  # weighted, least_filled
            continue
        for enrollment in enrollments(history, offer):
            most = history.execute(
                MOST_IN_A_MONTH,
                [enrollment["id"]],
            ).fetchone()
            if most and most[0]:
                report = rehearse(
                    history, offer, enrollments={str(enrollment["id"]): {"capacity_per_month": most[0]}}
                )
                assert same_sales(report), (slug, enrollment["id"], report["moved"])
                tried += 1
    assert tried > 10


def test_a_buyer_without_sales_is_not_missed(history: psycopg.Connection) -> None:
    """Unsold leads have other causes (rehearsal.stay), but wait as long (rehearsal.waits_as_before)."""
    tried = 0
    for slug, offer in offers(history).items():
        for enrollment in enrollments(history, offer):
            if enrollment["sold"] == 0:
                assert same_sales(rehearse(history, offer, without=[enrollment["buyer_id"]])), slug
                tried += 1
    assert tried >= 3


def test_a_buyer_removed_sells_nothing(history: psycopg.Connection) -> None:
    for slug, offer in offers(history).items():
        first, *_ = enrollments(history, offer)
        report = rehearse(history, offer, without=[first["buyer_id"]])
        (buyer,) = [found for found in report["buyers"] if found["buyer_id"] == first["buyer_id"]]
        assert buyer["simulated"]["sales"] == 0, slug
        assert buyer["actual"]["sales"] == first["sold"] > 0, slug
        moved = report["moved"]
        assert moved["gained"] == 0, slug
        assert report["actual"]["sold"] - report["simulated"]["sold"] == moved["lost"], slug
        assert sum(found["simulated"]["sales"] for found in report["buyers"]) == report["simulated"]["sales"]


def test_an_added_buyer_elsewhere_changes_nothing(history: psycopg.Connection) -> None:
    for slug, offer in offers(history).items():
        (stranger,) = history.execute(
            """
            select min(id) from leadgen.buyers
            where id not in (select buyer_id from leadgen.buyer_offers where offer_id = %s)
            """,
            [offer],
        ).fetchone() or (None,)
        report = rehearse(history, offer, **{"with": [{"buyer_id": stranger, "service_areas": ["99999"]}]})
        assert same_sales(report), slug


@pytest.mark.parametrize("slug", ["tampa-roofing", "tampa-hvac", "denver-roofing", "denver-hvac"])
def test_double_the_price_is_double_the_revenue(history: psycopg.Connection, slug: str) -> None:
    """Where no budget, no minimum and no ranking depends on it."""
    offer = offers(history)[slug]
    (default,) = history.execute(
        "select default_price_per_lead from leadgen.offers where id = %s", [offer]
    ).fetchone() or (0,)
    own = {
        str(found["id"]): {"price_per_lead": float(2 * found["price_per_lead"])}
        for found in enrollments(history, offer)
        if found["price_per_lead"]
    }
    assert not any(
        found["budget_per_day"] or found["min_balance_required"] for found in enrollments(history, offer)
    )
    report = rehearse(
        history, offer, default_price_per_lead=float(2 * default), **({"enrollments": own} if own else {})
    )
    assert report["simulated"]["revenue"] == 2 * report["actual"]["revenue"]
    assert report["simulated"]["sold"] == report["actual"]["sold"] > 0
    assert report["moved"]["other_price"] == report["actual"]["sold"]


def test_rehearsed_caps_are_kept(history: psycopg.Connection) -> None:
    """Every day, the long one too, sells as much as the cap lets it."""
    offer = offers(history)["denver-roofing"]
    report = rehearse(
        history, offer, routing={"on_no_buyer": "reject", "hold_hours": None, "caps": {"per_day": 16}}
    )
    sold = [day["simulated"]["sold"] for day in report["days"]]
    assert max(sold) == 16
    assert all(
        day["simulated"]["sold"] == min(16, day["actual"]["sold"]) or day["actual"]["sold"] < 16
        for day in report["days"]
    )
    days = len(report["days"])
    report = rehearse(
        history,
        offer,
        routing={"on_no_buyer": "reject", "hold_hours": None},
        enrollments={str(found["id"]): {"capacity_per_day": 3} for found in enrollments(history, offer)},
    )
    assert all(0 < buyer["simulated"]["sales"] <= 3 * days for buyer in report["buyers"])
    assert all(day["simulated"]["sold"] <= 6 for day in report["days"])
