"""Who listens to the feed in this process: when there is something new, and how many may listen.

One task asks the database each second for the latest item's id, as long as anybody listens; a listener asks for its own
page only when there is one. So nothing is kept for a listener: one that reads slowly waits for itself, and one that
does not read at all is cut by its connection (app/connection.py).
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
import structlog

from leadgen.app.metrics import FEED_LISTENERS
from leadgen.app.problems import TOO_MANY, UNAVAILABLE, Problem
from leadgen.app.queries import Queries

LOOK_SECONDS = 1.0  # between two looks for something new
HEARTBEAT_SECONDS = 15.0  # a stream says so often that it is there, and that its key is still in force
LONGEST_SECONDS = 3_600.0  # then a stream ends, and its client connects again
RETRY_MILLISECONDS = 3_000
PAGE = 100  # items

log = structlog.get_logger()

Pages = Callable[[int], Awaitable[str]]  # the page after an id, as JSON


class _Page(msgspec.Struct):
    items: list[msgspec.Raw]
    next_after: int
    has_more: bool


class _Item(msgspec.Struct):
    id: int
    kind: str


_PAGE, _ITEM = msgspec.json.Decoder(_Page), msgspec.json.Decoder(_Item)


class Feed:
    """The listeners of one process: at most `most`, and `most_of_one` of one holder.

    A holder is a buyer, whatever its keys and sessions, or one key or session of an operator.
    """

    def __init__(self, queries: Queries, most: int, most_of_one: int) -> None:
        self._queries = queries
        self._most = most
        self._most_of_one = most_of_one
        self._listeners = Counter[str]()
        self._news = asyncio.Event()
        self._head = 0
        self._watch: asyncio.Task[None] | None = None
        self._is_closed = False

    def check_room(self, holder: str) -> None:
        """Raise Problem (429, 503) when there is no place for one more."""
        if self._listeners[holder] >= self._most_of_one:
            raise Problem(TOO_MANY, f"You have {self._most_of_one} streams open, and may have no more")
        if self._is_closed or self._listeners.total() >= self._most:
            raise Problem(UNAVAILABLE, f"All {self._most} streams are in use. Poll, or try again")

    def close(self) -> None:
        """End all streams: the server stops. Their clients connect again."""
        self._is_closed = True
        self._news.set()

    async def stream(self, holder: str, after: int, pages: Pages) -> AsyncIterator[bytes]:
        """What a listener is sent from an id on, as Server-Sent Events, until it goes or its key is not in force.

        Of many that asked at once, all may have found room: the place is taken here, and there is asked once more.
        """
        clock = asyncio.get_running_loop().time
        ends = clock() + LONGEST_SECONDS
        try:
            self.check_room(holder)
        except Problem as problem:
            yield write_end(problem)
            return
        self._enter(holder)
        try:
            yield f"retry: {RETRY_MILLISECONDS}\nid: {after}\n\n".encode()
            while not self._is_closed and clock() < ends:
                try:
                    page = _PAGE.decode(await pages(after))
                except Problem as problem:
                    if problem.kind is not UNAVAILABLE:
                        yield write_end(problem)
                        return
                    yield b": the database is away\n\n"
                    await asyncio.sleep(LOOK_SECONDS)
                    continue
                after = page.next_after
                if page.items:
                    yield b"".join(write_item(item) for item in page.items)
                if not page.has_more and not await self._wait(after):
                    yield f"id: {after}\n: heartbeat\n\n".encode()
        finally:
            self._leave(holder)

    async def _wait(self, after: int) -> bool:
        """Whether something came after this id before a heartbeat is due."""
        try:
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                while self._head <= after and not self._is_closed:
                    await self._news.wait()
        except TimeoutError:
            return False
        return True

    async def _look(self) -> None:
        while True:
            try:
                head = await self._queries.find_feed_head()
            except Problem as problem:
                log.warning("feed not read", problem=problem.kind.slug)
            else:
                if head != self._head:
                    self._head = head
                    news, self._news = self._news, asyncio.Event()
                    news.set()
            await asyncio.sleep(LOOK_SECONDS)

    def _enter(self, holder: str) -> None:
        self._listeners[holder] += 1
        FEED_LISTENERS.inc()
        if self._watch is None:
            self._watch = asyncio.create_task(self._look())

    def _leave(self, holder: str) -> None:
        self._listeners[holder] -= 1
        self._listeners += Counter()  # forgets whoever has none
        FEED_LISTENERS.dec()
        if not self._listeners and self._watch is not None:
            self._watch.cancel()
            self._watch = None


def write_item(raw: msgspec.Raw) -> bytes:
    """An item as an event. JSON has no line breaks outside of its texts, and none inside of them."""
    item = _ITEM.decode(raw)
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (item.id, item.kind.encode(), bytes(raw))


def write_end(problem: Problem) -> bytes:
    """Why a stream ends for good."""
    said: dict[str, Any] = {
        "type": problem.kind.type,
        "status": problem.kind.status,
        "detail": problem.detail,
    }
    return b"event: end\ndata: %b\n\n" % msgspec.json.encode(said)
