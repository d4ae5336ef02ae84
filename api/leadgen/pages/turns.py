"""Turns: what takes long is done a few at a time in a process; neither a session nor all of them queue endlessly."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from leadgen.app.problems import Problem


class Turns:
    """So many at once; at most `of_one` of a session and `in_all` under way or waiting."""

    def __init__(self, at_once: int, of_one: int, in_all: int) -> None:
        self._turns = asyncio.Semaphore(at_once)
        self._of_one, self._in_all = of_one, in_all
        self._asked = Counter[str]()  # by session

    @asynccontextmanager
    async def take(self, session: str, refusal: Problem) -> AsyncIterator[None]:
        """Wait for a turn and have it until the end. Raises `refusal` when too many are asked for already."""
        if self._asked[session] >= self._of_one or self._asked.total() >= self._in_all:
            raise refusal
        self._asked[session] += 1
        try:
            async with self._turns:
                yield
        finally:
            self._asked[session] -= 1
            if not self._asked[session]:
                del self._asked[session]
