"""The loop: claim what is due, hand it to the senders, sleep when there is nothing.

A claim asks for as much of each channel as its lane has room for; the database shares that out among the
endpoints. The loop claims again while there is room: no place idles, and a crash strands little.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

import psycopg

from leadgen.worker import metrics
from leadgen.worker.attempt import Delivery, attempt_delivery
from leadgen.worker.lane import Lane
from leadgen.worker.queries import Session, keep_trying
from leadgen.worker.recorder import Recorder
from leadgen.worker.sealing import Opener
from leadgen.worker.withdrawals import Withdrawals

LEASE_MARGIN = 1.0  # seconds of a lease kept for recording: no attempt may last into them
BUSY_SECONDS = 0.05  # leads that come closer than this are a stream
LINGER_SECONDS = 0.01  # in a stream, to look again is cheaper than a bell for each lead
CROWDED_SECONDS = 0.05  # a full lane is given so long to get room before the others' leads are asked for
RACE_SECONDS = 0.02  # a commit that did not yet see our nap is visible by then
CLAIM_ENDS = 2.0  # seconds that a claim under way gets when the worker stops


class ClaimTerms(NamedTuple):
    """Under which name and terms deliveries are claimed."""

    worker: str
    lease: timedelta
    poll: timedelta


class Loop:
    """Runs until `stop`. `wake` ends every sleep: what set it is seen by the claim that follows."""

    def __init__(
        self,
        session: Session,
        terms: ClaimTerms,
        lanes: Mapping[str, Lane],
        recorder: Recorder,
        wake: asyncio.Event,
        opener: Opener,
    ) -> None:
        self._session = session
        self._opener = opener
        self._terms = terms
        self._lanes = dict(lanes)
        self._recorder = recorder
        self._wake = wake
        self._stopping = False
        self.withdrawals = Withdrawals(session.list_withdrawn, terms.lease.total_seconds())
        self._finds = (0.0, 0.0)  # when something was claimed, the last time but one and the last
        metrics.in_flight.set_function(self._count_held)

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop` is set; then finish what is being sent and set aside the rest."""
        lanes = self._lanes.values()
        async with asyncio.TaskGroup() as group:
            places = [group.create_task(self._deliver(lane)) for lane in lanes for _ in range(lane.places)]
            claiming = group.create_task(self._keep_claiming())
            await stop.wait()
            self._stopping = True
            self._wake.set()
            await asyncio.wait([claiming], timeout=CLAIM_ENDS)
            for lane in lanes:
                await lane.queue.join()
            for task in (claiming, *places):
                task.cancel()

    async def _keep_claiming(self) -> None:
        while not self._stopping:
            await self._recorder.flowing.wait()
            if self._is_crowded():
                await self._sleep(CROWDED_SECONDS)
            self._wake.clear()
            if await self._claim() or self._is_crowded():
                continue
            if self._finds[1] - self._finds[0] < BUSY_SECONDS and await self._linger():
                continue
            await self._nap()

    def _is_crowded(self) -> bool:
        return not all(lane.room for lane in self._lanes.values())

    async def _claim(self) -> bool:
        """Claim and hand out one batch; False when nothing was due."""
        if self._stopping:
            return False
        now = asyncio.get_running_loop().time()
        rows = await keep_trying("claiming", self._ask)
        for row in rows:
            self._lanes[row.channel].take(row, now + self._terms.lease.total_seconds())
        if rows:
            self._finds = (self._finds[1], now)
        return bool(rows)

    async def _ask(self) -> list[Delivery]:
        if not self._count_held():
            self.withdrawals.forget()
        room = {channel: lane.room for channel, lane in self._lanes.items()}
        terms = self._terms
        claimed = await self._session.claim(terms.worker, room, terms.lease, self._recorder.unrecorded())
        return await self._opener.open(claimed)

    async def _linger(self) -> bool:
        """Look once more after a moment; True when something was due."""
        await self._sleep(LINGER_SECONDS)
        self._wake.clear()
        return await self._claim()

    async def _nap(self) -> None:
        """Ask to be rung, look once more, then sleep until the bell or the next poll."""
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
            await asyncio.wait_for(self._wake.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def _deliver(self, lane: Lane) -> None:
        while True:
            _, _, expires, delivery = await lane.queue.get()
            await self._conclude(lane, delivery, expires)
            if lane.let_go(delivery):
                self._wake.set()
            if not self._count_held():
                self._recorder.hurry()

    async def _conclude(self, lane: Lane, delivery: Delivery, expires: float) -> None:
        """Send a delivery, unless it was called off or its lease would not last. One that is in doubt is given back."""
        try:
            if await self.withdrawals.is_called_off(delivery):
                metrics.set_aside.inc()
                return
        except psycopg.Error:
            self._recorder.set_aside(delivery)
            return
        # claim_deliveries adds a delivery's own timeout to its lease: the wait is all that can use up the rest
        deadline = lane.sender.deadline if delivery.timeout_seconds is None else 0
        if self._stopping or asyncio.get_running_loop().time() + deadline + LEASE_MARGIN > expires:
            self._recorder.set_aside(delivery)
        else:
            self._recorder.add(delivery, await attempt_delivery(lane.sender, delivery))

    def _count_held(self) -> int:
        return sum(lane.held for lane in self._lanes.values())
