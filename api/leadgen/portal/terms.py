"""Why a buyer got leads this week or did not, and its terms: limits, hours, pauses."""

import json
from datetime import datetime

from litestar import Response, get, post
from litestar.params import FromPath

from leadgen.app.problems import Problem
from leadgen.app.services import FromServices, Request
from leadgen.pages.site import Json
from leadgen.pages.visitor import Visitor, admit
from leadgen.portal.queries import PAUSE, RESUME, TERMS, WEEK
from leadgen.portal.refused import check_said, read_row
from leadgen.portal.site import PORTAL

TERMS_PAGE = "/portal/terms"
DAYS = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}
A_TIME = "a day and a time of day, or nothing"


@get("/portal", include_in_schema=False)
async def show_week(request: Request, services: FromServices) -> Response[bytes]:
    """What became of the leads of seven days."""
    visitor = await admit(PORTAL, request, services)
    found = await visitor.ask(WEEK)
    for offer in found["offers"]:
        offer["limit_of"] = {one["code"]: one for one in offer["limits"]}
    return visitor.show("own/week.html", found)


@get(TERMS_PAGE, include_in_schema=False)
async def list_terms(request: Request, services: FromServices) -> Response[bytes]:
    """Each enrollment with its terms."""
    return await _show(await admit(PORTAL, request, services))


@post(TERMS_PAGE + "/{enrollment_id:str}/pause", status_code=200, include_in_schema=False)
async def pause(request: Request, services: FromServices, enrollment_id: FromPath[str]) -> Response[bytes]:
    """Pause it now or from a time on, until a time or without end."""
    visitor, enrollment = await admit(PORTAL, request, services), read_row(enrollment_id)
    try:
        start, end = (_read_time(visitor, name) for name in ("from", "until"))
        await visitor.call(PAUSE, enrollment, start, end)
    except Problem as problem:
        check_said(problem)
        return await _show(visitor, problem, enrollment)
    return visitor.go(TERMS_PAGE, "The pause is planned." if start else "You are paused.")


@post(TERMS_PAGE + "/{enrollment_id:str}/resume", status_code=200, include_in_schema=False)
async def resume(request: Request, services: FromServices, enrollment_id: FromPath[str]) -> Response[bytes]:
    """End the pause, or take a planned one back."""
    visitor, enrollment = await admit(PORTAL, request, services), read_row(enrollment_id)
    is_new = await visitor.call(RESUME, enrollment)
    return visitor.go(TERMS_PAGE, "The pause is over." if is_new else "There was no pause.")


TERMS_ROUTES = (show_week, list_terms, pause, resume)


async def _show(visitor: Visitor, problem: Problem | None = None, at: int | None = None) -> Response[bytes]:
    found = await visitor.ask(TERMS)
    for one in found["enrollments"]:
        one["days"] = list_days(one["hours"])
        one["filter_text"] = json.dumps(one["filters"], default=str, indent=1) if one["filters"] else ""
    filled = visitor.fields if problem else None
    return visitor.show("own/terms.html", {**found, "at": at}, problem, filled)


def list_days(hours: Json | None) -> list[tuple[str, str]]:
    """The days of a schedule with their hours, from Monday on; []: it has none, and is always open."""
    if not hours:
        return []
    return [
        (name, ", ".join(f"{start} to {end}" for start, end in hours.get(day) or ()) or "closed")
        for day, name in DAYS.items()
    ]


def _read_time(visitor: Visitor, name: str) -> datetime | None:
    """A time as a form sends it, without a zone: the database knows the enrollment's. Raises Problem."""
    text = visitor.fields.get(name, "").strip()
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is not None:
        raise Problem.of_field(name, text[:50], A_TIME)
    return moment
