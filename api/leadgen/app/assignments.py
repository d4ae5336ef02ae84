"""The routes of a sale's buyer: seeing it, accepting it, giving it back."""

import json
from typing import Annotated, Any

from litestar import Response, get, post

from leadgen.app.body import read_body
from leadgen.app.headers import check_body_type, group, key_hash_of
from leadgen.app.json_text import decode_utf8, read_members
from leadgen.app.openapi.models import Answer, Nothing, OutcomeReport, Return, ReturnReason, Sale
from leadgen.app.openapi.operations import (
    BUYER,
    SALE_ID,
    SCOPED_KEY,
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
        answer(200, "The sale.", Sale), refused(TWO_KEYS), SCOPED_KEY, OF_ANOTHER, TOO_OFTEN
    ),
)
async def show_assignment(request: Request, services: FromServices, assignment_id: SaleId) -> Response[bytes]:
    """The sale as it stands, and until when its buyer may accept or return it."""
    caller = await services.admit_caller(request)
    with services.rates.judge_key(caller):
        sale = await services.show_sale(key_hash_of(caller), assignment_id)
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
        SCOPED_KEY,
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
    return await _answer_sale(services, caller, assignment_id, "accept")


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
        SCOPED_KEY,
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

    Returning again gets the same answer. Files that come with it are kept while the return is not decided.
    """
    caller = await services.admit_caller(request)
    check_body_type(group(request.scope["headers"]))
    body = await read_body(request, services.max_body_bytes)
    members = read_members(decode_utf8(body), Return.__struct_fields__)
    reason, note = _read_text(members, "reason"), _read_text(members, "note")
    evidence = _read_list(members, "evidence")
    return await _answer_sale(services, caller, assignment_id, "return", reason, note, evidence)


@post(
    "/api/assignments/{assignment_id:int}/outcome",
    status_code=200,
    summary="Report what came of a lead",
    security=BUYER,
    operation_class=operation(
        answer(200, "Kept.", Answer),
        refused(
            TWO_KEYS,
            Problem.of_field("stage", "another value", "contacted, appointment, quoted, won, lost"),
            description="Malformed, or a value that cannot be",
        ),
        SCOPED_KEY,
        OF_ANOTHER,
        refused(
            Problem(
                CONFLICT, "Nothing more can be reported of sale 4711: it has ended (returned: bad_contact)"
            ),
            description="The sale has ended, or 100 reports of it are kept",
        ),
        TOO_OFTEN,
        UNREADABLE,
        body=takes("What happened.", json=OutcomeReport),
    ),
)
async def report_outcome(request: Request, services: FromServices, assignment_id: SaleId) -> Response[bytes]:
    """Contacted, appointment, quoted, won or lost, with a value, stars and a comment. As often as something happens.

    Reports may come late and in any order: what happened last counts. The same report again changes nothing.
    """
    caller = await services.admit_caller(request)
    check_body_type(group(request.scope["headers"]))
    text = decode_utf8(await read_body(request, services.max_body_bytes))
    read_members(text, OutcomeReport.__struct_fields__)
    with services.rates.judge_key(caller):
        outcome = await services.queries.report_outcome(key_hash_of(caller), assignment_id, text)
    return _answer(outcome)


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
    reason: str | None = None,
    note: str | None = None,
    evidence: str | None = None,
) -> Response[bytes]:
    with services.rates.judge_key(caller):
        outcome = await services.queries.answer_sale(
            key_hash_of(caller), sale_id, answer, reason, note, evidence
        )
    return _answer(outcome)


def _read_text(members: dict[str, Any], name: str) -> str | None:
    value = members.get(name)
    if value is not None and not isinstance(value, str):
        raise Problem.of_field(name, "a value that is not text", "text")
    return value


def _read_list(members: dict[str, Any], name: str) -> str | None:
    """A list as JSON text: its items are the database's to judge."""
    value = members.get(name)
    if value is not None and not isinstance(value, list):
        raise Problem.of_field(name, "a value that is not a list", "a list of files")
    return None if value is None else json.dumps(value)


def _answer(outcome: str) -> Response[bytes]:
    return Response(outcome.encode(), media_type=JSON, headers={"Cache-Control": "no-store"})
