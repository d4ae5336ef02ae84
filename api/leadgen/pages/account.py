"""One's own account, a page of each site: sessions, password, app, passkeys, and keys of one's programs.

The rules are those of /api/v1/auth and /api/v1/keys: the same functions judge.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from leadgen.api_keys import make_key
from leadgen.app.account_bodies import Fields
from leadgen.app.account_sessions import WRONG_CODE, check_code, hash_codes, make_recovery_codes, write_uri
from leadgen.app.accounts import MOST_CODE, WRONG_PASSWORD, replace_password
from leadgen.app.cookies import SESSION
from leadgen.app.problems import CONFLICT, MALFORMED, NOT_FOUND, TOO_MANY, Problem
from leadgen.app.services import FromServices, Request
from leadgen.app.signed_in import as_user
from leadgen.pages.failures import SIGN_IN
from leadgen.pages.query import read_row
from leadgen.pages.site import Site, redirect
from leadgen.pages.visitor import Visitor, admit
from leadgen.words import count_of

ACCOUNT = "select leadgen.show_own_account(%s)::text"
CREATE_KEY = "select leadgen.create_own_key(%s, 'user', %s, %s, null, %s, %s)::text"
REVOKE_KEY = "select leadgen.revoke_own_key(%s, %s)"
SAID = (MALFORMED, CONFLICT, TOO_MANY, WRONG_CODE, WRONG_PASSWORD.kind)
LONGEST_NAME = 200


def make_account_routes(site: Site) -> tuple[ControllerRouterHandler, ...]:
    """The routes of the account on a site."""
    place = f"{site.home}/account"

    @get(place, include_in_schema=False)
    async def show_account(request: Request, services: FromServices) -> Response[bytes]:
        """The account."""
        return await _show(await admit(site, request, services))

    @post(place + "/{action:str}", status_code=200, include_in_schema=False)
    async def act(request: Request, services: FromServices, action: FromPath[str]) -> Response[bytes]:
        """Do what a form of the page is for."""
        return await _act(await admit(site, request, services), action, None)

    @post(place + "/{action:str}/{row_id:str}", status_code=200, include_in_schema=False)
    async def act_on_row(
        request: Request, services: FromServices, action: FromPath[str], row_id: FromPath[str]
    ) -> Response[bytes]:
        """Do it to a session, a passkey or a key."""
        return await _act(await admit(site, request, services), action, read_row(row_id))

    return show_account, act, act_on_row


async def _act(visitor: Visitor, action: str, row: int | None) -> Response[bytes]:
    actions: dict[str, Any] = ACTIONS if row is None else ROW_ACTIONS
    if action not in actions:
        raise Problem(NOT_FOUND, "There is no such action.")
    try:
        with as_user(visitor.services, visitor.presented):
            if row is None:
                return await ACTIONS[action](visitor)
            return await ROW_ACTIONS[action](visitor, row)
    except Problem as problem:
        if problem.kind not in SAID:
            raise
        return await _show(visitor, problem)


async def _show(visitor: Visitor, problem: Problem | None = None, **values: object) -> Response[bytes]:
    found = await visitor.ask(ACCOUNT)
    blank = {"enrolled": None, "codes": None, "made": None}
    has_passkeys = visitor.services.site is not None
    whole = {**found, **blank, "has_passkeys": has_passkeys, "here": _place(visitor), **values}
    return visitor.show("shell/account.html", whole, problem, _typed(visitor) if problem else None)


def _place(visitor: Visitor) -> str:
    return f"{visitor.site.home}/account"


def _typed(visitor: Visitor) -> dict[str, str]:
    """What is written into the form again: no password, and no code."""
    return {
        name: text for name, text in visitor.fields.items() if name == "name" or name.startswith("scope_")
    }


async def _change_password(visitor: Visitor) -> Response[bytes]:
    ended = await replace_password(visitor.services, visitor.presented, Fields(dict(visitor.fields)))
    said = f"The password is changed, and {count_of(ended, 'other session')} ended."
    return visitor.go(_place(visitor), said)


async def _end_all(visitor: Visitor) -> Response[bytes]:
    services = visitor.services
    await services.accounts.revoke_sessions(visitor.presented.token_hash, None)
    return redirect(SIGN_IN, services.cookies.write(SESSION, "", 0))


async def _end_session(visitor: Visitor, session: int) -> Response[bytes]:
    await visitor.services.accounts.revoke_sessions(visitor.presented.token_hash, session)
    return visitor.go(_place(visitor), "The session is over.")


async def _enrol_app(visitor: Visitor) -> Response[bytes]:
    made = await visitor.services.accounts.enrol_totp(visitor.presented.token_hash)
    uri = write_uri(made)
    return await _show(visitor, enrolled={"secret": made["secret"], "uri": uri, "picture": _draw(uri)})


async def _confirm_app(visitor: Visitor) -> Response[bytes]:
    codes = make_recovery_codes()
    token_hash = visitor.presented.token_hash
    check_code(
        await visitor.services.accounts.confirm_totp(token_hash, _read_code(visitor), hash_codes(codes))
    )
    return await _show(visitor, codes=codes)


async def _renew_codes(visitor: Visitor) -> Response[bytes]:
    codes, code = make_recovery_codes(), _read_code(visitor)
    accounts = visitor.services.accounts
    check_code(await accounts.make_recovery_codes(visitor.presented.token_hash, code, hash_codes(codes)))
    return await _show(visitor, codes=codes)


async def _remove_app(visitor: Visitor) -> Response[bytes]:
    code = _read_code(visitor)
    check_code(await visitor.services.accounts.remove_totp(visitor.presented.token_hash, code))
    return visitor.go(_place(visitor), "The app is removed: no codes are asked for any more.")


async def _remove_passkey(visitor: Visitor, passkey: int) -> Response[bytes]:
    await visitor.services.accounts.remove_passkey(visitor.presented.token_hash, passkey)
    return visitor.go(_place(visitor), "The passkey is removed.")


async def _make_key(visitor: Visitor) -> Response[bytes]:
    name, key = Fields(dict(visitor.fields)).read("name", LONGEST_NAME), make_key("user")
    scopes = [field[6:] for field, text in visitor.fields.items() if field[:6] == "scope_" and text == "yes"]
    await visitor.call(CREATE_KEY, name, scopes or None, key.prefix, key.digest)
    return await _show(visitor, made=key.text)


async def _revoke_key(visitor: Visitor, key: int) -> Response[bytes]:
    is_new = await visitor.call(REVOKE_KEY, key)
    return visitor.go(_place(visitor), "The key is revoked." if is_new else "The key was revoked before.")


ACTIONS: dict[str, Callable[[Visitor], Awaitable[Response[bytes]]]] = {
    "password": _change_password,
    "sign-out": _end_all,
    "app": _enrol_app,
    "confirm": _confirm_app,
    "codes": _renew_codes,
    "remove-app": _remove_app,
    "key": _make_key,
}
ROW_ACTIONS: dict[str, Callable[[Visitor, int], Awaitable[Response[bytes]]]] = {
    "end-session": _end_session,
    "remove-passkey": _remove_passkey,
    "revoke-key": _revoke_key,
}


def _read_code(visitor: Visitor) -> str:
    return Fields({"code": visitor.fields.get("code", "").strip()}).read("code", MOST_CODE)


def _draw(uri: str) -> str:
    """The QR code of an app as SVG, of our own making: it has no part of what anybody typed but the address."""
    import segno  # of this page alone

    return segno.make(uri, micro=False).svg_inline(scale=4, border=4, light="#fff", dark="#000")
