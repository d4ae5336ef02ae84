"""The loop: claim what is due, hand it to the senders, sleep when there is nothing.

A claim's rows wait in their channel's lane; each lane has a number of places that send at once. The loop
claims again while fewer than a batch wait or are being sent: no place idles, and a crash strands little.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

import structlog

from leadgen.worker import metrics
from leadgen.worker.attempt import Attempt, Delivery, Refused, Result, Sender, attempt_delivery
from leadgen.worker.queries import Session, keep_trying
from leadgen.worker.recorder import Claim, Recorder

LEASE_MARGIN = 1.0  # seconds of a lease kept for recording: no attempt may last into them
LINGER_SECONDS = 0.01  # while leads keep coming, to look again is cheaper than a bell for each of them
RACE_SECONDS = 0.02  # a commit that did not yet see our nap is visible by then
CLAIM_ENDS = 2.0  # seconds that a claim under way gets when the worker stops

log = structlog.get_logger("leadgen.worker")


class NoSender:
    """Stands in for a channel that nobody can send by."""

    deadline = 1.0

    async def send(self, delivery: Delivery, attempt: Attempt) -> None:
        """Refuse."""
        raise Refused(f"no way to send by {delivery.channel}")

    def describe(self, error: Exception) -> str:
        """Only its type: nothing is known of it."""
        return type(error).__name__


class Lane:
    """One channel: its sender, how many it sends at once, and what waits for it."""

    def __init__(self, sender: Sender, places: int) -> None:
        self.sender = sender
        self.places = places
        self.queue: asyncio.Queue[tuple[Claim, Delivery]] = asyncio.Queue()


class ClaimTerms(NamedTuple):
    """Under which name and terms deliveries are claimed."""

    worker: str
    batch: int
    lease: timedelta
    poll: timedelta


class Loop:
    """Runs until `stop`. `wake` ends a nap."""

    def __init__(
        self, session: Session, terms: ClaimTerms, lanes: Mapping[str, Lane], recorder: Recorder
    ) -> None:
        self._session = session
        self._terms = terms
        self._lanes = dict(lanes)
        self._no_lane = Lane(NoSender(), 1)
        self._recorder = recorder
        self._outstanding = 0
        metrics.in_flight.set_function(lambda: self._outstanding)
        self._room = asyncio.Event()
        self._room.set()
        self._stopping = False
        self.wake = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop` is set; then finish what is being sent and set aside the rest."""
        lanes = [*self._lanes.values(), self._no_lane]
        async with asyncio.TaskGroup() as group:
            places = [group.create_task(self._deliver(lane)) for lane in lanes for _ in range(lane.places)]
            claiming = group.create_task(self._keep_claiming())
            await stop.wait()
            self._stopping = True
            self.wake.set()
            self._room.set()
            await asyncio.wait([claiming], timeout=CLAIM_ENDS)
            for lane in lanes:
                await lane.queue.join()
            for task in (claiming, *places):
                task.cancel()

    async def _keep_claiming(self) -> None:
        idle = False
        while not self._stopping:
            await self._room.wait()
            await self._recorder.flowing.wait()
            if await self._claim():
                idle = False
            elif idle:
                await self._nap()
            else:
                idle = True
                await self._sleep(LINGER_SECONDS)

    async def _claim(self) -> bool:
        """Claim and hand out one batch; False when nothing was due."""
        if self._stopping:
            return False
        expires = asyncio.get_running_loop().time() + self._terms.lease.total_seconds()
        rows = await keep_trying("claiming", self._ask)
        if not rows:
            return False
        claims: dict[object, Claim] = {}
        for row in rows:
            claim = claims.setdefault(row.lease_token, Claim(row.lease_token, expires))
            claim.open += 1
            self._lanes.get(row.channel, self._no_lane).queue.put_nowait((claim, row))
        self._count(len(rows))
        return True

    async def _ask(self) -> list[Delivery]:
        return await self._session.claim(self._terms.worker, self._terms.batch, self._terms.lease)

    async def _nap(self) -> None:
        """Ask to be rung, look once more, then sleep until the bell or the next poll."""
        self.wake.clear()
        await keep_trying("going to sleep", self._ask_for_bell)
        if await self._claim():
            return
        if await self._sleep(RACE_SECONDS) or await self._claim():
            return
        await self._sleep(self._terms.poll.total_seconds() - RACE_SECONDS)

    async def _ask_for_bell(self) -> None:
        await self._session.nap(self._terms.worker, self._terms.poll)

    async def _sleep(self, seconds: float) -> bool:
        """True when woken early."""
        try:
            await asyncio.wait_for(self.wake.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def _deliver(self, lane: Lane) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            claim, delivery = await lane.queue.get()
            # claim_deliveries adds a delivery's own timeout to its lease: the wait is all that can use up the rest
            deadline = lane.sender.deadline if delivery.timeout_seconds is None else 0
            if self._stopping or clock() + deadline + LEASE_MARGIN > claim.expires:
                self._recorder.set_aside(claim)
            else:
                result = await attempt_delivery(lane.sender, delivery)
                self._recorder.add(claim, result)
                report(delivery, result)
            lane.queue.task_done()
            self._count(-1)

    def _count(self, change: int) -> None:
        self._outstanding += change
        if self._outstanding < self._terms.batch or self._stopping:
            self._room.set()
        else:
            self._room.clear()


def report(delivery: Delivery, result: Result) -> None:
    """Count an attempt, and log one that failed: of the target only a webhook's host, of the lead nothing."""
    outcome, milliseconds = result["outcome"], result["latency_ms"]
    metrics.attempts.labels(delivery.channel, outcome).inc()
    metrics.latency.labels(delivery.channel).observe(milliseconds / 1000)
    if outcome == "delivered":
        return
    log.warning(
        "attempt failed",
        delivery_id=delivery.delivery_id,
        channel=delivery.channel,
        host=host_of(delivery),
        attempt=delivery.attempt,
        outcome=outcome,
        status_code=result["status_code"],
        latency_ms=milliseconds,
        reason=result["error"],
    )


def host_of(delivery: Delivery) -> str | None:
    """The host a webhook goes to."""
    try:
        return urlsplit(delivery.target).hostname if delivery.channel == "webhook" else None
    except ValueError:
        return None
