"""The routes of a buyer's payments: it asks for one on Stripe's page, and sees what became of it.

The page is opened by a worker, so that no request waits for Stripe: a buyer asks for its address a moment later.
"""

import re
from decimal import Decimal
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.params import PathParameter

from leadgen.app.body import read_body
from leadgen.app.headers import check_body_type, group, key_hash_of, read_idempotency_key
from leadgen.app.json_text import decode_utf8, read_members
from leadgen.app.openapi.models import Deposit, Payment
from leadgen.app.openapi.operations import (
    BUYER,
    OF_64_BITS,
    SCOPED_KEY,
    TOO_OFTEN,
    TWO_KEYS,
    UNREADABLE,
    answer,
    operation,
    parameter,
    refused,
    takes,
)
from leadgen.app.problems import CONFLICT, KEY_REUSED, NOT_FOUND, Problem
from leadgen.app.services import FromServices, Request
from leadgen.app.stripe_events import NO_STRIPE

JSON = "application/json"
AMOUNT = re.compile(r"[0-9]{1,8}(\.[0-9]{1,2})?", re.ASCII)
PaymentId = Annotated[int, PathParameter(description="The payment.", schema_extra=OF_64_BITS)]
KEY = b"idempotency-key"


@post(
    "/api/deposits",
    status_code=202,
    summary="Ask for a payment on Stripe's page",
    security=BUYER,
    operation_class=operation(
        answer(202, "Asked for. The same again under one key is the same payment.", Payment),
        refused(
            TWO_KEYS,
            Problem.of_field("amount", "ten", "an amount as text, such as 250.00"),
            Problem.of_field("Idempotency-Key", "none", "one key for one payment"),
            description="Malformed, or an amount that cannot be paid",
        ),
        SCOPED_KEY,
        refused(Problem(NOT_FOUND, NO_STRIPE), description="This server takes no payments by Stripe"),
        refused(
            Problem(CONFLICT, "Stripe cannot be used for UGX"),
            description="The buyer has no currency yet, or one that Stripe cannot be used for",
        ),
        refused(KEY_REUSED, description="The key was used for another payment"),
        TOO_OFTEN,
        UNREADABLE,
        body=takes("How much.", json=Deposit),
        parameters=(parameter("header", "Idempotency-Key", "One for each payment, 3 to 128 characters."),),
    ),
)
async def request_deposit(request: Request, services: FromServices) -> Response[bytes]:
    """The money is booked once Stripe says that it came. `pay_url` comes with `GET /api/payments/{payment_id}`."""
    caller = await services.admit_caller(request)
    if services.stripe_secrets is None:
        raise Problem(NOT_FOUND, NO_STRIPE)
    headers = group(request.scope["headers"])
    check_body_type(headers)
    if KEY not in headers:
        raise Problem.of_field("Idempotency-Key", "none", "one key for one payment")
    key = read_idempotency_key(headers[KEY])
    body = await read_body(request, services.max_body_bytes)
    members = read_members(decode_utf8(body), Deposit.__struct_fields__)
    amount, saves_method = _read_amount(members), _read_choice(members)
    with services.rates.judge_key(caller):
        payment = await services.queries.request_deposit(
            key_hash_of(caller), amount, key, saves_method=saves_method
        )
    return Response(payment.encode(), media_type=JSON, status_code=202, headers={"Cache-Control": "no-store"})


@get(
    "/api/payments/{payment_id:int}",
    summary="Show a payment",
    security=BUYER,
    operation_class=operation(
        answer(200, "The payment.", Payment),
        refused(TWO_KEYS),
        SCOPED_KEY,
        refused(
            Problem(NOT_FOUND, "There is no such payment"), description="No such payment, or another buyer's"
        ),
        TOO_OFTEN,
    ),
)
async def show_payment(request: Request, services: FromServices, payment_id: PaymentId) -> Response[bytes]:
    """Where to pay it, and what became of it."""
    caller = await services.admit_caller(request)
    with services.rates.judge_key(caller):
        payment = await services.queries.show_payment(key_hash_of(caller), payment_id)
    return Response(payment.encode(), media_type=JSON, headers={"Cache-Control": "no-store"})


def _read_amount(members: dict[str, Any]) -> Decimal:
    value = members.get("amount")
    if not isinstance(value, str) or not AMOUNT.fullmatch(value):
        found = (
            "none" if value is None else value[:30] if isinstance(value, str) else "a value that is not text"
        )
        raise Problem.of_field("amount", found, "an amount as text, such as 250.00")
    return Decimal(value)


def _read_choice(members: dict[str, Any]) -> bool:
    value = members.get("save_method", False)
    if not isinstance(value, bool):
        raise Problem.of_field("save_method", "a value that is not true or false", "true or false")
    return value
