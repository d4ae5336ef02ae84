"""What a buyer has left and owes: balance, ledger, invoices, statement."""

from litestar import Response, get
from litestar.params import FromPath

from leadgen.app.invoices import PDF, PRIVATE, read_day
from leadgen.app.problems import UNAVAILABLE, Problem
from leadgen.app.services import FromServices, Request
from leadgen.invoices.pdf import NoPdfError, make_pdf_aside
from leadgen.pages.query import address, read_id
from leadgen.pages.visitor import admit
from leadgen.portal.queries import INVOICE, INVOICES, MONEY, STATEMENT, VISITOR
from leadgen.portal.refused import check_said
from leadgen.portal.site import PORTAL

LONGEST_NUMBER = 50


@get("/portal/money", include_in_schema=False)
async def show_money(request: Request, services: FromServices) -> Response[bytes]:
    """The balance, and what was booked."""
    visitor = await admit(PORTAL, request, services)
    found = await visitor.ask(MONEY, read_id(request, "before"))
    more = found["next_before"] and address("/portal/money", before=found["next_before"])
    return visitor.show("own/money.html", {**found, "more": more})


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


MONEY_ROUTES = (show_money, list_invoices, show_invoice, show_pdf, show_statement)


def _clean(number: str) -> str:
    return number[:LONGEST_NUMBER].replace("\0", "")
