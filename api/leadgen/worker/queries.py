"""The worker's calls to the database, and the connections they run on."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, LiteralString, Self, TypeVar
from uuid import UUID

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from leadgen.worker.attempt import Delivery, Result

CHANNEL = "leadgen_deliveries"
CONNECT_SECONDS = 10  # to open a connection
FIRST_WAIT, LONGEST_WAIT = 0.1, 5.0  # seconds between tries while the database is away

CLAIM: LiteralString = """
select delivery_id, lease_token, attempt, channel, target, message_id, secrets, body, details, timeout_seconds
from leadgen.claim_deliveries(%s, %s, %s)
"""
RECORD: LiteralString = "select delivery_id, status from leadgen.record_attempts(%s, %s, %s)"
RELEASE: LiteralString = "select leadgen.release_deliveries(%s)"
NAP: LiteralString = "select leadgen.take_nap(%s, %s)"
SETTLE_ANSWERS: LiteralString = "select leadgen.settle_answers()"
RELEASE_DUE: LiteralString = "select leadgen.release_due_sale()"
ROUTE_HELD: LiteralString = "select leadgen.route_held_lead()"

T = TypeVar("T")
Trouble = type[Exception] | tuple[type[Exception], ...]
log = structlog.get_logger("leadgen.worker")


async def connect(url: str, name: str) -> AsyncConnection[Any]:
    """An autocommit connection. Nothing is prepared, so that PgBouncer may stand in between."""
    return await AsyncConnection.connect(
        url,
        autocommit=True,
        prepare_threshold=None,
        application_name=name,
        connect_timeout=CONNECT_SECONDS,
        keepalives_idle=30,
        tcp_user_timeout=30_000,
    )


class Session:
    """One connection that is opened when first needed, and again after it broke. One statement at a time."""

    def __init__(self, url: str, name: str) -> None:
        self._url = url
        self._name = name
        self._connection: AsyncConnection[Any] | None = None
        self._lock = asyncio.Lock()

    async def claim(self, worker: str, limit: int, lease: timedelta) -> list[Delivery]:
        """Lease up to `limit` deliveries that are due."""
        async with self._lock, (await self._open()).cursor(row_factory=class_row(Delivery)) as cursor:
            return await (await cursor.execute(CLAIM, (worker, limit, lease))).fetchall()

    async def record(self, results: Sequence[Result], retries: int, delay: timedelta) -> dict[int, str]:
        """Record results; the new status by delivery, `fenced` where the lease was no longer ours."""
        return dict(await self._fetch(RECORD, (Jsonb(results), retries, delay)))

    async def release(self, tokens: Sequence[UUID]) -> int:
        """Give claims back that were not sent. How many were still ours."""
        return int((await self._fetch(RELEASE, (list(tokens),)))[0][0])

    async def nap(self, worker: str, interval: timedelta) -> None:
        """Ask to be rung when something becomes due within the interval."""
        await self._fetch(NAP, (worker, interval))

    async def settle_answers(self) -> int | None:
        """End the time to answer of a batch of sales: how many, None when there are none."""
        found: int | None = (await self._fetch(SETTLE_ANSWERS, ()))[0][0]
        return found or None

    async def release_due_sale(self) -> int | None:
        """Release the next sale that failed or lapsed: its id, None when there is none."""
        found: int | None = (await self._fetch(RELEASE_DUE, ()))[0][0]
        return found

    async def route_held_lead(self) -> int | None:
        """Route the next held lead that is due: its id, 0 for leads woken instead, None when there is nothing."""
        found: int | None = (await self._fetch(ROUTE_HELD, ()))[0][0]
        return found

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._connection:
            await self._connection.close()

    async def _fetch(self, query: LiteralString, arguments: Sequence[Any]) -> list[Any]:
        async with self._lock:
            return await (await (await self._open()).execute(query, arguments)).fetchall()

    async def _open(self) -> AsyncConnection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = await connect(self._url, self._name)
        return self._connection


async def keep_trying(what: str, call: Callable[[], Awaitable[T]], trouble: Trouble = psycopg.Error) -> T:
    """The call's answer, however long the trouble lasts; each failure is logged."""
    wait = FIRST_WAIT
    while True:
        try:
            return await call()
        except trouble as error:
            state = getattr(error, "sqlstate", None)
            log.warning(
                "database trouble", doing=what, sqlstate=state, kind=type(error).__name__, retry_in=wait
            )
        await asyncio.sleep(wait)
        wait = min(wait * 2, LONGEST_WAIT)
