"""Leads in a source's own shape: ad networks and partners whose source carries a field map.

What a network is answered follows what it does with an answer. Google Ads takes 200 with `{}` for done, shows
the `message` of a 4xx to the advertiser and never sends that lead again, and repeats after a 5xx. Meta takes
200 for done and repeats anything else for up to 36 hours; who fails too long is unsubscribed. So a network
hears 200 for every lead that is stored, be it sold, rejected by validation or in quarantine, since neither of
them could mend it; 4xx only for what proves nobody's key; and 503 where trying again helps, a rate limit that is
reached included. A lead that the post only names is stored with the post, and fetched by a worker.

https://developers.google.com/google-ads/webhook/docs/implementation
https://developers.facebook.com/docs/graph-api/webhooks/getting-started
"""

import json
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.params import PathParameter

from leadgen.app.body import read_body
from leadgen.app.headers import Headers, check_body_type, group, read_context
from leadgen.app.json_text import check_object, decode_utf8
from leadgen.app.leads import BODY, JSON, NOT_TAKEN, answer_lead, take_lead
from leadgen.app.openapi.models import Accepted, Rejected
from leadgen.app.openapi.operations import (
    SOURCE,
    TOO_OFTEN,
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
    QUARANTINED,
    UNAUTHORIZED,
    UNAVAILABLE,
    Problem,
)
from leadgen.app.queries import Outcome
from leadgen.app.rates import refuse_limited
from leadgen.app.refused import keep_refused
from leadgen.app.services import FromServices, Request, Services

SIGNATURE = b"x-hub-signature-256"
LONGEST_SIGNATURE = 100
LONGEST_CHALLENGE = 200
NOT_VERIFIED = "hub.mode, hub.verify_token or hub.challenge is not valid"


SourceKey = Annotated[
    str, PathParameter(description="The source's public name. The source must have a field map.")
]


@post(
    "/api/sources/{source_key:str}/leads",
    status_code=200,
    summary="Submit leads in the source's own shape",
    security=SOURCE,
    operation_class=operation(
        answer(
            200,
            "To an ad network: {}, whatever became of its leads. To a partner: the outcome of a test, or `leads`, the "
            "outcome of each of several in one post.",
            dict,
        ),
        answer(202, "To a partner: as /api/leads.", Accepted),
        answer(
            400,
            "To a partner: as /api/leads. To anybody: malformed, and no lead.",
            Rejected,
            MALFORMED,
        ),
        refused(
            UNAUTHORIZED, description="Key or signature is missing or not valid, or there is no such source"
        ),
        UNREADABLE,
        refused(KEY_REUSED, QUARANTINED),
        NOT_TAKEN,
        body=takes(BODY, json=dict),
        parameters=(
            parameter(
                "header",
                "X-Hub-Signature-256",
                "Meta: sha256= and the HMAC-SHA-256 of the raw body by the app secret, in hex.",
                required=False,
            ),
        ),
    ),
)
async def take_post(request: Request, services: FromServices, source_key: SourceKey) -> Response[bytes]:
    """For ad networks and partners whose source has a field map: Google Ads lead forms, Meta lead ads, or any JSON.

    The map says what proves the sender: an API key, a key in the body, or a signature. A lead that is marked as a test
    is rehearsed, never sold.
    """
    try:
        return await _take_post(request, services, source_key)
    except Problem as problem:
        problem.extra = {**problem.extra, "message": problem.detail}  # what Google shows of an error
        raise


@get(
    "/api/sources/{source_key:str}/leads",
    summary="Answer Meta's verification of the address",
    operation_class=operation(
        answer(200, "The challenge.", str, media_type="text/plain"),
        refused(
            Problem(FORBIDDEN, NOT_VERIFIED), description="Not the source's verify token, or no such source"
        ),
        TOO_OFTEN,
        parameters=(
            parameter("query", "hub.mode", "`subscribe`."),
            parameter("query", "hub.verify_token", "The source's verify token."),
            parameter("query", "hub.challenge", "What is given back."),
        ),
    ),
)
async def verify_subscription(
    request: Request, services: FromServices, source_key: SourceKey
) -> Response[bytes]:
    """Whoever knows the source's verify token gets the challenge back."""
    await services.admit_anybody(request)
    query = request.query_params
    token, challenge = query.get("hub.verify_token", ""), query.get("hub.challenge", "")
    if (
        query.get("hub.mode") == "subscribe"
        and 0 < len(challenge) <= LONGEST_CHALLENGE
        and (source_key + token + challenge).isprintable()
        and await services.queries.verify_subscription(source_key, token)
    ):
        headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        return Response(challenge.encode(), media_type="text/plain", headers=headers)
    raise Problem(FORBIDDEN, NOT_VERIFIED)


async def _take_post(request: Request, services: Services, source_key: str) -> Response[bytes]:
    headers = group(request.scope["headers"])
    check_body_type(headers)
    context = read_context(headers, request.scope["client"], services.trusted_proxies) | _signature(headers)
    await services.rates.check_head(context, UNAVAILABLE)
    limit = services.max_post_bytes if "signature" in context else services.max_body_bytes
    body = b""
    try:
        body = await read_body(request, limit, keeps=True)
        check_object(decode_utf8(body))
        if not source_key.isprintable():
            raise Problem(UNAUTHORIZED, "No valid API key")
        await services.rates.check_source(context, source_key, UNAVAILABLE)
        with services.rates.judge_key(context):
            post = await _open_post(services, source_key, body, json.dumps(context))
    except Problem as problem:
        await services.put_key_first(problem, context)
        if source_key.isprintable():
            await keep_refused(services, problem, body, context, source_key)
        raise
    positions = post["positions"]
    outcomes = [
        await _take_lead(services, source_key, body, position, context, alone=len(positions) == 1)
        for position in positions
    ]
    if limited := [json.loads(outcome) for status, outcome in outcomes if status == "limited"]:
        raise refuse_limited(limited[0]["message"], limited[0]["retry_after"], UNAVAILABLE)
    if post["answer"] == "empty":
        return Response(b"{}", media_type=JSON)
    return _answer(outcomes)


async def _open_post(services: Services, source_key: str, body: bytes, context: str) -> dict[str, Any]:
    """Take a post in; where personal data is sealed, what is stored of it is sealed first."""
    if services.sealer is None:
        return await services.queries.open_post(source_key, body, context)
    await services.sealer.get_ready()
    post = await services.queries.open_post(source_key, body, services.sealer.write_context(context, {}))
    if documents := post.get("documents"):
        sealed = services.sealer.seal_posts(documents)
        post = await services.queries.open_post(
            source_key, body, services.sealer.write_context(context, sealed)
        )
    return post


async def _take_lead(
    services: Services, source_key: str, body: bytes, position: int, context: dict[str, str], *, alone: bool
) -> Outcome:
    """Submit one lead of a post. Of several, one that is refused is an outcome, and not the end of the others."""
    statement = partial(services.queries.submit_mapped_lead, source_key, body, position)
    try:
        return await take_lead(
            services, partial(services.batcher.submit_alone, source_key, statement), context
        )
    except Problem as problem:
        await keep_refused(services, problem, body, context, source_key, position)
        if alone or problem.kind.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise
        refusal = {"status": "refused", "message": problem.detail, "errors": problem.errors}
        return "refused", json.dumps(refusal | dict(problem.extra))


def _answer(outcomes: list[tuple[str, str]]) -> Response[bytes]:
    """What a partner is told: of one lead what /api/leads says, of several each outcome in order."""
    if len(outcomes) == 1 and outcomes[0][0] != "test":
        return answer_lead(*outcomes[0])
    if len(outcomes) == 1:
        return Response(outcomes[0][1].encode(), media_type=JSON)
    listed = ", ".join(outcome for _, outcome in outcomes)
    return Response(f'{{"leads": [{listed}]}}'.encode(), media_type=JSON)


def _signature(headers: Headers) -> dict[str, str]:
    values = headers.get(SIGNATURE, [])
    if len(values) != 1:
        return {}
    return {"signature": values[0].decode("latin-1")[:LONGEST_SIGNATURE]}
