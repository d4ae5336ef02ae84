"""A worker on a copy of a database: it says so once, and sends nothing until somebody adopts it."""

import asyncio

from aiohttp import ClientSession

from rig.ports import free_port
from worker.conftest import Outbox, Start
from worker.receivers import http_endpoint

COPY = "the database is a copy: nothing is sent and no chore is done until `leadgen adopt`"
ADOPTED = "the database was adopted: what waits is sent"


async def test_worker_sends_nothing_from_a_copy_until_it_is_adopted(
    outbox: Outbox, start_worker: Start
) -> None:
    async with http_endpoint() as endpoint:
        outbox.open_catalogue(endpoint.url)
        outbox.rows("select leadgen.disown_database()")
        outbox.submit(3)
        async with start_worker(worker_poll_seconds=0.1) as worker:
            await worker.wait_for_event(COPY)
            await asyncio.sleep(1)
            assert outbox.statuses() == {"pending": 3}
            assert endpoint.ids == []
            assert outbox.rows("select 1 from leadgen.endpoints where checked_at is not null") == []
            outbox.rows("select leadgen.adopt_database()")
            await outbox.wait_for(delivered=3)
            await worker.wait_for_event(ADOPTED)
            assert await worker.stop() == 0
    assert len(set(endpoint.ids)) == 3
    assert len(worker.events(COPY)) == 1


async def test_worker_that_runs_stops_sending_when_its_database_is_disowned(
    outbox: Outbox, start_worker: Start
) -> None:
    async with http_endpoint() as endpoint:
        outbox.open_catalogue(endpoint.url)
        async with start_worker(worker_poll_seconds=0.1):
            outbox.submit()
            await outbox.wait_for(delivered=1)
            outbox.rows("select leadgen.disown_database()")
            outbox.submit(2)
            await asyncio.sleep(1)
            assert outbox.statuses() == {"delivered": 1, "pending": 2}


async def test_adoption_wakes_a_worker_that_sleeps_long(outbox: Outbox, start_worker: Start) -> None:
    async with http_endpoint() as endpoint:
        outbox.open_catalogue(endpoint.url)
        outbox.rows("select leadgen.disown_database()")
        outbox.submit()
        async with start_worker(worker_poll_seconds=600) as worker:
            await worker.wait_for_event(COPY)
            await asyncio.sleep(0.5)
            outbox.rows("select leadgen.adopt_database()")
            await endpoint.wait_for(1)


async def test_metric_says_that_the_database_is_a_copy(outbox: Outbox, start_worker: Start) -> None:
    port = free_port()
    outbox.rows("select leadgen.disown_database()")
    async with start_worker(worker_metrics_port=port) as worker, ClientSession() as client:
        await worker.wait_for_event(COPY)
        async with client.get(f"http://127.0.0.1:{port}/metrics") as answer:
            assert "leadgen_database_is_copy 1.0" in await answer.text()
