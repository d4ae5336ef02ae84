"""A row over which a chore always runs out of time goes behind the others, and does not keep them waiting."""

from dataclasses import dataclass

import psycopg
import pytest
from psycopg.errors import QueryCanceled

from concurrency.sessions import in_background, submit
from rig.catalogue import Catalogue, make_lead
from rig.cluster import Connect
from rig.waiting import wait_until

SECONDS = 3  # that a chore may take; the others take a hundredth of it
SLOW = """
create function public.dawdle() returns trigger language plpgsql as
  $$ begin perform pg_sleep(600); return new; end $$;
create trigger dawdle before {event} for each row when ({row}) execute function public.dawdle()
"""
HELD = """
set local session_replication_role = replica;
delete from leadgen.lead_assignments;
update leadgen.leads
set buyer_id = null, price = null, unsold_reason = 'none', hold_until = now() + interval '1 hour',
  next_route_at = now() - interval '1 minute' + id * interval '1 second'
"""
FAILED = """
update leadgen.lead_assignments
set outcome = 'failed', release_due_at = now() - interval '1 minute' + id * interval '1 second'
"""
RETURNED = """
insert into leadgen.sale_returns (
  created_at, market_id, offer_id, buyer_id, buyer_offer_id, assignment_id, reason_code, via, status)
select now() - interval '1 minute' + id * interval '1 second', market_id, offer_id, buyer_id, buyer_offer_id, id,
  'rejected_on_delivery', 'reply', 'received'
from leadgen.lead_assignments
"""


@dataclass(frozen=True)
class Chore:
    """A chore with three rows that are due, and what it writes of one; `state` is a row that it has not done."""

    name: str
    due: str
    event: str
    row: str
    state: str
    waiting: str
    aside: str
    warning: str


CHORES = [
    Chore(
        "route_held_lead",
        HELD,
        "insert on leadgen.lead_decisions",
        "new.lead_id = {id}",
        "select id, next_route_at > now() from leadgen.leads where hold_until is not null order by id",
        "[(1, False), (2, False), (3, False)]",
        "[(1, True)]",
        "held lead 1 was not routed: 57014",
    ),
    Chore(
        "release_due_sale",
        FAILED,
        "update of released_at on leadgen.lead_assignments",
        "new.id = {id} and new.released_at is not null",
        "select id, release_due_at > now() from leadgen.lead_assignments where released_at is null order by id",
        "[(1, False), (2, False), (3, False)]",
        "[(1, True)]",
        "sale 1 was not released: 57014",
    ),
    Chore(
        "settle_return",
        RETURNED,
        "update of released_at on leadgen.lead_assignments",
        "new.id = {id} and new.released_at is not null",
        "select assignment_id, status from leadgen.sale_returns where status <> 'approved' order by 1",
        "[(1, 'received'), (2, 'received'), (3, 'received')]",
        "[(1, 'requested')]",
        "return 1 was not settled: 57014",
    ),
]


@pytest.fixture(params=CHORES, ids=lambda chore: chore.name)
def chore(request: pytest.FixtureRequest, admin: psycopg.Connection, catalogue: Catalogue) -> Chore:
    """A chore with three rows that are due, of which the first is never done."""
    offer = catalogue.add_offer({"on_no_buyer": "hold", "reroute": {"on_return": False, "on_failure": False}})
    catalogue.enroll(offer)
    admin.execute("delete from leadgen.catalog_changes")
    for _ in range(3):
        assert submit(admin, make_lead(offer.source_key))["status"] == "accepted"
    chore: Chore = request.param
    with admin.transaction():
        admin.execute(chore.due.encode())
    admin.execute(SLOW.format(event=chore.event, row=chore.row.format(id=1)).encode())
    assert show(admin, chore) == chore.waiting
    return chore


def show(admin: psycopg.Connection, chore: Chore) -> str:
    """What the chore has not done, and whether it was set aside."""
    return str(admin.execute(chore.state.encode()).fetchall())


def take_turn(worker: psycopg.Connection, chore: Chore) -> bool:
    """One turn of a chore, as a worker takes it: whether there was something to do."""
    row = worker.execute("select leadgen.run_chore(%s)", [chore.name]).fetchone()
    assert row
    return bool(row[0])


def test_the_others_are_done(connect: Connect, admin: psycopg.Connection, chore: Chore) -> None:
    worker = connect("leadgen_worker", options=f"-c statement_timeout={SECONDS}s")
    said: list[str | None] = []
    worker.add_notice_handler(lambda notice: said.append(notice.message_primary))
    assert [take_turn(worker, chore) for _ in range(4)] == [True, True, True, False]
    assert show(admin, chore) == chore.aside
    assert said == [chore.warning]


def test_what_somebody_cancels_is_raised(connect: Connect, admin: psycopg.Connection, chore: Chore) -> None:
    """An operator, or a worker that stops: no row is set aside for it."""
    worker = connect("leadgen_worker", options="-c statement_timeout=5min")
    sleeping = (
        "select from pg_stat_activity where pid = %s and wait_event = 'PgSleep'",
        [worker.info.backend_pid],
    )
    with in_background() as pool:
        turn = pool.submit(take_turn, worker, chore)
        wait_until(lambda: admin.execute(*sleeping).fetchone() is not None)
        admin.execute("select pg_cancel_backend(%s)", [worker.info.backend_pid])
        with pytest.raises(QueryCanceled):
            turn.result()
    assert show(admin, chore) == chore.waiting
