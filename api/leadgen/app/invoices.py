"""The routes of what a buyer is billed: its invoices, credit notes and statement."""

from datetime import date
from typing import Annotated

from litestar import Response, get
from litestar.params import PathParameter

from leadgen.app.book_parts import clean
from leadgen.app.headers import key_hash_of
from leadgen.app.money import read_number
from leadgen.app.openapi.models import InvoiceDocument, Invoices, Statement
from leadgen.app.openapi.operations import (
    BUYER,
    NO_CURRENCY,
    SCOPED_KEY,
    TOO_OFTEN,
    TWO_KEYS,
    answer,
    operation,
    parameter,
    refused,
)
from leadgen.app.problems import NOT_FOUND, UNAVAILABLE, Problem
from leadgen.app.queries import MAX_BIGINT
from leadgen.app.services import FromServices, Request
from leadgen.invoices.pdf import NoPdfError, make_pdf_aside

JSON = "application/json"
PDF = "application/pdf"
PAGE, MOST = 100, 1_000  # invoices of a page
PRIVATE = {"Cache-Control": "no-store"}

Number = Annotated[str, PathParameter(description="As the list has it: INV-2026-00017.")]
OF_ANOTHER = refused(
    Problem.of_field(
        "number", "INV-2026-00017", "the number of an invoice or credit note of yours", NOT_FOUND
    ),
    description="No such document, a draft, or another buyer's",
)
A_DAY = "a day: 2026-11-30"


@get(
    "/api/invoices",
    summary="List invoices and credit notes",
    security=BUYER,
    operation_class=operation(
        answer(200, "The newest first.", Invoices),
        refused(
            TWO_KEYS,
            Problem.of_field("status", "lost", "sent, paid and others"),
            description="Malformed, or there is no such state",
        ),
        SCOPED_KEY,
        TOO_OFTEN,
        parameters=(
            parameter("query", "status", "Only those in this state.", required=False),
            parameter("query", "before", "`next_before` of the page before.", required=False),
            parameter("query", "limit", f"At most so many, 1 to {MOST}. Default: {PAGE}.", required=False),
        ),
    ),
)
async def list_invoices(request: Request, services: FromServices) -> Response[bytes]:
    """Invoices and credit notes that were sent to the buyer."""
    caller = await services.admit_caller(request)
    before = read_number(request, "before", MAX_BIGINT)
    limit = read_number(request, "limit", MOST) or PAGE
    with services.rates.judge_key(caller):
        found = await services.queries.list_invoices(
            key_hash_of(caller), clean(request.query_params.get("status", "")) or None, before, limit
        )
    return Response(found.encode(), media_type=JSON, headers=PRIVATE)


@get(
    "/api/invoices/{number:str}",
    summary="Show an invoice or a credit note",
    security=BUYER,
    operation_class=operation(
        answer(200, "The document with its lines.", InvoiceDocument),
        refused(TWO_KEYS),
        SCOPED_KEY,
        OF_ANOTHER,
        TOO_OFTEN,
    ),
)
async def show_invoice(
    request: Request, services: FromServices, number: Number
) -> Response[dict[str, object]]:
    """Its lines name each lead by its id, and no person."""
    caller = await services.admit_caller(request)
    with services.rates.judge_key(caller):
        document = await services.queries.show_invoice(key_hash_of(caller), clean(number))
    return Response(document, media_type=JSON, headers=PRIVATE)


@get(
    "/api/invoices/{number:str}/pdf",
    summary="Get an invoice or a credit note as PDF",
    security=BUYER,
    operation_class=operation(
        {
            "200": {
                "description": "The PDF.",
                "content": {PDF: {"schema": {"type": "string", "format": "binary"}}},
            }
        },
        refused(TWO_KEYS),
        SCOPED_KEY,
        OF_ANOTHER,
        TOO_OFTEN,
    ),
)
async def show_invoice_pdf(request: Request, services: FromServices, number: Number) -> Response[bytes]:
    """A document of more than 10,000 lines has none (503)."""
    caller = await services.admit_caller(request)
    with services.rates.judge_key(caller):
        document = await services.queries.show_invoice(key_hash_of(caller), clean(number))
    try:
        pdf = await make_pdf_aside(document)
    except NoPdfError as error:
        raise Problem(UNAVAILABLE, str(error)) from None
    named = {"Content-Disposition": f'inline; filename="{document["number"]}.pdf"'}
    return Response(pdf, media_type=PDF, headers=PRIVATE | named)


@get(
    "/api/statement",
    summary="Get a statement",
    security=BUYER,
    operation_class=operation(
        answer(200, "Opening, movements, closing.", Statement),
        refused(
            TWO_KEYS,
            Problem.of_field("from", "nothing", A_DAY),
            description="Malformed, or a period that ends before it begins",
        ),
        SCOPED_KEY,
        NO_CURRENCY,
        TOO_OFTEN,
        parameters=(
            parameter("query", "from", "The first day.", format="date"),
            parameter("query", "to", "The last day.", format="date"),
        ),
    ),
)
async def show_statement(request: Request, services: FromServices) -> Response[bytes]:
    """What the buyer owed, what was booked from day to day, and what it owes; in the zone of its first market."""
    caller = await services.admit_caller(request)
    start, end = (read_day(request.query_params.get(name), name) for name in ("from", "to"))
    with services.rates.judge_key(caller):
        found = await services.queries.make_statement(key_hash_of(caller), start, end)
    return Response(found.encode(), media_type=JSON, headers=PRIVATE)


def read_day(text: str | None, name: str) -> date:
    """A day of the query. Raises Problem."""
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        raise Problem.of_field(name, (text or "nothing")[:50], A_DAY) from None
