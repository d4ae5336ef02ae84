"""The bell: a connection of its own that listens for due deliveries, and for claimed ones that may be called off.

Nothing depends on it but speed. Anybody may ring it as often as they like: wakes are coalesced, and who rings without
end is not listened to for a while, in which the worker polls.
"""

import asyncio
from contextlib import aclosing

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.errors import ReadOnlySqlTransaction

from leadgen.worker.queries import CHANNEL, connect
from leadgen.worker.withdrawals import Withdrawals

RECONNECT_SECONDS = 0.5
QUIET_SECONDS = 0.02  # one wake in that time: the loop looks again anyway
MOST_NOTICES = 1_000  # in so many seconds; more is a flood
FLOOD_SECONDS = 1.0
DEAF_SECONDS = 1.0  # a flood is not listened to
LOOK_SECONDS = 10.0  # between two looks whether this is still the server that takes writes

log = structlog.get_logger("leadgen.worker")


class Flood(Exception):  # noqa: N818
    """More notifications than anybody has reason to send."""


class Bell:
    """Wakes the loop for notifications, at once but not more often than every QUIET_SECONDS."""

    def __init__(self, wake: asyncio.Event, withdrawals: Withdrawals) -> None:
        self._wake = wake
        self._withdrawals = withdrawals
        self._quiet_until = 0.0
        self._later: asyncio.TimerHandle | None = None
        self._count = 0
        self._counts_until = 0.0

    def ring(self) -> None:
        """Wake the loop, now or as soon as it is no more often than it may be."""
        loop = asyncio.get_running_loop()
        if loop.time() >= self._quiet_until:
            self._ring_now()
        elif self._later is None:
            self._later = loop.call_at(self._quiet_until, self._ring_now)

    def hear(self, words: str) -> None:
        """Take a notification: the id of a delivery, or anything else. Raises Flood."""
        now = asyncio.get_running_loop().time()
        if now >= self._counts_until:
            self._count, self._counts_until = 0, now + FLOOD_SECONDS
        self._count += 1
        if self._count > MOST_NOTICES:
            raise Flood
        if words.isdecimal() and len(words) < 20:
            self._withdrawals.hear(int(words))
        else:
            self.ring()

    def cover(self) -> None:
        """Nobody listens for a while: what is said meanwhile may be about any claim."""
        self._withdrawals.doubt_all()

    def _ring_now(self) -> None:
        self._quiet_until = asyncio.get_running_loop().time() + QUIET_SECONDS
        self._later = None
        self._wake.set()


async def listen(url: str, name: str, bell: Bell) -> None:
    """Ring the bell when something is due, and whenever a notification may have been missed. Runs until cancelled."""
    while True:
        pause = RECONNECT_SECONDS
        try:
            async with await connect(url, name) as connection:
                await connection.execute(f"listen {CHANNEL}")
                while True:
                    bell.ring()  # listening first, then a look at what came before
                    await _hear(connection, bell)
                    await _check(connection)
        except Flood:
            bell.cover()
            pause = DEAF_SECONDS
            log.warning(
                "a flood of notifications: not listening, polling", most_a_second=MOST_NOTICES, pause=pause
            )
        except psycopg.Error as error:
            log.warning("listening was interrupted", kind=type(error).__name__, retry_in=pause)
        await asyncio.sleep(pause)


async def _hear(connection: AsyncConnection[object], bell: Bell) -> None:
    async with aclosing(connection.notifies(timeout=LOOK_SECONDS)) as notices:
        async for notice in notices:
            bell.hear(notice.payload)


async def _check(connection: AsyncConnection[object]) -> None:
    """Raise psycopg.Error when nobody can notify here any more: the server takes no writes."""
    cursor = await connection.execute(
        "select pg_is_in_recovery() or current_setting('transaction_read_only')::boolean"
    )
    if await cursor.fetchone() != (False,):
        raise ReadOnlySqlTransaction("the server takes no writes")
