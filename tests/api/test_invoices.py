"""The routes of what a buyer is billed."""

import psycopg
import pytest

from api.serving import BUYER_KEY, OTHER_BUYER_KEY, Api, add_sale

KEY = {"X_API_Key": BUYER_KEY}


@pytest.fixture
def number(shared_database: psycopg.Connection) -> str:
    """An invoice of Ann, who holds BUYER_KEY."""
    add_sale(shared_database)
    shared_database.execute("update leadgen.billing_settings set company = 'Acme Leads'")
    row = shared_database.execute(
        """
        select leadgen.invoice_buyer((select max(a.buyer_id) from leadgen.lead_assignments a
          where a.id = (select max(id) from leadgen.lead_assignments)), null, true)
        """
    ).fetchone()
    assert row
    (found,) = row
    return str(found[-1])


def test_a_buyer_reads_its_invoices(api: Api, number: str) -> None:
    answer = api.get("/api/invoices?limit=1", **KEY)
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    assert [one["number"] for one in answer.json["invoices"]] == [number]
    assert answer.json["next_before"] >= 1
    assert api.get("/api/invoices?before=1", **KEY).json == {"invoices": [], "next_before": None}
    cancelled = api.get("/api/invoices?status=cancelled", **KEY).json["invoices"]
    assert number not in [one["number"] for one in cancelled]
    assert {one["status"] for one in cancelled} <= {"cancelled"}
    answer = api.get(f"/api/invoices/{number}", **KEY)
    assert answer.status == 200
    assert answer.json["from"]["company"] == "Acme Leads"
    assert answer.json["lines"][0]["description"].startswith("Lead ")


def test_a_buyer_gets_a_pdf(api: Api, number: str) -> None:
    answer = api.get(f"/api/invoices/{number}/pdf", **KEY)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/pdf")
    assert answer.headers["Content-Disposition"] == f'inline; filename="{number}.pdf"'
    assert answer.body.startswith(b"%PDF-")


def test_a_buyer_gets_its_statement(api: Api, number: str) -> None:
    answer = api.get("/api/statement?from=2026-01-01&to=2099-12-31", **KEY)
    assert answer.status == 200
    assert answer.json["opening"] == "0.00"
    assert answer.json["movements"]


@pytest.mark.parametrize("path", ["/api/invoices/{number}", "/api/invoices/{number}/pdf"])
def test_an_invoice_of_another_is_not_shown(api: Api, number: str, path: str) -> None:
    assert api.get(path.format(number=number), X_API_Key=OTHER_BUYER_KEY).status == 404
    assert api.get(path.format(number=number)).status == 401
    for nothing in ("INV-1999-00001", "INV-1999%00", "%FF"):
        assert api.get(path.format(number=nothing), **KEY).status == 404


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/api/invoices?limit=0", "limit"),
        ("/api/invoices?limit=many", "limit"),
        ("/api/invoices?before=-1", "before"),
        ("/api/invoices?status=lost", "status"),
        ("/api/invoices?status=%00", "status"),
        ("/api/statement", "from"),
        ("/api/statement?from=2026-01-01&to=yesterday", "to"),
        ("/api/statement?from=2026-02-01&to=2026-01-01", "to"),
    ],
)
def test_a_wrong_query_names_the_field(api: Api, path: str, field: str) -> None:
    answer = api.get(path, **KEY)
    assert answer.status == 400
    assert answer.fields == [field]
