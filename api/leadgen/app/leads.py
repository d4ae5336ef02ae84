"""The routes of a lead: submitting one, and the account of its decisions."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Annotated, Any

from litestar import Response, get, post

from leadgen.app.body import read_body
from leadgen.app.headers import (
    MAX_IDEMPOTENCY_KEY,
    Headers,
    check_encoding,
    check_lead_type,
    group,
    key_hash_of,
    read_context,
)
from leadgen.app.json_text import check_object, decode_utf8
from leadgen.app.lead_forms import (
    BROKEN,
    CHECK,
    KEPT,
    LATER,
    THANKS,
    compose_payload,
    is_form,
    read_fields,
    show_refused,
    show_rejected,
    show_taken,
    wants_json,
)
from leadgen.app.metrics import LEAD_SECONDS
from leadgen.app.openapi.models import Accepted, Lead, LeadForm, Rejected
from leadgen.app.openapi.operations import (
    LEAD_ID,
    NO_KEY,
    OPERATOR,
    OURS,
    SCOPED_KEY,
    SOURCE,
    TOO_OFTEN,
    TWO_KEYS,
    answer,
    operation,
    or_page,
    parameter,
    redirect,
    refused,
    takes,
)
from leadgen.app.problems import (
    FORBIDDEN,
    KEY_REUSED,
    MALFORMED,
    NOT_FOUND,
    QUARANTINED,
    TOO_LARGE,
    TOO_MANY,
    UNAVAILABLE,
    UNEXPECTED,
    UNSUPPORTED,
    Problem,
    on_problem,
)
from leadgen.app.queries import Outcome
from leadgen.app.rates import refuse_limited
from leadgen.app.refused import keep_refused
from leadgen.app.senders import name_sender
from leadgen.app.services import FromServices, Request, Services
from leadgen.escapes import mend_text

JSON = "application/json"
LEAD_ID_IN_OUTCOME = re.compile(r'"lead_id": ([0-9]+)')  # in a text of JSON the quotes would be escaped

Submit = Callable[[str], Awaitable[Outcome]]  # takes a context of leadgen.submit_lead as JSON


BODY = "One object in UTF-8, at most 64 kB, uncompressed, without repeated keys."
OR_A_FORM = (
    "Or an HTML form without files, with the same fields; attributes are named attributes[name], or attributes[name][] "
    "for a list."
)
NAMES_SOURCE = ("source_key", "landing_url", "utm_source", "utm_campaign")
NOT_NOW = (TOO_MANY, UNAVAILABLE, UNEXPECTED)  # nothing is asked of the database for the sake of a visitor
NOT_TAKEN = refused(
    TOO_MANY,
    description="A rate limit is reached. The lead is not kept; post it again after Retry-After seconds.",
)


@post(
    "/api/leads",
    status_code=202,
    summary="Submit a lead",
    security=SOURCE,
    operation_class=operation(
        or_page(answer(202, "Qualified.", Accepted), THANKS.title),
        redirect("A form: the visitor goes to the source's success_url or error_url."),
        or_page(
            answer(
                400,
                "Stored, but failed validation (application/json); or malformed, and no lead.",
                Rejected,
                MALFORMED,
            ),
            CHECK.title,
        ),
        or_page(NO_KEY, BROKEN.title),
        or_page(refused(Problem(FORBIDDEN, "The API key belongs to another source")), BROKEN.title),
        or_page(refused(TOO_LARGE), CHECK.title),
        or_page(refused(UNSUPPORTED, description="Compressed, or neither JSON nor a form"), BROKEN.title),
        or_page(refused(KEY_REUSED, QUARANTINED), KEPT.title),
        or_page(NOT_TAKEN, LATER.title),
        failures=or_page(OURS, LATER.title),
        body=takes(f"{BODY} {OR_A_FORM}", json=Lead, form=LeadForm, multipart=LeadForm),
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
    """The lead is stored, judged, sold, priced and queued for delivery in one transaction.

    A form that an HTML page posts is taken as well. Its visitor is sent to the source's success_url or error_url, or
    sees a plain page. A program that posts a form says `Accept: application/json`, and gets what JSON gets.
    """
    headers = group(request.scope["headers"])
    if not is_form(headers):
        check_lead_type(headers)
        context = read_context(headers, request.scope["client"], services.trusted_proxies)
        await services.rates.check_head(context)
        return answer_lead(*await submit_body(request, services, context))
    if wants_json(headers):
        context = read_context(headers, request.scope["client"], services.trusted_proxies)
        return answer_lead(*await _submit_form(request, services, headers, context, {}))
    return await _answer_visitor(request, services, headers)


async def submit_body(
    request: Request,
    services: Services,
    context: Mapping[str, str],
    as_json: Callable[[bytes], bytes] = bytes,
) -> Outcome:
    """Submit the lead of a body, of which `as_json` makes JSON; what is refused is kept as far as it was made."""
    body = b""
    try:
        body = await read_body(request, services.max_body_bytes, keeps=True)
        body = as_json(body)
        payload = read_payload(body)
        sender = name_sender(payload, context)
        await services.rates.check_source(context, sender)
        submit = partial(services.batcher.submit, sender, payload)
        with services.rates.judge_key(context):
            return await take_lead(services, submit, context)
    except Problem as problem:
        await services.put_key_first(problem, context)
        await keep_refused(services, problem, body, context)
        raise


async def _submit_form(
    request: Request, services: Services, headers: Headers, context: Mapping[str, str], read: dict[str, str]
) -> Outcome:
    """Submit the lead of a form. What names its source is put into `read`, for whoever has to tell its visitor."""

    def as_json(body: bytes) -> bytes:
        fields = read_fields(body, headers)
        read["payload"] = mend_text(
            json.dumps({name: value for name, value in fields if name in NAMES_SOURCE})
        )
        return compose_payload(fields).encode()

    await services.rates.check_head(context)
    check_encoding(headers)
    return await submit_body(request, services, context, as_json)


async def _answer_visitor(request: Request, services: Services, headers: Headers) -> Response[bytes]:
    """Submit the lead of a form, and answer as a visitor needs it."""
    read = {"payload": "{}"}
    context: dict[str, str] = {}
    try:
        context = read_context(headers, request.scope["client"], services.trusted_proxies)
        status, outcome = await _submit_form(request, services, headers, context, read)
        if status not in ("accepted", "rejected"):
            answer_lead(status, outcome)
    except Problem as problem:
        if problem.kind in NOT_NOW:
            on_problem(request, problem)
            return show_refused(None, problem)
        pages = await services.queries.find_form_pages(read["payload"], json.dumps(context))
        return show_refused(pages.get("error_url"), problem)
    pages = await services.queries.find_form_pages(read["payload"], json.dumps(context))
    if status == "accepted":
        return show_taken(pages.get("success_url"))
    return show_rejected(pages.get("error_url"), json.loads(outcome)["errors"])


@get(
    "/api/leads/{lead_id:int}/decision",
    summary="Explain a lead's decisions",
    security=OPERATOR,
    operation_class=operation(
        answer(200, "The account.", dict),
        refused(TWO_KEYS),
        SCOPED_KEY,
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
        account = await services.queries.explain_lead(key_hash_of(caller), lead_id)
    return Response(account.encode(), media_type=JSON, headers={"Cache-Control": "no-store"})


def read_payload(body: bytes) -> str:
    """The lead of a body as JSON that jsonb takes. Raises Problem for what is no lead."""
    text = decode_utf8(body)
    check_object(text)
    return mend_text(text)


def answer_lead(status: str, outcome: str) -> Response[bytes]:
    """What the sender of a lead is told. Raises Problem for one that is in quarantine, or would not fit there."""
    if status == "accepted":
        return Response(outcome.encode(), status_code=202, media_type=JSON, headers=_name_lead(outcome))
    if status == "rejected":
        body = b'{"detail": %b}' % outcome.encode()
        return Response(body, status_code=400, media_type=JSON, headers=_name_lead(outcome))
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
    with LEAD_SECONDS.labels("mail_domain").time():
        await services.queries.record_mail_domain(domain, await services.mail_domains.look_up(domain))
    return await submit(json.dumps(context))


def _name_lead(outcome: str) -> dict[str, str]:
    """X-Lead-Id, by which the edge logs which lead a request became."""
    found = LEAD_ID_IN_OUTCOME.search(outcome)
    return {"X-Lead-Id": found[1]} if found else {}


def _quarantined(facts: dict[str, Any]) -> Problem:
    extra = {name: facts.get(name) for name in ("step", "quarantine_id")}
    return Problem(QUARANTINED, facts["message"], extra=extra)
