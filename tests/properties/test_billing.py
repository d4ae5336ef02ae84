"""Billing over any time: periods follow each other without a gap, and each transaction is on exactly one document."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from rig.catalogue import Catalogue, make_lead

CYCLES = ("daily", "weekly", "biweekly", "monthly")
ZONES = ("America/Chicago", "Europe/Berlin", "Asia/Tokyo", "Australia/Lord_Howe", "America/Havana", "UTC")
# The nights on which clocks change, ends of months and of a leap February.
TURNS = tuple(
    datetime(*day, tzinfo=UTC)
    for day in (
        (2026, 3, 8), (2026, 3, 29), (2026, 10, 25), (2026, 11, 1), (2026, 12, 31), (2027, 1, 31), (2027, 2, 28),
        (2028, 2, 28), (2028, 2, 29), (2028, 3, 12), (2028, 4, 30),
    )
)  # fmt: skip
# An example is dozens of leads: to make a failing one smaller would take minutes.
FEW = settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

near_turns = st.builds(
    lambda turn, minutes: turn + timedelta(minutes=minutes),
    st.sampled_from(TURNS),
    st.integers(-3 * 24 * 60, 3 * 24 * 60),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=near_turns, cycle=st.sampled_from(CYCLES), zone=st.sampled_from(ZONES))
def test_periods_tile_time(
    module_session: psycopg.Connection[Any], at: datetime, cycle: str, zone: str
) -> None:
    """A period holds its time, ends on a midnight of its zone, and the next one begins where it ends."""
    row = module_session.execute(
        """
        select p.ends, p.starts, billing.find_period_start(%(cycle)s, p.ends, %(zone)s),
          billing.find_period_end(%(cycle)s, p.ends - interval '1 second', %(zone)s),
          (p.ends at time zone %(zone)s)::time
        from (select billing.find_period_end(%(cycle)s, %(at)s, %(zone)s) as ends,
          billing.find_period_start(%(cycle)s, %(at)s, %(zone)s) as starts) p
        """,
        {"at": at, "cycle": cycle, "zone": zone},
    ).fetchone()
    assert row
    ends, starts, next_starts, same_ends, midnight = row
    assert at < ends
    assert next_starts == ends
    if zone != "America/Havana":  # midnight comes there twice in autumn, and not at all in spring
        assert str(midnight) == "00:00:00"
        assert starts <= at
        assert same_ends == ends


steps = st.lists(
    st.tuples(
        st.sampled_from(
            ["sell", "sell", "sell", "return", "part", "credit", "debit", "bill", "early", "cycle"]
        ),
        st.integers(1, 5 * 24 * 60),
        st.integers(0, 1_000_000),
    ),
    min_size=8,
    max_size=25,
)


class Shop:
    """A buyer with two offers, whose time goes on."""

    def __init__(
        self, connection: psycopg.Connection[Any], at: datetime, zone: str, currency: str, cycle: str
    ) -> None:
        self.connection = connection
        self.at = at
        self.tick(0)
        connection.execute("update leadgen.billing_settings set company = 'Acme Leads'")
        connection.execute(
            "insert into leadgen.tax_rates (country, rate, name) values ('US', 8.25, 'Sales tax')"
        )
        catalogue = Catalogue(connection, zone)
        connection.execute("update leadgen.markets set currency = %s, timezone = %s", [currency, zone])
        self.price = Decimal("4999") if currency == "JPY" else Decimal("19.99")
        self.offers = [
            catalogue.add_offer(default_price_per_lead=self.price, invoice_threshold=90) for _ in range(2)
        ]
        self.buyer = catalogue.add_buyer(billing_cycle=cycle, tax_country="US")
        for offer in self.offers:
            catalogue.enroll(offer, self.buyer)

    def tick(self, minutes: int) -> None:
        """Time goes on."""
        self.at += timedelta(minutes=minutes)
        self.connection.execute("select set_config('leadgen.clock', %s, false)", [self.at.isoformat()])

    def give_back(self, action: str, number: int) -> None:
        """A sale is returned, or 1 of its price is given back."""
        run = self.connection.execute
        sales = run(
            "select id, lead_id from leadgen.lead_assignments where outcome <> 'returned' order by id"
        ).fetchall()
        if not sales:
            return
        sale, lead_id = sales[number % len(sales)]
        if action == "return":
            run("select leadgen.refund_lead(%s, 'wrong_number')", [lead_id])
            return
        left = run(
            """
            select a.price + coalesce(sum(e.amount), 0)
            from leadgen.lead_assignments a
            join leadgen.ledger_transactions t on t.key = 'sale:' || a.id
            left join leadgen.ledger_transactions r on r.reverses_id = t.id
            left join leadgen.ledger_entries e on e.transaction_id = r.id and e.account = 'buyer_receivable'
            where a.id = %s group by a.price
            """,
            [sale],
        ).fetchone()
        if left and left[0] >= 1:
            run("select leadgen.refund_sale(%s, 1, %s, 'a part')", [sale, f"part-{self.at}"])

    def do(self, action: str, number: int) -> None:
        """One step. What cannot be done is left."""
        run = self.connection.execute
        match action:
            case "sell":
                lead = make_lead(self.offers[number % 2].source_key)
                run("select leadgen.submit_lead(%s)", [Jsonb(lead)])
            case "return" | "part":
                self.give_back(action, number)
            case "credit" | "debit":
                run(
                    f"select leadgen.{action}_buyer(%s, 3, %s, 'why')".encode(),
                    [self.buyer, f"{action}-{self.at}"],
                )
            case "bill":
                while run("select roads.invoice_due_buyer()").fetchone() != (None,):
                    pass
            case "early":
                run("select leadgen.invoice_buyer(%s, null, true)", [self.buyer])
            case "cycle":
                run("update leadgen.buyers set billing_cycle = %s", [CYCLES[number % 4]])


@FEW
@given(
    at=near_turns,
    zone=st.sampled_from(ZONES),
    cycle=st.sampled_from(CYCLES),
    currency=st.sampled_from(["USD", "JPY"]),
    todo=steps,
)
def test_every_transaction_is_on_one_document(
    module_session: psycopg.Connection[Any],
    at: datetime,
    zone: str,
    cycle: str,
    currency: str,
    todo: list[tuple[str, int, int]],
) -> None:
    """And what is owed is what documents leave open, and what is unbilled, less what no invoice has yet."""
    with module_session.transaction(force_rollback=True):
        shop = Shop(module_session, at, zone, currency, cycle)
        for action, minutes, number in todo:
            shop.tick(minutes)
            shop.do(action, number)
        shop.tick(70 * 24 * 60)
        shop.do("bill", 0)
        run = module_session.execute
        assert run("select unbilled, ledger - invoiced + credited from report.billed").fetchall() in (
            [],
            [(0, 0)],
        )
        assert run("select rule, detail from leadgen.list_broken_invariants()").fetchall() == []
        (found,) = run(
            """
            select (select sum(b.receivable) from leadgen.buyers b) - coalesce(sum(
              case when kind = 'invoice' then total_amount - paid_amount - credited_amount end), 0)
            from leadgen.invoices
            """
        ).fetchall()
        assert found[0] <= 0
        if currency == "JPY":
            amounts = run("select amount, tax_amount from leadgen.invoice_lines").fetchall()
            assert all(amount == int(amount) and tax == int(tax) for amount, tax in amounts)
        gaps = run(
            """
            select i.invoice_number from leadgen.invoices i
            join leadgen.invoices p on p.id <> i.id and p.kind = i.kind and p.offer_id is not distinct from i.offer_id
              and tstzrange(p.period_start, p.period_end) && tstzrange(i.period_start, i.period_end)
            """
        ).fetchall()
        assert gaps == []
        run("select set_config('leadgen.clock', '', false)")


@pytest.fixture(autouse=True)
def _real_time(module_session: psycopg.Connection[Any]) -> Any:
    yield
    module_session.execute("select set_config('leadgen.clock', '', false)")
