"""An enrollment: its terms, the hours of its week, the areas of its buyer on a map, exclusivities."""

import json

from litestar import Response, get, post
from litestar.params import FromPath

from leadgen.app.problems import Problem
from leadgen.app.services import FromServices, Request
from leadgen.console.area_map import draw_map
from leadgen.console.catalogue import let_through, read_columns, word_form
from leadgen.console.catalogue_queries import ENROLLMENT, SAVE_AREAS, SAVE_HOURS, SAVE_ROW
from leadgen.console.query import read_row
from leadgen.console.site import CONSOLE
from leadgen.pages.visitor import Visitor, admit

PLACE = "/console/enrollments"
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOURS = range(7 * 24)
CLOSED, OPEN, PART = "012"  # as the database writes an hour


@get(PLACE + "/{enrollment_id:str}", include_in_schema=False)
async def show_enrollment(
    request: Request, services: FromServices, enrollment_id: FromPath[str]
) -> Response[bytes]:
    """One enrollment."""
    return await _show(await admit(CONSOLE, request, services), read_row(enrollment_id))


@post(PLACE + "/{enrollment_id:str}/save", status_code=200, include_in_schema=False)
async def save_terms(
    request: Request, services: FromServices, enrollment_id: FromPath[str]
) -> Response[bytes]:
    """Save its terms."""
    visitor, row = await admit(CONSOLE, request, services), read_row(enrollment_id)
    stamp, reason = visitor.fields.get("stamp"), visitor.fields.get("reason")
    try:
        is_new = await visitor.call(SAVE_ROW, "enrollment", row, read_columns(visitor), stamp, reason)
    except Problem as problem:
        return await _show(visitor, row, let_through(problem), "row")
    return _go(visitor, row, is_new=is_new)


@post(PLACE + "/{enrollment_id:str}/hours", status_code=200, include_in_schema=False)
async def save_hours(
    request: Request, services: FromServices, enrollment_id: FromPath[str]
) -> Response[bytes]:
    """Save the hours that are ticked."""
    visitor, row = await admit(CONSOLE, request, services), read_row(enrollment_id)
    stamp, reason = visitor.fields.get("stamp"), visitor.fields.get("reason")
    try:
        is_new = await visitor.call(SAVE_HOURS, row, _read_hours(visitor), stamp, reason)
    except Problem as problem:
        return await _show(visitor, row, let_through(problem), "hours")
    return _go(visitor, row, is_new=is_new)


@post(PLACE + "/{enrollment_id:str}/areas/check", status_code=200, include_in_schema=False)
async def check_areas(
    request: Request, services: FromServices, enrollment_id: FromPath[str]
) -> Response[bytes]:
    """What saving the list would change, and which of its lines cannot be taken."""
    visitor, row = await admit(CONSOLE, request, services), read_row(enrollment_id)
    try:
        return await _show(visitor, row, at="areas", areas=visitor.fields.get("areas", ""))
    except Problem as problem:
        return await _show(visitor, row, let_through(problem), "areas")


@post(PLACE + "/{enrollment_id:str}/areas", status_code=200, include_in_schema=False)
async def save_areas(
    request: Request, services: FromServices, enrollment_id: FromPath[str]
) -> Response[bytes]:
    """Make the list the areas of the buyer in this market."""
    visitor, row = await admit(CONSOLE, request, services), read_row(enrollment_id)
    fields = visitor.fields
    try:
        text = await visitor.call(
            SAVE_AREAS, row, fields.get("areas", ""), fields.get("stamp"), fields.get("reason")
        )
    except Problem as problem:
        return await _show(visitor, row, let_through(problem), "areas")
    done = json.loads(text)
    return visitor.go(
        f"{PLACE}/{row}", f"The areas are saved: {done['added']} are new, {done['removed']} are gone."
    )


ENROLLMENT_ROUTES = (show_enrollment, save_terms, save_hours, check_areas, save_areas)


async def _show(
    visitor: Visitor, row: int, problem: Problem | None = None, at: str = "", areas: str | None = None
) -> Response[bytes]:
    found = await visitor.ask(ENROLLMENT, row, areas)
    hours = _read_hours(visitor) if at == "hours" and problem else found["hours"]
    values = {
        **found,
        "form": word_form(found["form"]),
        "at": at,
        "days": DAYS,
        "hours": hours,
        "map": draw_map(found["areas"]["points"]),
    }
    is_filled = problem is not None or areas is not None
    return visitor.show("own/enrollment.html", values, problem, visitor.fields if is_filled else None)


def _go(visitor: Visitor, row: int, *, is_new: bool) -> Response[bytes]:
    return visitor.go(f"{PLACE}/{row}", "It is saved." if is_new else "Nothing was changed.")


def _read_hours(visitor: Visitor) -> str:
    """The hours that are ticked, a character each."""
    words = {None: CLOSED, "part": PART}
    return "".join(words.get(visitor.fields.get(f"hour-{hour}"), OPEN) for hour in HOURS)
