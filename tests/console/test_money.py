"""The pages of money and of reports without JavaScript: who may book, what follows, and what is said beside a field."""

import asyncio
import csv
import io
import re
from collections.abc import Callable

import psycopg
import pytest
from psycopg.types.json import Jsonb

from api.serving import Api, add_sale, make_lead
from console.people import Tab, add_session
from console.test_actions import value
from leadgen.app.cookies import hash_token
from leadgen.app.exports import Exports
from leadgen.app.problems import UNAVAILABLE, Problem
from leadgen.console.money_queries import EXPORT
from leadgen.console.reports import HEIGHT, WIDTH, draw_plots
from leadgen.db.urls import with_role
from rig.waiting import wait_until

Open = Callable[[str], Tab]

# A source that was in a market of another currency.
ABROAD = """
select billing.post('cost', 'cost:abroad', 'EUR', array[
  ('source_cost', null, %s, null, 5)::billing.entry, ('source_payable', null, %s, null, -5)::billing.entry],
  leadgen.clock())
"""

LINE = {
    "line_key": "k1",
    "booked_on": "2026-11-02",
    "amount": "30.00",
    "currency": "USD",
    "reference": "thanks",
}


@pytest.fixture
def ann(market: psycopg.Connection) -> int:
    found = value(market, "select id from leadgen.buyers where name = 'Ann'")
    assert isinstance(found, int)
    return found


@pytest.fixture
def invoice(market: psycopg.Connection) -> str:
    return add_invoice(market)


def add_invoice(market: psycopg.Connection) -> str:
    """The number of an invoice of one sale, which Ann has not paid."""
    market.execute("update leadgen.billing_settings set company = 'Acme Leads'")
    market.execute("update leadgen.buyers set billing_mode = 'invoiced' where name = 'Ann'")
    add_sale(market)
    bill = "select leadgen.invoice_buyer(b.id, null, true) from leadgen.buyers b where b.name = 'Ann'"
    numbers = value(market, bill)
    assert isinstance(numbers, list)
    return str(numbers[0])


def key_of(page: str, action: str) -> str:
    """The key of a form of the page."""
    found = re.search(rf'action="{action}">.*?name="key" value="([^"]+)"', page, re.DOTALL)
    assert found, action
    return found[1]


def said_by(market: psycopg.Connection, subject: str) -> str:
    """What the event about money says of a subject."""
    return str(
        value(
            market, "select message from leadgen.events where kind = 'money_moved' and subject = %s", subject
        )
    )


def test_an_invoice_is_paid_disputed_and_credited_by_finance(
    tab: Open, market: psycopg.Connection, invoice: str
) -> None:
    visitor, here = tab("finance"), f"/console/invoices/{invoice}"
    visitor.open("/console/invoices")
    assert {here, f"{here}/pdf"} <= visitor.links
    visitor.open(here)
    assert f"{invoice} sent" in visitor.text
    pay = {"buyer": "1", "method": "check", "reason": "by post", "key": key_of(visitor.page, f"{here}/pay")}
    assert visitor.send(f"{here}/pay", **pay, amount="-5").status == 400
    assert "Found -5; allowed: an amount such as 250.00" in visitor.text
    assert 'value="-5"' in visitor.page
    assert 'value="by post"' in visitor.page
    assert visitor.send(f"{here}/pay", **pay, amount="5.001").status == 400
    assert visitor.send(f"{here}/pay", **pay | {"reason": ""}, amount="5").status == 400
    assert "allowed: 1 to 500 characters, without names" in visitor.text
    buyer = value(market, "select buyer_id::text from leadgen.invoices where invoice_number = %s", invoice)
    pay["buyer"] = str(buyer)
    visitor.send(f"{here}/pay", **pay, amount="5.00")
    payment = re.search(r"Payment (\d+) is booked", visitor.text)
    assert payment
    visitor.send(f"{here}/pay", **pay, amount="5.00")
    assert f"Payment {payment[1]} is booked" in visitor.text
    assert "Paid 5.00 USD" in visitor.text
    assert said_by(market, f"payment {payment[1]}").endswith(f"payment {payment[1]}: by post")
    assert visitor.send(f"{here}/pay", **pay, amount="6.00").status == 409
    assert "This form has booked something else" in visitor.text

    visitor.send(f"{here}/dispute", reason="two were wrong")
    assert "two were wrong" in visitor.text
    assert f"{here}/resolve" in visitor.page
    visitor.send(f"{here}/resolve", reason="settled")
    assert visitor.send(f"{here}/credit", line="99", key="part one", amount="1", reason="slow").status == 404
    assert "allowed: the number of a line that charged something" in visitor.text
    visitor.send(f"{here}/credit", line="1", key="part one", amount="1", reason="slow")
    note = re.search(r"Credited by (CN-[\w-]+)", visitor.text)
    assert note
    assert f"/console/invoices/{note[1]}" in visitor.links
    pdf = visitor.fetch(f"{here}/pdf")
    assert (pdf.status, pdf.body[:5]) == (200, b"%PDF-")
    visitor.send(f"{here}/cancel", reason="a mistake")
    assert "It is cancelled by CN-" in visitor.text
    assert f"{here}/pay" not in visitor.page


def test_who_may_not_book_sees_no_form_and_is_refused(tab: Open, invoice: str, ann: int) -> None:
    forms = {
        f"/console/invoices/{invoice}": ("pay", "credit", "cancel"),
        f"/console/statements/{ann}": ("credit", "debit", "write-off"),
    }
    for role in ("analyst", "operator"):
        visitor = tab(role)
        for place, actions in forms.items():
            visitor.open(place)
            for action in actions:
                assert f"{place}/{action}" not in visitor.page
                fields = {
                    "buyer": str(ann),
                    "amount": "1",
                    "key": "a key",
                    "method": "check",
                    "reason": "why",
                }
                assert visitor.send(f"{place}/{action}", **fields).status == 403


def test_a_line_of_the_bank_is_matched_and_its_payment_refunded(
    tab: Open, market: psycopg.Connection, ann: int
) -> None:
    market.execute(
        "select leadgen.import_bank_lines(%s)",
        [Jsonb([LINE, {**LINE, "line_key": "k2", "reference": "our own"}])],
    )
    one, two = (
        value(market, "select id from leadgen.bank_lines where line_key = %s", key) for key in ("k1", "k2")
    )
    visitor, bank = tab("admin"), "/console/payments/bank"
    visitor.open("/console/payments")
    assert "2 lines of the bank wait for a buyer" in visitor.text
    visitor.open(bank)
    assert visitor.send(f"{bank}/{one}/match", buyer="999999", reason="they called").status == 404
    assert "Found 999999; allowed: the id of a buyer" in visitor.text
    fields = {"buyer": str(ann), "reason": "they called"}
    assert visitor.send(f"{bank}/{one}/match", **fields, invoice="INV-0").status == 404
    assert "allowed: the number of an invoice of the buyer" in visitor.text
    visitor.send(f"{bank}/{one}/match", **fields)
    payment = re.search(r"booked as payment (\d+)", visitor.text)
    assert payment
    assert visitor.send(f"{bank}/{one}/match", **fields, invoice="INV-0").status in (404, 409)
    assert 'role="alert"' in visitor.page
    assert visitor.send(f"{bank}/{two}/ignore", reason="").status == 400
    visitor.send(f"{bank}/{two}/ignore", reason="from our own account")
    assert "No line waits." in visitor.text
    assert str(value(market, "select decided_by from leadgen.bank_lines where line_key = 'k2'")).startswith(
        "user "
    )

    here = f"/console/payments/{payment[1]}"
    visitor.open(here)
    key = key_of(visitor.page, f"{here}/refund")
    assert visitor.send(f"{here}/refund", amount="31", key=key, reason="too much").status == 409
    assert "allowed: at most 30.00 USD" in visitor.text
    visitor.send(f"{here}/refund", amount="", key=key, reason="too much")
    assert "It is paid back." in visitor.text
    assert "too much" in visitor.text
    assert f"{here}/refund" not in visitor.page
    assert visitor.open("/console/payments?status=lost").status == 400


def test_a_payment_is_booked_and_a_buyer_credited_on_its_statement(
    tab: Open, market: psycopg.Connection, ann: int
) -> None:
    visitor = tab("finance")
    visitor.open("/console/payments")
    fields = {"key": key_of(visitor.page, "/console/payments"), "method": "check", "reason": "a top-up"}
    assert visitor.send("/console/payments", **fields, buyer="nobody", amount="12").status == 400
    assert "Found nobody; allowed: the id of a buyer" in visitor.text
    for amount in ("12,50", "1,20,000", "1.200,00", "1,200.5.0"):
        assert visitor.send("/console/payments", **fields, buyer=str(ann), amount=amount).status == 400
    assert "cents after a point" in visitor.text
    visitor.send("/console/payments", **fields, buyer=str(ann), amount="1,200")
    assert "a top-up" in visitor.text
    here = f"/console/statements/{ann}"
    visitor.open(here)
    assert visitor.send(f"{here}/gift", amount="1", key="a gift", reason="why").status == 400
    visitor.open(here)
    visitor.send(
        f"{here}/credit", amount="7", key=key_of(visitor.page, f"{here}/credit"), reason="sorry for it"
    )
    assert "The buyer is credited." in visitor.text
    assert "sorry for it" in visitor.text
    file = visitor.fetch(f"{here}/file?from=2026-01-01&to=2100-01-01")
    assert "sorry for it" in file.body.decode()
    assert "attachment" in (file.headers["Content-Disposition"] or "")
    assert visitor.open(f"{here}?from=2026-02-01&to=2026-01-01").status == 400
    assert "The period cannot be read" in visitor.text


def test_a_form_whose_answer_was_lost_is_sent_again_and_books_once(
    tab: Open, market: psycopg.Connection, ann: int
) -> None:
    visitor, here = tab("finance"), f"/console/statements/{ann}"
    visitor.open(here)
    fields = {"amount": "7", "key": key_of(visitor.page, f"{here}/credit"), "reason": "late by a day"}
    with market.transaction():
        market.execute("select from leadgen.buyers where id = %s for update", [ann])
        assert visitor.send(f"{here}/credit", **fields).status == 503
    assert "nobody knows whether this was done" in visitor.text
    assert fields["key"] in visitor.page
    for _ in range(2):
        visitor.send(f"{here}/credit", **fields)
        assert "The buyer is credited." in visitor.text
    booked = "select count(*) from leadgen.ledger_transactions where memo = 'late by a day'"
    assert value(market, booked) == 1


def test_a_source_is_paid_what_it_is_owed(tab: Open, market: psycopg.Connection) -> None:
    policy = value(
        market,
        "insert into leadgen.payout_policies (name, rules) values ('eight', '{\"price\": 8}') returning id",
    )
    market.execute("update leadgen.sources set payout_policy_id = %s", [policy])
    sale = add_sale(market)
    source = value(
        market,
        "select l.source_id from leadgen.lead_assignments a join leadgen.leads l on l.id = a.lead_id where a.id = %s",
        sale,
    )
    market.execute("update leadgen.sources set payout_policy_id = null")
    visitor, here = tab("finance"), f"/console/payouts/{source}"
    visitor.open("/console/payouts")
    assert here in visitor.links
    visitor.open(here)
    fields = {"key": key_of(visitor.page, f"{here}/pay"), "reason": "November"}
    assert visitor.send(f"{here}/pay", **fields, amount="9", method="check").status == 409
    assert "allowed: at most 8.00 USD" in visitor.text
    assert visitor.send(f"{here}/pay", **fields, amount="", method="barter").status == 400
    assert visitor.send(f"{here}/pay", **fields, until="soon", method="check").status == 400
    assert 'name="shown" value="8.00"' in visitor.page
    assert visitor.send(f"{here}/pay", **fields, amount="", shown="9.00", method="check").status == 409
    visitor.send(f"{here}/pay", **fields, amount="", shown="8.00", method="check")
    assert "Owed now 0.00 USD" in visitor.text
    assert "Owed in" not in visitor.text
    market.execute(ABROAD, [source, source])
    visitor.open(here)
    assert "Owed in EUR 5.00 EUR" in visitor.text
    assert "--currency EUR" in visitor.text
    assert visitor.open(f"{here}?from=2026-02-01&to=2026-01-01").status == 400


def test_a_report_is_a_page_with_a_plot_and_a_file_as_the_command_writes_it(
    tab: Open, site: Api, market: psycopg.Connection
) -> None:
    add_sale(market)
    market.execute("select leadgen.submit_lead(%s)", [Jsonb(make_lead(postal_code="10001"))])
    visitor = tab("analyst")
    visitor.open("/console/reports/rejection_reasons")  # nobody knows what that lead would have been worth
    assert "<td" in visitor.page
    visitor.open("/console/reports")
    assert "/console/reports/funnel" in visitor.links
    visitor.open("/console/reports/funnel?plot=came_revenue")
    assert "Times are by the clock of America/Chicago" in visitor.text
    assert "Came revenue, USD" in visitor.text
    assert "<rect" in visitor.page
    ordered = "/console/reports/sales?sort=price&order=down"
    visitor.open(ordered)
    assert 'aria-sort="descending"' in visitor.page
    assert any("sort=price&order=up" in link for link in visitor.links)
    assert visitor.open("/console/reports/sales?zone=Mars").status == 400
    assert "Found Mars; allowed: UTC or a name of the IANA database" in visitor.text
    assert visitor.open("/console/reports/sales?from=2026-02-01&to=2026-01-01").status == 400
    assert visitor.open("/console/reports/pg_class").status == 404
    assert visitor.fetch("/console/reports/pg_class/file").status == 404
    assert Tab(site).fetch("/console/reports/sales/file").status == 303

    file = visitor.fetch("/console/reports/sales/file?from=2026-01-01&to=2999-12-31&zone=UTC")
    rows = list(csv.reader(io.StringIO(file.body.decode())))
    assert len(rows) > 1
    assert file.headers["Content-Disposition"] == 'attachment; filename="sales-2026-01-01-2999-12-31.csv"'
    with psycopg.connect(site.database) as connection, connection.cursor() as cursor:
        cursor.execute("set timezone = 'UTC'")
        cursor.execute("select report.set_zone('UTC')")
        period = ["sales", "2026-01-01Z", "3000-01-01Z", "UTC"]
        (query,) = cursor.execute("select leadgen.compose_export(%s, %s, %s, %s)", period).fetchone() or ("",)
        with cursor.copy(f"copy ({query}) to stdout (format csv, header)".encode()) as copy:
            assert b"".join(bytes(piece) for piece in copy) == file.body


def test_a_file_comes_in_portions_and_quotes_what_a_table_would_take_for_more(
    tab: Open, site: Api, market: psycopg.Connection
) -> None:
    market.execute(
        "insert into leadgen.events (kind, subject, message)"
        " select 'leads_opened', n::text, case n % 3 when 0 then '=1+1, \"so\"' when 1 then '' else E'a\\nb' end"
        " from generate_series(1, 2500) n"
    )
    file = tab("analyst").fetch("/console/reports/events/file")
    rows = list(csv.DictReader(io.StringIO(file.body.decode(), newline="")))
    messages = [row["description"] for row in rows]
    assert messages.count('\'=1+1, "so"') == 833
    assert messages.count("a\nb") == 833
    assert len(rows) == value(market, "select count(*) from report.events")


def test_two_files_are_on_their_way_at_once_and_who_goes_away_makes_room(
    site: Api, market: psycopg.Connection
) -> None:
    exports = Exports(with_role(site.database, "leadgen_api"))
    asked = (hash_token(add_session(market, "analyst")), "events", None, None, None)

    async def ask() -> None:
        one, two = await exports.start(EXPORT, asked), await exports.start(EXPORT, asked)
        with pytest.raises(Problem, match="on their way") as refused:
            await exports.start(EXPORT, asked)
        assert refused.value.kind is UNAVAILABLE
        assert (await anext(one)).startswith(b"event_id,")
        await one.aclose()
        three = await exports.start(EXPORT, asked)
        await three.aclose()
        await two.aclose()
        with pytest.raises(Problem):
            await exports.start(EXPORT, ("nobody", *asked[1:]))
        assert exports.under_way == 0

    asyncio.run(ask())
    left = (
        "select count(*) from pg_stat_activity where application_name = %s and datname = current_database()"
    )
    wait_until(lambda: value(market, left, "leadgen-export") == 0)


def test_a_plot_has_its_highest_bar_at_the_top_and_what_is_below_zero_below() -> None:
    points = [{"day": f"2026-11-0{day}", "of": "USD", "value": amount} for day, amount in ((1, 10), (2, -10))]
    (plot,) = draw_plots([*points, {"day": "2026-11-30", "of": "USD", "value": 5}])
    high, low, last = plot.bars
    assert (high.y, high.height) == (0, HEIGHT / 2)
    assert (low.y, low.height) == (HEIGHT / 2, HEIGHT / 2)
    assert low.x == pytest.approx(WIDTH / 30, abs=0.01)
    assert last.x + last.width == pytest.approx(WIDTH - 1, abs=0.1)
    assert draw_plots([]) == []
