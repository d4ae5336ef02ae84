"""The worker as a real process, on a database of its own with one offer and one buyer in it."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from rig.catalogue import Catalogue
from rig.forks import WORKER, Fork
from rig.waiting import wait_until_async
from worker.receivers import SECRET, WAIT_SECONDS

ROUTING = {"on_no_buyer": "hold", "contact_window_days": 0}
SUBMIT = """
select count(leadgen.submit_lead(jsonb_build_object(
  'source_key', 'austin', 'name', 'Jane Doe', 'email', 'jane@example.com', 'phone', '+15125550123',
  'postal_code', '78701', 'city', 'Austin', 'message', 'The tap leaks', 'idempotency_key', 'k' || i)))
from generate_series(%(first)s::int, %(last)s::int) i
"""

WORKER_SESSIONS = """
from pg_stat_activity where usename = 'leadgen_worker' and datname = current_database()
"""


class Outbox:
    """One test's database, seen by its superuser."""

    def __init__(self, connection: psycopg.Connection[Any], worker_url: str) -> None:
        self.connection = connection
        self.worker_url = worker_url
        self._submitted = 0

    def open_catalogue(self, webhook_url: str | None, email: bool = False) -> None:
        """One offer and its buyer, who wants leads there."""
        self.connection.execute(
            "update leadgen.settings set allows_local_webhooks = true, slow_retry_seconds = '{}'"
        )
        catalogue = Catalogue(self.connection, timezone="America/Chicago")
        self._offer = catalogue.add_offer(ROUTING, source_key="austin", name="Austin plumbing")
        buyer = catalogue.add_buyer(
            name="Ann",
            email="ann@buyer.example",
            webhook_url=webhook_url,
            webhook_secret=SECRET if webhook_url else None,
            email_notifications=email,
            credit_limit=1_000_000,
        )
        catalogue.enroll(self._offer, buyer, routing_priority=2)

    def add_buyer(self, webhook_url: str, name: str = "Bob") -> None:
        """Another buyer of the offer, served after the first."""
        catalogue = Catalogue(self.connection)
        buyer = catalogue.add_buyer(
            name=name,
            email=f"{name.lower()}@buyer.example",
            phone="+15125550101",
            webhook_url=webhook_url,
            webhook_secret=SECRET,
            email_notifications=False,
            credit_limit=1_000_000,
        )
        catalogue.enroll(self._offer, buyer, routing_priority=1)

    def poison(self, statement: str, *arguments: Any) -> None:
        """Change a row as no trigger would allow it."""
        with self.connection.transaction():
            self.connection.execute("set local session_replication_role = replica")
            self.connection.execute(statement, arguments)

    def set_policy(self, **config: Any) -> None:
        """Keys of the offer's routing policy, beside those it has."""
        self.connection.execute("update leadgen.routing_policies set config = config || %s", [Jsonb(config)])

    def submit(self, count: int = 1) -> None:
        """Post leads, each in the same transaction and all sold."""
        self.connection.execute(SUBMIT, {"first": self._submitted + 1, "last": self._submitted + count})
        self._submitted += count

    def rows(self, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
        """Any query's rows."""
        return self.connection.execute(query, arguments).fetchall()

    def statuses(self) -> dict[str, int]:
        """How many deliveries there are in each status."""
        return dict(self.rows("select status::text, count(*)::int from leadgen.deliveries group by 1"))

    async def wait_until(self, what: str, is_true: Callable[[], bool]) -> None:
        """Poll; fails with the statuses when it does not come true."""
        await wait_until_async(is_true, lambda: f"{what}; deliveries are {self.statuses()}", WAIT_SECONDS)

    async def wait_for(self, **statuses: int) -> None:
        """Until exactly these statuses are there."""
        await self.wait_until(str(statuses), lambda: self.statuses() == statuses)

    def cut_worker_off(self) -> int:
        """End every session of the workers; how many there were."""
        return len(self.rows(f"select pg_terminate_backend(pid) {WORKER_SESSIONS}"))

    def worker_waits_for_lock(self) -> bool:
        """True when a worker's statement waits for somebody else's lock."""
        return bool(self.rows(f"select 1 {WORKER_SESSIONS} and wait_event_type = 'Lock'"))


@pytest.fixture
def outbox(connect: Callable[..., psycopg.Connection[Any]], role_url: Callable[[str], str]) -> Outbox:
    """This test's database."""
    return Outbox(connect(), role_url("leadgen_worker"))


class Worker:
    """A running `leadgen worker`."""

    def __init__(self, process: Fork, log: asyncio.StreamReader) -> None:
        self.process = process
        self.lines: list[str] = []
        self._reading = asyncio.create_task(self._read(log))

    async def _read(self, log: asyncio.StreamReader) -> None:
        async for line in log:
            self.lines.append(line.decode())

    def events(self, name: str) -> list[dict[str, Any]]:
        """What it logged under an event's name."""
        found = [json.loads(line) for line in self.lines if line.startswith("{")]
        return [event for event in found if event["event"] == name]

    async def wait_for_event(self, name: str, times: int = 1) -> None:
        """Until it has logged an event, so many times."""

        def has_logged() -> bool:
            if len(self.events(name)) >= times:
                return True
            assert not self._reading.done(), "".join(self.lines)
            return False

        await wait_until_async(has_logged, lambda: "".join(self.lines), WAIT_SECONDS)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait; the exit status."""
        if self.process.returncode is None:
            self.process.send_signal(number)
        return await self.ended()

    async def ended(self) -> int:
        """Wait for its end; the exit status."""
        async with asyncio.timeout(WAIT_SECONDS):
            status = await self.process.ended()
            await self._reading
        return status


Start = Callable[..., Any]


async def start_with_log(environment: dict[str, str]) -> tuple[Fork, asyncio.StreamReader]:
    """A worker process, and what it writes."""
    ours, its = os.pipe()
    process = Fork(WORKER, ["worker"], environment, its, its)
    os.close(its)
    log = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(log), os.fdopen(ours, "rb"))
    return process, log


@asynccontextmanager
async def running_worker(url: str, wait: bool = True, **settings: object) -> AsyncIterator[Worker]:
    """A worker process with these settings (lower-case names). Killed at the end if it still runs."""
    chosen = {
        "environment": "development",
        "worker_poll_seconds": 0.2,
        "webhook_timeout_seconds": 5,
        **settings,
    }
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        **{name.upper(): str(value) for name, value in chosen.items()},
    }
    process, log = await start_with_log(environment)
    worker = Worker(process, log)
    try:
        if wait:
            await worker.wait_for_event("worker started")
        yield worker
    finally:
        process.send_signal(signal.SIGCONT)
        await worker.stop(signal.SIGKILL)


@pytest.fixture
def start_worker(outbox: Outbox) -> Start:
    """`async with start_worker(worker_batch=10) as worker:`"""
    return lambda **settings: running_worker(outbox.worker_url, **settings)
