"""Payments by the double of Stripe: a buyer, what is asked, and what is booked."""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from doubles.stripe_api import SECRET_KEY, Stripe, running_stripe
from leadgen.payments.due import CLAIM_CALLS, RECORD_ANSWER, Due, answer_arguments
from leadgen.payments.stripe_api import StripeApi
from rig.catalogue import Catalogue

RETURN_URL = "https://leads.example/paid"


class Till:
    """One test's database, a prepaid buyer in it, and the double."""

    def __init__(self, connection: psycopg.Connection[Any], double: Stripe, **columns: object) -> None:
        self.connection = connection
        self.double = double
        self.api = StripeApi(SECRET_KEY, double.url, 5, RETURN_URL)
        self.buyer = self.add_buyer(**columns)

    def add_buyer(self, **columns: object) -> int:
        """A buyer who pays in advance."""
        named: dict[str, Any] = {"billing_mode": "prepaid", "currency": "USD"}
        return Catalogue(self.connection).add_buyer(**(named | columns))

    def value(self, query: str, *arguments: Any) -> Any:
        """The one value of a query."""
        row = self.connection.execute(query.encode(), arguments).fetchone()
        return row[0] if row else None

    def checkout(
        self, amount: object, save: bool = False, key: str = "order 1", invoice: int | None = None
    ) -> int:
        """Ask for a payment on Stripe's page, and have the page opened."""
        payment: int = self.value(
            "select leadgen.start_checkout(%s, %s, %s, %s, null, %s)", self.buyer, amount, key, save, invoice
        )
        self.ask()
        return payment

    def pay(self, amount: object, save: bool = False, key: str = "order 1") -> str:
        """A payment on Stripe's page that is heard of. Returns its PaymentIntent."""
        payment = self.checkout(amount, save, key)
        intent = self.double.pay(self.value("select session_id from leadgen.payments where id = %s", payment))
        self.hear_all()
        self.ask()
        return str(intent["id"])

    def ask(self) -> int:
        """Make the calls that are due now; how many there were."""
        due = [Due(*row) for row in self.connection.execute(CLAIM_CALLS.encode(), (10, None)).fetchall()]
        for one in due:
            called = self.api.call(one.call, one.parameters, one.key)
            self.connection.execute(RECORD_ANSWER.encode(), answer_arguments(one, called))
        self.tend()
        return len(due)

    def ask_later(self) -> int:
        """The same, once what waits is due."""
        self.connection.execute("update leadgen.payments set ask_at = now() where ask_at is not null")
        self.connection.execute(
            "update leadgen.payment_reversals set ask_at = now() where ask_at is not null"
        )
        return self.ask()

    def hear(self, event: dict[str, Any]) -> None:
        """Take in an event, and follow it."""
        self.connection.execute("select leadgen.keep_payment_event(%s)", [json.dumps(event)])
        self.tend()

    def hear_all(self) -> None:
        """Everything that the double has said."""
        for event in self.double.events:
            self.hear(event)

    def tend(self) -> None:
        """The chores of workers."""
        for chore in ("follow_payment_event", "tell_payment", "start_recharge"):
            while self.value("select leadgen.run_chore(%s)", chore):
                pass

    def money(self) -> tuple[Decimal, Decimal]:
        """The buyer's balance, and what it owes."""
        query = "select balance, receivable from leadgen.buyers where id = %s"
        row = self.connection.execute(query, [self.buyer]).fetchone()
        assert row
        return row[0], row[1]

    def accounts(self) -> dict[str, Decimal]:
        """What is in each account of the ledger."""
        query = (
            "select account::text, sum(amount) from leadgen.ledger_entries group by 1 having sum(amount) <> 0"
        )
        return dict(self.connection.execute(query).fetchall())

    def statuses(self) -> list[str]:
        """Of all payments."""
        query = "select status from leadgen.payments order by id"
        return [row[0] for row in self.connection.execute(query).fetchall()]

    def check(self) -> None:
        """Nothing is wrong with the books."""
        assert self.connection.execute("select * from leadgen.verify_balances()").fetchall() == []
        assert (
            self.connection.execute("select * from leadgen.verify_transactions(0, 1000000)").fetchall() == []
        )


@pytest.fixture
def stripe_double() -> Iterator[Stripe]:
    """A running double of Stripe."""
    with running_stripe() as double:
        yield double


@pytest.fixture
def till(connect: Callable[..., psycopg.Connection[Any]], stripe_double: Stripe) -> Iterator[Till]:
    """A buyer, the double and the books, which are right in the end."""
    made = Till(connect(), stripe_double)
    yield made
    made.check()
