"""Recharges against the double: one at a time, never paid twice, paused by a decline."""

import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from doubles import stripe_api
from payments.conftest import Till

D = Decimal


@pytest.fixture
def low(till: Till) -> Till:
    """A buyer with a saved method whose balance of 50 is below its line of 100."""
    till.pay("50.00", save=True)
    till.value("select leadgen.set_recharge(%s, 100, 200, 500)", till.buyer)
    return till


def charges(till: Till) -> list[dict[str, Any]]:
    """What was charged without the buyer."""
    return [one for one in till.double.intents() if one["amount"] == 20_000 and one["status"] == "succeeded"]


def test_a_low_balance_is_recharged(low: Till) -> None:
    low.tend()
    low.ask()
    assert low.money() == (D(250), D(0))
    (intent,) = charges(low)
    assert intent["payment_method"] == low.value("select payment_method_id from leadgen.buyers")
    low.hear_all()
    assert low.money() == (D(250), D(0))


@pytest.mark.parametrize(
    "fault", [stripe_api.lose_answer, stripe_api.lose_request, stripe_api.fail_after, stripe_api.be_busy]
)
def test_a_recharge_is_charged_once_whatever_happens_to_the_call(low: Till, fault: stripe_api.Fault) -> None:
    low.double.faults.append(fault)
    low.tend()
    low.ask()
    for _ in range(4):
        low.ask_later()
    assert len(charges(low)) == 1
    assert low.money() == (D(250), D(0))
    assert low.statuses() == ["completed", "completed"]


def test_what_is_unknown_is_not_paid_again(low: Till) -> None:
    low.double.faults.append(stripe_api.lose_answer)
    low.tend()
    low.ask()
    assert low.statuses() == ["completed", "unknown"]
    assert low.money() == (D(50), D(0))
    low.tend()
    assert low.value("select count(*) from leadgen.payments where purpose = 'recharge'") == 1
    assert low.value("select kind from leadgen.events where kind = 'payment_unknown'")


def test_a_charge_that_never_came_to_stripe_has_failed_after_a_day(low: Till) -> None:
    low.double.faults.append(stripe_api.lose_request)
    low.tend()
    low.ask()
    low.connection.execute("update leadgen.payments set called_at = called_at - interval '25 hours'")
    low.ask_later()
    assert low.statuses() == ["completed", "failed"]
    assert (
        low.value("select failure_reason from leadgen.payments where status = 'failed'")
        == "Stripe has no such payment"
    )
    assert charges(low) == []


def test_a_decline_pauses_recharges_and_tells(low: Till) -> None:
    low.double.faults.append(stripe_api.decline("insufficient_funds"))
    low.tend()
    low.ask()
    low.tend()
    assert low.statuses() == ["completed", "failed"]
    assert (
        low.value("select failure_code from leadgen.payments where status = 'failed'") == "insufficient_funds"
    )
    assert (
        low.value("select recharge_pause_reason from leadgen.payment_profiles")
        == "Declined: insufficient_funds"
    )
    assert low.value("select kind from leadgen.events where kind = 'recharge_failed'")
    assert low.value("select kind from leadgen.notices") == "recharge.failed"
    low.value("select leadgen.set_recharge(%s, 100, 200, 500)", low.buyer)
    low.tend()
    low.ask()
    assert low.money() == (D(250), D(0))


def test_the_budget_of_a_month_holds(low: Till) -> None:
    for spent in range(4):
        low.tend()
        low.ask()
        balance, _ = low.money()
        low.value(
            "select leadgen.debit_buyer(%s, %s, %s, 'leads')", low.buyer, balance - 10, f"spent {spent}"
        )
        low.value("select leadgen.add_payment(%s, 1, 'manual', %s)", low.buyer, f"came {spent}")
    assert len(charges(low)) == 2


def test_two_workers_make_one_recharge(low: Till, connect: Callable[..., psycopg.Connection[Any]]) -> None:
    made: list[Any] = []
    barrier = threading.Barrier(4)

    def start(session: psycopg.Connection[Any]) -> None:
        barrier.wait()
        for _ in range(5):
            row = session.execute("select leadgen.run_chore('start_recharge')").fetchone()
            made.append(row and row[0])

    threads = [threading.Thread(target=start, args=[connect()]) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert made.count(True) == 1
    assert low.value("select count(*) from leadgen.payments where purpose = 'recharge'") == 1
