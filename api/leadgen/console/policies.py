"""The workbench: a policy edited, checked as one types, tried on leads that came, published and rolled back.

What is typed is sent along with each of these; nothing is kept before it is published. A what-if reads many leads: each
process plays one at a time, offer by offer, and the page goes on meanwhile.
"""

from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus

from litestar import Response, get, post
from litestar.params import FromPath

from leadgen.app.json_text import check_object
from leadgen.app.problems import FORBIDDEN, MALFORMED, NOT_FOUND, UNAVAILABLE, FieldError, Problem
from leadgen.app.services import FromServices, Request
from leadgen.console.queries import (
    APPROVE_POLICY,
    CHECK_POLICY,
    FIND_OFFER,
    POLICIES,
    POLICY,
    PROPOSE_POLICY,
    PUBLISH_POLICY,
    REHEARSE_POLICY,
    ROLL_BACK_POLICY,
    WITHDRAW_POLICY,
)
from leadgen.console.query import read_id, to_id
from leadgen.console.site import CONSOLE
from leadgen.pages.site import Json, is_part
from leadgen.pages.turns import Turns
from leadgen.pages.visitor import Visitor, admit
from leadgen.whatif import words

LONGEST_BODY = 65_536  # characters
SAID = (HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY)
MOST_OF_ONE = 5  # what-ifs of a session
WHAT_IFS = Turns(at_once=1, of_one=MOST_OF_ONE, in_all=20)


@get("/console/policies", include_in_schema=False)
async def list_policies(request: Request, services: FromServices) -> Response[bytes]:
    """The policies of all kinds."""
    visitor = await admit(CONSOLE, request, services)
    return visitor.show("own/policies.html", await visitor.ask(POLICIES))


@get("/console/policies/{kind:str}/{policy_id:str}", include_in_schema=False)
async def show_policy(
    request: Request, services: FromServices, kind: FromPath[str], policy_id: FromPath[str]
) -> Response[bytes]:
    """The workbench, with the live version or an old one."""
    visitor, policy = await admit(CONSOLE, request, services), _read(policy_id)
    return await _show(visitor, kind, policy)


@post("/console/policies/{kind:str}/{policy_id:str}/check", status_code=200, include_in_schema=False)
async def check_policy(
    request: Request, services: FromServices, kind: FromPath[str], policy_id: FromPath[str]
) -> Response[bytes]:
    """What is wrong with what was typed, or what it changes: a part for htmx, else the page."""
    visitor, policy = await admit(CONSOLE, request, services), _read(policy_id)
    problem, found = None, None
    try:
        found = await visitor.ask(CHECK_POLICY, kind, policy, _read_body(visitor))
    except Problem as refused:
        problem = _let_through(refused)
    if is_part(request):
        return visitor.show_part("own/policy_check.html", {"checked": found, "problem": problem})
    return await _show(visitor, kind, policy, problem, checked=found)


@post("/console/policies/{kind:str}/{policy_id:str}/try", status_code=200, include_in_schema=False)
async def try_policy(
    request: Request, services: FromServices, kind: FromPath[str], policy_id: FromPath[str]
) -> Response[bytes]:
    """What one lead that came would have become."""
    visitor, policy = await admit(CONSOLE, request, services), _read(policy_id)
    try:
        lead = to_id(visitor.fields.get("lead", "").strip())
        body = _read_body(visitor)
        offer = await visitor.call(FIND_OFFER, lead)
        outcome = await _play(visitor, kind, policy, offer, body, lead)
    except Problem as problem:
        return await _show(visitor, kind, policy, _let_through(problem))
    return await _show(visitor, kind, policy, tried={"lead": lead, **_word(outcome)})


@post(
    "/console/policies/{kind:str}/{policy_id:str}/what-if/{offer_id:str}",
    status_code=200,
    include_in_schema=False,
)
async def rehearse_policy(
    request: Request,
    services: FromServices,
    kind: FromPath[str],
    policy_id: FromPath[str],
    offer_id: FromPath[str],
) -> Response[bytes]:
    """An offer's last week under what was typed: a part for htmx, else the page with it."""
    visitor, policy, offer = await admit(CONSOLE, request, services), _read(policy_id), _read(offer_id)
    try:
        body = _read_body(visitor)
        await visitor.ask(
            CHECK_POLICY, kind, policy, body
        )  # before it waits: who may not, takes nobody's place
        outcome = await _play(visitor, kind, policy, offer, body, None)
    except Problem as refused:
        problem = _let_through(refused)
        if is_part(request):
            return visitor.show_part("own/policy_check.html", {"checked": None, "problem": problem})
        return await _show(visitor, kind, policy, problem)
    if is_part(request):
        return visitor.show_part("own/policy_outcome.html", {"outcome": _word(outcome)})
    return await _show(visitor, kind, policy, outcomes={offer: _word(outcome)})


@post("/console/policies/{kind:str}/{policy_id:str}/publish", status_code=200, include_in_schema=False)
async def publish_policy(
    request: Request, services: FromServices, kind: FromPath[str], policy_id: FromPath[str]
) -> Response[bytes]:
    """Make what was typed the live version, if the one that was edited still is."""
    visitor, policy = await admit(CONSOLE, request, services), _read(policy_id)
    fields = visitor.fields
    try:
        version = to_id(fields.get("version", ""))
        new = await visitor.call(
            PUBLISH_POLICY, kind, policy, _read_body(visitor), version, fields.get("reason")
        )
    except Problem as problem:
        return await _show(visitor, kind, policy, _let_through(problem))
    return visitor.go(f"/console/policies/{kind}/{policy}", f"Version {new} is live.")


@post("/console/policies/{kind:str}/{policy_id:str}/propose", status_code=200, include_in_schema=False)
async def propose_policy(
    request: Request, services: FromServices, kind: FromPath[str], policy_id: FromPath[str]
) -> Response[bytes]:
    """Have what was typed published at a time, or once somebody else has approved it."""
    visitor, policy = await admit(CONSOLE, request, services), _read(policy_id)
    fields = visitor.fields
    try:
        at, version = _read_moment(fields.get("publish_at", "")), to_id(fields.get("version", ""))
        body, reason = _read_body(visitor), fields.get("reason")
        found = await visitor.ask(PROPOSE_POLICY, kind, policy, body, version, reason, at)
    except Problem as problem:
        return await _show(visitor, kind, policy, _let_through(problem))
    waits = (
        "somebody else has to approve it" if found["status"] == "waiting" else "it is published at its time"
    )
    return visitor.go(f"/console/policies/{kind}/{policy}", f"Proposal {found['id']} is kept: {waits}.")


@post(
    "/console/policies/{kind:str}/{policy_id:str}/proposals/{proposal_id:str}/{action:str}",
    status_code=200,
    include_in_schema=False,
)
async def settle_proposal(
    request: Request,
    services: FromServices,
    kind: FromPath[str],
    policy_id: FromPath[str],
    proposal_id: FromPath[str],
    action: FromPath[str],
) -> Response[bytes]:
    """Approve what somebody else proposed, or withdraw a proposal."""
    visitor, policy, proposal = await admit(CONSOLE, request, services), _read(policy_id), _read(proposal_id)
    try:
        if action == "approve":
            found = await visitor.ask(APPROVE_POLICY, proposal)
            live = found["version"] and f"version {found['version']} is live"
            said = f"Proposal {proposal} is approved: {live or 'it is published at its time'}."
        elif action == "withdraw":
            is_new = await visitor.call(WITHDRAW_POLICY, proposal)
            said = f"Proposal {proposal} {'is' if is_new else 'was already'} withdrawn."
        else:
            raise Problem(NOT_FOUND, "There is no such action.")
    except Problem as problem:
        if problem.kind is not FORBIDDEN:
            problem = _let_through(problem)
        return await _show(visitor, kind, policy, problem)
    return visitor.go(f"/console/policies/{kind}/{policy}", said)


@post("/console/policies/{kind:str}/{policy_id:str}/roll-back", status_code=200, include_in_schema=False)
async def roll_back_policy(
    request: Request, services: FromServices, kind: FromPath[str], policy_id: FromPath[str]
) -> Response[bytes]:
    """Make a new version of what an old one was."""
    visitor, policy = await admit(CONSOLE, request, services), _read(policy_id)
    old = to_id(visitor.fields.get("to", ""))
    try:
        new = await visitor.call(ROLL_BACK_POLICY, kind, policy, old, visitor.fields.get("reason"))
    except Problem as problem:
        return await _show(visitor, kind, policy, _let_through(problem))
    return visitor.go(
        f"/console/policies/{kind}/{policy}", f"Version {new} is live: it is what version {old} was."
    )


POLICY_ROUTES = (
    list_policies,
    show_policy,
    check_policy,
    try_policy,
    rehearse_policy,
    publish_policy,
    propose_policy,
    settle_proposal,
    roll_back_policy,
)


async def _show(
    visitor: Visitor, kind: str, policy: int, problem: Problem | None = None, **values: object
) -> Response[bytes]:
    """The workbench; with what was typed, where something was."""
    found = await visitor.ask(POLICY, kind, policy, read_id(visitor.request, "version"))
    whole = {"checked": None, "tried": None, "outcomes": {}, **found, **values}
    return visitor.show("own/policy.html", whole, problem, visitor.fields)


async def _play(visitor: Visitor, kind: str, policy: int, offer: int, body: str, lead: int | None) -> Json:
    """A what-if. Raises Problem, also when too many wait."""
    refusal = Problem(UNAVAILABLE, "Too many what-ifs are under way. Try again in a minute.")
    async with WHAT_IFS.take(visitor.presented.token_hash, refusal):
        return await visitor.ask(REHEARSE_POLICY, kind, policy, offer, body, lead)


def _word(outcome: Json) -> Json:
    """The outcome in the words of `leadgen what-if`."""
    return {
        "offer": outcome["offer"],
        "leads": outcome["leads"],
        "since": outcome["from"],
        "headline": words.headline(outcome),
        "totals": words.totals(outcome),
        "moved": outcome["moved"],
        "is_identical": outcome["is_identical"],
        "buyers": outcome["buyers"],
        "currency": outcome["currency"],
        "examples": outcome["examples"],
        "days": outcome["days"],
    }


def _read_body(visitor: Visitor) -> str:
    """The JSON that was typed. Raises Problem where it is none."""
    text = visitor.fields.get("body", "")
    if not text.strip() or len(text) > LONGEST_BODY:
        raise Problem.of_field("body", f"{len(text)} characters", f"JSON of 2 to {LONGEST_BODY} characters")
    check_object(text, is_strict=True)
    return text


def _read_moment(text: str) -> datetime | None:
    """A time in UTC, as a field for one writes it; None: nothing was typed. Raises Problem."""
    typed = text.strip()
    if not typed:
        return None
    try:
        return datetime.strptime(typed[:40], "%Y-%m-%dT%H:%M").replace(tzinfo=UTC)
    except ValueError:
        raise Problem.of_field("publish_at", typed[:40], "a time such as 2026-12-01T08:00") from None


def _let_through(problem: Problem) -> Problem:
    """A problem that the page says; any other is raised. One of the body stands beside its field."""
    if problem.kind.status not in SAID:
        raise problem
    paths = [one.get("field", "") for one in problem.errors]
    if problem.kind is MALFORMED or not any(path.split(".")[0] in ("config", "rules") for path in paths):
        return problem
    beside = [FieldError(**{**one, "field": "body"}) for one in problem.errors]
    return replace(problem, errors=beside)


def _read(text: str) -> int:
    number = to_id(text)
    if number is None:
        raise Problem(NOT_FOUND, "There is no such policy.")
    return number
