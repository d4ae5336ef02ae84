"""Many leads in one post: each is a lead as if it had been posted by itself, and has its own answer.

The leads go to the batcher in portions, and one portion is answered before the next begins. So a batch has few leads
there at a time, and what others post goes in between. Nothing is kept of a batch as such: whoever is cut off repeats
it, and the same keys get the same answers.
"""

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import msgspec
from litestar import Response, post

from leadgen.app.batch_text import Span, find_leads
from leadgen.app.body import read_body, too_large
from leadgen.app.headers import Headers, check_body_type, group, read_caller, read_context
from leadgen.app.key_first import BY_ITSELF
from leadgen.app.leads import JSON, NOT_TAKEN, answer_lead, read_payload, take_lead
from leadgen.app.openapi.models import MOST_LEADS, Batch, BatchAnswer
from leadgen.app.openapi.operations import (
    SOURCE_WITH_KEY,
    TWO_KEYS,
    UNREADABLE,
    answer,
    operation,
    refused,
    takes,
)
from leadgen.app.problems import (
    MALFORMED,
    RECORDED,
    TOO_MANY,
    TOO_SLOW,
    UNAUTHORIZED,
    UNAVAILABLE,
    UNEXPECTED,
    Problem,
    on_problem,
)
from leadgen.app.refused import KEPT_BYTES, keep_refused
from leadgen.app.senders import name_sender, read_code, write_value
from leadgen.app.services import FromServices, Request, Services

PORTION = 16  # leads of a batch that the batcher has at a time: half of what it hands over in one call
BATCH_SECONDS = 20.0  # after which no portion begins: an edge waits 30 seconds for the answer
BODY_SECONDS = 60.0
OUT_OF_TIME = "The batch ran out of time before this lead. Try again with the same idempotency key."
TAG = re.compile("(?<=.)[-+@]")  # what is behind it does not tell mailboxes apart: see leadgen.mail_providers
NUMBER = re.compile(r"\d[^a-z#;,~]*")  # what may be an extension is behind it
OF_ALL = (UNAUTHORIZED, TOO_MANY, UNAVAILABLE)  # where each lead would be answered so, the batch is

Answer: TypeAlias = Response[bytes] | Problem


class _Lead(NamedTuple):
    """A lead of a batch: its payload, or what is wrong with it; `names`: what the database may recognise it by."""

    body: bytes
    payload: str | Problem
    names: frozenset[str] = frozenset()


class _Says(msgspec.Struct):
    idempotency_key: Any = None
    email: Any = None
    phone: Any = None


_SAYS = msgspec.json.Decoder(_Says, float_hook=Decimal)


@post(
    "/api/leads/batch",
    status_code=200,
    summary="Submit many leads",
    security=SOURCE_WITH_KEY,
    opt={BY_ITSELF: True},
    operation_class=operation(
        answer(200, "What became of each lead, in the order of the batch.", BatchAnswer),
        refused(MALFORMED, TWO_KEYS, description="No batch: its leads cannot be told apart"),
        refused(UNAUTHORIZED, description="The API key is missing, or not valid"),
        refused(TOO_SLOW),
        UNREADABLE,
        NOT_TAKEN,
        body=takes(
            f"An object with one member, `leads`: 1 to {MOST_LEADS} leads, each at most 64 kB, 4 MB together, in "
            "UTF-8, uncompressed.",
            json=Batch,
        ),
    ),
)
async def submit_batch(request: Request, services: FromServices) -> Response[bytes]:
    """For sources with an API key. Each lead is taken or refused as one that is posted by itself, and is answered with
    the status and the body that it would have had.

    Where every lead would be answered with the same 401, 429 or 503, the batch is.
    """
    headers = group(request.scope["headers"])
    await services.admit_source(read_caller(headers, request.scope["client"], services.trusted_proxies))
    check_body_type(headers)
    _check_no_key(headers)
    context = read_context(headers, request.scope["client"], services.trusted_proxies)
    with services.batches.take(context["api_key_hash"]):
        body, spans = await _read_batch(request, services, context)
        answers = await _take_leads(services, context, body, spans)
    kinds = {one.kind if isinstance(one, Problem) else None for one in answers}
    if isinstance(answers[0], Problem) and len(kinds) == 1 and answers[0].kind in OF_ALL:
        raise answers[0]
    return _show(request, answers)


def _check_no_key(headers: Headers) -> None:
    """A key names one lead. All leads of a batch would be the same one."""
    if b"idempotency-key" in headers:
        found, allowed = "a header for a whole batch", "the field idempotency_key in each lead"
        raise Problem.of_field("Idempotency-Key", found, allowed)


async def _read_batch(
    request: Request, services: Services, context: Mapping[str, str]
) -> tuple[bytes, list[Span]]:
    """The body, and where in it each lead is. Of one that is refused the beginning is kept."""
    body = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await read_body(request, services.max_batch_bytes, keeps=True)
        return body, await find_leads(body)
    except TimeoutError:
        raise Problem(TOO_SLOW, "The batch did not come in time") from None
    except Problem as problem:
        await keep_refused(services, problem, body, context, most=KEPT_BYTES)
        raise


async def _take_leads(
    services: Services, context: Mapping[str, str], body: bytes, spans: Sequence[Span]
) -> list[Answer]:
    """Submit the leads; returns what is answered to each. The request itself was counted as the first of them."""
    others, limited = await services.rates.count_leads(context["api_key_hash"], len(spans) - 1)
    clock = asyncio.get_running_loop().time
    end = clock() + BATCH_SECONDS
    answers: list[Answer] = []
    async with aclosing(_read_portions(services, body, spans[: others + 1])) as portions:
        async for portion in portions:
            taken = await _take_portion(services, context, portion)
            answers += taken
            rest = _find_answer_to_rest(taken)
            if rest is None and clock() > end:
                rest = Problem(UNAVAILABLE, OUT_OF_TIME)
            if rest is not None:
                answers += [rest] * (others + 1 - len(answers))
                break
    if limited is not None:
        answers += [limited] * (len(spans) - len(answers))
    return answers


def _find_answer_to_rest(taken: Sequence[Answer]) -> Problem | None:
    """What the leads behind a portion are answered without being tried: the key is none, or the database is away."""
    last = taken[-1]
    if not isinstance(last, Problem):
        return None
    are_alike = all(isinstance(one, Problem) and one.kind is last.kind for one in taken)
    is_away = last.kind is UNAVAILABLE and are_alike and len(taken) == PORTION
    return last if is_away or last.kind is UNAUTHORIZED else None


async def _read_portions(
    services: Services, body: bytes, spans: Sequence[Span]
) -> AsyncGenerator[list[_Lead]]:
    """The leads, in portions. Two that may be the same, or of one person, are in two: the first goes first."""
    portion: list[_Lead] = []
    names: set[str] = set()
    for span in spans:
        lead = _read_lead(body[slice(*span)], services.max_body_bytes)
        await asyncio.sleep(0)  # an odd lead takes a while to read: others have their turn
        if len(portion) == PORTION or not names.isdisjoint(lead.names):
            yield portion
            portion, names = [], set()
        portion.append(lead)
        names |= lead.names
    yield portion


def _read_lead(body: bytes, limit: int) -> _Lead:
    body = body.strip()
    if len(body) > limit:
        return _Lead(body, too_large(limit, body, len(body)))
    try:
        payload = read_payload(body)
        return _Lead(body, payload, _name_lead(_SAYS.decode(payload)))
    except Problem as problem:
        return _Lead(body, problem)
    except Exception as error:  # noqa: BLE001  a defect of ours is one lead's, too
        return _Lead(body, _defect(error))


def _name_lead(says: _Says) -> frozenset[str]:
    """By what the database may take the lead for another, or its person for another lead's.

    An e-mail is named by what its mailbox's other addresses begin with, whatever their domain; a phone with and without
    its extension.
    """
    key, email, phone = map(_read, (says.idempotency_key, says.email, says.phone))
    numbers = {phone, "".join(NUMBER.findall(phone)[:1])}
    names = {("key", _fold(key)), ("email", _fold(TAG.split(email, maxsplit=1)[0]))}
    names |= {("phone", "".join(filter(str.isdecimal, number))[-7:]) for number in numbers}
    return frozenset(f"{kind} {name}" for kind, name in names if name)


def _read(value: object) -> str:
    return read_code(write_value(value)).casefold()


def _fold(text: str) -> str:
    """What a text has in common with all that the database may read as the same, and with some more."""
    return "".join(filter(str.isalnum, text)) or text


def _defect(error: Exception) -> Problem:
    problem = Problem(UNEXPECTED, RECORDED)
    problem.__cause__ = error
    return problem


async def _take_portion(
    services: Services, context: Mapping[str, str], portion: Sequence[_Lead]
) -> list[Answer]:
    answers = await asyncio.gather(*(_take_lead(services, context, lead) for lead in portion))
    for lead, given in zip(portion, answers, strict=True):
        if isinstance(given, Problem) and not await keep_refused(services, given, lead.body, context):
            break  # each try takes as long as a call may wait for a connection
    return answers


async def _take_lead(services: Services, context: Mapping[str, str], lead: _Lead) -> Answer:
    if isinstance(lead.payload, Problem):
        return lead.payload
    try:
        sender = name_sender(lead.payload, context)
        submit = partial(services.batcher.submit, sender, lead.payload, has_company=True)
        with services.rates.judge_key(context):
            return answer_lead(*await take_lead(services, submit, context))
    except Problem as problem:
        return problem
    except Exception as error:  # noqa: BLE001  a defect of ours is one lead's, too
        return _defect(error)


def _show(request: Request, answers: Sequence[Answer]) -> Response[bytes]:
    shown: dict[int, Response[bytes]] = {}  # an answer to many is composed, and logged, once
    for given in answers:
        if id(given) not in shown:
            shown[id(given)] = on_problem(request, given) if isinstance(given, Problem) else given
    responses = [shown[id(given)] for given in answers]
    statuses = Counter(str(one.status_code) for one in responses)
    leads = b", ".join(_show_one(index, one) for index, one in enumerate(responses))
    return Response(
        b'{"statuses": %b, "leads": [%b]}' % (json.dumps(statuses).encode(), leads), media_type=JSON
    )


def _show_one(index: int, response: Response[bytes]) -> bytes:
    seconds = response.headers.get("Retry-After")
    retry = f'"retry_after": {seconds}, ' if seconds else ""
    return (
        f'{{"index": {index}, "status": {response.status_code}, {retry}"body": '.encode()
        + response.content
        + b"}"
    )
