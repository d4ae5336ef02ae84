"""The routes of a lead: submitting one, and the account of its decisions."""

import json
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Annotated, Any

from litestar import Response, get, post

from leadgen.app.body import read_body
from leadgen.app.headers import (
    MAX_IDEMPOTENCY_KEY,
    NO_KEY_HASH,
    check_body_type,
    group,
    read_context,
)
from leadgen.app.json_text import check_object, decode_utf8, mend_text
from leadgen.app.openapi.models import Accepted, Lead, Rejected
from leadgen.app.openapi.operations import (
    LEAD_ID,
    NO_KEY,
    OPERATOR,
    SOURCE,
    TOO_OFTEN,
    TWO_KEYS,
    UNREADABLE,
    answer,
    operation,
    parameter,
    refused,
    takes,
)
from leadgen.app.problems import (
    FORBIDDEN,
    KEY_REUSED,
    MALFORMED,
    NOT_FOUND,
    QUARANTINED,
    TOO_MANY,
    Problem,
)
from leadgen.app.queries import Outcome
from leadgen.app.rates import refuse_limited
from leadgen.app.senders import name_sender
from leadgen.app.services import FromServices, Request, Services

JSON = "application/json"

Submit = Callable[[str], Awaitable[Outcome]]  # takes a context of leadgen.submit_lead as JSON


BODY = "One object in UTF-8, at most 64 kB, uncompressed, without repeated keys."
NOT_TAKEN = refused(KEY_REUSED, QUARANTINED) | refused(
    TOO_MANY,
    description="A rate limit is reached. The lead is not kept; post it again after Retry-After seconds.",
)


@post(
    "/api/leads",
    status_code=202,
    summary="Submit a lead",
    security=SOURCE,
    operation_class=operation(
        answer(202, "Qualified.", Accepted),
        answer(
            400,
            "Stored, but failed validation (application/json); or malformed, not stored.",
            Rejected,
            MALFORMED,
        ),
        NO_KEY,
        refused(Problem(FORBIDDEN, "The API key belongs to another source")),
        UNREADABLE,
        NOT_TAKEN,
        body=takes(BODY, json=Lead),
        parameters=(
            parameter(
                "header",
                "Idempotency-Key",
                "The same as the field idempotency_key. Where both are given, they must agree.",
                required=False,
                minLength=1,
                maxLength=MAX_IDEMPOTENCY_KEY,
            ),
        ),
    ),
)
async def submit_lead(request: Request, services: FromServices) -> Response[bytes]:
    """The lead is stored, judged, sold, priced and queued for delivery in one transaction."""
    headers = group(request.scope["headers"])
    check_body_type(headers)
    context = read_context(headers, request.scope["client"], services.trusted_proxies)
    await services.rates.check_head(context)
    text = decode_utf8(await read_body(request, services.max_body_bytes))
    check_object(text)
    payload = mend_text(text)

    sender = name_sender(payload, context)
    await services.rates.check_source(context, sender)
    submit = partial(services.batcher.submit, sender, payload)
    with services.rates.judge_key(context):
        status, outcome = await take_lead(services, submit, context)
    return answer_lead(status, outcome)


@get(
    "/api/leads/{lead_id:int}/decision",
    summary="Explain a lead's decisions",
    security=OPERATOR,
    operation_class=operation(
        answer(200, "The account.", dict),
        refused(TWO_KEYS),
        NO_KEY,
        refused(Problem(NOT_FOUND, "No lead 12345")),
        TOO_OFTEN,
    ),
)
async def explain_lead(
    request: Request, services: FromServices, lead_id: Annotated[int, LEAD_ID]
) -> Response[bytes]:
    """For operators: who won, and why each other buyer lost, with the numbers."""
    caller = await services.admit_caller(request)
    with services.rates.judge_key(caller):
        account = await services.queries.explain_lead(caller.get("api_key_hash", NO_KEY_HASH), lead_id)
    return Response(account.encode(), media_type=JSON, headers={"Cache-Control": "no-store"})


def answer_lead(status: str, outcome: str) -> Response[bytes]:
    """What the sender of a lead is told. Raises Problem for one that is in quarantine, or would not fit there."""
    if status == "accepted":
        return Response(outcome.encode(), status_code=202, media_type=JSON)
    if status == "rejected":
        return Response(b'{"detail": %b}' % outcome.encode(), status_code=400, media_type=JSON)
    facts = json.loads(outcome)
    if status == "limited":
        raise refuse_limited(facts["message"], facts["retry_after"])
    raise _quarantined(facts)


async def take_lead(services: Services, submit: Submit, context: Mapping[str, str]) -> Outcome:
    """Submit a lead; where its policy asks for a domain's mail servers, look them up in between.

    `submit` takes the context as JSON. Returns the outcome's `status` and the outcome as JSON. No transaction
    is open during the lookup.
    """
    status, outcome = await submit(json.dumps({**context, "can_look_up_mail": True}))
    if status != "lookup":
        return status, outcome
    domain = json.loads(outcome)["domain"]
    await services.queries.record_mail_domain(domain, await services.mail_domains.look_up(domain))
    return await submit(json.dumps(context))


def _quarantined(facts: dict[str, Any]) -> Problem:
    extra = {name: facts.get(name) for name in ("step", "quarantine_id")}
    return Problem(QUARANTINED, facts["message"], extra=extra)
