"""One channel's lane: its sender, how many it sends at once, and what waits for a place."""

import asyncio

from leadgen.worker.attempt import Delivery, Sender

MOST_ASKED = 1_000  # what claim_deliveries gives of one channel at most


class Lane:
    """`places` send at once; `ahead` more may be claimed, so that no place idles while the next are fetched.

    A lane asks for more when half of what it holds ahead is gone: claims by single rows would cost more than
    they bring.
    """

    def __init__(self, sender: Sender, places: int, ahead: int) -> None:
        self.sender = sender
        self.places = places
        self.queue: asyncio.Queue[tuple[float, Delivery]] = asyncio.Queue()
        self.held = 0  # claimed, and neither recorded nor set aside
        self._ahead = max(ahead, 1)

    @property
    def room(self) -> int:
        """How many to ask for; 0: not yet."""
        free = self.places + self._ahead - self.held
        return min(free, self._ahead, MOST_ASKED) if 2 * free >= self._ahead else 0

    def take(self, delivery: Delivery, expires: float) -> None:
        """Hold a delivery until its lease ends, a time of the event loop's clock."""
        self.held += 1
        self.queue.put_nowait((expires, delivery))

    def let_go(self) -> bool:
        """One less; True when there is room again."""
        was_full = not self.room
        self.held -= 1
        self.queue.task_done()
        return was_full and bool(self.room)
