"""One month added up many ways comes to the same cent: rows, views by time and by who, ledger, invoices, bookings,
statements, the console's Today, an export and a scheduled report.

Two markets with their own zones and currencies; shared sales, held leads sold the next day, late returns, refunds of a
part, credits, and people who were erased.
"""

import csv
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from leadgen.reports.reader import Sources
from leadgen.reports.rows import read_table
from rig.catalogue import insert
from rollups.trade import ZONES, Trade

Run = Callable[..., Any]

MONTH = "2025-03-01"
GIVEN_BACK = """
with given as (
  select a.price, a.released_at, a.created_at, a.currency,
    (select -sum(e.amount) from leadgen.ledger_transactions t join leadgen.ledger_entries e on e.transaction_id = t.id
     where t.assignment_id = a.id and t.kind = 'refund' and e.account = 'buyer_receivable') as refunded
  from leadgen.lead_assignments a
)
select coalesce(sum(case when x.released_at is null then x.price - coalesce(x.refunded, 0) else 0 end), 0)
from given x
where x.currency = %s
"""


@pytest.fixture(scope="module")
def trade(module_database: str) -> Iterator[Trade]:
    """March 2025 with all that may happen in it. Half is kept. It is committed, so that commands see it."""
    with psycopg.connect(module_database, autocommit=True) as session:
        session.execute("begin")
        trade = Trade(session)
        for number in range(60):
            trade.submit(number)
            trade.wait(110)
            if number % 4 == 1:
                trade.do("route", number)
            if number % 9 == 5:
                trade.do("deliver", number)
            if number in (20, 41):
                trade.do("return", number)
                trade.do("refund", number + 1)
        trade.roll_up()
        for number in (3, 11, 30):
            trade.do("return", number)
            trade.do("refund", number)
        trade.do("erase", 8)
        for place, amount in enumerate(("5.55", "7.77")):
            buyer = trade.buyers[place * 4]
            session.execute(
                "select leadgen.credit_buyer(%s, %s, %s, 'late')", [buyer, amount, f"sorry {place}"]
            )
        session.execute("select leadgen.debit_buyer(%s, 1.11, 'fee', 'set-up')", [trade.buyers[0]])
        trade.now = datetime(2025, 4, 2, tzinfo=UTC)
        trade.tell()
        for buyer in trade.buyers[::2]:
            session.execute("select leadgen.invoice_buyer(%s)", [buyer])
        session.execute("commit")
        yield trade


def show_days(trade: Trade, currency: str) -> Decimal:
    """The revenue that the console's Today shows at the end of each day of the month, of a market's own zone."""
    zone = next(zone for zone, sold_in in ZONES if sold_in == currency)
    query = """
    select sum((d ->> 'revenue')::numeric)
    from generate_series(%s::timestamp, '2025-03-31', '1 day') day
    cross join lateral jsonb_array_elements(
      console.list_days((day + interval '1 day') at time zone %s - interval '1 microsecond')) d
    where d ->> 'currency' = %s
    """
    return Decimal(trade.ask(query, MONTH, zone, currency))


def read_statements(trade: Trade, currency: str) -> Decimal:
    """What the statements of all buyers say that the month changed, as their portal shows it."""
    query = """
    select sum((s ->> 'closing')::numeric - (s ->> 'opening')::numeric)
    from leadgen.buyers b
    cross join lateral billing.make_statement(b.id, %s, '2025-03-31') s
    where s ->> 'currency' = %s
    """
    return Decimal(trade.ask(query, MONTH, currency))


def export_month(run: Run, url: str, currency: str) -> Decimal:
    """Net of the month in a file that `leadgen export` writes."""
    done = run("export", "margin", "--from", MONTH, "--to", "2025-04-01", DATABASE_URL=url)
    assert done.returncode == 0, done.stderr
    rows = csv.DictReader(done.stdout.splitlines())
    return sum((Decimal(row["sold_net"]) for row in rows if row["currency"] == currency), Decimal(0))


def read_scheduled(trade: Trade, url: str, currency: str) -> Decimal:
    """Net of the month in the rows that a scheduled report attaches."""
    schedule = insert(
        trade.session,
        "report_schedules",
        name=f"margin-{currency.lower()}",
        view_name="margin",
        period="last month",
        recipients=["boss@example.com"],
        timezone="UTC",
    )
    period = (f"{MONTH}T00:00:00+00:00", "2025-04-01T00:00:00+00:00")
    table = read_table(Sources(url, None, 300), schedule, period, "test")
    names = [column.name for column in table.columns]
    rows = [dict(zip(names, row, strict=True)) for row in table.rows]
    return sum((Decimal(row["sold_net"] or 0) for row in rows if row["currency"] == currency), Decimal(0))


@pytest.mark.parametrize("currency", ["USD", "EUR"])
def test_all_ways_come_to_the_same_cent(
    trade: Trade, currency: str, module_database: str, leadgen_here: Run
) -> None:
    rows = trade.ask(GIVEN_BACK, currency)
    credited = trade.sum("x.booked_credits", "report.revenue_by_day x where true", currency)
    found: dict[str, Decimal] = {
        "rows": rows,
        "leads": trade.sum("x.net", "report.leads x where true", currency),
        "leads by day": trade.sum("x.came_net", "report.funnel x where true", currency),
        "leads by week": trade.sum("x.came_net", "report.funnel_weeks x where true", currency),
        "leads by month": trade.sum(
            "x.came_net", f"report.funnel_months x where x.came_month = '{MONTH}'", currency
        ),
        "leads by campaign": trade.sum("x.came_net", "report.funnel_campaigns x where true", currency),
        "sources": trade.sum(
            "x.came_net", f"report.source_quality x where x.came_month = '{MONTH}'", currency
        ),
        "sales": trade.sum("x.net", "report.sales x where true", currency),
        "sales by day and source": trade.sum("x.sold_net", "report.margin x where true", currency),
        "sales by day and buyer": trade.sum("x.sold_net", "report.buyer_days x where true", currency),
        "sales by month": trade.sum(
            "x.sold_net", f"report.sold_months x where x.sold_month = '{MONTH}'", currency
        ),
        "buyers": trade.sum("x.sold_net", "report.buyer_scorecard x where true", currency),
        "bookings": trade.sum("x.booked_net", "report.revenue_by_day x where true", currency) + credited,
        "ledger": -trade.sum(
            "x.change", "report.ledger_months x where x.account in ('revenue', 'returns')", currency
        )
        + credited,
        "statements": read_statements(trade, currency) + credited,
        "the console's Today": show_days(trade, currency),
        "an export": export_month(leadgen_here, module_database, currency),
        "a scheduled report": read_scheduled(trade, module_database, currency),
        "invoices": trade.sum("x.invoiced - x.credited + x.unbilled", "report.billed x where true", currency)
        + credited,
    }
    assert rows > 500
    assert credited > 0
    assert found == dict.fromkeys(found, rows)


@pytest.mark.parametrize("currency", ["USD", "EUR"])
def test_revenue_refunds_and_cost_are_the_same_by_lead_and_by_sale(trade: Trade, currency: str) -> None:
    for measure in ("revenue", "refunds", "cost", "margin"):
        came = trade.sum(f"x.came_{measure}", "report.funnel x where true", currency)
        assert came == trade.sum(f"x.sold_{measure}", "report.margin x where true", currency)
        assert came > 0
    cost = trade.sum("x.sold_cost", "report.margin x where true", currency)
    assert cost == trade.sum("x.owed", "report.source_payables x where true", currency)
    refunds = trade.sum("x.booked_refunds", "report.revenue_by_day x where true", currency)
    assert refunds == trade.sum("x.sold_refunds", "report.margin x where true", currency)


def test_the_month_has_what_may_differ(trade: Trade) -> None:
    """A sale of a lead that came the day before, a shared lead, a late return, a part given back, an erased person."""
    assert (
        trade.ask(
            "select count(*) from report.sales where sold_day > (lead_created_at at time zone zone)::date"
        )
        > 0
    )
    assert trade.ask("select max(sales) from report.leads") > 1
    assert trade.ask("select count(*) from report.sales where days_to_return > 1") > 0
    assert trade.ask("select count(*) from report.sales where stands and refunds > 0") > 0
    assert trade.ask("select count(*) from leadgen.leads where erased_at is not null") == 1
    assert trade.ask("select count(*) from report.invoices where net > 0") > 0


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Pacific/Auckland"])
def test_another_zone_moves_days_and_no_money(trade: Trade, zone: str) -> None:
    def days() -> Any:
        return trade.ask(
            "select array_agg(format('%%s %%s', came_day, came_received) order by 1) from report.funnel"
        )

    own, total = days(), trade.sum("x.came_net", "report.funnel x where true", "USD")
    trade.session.execute("select report.set_zone(%s)", [zone])
    try:
        assert days() != own
        assert trade.sum("x.came_net", "report.funnel x where true", "USD") == total
        assert trade.sum("x.sold_net", "report.margin x where true", "USD") == total
    finally:
        trade.session.execute("select report.set_zone(null)")
