"""Payments: what buyers paid, refunds, and what came into the bank and waits for a buyer."""

from litestar import Response, get, post
from litestar.params import FromPath

from leadgen.app.problems import Problem
from leadgen.app.services import FromServices, Request
from leadgen.console.money import (
    METHODS,
    make_key,
    read_amount,
    read_one,
    read_words,
    say_beside,
)
from leadgen.console.money_queries import ADD_PAYMENT, BANK, IGNORE, MATCH, PAYMENT, PAYMENTS, REFUND
from leadgen.console.query import address, read_id, read_row, read_text
from leadgen.console.site import CONSOLE
from leadgen.pages.visitor import Visitor, admit

PLACE = "/console/payments"
LINES = PLACE + "/bank"
STATES = ("pending", "unknown", "completed", "failed", "cancelled", "refunded", "disputed")


@get(PLACE, include_in_schema=False)
async def list_payments(request: Request, services: FromServices) -> Response[bytes]:
    """Payments, the newest first."""
    return await _list(await admit(CONSOLE, request, services))


@post(PLACE, status_code=200, include_in_schema=False)
async def add_payment(request: Request, services: FromServices) -> Response[bytes]:
    """Book what a buyer paid: a top-up, or of an invoice where one is named."""
    visitor = await admit(CONSOLE, request, services)
    fields = visitor.fields
    try:
        payment = await visitor.call(
            ADD_PAYMENT,
            read_one(visitor, "buyer", "buyer"),
            read_amount(visitor),
            fields.get("method"),
            read_words(visitor, "invoice"),
            read_words(visitor, "key"),
            fields.get("reason"),
        )
    except Problem as problem:
        return await _list(visitor, say_beside(problem, visitor))
    return visitor.go(f"{PLACE}/{payment}", f"Payment {payment} is booked.")


@get(LINES, include_in_schema=False)
async def list_lines(request: Request, services: FromServices) -> Response[bytes]:
    """Lines of the bank, those that wait first of all."""
    return await _list_lines(await admit(CONSOLE, request, services))


@post(LINES + "/{line_id:str}/match", status_code=200, include_in_schema=False)
async def match_line(request: Request, services: FromServices, line_id: FromPath[str]) -> Response[bytes]:
    """Book a line as what a buyer paid."""
    visitor, line = await admit(CONSOLE, request, services), read_row(line_id)
    try:
        payment = await visitor.call(
            MATCH,
            line,
            read_one(visitor, "buyer", "buyer"),
            read_words(visitor, "invoice"),
            visitor.fields.get("reason"),
        )
    except Problem as problem:
        return await _list_lines(visitor, say_beside(problem, visitor), f"match-{line}")
    return visitor.go(LINES, f"The line is booked as payment {payment}.")


@post(LINES + "/{line_id:str}/ignore", status_code=200, include_in_schema=False)
async def ignore_line(request: Request, services: FromServices, line_id: FromPath[str]) -> Response[bytes]:
    """Put a line away that is no payment of a buyer."""
    visitor, line = await admit(CONSOLE, request, services), read_row(line_id)
    try:
        await visitor.call(IGNORE, line, visitor.fields.get("reason"))
    except Problem as problem:
        return await _list_lines(visitor, say_beside(problem, visitor), f"ignore-{line}")
    return visitor.go(LINES, "The line is put away.")


@get(PLACE + "/{payment_id:str}", include_in_schema=False)
async def show_payment(
    request: Request, services: FromServices, payment_id: FromPath[str]
) -> Response[bytes]:
    """One with its refunds and disputes."""
    return await _show(await admit(CONSOLE, request, services), read_row(payment_id))


@post(PLACE + "/{payment_id:str}/refund", status_code=200, include_in_schema=False)
async def refund_payment(
    request: Request, services: FromServices, payment_id: FromPath[str]
) -> Response[bytes]:
    """Pay it back, or a part of it."""
    visitor, payment = await admit(CONSOLE, request, services), read_row(payment_id)
    try:
        amount = read_amount(visitor, may_be_all=True)
        await visitor.call(REFUND, payment, amount, read_words(visitor, "key"), visitor.fields.get("reason"))
    except Problem as problem:
        return await _show(visitor, payment, say_beside(problem, visitor))
    return visitor.go(f"{PLACE}/{payment}", "It is paid back.")


PAYMENT_ROUTES = (
    list_payments,
    add_payment,
    list_lines,
    match_line,
    ignore_line,
    show_payment,
    refund_payment,
)


async def _list(visitor: Visitor, problem: Problem | None = None) -> Response[bytes]:
    request = visitor.request
    status, buyer = read_text(request, "status"), read_id(request, "buyer")
    found = await visitor.ask(PAYMENTS, status, buyer, read_id(request, "before"))
    more = found["next"] and address(PLACE, status=status, buyer=buyer, before=found["next"])
    values = {
        **found,
        "more": more,
        "states": STATES,
        "at": "pay" if problem else "",
        "methods": METHODS,
        "key": make_key(),
    }
    return visitor.show("own/payments.html", values, problem, visitor.fields if problem else None)


async def _show(visitor: Visitor, payment: int, problem: Problem | None = None) -> Response[bytes]:
    found = await visitor.ask(PAYMENT, payment)
    values = {**found, "at": "refund" if problem else "", "key": make_key()}
    return visitor.show("own/payment.html", values, problem, visitor.fields if problem else None)


async def _list_lines(visitor: Visitor, problem: Problem | None = None, at: str = "") -> Response[bytes]:
    status = read_text(visitor.request, "status") or "waiting"
    found = await visitor.ask(BANK, status, read_id(visitor.request, "before"))
    more = found["next"] and address(LINES, status=status, before=found["next"])
    return visitor.show(
        "own/bank.html", {**found, "more": more, "at": at}, problem, visitor.fields if problem else None
    )
