"""A market of three buyers, and Stripe: what a state machine of tests/billing plays on, and what it reads.

What happens is in billing/books.py, what follows from it in billing/model.py.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any, Protocol, TypeVar

import psycopg
from hypothesis.stateful import RuleBasedStateMachine
from psycopg import errors

from billing.model import FINALITY, Buyer, Charge, Document, Payment, Reversal
from doubles.stripe_api import SECRET_KEY, Stripe, decline, fail_after, lose_answer, lose_request
from leadgen.payments.due import CLAIM_CALLS, RECORD_ANSWER, Due, answer_arguments
from leadgen.payments.stripe_api import StripeApi
from rig.catalogue import Catalogue

START = datetime(2026, 3, 6, 12, tzinfo=UTC)  # two days before clocks change in Austin
STAY = {"on_return": False, "on_failure": False}  # a lead whose sale ended is offered to nobody else
HOURS = 24  # to accept a lead of the offer that asks for it
PRICE, LIMIT, THRESHOLD = 735, 6000, 4000
RECHARGE_BELOW, RECHARGE, BUDGET = 500, 2000, 5000
FAULTS = [None, None, lose_answer, lose_request, fail_after, decline("insufficient_funds")]
currencies = {"USD": Decimal("0.01"), "JPY": Decimal(1)}

BOOKED = """
select t.id, t.key, e.buyer_id, e.account, e.amount, r.key
from leadgen.ledger_transactions t
join leadgen.ledger_kinds k on k.code = t.kind and k.is_billed
join leadgen.ledger_entries e on e.transaction_id = t.id and e.account in ('buyer_prepaid', 'buyer_receivable')
left join leadgen.ledger_transactions r on r.id = t.reverses_id
where t.id > %s
order by t.id
"""
DOCUMENTS = """
select i.id, i.buyer_id, i.kind, i.status::text, i.due_date, i.total_amount, i.tax_amount, i.paid_amount,
  i.credited_amount, array(
    select t.key from leadgen.invoice_lines l
    join leadgen.ledger_transactions t on t.id = l.transaction_id
    where l.invoice_id = i.id
    order by l.position)
from leadgen.invoices i
order by i.period_end, i.kind <> 'invoice', i.id
"""
PAYMENTS = """
select p.id, p.buyer_id, p.provider_key::text, p.amount, p.purpose, p.created_at
from leadgen.payments p order by p.id
"""
OPEN = ("open", "disputed")
SENT = (*OPEN, "paid", "cancelled")
T = TypeVar("T")


def choose(some: Sequence[T], which: int) -> T:
    """One of several."""
    return some[which % len(some)]


class Ground(Protocol):
    """Where the steps of an example happen."""

    crashes: bool

    def open(self) -> psycopg.Connection[Any]:
        """A session for a new example."""

    def close(self) -> None:
        """The example has ended."""

    def crash(self) -> psycopg.Connection[Any]:
        """PostgreSQL dies and comes back; another session."""


class Sale:
    """A sale of the model."""

    def __init__(
        self, sale_id: int, lead_id: int, buyer: Buyer, charge: Charge, until: datetime | None
    ) -> None:
        self.id, self.lead_id, self.buyer, self.charge = sale_id, lead_id, buyer, charge
        self.until = until  # it lapses then, unless it is accepted
        self.stands = True

    def end(self) -> None:
        """What is left of its price is given back."""
        if self.stands:
            self.stands = False
            self.charge.is_earned = True
            if self.charge.rest:
                self.buyer.give_back(self.charge, self.charge.rest)


class Market(RuleBasedStateMachine):
    """The buyers of the model and those of the database."""

    ground: Ground
    double: Stripe
    currency = "USD"

    def __init__(self) -> None:
        super().__init__()
        self.connection = self.ground.open()
        self.double.forget()
        self.api = StripeApi(SECRET_KEY, self.double.url, 5, "https://leads.example/paid")
        self.unit = currencies[self.currency]
        self.now = START
        self.keys = count()
        self.tick(timedelta())
        catalogue = Catalogue(self.connection)
        run = self.connection.execute
        run("update leadgen.markets set currency = %s where id = %s", [self.currency, catalogue.market])
        run("update leadgen.billing_settings set company = 'Acme Leads'")
        run("update leadgen.settings set default_invoice_threshold = %s", [self.units(THRESHOLD)])
        run("insert into leadgen.tax_rates (country, rate, name) values ('US', 8.25, 'Sales tax')")
        money: dict[str, Any] = {
            "default_price_per_lead": self.units(PRICE),
            "invoice_threshold": self.units(THRESHOLD),
        }
        self.offers = [
            catalogue.add_offer({"max_buyers": 2, "reroute": STAY}, **money),
            catalogue.add_offer(
                {"acceptance": {"mode": "explicit", "window_hours": HOURS}, "reroute": STAY}, **money
            ),
        ]
        # The first is asked first. What they can pay is all that keeps them from a lead.
        self.buyers = [
            Buyer("prepaid", LIMIT, self.clock, is_taxed=True),
            Buyer("invoiced", LIMIT, self.clock, is_taxed=True),
            Buyer("prepaid", LIMIT, self.clock, is_taxed=False),
        ]
        terms = [("daily", "buyer"), ("weekly", "offer"), ("monthly", "buyer")]
        self.ids = [
            catalogue.add_buyer(
                billing_mode=buyer.mode, credit_limit=self.units(LIMIT), billing_cycle=cycle, invoices_by=by,
                tax_country="US" if buyer.is_taxed else None,
            )
            for buyer, (cycle, by) in zip(self.buyers, terms, strict=True)
        ]  # fmt: skip
        for offer in self.offers:
            for place, buyer_id in enumerate(self.ids):
                catalogue.enroll(offer, buyer_id, routing_priority=10 - place)
        self.save_method()
        self.known: dict[int, Sale] = {}
        self.documents: dict[int, Document] = {}
        self.payments: dict[int, Payment] = {}
        self.by_key: dict[str, Payment] = {}
        self.by_intent: dict[str, Payment] = {}
        self.reversals: dict[str, Reversal] = {}  # by our key, or by Stripe's id
        self.heard: set[str] = set()
        self.waiting: list[dict[str, Any]] = []
        self.last_booked = 0

    def save_method(self) -> None:
        """The first buyer may be recharged."""
        self.connection.execute(
            "update leadgen.buyers set payment_method = 'stripe', payment_method_id = 'pm_1' where id = %s",
            [self.ids[0]],
        )
        self.connection.execute(
            "insert into leadgen.payment_profiles (buyer_id, customer_id) values (%s, 'cus_1')", [self.ids[0]]
        )
        limits = [self.units(one) for one in (RECHARGE_BELOW, RECHARGE, BUDGET)]
        self.connection.execute("select leadgen.set_recharge(%s, %s, %s, %s)", [self.ids[0], *limits])

    # How it is asked

    def units(self, amount: int) -> Decimal:
        return amount * self.unit

    def count_units(self, money: Decimal) -> int:
        units = money / self.unit
        assert units == int(units), f"{money} is no amount in {self.currency}"
        return int(units)

    def tick(self, time: timedelta = timedelta(seconds=1)) -> None:
        self.now += time
        self.connection.execute("select set_config('leadgen.clock', %s, false)", [self.now.isoformat()])

    def clock(self) -> datetime:
        return self.now

    def key(self) -> str:
        return f"test:{next(self.keys)}"

    def value(self, statement: str, *parameters: object) -> Any:
        row = self.connection.execute(statement.encode(), parameters).fetchone()
        return row[0] if row else None

    def attempt(self, statement: str, *parameters: object) -> bool:
        """Whether it was taken; it may be refused, and then nothing has changed."""
        self.tick()
        try:
            with self.connection.transaction():
                self.connection.execute(statement.encode(), parameters)
        except errors.DatabaseError as error:
            if error.sqlstate != "LG409":
                raise
            return False
        return True

    def work(self, *chores: str) -> None:
        """What workers do by themselves."""
        for chore in chores:
            while self.value("select leadgen.run_chore(%s)", chore):
                pass

    def buyer_of(self, buyer_id: int) -> Buyer:
        return self.buyers[self.ids.index(buyer_id)]

    # What there is

    def invoices(self, *statuses: str) -> list[tuple[Buyer, Document]]:
        return [
            (buyer, one)
            for buyer in self.buyers
            for one in buyer.documents.values()
            if one.status in statuses and one.kind == "invoice" and one.charges
        ]

    def number(self, document: Document) -> str:
        return str(self.value("select invoice_number from leadgen.invoices where id = %s", document.id))

    def read_payments(self) -> list[Payment]:
        """Those that are new."""
        made = []
        for payment_id, buyer_id, key, amount, purpose, made_at in self.connection.execute(
            PAYMENTS
        ).fetchall():
            if payment_id not in self.payments:
                payment = Payment(
                    self.buyer_of(buyer_id),
                    self.count_units(amount),
                    made_at,
                    is_recharge=purpose == "recharge",
                )
                self.payments[payment_id] = self.by_key[key] = payment
                made.append(payment)
        return made

    def read_keys(self) -> None:
        """The ledger's transactions that are billed are the charges of the model, each with its own amount."""
        for number, key, buyer_id, account, amount, corrects in self.connection.execute(
            BOOKED, [self.last_booked]
        ).fetchall():
            self.last_booked = number
            found = [
                one for one in self.buyer_of(buyer_id).charges
                if not one.key and one.amount == self.count_units(amount)
                and one.account == account.removeprefix("buyer_").replace("prepaid", "balance")
                and (one.corrects.key if one.corrects else None) == corrects
            ]  # fmt: skip
            assert found, f"{key}: {amount} of {account} is no charge of the model"
            found[0].key = key
        assert [one for buyer in self.buyers for one in buyer.charges if not one.key] == []

    def read_documents(self) -> None:
        """Drafts and what was sent since; what follows from each is worked out."""
        self.read_keys()
        charges = {one.key: one for buyer in self.buyers for one in buyer.charges}
        rows = self.connection.execute(DOCUMENTS).fetchall()
        for number, buyer_id, kind, status, due, *_, keys in rows:
            document = self.documents.get(number)
            if document is None or document.status == "draft":
                document = Document(number, kind, [charges[key] for key in keys], due=due)
                self.documents[number] = document
                self.buyer_of(buyer_id).documents[number] = document
                if status == "cancelled":
                    document.status = "cancelled"
        for buyer in self.buyers:
            for charge in buyer.charges:
                charge.document = None
            for document in buyer.documents.values():
                document.taxed = buyer.is_taxed
                for charge in document.charges:
                    assert charge.document is None, f"{charge.key} is on two documents"
                    charge.document = document.id
        for number, buyer_id, _, status, *_ in rows:
            if self.documents[number].status == "draft" and status != "draft":
                self.buyer_of(buyer_id).issue(self.documents[number])

    # What Stripe says

    def at_stripe(self, kind: str, status: str | None = None) -> list[dict[str, Any]]:
        """Its objects."""
        found = [one for one in self.double.objects.values() if one["object"] == kind]
        return [one for one in found if status in (None, one["status"])]

    @property
    def undisputed(self) -> list[dict[str, Any]]:
        disputed = {one["payment_intent"] for one in self.at_stripe("dispute")}
        return [one for one in self.at_stripe("payment_intent", "succeeded") if one["id"] not in disputed]

    @property
    def unheard(self) -> list[dict[str, Any]]:
        return [one for one in self.double.events if one["id"] not in self.heard]

    def take_in(self, event: dict[str, Any]) -> None:
        self.tick()
        is_new = event["id"] not in self.heard
        self.heard.add(event["id"])
        self.value("select leadgen.keep_payment_event(%s)", json.dumps(event))
        self.work("follow_payment_event", "tell_payment")
        if is_new:
            self.learn(event["data"]["object"])
        self.wake()

    def make_calls(self, is_lost: bool = False) -> None:
        rows = self.connection.execute(CLAIM_CALLS.encode(), (10, None)).fetchall()
        for due in [Due(*row) for row in rows]:
            called = self.api.call(due.call, due.parameters, due.key)
            if is_lost:
                continue
            self.connection.execute(RECORD_ANSWER.encode(), answer_arguments(due, called))
            for one in called.objects:
                self.learn(one)
            if called.fault:
                self.learn_fault(due)
        self.work("follow_payment_event", "tell_payment")
        self.wake()

    def learn(self, said: dict[str, Any]) -> None:
        """What an object of Stripe says, whoever brings it."""
        match said["object"]:
            case "checkout.session":
                payment = self.by_key[said["metadata"]["leadgen_payment"]]
                if said["payment_intent"]:
                    intent = said["payment_intent"]
                    self.by_intent[intent if isinstance(intent, str) else intent["id"]] = payment
                payment.settle()
            case "payment_intent":
                payment = self.by_key[said["metadata"]["leadgen_payment"]]
                self.by_intent[said["id"]] = payment
                if said["status"] == "succeeded":
                    payment.say("completed")
                elif said["status"] == "requires_payment_method" and payment.is_recharge:
                    payment.say("failed")
                payment.settle()
            case "refund" | "dispute":
                if said["payment_intent"] in self.by_intent:
                    self.learn_reversal(said, self.by_intent[said["payment_intent"]])
                else:
                    self.waiting.append(said)

    def learn_reversal(self, said: dict[str, Any], payment: Payment) -> None:
        word = {"succeeded": "completed", "needs_response": "open"}.get(said["status"], said["status"])
        reversal = self.reversals.get(said["metadata"].get("leadgen_refund", said["id"]))
        if reversal is None:
            reversal = Reversal(payment, said["amount"], word)
            payment.reversals.append(reversal)
        self.reversals[said["id"]] = reversal
        if FINALITY[word] > FINALITY[reversal.status]:
            reversal.status = word
        payment.settle()

    def wake(self) -> None:
        """What waited for its payment is followed."""
        known = [one for one in self.waiting if one["payment_intent"] in self.by_intent]
        self.waiting = [one for one in self.waiting if one not in known]
        for one in known:
            self.learn_reversal(one, self.by_intent[one["payment_intent"]])

    def learn_fault(self, due: Due) -> None:
        """A call brought nothing. What is given up for good is not at Stripe."""
        made = [
            one for one in self.double.objects.values() if due.key in (one.get("metadata") or {}).values()
        ]
        if due.subject == "reversal":
            status = self.value("select status from leadgen.payment_reversals where id = %s", due.id)
            reversal = self.reversals[due.key]
            if status == "failed" and reversal.status != "failed":
                assert made == []
                reversal.status = "failed"
                reversal.payment.settle()
        elif self.value("select said_status from leadgen.payments where id = %s", due.id) == "failed":
            assert [one for one in made if one.get("status") == "succeeded"] == []
            self.payments[due.id].say("failed")
