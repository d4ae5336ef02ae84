"""Why a buyer got leads this week or did not, and its terms: limits, hours, pauses."""

import json
from datetime import datetime

from litestar import Response, get, post
from litestar.params import FromPath

from leadgen.app.problems import Problem
from leadgen.app.services import FromServices, Request
from leadgen.pages.query import read_row, to_id
from leadgen.pages.site import Json
from leadgen.pages.visitor import Visitor, admit
from leadgen.portal.queries import PAUSE, RESUME, SET_HOURS, SET_LIMITS, TERMS, WEEK
from leadgen.portal.refused import check_said
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
CAPS = {
    "capacity_per_hour": "Leads an hour",
    "capacity_per_day": "Leads a day",
    "capacity_per_week": "Leads a week",
    "capacity_per_month": "Leads a month",
    "budget_per_day": "Budget a day",
    "budget_per_month": "Budget a month",
}
A_TIME = "a day and a time of day, or nothing"


@get("/portal", include_in_schema=False)
async def show_week(request: Request, services: FromServices) -> Response[bytes]:
    """What became of the leads of seven days."""
    visitor = await admit(PORTAL, request, services)
    found = await visitor.ask(WEEK)
    for offer in found["offers"]:
        offer["limit_of"] = {one["code"]: one for one in offer["limits"]}
    takes = services.stripe_secrets is not None and found["funds"]["takes_top_ups"]
    return visitor.show("own/week.html", {**found, "takes_payments": takes})


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


@post(TERMS_PAGE + "/{enrollment_id:str}/limits", status_code=200, include_in_schema=False)
async def set_limits(
    request: Request, services: FromServices, enrollment_id: FromPath[str]
) -> Response[bytes]:
    """Set the caps and budgets, all of them."""
    return await _set(request, services, enrollment_id, SET_LIMITS, tuple(CAPS), "The limits are set.")


@post(TERMS_PAGE + "/{enrollment_id:str}/hours", status_code=200, include_in_schema=False)
async def set_hours(
    request: Request, services: FromServices, enrollment_id: FromPath[str]
) -> Response[bytes]:
    """Set the hours of the week, or that it is always open."""
    return await _set(request, services, enrollment_id, SET_HOURS, tuple(DAYS), "The hours are set.")


TERMS_ROUTES = (show_week, list_terms, pause, resume, set_limits, set_hours)


async def _set(
    request: Request, services: FromServices, row: str, query: str, names: tuple[str, ...], said: str
) -> Response[bytes]:
    """Send what a form has of these fields, with the version that it was made of."""
    visitor, enrollment = await admit(PORTAL, request, services), read_row(row)
    fields = visitor.fields
    typed = None if fields.get("always") == "yes" else {name: fields.get(name, "") for name in names}
    try:
        await visitor.call(query, enrollment, to_id(fields.get("version", "")), typed and json.dumps(typed))
    except Problem as problem:
        check_said(problem)
        return await _show(visitor, problem, enrollment, query)
    return visitor.go(TERMS_PAGE, said)


async def _show(
    visitor: Visitor, problem: Problem | None = None, at: int | None = None, form: str = PAUSE
) -> Response[bytes]:
    """The page; with a problem, the enrollment and the form that it is about."""
    found = await visitor.ask(TERMS)
    for one in found["enrollments"]:
        one["days"] = list_days(one["hours"])
        one["typed_days"] = {day: write_ranges(one["hours"], day) for day in DAYS}
        one["filter_text"] = json.dumps(one["filters"], default=float, indent=1) if one["filters"] else ""
    filled = visitor.fields if problem else None
    forms = {PAUSE: "pause", SET_LIMITS: "limits", SET_HOURS: "hours"}
    values = {**found, "at": at, "form": forms[form] if at else None, "caps": CAPS, "day_names": DAYS}
    return visitor.show("own/terms.html", values, problem, filled)


def list_days(hours: Json | None) -> list[tuple[str, str]]:
    """The days of a schedule with their hours, from Monday on; []: it has none, and is always open."""
    if not hours:
        return []
    return [
        (name, ", ".join(f"{start} to {end}" for start, end in hours.get(day) or ()) or "closed")
        for day, name in DAYS.items()
    ]


def write_ranges(hours: Json | None, day: str) -> str:
    """The hours of a day as one types them; empty: it is closed, or there is no schedule."""
    return ", ".join(f"{start}-{end}" for start, end in (hours or {}).get(day) or ())


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
