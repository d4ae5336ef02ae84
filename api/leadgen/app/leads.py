"""The routes of a lead: submitting one, and the account of its decisions."""

import json
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from litestar import Response, get, post
from litestar.params import FromPath

from leadgen.app.batches import name_lane
from leadgen.app.body import read_body
from leadgen.app.headers import NO_KEY_HASH, check_body_type, group, read_context, read_key_hash
from leadgen.app.json_text import check_object, decode_utf8
from leadgen.app.problems import QUARANTINED, Problem
from leadgen.app.queries import Outcome
from leadgen.app.services import FromServices, Request, Services

JSON = "application/json"

Submit = Callable[[str], Awaitable[Outcome]]  # takes a context of leadgen.submit_lead as JSON


@post("/api/leads", status_code=202)
async def submit_lead(request: Request, services: FromServices) -> Response[bytes]:
    """Take one lead in; the whole of it is leadgen.submit_lead(payload, context)."""
    headers = group(request.scope["headers"])
    check_body_type(headers)
    context = read_context(headers, request.scope["client"], services.trusted_proxies)
    payload = decode_utf8(await read_body(request, services.max_body_bytes))
    check_object(payload)

    submit = partial(services.batcher.submit, name_lane(payload, context), payload)
    status, outcome = await take_lead(services, submit, context)
    return answer_lead(status, outcome)


@get("/api/leads/{lead_id:int}/decision")
async def explain_lead(request: Request, services: FromServices, lead_id: FromPath[int]) -> Response[bytes]:
    """Who won the lead, and why each other buyer lost. Needs an operator's key."""
    key_hash = read_key_hash(group(request.scope["headers"])) or NO_KEY_HASH
    account = await services.queries.explain_lead(key_hash, lead_id)
    return Response(account.encode(), media_type=JSON, headers={"Cache-Control": "no-store"})


def answer_lead(status: str, outcome: str) -> Response[bytes]:
    """What the sender of a lead is told. Raises Problem for one in quarantine."""
    if status == "accepted":
        return Response(outcome.encode(), status_code=202, media_type=JSON)
    if status == "rejected":
        return Response(b'{"detail": %b}' % outcome.encode(), status_code=400, media_type=JSON)
    raise _quarantined(outcome)


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


def _quarantined(outcome: str) -> Problem:
    facts = json.loads(outcome)
    extra = {name: facts.get(name) for name in ("step", "quarantine_id")}
    return Problem(QUARANTINED, facts["message"], extra=extra)
