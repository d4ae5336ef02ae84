"""Chores that take work by offer: an offer that somebody holds keeps its own work waiting, and no others'."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from concurrency.sessions import PATIENCE, in_background, submit, wait_until_blocked
from rig.catalogue import Catalogue, Offer, make_lead
from rig.cluster import Connect

MANY = 1_100
# A busy offer's lead, sale or return, many times over and due before the other offer's; in the state of the first.
COPY_LEADS = """
insert into leadgen.leads (
  market_id, vertical_id, offer_id, source_id, name, email, phone, country_code, postal_code, status,
  unsold_reason, hold_until, next_route_at)
select market_id, vertical_id, offer_id, source_id, name, email, phone, country_code, postal_code, status,
  unsold_reason, hold_until, next_route_at - interval '1 minute'
from leadgen.leads, generate_series(1, %(many)s) where offer_id = %(offer)s
"""
COPY_SALES = """
insert into leadgen.lead_assignments (
  market_id, lead_id, decision_id, offer_id, buyer_id, buyer_offer_id, is_exclusive, price, currency, price_steps,
  outcome, release_due_at)
select market_id, lead_id, decision_id, offer_id, -n, buyer_offer_id, is_exclusive, price, currency, price_steps,
  outcome, release_due_at - interval '1 minute'
from leadgen.lead_assignments, generate_series(1, %(many)s) n where offer_id = %(offer)s
"""
COPY_RETURNS = """
insert into leadgen.sale_returns (
  created_at, market_id, offer_id, buyer_id, buyer_offer_id, assignment_id, reason_code, via, status)
select created_at - interval '1 minute', market_id, offer_id, buyer_id, buyer_offer_id, -n, reason_code, via, status
from leadgen.sale_returns, generate_series(1, %(many)s) n where offer_id = %(offer)s
"""
RECEIVE = """
insert into leadgen.sale_returns (
  market_id, offer_id, buyer_id, buyer_offer_id, assignment_id, reason_code, via, status)
select market_id, offer_id, buyer_id, buyer_offer_id, id, 'rejected_on_delivery', 'reply', 'received'
from leadgen.lead_assignments
"""


@pytest.fixture
def offers(admin: psycopg.Connection, catalogue: Catalogue) -> list[Offer]:
    """Two offers with a buyer and a lead each, which nothing has to wake: the first is the busy one."""
    made = [catalogue.add_offer({"on_no_buyer": "hold", "reroute": {"on_return": False}}) for _ in range(2)]
    for offer in made:
        catalogue.enroll(offer)
    admin.execute("delete from leadgen.catalog_changes")
    for offer in made:
        submit(admin, make_lead(offer.source_key))
    return made


@pytest.fixture
def worker(connect: Connect) -> psycopg.Connection:
    """A worker that waits for no lock that is not given back: where it should not wait at all, the test fails."""
    return connect("leadgen_worker", options="-c lock_timeout=30s")


@contextmanager
def holding(session: psycopg.Connection, offer: Offer) -> Iterator[None]:
    """The offer's turn is taken until the end of the block."""
    with session.transaction():
        session.execute("select pg_advisory_xact_lock(2, market.offer_lock_key(%s))", [offer.id])
        yield


def copy(admin: psycopg.Connection, statement: str, offer: Offer) -> None:
    """Many rows beside the one there is; no constraint or trigger looks at them."""
    with admin.transaction():
        admin.execute("set local session_replication_role = replica")
        made = admin.execute(statement.encode(), {"many": MANY, "offer": offer.id})
        assert made.rowcount == MANY


def hold_leads(admin: psycopg.Connection) -> None:
    """The leads wait for a buyer, and are due."""
    with admin.transaction():
        admin.execute("set local session_replication_role = replica")
        admin.execute("delete from leadgen.lead_assignments")
        admin.execute(
            "update leadgen.leads set buyer_id = null, price = null, unsold_reason = 'none',"
            " hold_until = now() + interval '1 hour', next_route_at = now()"
        )


def turn(worker: psycopg.Connection, chore: str) -> object:
    """One turn of a chore, while somebody holds the busy offer."""
    row = worker.execute(f"select leadgen.{chore}()".encode()).fetchone()
    return row[0] if row else None


def test_held_leads(
    connect: Connect, worker: psycopg.Connection, admin: psycopg.Connection, offers: list[Offer]
) -> None:
    busy, free = offers
    hold_leads(admin)
    copy(admin, COPY_LEADS, busy)
    due = admin.execute("select id from leadgen.leads where offer_id = %s", [free.id]).fetchone()
    with holding(connect(), busy):
        assert (turn(worker, "route_held_lead"),) == due


def test_sales_to_release(
    connect: Connect, worker: psycopg.Connection, admin: psycopg.Connection, offers: list[Offer]
) -> None:
    busy, free = offers
    admin.execute("update leadgen.lead_assignments set outcome = 'failed', release_due_at = now()")
    copy(admin, COPY_SALES, busy)
    due = admin.execute("select id from leadgen.lead_assignments where offer_id = %s", [free.id]).fetchone()
    with holding(connect(), busy):
        assert (turn(worker, "release_due_sale"),) == due


def test_returns_by_reply(
    connect: Connect, worker: psycopg.Connection, admin: psycopg.Connection, offers: list[Offer]
) -> None:
    busy, free = offers
    admin.execute(RECEIVE)
    copy(admin, COPY_RETURNS, busy)
    due = admin.execute("select id from leadgen.sale_returns where offer_id = %s", [free.id]).fetchone()
    with holding(connect(), busy):
        assert (turn(worker, "settle_return"),) == due


def test_a_wake_waits_for_its_offer_and_keeps_no_lead_waiting(
    connect: Connect, worker: psycopg.Connection, admin: psycopg.Connection, offers: list[Offer]
) -> None:
    """A busy offer changed: it is woken once it is free, and others' leads are routed meanwhile."""
    busy, free = offers
    hold_leads(admin)
    later = "update leadgen.leads set next_route_at = now() + interval '30 minutes' where offer_id = %s"
    admin.execute(later, [busy.id])
    admin.execute(
        "insert into leadgen.catalog_changes (changed_at, table_name, row_id, offer_id)"
        " select now(), 'offers', %s, %s from generate_series(1, 2)",
        [busy.id, busy.id],
    )
    leads: dict[int, int] = dict(admin.execute("select offer_id, id from leadgen.leads").fetchall())
    with holding(connect(), busy):
        assert turn(worker, "route_held_lead") == leads[free.id]
        assert turn(worker, "route_held_lead") is None
    assert turn(worker, "follow_change") != 0, "the wake"
    assert turn(worker, "route_held_lead") == leads[busy.id]
    assert turn(worker, "route_held_lead") is None


def test_with_all_offers_held_the_longest_wait_is_next(
    connect: Connect, worker: psycopg.Connection, admin: psycopg.Connection, offers: list[Offer]
) -> None:
    first, second = offers
    admin.execute(
        "update leadgen.lead_assignments set outcome = 'failed',"
        " release_due_at = now() - case offer_id when %s then interval '2 minutes' else interval '1 minute' end",
        [first.id],
    )
    due = admin.execute("select id from leadgen.lead_assignments where offer_id = %s", [first.id]).fetchone()
    holder, other = connect(), connect()
    with holding(other, second), in_background() as pool:
        with holding(holder, first):
            waiting = pool.submit(turn, worker, "release_due_sale")
            wait_until_blocked(admin, worker, holder, waiting)
        assert (waiting.result(PATIENCE),) == due
