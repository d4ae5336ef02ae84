"""The leads that a buyer bought: their contacts, and its answers."""

import json
from collections.abc import Sequence

from litestar import Response, get, post
from litestar.params import FromPath

from leadgen.app.problems import UNAVAILABLE, Problem
from leadgen.app.sealing import NOT_OPENED
from leadgen.app.services import FromServices, Request, Services
from leadgen.pages.places import read_place
from leadgen.pages.query import address, read_id, read_row
from leadgen.pages.site import Json
from leadgen.pages.visitor import Visitor, admit
from leadgen.portal.queries import ANSWER, REPORT, SALE, SALES
from leadgen.portal.refused import check_said
from leadgen.portal.site import PORTAL

LEADS = "/portal/leads"
STAGES = {
    "contacted": "Contacted",
    "appointment": "Appointment",
    "quoted": "Quoted",
    "won": "Won",
    "lost": "Lost",
}
REPORT_FIELDS = ("stage", "value", "stars")


@get(LEADS, include_in_schema=False)
async def list_leads(request: Request, services: FromServices) -> Response[bytes]:
    """The latest leads, with the contact of each that is the buyer's."""
    visitor = await admit(PORTAL, request, services)
    found = await visitor.ask(SALES, read_id(request, "before"))
    await open_contacts(services, found["rows"])
    more = found["next"] and address(LEADS, before=found["next"])
    return visitor.show("own/leads.html", {**found, "more": more})


@get(LEADS + "/{sale_id:str}", include_in_schema=False)
async def show_lead(request: Request, services: FromServices, sale_id: FromPath[str]) -> Response[bytes]:
    """One lead: who it is, what was paid, how it was delivered."""
    return await _show(await admit(PORTAL, request, services), read_row(sale_id))


@post(LEADS + "/{sale_id:str}/accept", status_code=200, include_in_schema=False)
async def accept(request: Request, services: FromServices, sale_id: FromPath[str]) -> Response[bytes]:
    """Accept it. Accepted again, nothing changes."""
    visitor, sale = await admit(PORTAL, request, services), read_row(sale_id)
    try:
        await visitor.call(ANSWER, sale, "accept", None, None, None)
    except Problem as problem:
        check_said(problem)
        return await _show(visitor, sale, problem)
    return visitor.go(read_place(visitor.fields.get("back"), LEADS), f"You have accepted sale {sale}.")


@post(LEADS + "/{sale_id:str}/return", status_code=200, include_in_schema=False)
async def give_back(request: Request, services: FromServices, sale_id: FromPath[str]) -> Response[bytes]:
    """Return it, with a reason, and a link to what shows it."""
    visitor, sale = await admit(PORTAL, request, services), read_row(sale_id)
    reason, note = visitor.fields.get("reason") or None, visitor.fields.get("note", "").strip() or None
    link = visitor.fields.get("evidence", "").strip()
    try:
        await visitor.call(
            ANSWER, sale, "return", reason, note, json.dumps([{"url": link}]) if link else None
        )
    except Problem as problem:
        check_said(problem)
        return await _show(visitor, sale, problem)
    return visitor.go(f"{LEADS}/{sale}", f"Your return of sale {sale} was received.")


@post(LEADS + "/{sale_id:str}/outcome", status_code=200, include_in_schema=False)
async def report(request: Request, services: FromServices, sale_id: FromPath[str]) -> Response[bytes]:
    """Say what came of it: the button that was tapped is the stage, or the stars."""
    visitor, sale = await admit(PORTAL, request, services), read_row(sale_id)
    said = {name: text for name in REPORT_FIELDS if (text := visitor.fields.get(name, "").strip())}
    try:
        await visitor.call(REPORT, sale, json.dumps(said))
    except Problem as problem:
        check_said(problem)
        return await _show(visitor, sale, problem)
    return visitor.go(f"{LEADS}/{sale}", "Thank you. It is kept.")


LEAD_ROUTES = (list_leads, show_lead, accept, give_back, report)


async def open_contacts(services: Services, sales: Sequence[Json]) -> None:
    """Put the contacts of sealed leads into these sales. Raises Problem where they cannot be opened."""
    for sale in sales:
        lead = sale["lead"]
        sealed = lead and lead.pop("sealed")
        if not sealed:
            continue
        if services.sealer is None:
            raise Problem(UNAVAILABLE, NOT_OPENED)
        lead |= await services.sealer.open_contact(bytes.fromhex(sealed), (lead["phone"], lead["email"]))


async def _show(visitor: Visitor, sale_id: int, problem: Problem | None = None) -> Response[bytes]:
    found = await visitor.ask(SALE, sale_id)
    await open_contacts(visitor.services, [found["sale"]])
    reasons = [("", "Choose one"), *((one["code"], one["description"]) for one in found["reasons"])]
    values = {**found, "reason_options": reasons, "stages": STAGES}
    return visitor.show("own/lead.html", values, problem, visitor.fields if problem else None)
