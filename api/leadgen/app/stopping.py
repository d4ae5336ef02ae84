"""What ends when the server begins to stop: answers that would go on for ever.

uvicorn waits for the requests under way before it ends the application's lifespan, so that is too late for them.
"""

from collections.abc import Callable

_ends: list[Callable[[], None]] = []


def on_stop(end: Callable[[], None]) -> None:
    """Call this when the server begins to stop."""
    _ends.append(end)


def begin() -> None:
    """The server stops. May be called by each connection."""
    while _ends:
        _ends.pop()()
