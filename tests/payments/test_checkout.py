"""Top-ups on Stripe's page, refunds and disputes, against the double."""

from decimal import Decimal

import pytest

from doubles import stripe_api
from payments.conftest import RETURN_URL, Till

D = Decimal


def test_a_top_up_is_booked_with_its_fee(till: Till) -> None:
    till.pay("100.00")
    assert till.money() == (D(100), D(0))
    assert till.accounts() == {"buyer_prepaid": D(-100), "cash": D("96.70"), "fees": D("3.30")}
    assert till.statuses() == ["completed"]


def test_the_page_asks_for_what_was_said(till: Till) -> None:
    payment = till.checkout("99.50", save=True)
    method, path, form = till.double.requests[0]
    assert (method, path) == ("POST", "/v1/checkout/sessions")
    (item,) = form["line_items"].values()
    assert (item["price_data"]["unit_amount"], item["price_data"]["currency"]) == ("9950", "usd")
    assert form["payment_intent_data"]["setup_future_usage"] == "off_session"
    assert form["success_url"] == RETURN_URL
    assert till.value("select session_url from leadgen.payments where id = %s", payment).startswith(
        till.double.url
    )


def test_a_saved_method_and_customer_are_kept(till: Till) -> None:
    till.pay("100.00", save=True)
    assert till.value("select payment_method_id from leadgen.buyers where id = %s", till.buyer).startswith(
        "pm_"
    )
    assert till.value("select customer_id from leadgen.payment_profiles").startswith("cus_")
    till.pay("50.00", key="order 2")
    assert till.double.requests[-1][0] == "GET"
    assert len([one for one in till.double.objects.values() if one["object"] == "customer"]) == 1


def test_yen_have_no_decimals_at_stripe(till: Till) -> None:
    till.buyer = till.add_buyer(currency="JPY", name="Tanaka", email="tanaka@buyer.example")
    till.pay("5000")
    (intent,) = till.double.intents()
    assert (intent["amount"], intent["currency"]) == (5000, "jpy")
    assert till.money() == (D(5000), D(0))
    assert till.accounts() == {"buyer_prepaid": D(-5000), "cash": D(4850), "fees": D(150)}


def test_a_page_whose_answer_was_lost_is_opened_once(till: Till) -> None:
    till.double.faults.append(stripe_api.lose_answer)
    till.checkout("100.00")
    assert till.statuses() == ["pending"]
    till.ask_later()
    assert len([one for one in till.double.objects.values() if one["object"] == "checkout.session"]) == 1
    assert till.value("select session_id is not null from leadgen.payments")


def test_a_payment_that_no_event_tells_of_is_asked_for(till: Till) -> None:
    payment = till.checkout("100.00")
    till.double.pay(till.value("select session_id from leadgen.payments where id = %s", payment))
    till.ask_later()
    assert till.money() == (D(100), D(0))
    assert till.value("select ask_at is null from leadgen.payments")


def test_a_page_that_nobody_used_is_cancelled(till: Till) -> None:
    payment = till.checkout("100.00")
    till.double.objects[till.value("select session_id from leadgen.payments where id = %s", payment)][
        "status"
    ] = "expired"
    till.ask_later()
    assert till.statuses() == ["cancelled"]


def test_a_wrong_key_leaves_everything_as_it_is(till: Till) -> None:
    till.api = type(till.api)("sk_test_wrong", till.double.url, 5, RETURN_URL)
    till.checkout("100.00")
    assert till.statuses() == ["pending"]
    assert (
        till.value("select failure_reason from leadgen.payments") == "Invalid API Key provided: sk_test_***"
    )


@pytest.mark.parametrize(
    "fault", [stripe_api.lose_answer, stripe_api.lose_request, stripe_api.fail_after, stripe_api.be_busy]
)
def test_a_refund_is_made_once_whatever_happens_to_the_call(till: Till, fault: stripe_api.Fault) -> None:
    till.pay("100.00")
    till.double.faults.append(fault)
    till.value("select leadgen.refund_payment(p.id, 40, 'back 1') from leadgen.payments p")
    assert till.money() == (D(60), D(0))
    for _ in range(4):
        till.ask_later()
    refunds = [one for one in till.double.objects.values() if one["object"] == "refund"]
    assert [one["amount"] for one in refunds] == [4000]
    assert till.value("select status from leadgen.payment_reversals") == "completed"
    till.hear_all()
    assert till.money() == (D(60), D(0))
    assert till.value("select count(*) from leadgen.payment_reversals") == 1


def test_a_refund_that_stripe_refuses_is_given_back(till: Till) -> None:
    intent = till.pay("100.00")
    till.double.create_refund({"payment_intent": intent, "amount": "80"})
    till.double.create_refund({"payment_intent": intent, "amount": "9900"})
    till.value("select leadgen.refund_payment(p.id, 40, 'back 1') from leadgen.payments p")
    till.ask()
    assert till.value("select status from leadgen.payment_reversals where kind = 'refund'") == "failed"
    assert till.money() == (D(100), D(0))
    till.hear_all()
    assert till.money() == (D("0.20"), D(0))


def test_a_dispute_takes_more_than_is_left(till: Till) -> None:
    intent = till.pay("100.00")
    till.value("select leadgen.debit_buyer(%s, 70, 'spent 1', 'leads')", till.buyer)
    dispute = till.double.dispute(intent)
    till.hear_all()
    assert till.money() == (D(0), D(70))
    assert till.statuses() == ["disputed"]
    assert till.accounts()["fees"] == D("3.30") + D("15.00")
    assert till.value("select kind from leadgen.notices") == "payment.disputed"
    till.double.close_dispute(dispute, "won")
    till.hear_all()
    assert till.money() == (D(30), D(0))
    assert till.statuses() == ["completed"]


def test_a_lost_dispute_stays_taken(till: Till) -> None:
    dispute = till.double.dispute(till.pay("100.00"))
    till.double.close_dispute(dispute, "lost")
    till.hear_all()
    assert till.money() == (D(0), D(0))
    assert till.statuses() == ["disputed"]


def test_a_top_up_pays_what_is_owed_first(till: Till) -> None:
    till.double.dispute(till.pay("100.00"))
    till.value("select leadgen.debit_buyer(%s, 70, 'spent 1', 'leads')", till.buyer)
    till.hear_all()
    till.pay("50.00", key="order 2")
    assert till.money() == (D(0), D(20))
