"""The routes of a buyer's money: what it has left and owes, and what was booked."""

import re

from litestar import Response, get

from leadgen.app.headers import key_hash_of
from leadgen.app.openapi.models import Balance, Ledger
from leadgen.app.openapi.operations import (
    BUYER,
    SCOPED_KEY,
    TOO_OFTEN,
    TWO_KEYS,
    answer,
    operation,
    parameter,
    refused,
)
from leadgen.app.problems import Problem
from leadgen.app.queries import MAX_BIGINT
from leadgen.app.services import FromServices, Request

JSON = "application/json"
MOST, USUAL = 500, 50
NUMBER = re.compile(r"[0-9]{1,19}", re.ASCII)


@get(
    "/api/balance",
    summary="Show the balance",
    security=BUYER,
    operation_class=operation(
        answer(200, "What the buyer has left and owes.", Balance), refused(TWO_KEYS), SCOPED_KEY, TOO_OFTEN
    ),
)
async def show_balance(request: Request, services: FromServices) -> Response[bytes]:
    """What the buyer paid in advance and has left, what it owes, and what is left of its credit limit."""
    caller = await services.admit_caller(request)
    with services.rates.judge_key(caller):
        balance = await services.queries.show_balance(key_hash_of(caller))
    return Response(balance.encode(), media_type=JSON, headers={"Cache-Control": "no-store"})


@get(
    "/api/ledger",
    summary="List what was booked",
    security=BUYER,
    operation_class=operation(
        answer(200, "A page, the latest first.", Ledger),
        refused(TWO_KEYS, Problem.of_field("limit", "0", f"a number from 1 to {MOST}")),
        SCOPED_KEY,
        TOO_OFTEN,
        parameters=(
            parameter(
                "query",
                "before",
                "Only transactions before this one: `next_before` of the page before.",
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
        ),
    ),
)
async def list_ledger(request: Request, services: FromServices) -> Response[bytes]:
    """Deposits, leads, refunds, credits and debits, each with what the buyer had left, or owed, after it."""
    caller = await services.admit_caller(request)
    limit = read_number(request, "limit", MOST) or USUAL
    before = read_number(request, "before", MAX_BIGINT)
    with services.rates.judge_key(caller):
        page = await services.queries.list_ledger(key_hash_of(caller), before, limit)
    return Response(page.encode(), media_type=JSON, headers={"Cache-Control": "no-store"})


def read_number(request: Request, name: str, most: int) -> int | None:
    """A number of the query; None where there is none. Raises Problem."""
    values = request.query_params.getall(name, [])
    if not values:
        return None
    if len(values) > 1 or not NUMBER.fullmatch(values[0]) or not 1 <= int(values[0]) <= most:
        found = f"{len(values)} values" if len(values) > 1 else values[0][:30]
        raise Problem.of_field(name, found, f"a number from 1 to {most}")
    return int(values[0])
