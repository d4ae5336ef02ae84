"""The bell: a connection of its own that listens for due deliveries, and for claimed ones that are called off.

Nothing depends on it but speed.
"""

import asyncio
from collections.abc import Callable

import psycopg
import structlog

from leadgen.worker.queries import CHANNEL, connect

RECONNECT_SECONDS = 0.5

log = structlog.get_logger("leadgen.worker")


async def listen(url: str, name: str, wake: asyncio.Event, withdraw: Callable[[int], None]) -> None:
    """Set `wake` when something is due, and whenever a notification may have been missed; call `withdraw` with
    the id of a delivery that was cancelled under its lease. Runs until cancelled.
    """
    while True:
        try:
            async with await connect(url, name) as connection:
                await connection.execute(f"listen {CHANNEL}")
                wake.set()  # listening first, then a look at what came before
                async for notice in connection.notifies():
                    if notice.payload.isdecimal() and len(notice.payload) < 20:  # anybody may notify
                        withdraw(int(notice.payload))
                    else:
                        wake.set()
        except psycopg.Error as error:
            log.warning("listening was interrupted", kind=type(error).__name__, retry_in=RECONNECT_SECONDS)
        await asyncio.sleep(RECONNECT_SECONDS)
