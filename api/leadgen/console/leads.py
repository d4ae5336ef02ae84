"""Leads: looked for, opened, and what is done with one."""

import re
import secrets
from decimal import Decimal

from litestar import Response, get, post
from litestar.params import FromPath

from leadgen.app.problems import CONFLICT, FORBIDDEN, MALFORMED, NOT_FOUND, Problem
from leadgen.app.services import FromServices, Request
from leadgen.console.queries import (
    CREDIT,
    ERASE,
    HELD,
    LEAD,
    LEADS,
    OPEN_LEAD,
    RETURN,
    ROUTE_AGAIN,
    SEARCH,
    SELL,
)
from leadgen.console.query import address, read_id, read_text, to_id
from leadgen.console.sealed import find_hash_key, open_contact, write_opened
from leadgen.console.site import CONSOLE
from leadgen.pages.site import Json
from leadgen.pages.visitor import Visitor, admit
from leadgen.show.account import (
    describe_attempt,
    describe_cost,
    describe_miss,
    describe_price,
    describe_reason,
    describe_replacement,
    shorten_times,
)

SAID_ON_THE_PAGE = (MALFORMED, CONFLICT, FORBIDDEN)
NO_LEAD = "There is no such lead."
SEALED = "a sealed lead"  # roads.check_may_contact
AMOUNT = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,4})?")


@get("/console/leads", include_in_schema=False)
async def list_leads(request: Request, services: FromServices) -> Response[bytes]:
    """The latest leads, of a state or an offer; or what a text finds."""
    visitor = await admit(CONSOLE, request, services)
    text, status, offer = read_text(request, "q"), read_text(request, "status"), read_id(request, "offer")
    if text is not None:
        found = await visitor.ask(SEARCH, text, await find_hash_key(services))
    else:
        found = await visitor.ask(LEADS, status, offer, read_id(request, "before"))
    more = found["next"] and address("/console/leads", status=status, offer=offer, before=found["next"])
    return visitor.show("own/leads.html", {**found, "more": more})


@get("/console/held", include_in_schema=False)
async def list_held(request: Request, services: FromServices) -> Response[bytes]:
    """Leads that wait for a buyer."""
    visitor = await admit(CONSOLE, request, services)
    found = await visitor.ask(HELD, read_id(request, "after"))
    more = found["next"] and address("/console/held", after=found["next"])
    return visitor.show("own/held.html", {**found, "more": more})


@get("/console/leads/{lead_id:str}", include_in_schema=False)
async def show_lead(request: Request, services: FromServices, lead_id: FromPath[str]) -> Response[bytes]:
    """One lead: what became of it and why; of a buyer, what would have to change. Its contact is masked."""
    visitor = await admit(CONSOLE, request, services)
    return await _show(visitor, _read(lead_id), buyer=read_id(request, "buyer"))


@post("/console/leads/{lead_id:str}/contact", status_code=200, include_in_schema=False)
async def show_contact(request: Request, services: FromServices, lead_id: FromPath[str]) -> Response[bytes]:
    """The same page with the contact. It is no address of its own: who comes back sees the mask."""
    visitor, lead = await admit(CONSOLE, request, services), _read(lead_id)
    try:
        found = await visitor.ask(OPEN_LEAD, lead, visitor.fields.get("reason"))
    except Problem as problem:
        return await _say(visitor, lead, problem, "contact")
    return await _show(visitor, lead, contact=await open_contact(services, found))


@post("/console/leads/{lead_id:str}/sell", status_code=200, include_in_schema=False)
async def sell_lead(request: Request, services: FromServices, lead_id: FromPath[str]) -> Response[bytes]:
    """Sell the lead by hand to a chosen buyer. A sealed contact is opened first: it may be suppressed by now."""
    visitor, lead = await admit(CONSOLE, request, services), _read(lead_id)
    buyer, reason = to_id(visitor.fields.get("buyer", "")), visitor.fields.get("reason")
    try:
        try:
            sale = await visitor.ask(SELL, lead, buyer, reason, None)
        except Problem as problem:
            if services.sealer is None or not _is_sealed(problem):
                raise
            opened = await open_contact(services, await visitor.ask(OPEN_LEAD, lead, reason))
            sale = await visitor.ask(SELL, lead, buyer, reason, await write_opened(services, opened))
    except Problem as problem:
        return await _say(visitor, lead, problem, "sell", buyer)
    price = f"{sale['price']} {sale['currency']}"
    said = f"Sale {sale['assignment_id']}: {sale['buyer']} has the lead for {price}."
    return visitor.go(f"/console/leads/{lead}", said if sale["is_new"] else f"{said} It had it already.")


@post("/console/leads/{lead_id:str}/credit", status_code=200, include_in_schema=False)
async def credit_sale(request: Request, services: FromServices, lead_id: FromPath[str]) -> Response[bytes]:
    """Give a part of a sale's price back, or what is left of it. The form has a key, so that it is booked once."""
    visitor, lead = await admit(CONSOLE, request, services), _read(lead_id)
    fields = visitor.fields
    sale = to_id(fields.get("sale", ""))
    try:
        amount = _read_amount(fields.get("amount", ""))
        await visitor.call(CREDIT, sale, amount, fields.get("key"), fields.get("reason"))
    except Problem as problem:
        return await _say(visitor, lead, problem, "credit")
    what = "what was left of its price" if amount is None else f"{amount:f}"
    return visitor.go(f"/console/leads/{lead}", f"Sale {sale} is credited: {what}.")


@post("/console/leads/{lead_id:str}/route", status_code=200, include_in_schema=False)
async def route_again(request: Request, services: FromServices, lead_id: FromPath[str]) -> Response[bytes]:
    """Offer a lead to buyers again, now."""
    visitor, lead = await admit(CONSOLE, request, services), _read(lead_id)
    try:
        is_new = await visitor.call(ROUTE_AGAIN, lead)
    except Problem as problem:
        return await _say(visitor, lead, problem, "route")
    said = "The lead is offered again now." if is_new else "The lead was due already."
    return visitor.go(f"/console/leads/{lead}", said)


@post("/console/leads/{lead_id:str}/return", status_code=200, include_in_schema=False)
async def return_sale(request: Request, services: FromServices, lead_id: FromPath[str]) -> Response[bytes]:
    """Return a sale of the lead for its buyer."""
    visitor, lead = await admit(CONSOLE, request, services), _read(lead_id)
    fields = visitor.fields
    sale = to_id(fields.get("sale", ""))
    try:
        await visitor.call(RETURN, sale, fields.get("reason_code") or None, fields.get("note") or None)
    except Problem as problem:
        return await _say(visitor, lead, problem, "return")
    return visitor.go(f"/console/leads/{lead}", f"Sale {sale} is returned.")


@post("/console/leads/{lead_id:str}/erase", status_code=200, include_in_schema=False)
async def erase_lead(request: Request, services: FromServices, lead_id: FromPath[str]) -> Response[bytes]:
    """Strike out who the lead was. A sealed contact is opened first: its copies are found by it."""
    visitor, lead = await admit(CONSOLE, request, services), _read(lead_id)
    reason = visitor.fields.get("reason")
    try:
        opened = None
        if services.sealer is not None:
            opened = await _open_for_erasure(visitor, lead, reason)
        is_new = await visitor.call(ERASE, lead, reason, opened)
    except Problem as problem:
        return await _say(visitor, lead, problem, "erase")
    said = "The lead is erased." if is_new else "The lead was erased before; what came since is erased too."
    return visitor.go(f"/console/leads/{lead}", said)


LEAD_ROUTES = (
    list_leads,
    list_held,
    show_lead,
    show_contact,
    sell_lead,
    credit_sale,
    route_again,
    return_sale,
    erase_lead,
)


def _is_sealed(problem: Problem) -> bool:
    return any(error.get("found") == SEALED for error in problem.errors)


async def _open_for_erasure(visitor: Visitor, lead: int, reason: str | None) -> str | None:
    try:
        found = await visitor.ask(OPEN_LEAD, lead, reason)
    except Problem as problem:
        if problem.kind is not CONFLICT:
            raise
        return None  # it was erased before
    return await write_opened(visitor.services, await open_contact(visitor.services, found))


async def _show(
    visitor: Visitor,
    lead: int,
    problem: Problem | None = None,
    contact: Json | None = None,
    acted: str | None = None,
    buyer: int | None = None,
) -> Response[bytes]:
    """The page of a lead; `acted`: the form that has the problem, `buyer`: whose chances are told."""
    found = await visitor.ask(LEAD, lead, buyer)
    reasons = [("", "Choose one"), *((one["code"], one["description"]) for one in found["reasons"] or [])]
    values = {
        **found,
        "account": _word(found["account"]),
        "miss": found["miss"] and _word_miss(found["miss"]),
        "contact": contact,
        "acted": acted,
        "buyer": buyer,
        "reason_options": reasons,
        "buyer_options": [("", "Choose one"), *((one["id"], one["name"]) for one in found["buyers"])],
        "key": visitor.fields.get("key") or f"console:{secrets.token_hex(12)}",
    }
    return visitor.show("own/lead.html", values, problem, visitor.fields if problem else None)


async def _say(
    visitor: Visitor, lead: int, problem: Problem, acted: str, buyer: int | None = None
) -> Response[bytes]:
    """The page with what the database refuses; of a buyer who cannot get the lead with what would have to change."""
    if problem.kind not in SAID_ON_THE_PAGE and problem.kind.status not in (400, 409, 422):
        raise problem
    return await _show(visitor, lead, problem, acted=acted, buyer=buyer)


def _read_amount(text: str) -> Decimal | None:
    """An amount of money that was typed; None: nothing was. Raises Problem."""
    typed = text.strip()
    if not typed:
        return None
    if not AMOUNT.fullmatch(typed):
        raise Problem.of_field("amount", typed[:40], "a number such as 12.50, or nothing: all that is left")
    return Decimal(typed)


def _word(account: Json) -> Json:
    """The account in the words of `leadgen explain`."""
    since, currency = account["received_at"], account["currency"]
    account["summary"] = shorten_times(account["summary"], since)
    for attempt in account["attempts"]:
        candidates = attempt["candidates"] or []
        ranked = sum(candidate["rank"] is not None for candidate in candidates)
        attempt["words"] = describe_attempt(attempt)
        for candidate in candidates:
            candidate["words"] = describe_reason(candidate, ranked, attempt["decided_at"])
    for sale in account["sales"]:
        sale["price_words"] = describe_price(sale["price_steps"], currency) + describe_cost(sale)
        sale["fate"] = f"{sale['ending'] or sale['outcome']}{describe_replacement(sale)}"
    return account


def _word_miss(miss: Json) -> Json:
    """What would have to change, in the words of `leadgen explain --buyer`."""
    for change in miss["changes"]:
        since = miss.get("decided_at")
        change["found_words"] = shorten_times(change["found"], since) if since else change["found"]
    return {**miss, "words": describe_miss(miss)}


def _read(text: str) -> int:
    lead = to_id(text)
    if lead is None:
        raise Problem(NOT_FOUND, NO_LEAD)
    return lead
