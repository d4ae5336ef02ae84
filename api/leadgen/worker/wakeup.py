"""The bell: a connection of its own that listens for due deliveries. Nothing depends on it but speed."""

import asyncio

import psycopg
import structlog

from leadgen.worker.queries import CHANNEL, connect

RECONNECT_SECONDS = 0.5

log = structlog.get_logger("leadgen.worker")


async def listen(url: str, name: str, wake: asyncio.Event) -> None:
    """Set `wake` at each notification, and whenever some may have been missed. Runs until cancelled."""
    while True:
        try:
            async with await connect(url, name) as connection:
                await connection.execute(f"listen {CHANNEL}")
                wake.set()  # listening first, then a look at what came before
                async for _ in connection.notifies():
                    wake.set()
        except psycopg.Error as error:
            log.warning("listening broke off", kind=type(error).__name__, retry_in=RECONNECT_SECONDS)
        await asyncio.sleep(RECONNECT_SECONDS)
