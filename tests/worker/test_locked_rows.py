"""A row that somebody holds open stops neither the recording of the others nor the worker."""

import asyncio
from threading import Event
from typing import Any

import pytest
from aiohttp import web

from rig.cluster import Connect
from worker.conftest import Outbox, Start
from worker.receivers import accept, always, http_endpoint

LEADS = 20
HELD = {
    "delivery": "select from leadgen.deliveries d where d.id = (select min(t.id) from leadgen.deliveries t)"
    " for update",
    "sale": "select from leadgen.lead_assignments a"
    " where a.id = (select min(t.assignment_id) from leadgen.deliveries t)"
    " for update",
    "lead": "select from leadgen.leads l where l.id = (select min(t.lead_id) from leadgen.deliveries t) for update",
}
SHORT_LEASE: dict[str, Any] = {"webhook_timeout_seconds": 1, "worker_lease_seconds": 2.5}


@pytest.mark.parametrize("row", HELD)
async def test_others_are_recorded_and_nothing_is_sent_twice(
    row: str, outbox: Outbox, start_worker: Start, connect: Connect
) -> None:
    """The row is held beyond the end of the lease: then it is neither claimed again nor lost."""
    async with http_endpoint() as endpoint:
        outbox.open_catalogue(endpoint.url)
        outbox.submit(LEADS)
        holder = connect()
        with holder.transaction():
            holder.execute(HELD[row].encode())
            async with start_worker(**SHORT_LEASE) as worker:
                if row == "delivery":  # a claim leaves it
                    await outbox.wait_for(delivered=LEADS - 1, pending=1)
                else:
                    await outbox.wait_for(delivered=LEADS - 1, sending=1)
                    await worker.wait_for_event("rows are locked: results are recorded later")
                    await asyncio.sleep(SHORT_LEASE["worker_lease_seconds"] + 1)
                    assert outbox.statuses() == {"delivered": LEADS - 1, "sending": 1}
                outbox.submit(5)
                await outbox.wait_until("others go on", lambda: outbox.statuses()["delivered"] == LEADS + 4)
                holder.execute("rollback")
                await outbox.wait_for(delivered=LEADS + 5)
                assert await worker.stop() == 0
    assert len(endpoint.ids) == len(set(endpoint.ids)) == LEADS + 5
    assert outbox.rows("select distinct attempts from leadgen.deliveries") == [(1,)]


async def test_delivery_that_is_locked_while_it_is_sent(
    outbox: Outbox, start_worker: Start, connect: Connect
) -> None:
    """It is held from its claim until long after its lease has ended."""
    holder = connect()
    held = Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        if not held.is_set():
            held.set()
            await asyncio.to_thread(holder.execute, HELD["delivery"].encode())
        return await accept(request)

    async with http_endpoint(answer) as endpoint:
        outbox.open_catalogue(endpoint.url)
        async with start_worker(**SHORT_LEASE) as worker:
            with holder.transaction():
                outbox.submit(LEADS)
                await outbox.wait_for(delivered=LEADS - 1, sending=1)
                await asyncio.sleep(SHORT_LEASE["worker_lease_seconds"] + 1)
                assert outbox.statuses() == {"delivered": LEADS - 1, "sending": 1}
            await outbox.wait_for(delivered=LEADS)
            assert await worker.stop() == 0
    assert len(endpoint.ids) == len(set(endpoint.ids)) == LEADS
    assert outbox.rows("select distinct attempts from leadgen.deliveries") == [(1,)]


async def test_endpoint_that_is_locked(outbox: Outbox, start_worker: Start, connect: Connect) -> None:
    """Its failures are not counted meanwhile; they are recorded all the same."""
    async with http_endpoint(always(500)) as endpoint:
        outbox.open_catalogue(endpoint.url)
        outbox.submit(3)
        holder = connect()
        with holder.transaction():
            holder.execute("select from leadgen.endpoints for update")
            async with start_worker(webhook_max_retries=0) as worker:
                await outbox.wait_for(dead=3)
                assert await worker.stop() == 0
    assert outbox.rows("select failures_in_a_row from leadgen.endpoints") == [(0,)]
