"""A market on a server that may be killed: its catalogue, who posts leads, who gives sales back."""

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.types.json import Jsonb
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_fixed

from leadgen.db.embedded import EmbeddedServer
from leadgen.db.migrate import migrate
from leadgen.db.urls import with_role
from leadgen.errors import LeadGenError
from leadgen.settings import Settings
from rig.catalogue import Catalogue, Offer, make_lead
from rig.waiting import PATIENCE, wait_until_async
from worker.receivers import SECRET

LOOKS = 0.05
DEPLOYS = 5  # tries
AWAY = (psycopg.OperationalError, psycopg.InterfaceError)
# Receivers are well again long before this schedule ends, so nothing may end as a dead letter.
RETRIES = {"retry_seconds": [0.2] * 50}
COLD = {"deliver_within_seconds": 2}

OPEN = """
select exists (select from leadgen.deliveries where next_attempt_at is not null)
  or exists (select from leadgen.lead_assignments where release_due_at is not null)
  or exists (select from leadgen.leads where next_route_at is not null)
"""

Answer = dict[str, Any]


@dataclass(frozen=True)
class Ending:
    """A delivery that was cancelled: `at` is after the commit that did it, `attempts` what was counted then."""

    at: float
    delivery_id: int
    attempts: int


@dataclass
class Market:
    """The database of one run, seen by its superuser."""

    server: EmbeddedServer
    url: str
    buyers: list[int] = field(default_factory=list)
    offers: list[Offer] = field(default_factory=list)
    acknowledged: list[Answer] = field(default_factory=list)
    endings: list[Ending] = field(default_factory=list)
    erased: set[int] = field(default_factory=set)  # leads
    can_erase: bool = False

    def open_catalogue(self, receivers: list[str], offers: int = 2, sold_to: int = 2) -> None:
        """Offers in which a buyer for each receiver takes everything."""
        with psycopg.connect(self.url, autocommit=True) as session:
            catalogue = Catalogue(session)
            policy = {
                "strategy": "round_robin",
                "max_buyers": min(sold_to, len(receivers)),
                "delivery": RETRIES,
                "reroute": COLD,
            }
            self.offers = [catalogue.add_offer(policy) for _ in range(offers)]
            for url in receivers:
                buyer = catalogue.add_buyer(
                    webhook_url=url,
                    webhook_secret=SECRET,
                    email_notifications=False,
                    notice_emails=False,  # there is no mail server
                    credit_limit=1_000_000,
                )
                for offer in self.offers:
                    catalogue.enroll(offer, buyer)
                self.buyers.append(buyer)
            session.execute("update leadgen.endpoints set disable_after = 100000")
            (self.can_erase,) = session.execute(
                "select to_regprocedure('leadgen.erase_lead(bigint, text)') is not null"
            ).fetchone() or (False,)

    async def rows(self, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
        """Any query's rows, in a session of its own, once the server is there."""
        again = AsyncRetrying(
            retry=retry_if_exception_type(AWAY),
            stop=stop_after_delay(PATIENCE),
            wait=wait_fixed(LOOKS),
            reraise=True,
        )
        return await again(self.try_rows, query, *arguments)

    async def try_rows(self, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
        """The same, but once only."""
        async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as session:
            cursor = await session.execute(query.encode(), arguments or None)
            return await cursor.fetchall() if cursor.description else []

    async def wait_for(self, what: Callable[[], bool]) -> None:
        """Until it is true."""
        await wait_until_async(what, patience=PATIENCE, pause=LOOKS)

    async def crash(self) -> None:
        """Kill the server as a power cut does, and bring it back."""
        await asyncio.to_thread(self.server.stop, "immediate")
        await asyncio.to_thread(self.server.start)

    async def migrate(self) -> None:
        """Deploy once more what is deployed. The server may be killed meanwhile: then it is done again."""
        settings = Settings(environment="development")
        for tries_left in range(DEPLOYS, -1, -1):
            try:
                await self.rows("update leadgen.schema_reloads set fingerprint = 'another'")
                await asyncio.to_thread(migrate, self.url, settings, wait=PATIENCE, say=lambda _: None)
            except (psycopg.Error, LeadGenError):
                if not tries_left:
                    raise
            else:
                return

    async def cut(self, which: str = "%") -> int:
        """End the workers' sessions whose name is like this; how many there were."""
        found = await self.rows(
            """
            select pg_terminate_backend(pid) from pg_stat_activity
            where usename = 'leadgen_worker' and datname = current_database() and application_name like %s
            """,
            which,
        )
        return len(found)

    async def submit(self, count: int) -> None:
        """Hand leads in, one after the other, by turns to the offers."""
        async with await self._connect() as session:
            for number in range(count):
                await self._submit(session, make_lead(self.offers[number % len(self.offers)].source_key))

    async def keep_posting(self, pause: float, stop: asyncio.Event) -> None:
        """Post until stopped, as a patient client: without an answer the same lead is posted again."""
        lead: dict[str, object] | None = None
        while not stop.is_set():
            with suppress(*AWAY):
                async with await self._connect() as session:
                    while lead or not stop.is_set():
                        lead = lead or self._next_lead()
                        await self._submit(session, lead)
                        lead = None
                        await asyncio.sleep(pause)
            await asyncio.sleep(LOOKS)

    def _next_lead(self) -> dict[str, object]:
        lead = make_lead(self.offers[len(self.acknowledged) % len(self.offers)].source_key)
        return lead | {"idempotency_key": f"key {lead['email']}"}

    async def _connect(self) -> psycopg.AsyncConnection:
        return await psycopg.AsyncConnection.connect(with_role(self.url, "leadgen_api"), autocommit=True)

    async def _submit(self, session: psycopg.AsyncConnection, lead: dict[str, object]) -> None:
        cursor = await session.execute("select leadgen.submit_lead(%s, '{}')", [Jsonb(lead)])
        (answer,) = await cursor.fetchone() or ({},)
        assert answer["status"] == "accepted", answer
        self.acknowledged.append(answer)

    async def return_some_sale(self, chance: random.Random) -> None:
        """A buyer gives a sale back whose delivery is open, if there is one."""
        open_sales = await self.rows(
            "select d.assignment_id from leadgen.deliveries d where d.next_attempt_at is not null order by d.id"
        )
        if open_sales:
            (sale,) = chance.choice(open_sales)
            await self.end("select leadgen.return_sale(%s, 'other')", "assignment_id", sale)

    async def erase_some_lead(self, chance: random.Random) -> None:
        """A person whose lead is still being delivered wants to be forgotten."""
        open_leads = await self.rows(
            "select d.lead_id from leadgen.deliveries d where d.next_attempt_at is not null order by d.id"
        )
        if open_leads:
            (lead,) = chance.choice(open_leads)
            self.erased.add(lead)
            await self.end("select leadgen.erase_lead(%s, 'asked to be forgotten')", "lead_id", lead)

    async def end(self, call: str, of: str, number: int) -> None:
        """Call it, and note which deliveries it cancelled, whether or not its answer was lost."""
        with suppress(psycopg.Error):
            await self.try_rows(call, number)
        found = await self.rows(
            f"select id, attempts from leadgen.deliveries where {of} = %s and status = 'cancelled'", number
        )
        at = time.time()
        self.endings += [Ending(at, delivery, attempts) for delivery, attempts in found]

    async def heal(self) -> None:
        """Circuits are closed: the tests do not wait for their time."""
        await self.rows("update leadgen.endpoints set retry_at = null, failures_in_a_row = 0")

    async def settle(self) -> None:
        """Until nothing is open any more."""

        async def is_settled() -> bool:
            if not (await self.rows(OPEN))[0][0]:
                return True
            await self.heal()
            return False

        try:
            await wait_until_async(is_settled, patience=PATIENCE, pause=LOOKS * 4)
        except AssertionError:
            raise AssertionError(await self.describe_open()) from None

    async def describe_open(self) -> str:
        """What is open, for the one who has to find out why."""
        found = await self.rows(
            """
            select d.id, d.status::text, d.attempts, d.worker, d.last_error,
              extract(epoch from d.next_attempt_at - clock_timestamp())::int
            from leadgen.deliveries d where d.next_attempt_at is not null order by d.id limit 20
            """
        )
        return "deliveries stay open: " + "; ".join(map(str, found))
