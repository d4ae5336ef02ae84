"""Two markets that sell for months: shared sales, held leads, returns, refunds, erasures. All of it is over by now."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from rig.catalogue import Catalogue, Offer, insert, make_lead

Connection = psycopg.Connection[Any]

START = datetime(
    2025, 3, 7, 12, tzinfo=UTC
)  # two days before clocks change in Austin, three weeks before Berlin's
ZONES = (("America/Chicago", "USD"), ("Europe/Berlin", "EUR"))
STANDING = (
    "select id from leadgen.lead_assignments where released_at is null and release_due_at is null order by id"
)
ACTS = {
    "erase": "select leadgen.erase_lead(%s, 'asked for')",
    "sell": "select leadgen.sell_lead(%s, %s, 'agreed')",
    "again": "select leadgen.route_again(%s)",
}
# Leads that nobody has, and somebody could.
ROOM = """
select l.id from leadgen.leads l
where l.erased_at is null and l.validation_reason is null and not exists (
  select from leadgen.lead_assignments a where a.lead_id = l.id and a.released_at is null)
order by l.id
"""
VIEWS = (
    "funnel", "funnel_weeks", "funnel_months", "funnel_campaigns", "margin", "buyer_days", "buyer_scorecard",
    "sold_months", "return_cohorts", "unsold", "unsold_months", "rejection_reasons", "duplicates", "source_quality",
    "policy_results", "revenue_by_day", "delivery_speed",
)  # fmt: skip

# What the views add up, and how many of its first columns say of what: kept and read rows may have the same.
BASES = {
    "came": 11, "came_by_campaign": 8, "sold": 6, "sold_periods": 7, "lost": 8, "lost_months": 6, "judged": 6,
    "booked": 5, "delivery_speed": 6, "hours": 2,
}  # fmt: skip
# What the console's Today adds up, of this day and the ten before.
HOURS = """(
  select m.id as market_id, h.*
  from leadgen.markets m
  cross join lateral (select date_trunc('day', leadgen.clock() at time zone m.timezone) as today) n
  cross join generate_series(n.today - interval '10 days', n.today, interval '1 day') d (day)
  cross join lateral rollups.list_hours(m.id, d.day at time zone m.timezone,
    least(leadgen.clock(), (d.day + interval '1 day') at time zone m.timezone)) h
) x"""


class Trade:
    """A shared offer whose leads are held, in each of two markets, and an offer for one buyer each."""

    def __init__(self, session: Connection, start: datetime = START) -> None:
        self.session, self.now = session, start
        self.tell()
        payout = insert(session, "payout_policies", name="a fifth", rules={"price": 2})
        self.offers: list[Offer] = []
        self.buyers: list[int] = []
        catalogue = self.catalogue = Catalogue(session, ZONES[0][0])
        for place, (zone, currency) in enumerate(ZONES):
            if place:
                catalogue.market = insert(
                    session, "markets", name="Berlin", timezone=zone, currency=currency, region_code="US-TX"
                )
            buyers = [
                catalogue.add_buyer(
                    name=f"{currency} {name}",
                    billing_mode="invoiced",
                    credit_limit=1_000_000,
                    webhook_url=None,
                )
                for name in ("Ace", "Best", "Cole", "Dora")
            ]
            self.buyers += buyers
            shared = catalogue.add_offer(
                {"max_buyers": 3, "on_no_buyer": None, "hold_hours": 30},
                {"duplicate_window_hours": 0, "min_message_length": 5},
            )
            for buyer, cap, price in zip(buyers, (1, 1, 1, 1), (60, 45, 30.5, 20), strict=True):
                catalogue.enroll(shared, buyer, capacity_per_day=cap, price_per_lead=price)
            alone = catalogue.add_offer({"max_buyers": 1})
            catalogue.enroll(alone, buyers[0], capacity_per_day=3, price_per_lead=75.25)
            self.offers += [shared, alone]
        session.execute("update leadgen.sources set payout_policy_id = %s", [payout])

    def tell(self) -> None:
        """Set the database's clock."""
        self.session.execute("select set_config('leadgen.clock', %s, false)", [self.now.isoformat()])

    def wait(self, minutes: int) -> None:
        """Time goes on."""
        self.now += timedelta(minutes=minutes)
        self.tell()

    def submit(self, number: int) -> None:
        """A lead comes; each seventh is rejected."""
        offer = self.offers[number % len(self.offers)]
        message = "no" if number % 7 == 0 else f"Water everywhere {number}"
        lead = make_lead(
            offer.source_key, message=message, utm_campaign=f"c{number % 3}", sub_id=f"s{number % 2}"
        )
        self.session.execute("select leadgen.submit_lead(%s::jsonb, '{}')", [Jsonb(lead)])

    def do(self, what: str, number: int) -> None:
        """One thing happens, to whatever the number falls on; nothing, where there is nothing yet."""
        if what == "submit":
            self.submit(number)
        elif what == "route":
            while self.ask("select roads.route_held_lead()"):
                pass
        elif what == "age":  # an hour after a later sale its marks are due
            self.session.execute("update leadgen.report_marks set due_at = '-infinity'")
        elif what == "roll":
            self.roll_up(24 if number % 2 else -(number % 14))
        elif what == "late":
            self.now -= timedelta(days=number % 20 + 1)
            self.tell()
            self.submit(number)
        elif lead := self.pick("select id from leadgen.leads where erased_at is null order by id", number):
            if what in ACTS:
                self.act(what, lead, number)
            elif sale := self.pick(
                STANDING,
                number,
            ):
                self.change_sale(what, sale, number)

    def act(self, what: str, lead: int, number: int) -> None:
        """A lead is erased, sold by hand, or held and offered again; nothing, where that is refused."""
        if what != "erase":
            lead = self.pick(ROOM, number) or lead
        enrolled = f"""
            select e.buyer_id from leadgen.buyer_offers e join leadgen.leads l using (offer_id)
            where l.id = {lead} order by e.id
        """
        buyer, statement = self.pick(enrolled, number), ACTS[what]
        self.attempt(statement, *[lead, buyer][: statement.count("%s")])

    def attempt(self, statement: str, *arguments: object) -> None:
        """Do what may be refused by then (LG409)."""
        try:
            with self.session.transaction():
                self.session.execute(statement.encode(), arguments)
        except psycopg.Error as error:
            if error.sqlstate != "LG409":
                raise

    def change_sale(self, what: str, sale: int, number: int) -> None:
        """A sale is returned, given back in part, or delivered."""
        if what == "return":
            self.attempt("select leadgen.return_sale(%s, 'spam')", sale)
        elif what == "refund":
            left = self.ask("select net from report.sales where assignment_id = %s", sale)
            if left > 5:
                self.session.execute(
                    "select leadgen.refund_sale(%s, 5.01, %s, 'half of it was wrong')",
                    [sale, f"{sale} {number}"],
                )
        elif what in ("deliver", "fail"):
            outcome = {"deliver": "delivered", "fail": "refused"}[what]
            self.session.execute(
                """
                with claimed as materialized (
                  select c.* from leadgen.claim_deliveries('w', '{"webhook": 9, "email": 9}', '30 seconds') c
                )
                select * from claimed c, leadgen.record_attempts(jsonb_build_array(jsonb_build_object(
                  'delivery_id', c.delivery_id, 'lease_token', c.lease_token, 'started_at', leadgen.clock(),
                  'outcome', %s::text, 'latency_ms', 1)), 3, '1 second')
                """,
                [outcome],
            )

    def roll_up(self, hours: int = 24) -> None:
        """Workers do all there is to do. Closed is what they are told, hours from now; test_closing.py closes."""
        self.session.execute(
            "update leadgen.report_closing set closed_until = %s", [self.now + timedelta(hours=hours)]
        )
        self.session.execute("select rollups.start_zones()")
        self.work()

    def work(self) -> None:
        """Workers do all there is to do."""
        while self.ask(
            "select rollups.keep_marked_days() + rollups.keep_next_day() + rollups.keep_open_day()"
        ):
            pass

    def ask(self, query: str, *arguments: object) -> Any:
        """The one value of a query."""
        row = self.session.execute(query.encode(), arguments).fetchone()
        assert row
        return row[0]

    def pick(self, query: str, number: int) -> int | None:
        """One id of a query, by number."""
        ids = [row[0] for row in self.session.execute(query.encode())]
        return ids[number % len(ids)] if ids else None

    def read(self, views: Iterable[str] = VIEWS) -> dict[str, Any]:
        """All rows of views; those of BASES by their keys, added up.

        Prepared: a plan takes four times as long as the few rows do, and serves all examples.
        """
        return {
            view: self.add_up(view, BASES[view])
            if view in BASES
            else sorted(row[0] for row in self.fetch(f"select v::text from report.{view} v"))
            for view in views
        }

    def add_up(self, view: str, keys: int) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        """The rows of a view by their first columns, and the sums of the others."""
        found: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        for row in self.fetch(f"select * from {HOURS if view == 'hours' else f'report.{view}'}"):
            before = found.get(row[:keys])
            sums = row[keys:]
            found[row[:keys]] = tuple(a + b for a, b in zip(before, sums, strict=True)) if before else sums
        return found

    def fetch(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a prepared query."""
        return self.session.execute(query.encode(), prepare=True).fetchall()

    def read_raw(self, views: Iterable[str] = VIEWS) -> dict[str, Any]:
        """The same where no day is kept: from the leads and sales themselves."""
        self.session.execute("savepoint raw")
        self.session.execute("delete from leadgen.report_zones")
        try:
            return self.read(views)
        finally:
            self.session.execute("rollback to savepoint raw")

    def sum(self, expression: str, source: str, currency: str) -> Decimal:
        """A sum, of one currency."""
        return Decimal(
            self.ask(f"select coalesce(sum({expression}), 0) from {source} and x.currency = %s", currency)
        )
