"""What buyers have and owe, worked out in Python: integers of the currency's smallest unit, and no SQL.

It follows docs/decisions/2026-11-30-the-ledger.md and the pages on billing and payments, not the functions that book.
The names of documents, and which charges are on them, come from the database; every amount is worked out here.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

LATEST = datetime.max.replace(tzinfo=UTC)
TAX = 825  # hundredths of a percent
FINALITY = {
    "pending": 1, "completed": 2, "failed": 3,
    "open": 1, "won": 2, "lost": 2,
}  # fmt: skip
TAKES = ("pending", "completed", "open", "lost")

Account = Literal["balance", "receivable"]


def tax_on(amount: int) -> int:
    """Rounded once, half away from zero."""
    units = (abs(amount) * TAX + 5_000) // 10_000
    return units if amount > 0 else -units


@dataclass(eq=False)
class Charge:
    """A transaction that is billed: above zero charged, below given back."""

    amount: int
    account: Account
    key: str = ""  # of the ledger's transaction
    corrects: "Charge | None" = None
    is_earned: bool = True  # not so: a sale that its buyer has still to accept
    corrections: list["Charge"] = field(default_factory=list)
    document: int | None = None

    @property
    def rest(self) -> int:
        """What was not given back of it."""
        return self.amount + sum(one.amount for one in self.corrections)

    @property
    def tax(self) -> int:
        """The tax of all that takes something back, together, is the tax that was charged."""
        if self.corrects is None:
            return tax_on(self.amount)
        earlier = self.corrects.corrections[: self.corrects.corrections.index(self)]
        before = self.corrects.amount + sum(one.amount for one in earlier)
        return tax_on(before + self.amount) - tax_on(before)

    @property
    def is_billable(self) -> bool:
        """Whether the next document may have it."""
        return self.corrects.is_billable if self.corrects else self.is_earned or self.rest == 0


@dataclass(eq=False)
class Document:
    """An invoice or a credit note."""

    id: int
    kind: str
    charges: list[Charge]
    status: str = "draft"
    due: Any = None
    taxed: bool = True
    paid: int = 0
    in_advance: int = 0  # of what is paid: from the balance
    paid_at: datetime | None = None
    credited: int = 0

    def sum(self, account: Account | None = None, *, net: bool = True, tax: bool = True) -> int:
        """Of its lines, as the document shows them."""
        sign = 1 if self.kind == "invoice" else -1
        chosen = [one for one in self.charges if account in (None, one.account)]
        return sign * sum(net * one.amount + (tax and self.taxed) * one.tax for one in chosen)

    @property
    def open(self) -> int:
        """What is neither paid nor credited."""
        return self.sum() - self.paid - self.credited


@dataclass(eq=False)
class Reversal:
    """A refund or a dispute, as it was last said."""

    payment: "Payment"
    amount: int
    status: str = "pending"
    booked: int = 0


@dataclass(eq=False)
class Payment:
    """What a buyer pays."""

    buyer: "Buyer"
    amount: int
    made_at: datetime
    invoice: int | None = None
    is_recharge: bool = False
    is_known: bool = False  # Stripe's id of it
    said: str = "pending"
    booked: int = 0
    owed: int = 0  # how much of it has gone to what was owed, and was not taken back
    reversals: list[Reversal] = field(default_factory=list)

    @property
    def left(self) -> int:
        """What may be refunded."""
        paid = self.amount if self.said == "completed" else 0
        return paid - sum(one.amount for one in self.reversals if one.status in TAKES)

    def say(self, word: str) -> None:
        """What the provider says. A payment that has ended is not open again."""
        if word == "completed" or (word == "failed" and self.said != "completed"):
            self.said = word

    def settle(self) -> None:
        """The money follows the words."""
        wanted = self.amount if self.said == "completed" else 0
        self.book(wanted - self.booked)
        self.booked = wanted
        for one in self.reversals:
            taken = one.amount if self.said == "completed" and one.status in TAKES else 0
            self.book(one.booked - taken)
            one.booked = taken

    def book(self, amount: int) -> None:
        """Money that came in pays invoices. What goes out opens them, if the buyer did not pay too much."""
        spare = max(self.buyer.loose, 0)
        owed = self.buyer.receive(amount)
        if amount > 0:
            self.buyer.settle(self.invoice)
        elif amount < 0:
            self.buyer.reopen(self, min(-owed - spare, self.owed))
        self.owed += owed


@dataclass(eq=False)
class Buyer:
    """One buyer's money and documents."""

    mode: str
    limit: int
    clock: Callable[[], datetime]
    is_taxed: bool
    balance: int = 0
    receivable: int = 0
    charges: list[Charge] = field(default_factory=list)
    documents: dict[int, Document] = field(default_factory=dict)

    def can_pay(self, price: int) -> bool:
        """Whether a lead of this price may be sold to it."""
        return (self.balance if self.mode == "prepaid" else self.limit - self.receivable) >= price

    def move(self, account: Account, charged: int) -> None:
        """Above zero: the buyer has less, or owes more."""
        if account == "balance":
            self.balance -= charged
        else:
            self.receivable += charged

    def charge(self, amount: int, *, is_earned: bool = True) -> Charge:
        """A sale, a debit, or, below zero, a credit."""
        made = Charge(amount, "balance" if self.mode == "prepaid" else "receivable", is_earned=is_earned)
        self.charges.append(made)
        self.move(made.account, amount)
        return made

    def give_back(self, charge: Charge, amount: int) -> None:
        """A part of a charge, or all of it."""
        made = Charge(-amount, charge.account, corrects=charge)
        charge.corrections.append(made)
        self.charges.append(made)
        self.move(made.account, -amount)

    def receive(self, amount: int) -> int:
        """Money that came in, or, below zero, went out: what is owed first; what is there first.

        How much is owed less.
        """
        if self.mode == "invoiced":
            owed = amount
        elif amount > 0:
            owed = min(amount, max(self.receivable, 0))
        else:
            owed = amount + min(-amount, self.balance)
        self.receivable -= owed
        self.balance += amount - owed
        return owed

    # Documents

    @property
    def open_invoices(self) -> list[Document]:
        """The oldest first."""
        found = [one for one in self.documents.values() if one.status in ("open", "disputed")]
        return sorted(found, key=lambda one: (one.due, one.id))

    @property
    def unbilled(self) -> list[Charge]:
        """On no document that was sent."""
        sent = {one.id for one in self.documents.values() if one.status != "draft"}
        return [one for one in self.charges if one.document not in sent]

    @property
    def loose(self) -> int:
        """What the buyer paid or was credited and no invoice has yet; below zero: taken back by its bank."""
        unbilled = sum(one.amount for one in self.unbilled if one.account == "receivable")
        return sum(one.open for one in self.open_invoices) + unbilled - self.receivable

    def issue(self, document: Document) -> None:
        """A draft is sent: its tax is charged, and what the buyer has pays it."""
        self.documents[document.id] = document
        document.taxed = self.is_taxed
        document.status = "open"
        tax = document.sum(net=False)
        prepaid = document.sum("balance", net=False)
        if document.kind == "invoice":
            from_balance = min(prepaid, self.balance)
            self.balance -= from_balance
            self.receivable += tax - from_balance
            document.paid = document.in_advance = document.sum("balance", tax=False) + from_balance
        else:
            document.status = "settled"
            to_balance = prepaid - self.credit(document)
            self.balance += to_balance
            self.receivable -= tax - to_balance
        self.settle()

    def credit(self, note: Document) -> int:
        """A credit note takes off what its invoices leave open; how much tax of what was paid in advance."""
        shares: dict[int, dict[Account, int]] = {}
        for one in note.charges:
            if one.corrects and one.corrects.document is not None:
                share = shares.setdefault(one.corrects.document, {"balance": 0, "receivable": 0})
                share[one.account] -= (
                    one.amount if one.account == "receivable" else 0
                ) + note.taxed * one.tax
        total = 0
        for number, share in shares.items():
            invoice = self.documents[number]
            if invoice.status in ("open", "disputed", "cancelled"):
                part = min(share["receivable"], invoice.open)
                tax = min(share["balance"], invoice.open - part)
                invoice.credited += part + tax
                total += tax
        return total

    def settle(self, first: int | None = None) -> None:
        """What is loose pays the named invoice, then the oldest; then a prepaid buyer's balance does."""
        rest = self.loose
        due = [one for one in self.open_invoices if one.status == "open" or one.id == first]
        for invoice in sorted(due, key=lambda one: one.id != first):
            part = max(min(rest, invoice.open), 0)
            rest -= part
            taken = 0
            if self.mode == "prepaid" and self.balance > 0:
                taken = max(min(self.balance, invoice.open - part), 0)
            self.balance -= taken
            self.receivable -= taken
            invoice.paid += part + taken
            invoice.in_advance += taken
            if invoice.open == 0:
                invoice.status = "paid"
                invoice.paid_at = self.clock()

    def reopen(self, payment: Payment, amount: int) -> None:
        """What is taken back of a payment opens the invoice that it named, then those paid last since it was made."""
        found = [
            one for one in self.documents.values()
            if one.kind == "invoice" and one.status in ("open", "disputed", "paid")
            and (one.id == payment.invoice or one.paid_at is None or one.paid_at >= payment.made_at)
        ]  # fmt: skip
        found.sort(
            key=lambda one: (one.id == payment.invoice, one.paid_at or LATEST, one.due, one.id), reverse=True
        )
        rest = amount
        for invoice in found:
            part = max(min(rest, invoice.paid - invoice.in_advance), 0)
            rest -= part
            if part:
                invoice.paid -= part
                invoice.paid_at = None
                invoice.status = "open" if invoice.status == "paid" else invoice.status

    def sweep(self) -> None:
        """What the chore of every minute does."""
        due = [one for one in self.open_invoices if one.status == "open"]
        if due and ((self.mode == "prepaid" and self.balance > 0) or self.loose > 0):
            self.settle()
