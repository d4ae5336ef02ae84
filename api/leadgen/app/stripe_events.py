"""Stripe's webhook: what became of payments. It is stored as it came; a worker follows it.

    POST {PUBLIC_URL}/api/webhooks/stripe
    Stripe-Signature: t=1764500000,v1=5257a869…

Stripe takes 2xx for done and sends anything else again, for three days. So 2xx is answered once the event is committed.

https://docs.stripe.com/webhooks#verify-manually
"""

import time

from litestar import post

from leadgen.app.body import read_body
from leadgen.app.headers import Headers, check_body_type, group
from leadgen.app.json_text import decode_utf8
from leadgen.app.openapi.operations import TOO_OFTEN, UNREADABLE, answer, operation, parameter, refused, takes
from leadgen.app.problems import FORBIDDEN, MALFORMED, NOT_FOUND, Problem
from leadgen.app.services import FromServices, Request

SIGNATURE = b"stripe-signature"
LONGEST_SIGNATURE = 1_000
NO_STRIPE = "This server takes no payments by Stripe"


def _not_signed() -> Problem:
    return Problem.of_field(
        "Stripe-Signature",
        "no valid signature",
        "Stripe's signature of this request, not older than 5 minutes",
        FORBIDDEN,
    )


@post(
    "/api/webhooks/stripe",
    status_code=204,
    summary="Take in what became of a payment",
    operation_class=operation(
        answer(204, "Stored. What follows from it is done by a worker."),
        refused(MALFORMED, description="Not an event of Stripe"),
        refused(_not_signed(), description="Not signed by Stripe, or not lately"),
        refused(Problem(NOT_FOUND, NO_STRIPE), description="This server takes no payments by Stripe"),
        UNREADABLE,
        TOO_OFTEN,
        body=takes("An event as Stripe sends it.", json=dict),
        parameters=(
            parameter(
                "header",
                "Stripe-Signature",
                "t= and v1=: the time, and the HMAC-SHA-256 of time and raw body by STRIPE_WEBHOOK_SECRET, in hex.",
            ),
        ),
    ),
)
async def take_stripe_event(request: Request, services: FromServices) -> None:
    """Stripe's webhook. The same event again is stored once."""
    secrets = services.stripe_secrets
    if secrets is None:
        raise Problem(NOT_FOUND, NO_STRIPE)
    headers = group(request.scope["headers"])
    check_body_type(headers)
    signature = _read_signature(headers)
    body = await read_body(request, services.max_post_bytes)
    if not secrets.has_signed(body, signature, time.time()):
        await services.admit_anybody(request)
        raise _not_signed()
    await services.rates.check_key(secrets.key_hash)
    await services.queries.keep_payment_event(decode_utf8(body))


def _read_signature(headers: Headers) -> str:
    values = headers.get(SIGNATURE, [])
    if len(values) != 1 or len(values[0]) > LONGEST_SIGNATURE:
        raise _not_signed()
    return values[0].decode("latin-1")
