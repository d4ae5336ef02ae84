"""The SQL functions that the API calls: one statement a request; the database's JSON stays text."""

from collections.abc import Sequence
from typing import Any

from leadgen.app.errors import retrying
from leadgen.app.metrics import CONNECTIONS_IN_USE
from leadgen.app.problems import NOT_FOUND, Problem
from leadgen.db.pool import Pool, borrow

SUBMIT_LEAD = "select r ->> 'status', r::text from leadgen.submit_lead(%s::jsonb, %s::jsonb) r"
RECORD_MAIL_DOMAIN = "select leadgen.record_mail_domain(%s, %s)"
EXPLAIN_LEAD = "select leadgen.explain_lead_for(%s, %s)::text"
IS_READY = "select leadgen.is_ready()"

OPEN_POST = "select leadgen.open_post(%s, %s, %s::jsonb)"
SUBMIT_MAPPED_LEAD = (
    "select r ->> 'status', r::text from leadgen.submit_mapped_lead(%s, %s, %s::jsonb, %s, %s::jsonb) r"
)
VERIFY_SUBSCRIPTION = "select leadgen.verify_subscription(%s, %s)"

MAX_BIGINT = 2**63 - 1


class Queries:
    """The calls, on a pool. Each raises Problem for whatever the database refuses or cannot do."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    async def submit_lead(self, payload: str, context: str) -> tuple[str, str]:
        """Submit a lead; both arguments are JSON. Returns the outcome's `status` and the outcome as JSON."""
        status, outcome = await self._row(SUBMIT_LEAD, (payload, context))
        return status, outcome

    async def record_mail_domain(self, domain: str, status: str) -> None:
        """Keep what the DNS said of a domain: has_mail, no_mail or unknown."""
        await self._row(RECORD_MAIL_DOMAIN, (domain, status))

    async def explain_lead(self, key_hash: str, lead_id: int) -> str:
        """The account of a lead's decisions as JSON, for an operator's key."""
        if not -MAX_BIGINT <= lead_id <= MAX_BIGINT:
            raise Problem(NOT_FOUND, "No such lead")
        (account,) = await self._row(EXPLAIN_LEAD, (key_hash, lead_id))
        return str(account)

    async def is_ready(self) -> bool:
        """Whether the database is there and migrated."""
        (ready,) = await self._row(IS_READY, ())
        return bool(ready)

    async def open_post(self, source_key: str, body: bytes, context: str) -> dict[str, Any]:
        """What a source posted in its own shape: keys answer, fetches, access_token, proof."""
        (post,) = await self._row(OPEN_POST, (source_key, body, context))
        return dict(post)

    async def submit_mapped_lead(
        self, source_key: str, body: bytes, position: int, fetched: str | None, context: str
    ) -> tuple[str, str]:
        """Submit one lead of such a post. Returns the outcome's `status` and the outcome as JSON."""
        parameters = (source_key, body, context, position, fetched)
        status, outcome = await self._row(SUBMIT_MAPPED_LEAD, parameters)
        return status, outcome

    async def verify_subscription(self, source_key: str, verify_token: str) -> bool:
        """Whether a network that asks for the source's address knows its verify token."""
        (verified,) = await self._row(VERIFY_SUBSCRIPTION, (source_key, verify_token))
        return bool(verified)

    async def _row(self, query: str, parameters: Sequence[object]) -> tuple[Any, ...]:
        async def statement() -> tuple[Any, ...]:
            async with borrow(self.pool) as connection:
                with CONNECTIONS_IN_USE.track_inprogress():
                    cursor = await connection.execute(query, parameters)
                    row = await cursor.fetchone()
            assert row is not None  # noqa: S101  a function call gives one row
            return row

        return await retrying(statement)
