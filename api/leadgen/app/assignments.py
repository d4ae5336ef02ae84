"""The routes of a sale's buyer: seeing it, accepting it, giving it back."""

from typing import Annotated, Any

from litestar import Response, get, post

from leadgen.app.body import read_body
from leadgen.app.headers import NO_KEY_HASH, Headers, check_body_type, group, read_key_hash
from leadgen.app.json_text import decode_utf8, read_members
from leadgen.app.openapi.models import Answer, Nothing, Return, ReturnReason, Sale
from leadgen.app.openapi.operations import (
    BUYER,
    NO_KEY,
    SALE_ID,
    TWO_KEYS,
    UNREADABLE,
    answer,
    operation,
    refused,
    takes,
)
from leadgen.app.problems import CONFLICT, NOT_FOUND, Problem
from leadgen.app.services import FromServices, Request

JSON = "application/json"
SaleId = Annotated[int, SALE_ID]

OF_ANOTHER = refused(
    Problem(NOT_FOUND, "There is no such sale"), description="No such sale, or another buyer's"
)
TOO_LATE = refused(
    Problem(CONFLICT, "Sale 4711 can no longer be accepted: its time for that has ended"),
    description="Its time has ended, the quota of returns is used, or the sale has ended otherwise",
)


@get(
    "/api/assignments/{assignment_id:int}",
    summary="Show a sale",
    security=BUYER,
    operation_class=operation(answer(200, "The sale.", Sale), refused(TWO_KEYS), NO_KEY, OF_ANOTHER),
)
async def show_assignment(request: Request, services: FromServices, assignment_id: SaleId) -> Response[bytes]:
    """The sale as it stands, and until when its buyer may accept or return it."""
    key_hash = _read_key(group(request.scope["headers"]))
    return _answer(await services.queries.show_sale(key_hash, assignment_id))


@post(
    "/api/assignments/{assignment_id:int}/accept",
    status_code=200,
    summary="Accept a sale",
    security=BUYER,
    operation_class=operation(
        answer(200, "Accepted.", Answer),
        refused(
            TWO_KEYS,
            Problem.of_field("reason", "an unknown field", "no field"),
            description="Two different keys, or a body that is not empty",
        ),
        NO_KEY,
        OF_ANOTHER,
        TOO_LATE,
        UNREADABLE,
        body=takes("Nothing, or an empty object.", required=False, json=Nothing),
    ),
)
async def accept_assignment(
    request: Request, services: FromServices, assignment_id: SaleId
) -> Response[bytes]:
    """Where the policy asks for it, a sale that is not accepted in time lapses.

    Accepting again gets the same answer. No body is needed.
    """
    headers = group(request.scope["headers"])
    key_hash = _read_key(headers)
    if body := await read_body(request, services.max_body_bytes):
        check_body_type(headers)
        read_members(decode_utf8(body), Nothing.__struct_fields__)
    return _answer(await services.queries.answer_sale(key_hash, assignment_id, "accept", None, None))


@post(
    "/api/assignments/{assignment_id:int}/return",
    status_code=200,
    summary="Return a sale",
    security=BUYER,
    operation_class=operation(
        answer(200, "Returned, or requested: see `return.status`.", Answer),
        refused(
            TWO_KEYS,
            Problem.of_field("reason", "a value that is not text", "text"),
            description="Malformed, or there is no such reason",
        ),
        NO_KEY,
        OF_ANOTHER,
        TOO_LATE,
        UNREADABLE,
        body=takes("Why.", json=Return),
    ),
)
async def return_assignment(
    request: Request, services: FromServices, assignment_id: SaleId
) -> Response[bytes]:
    """The sale is returned at once, or the return is requested where the policy leaves it to an operator.

    Returning again gets the same answer.
    """
    headers = group(request.scope["headers"])
    key_hash = _read_key(headers)
    check_body_type(headers)
    body = await read_body(request, services.max_body_bytes)
    members = read_members(decode_utf8(body), Return.__struct_fields__)
    reason, note = _read_text(members, "reason"), _read_text(members, "note")
    return _answer(await services.queries.answer_sale(key_hash, assignment_id, "return", reason, note))


@get(
    "/api/return-reasons",
    summary="List the reasons for a return",
    operation_class=operation(answer(200, "The reasons, in the order to show them.", list[ReturnReason])),
)
async def list_return_reasons(services: FromServices) -> Response[bytes]:
    """The codes that a return may give as its reason."""
    return _answer(await services.queries.list_return_reasons())


def _read_key(headers: Headers) -> str:
    return read_key_hash(headers) or NO_KEY_HASH


def _read_text(members: dict[str, Any], name: str) -> str | None:
    value = members.get(name)
    if value is not None and not isinstance(value, str):
        raise Problem.of_field(name, "a value that is not text", "text")
    return value


def _answer(outcome: str) -> Response[bytes]:
    return Response(outcome.encode(), media_type=JSON, headers={"Cache-Control": "no-store"})
