"""`leadgen money payments`, as an operator runs it."""

import json
from collections.abc import Callable
from subprocess import CompletedProcess

import psycopg
import pytest

from doubles.stripe_api import SECRET_KEY, Stripe, running_stripe
from rig.catalogue import Catalogue

Run = Callable[..., CompletedProcess[str]]


@pytest.fixture
def buyer(database: str) -> str:
    """A buyer who pays in advance."""
    with psycopg.connect(database, autocommit=True) as connection:
        return str(Catalogue(connection).add_buyer(billing_mode="prepaid", currency="USD", name="Ace"))


def pay(run: Run, *arguments: str, **settings: str) -> CompletedProcess[str]:
    return run("money", "payments", *arguments, **settings)


def stripe_settings(double: Stripe) -> dict[str, str]:
    return {
        "ENVIRONMENT": "development",
        "STRIPE_SECRET_KEY": SECRET_KEY,
        "STRIPE_API_URL": double.url,
        "STRIPE_RETURN_URL": "https://leads.example/paid",
    }


def test_a_payment_is_booked_listed_and_refunded(run: Run, buyer: str) -> None:
    said = pay(run, "add", buyer, "250", "--method", "check", "--key", "check 17", "--memo", "thanks")
    assert said.stdout == "payment 1 is completed: balance 250.00 USD\n"
    assert pay(run, "add", buyer, "250", "--method", "check", "--key", "check 17").stdout == said.stdout
    assert pay(run, "refund", "1", "--amount", "50", "--reason", "asked").stdout == (
        "refund 1 is completed; payment 1 is completed: balance 200.00 USD\n"
    )
    shown = pay(run, "show", "1").stdout
    assert "refund 1: 50.00 USD, completed (asked)" in shown
    (row,) = json.loads(pay(run, "list", "--json").stdout)
    assert (row["method"], row["status"], row["taken_back"]) == ("check", "completed", "50.00")
    listed = pay(run, "list", "--buyer", buyer).stdout
    assert "Ace" in listed
    assert "check" in listed


def test_a_page_is_opened_and_its_address_printed(run: Run, buyer: str) -> None:
    with running_stripe() as double:
        said = pay(run, "checkout", buyer, "100", "--save", **stripe_settings(double))
        assert said.stdout.startswith(f"{double.url}/pay/cs_")
        assert "it is booked once Stripe says that it came" in said.stderr


def test_a_refund_of_stripe_is_made_at_once(run: Run, buyer: str, database: str) -> None:
    with running_stripe() as double, psycopg.connect(database, autocommit=True) as connection:
        pay(run, "checkout", buyer, "100", **stripe_settings(double))
        double.pay(next(one for one in double.objects if one.startswith("cs_")))
        for event in double.events:
            connection.execute("select leadgen.keep_payment_event(%s)", [json.dumps(event)])
        assert "new" in pay(run, "events").stdout
        while connection.execute("select leadgen.run_chore('follow_payment_event')").fetchone() == (True,):
            pass
        assert "no event waits" in pay(run, "events").stderr
        assert "payment_intent.succeeded" in pay(run, "events", "--all").stdout
        said = pay(run, "refund", "1", "--amount", "30", "--reason", "asked", **stripe_settings(double))
        assert said.stdout == "refund 1 is completed; payment 1 is completed: balance 70.00 USD\n"
        assert [one["amount"] for one in double.objects.values() if one["object"] == "refund"] == [3000]


def test_without_a_key_a_worker_opens_the_page(run: Run, buyer: str) -> None:
    said = pay(run, "checkout", buyer, "100")
    assert (said.returncode, said.stdout) == (0, "")
    assert "payment 1 is pending: `leadgen money payments show 1`" in said.stderr


def test_recharges_are_set_and_ended(run: Run, buyer: str) -> None:
    said = pay(run, "recharge", buyer, "--below", "100", "--amount", "250", "--budget", "1000")
    assert said.stdout == f"buyer {buyer}: recharged by 250 below 100, at most 1000 a month\n"
    assert said.stderr.startswith("not yet: the buyer has no saved method; ")
    ended = pay(run, "recharge", buyer, "--off")
    assert (ended.stdout, ended.stderr) == (f"buyer {buyer}: no recharges\n", "")


def test_a_buyer_that_is_not_prepaid_is_not_recharged(run: Run, buyer: str, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("update leadgen.buyers set billing_mode = 'invoiced'")
    said = pay(run, "recharge", buyer, "--below", "100", "--amount", "250", "--budget", "1000")
    assert said.stderr == "not yet: only a prepaid buyer is recharged; see buyers.billing_mode\n"


def test_what_is_owed_is_written_off(run: Run, buyer: str, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("update leadgen.buyers set billing_mode = 'invoiced'")
        connection.execute("select leadgen.debit_buyer(%s, 20, 'setup', 'Setup')", [buyer])
    said = pay(run, "write-off", buyer, "20", "--reason", "insolvent")
    assert "written off 20" in said.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["add", "{buyer}", "ten"], "AMOUNT: found ten, allowed an amount such as 250 or 99.50"),
        (["add", "{buyer}", "0"], "The amount cannot be booked"),
        (["add", "99", "10"], "There is no such buyer"),
        (["add", "{buyer}", "10", "--key", "stripe:1"], "The key is one that only LeadGen makes"),
        (["show", "99"], "no payment 99"),
        (["refund", "99", "--reason", "x"], "There is no such payment"),
        (["recharge", "{buyer}", "--below", "100"], "--amount, --budget: found nothing"),
        (["recharge", "{buyer}", "--off", "--below", "100"], "--off: found amounts beside it"),
        (["write-off", "{buyer}", "1", "--reason", "x"], "owes less"),
        (["match", "99", "{buyer}"], "There is no such line"),
        (["reference", "99"], "no buyer 99"),
        (["import", "/nowhere.csv"], "No such file"),
        (["import", "/dev/null", "--map", "a=b"], "--map: found 'a=b', allowed COLUMN=FIELD"),
    ],
)
def test_a_mistake_is_named(run: Run, buyer: str, arguments: list[str], words: str) -> None:
    said = pay(run, *(one.format(buyer=buyer) for one in arguments))
    assert said.returncode == 1
    assert words in said.stderr
