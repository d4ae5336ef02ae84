"""`leadgen money`: invoices, credit notes, statements and closed months, as an operator types them."""

import csv
import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from api.serving import make_lead

Run = Callable[..., Any]


@pytest.fixture
def database(stocked_database: str) -> str:
    """With a catalogue in it."""
    return stocked_database


@pytest.fixture
def books(database: str) -> Any:
    """A session on a database whose one buyer bought three leads in October and is taxed."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("set leadgen.clock = '2026-10-14T12:00:00Z'")
        connection.execute(
            "update leadgen.billing_settings set company = 'Acme Leads', address = '1 Main St', terms = 'Pay soon.'"
        )
        connection.execute(
            "insert into leadgen.tax_rates (country, rate, name) values ('US', 8.25, 'Sales tax')"
        )
        connection.execute("update leadgen.buyers set tax_country = 'US', company = '=Ace & Sons'")
        for number in range(3):
            lead = make_lead(email=f"p{number}@example.com", phone=f"+151255501{number:02}")
            row = connection.execute("select leadgen.submit_lead(%s)", [Jsonb(lead)]).fetchone()
            assert row
            assert row[0]["buyer_id"], row
        yield connection


def test_a_buyer_is_billed_and_gets_a_pdf(run: Run, books: psycopg.Connection, tmp_path: Path) -> None:
    done = run("money", "invoice", "run")
    assert (done.returncode, done.stderr) == (0, "1 document for 1 buyer\n"), done
    number = done.stdout.strip()
    assert number.startswith("INV-")
    assert run("money", "invoice", "run").stderr == "0 documents for 0 buyers\n"

    listed = run("money", "invoice", "list").stdout
    assert number in listed
    assert "146.13" in listed
    (row,) = json.loads(run("money", "invoice", "list", "--json").stdout)
    assert (row["number"], row["open"]) == (number, "146.13")

    shown = run("money", "invoice", "show", number).stdout
    assert "total            146.13 USD" in shown
    assert "<td>1</td>" in run("money", "invoice", "show", number, "--html").stdout
    assert "=Ace &amp; Sons" in run("money", "invoice", "show", number, "--html").stdout
    rows = list(csv.DictReader(StringIO(run("money", "invoice", "show", number, "--csv").stdout)))
    assert [(row["net"], row["tax"], row["gross"]) for row in rows] == [("45.00", "3.71", "48.71")] * 3
    assert rows[0]["buyer"] == "'=Ace & Sons"  # no formula in a spreadsheet

    file = tmp_path / "invoice.pdf"
    done = run("money", "invoice", "pdf", number, "-o", str(file))
    assert done.returncode == 0, done
    assert file.read_bytes().startswith(b"%PDF-")
    done = run("money", "invoice", "pdf", number, "-o", str(tmp_path / "none" / "x.pdf"))
    assert done.returncode != 0
    assert "cannot be written: No such file or directory" in done.stderr


def test_a_payment_names_its_invoice_by_number(run: Run, books: psycopg.Connection) -> None:
    number = run("money", "invoice", "run").stdout.strip()
    assert run("money", "payments", "add", "1", "46.13", "--invoice", number).returncode == 0
    (row,) = json.loads(run("money", "invoice", "list", "--json").stdout)
    assert (row["status"], row["open"]) == ("partly_paid", "100.00")


def test_why_a_draft_waits_is_said(run: Run, books: psycopg.Connection) -> None:
    books.execute("update leadgen.billing_settings set company = null")
    done = run("money", "invoice", "run")
    assert done.stdout.startswith("DRAFT-")
    assert "sent once billing_settings.company is set" in " ".join(done.stderr.split())


def test_a_statement_says_what_came_in_to_its_buyer(run: Run, books: psycopg.Connection) -> None:
    run("money", "top-up", "1", "50")
    said = run("money", "statement", "1", "--from", "2020-01-01").stdout
    assert "Payment: of what was owed" in said
    assert "A buyer" not in said


def test_an_invoice_is_corrected_disputed_and_cancelled(run: Run, books: psycopg.Connection) -> None:
    number = run("money", "invoice", "run").stdout.strip()
    note = run("money", "credit-note", number, "--line", "1", "--reason", "wrong area").stdout.strip()
    assert note.startswith("CN-")
    done = run("money", "credit-note", number, "--line", "1", "--reason", "wrong area")
    assert (done.stdout, done.stderr) == ("", "no credit note\n")
    assert run("money", "invoice", "dispute", number, "--reason", "two never came").returncode == 0
    assert run("money", "invoice", "list", "--status", "disputed").stdout.count(number) == 1
    assert run("money", "invoice", "resolve", number, "--notes", "they did").returncode == 0
    assert run("money", "invoice", "cancel", number, "--reason", "all wrong").stdout.startswith("CN-")
    rows = json.loads(run("money", "invoice", "list", "--json").stdout)
    assert {row["number"]: row["status"] for row in rows}[number] == "cancelled"


def test_a_statement_has_opening_movements_and_closing(run: Run, books: psycopg.Connection) -> None:
    found = run("money", "statement", "1", "--from", "2026-10-01", "--to", "2026-10-31", "--csv")
    rows = list(csv.DictReader(StringIO(found.stdout)))
    assert [row["kind"] for row in rows] == ["opening", "sale", "sale", "sale", "closing"]
    assert [row["balance"] for row in rows] == ["0.00", "45.00", "90.00", "135.00", "135.00"]
    shown = run("money", "statement", "1", "--from", "2026-10-01", "--to", "2026-10-31").stdout
    assert "closing" in shown
    assert (
        json.loads(run("money", "statement", "1", "--from", "2026-10-01", "--json").stdout)["currency"]
        == "USD"
    )
    assert "There is no such buyer" in run("money", "statement", "99", "--from", "2026-10-01").stderr


def test_a_month_is_closed(run: Run, books: psycopg.Connection) -> None:
    done = run("money", "close", "2026-10")
    assert (done.returncode, done.stderr) == (0, "2026-10 is closed: 2 totals of accounts\n")
    assert run("money", "close", "2026-10").returncode == 0
    assert "is not over yet" in run("money", "close", "2999-01").stderr
    books.execute("select leadgen.credit_buyer(1, 5, 'late-1', 'why')")
    assert books.execute(
        """
        select t.booked_at >= p.ends_at, t.memo
        from leadgen.ledger_transactions t, leadgen.closed_periods p
        where t.key = 'late-1'
        """
    ).fetchall() == [(True, "why; of 2026-10-14T12:00:00+00:00, a month that was closed")]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("invoice", "show", "INV-1999-00001"), "There is no such invoice"),
        (("invoice", "send", "DRAFT-9"), "There is no such invoice"),
        (("invoice", "run", "--early"), "add --buyer ID"),
        (("invoice", "run", "--until", "2999-01-01", "--buyer", "1"), "Nobody is billed ahead"),
        (("invoice", "list", "--status", "lost"), "There is no such state"),
        (("credit-note", "INV-1999-00001", "--reason", "x"), "There is no such invoice"),
    ],
)
def test_a_wrong_call_says_what_is_allowed(
    run: Run, books: psycopg.Connection, arguments: tuple[str, ...], complaint: str
) -> None:
    done = run("money", *arguments)
    assert done.returncode != 0
    assert complaint in done.stderr
