"""Workers killed at every point of a delivery's road (FAULTS 18), three at a time, while others carry on."""

import asyncio
import random
import signal
from itertools import islice
from typing import Any

from faults.conftest import Begin
from faults.run import Run
from faults.victim import POINTS

AT_ONCE = 3
ONE_PLACE: dict[str, Any] = {"worker_concurrency": 1}  # so that something waits, to be given back


async def let_die(run: Run, point: str, hit: int) -> None:
    """A worker that is killed at the point; leads come until it is."""
    worker = await run.crew.start(point, hit)
    while worker.runs:
        await run.market.submit(4)
        await asyncio.sleep(0.2)
    assert worker.process.returncode == -signal.SIGKILL, worker.complaint()


async def let_die_on_release(run: Run, point: str) -> None:
    """The same, for what a worker does when it is told to stop while something waits in it."""
    run.receivers.gate.clear()
    worker = await run.crew.start(point, **ONE_PLACE)
    while not worker.has("send") or worker.claimed() < 3:
        assert worker.runs, worker.complaint()
        await run.market.submit(4)
        await asyncio.sleep(0.2)
    worker.send(signal.SIGTERM)
    assert await worker.ended() == -signal.SIGKILL, worker.complaint()


async def test_killed_at_every_point(begin: Begin) -> None:
    """Everything is delivered all the same, after the lease, under the same webhook-id."""
    chance = random.Random(18)
    async with begin() as run:
        points = iter(POINTS)
        while some := list(islice(points, AT_ONCE)):
            async with asyncio.TaskGroup() as group:
                for point in some:
                    is_release = point.startswith("release")
                    group.create_task(
                        let_die_on_release(run, point)
                        if is_release
                        else let_die(run, point, chance.randint(1, 2))
                    )
        for _ in range(2):
            await run.crew.start()
        await run.end_well()
    assert [w.point for w in run.crew.workers if w.has("killed")] == POINTS
