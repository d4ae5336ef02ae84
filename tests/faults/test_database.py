"""PostgreSQL away, transactions that end late or not at all: the worker waits, and goes on."""

import asyncio
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from faults.conftest import Begin
from leadgen.db.urls import with_role
from rig.catalogue import Offer, make_lead

LONG_LEASE: dict[str, Any] = {"worker_lease_seconds": 60}
LEADS = 6


async def test_results_outlive_a_database_that_is_away(begin: Begin) -> None:
    """FAULTS 13, 15: answered while the server was down: recorded once it is back, and not sent again."""
    async with begin() as run:
        run.receivers.gate.clear()
        worker = await run.crew.start(**LONG_LEASE, webhook_timeout_seconds=30)
        await run.market.submit(LEADS)
        await run.market.wait_for(lambda: len(run.receivers.requests) >= 1)
        await asyncio.to_thread(run.market.server.stop, "immediate")
        run.receivers.gate.set()
        await worker.wait_for("database trouble")
        await asyncio.to_thread(run.market.server.start)
        evidence = await run.end_well()
    assert len(evidence.requests) == len(evidence.deliveries) >= LEADS


async def submit(session: psycopg.AsyncConnection, offer: Offer) -> int:
    """Hand in a lead; its id."""
    cursor = await session.execute(
        "select (leadgen.submit_lead(%s, '{}') ->> 'lead_id')::bigint", [Jsonb(make_lead(offer.source_key))]
    )
    (lead,) = await cursor.fetchone() or (0,)
    return int(lead)


async def test_order_of_commits_is_all_the_same(begin: Begin) -> None:
    """FAULTS 11: what is rolled back is not sent; a lower id that commits after a higher one is."""
    async with begin(buyers=1) as run:
        await run.crew.start()
        url = with_role(run.market.url, "leadgen_api")
        first_offer, second_offer = run.market.offers
        # Who books for a buyer holds its queue until its transaction ends.
        await run.market.rows("update leadgen.buyers set billing_mode = 'none'")

        def received() -> set[int]:
            return {request.data["lead_id"] for request in run.receivers.requests}

        async with (
            await psycopg.AsyncConnection.connect(url, autocommit=True) as slow,
            await psycopg.AsyncConnection.connect(url, autocommit=True) as quick,
        ):
            async with slow.transaction(force_rollback=True):
                undone = await submit(slow, first_offer)
            async with slow.transaction():
                lower = await submit(slow, first_offer)
                higher = await submit(quick, second_offer)
                await run.market.wait_for(lambda: higher in received())
            await run.market.wait_for(lambda: lower in received())
        assert lower < higher
        await run.end_well()
    assert received() == {lower, higher}
    assert undone not in received()
