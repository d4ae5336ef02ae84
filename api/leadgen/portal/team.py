"""The people of a buyer, and the keys of its programs."""

import json

from litestar import Response, get, post
from litestar.params import FromPath

from leadgen.api_keys import make_key
from leadgen.app.account_bodies import LONGEST_EMAIL
from leadgen.app.problems import Problem
from leadgen.app.services import FromServices, Request
from leadgen.pages.query import address, read_id, read_row
from leadgen.pages.visitor import Visitor, admit
from leadgen.portal.queries import (
    CHANGE_STATUS,
    CREATE_KEY,
    INVITE,
    KEYS,
    REVOKE_KEY,
    USERS,
    VISITOR,
)
from leadgen.portal.refused import check_said
from leadgen.portal.site import PORTAL

TEAM, KEYS_PAGE = "/portal/team", "/portal/keys"
PAGE = 100  # users of a page, as the query says
LONGEST_NAME, LONGEST_REASON = 200, 300
SCOPES = ("read", "answer", "pay")
CHANGES = {"remove": ("deactivated", "is removed"), "admit": ("active", "is let in again")}


@get(TEAM, include_in_schema=False)
async def list_team(request: Request, services: FromServices) -> Response[bytes]:
    """Who may sign in for the buyer. For owners."""
    return await _show_team(await admit(PORTAL, request, services))


@post(TEAM, status_code=200, include_in_schema=False)
async def invite(request: Request, services: FromServices) -> Response[bytes]:
    """Invite somebody: an e-mail with a link goes out."""
    visitor = await admit(PORTAL, request, services)
    fields = visitor.fields
    try:
        email = _read(fields, "email", LONGEST_EMAIL)
        await visitor.call(INVITE, email, _read(fields, "name", LONGEST_NAME), fields.get("member_kind"))
    except Problem as problem:
        return await _say_team(visitor, problem)
    return visitor.go(TEAM, f"{email} is invited.")


@post(TEAM + "/{user_id:str}/{action:str}", status_code=200, include_in_schema=False)
async def change_user(
    request: Request, services: FromServices, user_id: FromPath[str], action: FromPath[str]
) -> Response[bytes]:
    """Remove somebody, or let one in again."""
    visitor, user = await admit(PORTAL, request, services), read_row(user_id)
    status, words = CHANGES.get(action) or (read_row(""), "")
    try:
        reason = _read(visitor.fields, "reason", LONGEST_REASON)
        answer = json.loads(await visitor.call(CHANGE_STATUS, user, status, reason))
    except Problem as problem:
        return await _say_team(visitor, problem)
    return visitor.go(TEAM, f"{answer['email']} {words}.")


@get(KEYS_PAGE, include_in_schema=False)
async def list_keys(request: Request, services: FromServices) -> Response[bytes]:
    """The user's own keys and, of an owner, those of its buyer."""
    return await _show_keys(await admit(PORTAL, request, services))


@post(KEYS_PAGE, status_code=200, include_in_schema=False)
async def create_key(request: Request, services: FromServices) -> Response[bytes]:
    """Make one. The page that answers is the only one that shows it."""
    visitor = await admit(PORTAL, request, services)
    kind = "buyer" if visitor.fields.get("kind") == "buyer" else "user"
    key = make_key(kind)
    scopes = [scope for scope in SCOPES if visitor.fields.get(f"scope_{scope}") == "yes"]
    try:
        name = _read(visitor.fields, "name", LONGEST_NAME)
        await visitor.call(CREATE_KEY, kind, name, scopes, key.prefix, key.digest)
    except Problem as problem:
        return await _say_keys(visitor, problem)
    return await _show_keys(visitor, made=key.text)


@post(KEYS_PAGE + "/{key_id:str}/revoke", status_code=200, include_in_schema=False)
async def revoke_key(request: Request, services: FromServices, key_id: FromPath[str]) -> Response[bytes]:
    """Revoke one, at once."""
    visitor, key = await admit(PORTAL, request, services), read_row(key_id)
    is_new = await visitor.call(REVOKE_KEY, key)
    return visitor.go(KEYS_PAGE, "The key is revoked." if is_new else "The key was revoked before.")


TEAM_ROUTES = (list_team, invite, change_user, list_keys, create_key, revoke_key)


async def _show_team(visitor: Visitor, problem: Problem | None = None) -> Response[bytes]:
    found = await visitor.ask(VISITOR)
    users = json.loads(await visitor.call(USERS, read_id(visitor.request, "after")))
    more = address(TEAM, after=users[-1]["id"]) if len(users) == PAGE else None
    values = {**found, "users": users, "more": more}
    return visitor.show("own/team.html", values, problem, visitor.fields if problem else None)


async def _say_team(visitor: Visitor, problem: Problem) -> Response[bytes]:
    check_said(problem)
    return await _show_team(visitor, problem)


async def _show_keys(
    visitor: Visitor, problem: Problem | None = None, made: str | None = None
) -> Response[bytes]:
    found = await visitor.ask(VISITOR)
    values = {**found, "keys": json.loads(await visitor.call(KEYS)), "made": made, "scopes": SCOPES}
    return visitor.show("own/keys.html", values, problem, visitor.fields if problem else None)


async def _say_keys(visitor: Visitor, problem: Problem) -> Response[bytes]:
    check_said(problem)
    return await _show_keys(visitor, problem)


def _read(fields: dict[str, str], name: str, longest: int) -> str:
    """A text that must be there. Raises Problem."""
    text = fields.get(name, "").strip()
    if not 1 <= len(text) <= longest:
        found = f"{len(text)} characters" if text else "nothing"
        raise Problem.of_field(name, found, f"text of 1 to {longest} characters")
    return text
