"""What waits for somebody: quarantine, returns, deliveries, endpoints; and the events."""

from litestar import Response, get, post
from litestar.params import FromPath

from leadgen.app.problems import CONFLICT, MALFORMED, NOT_FOUND, Problem
from leadgen.app.services import FromServices, Request
from leadgen.console.queries import (
    DECIDE,
    DELIVERIES,
    DISABLE,
    ENABLE,
    ENDPOINTS,
    EVENTS,
    PARK,
    QUARANTINE,
    RETRY,
    RETURNS,
    SEND_TEST,
)
from leadgen.console.query import address, read_id, read_text, to_id
from leadgen.console.sealed import resubmit
from leadgen.console.site import CONSOLE
from leadgen.pages.places import read_place
from leadgen.pages.visitor import Visitor, admit

REFUSED = (MALFORMED, CONFLICT)


@get("/console/quarantine", include_in_schema=False)
async def list_quarantine(request: Request, services: FromServices) -> Response[bytes]:
    """Submissions that are no lead."""
    visitor = await admit(CONSOLE, request, services)
    return await _show_quarantine(visitor)


@post("/console/quarantine/{row_id:str}", status_code=200, include_in_schema=False)
async def resubmit_one(request: Request, services: FromServices, row_id: FromPath[str]) -> Response[bytes]:
    """Submit one again."""
    visitor, row = await admit(CONSOLE, request, services), _read(row_id)
    try:
        answer = await resubmit(visitor, row)
    except Problem as problem:
        if problem.kind not in REFUSED:
            raise
        return await _show_quarantine(visitor, problem)
    words = {
        "quarantined": f"Submission {row} is still in quarantine: {answer.get('message', '')}",
        "fetching": f"Submission {row}: a worker fetches it from its network again.",
    }
    said = f"Submission {row} is lead {answer.get('lead_id')}, {answer['status']}."
    return visitor.go("/console/quarantine", words.get(answer["status"], said))


@get("/console/returns", include_in_schema=False)
async def list_returns(request: Request, services: FromServices) -> Response[bytes]:
    """Returns that buyers asked for."""
    return await _show_returns(await admit(CONSOLE, request, services))


@post("/console/returns/{row_id:str}", status_code=200, include_in_schema=False)
async def decide_return(request: Request, services: FromServices, row_id: FromPath[str]) -> Response[bytes]:
    """Approve or refuse one. Decided the same way again, nothing changes."""
    visitor, row = await admit(CONSOLE, request, services), _read(row_id)
    answer = {"approve": True, "refuse": False}.get(visitor.fields.get("answer", ""))
    try:
        await visitor.call(DECIDE, row, answer, visitor.fields.get("note") or None)
    except Problem as problem:
        if problem.kind not in REFUSED:
            raise
        return await _show_returns(visitor, problem)
    return visitor.go("/console/returns", f"Return {row} is {'approved' if answer else 'refused'}.")


@get("/console/deliveries", include_in_schema=False)
async def list_deliveries(request: Request, services: FromServices) -> Response[bytes]:
    """Deliveries that ended badly, or wait for somebody."""
    return await _show_deliveries(await admit(CONSOLE, request, services))


@post("/console/deliveries/{row_id:str}/{action:str}", status_code=200, include_in_schema=False)
async def act_on_delivery(
    request: Request, services: FromServices, row_id: FromPath[str], action: FromPath[str]
) -> Response[bytes]:
    """Send one again, or take it out of the queue."""
    visitor, row = await admit(CONSOLE, request, services), _read(row_id)
    place = read_place(visitor.fields.get("back"), "/console/deliveries")
    try:
        if action == "resend":
            await visitor.call(RETRY, row, visitor.fields.get("again") == "yes")
            return visitor.go(place, f"Delivery {row} is sent again.")
        if action == "park":
            await visitor.call(PARK, row)
            return visitor.go(place, f"Delivery {row} is parked.")
    except Problem as problem:
        if problem.kind not in REFUSED:
            raise
        return await _show_deliveries(visitor, problem)
    raise Problem(NOT_FOUND, "There is no such action.")


@get("/console/endpoints", include_in_schema=False)
async def list_endpoints(request: Request, services: FromServices) -> Response[bytes]:
    """Where buyers are reached, and how that goes."""
    visitor = await admit(CONSOLE, request, services)
    return visitor.show("own/endpoints.html", await visitor.ask(ENDPOINTS))


@post("/console/endpoints/{row_id:str}/{action:str}", status_code=200, include_in_schema=False)
async def act_on_endpoint(
    request: Request, services: FromServices, row_id: FromPath[str], action: FromPath[str]
) -> Response[bytes]:
    """Test one, take it into use again, or disable it."""
    visitor, row = await admit(CONSOLE, request, services), _read(row_id)
    reason = visitor.fields.get("reason")
    try:
        if action == "test":
            said = f"A test is on its way: delivery {await visitor.call(SEND_TEST, row)}."
        elif action == "enable":
            is_new = await visitor.call(ENABLE, row, reason)
            said = f"Endpoint {row} is in use." if is_new else f"Endpoint {row} was in use already."
        elif action == "disable":
            is_new = await visitor.call(DISABLE, row, reason)
            said = f"Endpoint {row} is disabled." if is_new else f"Endpoint {row} was disabled already."
        else:
            raise Problem(NOT_FOUND, "There is no such action.")
    except Problem as problem:
        if problem.kind not in REFUSED:
            raise
        return visitor.show("own/endpoints.html", await visitor.ask(ENDPOINTS), problem)
    return visitor.go("/console/endpoints", said)


@get("/console/events", include_in_schema=False)
async def list_events(request: Request, services: FromServices) -> Response[bytes]:
    """What operators should know."""
    visitor = await admit(CONSOLE, request, services)
    kind = read_text(request, "kind")
    found = await visitor.ask(EVENTS, kind, read_id(request, "before"))
    more = found["next"] and address("/console/events", kind=kind, before=found["next"])
    return visitor.show("own/events.html", {**found, "more": more})


QUEUE_ROUTES = (
    list_quarantine,
    resubmit_one,
    list_returns,
    decide_return,
    list_deliveries,
    act_on_delivery,
    list_endpoints,
    act_on_endpoint,
    list_events,
)


async def _show_quarantine(visitor: Visitor, problem: Problem | None = None) -> Response[bytes]:
    found = await visitor.ask(QUARANTINE, read_id(visitor.request, "before"))
    more = found["next"] and address("/console/quarantine", before=found["next"])
    return visitor.show("own/quarantine.html", {**found, "more": more}, problem)


async def _show_returns(visitor: Visitor, problem: Problem | None = None) -> Response[bytes]:
    status = read_text(visitor.request, "status") or "requested"
    found = await visitor.ask(RETURNS, status, read_id(visitor.request, "before"))
    more = found["next"] and address("/console/returns", status=status, before=found["next"])
    return visitor.show(
        "own/returns.html", {**found, "more": more}, problem, visitor.fields if problem else None
    )


async def _show_deliveries(visitor: Visitor, problem: Problem | None = None) -> Response[bytes]:
    status = read_text(visitor.request, "status") or "dead"
    found = await visitor.ask(DELIVERIES, status, read_id(visitor.request, "before"))
    more = found["next"] and address("/console/deliveries", status=status, before=found["next"])
    return visitor.show("own/deliveries.html", {**found, "more": more}, problem)


def _read(text: str) -> int:
    row = to_id(text)
    if row is None:
        raise Problem(NOT_FOUND, "There is no such row.")
    return row
