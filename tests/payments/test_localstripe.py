"""A recharge and a refund against localstripe, a double of Stripe that others wrote.

It has no Checkout, ignores idempotency keys and does not filter lists: all that is left to the double of our own.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
import requests
import stripe

from leadgen.payments.stripe_api import StripeApi
from payments.conftest import RETURN_URL, Till
from rig.ports import free_port
from rig.waiting import wait_until

SECRET = "sk_test_localstripe"
CARD = {
    "number": "4242424242424242",
    "exp_month": 12,
    "exp_year": 2040,
    "cvc": "123",
}  # Stripe's own, for tests
DECLINED = CARD | {"number": "4000000000000341"}
D = Decimal


@pytest.fixture
def localstripe() -> Iterator[str]:
    """Its address."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "localstripe", "--port", str(port), "--from-scratch"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def is_up() -> bool:
        with suppress(requests.ConnectionError):
            return requests.get(f"{url}/v1/customers", auth=(SECRET, ""), timeout=5).ok
        return False

    try:
        wait_until(is_up, lambda: "localstripe does not answer")
        yield url
    finally:
        process.kill()
        process.wait()


def save_card(till: Till, url: str, card: dict[str, Any]) -> None:
    """What Stripe's page does: the buyer has a customer and a method there."""
    api = stripe.StripeClient(SECRET, base_addresses={"api": url})
    customer: Any = api.v1.customers.create({"email": "ace@buyer.example"})
    made: Any = {"type": "card", "card": card}
    method = api.v1.payment_methods.create(made)
    api.v1.payment_methods.attach(method.id, {"customer": customer.id})
    till.api = StripeApi(SECRET, url, 10, RETURN_URL)
    till.value("select leadgen.set_recharge(%s, 100, 200, 500)", till.buyer)
    till.connection.execute("update leadgen.payment_profiles set customer_id = %s", [customer.id])
    till.connection.execute(
        "update leadgen.buyers set payment_method = 'stripe', payment_method_id = %s", [method.id]
    )


def test_a_recharge_and_its_refund(till: Till, localstripe: str) -> None:
    save_card(till, localstripe, CARD)
    till.tend()
    till.ask()
    assert till.money() == (D(200), D(0))
    assert till.statuses() == ["completed"]
    till.value("select leadgen.refund_payment(p.id, 60, 'back 1') from leadgen.payments p")
    till.ask()
    assert till.value("select status from leadgen.payment_reversals") == "completed"
    assert till.money() == (D(140), D(0))


def test_a_decline(till: Till, localstripe: str) -> None:
    save_card(till, localstripe, DECLINED)
    till.tend()
    till.ask()
    assert till.statuses() == ["failed"]
    assert (
        till.value("select recharge_pause_reason from leadgen.payment_profiles") == "Your card was declined."
    )
