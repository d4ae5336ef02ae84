"""Waiting until something is so: the one loop of the tests, by tenacity."""

from collections.abc import Callable
from inspect import isawaitable
from typing import Any, NoReturn, TypeVar

from tenacity import AsyncRetrying, RetryCallState, Retrying, retry_if_result, stop_after_delay, wait_fixed

T = TypeVar("T")

PATIENCE = 120.0  # seconds until what should come true is given up: a busy machine does not reach it
PAUSE = 0.02  # seconds between two looks


def wait_until(
    look: Callable[[], T],
    explain: Callable[[], object] = lambda: "it never came true",
    patience: float = PATIENCE,
    pause: float = PAUSE,
) -> T:
    """The first answer of `look` that is true. Fails with what `explain` says when none comes."""
    return Retrying(**_terms(explain, patience, pause))(look)


async def wait_until_async(
    look: Callable[[], object],
    explain: Callable[[], object] = lambda: "it never came true",
    patience: float = PATIENCE,
    pause: float = PAUSE,
) -> None:
    """The same on an event loop. `look` may be a coroutine function."""

    async def look_once() -> object:
        found = look()
        return await found if isawaitable(found) else found

    await AsyncRetrying(**_terms(explain, patience, pause))(look_once)


def _terms(explain: Callable[[], object], patience: float, pause: float) -> dict[str, Any]:
    def give_up(_: RetryCallState) -> NoReturn:
        raise AssertionError(f"not within {patience:g} s: {explain()}")

    return {
        "retry": retry_if_result(lambda found: not found),
        "stop": stop_after_delay(patience),
        "wait": wait_fixed(pause),
        "retry_error_callback": give_up,
    }
