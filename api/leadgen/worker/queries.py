"""The worker's calls to the database, and the connections they run on."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, LiteralString, NamedTuple, Self, TypeVar

import psycopg
import structlog
from msgspec.json import encode
from psycopg import AsyncConnection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_exponential

from leadgen.db.session import ENCODING, is_spoiled, pin
from leadgen.payments.due import CLAIM_CALLS, RECORD_ANSWER, Called, Due, answer_arguments
from leadgen.worker.attempt import Delivery, Result

CHANNEL = "leadgen_deliveries"
CONNECT_SECONDS = 10  # to open a connection
FIRST_WAIT, LONGEST_WAIT = 0.1, 5.0  # seconds between tries while the database is away

CLAIM: LiteralString = """
select
  delivery_id, lease_token, attempt, channel, kind, target, message_id, secrets, headers, body, details,
  timeout_seconds, buyer_id, endpoint_id, sealed, contact_digests
from leadgen.claim_deliveries(%s, %s, %s, %s)
"""
RECORD: LiteralString = "select delivery_id, status, outcome, reason from leadgen.record_attempts(%s, %s, %s)"
RELEASE: LiteralString = "select leadgen.release_deliveries(%s, %s)"
WITHDRAWN: LiteralString = "select leadgen.list_withdrawn(%s, %s)"
NAP: LiteralString = "select leadgen.take_nap(%s, %s)"
CHECKS: LiteralString = "select endpoint_id, target from leadgen.list_endpoint_checks(%s)"
RECORD_CHECK: LiteralString = "select leadgen.record_endpoint_check(%s, %s)"
MEASURE: LiteralString = "select channel, status, deliveries, oldest_seconds from leadgen.measure_outbox()"
MEASURE_MARKET: LiteralString = "select name, label, value from leadgen.measure_market()"
CHORES: LiteralString = "select name, pause_seconds from leadgen.list_chores()"
RUN_CHORE: LiteralString = "select leadgen.run_chore(%s)"
CLAIM_FETCHES: LiteralString = (
    "select id, attempt, lead_id, access_token, proof, sealed from leadgen.claim_fetches(%s)"
)
RECORD_FETCH: LiteralString = "select leadgen.record_fetch(%s, %s, %s::jsonb, %s::jsonb, %s, %s::jsonb)::text"
RECORD_MAIL_DOMAIN: LiteralString = "select leadgen.record_mail_domain(%s, %s)"
CLAIM_USER_MAILS: LiteralString = (
    "select mail_id, kind, email, name, message_id::text, token_hash from leadgen.claim_user_mails(%s)"
)
RECORD_USER_MAIL: LiteralString = "select leadgen.record_user_mail(%s, %s, %s)"
CLAIM_REPORT: LiteralString = "select leadgen.claim_report(%s)"
START_REPORT_MAIL: LiteralString = "select leadgen.start_report_mail(%s, %s::uuid, %s)"
RECORD_REPORT_MAIL: LiteralString = "select leadgen.record_report_mail(%s, %s::uuid, %s)"
FINISH_REPORT: LiteralString = "select leadgen.finish_report(%s, %s::uuid, %s, %s)"
UNSEALED: LiteralString = "select kind, id, digest, document::text, sealed from leadgen.list_unsealed(%s)"
KEEP_SEALED: LiteralString = "select leadgen.keep_sealed(%s, %s)"
HELD_UNCHECKED: LiteralString = "select lead_id, sealed, contact_digests from leadgen.list_held_unchecked(%s)"
END_SUPPRESSED_HOLDS: LiteralString = "select leadgen.end_suppressed_holds(%s)"
SHOW_INVOICE: LiteralString = "select leadgen.show_invoice(%s)"
IS_COPY: LiteralString = "select leadgen.is_copy()"

T = TypeVar("T")
Trouble = type[Exception] | tuple[type[Exception], ...]
log = structlog.get_logger("leadgen.worker")


class Recorded(NamedTuple):
    """What became of a result: a row of `leadgen.record_attempts`."""

    delivery_id: int
    # the delivery's; fenced: the lease was no longer ours; locked: somebody holds a row, to be tried again
    status: str
    outcome: str | None  # as the database judged it
    reason: str | None


class Named(NamedTuple):
    """A lead that a network's post only names, claimed: a row of `leadgen.claim_fetches`."""

    id: int
    attempt: int
    lead_id: str | None  # by what its network is asked for it; None: the post has its answers
    access_token: str | None
    proof: str | None
    sealed: bytes | None = None  # what the post says of it


class UserMail(NamedTuple):
    """An e-mail to a user, claimed: a row of `leadgen.claim_user_mails`."""

    mail_id: int
    kind: str
    email: str
    name: str
    message_id: str
    token_hash: str  # of the token that its link, if it has one, is made with


class Unsealed(NamedTuple):
    """What is stored clear (document, JSON), or sealed by a retired data key: a row of `leadgen.list_unsealed`."""

    kind: str
    id: int
    digest: str
    document: str | None
    sealed: bytes | None


class Chore(NamedTuple):
    """What is to be done beside delivering: a row of `leadgen.list_chores`."""

    name: str
    pause_seconds: float  # to leave it alone after a turn of it; 0: it is looked at in each turn


async def connect(url: str, name: str) -> AsyncConnection[Any]:
    """An autocommit connection. Nothing is prepared, so that PgBouncer may stand in between."""
    connection = await AsyncConnection.connect(
        url,
        autocommit=True,
        prepare_threshold=None,
        application_name=name,
        client_encoding=ENCODING,
        connect_timeout=CONNECT_SECONDS,
        keepalives_idle=30,
        tcp_user_timeout=30_000,
    )
    try:
        await pin(connection)
    except BaseException:
        await connection.close()
        raise
    return connection


class Session:
    """One connection that is opened when first needed, and again after it broke or took no more writes.

    One statement at a time.
    """

    def __init__(self, url: str, name: str) -> None:
        self._url = url
        self._name = name
        self._connection: AsyncConnection[Any] | None = None
        self._lock = asyncio.Lock()

    async def claim(
        self, worker: str, room: Mapping[str, int], lease: timedelta, unrecorded: Sequence[int]
    ) -> list[Delivery]:
        """Lease deliveries that are due, of each channel as many as there is room for.

        `unrecorded` are those whose results we have still to record: a lease of theirs that ran out is left alone.
        """
        async with self._using() as connection, connection.cursor(row_factory=class_row(Delivery)) as cursor:
            return await (
                await cursor.execute(CLAIM, (worker, Jsonb(room), lease, list(unrecorded)))
            ).fetchall()

    async def record(self, results: Sequence[Result], retries: int, delay: timedelta) -> list[Recorded]:
        """Record results, and what the database made of each."""
        rows = await self._fetch(RECORD, (Jsonb(results, dumps=encode), retries, delay))
        return [Recorded(*row) for row in rows]

    async def release(self, deliveries: Sequence[Delivery]) -> int:
        """Give claims back that were not sent. How many were still ours."""
        ids = [delivery.delivery_id for delivery in deliveries]
        tokens = [delivery.lease_token for delivery in deliveries]
        return int((await self._fetch(RELEASE, (ids, tokens)))[0][0])

    async def list_withdrawn(self, deliveries: Sequence[Delivery]) -> set[int]:
        """Which of these claims no longer hold."""
        ids = [delivery.delivery_id for delivery in deliveries]
        tokens = [delivery.lease_token for delivery in deliveries]
        return set((await self._fetch(WITHDRAWN, (ids, tokens)))[0][0])

    async def nap(self, worker: str, interval: timedelta) -> None:
        """Ask to be rung when something becomes due within the interval."""
        await self._fetch(NAP, (worker, interval))

    async def list_chores(self) -> list[Chore]:
        """What is to be done beside delivering, in its order."""
        return [Chore(*row) for row in await self._fetch(CHORES, ())]

    async def run_chore(self, name: str) -> bool:
        """Do one piece of a chore; False when there was nothing to do."""
        return bool((await self._fetch(RUN_CHORE, (name,)))[0][0])

    async def is_copy(self) -> bool:
        """Whether the database is a copy: it hands out nothing to send, and nothing to do."""
        return bool((await self._fetch(IS_COPY, ()))[0][0])

    async def fetch(self, query: LiteralString, arguments: Sequence[Any]) -> list[Any]:
        """The rows of a call that others name."""
        return await self._fetch(query, arguments)

    async def list_unsealed(self, limit: int) -> list[Unsealed]:
        """What is to be sealed, or sealed anew."""
        return [Unsealed(*row) for row in await self._fetch(UNSEALED, (limit,))]

    async def keep_sealed(self, items: Sequence[Mapping[str, Any]], hash_key: str) -> int:
        """Hand back what was sealed. How many were taken."""
        return int((await self._fetch(KEEP_SEALED, (Jsonb(items, dumps=encode), hash_key)))[0][0])

    async def list_held_unchecked(self, limit: int) -> list[tuple[int, bytes, list[str]]]:
        """Sealed leads that are held, and may have been suppressed since they came: ids, sealed texts, digests."""
        return await self._fetch(HELD_UNCHECKED, (limit,))

    async def end_suppressed_holds(self, contacts: Sequence[Mapping[str, Any]]) -> int:
        """End the holds of those of these contacts that are suppressed. How many."""
        return int((await self._fetch(END_SUPPRESSED_HOLDS, (Jsonb(contacts, dumps=encode),)))[0][0])

    async def show_invoice(self, number: str) -> dict[str, Any]:
        """An invoice or credit note with its lines, as its PDF needs it."""
        found: dict[str, Any] = (await self._fetch(SHOW_INVOICE, (number,)))[0][0]
        return found

    async def list_endpoint_checks(self, limit: int) -> list[tuple[int, str]]:
        """Endpoints whose name nobody looked up yet: ids and URLs."""
        return await self._fetch(CHECKS, (limit,))

    async def record_endpoint_check(self, endpoint_id: int, fault: str | None) -> None:
        """Note that an endpoint's name was looked up, and what is wrong with it."""
        await self._fetch(RECORD_CHECK, (endpoint_id, fault))

    async def claim_fetches(self, limit: int) -> list[Named]:
        """Leads that are to be fetched from their networks now."""
        return [Named(*row) for row in await self._fetch(CLAIM_FETCHES, (limit,))]

    async def record_fetch(
        self,
        named: Named,
        document: str | None,
        fault: Mapping[str, Any] | None,
        *,
        can_look_up_mail: bool,
        sealing: str | None = None,
    ) -> dict[str, Any]:
        """Hand in a lead as its network gave it (JSON), or say why it was not fetched. The database's answer."""
        said = Jsonb(fault) if fault else None
        arguments = (named.id, named.attempt, document, said, can_look_up_mail, sealing)
        text: str = (await self._fetch(RECORD_FETCH, arguments))[0][0]
        answer: dict[str, Any] = json.loads(text)
        return answer if answer["status"] != "seal" else {"status": "seal", "text": text}

    async def claim_user_mails(self, token_hashes: Sequence[str]) -> list[UserMail]:
        """E-mails to users that are due, each with one of these hashes."""
        return [UserMail(*row) for row in await self._fetch(CLAIM_USER_MAILS, (list(token_hashes),))]

    async def record_user_mail(self, mail: UserMail, outcome: str, error: str | None) -> None:
        """What became of it: sent, failed or refused."""
        await self._fetch(RECORD_USER_MAIL, (mail.mail_id, outcome, error))

    async def claim_report(self, lease: timedelta) -> dict[str, Any] | None:
        """A scheduled report that is due, with the e-mails of it that are not sent; None: there is none."""
        claimed: dict[str, Any] | None = (await self._fetch(CLAIM_REPORT, (lease,)))[0][0]
        return claimed

    async def start_report_mail(
        self, claimed: Mapping[str, Any], mail: Mapping[str, Any], lease: timedelta
    ) -> bool:
        """Say that an e-mail of it goes out now. False: it must not."""
        return bool((await self._fetch(START_REPORT_MAIL, (mail["mail_id"], claimed["token"], lease)))[0][0])

    async def record_report_mail(
        self, claimed: Mapping[str, Any], mail: Mapping[str, Any], outcome: str
    ) -> None:
        """What became of an e-mail: sent, refused, unknown or failed."""
        await self._fetch(RECORD_REPORT_MAIL, (mail["mail_id"], claimed["token"], outcome))

    async def finish_report(self, claimed: Mapping[str, Any], rows: int | None, error: str | None) -> str:
        """End a turn with a report. What it is now: sent, pending, failed or fenced."""
        arguments = (claimed["run_id"], claimed["token"], rows, error)
        return str((await self._fetch(FINISH_REPORT, arguments))[0][0])

    async def claim_payment_calls(self, limit: int) -> list[Due]:
        """What a payment provider is to be asked now."""
        return [Due(*row) for row in await self._fetch(CLAIM_CALLS, (limit, None))]

    async def record_payment_answer(self, due: Due, called: Called) -> str:
        """Take in what it answered. The status of the payment."""
        return str((await self._fetch(RECORD_ANSWER, answer_arguments(due, called)))[0][0])

    async def record_mail_domain(self, domain: str, status: str) -> None:
        """Keep what the DNS said of a domain: has_mail, no_mail or unknown."""
        await self._fetch(RECORD_MAIL_DOMAIN, (domain, status))

    async def measure_outbox(self) -> list[tuple[str, str, int, float | None]]:
        """Deliveries that are open or in trouble, and the age in seconds of the oldest, by channel and status."""
        return await self._fetch(MEASURE, ())

    async def measure_market(self) -> list[tuple[str, str, float]]:
        """Numbers of the market: name, label, value."""
        return await self._fetch(MEASURE_MARKET, ())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._connection:
            await self._connection.close()

    async def _fetch(self, query: LiteralString, arguments: Sequence[Any]) -> list[Any]:
        async with self._using() as connection:
            return await (await connection.execute(query, arguments)).fetchall()

    @asynccontextmanager
    async def _using(self) -> AsyncIterator[AsyncConnection[Any]]:
        async with self._lock:
            connection = await self._open()
            try:
                yield connection
            except psycopg.Error as error:
                if is_spoiled(error):
                    await connection.close()
                raise

    async def _open(self) -> AsyncConnection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = await connect(self._url, self._name)
        return self._connection


async def keep_trying(
    what: str, call: Callable[[], Awaitable[T]], trouble: Trouble = psycopg.Error, but: Trouble = ()
) -> T:
    """The call's answer, however long the trouble lasts, `but` apart; each failure is logged."""

    def report(state: RetryCallState) -> None:
        error = state.outcome and state.outcome.exception()
        wait = state.next_action and state.next_action.sleep
        log.warning(
            "database trouble",
            doing=what,
            sqlstate=getattr(error, "sqlstate", None),
            kind=type(error).__name__,
            retry_in=wait,
        )

    return await AsyncRetrying(
        retry=retry_if_exception(lambda error: isinstance(error, trouble) and not isinstance(error, but)),
        wait=wait_exponential(multiplier=FIRST_WAIT, max=LONGEST_WAIT),
        before_sleep=report,
    )(call)
