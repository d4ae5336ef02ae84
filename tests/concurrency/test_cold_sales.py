"""A sale whose time to be delivered is over, and a worker that is just sending it: whoever locks first decides."""

from collections.abc import Iterable
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from concurrency.sessions import PATIENCE, in_background, submit, wait_until_blocked
from concurrency.test_releases import SALE, claim, faults
from rig.catalogue import Catalogue, Offer, make_lead
from rig.cluster import Connect

LOOK = "select leadgen.run_chore('pass_on_cold_sale')"
STANDS = [("pending", False)]
PASSED_ON = [("failed", True), ("pending", False)]


def record(session: psycopg.Connection, claims: Iterable[tuple[Any, ...]], outcome: str) -> list[str]:
    """Record one outcome for claims; what failed is due again at once."""
    results = [
        {"delivery_id": delivery, "lease_token": str(token), "latency_ms": 1, "outcome": outcome}
        for delivery, token in claims
    ]
    rows = session.execute(
        "select status from leadgen.record_attempts(%s, 9, '1 microsecond')", [Jsonb(results)]
    )
    return [status for (status,) in rows]


@pytest.fixture
def cold(connect: Connect, admin: psycopg.Connection, catalogue: Catalogue) -> Offer:
    """An offer with two buyers; the first had a lead a moment ago, and did not take it in time."""
    offer = catalogue.add_offer({"reroute": {"deliver_within_seconds": 0.001}})
    for _ in range(2):
        catalogue.enroll(offer, catalogue.add_buyer(email_notifications=False))
    submit(admin, make_lead(offer.source_key))
    worker = connect("leadgen_worker")
    assert record(worker, claim(worker), "failed") == ["pending"]
    return offer


def sales(admin: psycopg.Connection) -> list[tuple[Any, ...]]:
    return [row[1:] for row in admin.execute(SALE)]


def test_worker_that_claims_first_keeps_the_sale(
    connect: Connect, admin: psycopg.Connection, cold: Offer
) -> None:
    worker, tender = connect("leadgen_worker"), connect("leadgen_worker")
    with in_background() as pool:
        with worker.transaction():
            claims = claim(worker)
            assert len(claims) == 1
            waiting = pool.submit(tender.execute, LOOK)
            wait_until_blocked(admin, tender, worker, waiting, lock="transactionid")
        assert waiting.result(PATIENCE).fetchone() == (True,)
    assert sales(admin) == STANDS
    assert record(worker, claims, "delivered") == ["delivered"]
    assert sales(admin) == [("accepted", False)]
    assert faults(admin) == []


def test_sale_that_passes_on_first_is_claimed_by_nobody(
    connect: Connect, admin: psycopg.Connection, cold: Offer
) -> None:
    worker, tender = connect("leadgen_worker"), connect("leadgen_worker")
    with tender.transaction():
        assert tender.execute(LOOK).fetchone() == (True,)
        assert claim(worker) == [], "its row is locked"
    assert sales(admin) == PASSED_ON
    (first,) = admin.execute("select min(id) from leadgen.deliveries").fetchone() or (None,)
    assert first not in [delivery for delivery, _ in claim(worker)]
    assert faults(admin) == []


@pytest.mark.parametrize(("outcome", "after"), [("unknown", STANDS), ("failed", PASSED_ON)])
def test_result_that_is_recorded_first_decides(
    connect: Connect, admin: psycopg.Connection, cold: Offer, outcome: str, after: list[tuple[str, bool]]
) -> None:
    worker, tender = connect("leadgen_worker"), connect("leadgen_worker")
    claims = claim(worker)
    with in_background() as pool:
        with worker.transaction():
            record(worker, claims, outcome)
            waiting = pool.submit(tender.execute, LOOK)
            wait_until_blocked(admin, tender, worker, waiting, lock="transactionid")
        assert waiting.result(PATIENCE).fetchone() == (True,)
    assert sales(admin) == after
    assert faults(admin) == []


def test_result_under_way_is_recorded_after_the_look(
    connect: Connect, admin: psycopg.Connection, cold: Offer
) -> None:
    """The chore has the rows: the worker is told so, hands its result in again, and is in time."""
    worker, tender = connect("leadgen_worker"), connect("leadgen_worker")
    claims = claim(worker)
    with tender.transaction():
        assert tender.execute(LOOK).fetchone() == (True,)
        assert record(worker, claims, "delivered") == ["locked"]
    assert record(worker, claims, "delivered") == ["delivered"]
    assert sales(admin) == [("accepted", False)]


def test_two_workers_pass_a_sale_on_once(connect: Connect, admin: psycopg.Connection, cold: Offer) -> None:
    first, second = connect("leadgen_worker"), connect("leadgen_worker")
    with in_background() as pool:
        with first.transaction():
            assert first.execute(LOOK).fetchone() == (True,)
            waiting = pool.submit(second.execute, LOOK)
            wait_until_blocked(admin, second, first, waiting)
        waiting.result(PATIENCE)
    assert sales(admin) == PASSED_ON
    assert faults(admin) == []
