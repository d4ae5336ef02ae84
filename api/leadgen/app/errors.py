"""From SQLSTATE to HTTP: the one table, its mapper, and what is tried again."""

import json
from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeVar

from psycopg import Error, OperationalError
from psycopg.errors import DeadlockDetected, ProgramLimitExceeded, SerializationFailure
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from leadgen.app.problems import (
    CONFIGURATION_REFUSED,
    CONFLICT,
    FORBIDDEN,
    GONE,
    KEY_REUSED,
    MALFORMED,
    NOT_FOUND,
    RECORDED,
    TOO_MANY,
    UNAUTHORIZED,
    UNAVAILABLE,
    UNEXPECTED,
    FieldError,
    Kind,
    Problem,
)

Result = TypeVar("Result")

RETRIES = 3
INSIDE = "leadgen"  # in hints of what to type: `leadgen key create`, update leadgen.buyers
PASSING = (DeadlockDetected, SerializationFailure, ProgramLimitExceeded)  # the same again may succeed


class Row(NamedTuple):
    """A row of the table. `detail` None: the database's MESSAGE is ours, written for the client."""

    kind: Kind
    detail: str | None = None


NOT_JSON = "The database cannot read this JSON."
BUSY = "The database is busy. Try again with the same idempotency key."
AWAY = "The database cannot be reached. Try again with the same idempotency key."
CHANGED = "A record that this request needs was deleted at the same moment. Try again with the same idempotency key."
UPDATING = "The service is being updated. Try again with the same idempotency key."

# A full SQLSTATE goes before its class (the first two characters).
TABLE: dict[str, Row] = {
    # Ours, raised by kernel.refuse().
    "LG400": Row(MALFORMED),
    "LG401": Row(UNAUTHORIZED),
    "LG403": Row(FORBIDDEN),
    "LG404": Row(NOT_FOUND),
    "LG409": Row(CONFLICT),
    "LG410": Row(GONE),
    "LG422": Row(KEY_REUSED),
    "LG423": Row(CONFIGURATION_REFUSED),
    "LG429": Row(TOO_MANY),
    # The body is text that PostgreSQL's jsonb refuses. Ours is checked before, so these are a net.
    "22P02": Row(MALFORMED, NOT_JSON),
    "22P05": Row(MALFORMED, NOT_JSON),
    "22021": Row(MALFORMED, NOT_JSON),
    "54001": Row(MALFORMED, NOT_JSON),
    # Given up after the retries.
    "40001": Row(UNAVAILABLE, BUSY),
    "40P01": Row(UNAVAILABLE, BUSY),
    # What a lead refers to was deleted while it was on its way, such as its source. The next try finds it gone.
    # PostgreSQL 18 says it otherwise where the key restricts.
    "23503": Row(UNAVAILABLE, CHANGED),
    "23001": Row(UNAVAILABLE, CHANGED),
    # Not now: lock time-out, resources, shutdown or cancelled, connection, read-only standby.
    "55P03": Row(UNAVAILABLE, BUSY),
    "53": Row(UNAVAILABLE, BUSY),
    "57": Row(UNAVAILABLE, BUSY),
    "08": Row(UNAVAILABLE, AWAY),
    "25006": Row(UNAVAILABLE, AWAY),
    # A deploy is under way: its migrations are there before its functions, and a statement that began before them
    # meets what is gone. A function, relation, column, type or schema that is not there; a row or value of a type
    # that has changed; a plan of what was there before; a cache that still knows it.
    "42883": Row(UNAVAILABLE, UPDATING),
    "42P01": Row(UNAVAILABLE, UPDATING),
    "42703": Row(UNAVAILABLE, UPDATING),
    "42704": Row(UNAVAILABLE, UPDATING),
    "3F000": Row(UNAVAILABLE, UPDATING),
    "42804": Row(UNAVAILABLE, UPDATING),
    "42809": Row(UNAVAILABLE, UPDATING),
    "42846": Row(UNAVAILABLE, UPDATING),
    "0A000": Row(UNAVAILABLE, UPDATING),
    "XX000": Row(UNAVAILABLE, UPDATING),
}
UNMAPPED = Row(UNEXPECTED, RECORDED)


def to_problem(error: Error) -> Problem:
    """The problem that a database error is for the client."""
    row = find_row(error)
    if row.detail is not None:
        return Problem(row.kind, row.detail)
    diag = error.diag
    return _in_our_words(row.kind, diag.message_primary, diag.message_hint, diag.message_detail)


def read_refusal(outcome: str) -> Problem:
    """The problem of a lead that leadgen.submit_leads answers with status `refused`: that of its error."""
    refusal = json.loads(outcome)
    kind = TABLE[refusal["sqlstate"]].kind
    return _in_our_words(kind, refusal["message"], refusal["hint"], refusal["detail"])


def is_undone(error: Error) -> bool:
    """Whether nothing of the statement was kept, as the server, which is still there, says itself."""
    code = error.sqlstate
    return code is not None and not code.startswith(("08", "57P"))


def find_row(error: Error) -> Row:
    """The table's row. An error without SQLSTATE is a lost connection or an exhausted pool."""
    if error.sqlstate is None:
        return TABLE["08"] if isinstance(error, OperationalError) else UNMAPPED
    return TABLE.get(error.sqlstate) or TABLE.get(error.sqlstate[:2]) or UNMAPPED


def read_facts(detail: str | None) -> list[FieldError]:
    """The DETAIL of one of our errors, `{"field", "found", "allowed"}`, as the `errors` of the problem."""
    facts: FieldError = json.loads(detail) if detail else {}
    return [facts] if facts else []


def _in_our_words(kind: Kind, message: str | None, hint: str | None, detail: str | None) -> Problem:
    """The problem in the database's words. A hint that is a command or a statement is for operators alone."""
    way_out = None if hint and INSIDE in hint else hint
    return Problem(kind, ". ".join(filter(None, (message, way_out))), read_facts(detail))


async def retrying(statement: Callable[[], Awaitable[Result]]) -> Result:
    """Run a statement that is its own transaction, again after a deadlock or a serialization failure.

    Likewise after ProgramLimitExceeded: the server's queue of notifications was full at the commit, and by now nobody
    is notified. The first retry comes at once, the two others after a random pause. Raises Problem for every database
    error.
    """
    try:
        try:
            return await statement()
        except PASSING:
            return await _AGAIN(statement)
    except Error as error:
        raise to_problem(error) from error


_AGAIN = AsyncRetrying(
    retry=retry_if_exception_type(PASSING),
    stop=stop_after_attempt(RETRIES),
    wait=wait_random_exponential(multiplier=0.02, max=0.2),
    reraise=True,
)
