"""One lead after the other on an idle system: `python -m tests.bench.singles URL PORT COUNT`.

The process that hands the leads in is the receiver as well, so one clock measures both. Prints milliseconds from the
answer of submit_lead, which comes with its commit, to the webhook's last byte, as a JSON list.
"""

import asyncio
import json
import random
import sys
import time

import psycopg
import uvloop

from leadgen.db.urls import with_role

from .lead import FIRST_PLACE, make_lead
from .receiver import Receiver

SETTLES = 2.0  # seconds until the worker has started and sleeps
PAUSE = (0.06, 0.12)  # seconds between leads: it sleeps again
WARM_UP = 10  # leads: connections are opened, functions compiled
PATIENCE = 10.0


async def measure(url: str, port: int, count: int) -> list[float]:
    """The milliseconds of so many leads."""
    arrivals: asyncio.Queue[float] = asyncio.Queue()

    class Clock(Receiver):
        """Notes when a request is whole."""

        def received(self) -> None:
            arrivals.put_nowait(time.perf_counter())
            super().received()

    waits: list[float] = []
    server = await asyncio.get_running_loop().create_server(lambda: Clock(0), "127.0.0.1", port)
    async with (
        server,
        await psycopg.AsyncConnection.connect(with_role(url, "leadgen_api"), autocommit=True) as session,
    ):
        await asyncio.sleep(SETTLES)
        for _ in range(WARM_UP + count):
            await session.execute("select leadgen.submit_lead(%s::jsonb, '{}')", [make_lead(FIRST_PLACE)])
            committed = time.perf_counter()
            arrived = await asyncio.wait_for(arrivals.get(), PATIENCE)
            waits.append(max(arrived - committed, 0) * 1000)
            await asyncio.sleep(random.uniform(*PAUSE))
    return waits[WARM_UP:]


if __name__ == "__main__":
    database, receiver_port, leads = sys.argv[1:]
    print(json.dumps(uvloop.run(measure(database, int(receiver_port), int(leads)))))
