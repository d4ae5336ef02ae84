"""Argon2id in threads of its own: so many at once, so many that wait, and no more."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from leadgen.app.problems import UNAVAILABLE, Problem
from leadgen.passwords import Challenge, compute_digest

AT_ONCE = 2  # each takes 64 MB and several cores while it runs
MOST_WAITING = 100  # some five seconds' worth


class PasswordWork:
    """Computes digests for the requests of one process."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, "argon2")
        self._waiting = 0

    async def compute(self, password: str, challenge: Challenge) -> bytes:
        """The digest. Raises Problem (503) when too many wait already."""
        if self._waiting >= MOST_WAITING:
            raise Problem(UNAVAILABLE, "Too many people sign in at this moment. Try again in a few seconds.")
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, compute_digest, password, challenge)
        finally:
            self._waiting -= 1
