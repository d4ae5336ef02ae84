"""What has to be done beside delivering: the chores that the database lists, and the gauges.

The database decides which, when and to whom; the worker only keeps asking. Several workers may ask at once. A new
chore is a row of leadgen.chores and its function: workers find it within a minute, and
at once where they ask for one that is gone.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import psycopg
import structlog

from leadgen.db.session import is_lost
from leadgen.worker import metrics
from leadgen.worker.queries import Chore, Session, keep_trying

MOST_A_TURN = 100  # of each chore before the next pause
LIST_SECONDS = 60.0  # the list of chores is read again after that
MEASURE_SECONDS = 5.0  # gauges of the outbox are not refreshed more often
MARKET_SECONDS = 30.0  # likewise those of the market
COPY_SECONDS = 5.0  # whether the database is a copy is asked again after that
NO_SUCH_CHORE = "LG404"

log = structlog.get_logger("leadgen.worker")


class Tender:
    """Does what is due, then pauses. `wake` is set when something was done: deliveries may follow from it."""

    def __init__(self, session: Session, wake: asyncio.Event) -> None:
        self._session = session
        self._wake = wake
        self._chores: Sequence[Chore] = ()
        self._rests: dict[str, float] = {}  # until when what was done is left alone
        self._is_copy = False

    async def run(self, interval: float) -> None:
        """Take turns with `interval` seconds between them. Runs until cancelled."""
        while True:
            await keep_trying("tending", self._take_turn)
            await asyncio.sleep(interval)

    async def _take_turn(self) -> None:
        """In the order of the list, so that a lead whose sale lapsed is with the next buyer in the same turn."""
        await self._do("asking whether this is a copy", COPY_SECONDS, self._ask_whether_copy)
        await self._do("listing chores", LIST_SECONDS, self._list)
        for chore in self._chores:
            if await self._do(chore.name, chore.pause_seconds, partial(self._repeat, chore.name)):
                self._wake.set()
        if metrics.served:
            await self._do("measuring", MEASURE_SECONDS, self._measure)
            await self._do("measuring the market", MARKET_SECONDS, self._measure_market)

    async def _do(self, what: str, pause: float, call: Callable[[], Awaitable[int]]) -> int:
        """How much was done; 0 while it rests. A chore that fails is logged, and holds up no other.

        That is so for a server that takes no writes (25006) and for a transaction that took too long (25P04), too: the
        session opens another connection, by which the next chore may find the primary, and what only reads goes on. A
        turn that ended there would never reach the chores behind the one that takes too long.
        """
        now = asyncio.get_running_loop().time()
        if now < self._rests.get(what, now):
            return 0
        try:
            done = await call()
        except psycopg.Error as error:
            if is_lost(error):
                raise
            log.error("chore failed", doing=what, sqlstate=error.sqlstate, kind=type(error).__name__)
            return 0
        self._rests[what] = now + pause
        return done

    async def _list(self) -> int:
        self._chores = await self._session.list_chores()
        metrics.forget_chores(chore.name for chore in self._chores)
        return len(self._chores)

    async def _repeat(self, name: str) -> int:
        try:
            with metrics.chore_seconds.labels(name).time():
                done = await self._repeat_until_done(name)
        except psycopg.Error:
            metrics.chore_errors.labels(name).inc()
            raise
        metrics.note_chore(name)
        return done

    async def _repeat_until_done(self, name: str) -> int:
        for done in range(MOST_A_TURN):
            try:
                is_done = await self._session.run_chore(name)
            except psycopg.Error as error:
                if error.sqlstate != NO_SUCH_CHORE or await self._is_listed(name):
                    raise
                return done
            if not is_done:
                return done
        return MOST_A_TURN

    async def _is_listed(self, name: str) -> bool:
        """Whether the list, read again, still has a chore: a deploy may have taken it away."""
        await self._list()
        return any(chore.name == name for chore in self._chores)

    async def _ask_whether_copy(self) -> int:
        """Say it once: the database itself keeps everything back."""
        was, self._is_copy = self._is_copy, await self._session.is_copy()
        metrics.is_copy.set(self._is_copy)
        if self._is_copy and not was:
            log.warning("the database is a copy: nothing is sent and no chore is done until `leadgen adopt`")
        elif was and not self._is_copy:
            log.info("the database was adopted: what waits is sent")
            self._wake.set()
        return 1

    async def _measure(self) -> int:
        rows = await self._session.measure_outbox()
        metrics.show_outbox(rows)
        return len(rows)

    async def _measure_market(self) -> int:
        rows = await self._session.measure_market()
        metrics.show_market(rows)
        return len(rows)
