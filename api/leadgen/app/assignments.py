"""The routes of a sale's buyer: seeing it, accepting it, giving it back."""

from typing import Annotated, Any

from litestar import Response, get, post

from leadgen.app.body import read_body
from leadgen.app.headers import NO_KEY_HASH, check_body_type, group
from leadgen.app.json_text import decode_utf8, read_members
from leadgen.app.openapi.models import Answer, Nothing, Return, ReturnReason, Sale
from leadgen.app.openapi.operations import (
    BUYER,
    NO_KEY,
    SALE_ID,
    TOO_OFTEN,
    TWO_KEYS,
    UNREADABLE,
    answer,
    operation,
    refused,
    takes,
)
from leadgen.app.problems import CONFLICT, NOT_FOUND, Problem
from leadgen.app.services import FromServices, Request, Services

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
    operation_class=operation(
        answer(200, "The sale.", Sale), refused(TWO_KEYS), NO_KEY, OF_ANOTHER, TOO_OFTEN
    ),
)
async def show_assignment(request: Request, services: FromServices, assignment_id: SaleId) -> Response[bytes]:
    """The sale as it stands, and until when its buyer may accept or return it."""
    caller = await services.admit_caller(request)
    with services.rates.judge_key(caller):
        sale = await services.queries.show_sale(_read_key(caller), assignment_id)
    return _answer(sale)


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
        TOO_OFTEN,
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
    caller = await services.admit_caller(request)
    if body := await read_body(request, services.max_body_bytes):
        check_body_type(group(request.scope["headers"]))
        read_members(decode_utf8(body), Nothing.__struct_fields__)
    return await _answer_sale(services, caller, assignment_id, "accept", None, None)


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
        TOO_OFTEN,
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
    caller = await services.admit_caller(request)
    check_body_type(group(request.scope["headers"]))
    body = await read_body(request, services.max_body_bytes)
    members = read_members(decode_utf8(body), Return.__struct_fields__)
    reason, note = _read_text(members, "reason"), _read_text(members, "note")
    return await _answer_sale(services, caller, assignment_id, "return", reason, note)


@get(
    "/api/return-reasons",
    summary="List the reasons for a return",
    operation_class=operation(
        answer(200, "The reasons, in the order to show them.", list[ReturnReason]), TOO_OFTEN
    ),
)
async def list_return_reasons(request: Request, services: FromServices) -> Response[bytes]:
    """The codes that a return may give as its reason."""
    await services.admit_anybody(request)
    return _answer(await services.queries.list_return_reasons())


async def _answer_sale(
    services: Services,
    caller: dict[str, str],
    sale_id: int,
    answer: str,
    reason: str | None,
    note: str | None,
) -> Response[bytes]:
    with services.rates.judge_key(caller):
        outcome = await services.queries.answer_sale(_read_key(caller), sale_id, answer, reason, note)
    return _answer(outcome)


def _read_key(caller: dict[str, str]) -> str:
    return caller.get("api_key_hash", NO_KEY_HASH)


def _read_text(members: dict[str, Any], name: str) -> str | None:
    value = members.get(name)
    if value is not None and not isinstance(value, str):
        raise Problem.of_field(name, "a value that is not text", "text")
    return value


def _answer(outcome: str) -> Response[bytes]:
    return Response(outcome.encode(), media_type=JSON, headers={"Cache-Control": "no-store"})
