"""What the routes of the books share: the caller's key, fields of a body, pages, and the answers that all give."""

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from litestar import Response
from litestar.params import PathParameter
from msgspec import Struct

from leadgen.app.body import read_body
from leadgen.app.headers import check_body_type, group, key_hash_of, read_idempotency_key
from leadgen.app.json_text import decode_utf8, read_members
from leadgen.app.openapi.operations import (
    NO_KEY,
    OF_64_BITS,
    SCOPED_KEY,
    TOO_OFTEN,
    TWO_KEYS,
    UNREADABLE,
    Json,
    parameter,
    refused,
)
from leadgen.app.problems import CONFLICT, FORBIDDEN, KEY_REUSED, NOT_FOUND, Problem
from leadgen.app.services import Request, Services

JSON = "application/json"
PRIVATE = {"Cache-Control": "no-store"}
AMOUNT = re.compile(r"[0-9]{1,8}(\.[0-9]{1,2})?", re.ASCII)
AN_AMOUNT = "an amount as text, such as 250.00"
KEY = b"idempotency-key"
MOST, USUAL = 500, 50  # rows of a page
LONGEST = 500  # characters of a text

BuyerId = Annotated[int, PathParameter(description="The buyer.", schema_extra=OF_64_BITS)]
Number = Annotated[str, PathParameter(description="As the list has it: INV-2026-00017, DRAFT-5.")]

MALFORMED = refused(TWO_KEYS, description="Malformed")
UNFIT = refused(Problem.of_field("amount", "ten", AN_AMOUNT), description="Malformed, or it cannot be booked")
ABSENT = refused(
    Problem.of_field("number", "INV-2026-00017", "the number of a document", NOT_FOUND),
    description="There is no such buyer, sale, payment, source or document",
)
NOT_NOW = refused(
    Problem(CONFLICT, "The balance of buyer 7 does not cover it"),
    description="The balance, the credit limit or the state does not allow it",
)
USED = refused(KEY_REUSED, description="The key was used for something else")
READS = (MALFORMED, SCOPED_KEY, TOO_OFTEN)
WRITES = (
    NO_KEY,
    refused(
        Problem(FORBIDDEN, "The key of operator olga does not allow this"),
        description="The key has no scope `money`",
    ),
    ABSENT,
    NOT_NOW,
    TOO_OFTEN,
)
HAS_BODY = UNREADABLE
ONE_KEY = parameter(
    "header",
    "Idempotency-Key",
    "One for each event, 3 to 128 characters; the command line shares it. The same again under one key books nothing.",
)


def page_parameters(place: str, *more: Json) -> tuple[Json, ...]:
    """The parameters of a page."""
    return (
        *more,
        parameter(
            "query",
            place,
            f"`next_{place}` of the page before.",
            required=False,
            type="integer",
            format="int64",
        ),
        parameter(
            "query",
            "limit",
            "At most so many.",
            required=False,
            type="integer",
            minimum=1,
            maximum=MOST,
            default=USUAL,
        ),
    )


async def ask(request: Request, services: Services, query: str, *parameters: object) -> Response[bytes]:
    """The database's answer to the holder of a key, as it is."""
    caller = await services.admit_caller(request)
    with services.rates.judge_key(caller):
        answer = await services.queries.ask_books(query, (key_hash_of(caller), *parameters))
    return Response(answer.encode(), media_type=JSON, headers=PRIVATE)


async def read_fields(request: Request, services: Services, model: type[Struct]) -> dict[str, Any]:
    """The members of a body. Raises Problem for what is no object of this model's fields."""
    check_body_type(group(request.scope["headers"]))
    body = await read_body(request, services.max_body_bytes)
    return read_members(decode_utf8(body), model.__struct_fields__)


def read_key(request: Request) -> str:
    """The key of a booking. Raises Problem without one."""
    headers = group(request.scope["headers"])
    if KEY not in headers:
        raise Problem.of_field("Idempotency-Key", "none", "one key for one event")
    return read_idempotency_key(headers[KEY])


def read_amount(members: dict[str, Any], *, needed: bool = True) -> Decimal | None:
    """The amount of a body; None where there is none and it need not be. Raises Problem."""
    value = members.get("amount")
    if value is None and not needed:
        return None
    if not isinstance(value, str) or not AMOUNT.fullmatch(value):
        found = "none" if value is None else "another text" if isinstance(value, str) else "no text"
        raise Problem.of_field("amount", found, AN_AMOUNT)
    return Decimal(value)


def read_words(members: dict[str, Any], name: str, *, longest: int = LONGEST) -> str | None:
    """An optional text of a body, of bounded length. Raises Problem."""
    value = members.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > longest:
        found = f"text of {len(value)} characters" if isinstance(value, str) else "a value that is not text"
        raise Problem.of_field(name, found, f"text of at most {longest} characters")
    return clean(value)


def read_choice(members: dict[str, Any], name: str) -> bool:
    """A member that is true or false; false where there is none. Raises Problem."""
    value = members.get(name, False)
    if not isinstance(value, bool):
        raise Problem.of_field(name, "a value that is not true or false", "true or false")
    return value


def read_line(members: dict[str, Any]) -> int | None:
    """The number of a line; None: all. Raises Problem."""
    value = members.get("line")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1_000_000:
        raise Problem.of_field("line", "no such number", "a number from 1 to 1000000")
    return value


def read_moment(members: dict[str, Any], name: str) -> datetime | None:
    """A time with its offset; None where there is none. Raises Problem."""
    value = read_words(members, name, longest=40)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Problem.of_field(name, "no time with an offset", "a time such as 2026-12-01T00:00:00Z")
    return moment


def clean(text: str) -> str:
    """A text as it can be asked for: instead of U+0000, which PostgreSQL does not take, what nothing is called."""
    return text.replace("\x00", "\ufffd")


def read_query(request: Request, name: str) -> str | None:
    """A text of the query; None where there is none. Raises Problem for several."""
    values: Sequence[str] = request.query_params.getall(name, [])
    if len(values) > 1:
        raise Problem.of_field(name, f"{len(values)} values", "one value")
    return clean(values[0])[:50] if values and values[0] else None
