"""When API keys were used last: gathered here, and written at most once a minute for each key, many in one statement.

A request writes nothing. A process that is killed loses what it gathered in the last minute; one that stops writes it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import structlog

from leadgen.app.problems import Problem

PAUSE_SECONDS = 60.0
MOST = 10_000  # keys that are remembered; of more, those used first are forgotten
AT_ONCE = 1_000  # in one statement

log = structlog.get_logger()

Write = Callable[[list[str], list[datetime]], Awaitable[int]]


class KeyUses:
    """The keys that this process has seen used since it wrote last, by their hashes."""

    def __init__(self, write: Write, pause: float = PAUSE_SECONDS) -> None:
        self._write = write
        self._pause = pause
        self._used: dict[str, float] = {}

    def note(self, key_hash: str) -> None:
        """A key was used now, and was valid."""
        self._used.pop(key_hash, None)
        self._used[key_hash] = time.time()
        if len(self._used) > MOST:
            del self._used[next(iter(self._used))]

    async def run(self) -> None:
        """Write what was gathered, again and again. Runs until cancelled."""
        while True:
            await asyncio.sleep(self._pause)
            await self.flush()

    async def flush(self) -> None:
        """Write what was gathered. What the database does not take is kept for the next time."""
        used, self._used = self._used, {}
        hashes = list(used)
        for start in range(0, len(hashes), AT_ONCE):
            block = hashes[start : start + AT_ONCE]
            try:
                await self._write(block, [datetime.fromtimestamp(used[one], UTC) for one in block])
            except Problem as problem:
                log.warning("uses of keys not written", problem=problem.kind.slug)
                self._used = {one: used[one] for one in hashes[start:]} | self._used
                return
