"""The SQL functions that the API calls: one statement a request; the database's JSON stays text."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from leadgen.app.errors import retrying
from leadgen.app.metrics import CONNECTIONS_IN_USE, LEADS_PER_CALL
from leadgen.db.pool import Pool, borrow

SUBMIT_LEAD = "select r ->> 'status', r::text from leadgen.submit_lead(%s::jsonb, %s::jsonb, %s) r"
SUBMIT_LEADS = "select r ->> 'status', r::text from leadgen.submit_leads(%s::jsonb[], %s::jsonb[], %s) r"
RECORD_MAIL_DOMAIN = "select leadgen.record_mail_domain(%s, %s)"
LEASE_POSTS = "select granted, retry_after from leadgen.lease_posts(%s, %s, %s)"
LIST_RATE_LIMITS = "select name, subject, amount, per_seconds, is_active from leadgen.list_rate_limits()"
NOTE_KEY_USES = "select leadgen.note_key_uses(%s, %s)"
CHECK_SOURCE_KEY = "select leadgen.check_source_key(%s)"
ISSUE_FORM_TOKEN = "select to_jsonb(t)::text from leadgen.issue_form_token(%s) t"  # noqa: S105  no secret
CHECK_READER = "select leadgen.check_reader(%s)"
FIND_FORM_PAGES = "select leadgen.find_form_pages(%s::jsonb, %s::jsonb)"
EXPLAIN_LEAD = "select leadgen.explain_lead_for(%s, %s)::text"
IS_READY = "select leadgen.is_ready()"

OPEN_POST = "select leadgen.open_post(%s, %s, %s::jsonb)"
SUBMIT_MAPPED_LEAD = (
    "select r ->> 'status', r::text from leadgen.submit_mapped_lead(%s, %s, %s::jsonb, %s, null, %s) r"
)
KEEP_REFUSED = "select leadgen.keep_refused(%s, %s, %s::jsonb, %s::jsonb, %s, %s)"
VERIFY_SUBSCRIPTION = "select leadgen.verify_subscription(%s, %s)"

SHOW_SALE = "select leadgen.show_sale(%s, %s)::text"
LIST_INVOICES = "select leadgen.list_own_invoices(%s, %s, %s, %s)::text"
SHOW_INVOICE = "select leadgen.show_own_invoice(%s, %s)"
SHOW_ANY_INVOICE = "select leadgen.show_invoice_for(%s, %s)"
MAKE_STATEMENT = "select leadgen.make_own_statement(%s, %s::date, %s::date)::text"
ANSWER_SALE = "select leadgen.answer_sale(%s, %s, %s, %s, %s, %s)::text"
REPORT_OUTCOME = "select leadgen.report_outcome(%s, %s, %s::jsonb)::text"
SHOW_BALANCE = "select leadgen.show_balance(%s)::text"
LIST_LEDGER = "select leadgen.list_ledger(%s, %s, %s)::text"
LIST_RETURN_REASONS = "select leadgen.list_return_reasons()::text"
READ_LINK = "select leadgen.read_link(%s)"
ANSWER_BY_LINK = "select leadgen.answer_by_link(%s, %s, %s, %s::jsonb)"
RECORD_SMS_STATUS = "select leadgen.record_sms_status(%s, %s, %s, %s)"
REQUEST_DEPOSIT = "select leadgen.request_deposit(%s, %s, %s, %s)::text"
SHOW_PAYMENT = "select leadgen.show_payment(%s, %s)::text"
KEEP_PAYMENT_EVENT = "select leadgen.keep_payment_event(%s)"

FIND_FEED_HEAD = "select leadgen.find_feed_head()"
UNATTENDED = "select set_config('leadgen.unattended', 'on', true)"
FIND_FEED_READER = "select leadgen.find_feed_reader(%s)"
SHOW_FEED = {
    "operator": "select leadgen.show_feed(%s, %s, %s, %s)",
    "buyer": "select leadgen.show_own_feed(%s, %s, %s, %s)",
}
FEED_PAGE = 100  # items

Outcome = tuple[str, str]  # of a lead: its `status`, and the whole as JSON

MAX_BIGINT = 2**63 - 1
NO_ID = 0  # stands for an id that no row can have: the database says so, once it has looked at the key


class RateLimit(NamedTuple):
    """A row of leadgen.rate_limits: so many posts of a subject (`*`: of each) at once, and in each `per_seconds`."""

    name: str
    subject: str
    amount: int
    per_seconds: int
    is_active: bool


class Refused(NamedTuple):
    """A submission that is refused, as text. `source_key`: to whose own address it was posted, and which lead of it."""

    source_key: str | None
    text: str
    position: int | None = None
    cut_bytes: int | None = None  # how much of it is missing


class Queries:
    """The calls, on a pool. Each raises Problem for whatever the database refuses or cannot do."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    async def submit_lead(self, payload: str, context: str, *, waits: bool) -> Outcome:
        """Submit a lead; payload and context are JSON. `busy` if somebody holds its offer and it does not wait."""
        LEADS_PER_CALL.observe(1)
        status, outcome = await self._row(SUBMIT_LEAD, (payload, context, waits))
        return status, outcome

    async def submit_leads(self, payloads: list[str], contexts: list[str], *, waits: bool) -> list[Outcome]:
        """Submit several leads in one transaction, which is tried once. Returns their outcomes in order.

        If somebody holds the offers of all, it waits for the first, or for none.

        Payloads and contexts are JSON, and go one by one: no payload can reach into another or into a
        context. Raises psycopg.Error when the whole of it failed.
        """
        LEADS_PER_CALL.observe(len(payloads))
        return await self._rows(SUBMIT_LEADS, (payloads, contexts, waits))

    async def record_mail_domain(self, domain: str, status: str) -> None:
        """Keep what the DNS said of a domain: has_mail, no_mail or unknown."""
        await self._row(RECORD_MAIL_DOMAIN, (domain, status))

    async def lease_posts(self, name: str, subject: str, count: int) -> tuple[int, int]:
        """Lease at most so many posts of a rate limit's subject. Returns how many; if none, when to ask again."""
        granted, retry_after = await self._row(LEASE_POSTS, (name, subject, count))
        return int(granted), int(retry_after)

    async def list_rate_limits(self) -> list[RateLimit]:
        """The rate limits on posts."""
        rows = await retrying(partial(self._rows, LIST_RATE_LIMITS, ()))
        return [RateLimit(*row) for row in rows]

    async def note_key_uses(self, key_hashes: list[str], used_at: list[datetime]) -> int:
        """Write when keys were used last; of how many it was written."""
        (count,) = await self._row(NOTE_KEY_USES, (key_hashes, used_at))
        return int(count)

    async def check_source_key(self, key_hash: str) -> None:
        """Raise Problem (401) unless the key is some source's."""
        await self._row(CHECK_SOURCE_KEY, (key_hash,))

    async def issue_form_token(self, source_key: str) -> str:
        """A token for the form of a source's page, as JSON. Raises Problem (404) where there is no such source."""
        (token,) = await self._row(ISSUE_FORM_TOKEN, (source_key,))
        return str(token)

    async def check_reader(self, key_hash: str) -> None:
        """Raise Problem (401) unless it is of a key, or of a session, in force."""
        await self._row(CHECK_READER, (key_hash,))

    async def find_form_pages(self, payload: str, context: str) -> dict[str, str | None]:
        """Where the source of a form sends its visitors: success_url and error_url; empty where no source claims it."""
        (pages,) = await self._row(FIND_FORM_PAGES, (payload, context))
        return dict(pages)

    async def explain_lead(self, key_hash: str, lead_id: int) -> str:
        """The account of a lead's decisions as JSON, for an operator's key."""
        (account,) = await self._row(EXPLAIN_LEAD, (key_hash, bound(lead_id)))
        return str(account)

    async def is_ready(self) -> bool:
        """Whether the database is there, migrated and writable. If not, the next look is by another connection."""
        ((ready,),) = await retrying(self._ask_whether_ready)
        return bool(ready)

    async def _ask_whether_ready(self) -> list[tuple[Any, ...]]:
        async with borrow(self.pool) as connection:
            rows = await (await connection.execute(IS_READY)).fetchall()
            if rows != [(True,)]:
                await connection.close()
            return rows

    async def open_post(self, source_key: str, body: bytes, context: str) -> dict[str, Any]:
        """Take what a source posted in its own shape. Keys: answer, and the positions of the leads to be submitted."""
        (post,) = await self._row(OPEN_POST, (source_key, body, context))
        return dict(post)

    async def submit_mapped_lead(
        self, source_key: str, body: bytes, position: int, context: str, *, waits: bool
    ) -> Outcome:
        """Submit one lead of such a post. `busy` if somebody holds its offer and it does not wait."""
        parameters = (source_key, body, context, position, waits)
        status, outcome = await self._row(SUBMIT_MAPPED_LEAD, parameters)
        return status, outcome

    async def keep_refused(self, refused: Refused, context: str, answer: str) -> int | None:
        """Keep in quarantine what is refused with this answer. Returns its id; None: its source is not known."""
        source_key, text, position, cut_bytes = refused
        (kept,) = await self._row(KEEP_REFUSED, (source_key, text, context, answer, cut_bytes, position))
        return None if kept is None else int(kept)

    async def verify_subscription(self, source_key: str, verify_token: str) -> bool:
        """Whether a network that asks for the source's address knows its verify token."""
        (verified,) = await self._row(VERIFY_SUBSCRIPTION, (source_key, verify_token))
        return bool(verified)

    async def show_sale(self, key_hash: str, assignment_id: int) -> str:
        """A sale as JSON, for its buyer's key."""
        (sale,) = await self._row(SHOW_SALE, (key_hash, bound(assignment_id)))
        return str(sale)

    async def list_invoices(self, key_hash: str, status: str | None, before: int | None, limit: int) -> str:
        """The invoices and credit notes of a buyer as JSON, for its key."""
        (found,) = await self._row(LIST_INVOICES, (key_hash, status, before, limit))
        return str(found)

    async def show_invoice(self, key_hash: str, number: str) -> dict[str, Any]:
        """An invoice or credit note, for its buyer's key."""
        found: dict[str, Any]
        (found,) = await self._row(SHOW_INVOICE, (key_hash, number))
        return found

    async def make_statement(self, key_hash: str, start: date, end: date) -> str:
        """The statement of a buyer as JSON, for its key."""
        (found,) = await self._row(MAKE_STATEMENT, (key_hash, start, end))
        return str(found)

    async def show_balance(self, key_hash: str) -> str:
        """The money of the buyer whose key this is, as JSON."""
        (balance,) = await self._row(SHOW_BALANCE, (key_hash,))
        return str(balance)

    async def list_ledger(self, key_hash: str, before: int | None, limit: int) -> str:
        """What was booked of the buyer whose key this is before a transaction, as JSON."""
        (page,) = await self._row(LIST_LEDGER, (key_hash, before, limit))
        return str(page)

    async def answer_sale(
        self,
        key_hash: str,
        assignment_id: int,
        answer: str,
        reason: str | None,
        note: str | None,
        evidence: str | None,
    ) -> str:
        """Accept or return a sale, for its buyer's key; evidence is a JSON text. Returns the outcome as JSON."""
        parameters = (key_hash, bound(assignment_id), answer, reason, note, evidence)
        (outcome,) = await self._row(ANSWER_SALE, parameters)
        return str(outcome)

    async def report_outcome(self, key_hash: str, assignment_id: int, report: str) -> str:
        """Keep what came of a lead (JSON), for the key of its buyer. The sale's answers as JSON."""
        (outcome,) = await self._row(REPORT_OUTCOME, (key_hash, bound(assignment_id), report))
        return str(outcome)

    async def list_return_reasons(self) -> str:
        """The reasons for which a sale may be returned, as JSON."""
        (reasons,) = await self._row(LIST_RETURN_REASONS, ())
        return str(reasons)

    async def read_link(self, token: str) -> dict[str, Any]:
        """What a link in an e-mail asks, and whether that can still be answered."""
        (link,) = await self._row(READ_LINK, (token,))
        return dict(link)

    async def answer_by_link(
        self, token: str, reason: str | None, note: str | None, report: str
    ) -> dict[str, Any]:
        """Do what a link in an e-mail asks; the report of an outcome is a JSON text."""
        (outcome,) = await self._row(ANSWER_BY_LINK, (token, reason, note, report))
        return dict(outcome)

    async def record_sms_status(
        self, message_id: UUID, provider_id: str, status: str, error_code: int | None
    ) -> bool:
        """Keep what became of a text message. Returns whether there is such a message."""
        parameters = (message_id, provider_id, status, error_code)
        (known,) = await self._row(RECORD_SMS_STATUS, parameters)
        return bool(known)

    async def request_deposit(self, key_hash: str, amount: Decimal, key: str, *, saves_method: bool) -> str:
        """Ask for a payment on Stripe's page, for a buyer's key. The payment as JSON."""
        (payment,) = await self._row(REQUEST_DEPOSIT, (key_hash, amount, key, saves_method))
        return str(payment)

    async def show_payment(self, key_hash: str, payment_id: int) -> str:
        """A payment as JSON, for its buyer's key."""
        (payment,) = await self._row(SHOW_PAYMENT, (key_hash, bound(payment_id)))
        return str(payment)

    async def ask_books(self, query: str, parameters: Sequence[object]) -> str:
        """What a function of the books answers an operator's key, as JSON; app.books and app.bookings name them."""
        (found,) = await self._row(query, parameters)
        return str(found)

    async def show_any_invoice(self, key_hash: str, number: str) -> dict[str, Any]:
        """An invoice, a credit note or a draft, for an operator's key."""
        found: dict[str, Any]
        (found,) = await self._row(SHOW_ANY_INVOICE, (key_hash, number))
        return found

    async def keep_payment_event(self, body: str) -> None:
        """Store an event of Stripe as it came; the same again is stored once."""
        await self._row(KEEP_PAYMENT_EVENT, (body,))

    async def find_feed_head(self) -> int:
        """The id of the latest item of the feed."""
        (head,) = await self._row(FIND_FEED_HEAD, ())
        return int(head)

    async def find_feed_reader(self, key_hash: str) -> str:
        """Who reads the feed by this key or session: `operator`, or `buyer 5`. Raises Problem (401, 403)."""
        (reader,) = await self._row(FIND_FEED_READER, (key_hash,))
        return str(reader)

    async def show_feed(
        self, reader: str, key_hash: str, kinds: list[str] | None, after: int | None, limit: int = FEED_PAGE
    ) -> str:
        """A page of the feed as JSON, as an operator or a buyer sees it. Raises Problem (410: the place is gone)."""
        kind, _, _ = reader.partition(" ")
        (page,) = await self._row(SHOW_FEED[kind], (key_hash, after, limit, kinds))
        return str(page)

    async def fetch(
        self, query: str, parameters: Sequence[object], *, unattended: bool = False
    ) -> list[tuple[Any, ...]]:
        """The rows of a call that others name. `unattended`: nobody asked for it by hand (identity.open_session)."""
        return await retrying(partial(self._rows_unattended if unattended else self._rows, query, parameters))

    async def _row(self, query: str, parameters: Sequence[object]) -> tuple[Any, ...]:
        (row,) = await retrying(partial(self._rows, query, parameters))  # a function call gives one row
        return row

    async def _rows(self, query: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        async with borrow(self.pool) as connection:
            with CONNECTIONS_IN_USE.track_inprogress():
                cursor = await connection.execute(query, parameters)
                return await cursor.fetchall()

    async def _rows_unattended(self, query: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        async with borrow(self.pool) as connection, connection.transaction():
            with CONNECTIONS_IN_USE.track_inprogress():
                await connection.execute(UNATTENDED)
                cursor = await connection.execute(query, parameters)
                return await cursor.fetchall()


def bound(identifier: int) -> int:
    """An id that the database takes: what no row can have is one that no row has."""
    return identifier if 0 < identifier <= MAX_BIGINT else NO_ID
