"""What a buyer has left and owes: balance, ledger, invoices, statement."""

from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

from litestar import Response, get, post
from litestar.params import FromPath

from leadgen.app.deposits import AMOUNT
from leadgen.app.invoices import PDF, PRIVATE, read_day
from leadgen.app.problems import CONFLICT, KEY_REUSED, NOT_FOUND, UNAVAILABLE, FieldError, Problem
from leadgen.app.services import FromServices, Request
from leadgen.app.stripe_events import NO_STRIPE
from leadgen.invoices.pdf import NoPdfError, make_pdf_aside
from leadgen.pages.query import address, read_id, read_row
from leadgen.pages.site import is_part
from leadgen.pages.visitor import Visitor, admit
from leadgen.portal.queries import (
    INVOICE,
    INVOICES,
    MONEY,
    PAYMENT,
    RECHARGE,
    STATEMENT,
    TOP_UP,
    VISITOR,
)
from leadgen.portal.refused import check_said
from leadgen.portal.site import PORTAL

LONGEST_NUMBER = 50
LONGEST_KEY = 128
PAGE = "/portal/money"
RECHARGES = ("below", "amount", "budget")


@get(PAGE, include_in_schema=False)
async def show_money(request: Request, services: FromServices) -> Response[bytes]:
    """The balance, how far it goes, and what was booked."""
    return await _show(await admit(PORTAL, request, services))


@post(PAGE + "/top-up", status_code=200, include_in_schema=False)
async def top_up(request: Request, services: FromServices) -> Response[bytes]:
    """Ask for a payment on Stripe's page. A form that is sent twice asks for one."""
    visitor = await _admit_payer(request, services)
    fields = visitor.fields
    key, saves = fields.get("key", "")[: LONGEST_KEY + 1], fields.get("save") == "yes"
    try:
        payment = await visitor.call(TOP_UP, _read_amount(fields, "top_up"), key, saves)
    except Problem as refused:
        problem = _word_top_up(refused)
        check_said(problem)
        if refused.kind is KEY_REUSED:
            del fields["key"]  # the form that is shown again asks for a payment of its own
        return await _show(visitor, problem)
    return visitor.go(f"/portal/payments/{payment}", "The payment is asked for.")


@post(PAGE + "/recharge", status_code=200, include_in_schema=False)
async def set_recharge(request: Request, services: FromServices) -> Response[bytes]:
    """Recharge the balance by itself from now on, or no longer."""
    visitor = await _admit_payer(request, services)
    is_off = visitor.fields.get("off") == "yes"
    try:
        amounts = [None if is_off else _read_amount(visitor.fields, name) for name in RECHARGES]
        await visitor.call(RECHARGE, *amounts)
    except Problem as problem:
        check_said(problem)
        return await _show(visitor, problem)
    return visitor.go(PAGE, "Recharges are off." if is_off else "Recharges are on.")


@get("/portal/payments/{payment_id:str}", include_in_schema=False)
async def show_payment(
    request: Request, services: FromServices, payment_id: FromPath[str]
) -> Response[bytes]:
    """Where to pay, as soon as a worker has opened Stripe's page, and what became of it."""
    visitor, payment = await admit(PORTAL, request, services), read_row(payment_id)
    if is_part(request):
        return visitor.show_part("own/payment_state.html", await visitor.ask_again(PAYMENT, payment))
    return visitor.show("own/payment.html", await visitor.ask(PAYMENT, payment))


@get("/portal/invoices", include_in_schema=False)
async def list_invoices(request: Request, services: FromServices) -> Response[bytes]:
    """Invoices and credit notes."""
    visitor = await admit(PORTAL, request, services)
    found = await visitor.ask(INVOICES, read_id(request, "before"))
    more = found["next"] and address("/portal/invoices", before=found["next"])
    return visitor.show("own/invoices.html", {**found, "more": more})


@get("/portal/invoices/{number:str}", include_in_schema=False)
async def show_invoice(request: Request, services: FromServices, number: FromPath[str]) -> Response[bytes]:
    """One with its lines."""
    visitor = await admit(PORTAL, request, services)
    return visitor.show("own/invoice.html", await visitor.ask(INVOICE, _clean(number)))


@get("/portal/invoices/{number:str}/pdf", include_in_schema=False)
async def show_pdf(request: Request, services: FromServices, number: FromPath[str]) -> Response[bytes]:
    """One as PDF."""
    visitor = await admit(PORTAL, request, services)
    document = (await visitor.ask(INVOICE, _clean(number)))["invoice"]
    try:
        pdf = await make_pdf_aside(document)
    except NoPdfError as error:
        raise Problem(UNAVAILABLE, str(error)) from None
    named = {"Content-Disposition": f'inline; filename="{document["number"]}.pdf"'}
    return Response(pdf, media_type=PDF, headers=PRIVATE | named)


@get("/portal/statement", include_in_schema=False)
async def show_statement(request: Request, services: FromServices) -> Response[bytes]:
    """What was owed, booked, and owed then, between two days; without them the form alone."""
    visitor = await admit(PORTAL, request, services)
    start, end = (request.query_params.get(name, "")[:LONGEST_NUMBER] for name in ("from", "to"))
    days, found, problem = {"from_day": start, "to_day": end}, None, None
    if start or end:
        try:
            found = await visitor.ask(STATEMENT, read_day(start, "from"), read_day(end, "to"))
        except Problem as refused:
            check_said(refused)
            problem = refused
    if found is None:
        found = {**await visitor.ask(VISITOR), "statement": None}
    return visitor.show("own/statement.html", {**found, **days}, problem)


MONEY_ROUTES = (
    show_money,
    top_up,
    set_recharge,
    show_payment,
    list_invoices,
    show_invoice,
    show_pdf,
    show_statement,
)


async def _show(visitor: Visitor, problem: Problem | None = None) -> Response[bytes]:
    found = await visitor.ask(MONEY, read_id(visitor.request, "before"))
    more = found["next_before"] and address(PAGE, before=found["next_before"])
    takes = visitor.services.stripe_secrets is not None and found["funds"]["takes_top_ups"]
    values = {**found, "more": more, "takes_payments": takes, "key": str(uuid4())}
    return visitor.show("own/money.html", values, problem, visitor.fields if problem else None)


async def _admit_payer(request: Request, services: FromServices) -> Visitor:
    """Who pays here. Raises Problem: 404 where no payments are taken."""
    visitor = await admit(PORTAL, request, services)
    if services.stripe_secrets is None:
        raise Problem(NOT_FOUND, NO_STRIPE)
    return visitor


def _word_top_up(problem: Problem) -> Problem:
    """A problem of a top-up in the words of its form: the amount is its field top_up."""
    if problem.kind is KEY_REUSED:
        return Problem(CONFLICT, "This form has asked for another amount. Top up again for a second payment.")
    named = [
        FieldError(**{**one, "field": "top_up"}) if one.get("field") == "amount" else one
        for one in problem.errors
    ]
    return replace(problem, errors=named)


def _read_amount(fields: dict[str, str], name: str) -> Decimal:
    """An amount as somebody typed it. Raises Problem."""
    text = fields.get(name, "").strip()
    if not AMOUNT.fullmatch(text) or not (amount := Decimal(text)):
        raise Problem.of_field(name, text[:30] or "nothing", "an amount such as 250.00")
    return amount


def _clean(number: str) -> str:
    return number[:LONGEST_NUMBER].replace("\0", "")
