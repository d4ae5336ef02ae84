"""Keys of all kinds: the list, a new one, one in the place of another, and one that is revoked."""

from litestar import Response, get, post
from litestar.params import FromPath

from leadgen.api_keys import NewKey, make_key
from leadgen.app.problems import Problem
from leadgen.app.services import FromServices, Request
from leadgen.console.catalogue import let_through
from leadgen.console.catalogue_queries import TAKE_KEY
from leadgen.console.house_queries import KEYS, MAKE_KEY, ROTATE_KEY
from leadgen.console.query import address, read_id, read_row, read_text, to_id
from leadgen.console.site import CONSOLE
from leadgen.pages.visitor import Visitor, admit

PLACE = "/console/keys"
MADE = {"source": ("leads",), "buyer": ("read", "answer", "pay"), "operator": ("read", "money")}
MOST_DAYS = 90


@get(PLACE, include_in_schema=False)
async def list_keys(request: Request, services: FromServices) -> Response[bytes]:
    """Keys, all or of a kind or a state."""
    return await _show(await admit(CONSOLE, request, services))


@post(PLACE, status_code=200, include_in_schema=False)
async def make(request: Request, services: FromServices) -> Response[bytes]:
    """Make one. The page that answers is the only one that shows it."""
    visitor = await admit(CONSOLE, request, services)
    fields = visitor.fields
    key, kind = _make(fields)
    scopes = [scope for scope in MADE.get(kind, ()) if fields.get(f"scope_{scope}") == "yes"] or None
    try:
        owner = _read_number(fields, "owner_id", "the id of a source or a buyer")
        await visitor.call(
            MAKE_KEY,
            kind,
            owner,
            fields.get("name"),
            key.prefix,
            key.digest,
            fields.get("reason"),
            scopes,
            fields.get("expires_at"),
        )
    except Problem as problem:
        return await _show(visitor, let_through(problem), "make")
    return await _show(visitor, made=key.text)


@post(PLACE + "/{key_id:str}/rotate", status_code=200, include_in_schema=False)
async def rotate(request: Request, services: FromServices, key_id: FromPath[str]) -> Response[bytes]:
    """Make one in the place of another, which lives on for some days."""
    visitor, row = await admit(CONSOLE, request, services), read_row(key_id)
    fields = visitor.fields
    key, kind = _make(fields)
    try:
        days = 0
        if fields.get("overlap_days", "0").strip() not in ("", "0"):
            days = _read_number(fields, "overlap_days", f"0 to {MOST_DAYS}") or 0
        await visitor.call(
            ROTATE_KEY, row, kind, min(days, MOST_DAYS + 1), key.prefix, key.digest, fields.get("reason")
        )
    except Problem as problem:
        return await _show(visitor, let_through(problem), f"rotate-{row}")
    return await _show(visitor, made=key.text)


@post(PLACE + "/{key_id:str}/revoke", status_code=200, include_in_schema=False)
async def revoke(request: Request, services: FromServices, key_id: FromPath[str]) -> Response[bytes]:
    """Revoke one, at once."""
    visitor, row = await admit(CONSOLE, request, services), read_row(key_id)
    try:
        is_new = await visitor.call(TAKE_KEY, row, visitor.fields.get("reason"))
    except Problem as problem:
        return await _show(visitor, let_through(problem), f"revoke-{row}")
    return visitor.go(PLACE, "The key is revoked." if is_new else "The key was revoked before.")


KEY_ROUTES = (list_keys, make, rotate, revoke)


async def _show(
    visitor: Visitor, problem: Problem | None = None, at: str = "", made: str | None = None
) -> Response[bytes]:
    kind, state = read_text(visitor.request, "kind"), read_text(visitor.request, "state")
    found = await visitor.ask(KEYS, kind, state, read_id(visitor.request, "before"))
    more = found["next"] and address(PLACE, kind=kind, state=state, before=found["next"])
    values = {**found, "more": more, "at": at, "made": made, "kinds": MADE}
    return visitor.show("own/keys.html", values, problem, visitor.fields if problem else None)


def _make(fields: dict[str, str]) -> tuple[NewKey, str]:
    """A new key of the kind of the form, and that kind; of one that is none the database says so."""
    kind = fields.get("kind", "")
    return make_key(kind if kind in MADE else "source"), kind


def _read_number(fields: dict[str, str], name: str, allowed: str) -> int | None:
    """A number of a form; None: nothing was typed. Raises Problem."""
    text = fields.get(name, "").strip()
    number = to_id(text)
    if text and number is None:
        raise Problem.of_field(name, f"{len(text)} characters", allowed)
    return number
