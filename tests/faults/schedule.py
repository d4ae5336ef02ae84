"""A storm: faults at random times, drawn from a seed."""

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from faults.crew import LEASE
from faults.run import Run
from faults.victim import POINTS

WORKERS = 3
ARMED_WITHIN = 6  # hits; some points are never reached so often, and that worker lives
LEADS = 60  # at least, however slow the machine is
RETURN_SECONDS, ERASE_SECONDS = 0.3, 0.7


@dataclass(frozen=True)
class Fault:
    """Something that happens at a time of the storm."""

    at: float
    what: str


async def crash(run: Run, _chance: random.Random) -> None:
    """The server is killed and comes back."""
    await run.market.crash()


async def cut_bells(run: Run, _chance: random.Random) -> None:
    """The sessions that listen are ended."""
    await run.market.cut("%bell")


async def cut_all(run: Run, _chance: random.Random) -> None:
    """Every session of the workers is ended."""
    await run.market.cut()


async def stall(run: Run, chance: random.Random) -> None:
    """A worker stands still for longer than its lease."""
    if run.crew.running:
        worker = chance.choice(run.crew.running)
        worker.send(signal.SIGSTOP)
        await asyncio.sleep(LEASE + 0.5)
        worker.send(signal.SIGCONT)


async def redeploy(run: Run, _chance: random.Random) -> None:
    """Every function is replaced while workers run (FAULTS 17)."""
    await run.market.migrate()


FAULTS: dict[str, Callable[[Run, random.Random], Awaitable[None]]] = {
    "crash": crash,
    "cut bells": cut_bells,
    "cut all": cut_all,
    "stall": stall,
    "redeploy": redeploy,
}


def draw(chance: random.Random, seconds: float) -> list[Fault]:
    """Each fault at least once, two of them twice, in any order."""
    names = [*FAULTS, *chance.sample(["cut bells", "cut all", "stall", "crash"], 2)]
    return sorted((Fault(round(chance.uniform(0, seconds), 2), name) for name in names), key=lambda f: f.at)


async def play(run: Run, schedule: list[Fault], seed: int, seconds: float) -> None:
    """Let it rage, with leads coming all the while, then start healthy workers."""
    stop = asyncio.Event()
    run.receivers.is_troubled = True
    async with asyncio.TaskGroup() as group:
        for turn, source in enumerate((keep_crew, keep_returning, keep_erasing)):
            group.create_task(source(run, random.Random(seed + turn), stop))
        for _ in range(2):
            group.create_task(run.market.keep_posting(0.05, stop))
        faults = [group.create_task(strike(run, fault, random.Random(seed))) for fault in schedule]
        await asyncio.sleep(seconds)
        await asyncio.wait(faults)
        await run.market.wait_for(lambda: len(run.market.acknowledged) >= LEADS)
        stop.set()
    await run.crew.stop()
    for _ in range(2):
        await run.crew.start()


async def strike(run: Run, fault: Fault, chance: random.Random) -> None:
    """One fault, at its time."""
    await asyncio.sleep(fault.at)
    await FAULTS[fault.what](run, chance)


async def keep_crew(run: Run, chance: random.Random, stop: asyncio.Event) -> None:
    """Who was killed is replaced, by somebody who will be killed as well."""
    while not stop.is_set():
        for _ in range(WORKERS - len(run.crew.running)):
            await run.crew.start(chance.choice(POINTS), chance.randint(1, ARMED_WITHIN))
        await asyncio.sleep(0.1)


async def keep_returning(run: Run, chance: random.Random, stop: asyncio.Event) -> None:
    """Buyers give sales back that are being delivered."""
    while not stop.is_set():
        await run.market.return_some_sale(chance)
        await asyncio.sleep(RETURN_SECONDS)


async def keep_erasing(run: Run, chance: random.Random, stop: asyncio.Event) -> None:
    """People want to be forgotten while their lead is being delivered."""
    while run.market.can_erase and not stop.is_set():
        await run.market.erase_some_lead(chance)
        await asyncio.sleep(ERASE_SECONDS)
