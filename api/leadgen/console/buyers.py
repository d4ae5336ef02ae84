"""Buyers: the list, one with its enrollments, pauses, endpoints and keys, and a new one."""

import json

from litestar import Response, get, post
from litestar.params import FromPath

from leadgen.app.problems import Problem
from leadgen.app.services import FromServices, Request
from leadgen.console.catalogue import (
    BUYERS_PAGE,
    add_row,
    give_key,
    let_through,
    save_row,
    show_new,
    show_row,
    take_key,
)
from leadgen.console.catalogue_queries import ADD_ROW, BUYERS, PAUSE, RESUME
from leadgen.console.query import address, read_id, read_row, read_text
from leadgen.console.site import CONSOLE
from leadgen.pages.visitor import admit


@get("/console/buyers", include_in_schema=False)
async def list_buyers(request: Request, services: FromServices) -> Response[bytes]:
    """Buyers by name, all or those that a text finds."""
    visitor = await admit(CONSOLE, request, services)
    text = read_text(request, "q")
    found = await visitor.ask(BUYERS, text, read_id(request, "after"))
    more = found["next"] and address("/console/buyers", q=text, after=found["next"])
    return visitor.show("own/buyers.html", {**found, "more": more})


@get("/console/buyers/new", include_in_schema=False)
async def show_new_buyer(request: Request, services: FromServices) -> Response[bytes]:
    """The form of a new buyer."""
    return await show_new(await admit(CONSOLE, request, services), BUYERS_PAGE)


@post("/console/buyers", status_code=200, include_in_schema=False)
async def add_buyer(request: Request, services: FromServices) -> Response[bytes]:
    """Add one."""
    return await add_row(await admit(CONSOLE, request, services), BUYERS_PAGE)


@get("/console/buyers/{buyer_id:str}", include_in_schema=False)
async def show_buyer(request: Request, services: FromServices, buyer_id: FromPath[str]) -> Response[bytes]:
    """One buyer."""
    return await show_row(await admit(CONSOLE, request, services), BUYERS_PAGE, read_row(buyer_id))


@post("/console/buyers/{buyer_id:str}/save", status_code=200, include_in_schema=False)
async def save_buyer(request: Request, services: FromServices, buyer_id: FromPath[str]) -> Response[bytes]:
    """Save its form."""
    return await save_row(await admit(CONSOLE, request, services), BUYERS_PAGE, read_row(buyer_id))


@post("/console/buyers/{buyer_id:str}/enroll", status_code=200, include_in_schema=False)
async def enroll(request: Request, services: FromServices, buyer_id: FromPath[str]) -> Response[bytes]:
    """Enroll it in an offer, on the offer's own terms, and go on to the enrollment."""
    visitor, buyer = await admit(CONSOLE, request, services), read_row(buyer_id)
    columns = json.dumps({"buyer_id": str(buyer), "offer_id": visitor.fields.get("offer_id", "")})
    try:
        row = await visitor.call(ADD_ROW, "enrollment", columns, visitor.fields.get("reason"))
    except Problem as problem:
        return await show_row(visitor, BUYERS_PAGE, buyer, let_through(problem), "enroll")
    return visitor.go(f"/console/enrollments/{row}", "The buyer is enrolled. Its areas and limits are next.")


@post("/console/buyers/{buyer_id:str}/pause", status_code=200, include_in_schema=False)
async def pause(request: Request, services: FromServices, buyer_id: FromPath[str]) -> Response[bytes]:
    """Pause an enrollment, or all of them: now or from a time on, until a time or without end."""
    visitor, buyer = await admit(CONSOLE, request, services), read_row(buyer_id)
    fields = visitor.fields
    enrollment = _read_enrollment(fields)
    try:
        start, end = fields.get("from", ""), fields.get("until", "")
        count = await visitor.call(PAUSE, buyer, enrollment, start, end, fields.get("reason"))
    except Problem as problem:
        return await show_row(
            visitor, BUYERS_PAGE, buyer, let_through(problem), f"pause-{enrollment or 'all'}"
        )
    verb = "planned" if start else "in force"
    return visitor.go(f"/console/buyers/{buyer}", f"The pause is {verb}, in {count} of its enrollments.")


@post("/console/buyers/{buyer_id:str}/resume", status_code=200, include_in_schema=False)
async def resume(request: Request, services: FromServices, buyer_id: FromPath[str]) -> Response[bytes]:
    """End the pause of an enrollment, or of all of them."""
    visitor, buyer = await admit(CONSOLE, request, services), read_row(buyer_id)
    enrollment = _read_enrollment(visitor.fields)
    try:
        count = await visitor.call(RESUME, buyer, enrollment, visitor.fields.get("reason"))
    except Problem as problem:
        return await show_row(
            visitor, BUYERS_PAGE, buyer, let_through(problem), f"resume-{enrollment or 'all'}"
        )
    said = f"The pause is over, in {count} of its enrollments." if count else "There was no pause."
    return visitor.go(f"/console/buyers/{buyer}", said)


@post("/console/buyers/{buyer_id:str}/keys", status_code=200, include_in_schema=False)
async def give_buyer_key(
    request: Request, services: FromServices, buyer_id: FromPath[str]
) -> Response[bytes]:
    """Make a key of the buyer."""
    return await give_key(await admit(CONSOLE, request, services), BUYERS_PAGE, read_row(buyer_id))


@post("/console/buyers/{buyer_id:str}/keys/{key_id:str}/revoke", status_code=200, include_in_schema=False)
async def take_buyer_key(
    request: Request, services: FromServices, buyer_id: FromPath[str], key_id: FromPath[str]
) -> Response[bytes]:
    """Revoke one."""
    visitor = await admit(CONSOLE, request, services)
    return await take_key(visitor, BUYERS_PAGE, read_row(buyer_id), read_row(key_id))


BUYER_ROUTES = (
    list_buyers,
    show_new_buyer,
    add_buyer,
    show_buyer,
    save_buyer,
    enroll,
    pause,
    resume,
    give_buyer_key,
    take_buyer_key,
)


def _read_enrollment(fields: dict[str, str]) -> int | None:
    """Which one the form is of; None: all of them. Raises Problem: 404 for what is no id."""
    text = fields.get("enrollment", "")
    return read_row(text) if text else None
