"""The routes by which operators read the books: any key of an operator will do."""

from litestar import Response, get

from leadgen.app.book_parts import (
    ABSENT,
    MOST,
    PRIVATE,
    READS,
    USUAL,
    BuyerId,
    Number,
    ask,
    clean,
    page_parameters,
    read_query,
)
from leadgen.app.headers import key_hash_of
from leadgen.app.invoices import A_DAY, PDF, read_day
from leadgen.app.money import read_number
from leadgen.app.openapi.book_models import (
    Balances,
    BookInvoiceDocument,
    BookInvoices,
    BookPayments,
    Payables,
    Payouts,
)
from leadgen.app.openapi.models import Balance, Ledger, Statement
from leadgen.app.openapi.operations import NO_CURRENCY, OPERATOR, answer, operation, parameter, refused
from leadgen.app.problems import UNAVAILABLE, Problem
from leadgen.app.queries import MAX_BIGINT, bound
from leadgen.app.services import FromServices, Request
from leadgen.invoices.pdf import NoPdfError, make_pdf_aside

LIST_BALANCES = "select leadgen.list_balances_for(%s, %s, %s)::text"
SHOW_BALANCE = "select leadgen.show_balance_for(%s, %s)::text"
LIST_LEDGER = "select leadgen.list_ledger_for(%s, %s, %s, %s)::text"
MAKE_STATEMENT = "select leadgen.make_statement_for(%s, %s, %s::date, %s::date)::text"
LIST_INVOICES = "select leadgen.list_invoices_for(%s, %s, %s, %s, %s)::text"
SHOW_INVOICE = "select leadgen.show_invoice_for(%s, %s)::text"
LIST_PAYMENTS = "select leadgen.list_payments_for(%s, %s, %s, %s, %s)::text"
LIST_PAYABLES = "select leadgen.list_payables_for(%s)::text"
LIST_PAYOUTS = "select leadgen.list_payouts_for(%s, %s, %s, %s)::text"

OF_BUYER = parameter(
    "query", "buyer_id", "Only those of this buyer.", required=False, type="integer", format="int64"
)
IN_STATE = parameter("query", "status", "Only those in this state.", required=False)
NO_STATE = refused(
    Problem.of_field("status", "lost", "sent, paid and others"),
    description="Malformed, or there is no such state",
)


@get(
    "/api/money/balances",
    summary="List balances",
    security=OPERATOR,
    operation_class=operation(
        answer(200, "A page, by buyer.", Balances), *READS, parameters=page_parameters("after")
    ),
)
async def list_balances(request: Request, services: FromServices) -> Response[bytes]:
    """For operators: what each buyer has left and owes."""
    after = read_number(request, "after", MAX_BIGINT)
    limit = read_number(request, "limit", MOST) or USUAL
    return await ask(request, services, LIST_BALANCES, after, limit)


@get(
    "/api/money/buyers/{buyer_id:int}/balance",
    summary="Show a buyer's balance",
    security=OPERATOR,
    operation_class=operation(answer(200, "Its money.", Balance), *READS, ABSENT),
)
async def show_balance_of(request: Request, services: FromServices, buyer_id: BuyerId) -> Response[bytes]:
    """For operators: what a buyer has left and owes."""
    return await ask(request, services, SHOW_BALANCE, bound(buyer_id))


@get(
    "/api/money/buyers/{buyer_id:int}/ledger",
    summary="List what was booked of a buyer",
    security=OPERATOR,
    operation_class=operation(
        answer(200, "A page, the latest first.", Ledger), *READS, ABSENT, parameters=page_parameters("before")
    ),
)
async def list_ledger_of(request: Request, services: FromServices, buyer_id: BuyerId) -> Response[bytes]:
    """For operators: as GET /api/ledger of the buyer."""
    before = read_number(request, "before", MAX_BIGINT)
    limit = read_number(request, "limit", MOST) or USUAL
    return await ask(request, services, LIST_LEDGER, bound(buyer_id), before, limit)


@get(
    "/api/money/buyers/{buyer_id:int}/statement",
    summary="Get a buyer's statement",
    security=OPERATOR,
    operation_class=operation(
        answer(200, "Opening, movements, closing.", Statement),
        *READS,
        refused(
            Problem.of_field("from", "nothing", A_DAY),
            description="Malformed, or it ends before it begins",
        ),
        ABSENT,
        NO_CURRENCY,
        parameters=(
            parameter("query", "from", "The first day.", format="date"),
            parameter("query", "to", "The last day.", format="date"),
        ),
    ),
)
async def show_statement_of(request: Request, services: FromServices, buyer_id: BuyerId) -> Response[bytes]:
    """For operators: as GET /api/statement of the buyer."""
    start, end = (read_day(request.query_params.get(name), name) for name in ("from", "to"))
    return await ask(request, services, MAKE_STATEMENT, bound(buyer_id), start, end)


@get(
    "/api/money/invoices",
    summary="List all invoices and credit notes",
    security=OPERATOR,
    operation_class=operation(
        answer(200, "The newest first.", BookInvoices),
        *READS,
        NO_STATE,
        parameters=page_parameters("before", OF_BUYER, IN_STATE),
    ),
)
async def list_all_invoices(request: Request, services: FromServices) -> Response[bytes]:
    """For operators: those of a buyer or of all, drafts, too."""
    buyer_id, before = (read_number(request, name, MAX_BIGINT) for name in ("buyer_id", "before"))
    limit = read_number(request, "limit", MOST) or USUAL
    return await ask(request, services, LIST_INVOICES, buyer_id, read_query(request, "status"), before, limit)


@get(
    "/api/money/invoices/{number:str}",
    summary="Show any invoice or credit note",
    security=OPERATOR,
    operation_class=operation(
        answer(200, "The document with its lines.", BookInvoiceDocument), *READS, ABSENT
    ),
)
async def show_any_invoice(request: Request, services: FromServices, number: Number) -> Response[bytes]:
    """For operators: an invoice, a credit note or a draft."""
    return await ask(request, services, SHOW_INVOICE, clean(number))


@get(
    "/api/money/invoices/{number:str}/pdf",
    summary="Get any invoice or credit note as PDF",
    security=OPERATOR,
    operation_class=operation(
        {
            "200": {
                "description": "The PDF.",
                "content": {PDF: {"schema": {"type": "string", "format": "binary"}}},
            }
        },
        *READS,
        ABSENT,
    ),
)
async def show_any_invoice_pdf(request: Request, services: FromServices, number: Number) -> Response[bytes]:
    """For operators. A document of more than 10,000 lines has none (503)."""
    caller = await services.admit_caller(request)
    with services.rates.judge_key(caller):
        document = await services.queries.show_any_invoice(key_hash_of(caller), clean(number))
    try:
        pdf = await make_pdf_aside(document)
    except NoPdfError as error:
        raise Problem(UNAVAILABLE, str(error)) from None
    named = {"Content-Disposition": f'inline; filename="{document["number"]}.pdf"'}
    return Response(pdf, media_type=PDF, headers=PRIVATE | named)


@get(
    "/api/money/payments",
    summary="List payments",
    security=OPERATOR,
    operation_class=operation(
        answer(200, "The newest first.", BookPayments),
        *READS,
        NO_STATE,
        parameters=page_parameters("before", OF_BUYER, IN_STATE),
    ),
)
async def list_payments(request: Request, services: FromServices) -> Response[bytes]:
    """For operators: payments of a buyer or of all."""
    buyer_id, before = (read_number(request, name, MAX_BIGINT) for name in ("buyer_id", "before"))
    limit = read_number(request, "limit", MOST) or USUAL
    return await ask(request, services, LIST_PAYMENTS, buyer_id, read_query(request, "status"), before, limit)


@get(
    "/api/money/payables",
    summary="List what sources are owed",
    security=OPERATOR,
    operation_class=operation(answer(200, "Each source and currency.", Payables), *READS),
)
async def list_payables(request: Request, services: FromServices) -> Response[bytes]:
    """For operators: what each source earned, was paid, and is owed."""
    return await ask(request, services, LIST_PAYABLES)


@get(
    "/api/money/payouts",
    summary="List payouts",
    security=OPERATOR,
    operation_class=operation(
        answer(200, "The latest first.", Payouts),
        *READS,
        parameters=page_parameters(
            "before",
            parameter(
                "query",
                "source_id",
                "Only those of this source.",
                required=False,
                type="integer",
                format="int64",
            ),
        ),
    ),
)
async def list_payouts(request: Request, services: FromServices) -> Response[bytes]:
    """For operators: what sources were paid."""
    source_id, before = (read_number(request, name, MAX_BIGINT) for name in ("source_id", "before"))
    limit = read_number(request, "limit", MOST) or USUAL
    return await ask(request, services, LIST_PAYOUTS, source_id, before, limit)
