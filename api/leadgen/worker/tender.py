"""What has to be done beside delivering: sales, leads that wait, endpoints, replays, gauges.

The database decides which, when and to whom; the worker only keeps asking. Several workers may ask at once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import psycopg
import structlog

from leadgen.worker import metrics
from leadgen.worker.queries import CHORES, FIRST_WAIT, LONGEST_WAIT, Session

MOST_A_TURN = 100  # of each chore before the next pause
MEASURE_SECONDS = 5.0  # gauges are not refreshed more often
LOST = ("08", "57P")  # classes of SQLSTATE: the connection, the server

log = structlog.get_logger("leadgen.worker")


class Tender:
    """Does what is due, then pauses. `wake` is set when something was done: deliveries may follow from it."""

    def __init__(self, session: Session, wake: asyncio.Event) -> None:
        self._session = session
        self._wake = wake
        self._measured = -MEASURE_SECONDS

    async def run(self, interval: float) -> None:
        """Take turns with `interval` seconds between them. Runs until cancelled."""
        wait = FIRST_WAIT
        while True:
            try:
                await self._take_turn()
            except psycopg.Error as error:
                log.warning("database trouble", doing="tending", kind=type(error).__name__, retry_in=wait)
                await asyncio.sleep(wait)
                wait = min(wait * 2, LONGEST_WAIT)
            else:
                wait = FIRST_WAIT
                await asyncio.sleep(interval)

    async def _take_turn(self) -> None:
        """In the order of CHORES, so that a lead whose sale lapsed is with the next buyer in the same turn."""
        for what in CHORES:
            if await self._try(what, partial(self._repeat, what)):
                self._wake.set()
        if metrics.served and asyncio.get_running_loop().time() - self._measured >= MEASURE_SECONDS:
            self._measured = asyncio.get_running_loop().time()
            await self._try("measuring", self._measure)

    async def _try(self, what: str, call: Callable[[], Awaitable[int]]) -> int:
        """A chore that fails is logged, and holds up no other."""
        try:
            return await call()
        except psycopg.Error as error:
            if is_away(error):
                raise
            log.error("chore failed", doing=what, sqlstate=error.sqlstate, kind=type(error).__name__)
            return 0

    async def _repeat(self, what: str) -> int:
        for done in range(MOST_A_TURN):
            if not await self._session.do_chore(what):
                return done
        return MOST_A_TURN

    async def _measure(self) -> int:
        rows = await self._session.measure_outbox()
        metrics.show_outbox(rows)
        return len(rows)


def is_away(error: psycopg.Error) -> bool:
    """Whether the database is not there; otherwise the one statement failed, for a lock or by itself."""
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return error.sqlstate.startswith(LOST)
