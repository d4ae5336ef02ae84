"""Which notices a buyer gets by e-mail, and who gets them."""

import json

from litestar import Response, get, post

from leadgen.app.problems import Problem
from leadgen.app.services import FromServices, Request
from leadgen.pages.visitor import Visitor, admit
from leadgen.portal.queries import NOTICES, SET_NOTICES
from leadgen.portal.refused import check_said
from leadgen.portal.site import PORTAL

PAGE = "/portal/notices"
TOPICS = {
    "money": (
        "Money",
        "A low balance or credit limit, a recharge that failed, a payment that a bank took back.",
    ),
    "invoices": ("Invoices", "New invoices, credit notes, reminders."),
    "deliveries": (
        "Deliveries",
        "An endpoint that was switched off, a lead that could not be delivered in time.",
    ),
}


@get(PAGE, include_in_schema=False)
async def list_notices(request: Request, services: FromServices) -> Response[bytes]:
    """Each topic with who gets it. For owners."""
    return await _show(await admit(PORTAL, request, services))


@post(PAGE, status_code=200, include_in_schema=False)
async def choose(request: Request, services: FromServices) -> Response[bytes]:
    """Keep what was chosen of every topic."""
    visitor = await admit(PORTAL, request, services)
    chosen = {topic: visitor.fields[topic] for topic in TOPICS if topic in visitor.fields}
    try:
        await visitor.call(SET_NOTICES, json.dumps(chosen))
    except Problem as problem:
        check_said(problem)
        return await _show(visitor, problem)
    return visitor.go(PAGE, "Your choice is kept.")


NOTICE_ROUTES = (list_notices, choose)


async def _show(visitor: Visitor, problem: Problem | None = None) -> Response[bytes]:
    found = await visitor.ask(NOTICES)
    people = [(str(user["id"]), f"{user['name']}, {user['email']}") for user in found["users"]]
    options = [("account", f"Your account's address, {found['address']}"), *people, ("off", "No e-mail")]
    values = {**found, "options": options, "words": TOPICS}
    return visitor.show("own/notices.html", values, problem, visitor.fields if problem else None)
