"""What buyers have left and owe, their statements, and what is credited and debited; what sources are owed and paid."""

from datetime import date

from litestar import Response, get, post
from litestar.params import FromPath

from leadgen.app.invoices import PRIVATE
from leadgen.app.problems import Problem
from leadgen.app.services import FromServices, Request
from leadgen.console.money import (
    METHODS,
    make_key,
    read_after,
    read_amount,
    read_asked_day,
    read_day_of,
    read_words,
    say_beside,
)
from leadgen.console.money_queries import (
    ADJUST,
    BALANCES,
    PAY_SOURCE,
    PAYOUTS,
    SOURCE_MONEY,
    STATEMENT,
    STATEMENT_FILE,
)
from leadgen.console.query import address, read_id, read_row
from leadgen.console.site import CONSOLE
from leadgen.invoices.page import make_statement_csv
from leadgen.pages.site import Json
from leadgen.pages.visitor import Visitor, admit

BUYERS = "/console/statements"
SOURCES = "/console/payouts"
CSV = "text/csv; charset=utf-8"
DONE = {
    "credit": "The buyer is credited.",
    "debit": "The buyer is debited.",
    "write_off": "It is written off.",
}


@get(BUYERS, include_in_schema=False)
async def list_balances(request: Request, services: FromServices) -> Response[bytes]:
    """What each buyer has left and owes."""
    visitor = await admit(CONSOLE, request, services)
    found = await visitor.ask(BALANCES, read_id(request, "after"))
    more = found["next_after"] and address(BUYERS, after=found["next_after"])
    return visitor.show("own/balances.html", {**found, "more": more})


@get(BUYERS + "/{buyer_id:str}", include_in_schema=False)
async def show_statement(
    request: Request, services: FromServices, buyer_id: FromPath[str]
) -> Response[bytes]:
    """A buyer's money, and its statement of a period."""
    return await _show_buyer(await admit(CONSOLE, request, services), read_row(buyer_id))


@get(BUYERS + "/{buyer_id:str}/file", include_in_schema=False)
async def show_statement_file(
    request: Request, services: FromServices, buyer_id: FromPath[str]
) -> Response[bytes]:
    """All of a statement, as CSV."""
    visitor, buyer = await admit(CONSOLE, request, services), read_row(buyer_id)
    start, end = (read_asked_day(request, name) for name in ("from", "to"))
    statement = await visitor.ask(STATEMENT_FILE, buyer, start, end)
    name = f"statement-{buyer}-{statement['from']}-{statement['to']}.csv"
    named = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(make_statement_csv(statement).encode(), media_type=CSV, headers=PRIVATE | named)


@post(BUYERS + "/{buyer_id:str}/{kind:str}", status_code=200, include_in_schema=False)
async def adjust_buyer(
    request: Request, services: FromServices, buyer_id: FromPath[str], kind: FromPath[str]
) -> Response[bytes]:
    """Credit or debit the buyer, or write off what it owes."""
    visitor, buyer = await admit(CONSOLE, request, services), read_row(buyer_id)
    kind = kind.replace("-", "_")
    try:
        await visitor.call(
            ADJUST,
            kind,
            buyer,
            read_amount(visitor),
            read_words(visitor, "key"),
            visitor.fields.get("reason"),
        )
    except Problem as problem:
        return await _show_buyer(visitor, buyer, say_beside(problem, visitor), kind)
    return visitor.go(f"{BUYERS}/{buyer}", DONE[kind])


@get(SOURCES, include_in_schema=False)
async def list_payouts(request: Request, services: FromServices) -> Response[bytes]:
    """What sources are owed, and what they were paid."""
    visitor = await admit(CONSOLE, request, services)
    found = await visitor.ask(PAYOUTS, read_id(request, "before"))
    more = found["next"] and address(SOURCES, before=found["next"])
    return visitor.show("own/payouts.html", {**found, "more": more})


@get(SOURCES + "/{source_id:str}", include_in_schema=False)
async def show_source(request: Request, services: FromServices, source_id: FromPath[str]) -> Response[bytes]:
    """A source's statement of a period."""
    return await _show_source(await admit(CONSOLE, request, services), read_row(source_id))


@post(SOURCES + "/{source_id:str}/pay", status_code=200, include_in_schema=False)
async def pay_source(request: Request, services: FromServices, source_id: FromPath[str]) -> Response[bytes]:
    """Book what the source was paid."""
    visitor, source = await admit(CONSOLE, request, services), read_row(source_id)
    fields = visitor.fields
    if fields.get("until"):
        fields.pop("shown", None)  # it is what is owed of all
    try:
        payout = await visitor.call(
            PAY_SOURCE,
            source,
            read_amount(visitor, may_be_all=True),
            read_day_of(visitor, "until"),
            fields.get("method"),
            read_words(visitor, "key"),
            fields.get("reason"),
        )
    except Problem as problem:
        return await _show_source(visitor, source, say_beside(problem, visitor))
    return visitor.go(f"{SOURCES}/{source}", f"The payout is booked: transaction {payout}.")


STATEMENT_ROUTES = (
    list_balances,
    show_statement,
    show_statement_file,
    adjust_buyer,
    list_payouts,
    show_source,
    pay_source,
)


async def _ask_for_days(visitor: Visitor, query: str, row: int) -> tuple[Json, Problem | None]:
    """A statement of the days of the address; with what is wrong with them, of the month so far."""
    try:
        days: list[date | None] = [read_asked_day(visitor.request, name) for name in ("from", "to")]
        return await visitor.ask(query, row, *days, read_after(visitor.request)), None
    except Problem as problem:
        if problem.kind.status != 400:
            raise
        return await visitor.ask(query, row, None, None, None), problem


async def _show_buyer(
    visitor: Visitor, buyer: int, problem: Problem | None = None, at: str = ""
) -> Response[bytes]:
    found, wrong = await _ask_for_days(visitor, STATEMENT, buyer)
    shown, here = found["statement"] or {}, f"{BUYERS}/{buyer}"
    days = {name: shown.get(name) for name in ("from", "to")}
    more = found["next"] and address(here, **days, after=found["next"])
    values = {
        **found,
        "more": more,
        "at": at or ("days" if wrong else ""),
        "key": make_key(),
        "file": address(f"{here}/file", **days),
    }
    return visitor.show("own/statement.html", values, problem or wrong, visitor.fields if problem else None)


async def _show_source(visitor: Visitor, source: int, problem: Problem | None = None) -> Response[bytes]:
    found, wrong = await _ask_for_days(visitor, SOURCE_MONEY, source)
    days = {name: found[name] for name in ("from", "to")}
    more = found["next"] and address(f"{SOURCES}/{source}", **days, after=found["next"])
    at = "pay" if problem else "days" if wrong else ""
    values = {**found, "more": more, "at": at, "key": make_key(), "methods": METHODS}
    return visitor.show(
        "own/source_money.html", values, problem or wrong, visitor.fields if problem else None
    )
