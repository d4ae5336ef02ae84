"""Claims that may have been called off: the bell says so, and the database is asked before one is dropped.

Anybody who may connect may say NOTIFY, with any words. So a notification proves nothing: it only makes a claim
doubtful, and a doubtful claim costs one look before it is sent. Those that are asked for meanwhile share the next look.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import psycopg

from leadgen.worker.attempt import Delivery

MOST_DOUBTED = 10_000  # ids that are remembered; more of them: every claim is doubtful
LARGEST_LOOK = 500

Ask = Callable[[Sequence[Delivery]], Awaitable[set[int]]]


class Withdrawals:
    """Which claims are doubtful. `ask` says which of some claims no longer hold; `lease` is in seconds."""

    def __init__(self, ask: Ask, lease: float) -> None:
        self._ask = ask
        self._lease = lease
        self._doubted: set[int] = set()
        self._doubts_all_until = 0.0
        self._waiting: list[tuple[Delivery, asyncio.Future[bool]]] = []
        self._looking: asyncio.Task[None] | None = None

    def hear(self, delivery_id: int) -> None:
        """Somebody says that a delivery was called off."""
        if len(self._doubted) >= MOST_DOUBTED:
            self.doubt_all()
        else:
            self._doubted.add(delivery_id)

    def doubt_all(self) -> None:
        """More was said than was listened to: whatever is claimed by now is doubtful until its lease ends."""
        self._doubted.clear()
        self._doubts_all_until = asyncio.get_running_loop().time() + self._lease

    def forget(self) -> None:
        """Nothing is claimed: what was said is of no more use."""
        self._doubted.clear()
        self._doubts_all_until = 0.0

    async def is_called_off(self, delivery: Delivery) -> bool:
        """Whether a claim no longer holds. Raises psycopg.Error when the database cannot be asked."""
        if delivery.delivery_id not in self._doubted and not self._doubts_all():
            return False
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((delivery, answer))
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        return await answer

    def _doubts_all(self) -> bool:
        return asyncio.get_running_loop().time() < self._doubts_all_until

    async def _look(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:LARGEST_LOOK], self._waiting[LARGEST_LOOK:]
            try:
                gone = await self._ask([delivery for delivery, _ in batch])
            except psycopg.Error as error:
                for _, answer in batch:
                    if not answer.done():
                        answer.set_exception(error)
            else:
                for delivery, answer in batch:
                    if not answer.done():
                        answer.set_result(delivery.delivery_id in gone)
