"""Leads that wait for a buyer: the database decides when and to whom, the worker only keeps asking."""

import asyncio

from leadgen.worker.queries import Session, keep_trying

MOST_A_TURN = 100  # leads routed before the next pause


async def route_held_leads(session: Session, interval: float) -> None:
    """Route what is due, then pause for `interval` seconds. Runs until cancelled."""
    while True:
        for _ in range(MOST_A_TURN):
            if await keep_trying("routing held leads", session.route_held_lead) is None:
                break
        await asyncio.sleep(interval)
