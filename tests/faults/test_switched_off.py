"""A buyer, offer or market switched off while leads are in flight (FAULTS 32): sales in flight stand, nothing new."""

import psycopg
import pytest
from psycopg.errors import SerializationFailure
from psycopg.types.json import Jsonb

from concurrency.sessions import PATIENCE, in_background, submit, wait_until_blocked
from rig.catalogue import Catalogue, Offer, make_lead
from rig.cluster import Connect

SWITCHES = {
    "buyer": "update leadgen.buyers set is_active = %s",
    "enrollment": "update leadgen.buyer_offers set is_active = %s",
    "offer": "update leadgen.offers set is_active = %s",
    "market": "update leadgen.markets set is_active = %s",
}
REASONS = {"buyer": "buyer_inactive", "enrollment": "enrollment_inactive"}


@pytest.fixture
def admin(connect: Connect) -> psycopg.Connection:
    """A superuser's session."""
    return connect()


@pytest.fixture
def offer(admin: psycopg.Connection) -> Offer:
    """An offer with one buyer who takes everything; leads are held."""
    catalogue = Catalogue(admin)
    offer = catalogue.add_offer({"on_no_buyer": "hold", "hold_hours": 2})
    catalogue.enroll(offer)
    return offer


def sales(admin: psycopg.Connection) -> int:
    """How many there are."""
    row = admin.execute("select count(*) from leadgen.lead_assignments where released_at is null").fetchone()
    assert row
    return int(row[0])


def route_held(admin: psycopg.Connection) -> int:
    """Route every held lead that is due, and wakes; returns how many calls that took."""
    calls = 0
    while admin.execute(
        "select leadgen.follow_change() > 0 or leadgen.route_held_lead() is not null"
    ).fetchone() != (False,):
        calls += 1
        assert calls < 100
    return calls


def set_clock(admin: psycopg.Connection, moment: str) -> None:
    """The superuser's clock."""
    admin.execute("select set_config('leadgen.clock', %s, false)", [moment])


@pytest.mark.parametrize("what", SWITCHES)
def test_a_lead_that_waits_while_the_switch_commits(
    what: str, connect: Connect, admin: psycopg.Connection, offer: Offer
) -> None:
    """The first lead is sold and stands. The second waits for its turn: a buyer that went meanwhile gets nothing, and
    an offer or market that went sends the lead back, to be submitted again.

    Nothing is booked for the buyer: who books for one holds its row.
    """
    admin.execute("update leadgen.buyers set billing_mode = 'none'")
    first, second = connect("leadgen_api"), connect("leadgen_api")
    with in_background() as pool:
        with first.transaction():
            stands = submit(first, make_lead(offer.source_key))
            waiting = pool.submit(submit, second, make_lead(offer.source_key))
            wait_until_blocked(admin, second, first, waiting)
            admin.execute(SWITCHES[what].encode(), [False])
        if what not in REASONS:
            with pytest.raises(SerializationFailure):
                waiting.result(PATIENCE)
    assert stands["buyer_id"]
    if what in REASONS:
        late = waiting.result(PATIENCE)
        assert late["buyer_id"] is None
        assert admin.execute(
            "select reason from leadgen.explain_candidates(%s)", [late["lead_id"]]
        ).fetchall() == [(REASONS[what],)]
    before = sales(admin)

    after = submit(second, make_lead(offer.source_key))

    assert after.get("buyer_id") is None
    assert after["status"] == ("accepted" if what in REASONS else "quarantined")
    route_held(admin)
    assert sales(admin) == before
    assert admin.execute("select * from leadgen.list_broken_invariants()").fetchall() == []


@pytest.mark.parametrize("what", SWITCHES)
def test_a_delivery_that_is_pending_is_delivered(
    what: str, connect: Connect, admin: psycopg.Connection, offer: Offer
) -> None:
    """It was sold, so it is sent, retried and accepted as if nothing had happened."""
    lead = submit(admin, make_lead(offer.source_key))
    admin.execute(SWITCHES[what].encode(), [False])
    worker = connect("leadgen_worker")
    for outcome in ("failed", "delivered"):
        admin.execute(
            "update leadgen.deliveries set next_attempt_at = now() where next_attempt_at is not null"
        )
        claimed = worker.execute(
            "select delivery_id, lease_token from leadgen.claim_deliveries('w', %s, '1 minute')",
            [Jsonb({"webhook": 10, "email": 10})],
        ).fetchall()
        assert len(claimed) == 2  # webhook and e-mail
        results = [
            {
                "delivery_id": delivery,
                "lease_token": str(token),
                "outcome": outcome,
                "started_at": "2026-01-01T00:00:00Z",
                "latency_ms": 1,
            }
            for delivery, token in claimed
        ]
        worker.execute("select * from leadgen.record_attempts(%s, 3, '1 second')", [Jsonb(results)])
    found = admin.execute(
        "select l.status::text, a.outcome::text, a.released_at from leadgen.leads l join leadgen.lead_assignments a"
        " on a.lead_id = l.id where l.id = %s",
        [lead["lead_id"]],
    ).fetchall()
    assert found == [("accepted", "accepted", None)]
    assert admin.execute("select * from leadgen.list_broken_invariants()").fetchall() == []


@pytest.mark.parametrize("what", SWITCHES)
def test_a_held_lead_is_not_sold_until_it_is_switched_on_again(
    what: str, admin: psycopg.Connection, offer: Offer
) -> None:
    set_clock(admin, "2026-06-15T12:00:00Z")
    admin.execute("update leadgen.buyer_offers set capacity_per_day = 0")
    lead = submit(admin, make_lead(offer.source_key))
    assert lead["buyer_id"] is None
    admin.execute(SWITCHES[what].encode(), [False])
    admin.execute("update leadgen.buyer_offers set capacity_per_day = null")

    for minute in range(5, 60, 5):
        set_clock(admin, f"2026-06-15T12:{minute:02}:00Z")
        route_held(admin)
        assert sales(admin) == 0

    admin.execute(SWITCHES[what].encode(), [True])
    set_clock(admin, "2026-06-15T13:01:00Z")
    assert route_held(admin) > 0
    assert sales(admin) == 1
    assert admin.execute("select status::text, hold_until from leadgen.leads").fetchall() == [
        ("validated", None)
    ]
    assert admin.execute("select * from leadgen.list_broken_invariants()").fetchall() == []


@pytest.mark.parametrize("what", SWITCHES)
def test_a_hold_ends_although_it_is_switched_off(what: str, admin: psycopg.Connection, offer: Offer) -> None:
    """Nothing waits for ever."""
    set_clock(admin, "2026-06-15T12:00:00Z")
    admin.execute("update leadgen.buyer_offers set capacity_per_day = 0")
    submit(admin, make_lead(offer.source_key))
    admin.execute(SWITCHES[what].encode(), [False])
    set_clock(admin, "2026-06-15T14:00:01Z")
    route_held(admin)
    row = admin.execute("select hold_until, next_route_at, unsold_reason from leadgen.leads").fetchone()
    assert row
    assert row[:2] == (None, None)
    assert row[2].startswith("hold ended: no buyer could take it: ")
    assert sales(admin) == 0


@pytest.mark.parametrize("what", SWITCHES)
def test_a_returned_lead_goes_to_nobody_who_is_off(
    what: str, admin: psycopg.Connection, offer: Offer
) -> None:
    """An earlier sale is returned afterwards: it is released, and not sold again where nothing is sold."""
    Catalogue(admin).enroll(offer)
    submit(admin, make_lead(offer.source_key))
    admin.execute(SWITCHES[what].encode(), [False])
    admin.execute("select leadgen.return_sale(id, 'other') from leadgen.lead_assignments")
    route_held(admin)
    assert sales(admin) == 0
    admin.execute(SWITCHES[what].encode(), [True])
    admin.execute("update leadgen.leads set next_route_at = leadgen.clock() where next_route_at is not null")
    route_held(admin)
    assert sales(admin) == 1  # the other buyer
    assert admin.execute("select * from leadgen.list_broken_invariants()").fetchall() == []
