"""What-if where leads are held and sales are returned, against what really becomes of them under the changes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from rehearsal.history import PLAY
from rig.catalogue import Catalogue, make_lead
from rig.cluster import Cluster

MONDAY = datetime(2026, 11, 16, 14, tzinfo=UTC)  # eight in the morning in Chicago
DAYS, LEADS = 3, 45
END = MONDAY + timedelta(days=DAYS)
Report = dict[str, Any]
Step = tuple[datetime, dict[str, object] | int]

# Every hold ends before midnight, and the first three leads of a day are the first buyer's: those are returned, for
# what-if does not know what a buyer would return that history did not sell to.
RETURNED = 3
BUYERS: list[dict[str, object]] = [
    {"routing_priority": 4, "capacity_per_day": 8, "price_per_lead": 60},
    {"routing_priority": 3, "capacity_per_hour": 2, "filters": {"attributes.size": {"minimum": 50}}},
    {"routing_priority": 2, "budget_per_day": 320, "price_per_lead": 40},
    {"routing_priority": 1, "capacity_per_day": 4, "filters": {"attributes.size": {"maximum": 60}}},
]
CHANGED: dict[str, dict[int, dict[str, object]]] = {
    "fewer places": {0: {"capacity_per_day": 3}, 1: {"capacity_per_hour": 1}, 2: {"budget_per_day": 90}},
    "more places": {1: {"capacity_per_hour": 4}, 2: {"budget_per_day": 500}, 3: {"capacity_per_day": 9}},
    "other places": {
        0: {"capacity_per_day": 4},
        2: {"budget_per_day": 150, "price_per_lead": 50},
        3: {"capacity_per_day": 2},
    },
}


def write_steps(seed: int) -> list[Step]:
    """Leads, and returns of the first of a day by their numbers, in the order of their times."""
    rng = Random(seed)
    steps: list[Step] = []
    for day in range(DAYS):
        morning = MONDAY + timedelta(days=day)
        times = sorted(morning + timedelta(hours=7) * rng.random() for _ in range(LEADS))
        steps += [(at, {"attributes": {"size": rng.randrange(100)}}) for at in times]
        steps += [
            (times[number] + timedelta(hours=1, minutes=rng.randrange(300)), day * LEADS + number)
            for number in range(RETURNED)
        ]
    return sorted(steps, key=lambda step: step[0])


def happen(
    connection: psycopg.Connection, reroutes: bool, change: str | None, seed: int
) -> tuple[int, list[int]]:
    """All of it in a catalogue of its own; returns the offer and its enrollments."""
    connection.execute("select set_config('leadgen.clock', %s, false)", [MONDAY.isoformat()])
    connection.execute(PLAY)
    catalogue = Catalogue(connection, timezone="America/Chicago")
    offer = catalogue.add_offer(
        {"on_no_buyer": "hold", "hold_hours": 6, "reroute": {"on_return": reroutes}, "contact_window_days": 0}
    )
    changes = CHANGED[change] if change else {}
    seats = [catalogue.enroll(offer, **buyer | changes.get(n, {})) for n, buyer in enumerate(BUYERS)]
    for at, what in write_steps(seed):
        connection.execute("call public.move_clock(%s)", [at])
        if isinstance(what, int):
            connection.execute(
                """
                select leadgen.return_sale(min(a.id), 'other')
                from leadgen.lead_assignments a
                where a.lead_id = (select l.id from leadgen.leads l order by l.id offset %s limit 1)
                """,
                [what],
            )
        else:
            connection.execute("select leadgen.submit_lead(%s)", [Jsonb(make_lead(offer.source_key, **what))])
    connection.execute("call public.move_clock(%s)", [END])
    return offer.id, seats


def report_of(connection: psycopg.Connection, offer: int, changes: dict[str, Any]) -> Report:
    """What leadgen.what_if says of the days."""
    row = connection.execute(
        "select leadgen.what_if(%s, %s, %s, %s)", [offer, MONDAY, END, Jsonb(changes)]
    ).fetchone()
    assert row
    report: Report = row[0]
    return report


def outcome(report: Report, side: str) -> dict[str, Any]:
    """Totals, days and buyers, in the order of the enrollments."""
    return {
        "totals": {what: report[side][what] for what in ("sold", "unsold", "held", "sales", "revenue")},
        "days": [day[side] for day in report["days"]],
        "buyers": [
            (buyer[side]["sales"], buyer[side]["revenue"])
            for buyer in sorted(report["buyers"], key=lambda buyer: buyer["buyer_id"])
        ],
    }


@pytest.fixture(scope="module", params=[False, True], ids=["closed", "rerouted"])
def histories(
    cluster: Cluster, template: str, request: pytest.FixtureRequest
) -> Iterator[tuple[bool, psycopg.Connection, int, list[int]]]:
    """What happened: whether returned leads are offered again, a session, the offer, its enrollments."""
    with cluster.clone(template) as url, psycopg.connect(url, autocommit=True) as connection:
        yield request.param, connection, *happen(connection, request.param, None, 11)


def test_nothing_changed(histories: tuple[bool, psycopg.Connection, int, list[int]]) -> None:
    _, connection, offer, _ = histories
    assert report_of(connection, offer, {})["is_identical"]
    row = connection.execute(
        """
        select
          count(*) filter (where d.attempt > 1), count(*) filter (where d.is_held),
          (select count(*) from leadgen.lead_assignments where outcome = 'returned')
        from leadgen.lead_decisions d
        """
    ).fetchone()
    assert row
    assert row[0] > 50
    assert row[1] > 50
    assert row[2] == RETURNED * DAYS


@pytest.mark.parametrize("change", CHANGED)
def test_a_place_that_comes_free_is_taken_as_it_would_have_been(
    cluster: Cluster, template: str, histories: tuple[bool, psycopg.Connection, int, list[int]], change: str
) -> None:
    reroutes, connection, offer, seats = histories
    changes = {"enrollments": {str(seats[n]): columns for n, columns in CHANGED[change].items()}}
    rehearsed = outcome(report_of(connection, offer, changes), "simulated")
    with cluster.clone(template) as url, psycopg.connect(url, autocommit=True) as other:
        happened = outcome(report_of(other, happen(other, reroutes, change, 11)[0], {}), "actual")
    assert rehearsed == happened
