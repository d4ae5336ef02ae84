"""The routes by which operators keep the books: their key needs scope `money`.

What moves money needs an idempotency key, too: the same again under one key books nothing.
"""

from typing import Annotated

from litestar import Response, post
from litestar.openapi.spec import Operation
from litestar.params import PathParameter

from leadgen.app.book_parts import (
    HAS_BODY,
    MALFORMED,
    ONE_KEY,
    UNFIT,
    USED,
    WRITES,
    BuyerId,
    Number,
    ask,
    clean,
    read_amount,
    read_choice,
    read_fields,
    read_key,
    read_line,
    read_moment,
    read_words,
)
from leadgen.app.openapi.book_models import (
    Adjustment,
    BillRun,
    Booked,
    ClosedMonth,
    CreditNote,
    Numbers,
    PaymentBooked,
    PaymentByHand,
    PaymentRefunded,
    Payout,
    PayoutByHand,
    Refund,
    Resolution,
    Why,
)
from leadgen.app.openapi.models import BookInvoice
from leadgen.app.openapi.operations import OF_64_BITS, OPERATOR, SALE_ID, Json, answer, operation, takes
from leadgen.app.queries import bound
from leadgen.app.services import FromServices, Request

ADD_PAYMENT = "select leadgen.add_payment_for(%s, %s, %s::numeric, %s, %s, %s, %s)::text"
CREDIT_BUYER = "select leadgen.credit_buyer_for(%s, %s, %s::numeric, %s, %s)::text"
DEBIT_BUYER = "select leadgen.debit_buyer_for(%s, %s, %s::numeric, %s, %s)::text"
REFUND_SALE = "select leadgen.refund_sale_for(%s, %s, %s::numeric, %s, %s)::text"
REFUND_PAYMENT = "select leadgen.refund_payment_for(%s, %s, %s::numeric, %s, %s)::text"
ALLOCATE = "select leadgen.allocate_money_for(%s, %s)::text"
INVOICE_BUYER = "select leadgen.invoice_buyer_for(%s, %s, %s)::text"
SEND_INVOICE = "select leadgen.send_invoice_for(%s, %s)::text"
CREDIT_INVOICE = "select leadgen.credit_invoice_for(%s, %s, %s, %s::integer, %s::numeric, %s)::text"
CANCEL_INVOICE = "select leadgen.cancel_invoice_for(%s, %s, %s)::text"
DISPUTE_INVOICE = "select leadgen.dispute_invoice_for(%s, %s, %s)::text"
RESOLVE_DISPUTE = "select leadgen.resolve_dispute_for(%s, %s, %s)::text"
CLOSE_MONTH = "select leadgen.close_month_for(%s, %s)::text"
TOTAL_MONTH = "select leadgen.total_month_for(%s, %s)::text"
PAY_SOURCE = "select leadgen.pay_source_for(%s, %s, %s, %s::numeric, %s::timestamptz, %s, %s, %s)::text"

SaleId = Annotated[int, SALE_ID]
PaymentId = Annotated[int, PathParameter(description="The payment.", schema_extra=OF_64_BITS)]
SourceId = Annotated[int, PathParameter(description="The source.", schema_extra=OF_64_BITS)]
Month = Annotated[str, PathParameter(description="A year and a month: 2026-11.")]


def booking(booked: Json, body: Json) -> type[Operation]:
    """The class of an operation that moves money, once for its key."""
    return operation(booked, UNFIT, *WRITES, USED, HAS_BODY, body=body, parameters=(ONE_KEY,))


@post(
    "/api/money/buyers/{buyer_id:int}/payments",
    status_code=200,
    summary="Book a payment",
    security=OPERATOR,
    operation_class=booking(answer(200, "Booked.", PaymentBooked), takes("What came.", json=PaymentByHand)),
)
async def add_payment(request: Request, services: FromServices, buyer_id: BuyerId) -> Response[bytes]:
    """A top-up, or what pays an invoice: it pays what the buyer owes first; what is over is its balance."""
    key = read_key(request)
    members = await read_fields(request, services, PaymentByHand)
    method = read_words(members, "method", longest=50) or "manual"
    memo, number = read_words(members, "memo"), read_words(members, "invoice", longest=50)
    amount = read_amount(members)
    return await ask(request, services, ADD_PAYMENT, bound(buyer_id), amount, method, key, memo, number)


@post(
    "/api/money/buyers/{buyer_id:int}/credits",
    status_code=200,
    summary="Credit a buyer",
    security=OPERATOR,
    operation_class=booking(answer(200, "Booked.", Booked), takes("How much, and why.", json=Adjustment)),
)
async def credit_buyer(request: Request, services: FromServices, buyer_id: BuyerId) -> Response[bytes]:
    """Its balance rises, or it owes less."""
    return await _book_amount(request, services, CREDIT_BUYER, buyer_id, Adjustment)


@post(
    "/api/money/buyers/{buyer_id:int}/debits",
    status_code=200,
    summary="Debit a buyer",
    security=OPERATOR,
    operation_class=booking(answer(200, "Booked.", Booked), takes("How much, and why.", json=Adjustment)),
)
async def debit_buyer(request: Request, services: FromServices, buyer_id: BuyerId) -> Response[bytes]:
    """Its balance falls, or it owes more; never beyond its balance or its credit limit."""
    return await _book_amount(request, services, DEBIT_BUYER, buyer_id, Adjustment)


async def _book_amount(
    request: Request,
    services: FromServices,
    query: str,
    subject: int,
    model: type[Adjustment | Refund],
) -> Response[bytes]:
    """So much for a reason; without an amount a refund is of all."""
    key = read_key(request)
    members = await read_fields(request, services, model)
    amount, reason = read_amount(members, needed=model is not Refund), read_words(members, "reason")
    return await ask(request, services, query, bound(subject), amount, key, reason)


@post(
    "/api/money/sales/{assignment_id:int}/refunds",
    status_code=200,
    summary="Refund a sale",
    security=OPERATOR,
    operation_class=booking(answer(200, "Booked.", Booked), takes("How much, and why.", json=Refund)),
)
async def refund_sale(request: Request, services: FromServices, assignment_id: SaleId) -> Response[bytes]:
    """Its price is given back, or a part of it. The sale stands."""
    return await _book_amount(request, services, REFUND_SALE, assignment_id, Refund)


@post(
    "/api/money/payments/{payment_id:int}/refunds",
    status_code=200,
    summary="Refund a payment",
    security=OPERATOR,
    operation_class=booking(
        answer(200, "Booked.", PaymentRefunded), takes("How much, and why.", json=Refund)
    ),
)
async def refund_payment(request: Request, services: FromServices, payment_id: PaymentId) -> Response[bytes]:
    """It is paid back, at most the buyer's balance: by Stripe where it came from there; else a person does."""
    return await _book_amount(request, services, REFUND_PAYMENT, payment_id, Refund)


@post(
    "/api/money/buyers/{buyer_id:int}/invoices",
    status_code=200,
    summary="Bill a buyer",
    security=OPERATOR,
    operation_class=operation(
        answer(200, "Its documents.", Numbers),
        MALFORMED,
        *WRITES,
        HAS_BODY,
        body=takes("What is billed.", json=BillRun),
    ),
)
async def bill_buyer(request: Request, services: FromServices, buyer_id: BuyerId) -> Response[bytes]:
    """For each period that has ended; workers do the same every minute. Nothing is billed twice: no key is needed."""
    members = await read_fields(request, services, BillRun)
    return await ask(request, services, INVOICE_BUYER, bound(buyer_id), read_choice(members, "early"))


@post(
    "/api/money/invoices/{number:str}/send",
    status_code=200,
    summary="Send a draft",
    security=OPERATOR,
    operation_class=operation(answer(200, "Sent.", Numbers), MALFORMED, *WRITES),
)
async def send_invoice(request: Request, services: FromServices, number: Number) -> Response[bytes]:
    """It gets its number and is frozen, and its buyer gets it by e-mail. No body is read."""
    return await ask(request, services, SEND_INVOICE, clean(number))


@post(
    "/api/money/invoices/{number:str}/credit-notes",
    status_code=200,
    summary="Correct an invoice",
    security=OPERATOR,
    operation_class=booking(
        answer(200, "Its credit notes; none when nothing is left.", Numbers),
        takes("What is given back, and why.", json=CreditNote),
    ),
)
async def credit_invoice(request: Request, services: FromServices, number: Number) -> Response[bytes]:
    """What is left of it, or of a line, or a part of a line, is given back, and a credit note is sent."""
    key = read_key(request)
    members = await read_fields(request, services, CreditNote)
    reason, line = read_words(members, "reason"), read_line(members)
    amount = read_amount(members, needed=False)
    return await ask(request, services, CREDIT_INVOICE, clean(number), reason, line, amount, key)


@post(
    "/api/money/invoices/{number:str}/cancel",
    status_code=200,
    summary="Cancel an invoice",
    security=OPERATOR,
    operation_class=operation(
        answer(200, "Its credit notes.", Numbers), MALFORMED, *WRITES, HAS_BODY, body=takes("Why.", json=Why)
    ),
)
async def cancel_invoice(request: Request, services: FromServices, number: Number) -> Response[bytes]:
    """A draft's lines are unbilled again; of an open invoice all that is left is given back."""
    reason = read_words(await read_fields(request, services, Why), "reason")
    return await ask(request, services, CANCEL_INVOICE, clean(number), reason)


@post(
    "/api/money/invoices/{number:str}/dispute",
    status_code=200,
    summary="Note that an invoice is disputed",
    security=OPERATOR,
    operation_class=operation(
        answer(200, "The invoice.", BookInvoice), MALFORMED, *WRITES, HAS_BODY, body=takes("Why.", json=Why)
    ),
)
async def dispute_invoice(request: Request, services: FromServices, number: Number) -> Response[bytes]:
    """No reminder goes out until the dispute is resolved."""
    reason = read_words(await read_fields(request, services, Why), "reason")
    return await ask(request, services, DISPUTE_INVOICE, clean(number), reason)


@post(
    "/api/money/invoices/{number:str}/resolve",
    status_code=200,
    summary="End a dispute",
    security=OPERATOR,
    operation_class=operation(
        answer(200, "The invoice.", BookInvoice),
        MALFORMED,
        *WRITES,
        HAS_BODY,
        body=takes("How it ended.", json=Resolution),
    ),
)
async def resolve_dispute(request: Request, services: FromServices, number: Number) -> Response[bytes]:
    """The invoice is to be paid again. Where the buyer was right, correct or cancel it."""
    notes = read_words(await read_fields(request, services, Resolution), "notes")
    return await ask(request, services, RESOLVE_DISPUTE, clean(number), notes)


@post(
    "/api/money/invoices/{number:str}/allocate",
    status_code=200,
    summary="Pay an invoice from what came",
    security=OPERATOR,
    operation_class=operation(answer(200, "The invoice.", BookInvoice), MALFORMED, *WRITES),
)
async def allocate_money(request: Request, services: FromServices, number: Number) -> Response[bytes]:
    """What its buyer paid and no invoice has yet pays this one first, though it is disputed. No body is read."""
    return await ask(request, services, ALLOCATE, clean(number))


@post(
    "/api/money/months/{month:str}/close",
    status_code=200,
    summary="Close a month",
    security=OPERATOR,
    operation_class=operation(answer(200, "It is closed.", ClosedMonth), MALFORMED, *WRITES),
)
async def close_month(request: Request, services: FromServices, month: Month) -> Response[bytes]:
    """Nothing is booked into it any more. Again it changes nothing. No body is read."""
    await ask(request, services, CLOSE_MONTH, clean(month))  # sales wait for this, and not for its sums
    return await ask(request, services, TOTAL_MONTH, clean(month))


@post(
    "/api/money/sources/{source_id:int}/payouts",
    status_code=200,
    summary="Book a payout",
    security=OPERATOR,
    operation_class=booking(
        answer(200, "Booked.", Payout), takes("What a source was paid.", json=PayoutByHand)
    ),
)
async def pay_source(request: Request, services: FromServices, source_id: SourceId) -> Response[bytes]:
    """At most what it is owed. It moves no money by itself."""
    key = read_key(request)
    members = await read_fields(request, services, PayoutByHand)
    amount, until = read_amount(members, needed=False), read_moment(members, "until")
    method = read_words(members, "method", longest=50) or "manual"
    memo, currency = read_words(members, "memo"), read_words(members, "currency", longest=10)
    return await ask(
        request, services, PAY_SOURCE, bound(source_id), key, amount, until, memo, method, currency
    )
