"""One channel's lane: its sender, how many it sends at once, and what waits for a place."""

import asyncio
import itertools
from collections import Counter
from typing import NamedTuple

from leadgen.worker.attempt import Delivery, Sender

MOST_ASKED = 1_000  # what claim_deliveries gives of one channel at most


class Waiting(NamedTuple):
    """A delivery that waits for a place: who has fewer here goes first, then who came first."""

    turn: int  # how many of its endpoint the lane held when it came, itself included
    number: int
    expires: float  # when its lease ends, by the event loop's clock
    delivery: Delivery


class Lane:
    """`places` send at once; `ahead` more may be claimed, so that no place idles while the next are fetched.

    A lane asks for more when a quarter of what it holds ahead is gone: claims by single rows would cost more than
    they bring.
    """

    def __init__(self, sender: Sender, places: int, ahead: int) -> None:
        self.sender = sender
        self.places = places
        self.queue: asyncio.PriorityQueue[Waiting] = asyncio.PriorityQueue()
        self.held = 0  # claimed, and neither recorded nor set aside
        self._held_of: Counter[int] = Counter()  # likewise, by endpoint
        self._ahead = max(ahead, 1)
        self._numbers = itertools.count()

    @property
    def room(self) -> int:
        """How many to ask for; 0: not yet."""
        free = self.places + self._ahead - self.held
        return min(free, self._ahead, MOST_ASKED) if 4 * free >= self._ahead else 0

    def take(self, delivery: Delivery, expires: float) -> None:
        """Hold a delivery until its lease ends, a time of the event loop's clock."""
        self.held += 1
        self._held_of[delivery.endpoint_id] += 1
        turn = self._held_of[delivery.endpoint_id]
        self.queue.put_nowait(Waiting(turn, next(self._numbers), expires, delivery))

    def let_go(self, delivery: Delivery) -> bool:
        """One less; True when there is room again."""
        was_full = not self.room
        self.held -= 1
        self._held_of[delivery.endpoint_id] -= 1
        if not self._held_of[delivery.endpoint_id]:
            del self._held_of[delivery.endpoint_id]
        self.queue.task_done()
        return was_full and bool(self.room)
