"""What operators send and get over HTTP when they keep the books, as models. See models.py."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from leadgen.app.openapi.models import (
    Balance,
    BookInvoice,
    Currency,
    InvoiceLine,
    InvoiceTax,
    Letterhead,
    Moment,
    Money,
    Payer,
    Payment,
    SignedMoney,
    says,
    text,
)

MOST_TEXT = 500  # characters of a reason or memo

Amount = Annotated[str, Meta(pattern=r"^[0-9]{1,8}(\.[0-9]{1,2})?$"), says("As text.", "250.00")]
Reason = Annotated[
    str, Meta(min_length=1, max_length=MOST_TEXT), says("Why; it is kept. No names of leads in it.")
]
Memo = Annotated[str | UnsetType | None, text(MOST_TEXT, "Kept with the booking.")]
Method = Annotated[
    Literal["manual", "bank_transfer", "check", "paypal"] | UnsetType,
    says("How it was paid. Default: manual."),
]


class BuyerBalance(Balance):
    """What one buyer has left and owes."""

    buyer: Annotated[str, says("Its name.")]


class Balances(Struct):
    """A page of buyers, by id."""

    balances: list[BuyerBalance]
    next_after: Annotated[int | None, says("The `after` of the next page; null: there is none.")]


class BookInvoices(Struct):
    """Invoices, credit notes and drafts, the newest first."""

    invoices: list[BookInvoice]
    next_before: Annotated[int | None, says("The `before` of the next page; null: there is none.")]


class BookInvoiceDocument(BookInvoice):
    """An invoice, a credit note or a draft with its lines."""

    from_: Letterhead = field(name="from")
    to: Payer
    corrects: Annotated[list[str], says("Of a credit note: the invoices that it corrects.")]
    taxes: list[InvoiceTax]
    lines: list[InvoiceLine]


class BookPayment(Payment):
    """A payment, as operators see it."""

    buyer_id: int
    purpose: Literal["top_up", "recharge", "invoice"]
    invoice: Annotated[str | None, says("The invoice that it pays first.")]
    received: Annotated[Money | None, says("What came in, as the provider last said.")]
    key: str
    memo: str | None


class BookPayments(Struct):
    """Payments, the newest first."""

    payments: list[BookPayment]
    next_before: Annotated[int | None, says("The `before` of the next page; null: there is none.")]


class Payable(Struct):
    """What a source earned and is owed, in one currency."""

    source_id: int
    source: str
    currency: Currency
    earned: SignedMoney
    taken_back: Annotated[SignedMoney, says("For sales that ended, or refunds.")]
    paid: SignedMoney
    owed: Annotated[SignedMoney, says("Below zero: it was paid for leads that were returned since.")]


class Payables(Struct):
    """What sources are owed."""

    payables: list[Payable]


class Payout(Struct):
    """What a source was paid."""

    transaction_id: int
    source_id: int
    booked_at: Moment
    amount: Money
    currency: Currency
    method: str
    memo: str | None
    key: str


class Payouts(Struct):
    """Payouts, the latest first."""

    payouts: list[Payout]
    next_before: Annotated[int | None, says("The `before` of the next page; null: there is none.")]


class PaymentByHand(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A payment that has come."""

    amount: Amount
    method: Method = UNSET
    memo: Memo = UNSET
    invoice: Annotated[str | UnsetType | None, text(50, "The number of the invoice that it pays first.")] = (
        UNSET
    )


class PaymentBooked(Struct):
    """The payment, and what its buyer has then."""

    payment: Payment
    balance: Balance


class Adjustment(Struct, forbid_unknown_fields=True):
    """How much, and why."""

    amount: Amount
    reason: Reason


class Booked(Struct):
    """What was booked, and what the buyer has then."""

    transaction_id: int
    balance: Balance


class Refund(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """How much is given back, and why."""

    reason: Reason
    amount: Annotated[str | UnsetType | None, says("A part of it. Default: all that is left.", "20.00")] = (
        UNSET
    )


class PaymentRefunded(Struct):
    """The refund, its payment, and what the buyer has then."""

    reversal_id: int
    payment: Payment
    balance: Balance


class BillRun(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What is billed."""

    early: Annotated[bool | UnsetType, says("What is unbilled of the open period, too. Default: false.")] = (
        UNSET
    )


class Numbers(Struct):
    """Documents that were made or sent."""

    numbers: Annotated[list[str], says("Of drafts where they are not sent at once.", ["INV-2026-00017"])]


class CreditNote(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What of an invoice is given back, and why."""

    reason: Reason
    line: Annotated[int | UnsetType | None, says("Only this line. Default: all lines.")] = UNSET
    amount: Annotated[str | UnsetType | None, says("Only so much of the line, without tax.", "10.00")] = UNSET


class Why(Struct, forbid_unknown_fields=True):
    """Why."""

    reason: Reason


class Resolution(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """How a dispute ended."""

    notes: Memo = UNSET


class ClosedMonth(Struct):
    """A month that is closed."""

    month: str
    totals: Annotated[int, says("How many totals of accounts are kept of it.")]


class PayoutByHand(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What a source was paid."""

    amount: Annotated[str | UnsetType | None, says("Default: all that it is owed.", "120.00")] = UNSET
    until: Annotated[
        Moment | UnsetType | None, says("Only what was booked before this time, with its offset.")
    ] = UNSET
    method: Method = UNSET
    memo: Memo = UNSET
    currency: Annotated[
        Currency | UnsetType | None, says("Which of its currencies. Default: that of its market.")
    ] = UNSET
