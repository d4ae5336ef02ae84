"""Writes outcomes back in batches: one call for many results decides how fast the outbox drains.

Results stay in memory while the database is away. What is lost with the process is sent
again after its lease.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from uuid import UUID

import psycopg
import structlog

from leadgen.worker import metrics
from leadgen.worker.attempt import Result
from leadgen.worker.queries import Session, keep_trying

LARGEST_BATCH = 500
FULL_BATCH = 100  # results that are written without waiting for more
GATHER_SECONDS = 0.01
AWAY = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.ProgrammingError)  # away, or being migrated

log = structlog.get_logger("leadgen.worker")


@dataclass(slots=True)
class Claim:
    """One call of claim_deliveries: rows under one lease."""

    token: UUID
    expires: float  # of the event loop's clock
    open: int = 0  # deliveries neither recorded nor set aside
    set_aside: bool = False  # some of them will not be sent under this lease


class Recorder:
    """Collects results, and claims to give back, and writes them. `flowing` is unset while that fails."""

    def __init__(self, session: Session, max_retries: int, retry_delay: timedelta) -> None:
        self._session = session
        self._max_retries = max_retries
        self._retry_delay = retry_delay
        self._results: list[tuple[Claim, Result]] = []
        self._leftover: list[UUID] = []
        self._work = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self.flowing = asyncio.Event()
        self.flowing.set()

    def add(self, claim: Claim, result: Result) -> None:
        """Take a result, to be recorded soon."""
        self._results.append((claim, result))
        self._wake()

    def set_aside(self, claim: Claim) -> None:
        """A delivery will not be sent under this claim, which is given back once no other of it is open."""
        claim.set_aside = True
        metrics.set_aside.inc()
        self._close(claim)

    async def flush(self) -> None:
        """Wait until everything taken so far is written."""
        await self._idle.wait()

    @property
    def waiting(self) -> int:
        """Results not yet recorded."""
        return len(self._results)

    async def run(self) -> None:
        """Write, batch by batch. Runs until cancelled."""
        while True:
            await self._work.wait()
            if len(self._results) < FULL_BATCH:
                await asyncio.sleep(GATHER_SECONDS)
            batch = self._results[:LARGEST_BATCH]
            if batch:
                await self._record([result for _, result in batch])
            del self._results[: len(batch)]
            for claim, _ in batch:
                self._close(claim)
            leftover, self._leftover = self._leftover, []
            if leftover:
                await keep_trying("releasing", partial(self._session.release, leftover))
            if not self._results and not self._leftover:
                self._work.clear()
                self._idle.set()

    def _wake(self) -> None:
        self._idle.clear()
        self._work.set()

    def _close(self, claim: Claim) -> None:
        claim.open -= 1
        if claim.set_aside and not claim.open:
            self._leftover.append(claim.token)
            self._wake()

    async def _record(self, results: list[Result]) -> None:
        """Record, however long that takes. What the database refuses is dropped, its neighbours are not."""
        try:
            statuses = await self._persist(
                partial(self._session.record, results, self._max_retries, self._retry_delay)
            )
        except psycopg.Error as error:
            if len(results) > 1:
                for result in results:
                    await self._record([result])
            elif results[0]["reply"] is None:
                log.error("result refused", delivery_id=results[0]["delivery_id"], sqlstate=error.sqlstate)
            else:  # the outcome counts, not the receiver's words
                await self._record([{**results[0], "reply": None, "error": None}])
            return
        for delivery_id, status in statuses.items():
            if status == "fenced":
                metrics.fenced.inc()
                log.warning("fenced: the lease had passed to another worker", delivery_id=delivery_id)

    async def _persist(self, call: Callable[[], Awaitable[dict[int, str]]]) -> dict[int, str]:
        try:
            return await call()
        except AWAY:
            self.flowing.clear()
        try:
            return await keep_trying("recording", call, AWAY)
        finally:
            self.flowing.set()
