"""Sales whose time to answer ends, sales that ended, leads that wait for a buyer.

The database decides which, when and to whom; the worker only keeps asking.
"""

import asyncio
from collections.abc import Awaitable, Callable

from leadgen.worker.queries import Session, keep_trying

MOST_A_TURN = 100  # of each kind before the next pause


async def tend_sales(session: Session, interval: float) -> None:
    """Do what is due, then pause for `interval` seconds. Runs until cancelled.

    In this order, so that a lead whose sale lapsed or failed is with the next buyer in the same turn.
    """
    while True:
        await _repeat("settling answers", session.settle_answers)
        await _repeat("releasing sales", session.release_due_sale)
        await _repeat("routing held leads", session.route_held_lead)
        await asyncio.sleep(interval)


async def _repeat(what: str, call: Callable[[], Awaitable[int | None]]) -> None:
    for _ in range(MOST_A_TURN):
        if await keep_trying(what, call) is None:
            return
