"""Sales that end while others are made: the place goes back once, and nobody waits in a circle.

Lock order: the offer (advisory class 2), then deliveries, assignments and leads, each by id. Who records outcomes
or answers takes rows only, and never an offer.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from concurrency.sessions import (
    PATIENCE,
    advisory_locks,
    in_background,
    submit,
    wait_until_blocked,
)
from rig.catalogue import Catalogue, Offer, make_lead
from rig.cluster import Connect
from rig.waiting import wait_until

OFFER = 2  # advisory lock class
RETURN = "select leadgen.return_sale(%s, 'wrong_number')::text"
RELEASE = "select leadgen.release_due_sale()"
SALE = "select id, outcome::text, released_at is not null from leadgen.lead_assignments order by id"


def record(session: psycopg.Connection, claims: Iterable[tuple[Any, ...]], outcome: str) -> None:
    """Record one outcome, without a retry, for claims (delivery_id, lease_token); rejected is a webhook's reply."""
    reply = {"outcome": "answered", "status_code": 200, "reply": '{"status": "rejected"}'}
    results = [
        {
            "delivery_id": delivery,
            "lease_token": str(token),
            "started_at": "2026-11-20T16:00:00Z",
            "latency_ms": 1,
            **(reply if outcome == "rejected" else {"outcome": outcome}),
        }
        for delivery, token in claims
    ]
    session.execute("select * from leadgen.record_attempts(%s, 0, '1 second')", [Jsonb(results)])


def claim(session: psycopg.Connection, limit: int = 100) -> list[tuple[Any, ...]]:
    """Claim what is due: (delivery_id, lease_token), by id."""
    return session.execute(
        "select delivery_id, lease_token from leadgen.claim_deliveries('w', %s, '1 minute') order by 1",
        [Jsonb({"webhook": limit, "email": limit})],
    ).fetchall()


def faults(admin: psycopg.Connection) -> list[tuple[Any, ...]]:
    return admin.execute("select * from leadgen.list_broken_invariants()").fetchall()


@pytest.fixture
def full(catalogue: Catalogue) -> Offer:
    """An offer whose one place of the month can be had once."""
    offer = catalogue.add_offer({"reroute": {"on_return": False}})
    catalogue.enroll(offer, capacity_per_month=1)
    return offer


def test_return_waits_for_a_lead_being_routed_and_holds_no_row(
    connect: Connect, admin: psycopg.Connection, full: Offer
) -> None:
    router, returner = connect("leadgen_api"), connect("leadgen_dba")
    submit(admin, make_lead(full.source_key))
    ((sale, _, _),) = admin.execute(SALE).fetchall()
    with in_background() as pool:
        with router.transaction():
            assert submit(router, make_lead(full.source_key))["buyer_id"] is None
            waiting = pool.submit(returner.execute, RETURN, [sale])
            wait_until_blocked(admin, returner, router, waiting)
            assert advisory_locks(admin, returner) == {(OFFER, full.id): False}
            with admin.transaction(force_rollback=True):  # what it will need is free for who records outcomes
                for table in ("deliveries", "lead_assignments", "leads"):
                    admin.execute(f"select from leadgen.{table} for update nowait".encode())
        assert waiting.result(PATIENCE).fetchone() == ("returned",)
    assert submit(router, make_lead(full.source_key))["buyer_id"]
    assert faults(admin) == []


def test_lead_waits_for_a_return_and_gets_its_place(
    connect: Connect, admin: psycopg.Connection, full: Offer
) -> None:
    router, returner = connect("leadgen_api"), connect("leadgen_dba")
    submit(admin, make_lead(full.source_key))
    ((sale, _, _),) = admin.execute(SALE).fetchall()
    with in_background() as pool:
        with returner.transaction():
            returner.execute(RETURN, [sale])
            waiting = pool.submit(submit, router, make_lead(full.source_key))
            wait_until_blocked(admin, router, returner, waiting)
        assert waiting.result(PATIENCE)["buyer_id"]
    assert [row[1:] for row in admin.execute(SALE)] == [("returned", True), ("pending", False)]
    assert faults(admin) == []


def test_return_undone_gives_no_place(connect: Connect, admin: psycopg.Connection, full: Offer) -> None:
    router, returner = connect("leadgen_api"), connect("leadgen_dba")
    submit(admin, make_lead(full.source_key))
    ((sale, _, _),) = admin.execute(SALE).fetchall()
    with in_background() as pool:
        with returner.transaction(force_rollback=True):
            returner.execute(RETURN, [sale])
            waiting = pool.submit(submit, router, make_lead(full.source_key))
            wait_until_blocked(admin, router, returner, waiting)
        assert waiting.result(PATIENCE)["buyer_id"] is None
    assert faults(admin) == []


def test_two_returns_of_a_sale_give_one_place(
    connect: Connect, admin: psycopg.Connection, full: Offer
) -> None:
    first, second = connect("leadgen_dba"), connect("leadgen_dba")
    submit(admin, make_lead(full.source_key))
    ((sale, _, _),) = admin.execute(SALE).fetchall()
    with in_background() as pool:
        with first.transaction():
            first.execute(RETURN, [sale])
            waiting = pool.submit(second.execute, RETURN, [sale])
            wait_until_blocked(admin, second, first, waiting)
        assert waiting.result(PATIENCE).fetchone() == ("returned",)
    assert admin.execute("select sales[4] from leadgen.enrollment_usage").fetchone() == (0,)
    assert faults(admin) == []


def test_return_waits_for_a_recorder_that_goes_on_to_the_lead(
    connect: Connect, admin: psycopg.Connection, full: Offer
) -> None:
    """The circle there would be, if who records took an offer, or who returns took the lead first."""
    worker, returner = connect("leadgen_worker"), connect("leadgen_dba")
    admin.execute("update leadgen.buyers set email_notifications = true")
    submit(admin, make_lead(full.source_key))
    ((sale, _, _),) = admin.execute(SALE).fetchall()
    lower, higher = claim(worker)
    with in_background() as pool:
        with worker.transaction():
            record(worker, [lower], "refused")
            waiting: Future[Any] = pool.submit(returner.execute, RETURN, [sale])
            wait_until_blocked(admin, returner, worker, waiting, lock="transactionid")
            assert advisory_locks(admin, returner) == {(OFFER, full.id): True}
            record(worker, [higher], "delivered")  # takes the other delivery, the sale and the lead
        assert waiting.result(PATIENCE).fetchone() == ("returned",)
    assert admin.execute("select status::text from leadgen.leads").fetchone() == ("rejected",)
    assert faults(admin) == []


def test_two_workers_release_a_failed_sale_once(
    connect: Connect, admin: psycopg.Connection, full: Offer
) -> None:
    first, second = connect("leadgen_worker"), connect("leadgen_worker")
    submit(admin, make_lead(full.source_key))
    record(first, claim(first), "refused")
    ((sale, outcome, is_released),) = admin.execute(SALE).fetchall()
    assert (outcome, is_released) == ("failed", False)
    with in_background() as pool:
        with first.transaction():
            assert first.execute(RELEASE).fetchone() == (sale,)
            waiting = pool.submit(second.execute, RELEASE)
            wait_until_blocked(admin, second, first, waiting)
        assert waiting.result(PATIENCE).fetchone() == (None,), "it was released meanwhile"
    assert second.execute(RELEASE).fetchone() == (None,)
    assert admin.execute("select sales[4] from leadgen.enrollment_usage").fetchone() == (0,)
    assert faults(admin) == []


def test_release_passes_over_an_offer_that_somebody_holds(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue
) -> None:
    """pick_due_sale: the older sale's offer is busy, the younger's is not; of one busy offer it waits."""
    holder, worker = connect(), connect("leadgen_worker")
    offers = [catalogue.add_offer({"reroute": {"on_return": False}}) for _ in range(2)]
    for offer in offers:
        catalogue.enroll(offer)
        submit(admin, make_lead(offer.source_key))
        record(worker, claim(worker), "refused")
    older, younger = (sale for sale, *_ in admin.execute(SALE).fetchall())
    with in_background() as pool:
        with holder.transaction():
            holder.execute(
                "select pg_advisory_xact_lock(%s, market.offer_lock_key(%s))", [OFFER, offers[0].id]
            )
            assert pool.submit(worker.execute, RELEASE).result(PATIENCE).fetchone() == (younger,)
            waiting = pool.submit(worker.execute, RELEASE)
            wait_until_blocked(admin, worker, holder, waiting)
        assert waiting.result(PATIENCE).fetchone() == (older,)
    assert worker.execute(RELEASE).fetchone() == (None,)
    assert faults(admin) == []


def test_late_success_beats_a_release_that_waits(
    connect: Connect, admin: psycopg.Connection, full: Offer
) -> None:
    """A replayed delivery gets through while the release of its failed sale waits: the sale stands."""
    worker, releaser = connect("leadgen_worker"), connect("leadgen_worker")
    submit(admin, make_lead(full.source_key))
    record(worker, claim(worker), "refused")
    admin.execute(
        "update leadgen.deliveries set status = 'pending', finished_at = null, next_attempt_at = now()"
    )
    claims = claim(worker)
    with in_background() as pool:
        with worker.transaction():
            record(worker, claims, "delivered")
            waiting = pool.submit(releaser.execute, RELEASE)
            wait_until_blocked(admin, releaser, worker, waiting, lock="transactionid")
        waiting.result(PATIENCE)
    assert [row[1:] for row in admin.execute(SALE)] == [("accepted", False)]
    assert faults(admin) == []


def post(session: psycopg.Connection, dice: random.Random) -> None:
    """A lead for one of the offers."""
    sources = session.execute("select source_key from leadgen.sources order by id").fetchall()
    submit(session, make_lead(dice.choice(sources)[0]))


def deliver(session: psycopg.Connection, dice: random.Random) -> None:
    """A few deliveries, with any outcome."""
    for one in claim(session, 8):
        record(session, [one], dice.choice(["delivered", "delivered", "refused", "unknown", "rejected"]))


def answer(session: psycopg.Connection, dice: random.Random) -> None:
    """A return or an acceptance of any sale; many come too late."""
    statement = dice.choice([RETURN, "select leadgen.accept_sale(%s)"])
    wait_until(lambda: session.execute(SALE).fetchone())
    sale, *_ = dice.choice(session.execute(SALE).fetchall())
    with suppress_refusal():
        session.execute(statement.encode(), [sale])


def tend(session: psycopg.Connection, _: random.Random) -> None:
    """What a worker does every second."""
    for tick in ("settle_answers", "settle_return", "release_due_sale", "follow_change", "route_held_lead"):
        session.execute(f"select leadgen.{tick}()".encode())


def move(session: psycopg.Connection, dice: random.Random) -> None:
    """Another zone for an enrollment: its sales are counted anew."""
    session.execute(
        "update leadgen.buyer_offers set timezone = %s where id = (select min(id) from leadgen.buyer_offers)",
        [dice.choice(["UTC", "Asia/Tokyo"])],
    )


@contextmanager
def suppress_refusal() -> Iterator[None]:
    """An answer may be refused; a deadlock may not be hidden."""
    try:
        yield
    except psycopg.Error as error:
        if error.sqlstate != "LG409":
            raise


SHIFTS: list[tuple[str, Callable[[psycopg.Connection, random.Random], None], int]] = [
    ("leadgen_dba", post, 60),
    ("leadgen_dba", post, 60),
    ("leadgen_worker", deliver, 60),
    ("leadgen_worker", deliver, 60),
    ("leadgen_dba", answer, 100),
    ("leadgen_dba", answer, 100),
    ("leadgen_worker", tend, 120),
    ("leadgen_worker", tend, 120),
    ("leadgen_dba", move, 10),
]


def test_all_at_once_never_deadlocks_and_adds_up(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue
) -> None:
    """Leads, outcomes, answers, ticks and changes of zone over two offers, each from sessions of its own."""
    for acceptance in ({"mode": "on_delivery"}, {"mode": "explicit", "window_hours": 0.01}):
        offer = catalogue.add_offer(
            {
                "strategy": "round_robin",
                "max_buyers": 2,
                "on_no_buyer": "hold",
                "caps": {"per_day": 40},
                "acceptance": acceptance,
                "delivery": {"resell_on_unknown": True},
                "returns": {"quota": {"percent": 50}},
            }
        )
        for _ in range(6):
            catalogue.enroll(offer, capacity_per_day=12)
    admin.execute("update leadgen.buyers set email_notifications = false")
    admin.execute("update leadgen.settings set slow_retry_seconds = '{}'")

    def work(seed: int) -> None:
        role, what, times = SHIFTS[seed]
        session, dice = connect(role), random.Random(seed)
        for _ in range(times):
            what(session, dice)

    with ThreadPoolExecutor(len(SHIFTS)) as pool:
        list(pool.map(work, range(len(SHIFTS)), timeout=PATIENCE * 3))  # raises what one of them met
    assert faults(admin) == []
    wait_until(lambda: admin.execute(RELEASE).fetchone() == (None,))
    assert faults(admin) == []
    rows = admin.execute("select outcome::text, count(*) from leadgen.lead_assignments group by 1").fetchall()
    outcomes: dict[str, int] = dict(rows)
    assert {"accepted", "returned"} <= outcomes.keys(), outcomes
