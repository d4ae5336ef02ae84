"""How many may listen in a process, also when they come at the same moment."""

import json
from typing import Any, cast

from leadgen.app.feed import Feed
from leadgen.app.queries import Queries


class Quiet:
    """A database in which nothing happens."""

    async def find_feed_head(self) -> int:
        return 0


async def give_nothing(_after: int) -> str:
    """An empty page."""
    return json.dumps({"items": [], "next_after": 0, "has_more": True})


async def test_of_two_that_found_room_at_once_one_has_it() -> None:
    feed = Feed(cast(Queries, Quiet()), most=1, most_of_one=1)
    feed.check_room("one")
    feed.check_room("other")
    first: Any = feed.stream("one", 0, give_nothing)
    second: Any = feed.stream("other", 0, give_nothing)
    assert (await anext(first)).startswith(b"retry: ")
    ended = await anext(second)
    await first.aclose()
    await second.aclose()
    assert ended.startswith(b"event: end\n")
    assert json.loads(ended.split(b"data: ")[1])["status"] == 503
