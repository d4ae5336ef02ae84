"""Writes outcomes back in batches: one call for many results decides how fast the outbox drains.

Results stay in memory while the database is away, and while somebody holds a row that one of them needs: the others
are recorded without it. What is lost with the process is sent again after its lease.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial

import psycopg
import structlog
from psycopg.errors import DataCorrupted, IndexCorrupted, QueryCanceled

from leadgen.worker import metrics
from leadgen.worker.attempt import Delivery, Result
from leadgen.worker.queries import Recorded, Session, keep_trying
from leadgen.worker.report import report

LARGEST_BATCH = 500
FULL_BATCH = 32  # results that are written without waiting for more
WAVE = 16  # likewise, when nothing more is under way
GATHER_SECONDS = 0.01
LOCKED_SECONDS = 0.2  # before a result is recorded again whose row somebody held
# The database is away, read-only or being migrated, and no result is to blame.
AWAY = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.ProgrammingError,
    psycopg.NotSupportedError,
    psycopg.InternalError,
)
# These are of the batch: it takes longer than it may, and half of it takes half as long; or a row cannot be read.
OF_THE_BATCH = (QueryCanceled, DataCorrupted, IndexCorrupted)

Work = tuple[Delivery, Result]
log = structlog.get_logger("leadgen.worker")


class Recorder:
    """Collects results, and claims to give back, and writes them. `flowing` is unset while that fails.

    `wake` is set after each writing: what was at an endpoint's limit may be claimed now.
    """

    def __init__(
        self, session: Session, wake: asyncio.Event, max_retries: int, retry_delay: timedelta
    ) -> None:
        self._session = session
        self._wake_loop = wake.set
        self._max_retries = max_retries
        self._retry_delay = retry_delay
        self._results: list[Work] = []
        self._locked: list[Work] = []  # waits for a row that somebody holds
        self._is_held_up = False
        self._leftover: list[Delivery] = []
        self._work = asyncio.Event()
        self._full = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self.flowing = asyncio.Event()
        self.flowing.set()

    def add(self, delivery: Delivery, result: Result) -> None:
        """Take a result, to be recorded soon."""
        self._results.append((delivery, result))
        if len(self._results) >= FULL_BATCH:
            self._full.set()
        self._wake()

    def set_aside(self, delivery: Delivery) -> None:
        """A delivery will not be sent under its claim, which is given back."""
        metrics.set_aside.inc()
        self._leftover.append(delivery)
        self._wake()

    def hurry(self) -> None:
        """Nothing more is under way: a wave of results need not wait for others."""
        if len(self._results) >= WAVE:
            self._full.set()

    async def flush(self) -> None:
        """Wait until everything taken so far is written."""
        await self._idle.wait()

    @property
    def waiting(self) -> int:
        """Results not yet recorded."""
        return len(self._results) + len(self._locked)

    def unrecorded(self) -> list[int]:
        """The deliveries that these results are of."""
        return [delivery.delivery_id for delivery, _ in (*self._results, *self._locked)]

    async def run(self) -> None:
        """Write, batch by batch. Runs until cancelled."""
        while True:
            await self._work.wait()
            await self._gather()
            batch = self._results[:LARGEST_BATCH]
            if batch:
                await self._record(batch)
            del self._results[: len(batch)]
            self._is_held_up = self._is_held_up and bool(self._locked)
            leftover, self._leftover = self._leftover, []
            if leftover:
                await keep_trying("releasing", partial(self._session.release, leftover))
            self._wake_loop()
            if not self._results and not self._leftover:
                self._work.clear()
                if not self._locked:
                    self._idle.set()

    async def _gather(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._full.wait(), GATHER_SECONDS)
        if len(self._results) <= LARGEST_BATCH:
            self._full.clear()

    def _wake(self) -> None:
        self._idle.clear()
        self._work.set()

    async def _record(self, batch: Sequence[Work]) -> None:
        """Record, however long that takes. What the database refuses is dropped, its neighbours are not."""
        results = [result for _, result in batch]
        try:
            recorded = await self._persist(
                partial(self._session.record, results, self._max_retries, self._retry_delay)
            )
        except psycopg.Error as error:
            half = len(batch) // 2
            if half:
                await self._record(batch[:half])
                await self._record(batch[half:])
            else:
                await self._record_bare(*batch[0], error)
            return
        self._tell(batch, recorded)

    async def _record_bare(self, delivery: Delivery, result: Result, error: psycopg.Error) -> None:
        """Once more without the receiver's words. An answer that could not be judged is unknown."""
        log.error("result refused", delivery_id=delivery.delivery_id, sqlstate=error.sqlstate)
        if result["reply"] is None and result["error"] is None:
            return
        bare: Result = {**result, "reply": None, "error": None}
        if result["outcome"] == "answered":
            bare |= {"outcome": "unknown", "error": f"the answer could not be judged: {error.sqlstate}"}
        await self._record([(delivery, bare)])

    def _tell(self, batch: Sequence[Work], recorded: Sequence[Recorded]) -> None:
        verdicts = {row.delivery_id: row for row in recorded}
        locked: list[Work] = []
        for delivery, result in batch:
            verdict = verdicts.get(delivery.delivery_id)
            if verdict and verdict.status == "locked":
                locked.append((delivery, result))
            elif verdict:
                report(delivery, result, verdict)
        if locked:
            self._keep_for_later(locked)

    def _keep_for_later(self, locked: list[Work]) -> None:
        if not self._is_held_up:
            self._is_held_up = True
            log.warning("rows are locked: results are recorded later", deliveries=len(locked))
        if not self._locked:
            asyncio.get_running_loop().call_later(LOCKED_SECONDS, self._take_up)
        self._locked += locked

    def _take_up(self) -> None:
        self._results += self._locked
        self._locked.clear()
        self._wake()

    async def _persist(self, call: Callable[[], Awaitable[list[Recorded]]]) -> list[Recorded]:
        try:
            return await call()
        except OF_THE_BATCH:
            raise
        except AWAY:
            self.flowing.clear()
        try:
            return await keep_trying("recording", call, AWAY, but=OF_THE_BATCH)
        finally:
            self.flowing.set()
