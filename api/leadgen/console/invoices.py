"""Invoices: the list, those that are overdue first, and one: sent, paid, credited, cancelled, disputed."""

from collections.abc import Awaitable, Callable

from litestar import Response, get, post
from litestar.params import FromPath

from leadgen.app.invoices import PDF, PRIVATE
from leadgen.app.problems import NOT_FOUND, UNAVAILABLE, Problem
from leadgen.app.services import FromServices, Request
from leadgen.console.money import (
    METHODS,
    clean_number,
    make_key,
    read_after,
    read_amount,
    read_asked_day,
    read_line,
    read_one,
    read_words,
    say_beside,
)
from leadgen.console.money_queries import (
    ADD_PAYMENT,
    ALLOCATE,
    CANCEL,
    CREDIT,
    DISPUTE,
    DOCUMENT,
    INVOICE,
    INVOICES,
    RESOLVE,
    SEND,
)
from leadgen.console.query import address, read_id, read_text
from leadgen.console.site import CONSOLE
from leadgen.invoices.pdf import NoPdfError, make_pdf_aside
from leadgen.pages.visitor import Visitor, admit

PLACE = "/console/invoices"
STATES = ("draft", "sent", "partly_paid", "overdue", "disputed", "paid", "cancelled")


@get(PLACE, include_in_schema=False)
async def list_invoices(request: Request, services: FromServices) -> Response[bytes]:
    """Invoices, credit notes and drafts."""
    visitor = await admit(CONSOLE, request, services)
    asked = {name: read_text(request, name) or "" for name in ("status", "buyer", "from", "to")}
    status, buyer = asked["status"] or None, read_id(request, "buyer")
    before, is_late = read_id(request, "before"), request.query_params.get("late") == "yes"
    problem = None
    try:
        days = read_asked_day(request, "from"), read_asked_day(request, "to")
        found = await visitor.ask(INVOICES, status, buyer, *days, before, is_late)
    except Problem as refused:
        if refused.kind.status != 400:
            raise
        problem, found = refused, await visitor.ask(INVOICES, None, None, None, None, None, None)
    late = "yes" if found["next_is_late"] else None
    more = found["next"] and address(PLACE, **asked, before=found["next"], late=late)
    values = {**found, "asked": asked, "more": more, "states": STATES}
    return visitor.show("own/invoices.html", values, problem)


@get(PLACE + "/{number:str}", include_in_schema=False)
async def show_invoice(request: Request, services: FromServices, number: FromPath[str]) -> Response[bytes]:
    """One with its lines, payments, credit notes and reminders."""
    return await _show(await admit(CONSOLE, request, services), clean_number(number))


@get(PLACE + "/{number:str}/pdf", include_in_schema=False)
async def show_pdf(request: Request, services: FromServices, number: FromPath[str]) -> Response[bytes]:
    """One as PDF."""
    visitor = await admit(CONSOLE, request, services)
    document = await visitor.ask(DOCUMENT, clean_number(number))
    try:
        pdf = await make_pdf_aside(document)
    except NoPdfError as error:
        raise Problem(UNAVAILABLE, str(error)) from None
    named = {"Content-Disposition": f'inline; filename="{document["number"]}.pdf"'}
    return Response(pdf, media_type=PDF, headers=PRIVATE | named)


@post(PLACE + "/{number:str}/{action:str}", status_code=200, include_in_schema=False)
async def change_invoice(
    request: Request, services: FromServices, number: FromPath[str], action: FromPath[str]
) -> Response[bytes]:
    """Send it, book what was paid, credit, cancel, dispute it. What may be done, the database says."""
    visitor, number = await admit(CONSOLE, request, services), clean_number(number)
    change = CHANGES.get(action)
    if change is None:
        raise Problem(NOT_FOUND, "There is nothing at this address.")
    try:
        number, said = await change(visitor, number)
    except Problem as problem:
        return await _show(visitor, number, say_beside(problem, visitor), action)
    return visitor.go(f"{PLACE}/{number}", said)


Done = tuple[str, str]  # the number of the document that is shown then, and what was done


async def _send(visitor: Visitor, number: str) -> Done:
    sent = await visitor.call(SEND, number, visitor.fields.get("reason"))
    return sent, f"It is sent as {sent}."


async def _cancel(visitor: Visitor, number: str) -> Done:
    notes = await visitor.call(CANCEL, number, visitor.fields.get("reason"))
    return number, f"It is cancelled by {', '.join(notes)}." if notes else "It is cancelled."


async def _credit(visitor: Visitor, number: str) -> Done:
    line = read_line(visitor.fields.get("line", ""))
    amount = read_amount(visitor, may_be_all=True)
    notes = await visitor.call(
        CREDIT, number, line, amount, read_words(visitor, "key"), visitor.fields.get("reason")
    )
    if not notes:
        return number, "Nothing is left to credit, or this form has credited it already."
    return number, f"Credited by {', '.join(notes)}."


async def _dispute(visitor: Visitor, number: str) -> Done:
    await visitor.call(DISPUTE, number, visitor.fields.get("reason"))
    return number, "It is disputed: no reminder goes out."


async def _resolve(visitor: Visitor, number: str) -> Done:
    await visitor.call(RESOLVE, number, visitor.fields.get("reason"))
    return number, "The dispute is over."


async def _allocate(visitor: Visitor, number: str) -> Done:
    left = await visitor.call(ALLOCATE, number, visitor.fields.get("reason"))
    return number, f"What was paid and on no invoice pays this one first: {left} is open."


async def _pay(visitor: Visitor, number: str) -> Done:
    fields = visitor.fields
    payment = await visitor.call(
        ADD_PAYMENT,
        read_one(visitor, "buyer", "buyer"),
        read_amount(visitor),
        fields.get("method"),
        number,
        read_words(visitor, "key"),
        fields.get("reason"),
    )
    return number, f"Payment {payment} is booked."


CHANGES: dict[str, Callable[[Visitor, str], Awaitable[Done]]] = {
    "send": _send,
    "cancel": _cancel,
    "credit": _credit,
    "dispute": _dispute,
    "resolve": _resolve,
    "allocate": _allocate,
    "pay": _pay,
}
INVOICE_ROUTES = (list_invoices, show_invoice, show_pdf, change_invoice)


async def _show(
    visitor: Visitor, number: str, problem: Problem | None = None, at: str = ""
) -> Response[bytes]:
    found = await visitor.ask(INVOICE, number, read_after(visitor.request))
    more = found["next"] and address(f"{PLACE}/{number}", after=found["next"])
    values = {**found, "more": more, "at": at, "key": make_key(), "methods": METHODS}
    return visitor.show("own/invoice.html", values, problem, visitor.fields if problem else None)
