"""Users: the list with the sign-ups that wait, one with how it signs in, and what an admin does."""

from collections.abc import Awaitable, Callable

from litestar import Response, get, post
from litestar.params import FromPath

from leadgen.app.problems import NOT_FOUND, Problem
from leadgen.app.services import FromServices, Request
from leadgen.console.catalogue import let_through
from leadgen.console.house_queries import (
    APPROVE,
    CHANGE_ROLE,
    CHANGE_STATUS,
    INVITE,
    REMOVE_BINDINGS,
    REMOVE_FACTORS,
    SEND_RESET,
    SIGN_OUT,
    USER,
    USERS,
)
from leadgen.console.query import address, read_id, read_row, read_text, to_id
from leadgen.console.site import CONSOLE
from leadgen.pages.visitor import Visitor, admit
from leadgen.words import count_of

PLACE = "/console/users"
ROLES = ("admin", "operator", "finance", "analyst", "buyer", "source")
NOTHING_NEW = "That was so before."


@get(PLACE, include_in_schema=False)
async def list_users(request: Request, services: FromServices) -> Response[bytes]:
    """Users, all or those that a text finds, of a role or a status."""
    return await _show_users(await admit(CONSOLE, request, services))


@post(PLACE, status_code=200, include_in_schema=False)
async def invite(request: Request, services: FromServices) -> Response[bytes]:
    """Invite somebody: an e-mail with a link goes out."""
    visitor = await admit(CONSOLE, request, services)
    fields = visitor.fields
    role = fields.get("role", "")
    try:
        user = await visitor.call(
            INVITE,
            fields.get("email", ""),
            fields.get("name", ""),
            role,
            _read_id(fields, "buyer_id"),
            _read_id(fields, "source_id"),
            fields.get("member_kind") or None,
        )
    except Problem as problem:
        return await _show_users(visitor, let_through(problem))
    return visitor.go(f"{PLACE}/{user}", "The user is invited: an e-mail with a link is on its way.")


@get(PLACE + "/{user_id:str}", include_in_schema=False)
async def show_user(request: Request, services: FromServices, user_id: FromPath[str]) -> Response[bytes]:
    """One user."""
    return await _show_user(await admit(CONSOLE, request, services), read_row(user_id))


@post(PLACE + "/{user_id:str}/{action:str}", status_code=200, include_in_schema=False)
async def act_on_user(
    request: Request, services: FromServices, user_id: FromPath[str], action: FromPath[str]
) -> Response[bytes]:
    """Do something to a user, by the name of a form of its page."""
    visitor, user = await admit(CONSOLE, request, services), read_row(user_id)
    act = ACTIONS.get(action)
    if act is None:
        raise Problem(NOT_FOUND, "There is no such action.")
    try:
        said = await act(visitor, user)
    except Problem as problem:
        return await _show_user(visitor, user, let_through(problem), action)
    return visitor.go(f"{PLACE}/{user}", said)


async def _approve(visitor: Visitor, user: int) -> str:
    buyer, kind = _read_id(visitor.fields, "buyer_id"), visitor.fields.get("member_kind")
    status = await visitor.call(APPROVE, user, buyer, kind)
    if status == "active":
        return "The sign-up is approved: an e-mail says so."
    return "The sign-up is approved. It becomes active with the link in its e-mail."


async def _change_role(visitor: Visitor, user: int) -> str:
    fields = visitor.fields
    is_new = await visitor.call(
        CHANGE_ROLE, user, fields.get("role"), fields.get("member_kind"), fields.get("reason")
    )
    return "The role is changed, and the user is signed out." if is_new else NOTHING_NEW


def _move(status: str) -> Callable[[Visitor, int], Awaitable[str]]:
    async def act(visitor: Visitor, user: int) -> str:
        now = await visitor.call(CHANGE_STATUS, user, status, visitor.fields.get("reason"))
        return f"The user is {now}."

    return act


async def _send_reset(visitor: Visitor, user: int) -> str:
    await visitor.call(SEND_RESET, user)
    return "An e-mail with a link to set a password is on its way."


async def _sign_out(visitor: Visitor, user: int) -> str:
    return f"The user is signed out of {count_of(await visitor.call(SIGN_OUT, user), 'session')}."


async def _remove_factors(visitor: Visitor, user: int) -> str:
    count = await visitor.call(REMOVE_FACTORS, user, visitor.fields.get("reason"))
    return f"The app and {count_of(count, 'passkey')} are removed: the password alone signs in."


async def _remove_bindings(visitor: Visitor, user: int) -> str:
    count = await visitor.call(REMOVE_BINDINGS, user, visitor.fields.get("reason"))
    return f"Removed: {count_of(count, 'binding')}."


ACTIONS: dict[str, Callable[[Visitor, int], Awaitable[str]]] = {
    "approve": _approve,
    "role": _change_role,
    "suspend": _move("suspended"),
    "deactivate": _move("deactivated"),
    "activate": _move("active"),
    "reset": _send_reset,
    "sign-out": _sign_out,
    "factors": _remove_factors,
    "bindings": _remove_bindings,
}

USER_ROUTES = (list_users, invite, show_user, act_on_user)


async def _show_users(visitor: Visitor, problem: Problem | None = None) -> Response[bytes]:
    request = visitor.request
    text, role, status = (read_text(request, name) for name in ("q", "role", "status"))
    found = await visitor.ask(USERS, text, role, status, read_id(request, "before"))
    more = found["next"] and address(PLACE, q=text, role=role, status=status, before=found["next"])
    values = {**found, "more": more, "roles": ROLES, "at": "invite"}
    return visitor.show("own/users.html", values, problem, visitor.fields if problem else None)


async def _show_user(
    visitor: Visitor, user: int, problem: Problem | None = None, at: str = ""
) -> Response[bytes]:
    values = {**await visitor.ask(USER, user), "at": at}
    return visitor.show("own/user.html", values, problem, visitor.fields if problem else None)


def _read_id(fields: dict[str, str], name: str) -> int | None:
    """An id of a form; None: nothing was typed. Raises Problem: what was typed is no id."""
    text = fields.get(name, "").strip()
    row = to_id(text)
    if text and row is None:
        raise Problem.of_field(name, f"{len(text)} characters", "an id, such as 7")
    return row
