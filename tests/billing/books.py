"""Whatever may happen to money, in any order: a state machine beside the model of billing/model.py.

A step is a transaction of its own: on a ground that crashes PostgreSQL it is committed, elsewhere all of an example is
rolled back at its end.
"""

import json
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, consumes, initialize, invariant, multiple, precondition, rule

from billing.market import DOCUMENTS, FAULTS, HOURS, OPEN, PRICE, RECHARGE_BELOW, SENT, Market, Sale, choose
from billing.model import Document, Reversal
from rig.catalogue import Offer, make_lead

SALES = """
select a.id, a.buyer_id, a.price from leadgen.lead_assignments a
where a.lead_id = %s and a.released_at is null
order by a.id
"""
MONEY = "select id, balance, receivable from leadgen.buyers order by id"
BILLED = "select buyer_id, ledger, invoiced - credited, unbilled from report.billed"
BROKEN = "select * from leadgen.list_broken_invariants()"


amounts = st.integers(1, 3000)  # in the currency's smallest unit
places = st.integers(0, 2)
numbers = st.integers(0, 1_000_000)


class Books(Market):
    """What may happen, and what holds after each step."""

    sales = Bundle("sales")

    @initialize(target=sales)
    def begin(self) -> object:
        """Everybody has or owes something: the last owes from when it was invoiced. Some of it is billed."""
        self.change_mode(2)
        self.adjust(2, PRICE, is_credit=False)
        self.change_mode(2)
        for place in range(3):
            self.pay_by_stripe(place, PRICE)
        for place in (0, 2):
            self.top_up(place, 3 * PRICE)
        sold = self.sell_lead(0)
        for place in (0, 1):
            self.bill(place, stays_draft=False)
        return multiple(*sold, *self.sell_lead(1))

    def teardown(self) -> None:
        """In the end all sales have been accepted or have ended: each of them, and all else, is on a document."""
        self.tell_everything()
        self.wait(700)
        for place in range(3):
            self.bill(place, stays_draft=False)
        self.the_model_agrees()
        self.the_documents_agree()
        self.the_books_are_in_order()
        assert [one.key for buyer in self.buyers for one in buyer.unbilled] == []
        self.ground.close()

    # Leads

    @rule(target=sales, which=st.integers(0, 1))
    def sell(self, which: int) -> object:
        return multiple(*self.sell_lead(which))

    def sell_lead(self, which: int) -> list[Sale]:
        """To whom it has to be sold, by the model."""
        self.tick()
        expected = [buyer for buyer in self.buyers if buyer.can_pay(PRICE)][: 2 - which]
        offer: Offer = self.offers[which]
        lead = self.value("select leadgen.submit_lead(%s, '{}')", json.dumps(make_lead(offer.source_key)))
        made = self.connection.execute(SALES, [lead["lead_id"]]).fetchall()
        assert [(self.buyer_of(buyer_id), price) for _, buyer_id, price in made] == [
            (buyer, self.units(PRICE)) for buyer in expected
        ]
        for (sale_id, *_), buyer in zip(made, expected, strict=True):
            charge = buyer.charge(PRICE, is_earned=not which)
            until = self.now + timedelta(hours=HOURS) if which else None
            self.known[sale_id] = Sale(sale_id, lead["lead_id"], buyer, charge, until)
        return [self.known[sale_id] for sale_id, *_ in made]

    @rule(sale=sales, amount=amounts)
    def refund_part(self, sale: Sale, amount: int) -> None:
        statement = "select leadgen.refund_sale(%s, %s, %s, 'sorry')"
        taken = self.attempt(statement, sale.id, self.units(amount), self.key())
        assert taken == (amount <= sale.charge.rest)
        if taken:
            sale.buyer.give_back(sale.charge, amount)

    @rule(sale=sales)
    def refund_all(self, sale: Sale) -> None:
        taken = self.attempt("select leadgen.refund_sale(%s, null, %s, 'sorry')", sale.id, self.key())
        assert taken == (sale.charge.rest > 0)
        if taken:
            sale.buyer.give_back(sale.charge, sale.charge.rest)

    @rule(sale=consumes(sales))
    def give_lead_back(self, sale: Sale) -> None:
        if self.attempt("select leadgen.return_sale(%s, 'spam')", sale.id):
            sale.end()

    @rule(sale=sales)
    def find_bad(self, sale: Sale) -> None:
        assert self.attempt("select leadgen.refund_lead(%s, 'spam')", sale.lead_id)
        for other in self.known.values():
            if other.lead_id == sale.lead_id:
                other.end()

    @precondition(lambda self: any(one.until for one in self.known.values()))
    @rule(sale=sales)
    def accept(self, sale: Sale) -> None:
        if self.attempt("select leadgen.accept_sale(%s)", sale.id):
            sale.until = None
            sale.charge.is_earned = True

    @rule(hours=st.sampled_from([1, 13, 30, 200, 700]))
    def wait(self, hours: int) -> None:
        """Sales lapse, periods end, and what was paid goes to invoices."""
        self.tick(timedelta(hours=hours))
        self.work("settle_answers", "release_due_sale")
        for sale in self.known.values():
            if sale.until and sale.until <= self.now:
                sale.end()
        self.work("invoice_due_buyer")
        self.read_documents()
        self.work("settle_payments", "settle_overdue")
        for buyer in self.buyers:
            buyer.sweep()

    @rule(place=places)
    def change_mode(self, place: int) -> None:
        """What was bought stays paid as it was; what it has left, and owes, stays."""
        buyer = self.buyers[place]
        buyer.mode = "invoiced" if buyer.mode == "prepaid" else "prepaid"
        self.connection.execute(
            "update leadgen.buyers set billing_mode = %s where id = %s", [buyer.mode, self.ids[place]]
        )

    # By hand

    @rule(place=places, amount=amounts)
    def top_up(self, place: int, amount: int) -> None:
        key = self.key()
        for _ in range(2):  # entered twice, it is booked once
            assert self.attempt("select leadgen.top_up(%s, %s, %s)", self.ids[place], self.units(amount), key)
        self.take_payment()

    @rule(place=places, amount=amounts)
    def withdraw(self, place: int, amount: int) -> None:
        statement = "select leadgen.withdraw(%s, %s, %s)"
        taken = self.attempt(statement, self.ids[place], self.units(amount), self.key())
        assert taken == (amount <= self.buyers[place].balance)
        self.buyers[place].balance -= amount if taken else 0

    @rule(place=places, amount=amounts, is_credit=st.booleans())
    def adjust(self, place: int, amount: int, is_credit: bool) -> None:
        buyer = self.buyers[place]
        statement = f"select leadgen.{'credit' if is_credit else 'debit'}_buyer(%s, %s, %s, 'by hand')"
        taken = self.attempt(statement, self.ids[place], self.units(amount), self.key())
        assert taken == (is_credit or buyer.can_pay(amount))
        if taken:
            buyer.charge(-amount if is_credit else amount)

    @rule(place=places, amount=amounts)
    def write_off(self, place: int, amount: int) -> None:
        statement = "select leadgen.write_off_receivable(%s, %s, %s, 'insolvent')"
        taken = self.attempt(statement, self.ids[place], self.units(amount), self.key())
        assert taken == (amount <= self.buyers[place].receivable)
        self.buyers[place].receivable -= amount if taken else 0

    @rule(place=places, amount=amounts, which=numbers, names_one=st.booleans())
    def pay_by_hand(self, place: int, amount: int, which: int, names_one: bool) -> None:
        """For an invoice, or for whatever is owed."""
        buyer = self.buyers[place]
        invoices = [one.id for one in buyer.documents.values() if one.kind == "invoice"]
        invoice = invoices[which % len(invoices)] if invoices and names_one else None
        assert self.attempt(
            "select leadgen.add_payment(%s, %s, 'bank_transfer', %s, null, %s)",
            self.ids[place], self.units(amount), self.key(), invoice,
        )  # fmt: skip
        self.take_payment(invoice)

    def take_payment(self, invoice: int | None = None) -> None:
        """The new one has come."""
        (payment,) = self.read_payments()
        payment.invoice = invoice
        payment.say("completed")
        payment.settle()

    # Invoices

    @rule(place=places, stays_draft=st.booleans())
    def bill(self, place: int, stays_draft: bool) -> None:
        """Everything that can be billed is."""
        sends = "update leadgen.billing_settings set sends_at_once = %s"
        self.connection.execute(sends, [not stays_draft])
        assert self.attempt("select leadgen.invoice_buyer(%s, null, true)", self.ids[place])
        self.connection.execute(sends, [True])
        self.read_documents()
        on_none = [one for one in self.buyers[place].charges if one.is_billable and one.document is None]
        assert [(one.key, one.amount) for one in on_none] == []

    @precondition(lambda self: self.invoices("draft"))
    @rule(which=numbers)
    def send(self, which: int) -> None:
        _, draft = choose(self.invoices("draft"), which)
        assert self.attempt("select leadgen.send_invoice(%s)", self.number(draft))
        self.read_documents()

    @precondition(lambda self: self.invoices(*SENT))
    @rule(which=numbers, line=numbers, amount=amounts)
    def credit_line(self, which: int, line: int, amount: int) -> None:
        """By a credit note, which is sent at once."""
        buyer, invoice = choose(self.invoices(*SENT), which)
        number, charge = choose([one for one in enumerate(invoice.charges, 1) if one[1].amount > 0], line)
        taken = self.attempt(
            "select leadgen.credit_invoice(%s, 'late', %s, %s, %s)",
            self.number(invoice), number, self.units(amount), self.key(),
        )  # fmt: skip
        assert taken == (amount <= charge.rest)
        if taken:
            buyer.give_back(charge, amount)
            self.read_documents()

    @precondition(lambda self: self.invoices(*OPEN, "draft"))
    @rule(which=numbers)
    def cancel(self, which: int) -> None:
        buyer, invoice = choose(self.invoices(*OPEN, "draft"), which)
        assert self.attempt("select leadgen.cancel_invoice(%s, 'wrong')", self.number(invoice))
        if invoice.status != "draft":
            invoice.status = "cancelled"
            for charge in list(invoice.charges):
                if charge.amount > 0 and charge.rest:
                    buyer.give_back(charge, charge.rest)
        self.read_documents()

    @precondition(lambda self: self.invoices("open"))
    @rule(which=numbers)
    def dispute_invoice(self, which: int) -> None:
        _, invoice = choose(self.invoices("open"), which)
        assert self.attempt("select leadgen.dispute_invoice(%s, 'never came')", self.number(invoice))
        invoice.status = "disputed"

    @precondition(lambda self: self.invoices("disputed"))
    @rule(which=numbers)
    def resolve_dispute(self, which: int) -> None:
        buyer, invoice = choose(self.invoices("disputed"), which)
        assert self.attempt("select leadgen.resolve_dispute(%s)", self.number(invoice))
        invoice.status = "open"
        buyer.settle()

    @rule()
    def close_month(self) -> None:
        """Nothing that comes later is booked into it."""
        month = (self.now.replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
        if self.attempt("select leadgen.close_month(%s)", month):
            assert self.attempt("select leadgen.total_month(%s)", month)

    # Stripe

    @rule(place=places, amount=amounts)
    def ask_for_payment(self, place: int, amount: int) -> None:
        amount += 100  # Stripe keeps something
        assert self.attempt(
            "select leadgen.start_checkout(%s, %s, %s)", self.ids[place], self.units(amount), self.key()
        )
        self.read_payments()

    @rule()
    def start_recharge(self) -> None:
        self.tick()
        is_low = self.buyers[0].mode == "prepaid" and self.buyers[0].balance < RECHARGE_BELOW
        self.work("tell_payment", "start_recharge")
        made = self.read_payments()
        assert len(made) <= is_low
        assert all(one.is_recharge and one.buyer is self.buyers[0] for one in made)

    @precondition(lambda self: self.payments)
    @rule(fault=st.sampled_from(FAULTS), is_lost=st.booleans())
    def call_stripe(self, fault: Any, is_lost: bool) -> None:
        """A worker makes the calls that are due; it may die before it records what they brought."""
        self.tick(timedelta(minutes=3))
        if fault:
            self.double.faults.append(fault)
        self.make_calls(is_lost)
        self.double.faults.clear()

    @rule(place=places, amount=amounts)
    def pay_by_stripe(self, place: int, amount: int) -> None:
        """All of it, and nothing is heard of it yet."""
        self.ask_for_payment(place, amount)
        self.make_calls()
        self.double.pay(self.at_stripe("checkout.session", "open")[-1]["id"])

    @precondition(lambda self: self.at_stripe("checkout.session", "open"))
    @rule(which=numbers)
    def pay_page(self, which: int) -> None:
        """A buyer pays on Stripe's page."""
        self.double.pay(choose(self.at_stripe("checkout.session", "open"), which)["id"])

    @precondition(lambda self: self.payments)
    @rule(which=numbers, amount=amounts)
    def refund_payment(self, which: int, amount: int) -> None:
        payment_id = choose(list(self.payments), which)
        payment, key = self.payments[payment_id], self.key()
        statement = "select leadgen.refund_payment(%s, %s, %s)"
        taken = self.attempt(statement, payment_id, self.units(amount), key)
        is_there = payment.buyer.mode == "invoiced" or amount <= payment.buyer.balance
        assert taken == (amount <= payment.left and is_there)
        if taken:
            row = "select {} from leadgen.payment_reversals where key = %s"
            reversal = Reversal(payment, amount, self.value(row.format("status"), key))
            self.reversals[self.value(row.format("provider_key::text"), key)] = reversal
            payment.reversals.append(reversal)
            payment.settle()

    @precondition(lambda self: self.at_stripe("payment_intent", "succeeded"))
    @rule(which=numbers, amount=amounts)
    def refund_at_stripe(self, which: int, amount: int) -> None:
        intent = choose(self.at_stripe("payment_intent", "succeeded"), which)
        self.double.create_refund({"payment_intent": intent["id"], "amount": str(amount)})

    @precondition(lambda self: self.at_stripe("refund", "succeeded"))
    @rule(which=numbers)
    def fail_refund(self, which: int) -> None:
        """A bank sends it back."""
        refund = choose(self.at_stripe("refund", "succeeded"), which)
        refund["status"] = "failed"
        self.double.tell("refund.failed", refund)

    @precondition(lambda self: self.undisputed)
    @rule(which=numbers)
    def dispute_payment(self, which: int) -> None:
        self.double.dispute(choose(self.undisputed, which)["id"])

    @precondition(lambda self: self.at_stripe("dispute", "needs_response"))
    @rule(which=numbers, word=st.sampled_from(["won", "lost"]))
    def decide_dispute(self, which: int, word: str) -> None:
        self.double.close_dispute(choose(self.at_stripe("dispute", "needs_response"), which), word)

    @precondition(lambda self: self.unheard)
    @rule(which=numbers)
    def hear(self, which: int) -> None:
        """One of Stripe's events, in whatever order."""
        self.take_in(choose(self.unheard, which))

    @precondition(lambda self: self.heard)
    @rule(which=numbers, is_copy=st.booleans())
    def hear_again(self, which: int, is_copy: bool) -> None:
        """Stripe sends an event twice, and sometimes under another id."""
        event = choose([one for one in self.double.events if one["id"] in self.heard], which)
        self.take_in(event | {"id": f"{event['id']}_{next(self.keys)}"} if is_copy else event)

    @rule()
    def tell_everything(self) -> None:
        """Every event comes, every question is answered: the books say what Stripe does."""
        for event in self.unheard:
            self.take_in(event)
        for _ in range(4):
            self.tick(timedelta(hours=7))
            self.make_calls()
        assert self.value("select count(*) from leadgen.payment_events where processed_at is null") == 0
        for intent in self.at_stripe("payment_intent"):
            payment = self.by_intent[intent["id"]]
            assert payment.booked == (intent["amount"] if intent["status"] == "succeeded" else 0)
        charged = [one["metadata"]["leadgen_payment"] for one in self.at_stripe("payment_intent")]
        assert len(charged) == len(set(charged))
        for one in [*self.at_stripe("refund"), *self.at_stripe("dispute")]:
            takes = one["status"] in ("succeeded", "needs_response", "lost")
            assert self.reversals[one["id"]].booked == (one["amount"] if takes else 0)

    # Crashes

    @precondition(lambda self: self.ground.crashes)
    @rule()
    def crash(self) -> None:
        """What was committed is there."""
        self.connection = self.ground.crash()
        self.tick()

    @precondition(lambda self: self.ground.crashes)
    @rule(place=places, amount=amounts)
    def crash_before_commit(self, place: int, amount: int) -> None:
        """What was not is not."""
        key = self.key()
        self.tick()
        self.connection.execute("begin")
        self.value("select leadgen.top_up(%s, %s, %s)", self.ids[place], self.units(amount), key)
        for offer in self.offers:
            self.value("select leadgen.submit_lead(%s, '{}')", json.dumps(make_lead(offer.source_key)))
        self.value("select leadgen.invoice_buyer(%s, null, true)", self.ids[place])
        self.connection = self.ground.crash()
        self.tick()
        assert self.value("select count(*) from leadgen.ledger_transactions where key = %s", key) == 0

    # What holds after each step

    @invariant()
    def the_model_agrees(self) -> None:
        self.read_keys()
        money = self.connection.execute(MONEY).fetchall()
        assert [tuple(map(self.count_units, row[1:])) for row in money] == [
            (buyer.balance, buyer.receivable) for buyer in self.buyers
        ]
        assert min(buyer.balance for buyer in self.buyers) >= 0
        for buyer_id, ledger, billed, unbilled in self.connection.execute(BILLED).fetchall():
            buyer = self.buyer_of(buyer_id)
            assert self.count_units(ledger) == sum(one.amount for one in buyer.charges)
            on_none = sum(one.amount for one in buyer.charges if one.document is None)
            assert self.count_units(unbilled) == on_none
            assert self.count_units(billed) == sum(one.amount for one in buyer.charges) - on_none

    @invariant()
    def what_is_owed_is_on_a_document(self) -> None:
        """Or unbilled, or a bank or a refund has taken back what paid it."""
        for buyer in self.buyers:
            taken = sum(
                reversal.booked
                for one in self.payments.values() if one.buyer is buyer
                for reversal in one.reversals
            )  # fmt: skip
            assert buyer.loose + taken >= 0, f"{-buyer.loose} is owed, and no document says so"

    @invariant()
    def the_documents_agree(self) -> None:
        found = {}
        words = {"sent": "open", "partly_paid": "open", "overdue": "open"}
        for number, _, kind, status, _, *money, _ in self.connection.execute(DOCUMENTS).fetchall():
            said = "settled" if kind == "credit_note" and status == "paid" else words.get(status, status)
            found[number] = (said, *map(self.count_units, money))
        assert found == {
            one.id: (one.status, one.sum(), one.sum(net=False), self.paid(one), one.credited)
            for one in self.documents.values()
        }

    def paid(self, document: Document) -> int:
        return document.sum() if document.status == "settled" else document.paid

    @invariant()
    def the_books_are_in_order(self) -> None:
        assert self.connection.execute(BROKEN).fetchall() == []
