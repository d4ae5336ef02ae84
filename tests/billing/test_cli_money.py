"""`leadgen money` and `leadgen verify money`, as an operator uses them."""

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from api.serving import make_lead

Run = Callable[..., Any]
BUYER = "select id from leadgen.buyers order by id limit 1"
SALE = "select a.id, a.lead_id from leadgen.lead_assignments a order by a.id desc limit 1"
FORGE = """
set session_replication_role = replica;
update leadgen.ledger_entries set amount = amount + 1 where position = 2;
set session_replication_role = origin
"""


@pytest.fixture
def database(stocked_database: str) -> str:
    """With a catalogue in it."""
    return stocked_database


@pytest.fixture
def market(database: str) -> Any:
    """A session on a fresh database with one offer, whose only buyer takes every lead from 787xx for 45.00."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("update leadgen.buyers set billing_mode = 'prepaid'")
        yield connection


@pytest.fixture
def buyer(market: psycopg.Connection) -> str:
    """Its id, as it is typed."""
    row = market.execute(BUYER).fetchone()
    assert row
    return str(row[0])


def sell(market: psycopg.Connection) -> tuple[str, str]:
    """Sell a lead; the ids of the sale and the lead."""
    market.execute("select leadgen.submit_lead(%s, '{}')", [json.dumps(make_lead())])
    row = market.execute(SALE).fetchone()
    assert row
    return str(row[0]), str(row[1])


def test_a_week_of_money(run: Run, market: psycopg.Connection, buyer: str) -> None:
    said = run(
        "money", "top-up", buyer, "100", "--memo", "by wire", "--key", "bank:1", "--method", "bank_transfer"
    )
    assert said.stdout.endswith("balance 100.00 USD\n")
    again = run("money", "top-up", buyer, "100", "--key", "bank:1", "--method", "bank_transfer")
    assert again.stdout == said.stdout, "the same payment once more books nothing"
    sale, _ = sell(market)
    assert (
        "given back, transaction"
        in run("money", "refund", sale, "--amount", "5.50", "--reason", "late").stdout
    )
    assert "balance 70.50 USD" in run("money", "credit", buyer, "10", "--reason", "sorry").stdout
    assert "balance 68.00 USD" in run("money", "debit", buyer, "2.5", "--reason", "fee").stdout
    assert "balance 8.00 USD" in run("money", "withdraw", buyer, "60").stdout
    lines = [line.split() for line in run("money", "ledger", buyer).stdout.splitlines()]
    assert [(line[2:4], line[4:6]) for line in lines[1:3]] == [
        (["manual", "debit"], ["-60.00", "8.00"]),
        (["manual", "debit"], ["-2.50", "68.00"]),
    ]
    (row,) = json.loads(run("money", "balance", buyer, "--json").stdout)
    assert (row["balance"], row["billing_mode"], row["credit_limit"]) == ("8.00", "prepaid", "1000000.00")
    assert "balances and invoices say what is booked" in " ".join(run("verify", "money").stderr.split())


def test_a_bad_lead(run: Run, market: psycopg.Connection, buyer: str) -> None:
    run("money", "top-up", buyer, "45")
    _, lead = sell(market)
    assert run("money", "refund-lead", lead, "--reason", "spam").stdout == f"lead {lead}: 1 sale given back\n"
    assert "45.00" in run("money", "balance").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("top-up", "{buyer}", "ten"), "AMOUNT: found ten, allowed an amount such as 250 or 99.50"),
        (("top-up", "{buyer}", "1e3000"), "AMOUNT: found 1e3000"),
        (("top-up", "{buyer}", "0.001"), "at most 2 decimals"),
        (("top-up", "999", "5"), "There is no such buyer"),
        (("withdraw", "{buyer}", "5"), "does not cover it"),
        (("credit", "{buyer}", "5", "--reason", " "), "The reason is missing"),
        (("top-up", "{buyer}", "5", "--key", "sale:1"), "only LeadGen makes"),
        (("refund", "999", "--reason", "x"), "There is no such sale"),
        (
            ("payments", "add", "{buyer}", "5", "--invoice", "INV-1"),
            "no invoice INV-1 of buyer {buyer}: `leadgen",
        ),
        (("payments", "add", "999", "5", "--invoice", "INV-1"), "no buyer 999"),
        (("balance", "999"), "no buyer 999"),
        (("ledger", "999"), "no buyer 999"),
    ],
)
def test_what_cannot_be_booked_is_said(
    run: Run, market: psycopg.Connection, buyer: str, arguments: tuple[str, ...], said: str
) -> None:
    assert market
    answer = run("money", *(one.format(buyer=buyer) for one in arguments))
    assert answer.returncode == 1
    assert said.format(buyer=buyer) in " ".join(answer.stderr.split())


def test_a_way_to_pay_is_one_that_there_is(run: Run, market: psycopg.Connection, buyer: str) -> None:
    answer = run("money", "top-up", buyer, "5", "--method", "bank")
    assert (answer.returncode, "bank_transfer" in answer.stderr) == (2, True)
    assert market.execute("select count(*) from leadgen.ledger_transactions").fetchone() == (0,)


def test_who_runs_low(run: Run, market: psycopg.Connection, buyer: str) -> None:
    assert "no buyer's money runs low" in run("money", "balance", "--low").stderr
    run("money", "top-up", buyer, "45")
    market.execute("select roads.warn_of_money()")
    (row,) = json.loads(run("money", "balance", "--low", "--json").stdout)
    assert (row["balance"], row["credit_left"]) == ("45.00", None), "a prepaid buyer has no credit to use up"


def test_what_is_paid_too_much_is_said(run: Run, market: psycopg.Connection, buyer: str) -> None:
    market.execute("update leadgen.buyers set billing_mode = 'invoiced'")
    said = run("money", "payments", "add", buyer, "60").stdout
    assert said == "payment 1 is completed: balance 0.00 USD, paid 60.00 USD too much\n"


def test_a_top_up_is_a_payment(run: Run, market: psycopg.Connection, buyer: str) -> None:
    said = run("money", "payments", "add", buyer, "60", "--key", "bank:1").stdout
    assert run("money", "top-up", buyer, "60", "--key", "bank:1").stdout == said, "the same payment again"
    assert "balance 60.00 USD" in said
    assert "another payment" in run("money", "top-up", buyer, "61", "--key", "bank:1").stderr
    assert "was used for payment 1" in run("money", "withdraw", buyer, "60", "--key", "bank:1").stderr
    run("money", "debit", buyer, "10", "--reason", "a fee", "--key", "bank:2")
    assert "another transaction" in run("money", "top-up", buyer, "10", "--key", "bank:2").stderr


def test_a_top_up_of_an_invoiced_buyer_is_spent(run: Run, market: psycopg.Connection, buyer: str) -> None:
    market.execute("update leadgen.buyers set billing_mode = 'invoiced', credit_limit = 0")
    assert "paid 45.00 USD too much" in run("money", "top-up", buyer, "45").stdout
    sell(market)
    (row,) = json.loads(run("money", "balance", buyer, "--json").stdout)
    assert (row["balance"], row["receivable"]) == ("0.00", "0.00")


def test_who_paid_too_much_owes_nothing(run: Run, market: psycopg.Connection, buyer: str) -> None:
    assert "paid too much" not in run("money", "balance").stdout
    market.execute("update leadgen.buyers set billing_mode = 'invoiced'")
    run("money", "top-up", buyer, "1234.5")
    said = run("money", "balance").stdout
    assert "paid too much" in said
    assert "-1,234.50" not in said
    assert "1,234.50" in said
    (row,) = json.loads(run("money", "balance", buyer, "--json").stdout)
    assert row["receivable"] == "-1234.50", "JSON has the number as it is booked"


def test_money_is_shown_alike_in_every_list(run: Run, market: psycopg.Connection, buyer: str) -> None:
    market.execute("update leadgen.buyers set billing_mode = 'invoiced', credit_limit = null")
    market.execute("update leadgen.billing_settings set company = 'Acme'")
    run("money", "debit", buyer, "1234.5", "--reason", "a fee")
    number = run("money", "invoice", "run", "--buyer", buyer, "--early").stdout.strip()
    for said in (
        run("money", "balance"),
        run("money", "ledger", buyer),
        run("money", "invoice", "list"),
        run("money", "invoice", "show", number),
        run("money", "statement", buyer, "--from", "2020-01-01"),
    ):
        assert "1,234.50" in said.stdout
        assert "1234.50" not in said.stdout
    part = run(
        "money", "credit-note", number, "--line", "1", "--amount", "1,5", "--key", "k-1", "--reason", "x"
    )
    assert "--amount: found 1,5, allowed an amount" in part.stderr


def test_yen_have_no_decimals(run: Run, market: psycopg.Connection, buyer: str) -> None:
    market.execute("alter table leadgen.buyers disable trigger user")
    market.execute(
        "update leadgen.buyers set billing_mode = 'invoiced', credit_limit = null, currency = 'JPY'"
    )
    market.execute("update leadgen.billing_settings set company = 'Acme'")
    run("money", "debit", buyer, "12345", "--reason", "a fee")
    number = run("money", "invoice", "run", "--buyer", buyer, "--early").stdout.strip()
    for said in (
        run("money", "ledger", buyer),
        run("money", "balance"),
        run("money", "invoice", "list"),
        run("money", "invoice", "show", number),
        run("money", "statement", buyer, "--from", "2020-01-01"),
        run("money", "top-up", buyer, "24690"),
        run("money", "payments", "list"),
    ):
        assert ".00" not in said.stdout
        assert "12,345" in said.stdout or "24,690" in said.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--from", "2026-11"), "--from: found 2026-11, allowed a day such as 2026-11-30; a day, not a month"),
        (("--from", "today"), "--from: found today, allowed a day such as 2026-11-30"),
        (("--from", "2026-11-31"), "--from: found 2026-11-31, but there is no such day"),
        (("--from", "2026-11-02", "--to", "2026-11-01"), "--to: found 2026-11-01, allowed a day from 2026-11-02 on"),
    ],
)  # fmt: skip
def test_a_statement_is_of_days(
    run: Run, market: psycopg.Connection, buyer: str, arguments: tuple[str, ...], said: str
) -> None:
    assert market
    answer = run("money", "statement", buyer, *arguments)
    assert answer.returncode == 1
    assert said in " ".join(answer.stderr.split())


def test_what_came_pays_the_invoice_that_is_named(run: Run, market: psycopg.Connection, buyer: str) -> None:
    market.execute("update leadgen.buyers set billing_mode = 'invoiced', credit_limit = null")
    market.execute("update leadgen.billing_settings set company = 'Acme'")
    run("money", "debit", buyer, "30", "--reason", "a fee")
    number = run("money", "invoice", "run", "--buyer", buyer, "--early").stdout.strip()
    run("money", "invoice", "dispute", number, "--reason", "why")
    run("money", "top-up", buyer, "30")
    assert run("money", "payments", "allocate", number).stdout == f"{number} is paid, 0.00 USD open\n"
    assert "is not to be paid" in run("money", "payments", "allocate", number).stderr


def test_a_forged_entry_is_named(run: Run, market: psycopg.Connection, buyer: str) -> None:
    run("money", "top-up", buyer, "45")
    market.execute(FORGE)
    answer = run("verify", "money")
    assert answer.returncode == 1
    assert "transaction_sums_to_zero" in answer.stdout
    assert "books_balance" in answer.stdout


def test_verify_money_takes_no_leads(run: Run, market: psycopg.Connection) -> None:
    assert market
    assert "takes no --from-lead" in run("verify", "money", "--from-lead", "5").stderr


def test_a_lead_that_is_owed_is_shown_and_ended(run: Run, market: psycopg.Connection, buyer: str) -> None:
    market.execute(
        """update leadgen.routing_policies set config = config || '{"returns": {"give": "replacement"}}'"""
    )
    assert run("money", "replacements", "list").stderr == "no lead is owed\n"
    assert run("money", "top-up", buyer, "90").returncode == 0
    sale, lead = sell(market)
    assert run("return", sale, "--reason", "spam").returncode == 0
    listed = json.loads(run("money", "replacements", "list", "--json").stdout)
    assert [(row["assignment_id"], row["amount"], row["status"]) for row in listed] == [
        (int(sale), "45.00", "owed")
    ]
    assert "45.00" in run("money", "replacements", "list").stdout
    assert "a replacement is owed" in run("explain", lead).stdout
    assert "billing: paid" in " ".join(run("explain", lead).stdout.split())

    ended = run("money", "replacements", "end", str(listed[0]["id"]), "--reason", "the buyer leaves")
    assert ended.stdout.endswith("gets 45.00 USD in place of a lead\n"), ended.stderr
    booked = json.loads(run("money", "ledger", buyer, "--json").stdout)
    assert booked[0]["memo"] == "not replaced: the buyer leaves"
    again = run("money", "replacements", "end", str(listed[0]["id"]), "--reason", "again")
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)
    assert "is owed no more" in again.stderr
    assert run("money", "replacements", "list").stderr == "no lead is owed\n"
    assert "ended" in run("money", "replacements", "list", "--all").stdout
    assert run("verify", "money").returncode == 0
