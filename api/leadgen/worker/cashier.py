"""Payments: what is due is asked of Stripe, outside of any transaction, and what it said is recorded.

A worker that dies loses nothing: the key of a payment is in the database before Stripe is called, and what was claimed
is handed out again.
"""

import asyncio

import psycopg
import structlog

from leadgen.payments.due import Called, Due, Provider
from leadgen.worker.queries import Session, keep_trying

AT_ONCE = 8

log = structlog.get_logger("leadgen.worker")


class Cashier:
    """Takes what is due, calls Stripe and records what came. `wake` is set when a chore may follow."""

    def __init__(self, session: Session, api: Provider, wake: asyncio.Event) -> None:
        self._session = session
        self._api = api
        self._wake = wake

    async def run(self, interval: float) -> None:
        """Call, and pause for `interval` seconds when nothing is due. Runs until cancelled."""
        while True:
            if not await keep_trying("payments", self.take_turn):
                await asyncio.sleep(interval)

    async def take_turn(self) -> int:
        """Make the calls that are due, several at once. How many were claimed."""
        due = await self._session.claim_payment_calls(AT_ONCE)
        await asyncio.gather(*(self._take(one) for one in due))
        return len(due)

    async def _take(self, due: Due) -> None:
        """One call. What the database does not take now is asked again."""
        called = await self.ask(due)
        if called.fault:
            log.warning(
                "no answer about a payment", subject=due.subject, id=due.id, call=due.call, **called.fault
            )
        try:
            status = await self._session.record_payment_answer(due, called)
        except psycopg.Error as error:
            log.error(
                "answer about a payment not recorded",
                subject=due.subject,
                id=due.id,
                sqlstate=error.sqlstate,
                kind=type(error).__name__,
            )
            return
        log.info("asked about a payment", subject=due.subject, id=due.id, call=due.call, status=status)
        self._wake.set()

    async def ask(self, due: Due) -> Called:
        """Call Stripe in a thread of its own: its package waits for the network."""
        return await asyncio.to_thread(self._api.call, due.call, due.parameters, due.key)
