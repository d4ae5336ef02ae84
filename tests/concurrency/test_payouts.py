"""Sources under many sessions: what they are owed is what the decisions say, and nothing is paid twice."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

import psycopg
import pytest
from psycopg.types.json import Jsonb

from concurrency.sessions import PATIENCE, submit_at_once
from leadgen.db.urls import with_role
from rig.catalogue import Catalogue, insert, make_lead

SESSIONS = 16
OWED = """
select coalesce(-sum(e.amount), 0) from leadgen.ledger_entries e where e.account = 'source_payable'
"""
# By the decisions: the price once for each lead that a buyer has, and what each of its sales costs.
DECIDED = """
select coalesce(sum(x.cost), 0)
from (
  select max((d.cost).price) filter (where not (d.cost).is_per_sale)
    + sum(kernel.cost_sale(d.cost, a.price, d.decimals)) as cost
  from leadgen.lead_assignments a
  join leadgen.lead_decisions d on d.id = a.decision_id
  where a.released_at is null and (a.acceptance <> 'explicit' or a.outcome = 'accepted')
  group by a.lead_id
) x
"""
SALES = "select a.id from leadgen.lead_assignments a where a.released_at is null order by a.lead_id, a.id"
BROKEN = "select * from leadgen.list_broken_invariants()"


@pytest.mark.parametrize("mode", ["on_delivery", "explicit"])
def test_a_source_is_owed_what_the_decisions_say(
    admin: psycopg.Connection, catalogue: Catalogue, database: str, mode: str
) -> None:
    acceptance = {"mode": mode} | ({"window_hours": 24} if mode == "explicit" else {})
    offers = [catalogue.add_offer(routing={"max_buyers": 2, "acceptance": acceptance}) for _ in range(2)]
    for offer in offers:
        for _ in range(3):
            catalogue.enroll(offer, catalogue.add_buyer(billing_mode="invoiced"))
    policy = insert(
        admin,
        "payout_policies",
        name="a price and a share",
        rules=Jsonb({"price": 8, "percent_of_revenue": 12.5}),
    )
    admin.execute("update leadgen.sources set payout_policy_id = %s", [policy])
    leads = [make_lead(offers[n % 2].source_key) for n in range(64)]
    answers = submit_at_once(database, leads, SESSIONS)
    assert all(answer["buyer_id"] is not None for answer in answers)
    assert (
        one(admin, OWED)
        == one(admin, DECIDED)
        == (0 if mode == "explicit" else 64 * (8 + 2 * Decimal("5.63")))
    )

    # Each session accepts a sale, and gives the next one back: the two sales of a lead move at the same time.
    sales = [row[0] for row in admin.execute(SALES)]
    barrier = Barrier(SESSIONS)

    def answer_sales(number: int) -> None:
        with psycopg.connect(with_role(database, "leadgen_dba"), autocommit=True) as session:
            barrier.wait(PATIENCE)
            for place, sale in list(enumerate(sales))[number::SESSIONS]:
                if place % 4 == 3:
                    session.execute("select leadgen.return_sale(%s, 'spam')", [sale])
                elif mode == "explicit":
                    session.execute("select leadgen.accept_sale(%s)", [sale])

    with ThreadPoolExecutor(SESSIONS) as pool:
        list(pool.map(answer_sales, range(SESSIONS)))
    assert one(admin, OWED) == one(admin, DECIDED) > 0
    assert admin.execute(BROKEN).fetchall() == []


def test_two_payouts_at_once_pay_once(admin: psycopg.Connection, catalogue: Catalogue, database: str) -> None:
    offer = catalogue.add_offer()
    catalogue.enroll(offer)
    policy = insert(admin, "payout_policies", name="a price", rules=Jsonb({"price": 8}))
    admin.execute("update leadgen.sources set payout_policy_id = %s", [policy])
    submit_at_once(database, [make_lead(offer.source_key) for _ in range(4)], 2)
    source = one(admin, "select id from leadgen.sources")
    barrier = Barrier(8)

    def pay(number: int) -> str:
        with psycopg.connect(with_role(database, "leadgen_dba"), autocommit=True) as session:
            barrier.wait(PATIENCE)
            try:
                session.execute("select leadgen.pay_source(%s, %s)", [int(source), f"pay-{number}"])
            except psycopg.Error as error:
                return error.sqlstate or ""
            return "paid"

    with ThreadPoolExecutor(8) as pool:
        said = sorted(pool.map(pay, range(8)))
    assert said == ["LG409"] * 7 + ["paid"]
    assert one(admin, OWED) == 0
    assert one(admin, "select paid from report.source_payables") == 32


def one(admin: psycopg.Connection, query: str) -> Decimal:
    """The one value that a query finds."""
    row = admin.execute(query.encode()).fetchone()
    assert row
    return Decimal(row[0])
