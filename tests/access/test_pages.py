"""Pages of a buyer that has a large part of a market: each is read by an index, whatever row-level security adds.

The plans are asked for, not the time: `docs/decisions/2026-11-30-row-level-security.md` has what was measured.
"""

import json
from collections.abc import Iterator
from typing import Any, LiteralString

import psycopg
import pytest

from access.people import ANN_KEY, BOB_KEY, Town, settle
from leadgen.db.urls import with_role

SALES = 20_000
# Nineteen twentieths are of buyers without a row here: the planner knows how the ids are spread.
FILL: LiteralString = """
with sold as (
  select 1000 + n as id, now() - (%(sales)s - n) * interval '1 minute' as at,
    case when n %% 20 < 3 then %(ann)s when n %% 500 = 7 then %(bob)s else 100 + n %% 50 end as buyer_id
  from generate_series(1, %(sales)s) n
), leads as (
  insert into leadgen.leads (id, created_at, market_id, vertical_id, offer_id, source_id, idempotency_key, request_hash,
    source, name, email, phone, country_code, postal_code, attributes, status, answer)
  overriding system value
  select s.id, s.at, l.market_id, l.vertical_id, l.offer_id, l.source_id, 'k' || s.id, l.request_hash, l.source, l.name,
    l.email, l.phone, l.country_code, l.postal_code, l.attributes, l.status, l.answer
  from sold s, (select * from leadgen.leads order by id limit 1) l
), sales as (
  insert into leadgen.lead_assignments (id, created_at, market_id, lead_id, decision_id, offer_id, buyer_id,
    buyer_offer_id, is_exclusive, price, currency, price_steps, outcome, acceptance)
  overriding system value
  select s.id, s.at, a.market_id, s.id, s.id, a.offer_id, s.buyer_id,
    1, false, 45, 'USD', '[]', 'accepted', 'on_delivery'
  from sold s, (select * from leadgen.lead_assignments order by id limit 1) a
), booked as (
  insert into leadgen.ledger_transactions (id, booked_at, kind, key, currency, entries, buyer_id, assignment_id)
  overriding system value
  select s.id, s.at, 'sale', 'sale:' || s.id, 'USD', 2, s.buyer_id, s.id from sold s
)
insert into leadgen.ledger_entries (transaction_id, position, account, buyer_id, currency, amount, balance_after)
select s.id, 1, 'buyer_receivable'::leadgen.ledger_account, s.buyer_id, 'USD', 45, 45 from sold s
union all
select s.id, 2, 'revenue', null, 'USD', -45, null from sold s
"""
LATE = "(select max(sold_at) from for_buyers.sales)"
PAGES: dict[str, tuple[str, str]] = {
    "sales": (
        f"select * from for_buyers.sales where (sold_at, sale_id) < ({LATE}, 9999999)"
        " order by sold_at desc, sale_id desc limit 50",
        "idx_lead_assignments_buyer_created_at",
    ),
    "leads": (
        f"select * from for_buyers.leads where (sold_at, sale_id) < ({LATE}, 9999999)"
        " order by sold_at desc, sale_id desc limit 50",
        "idx_lead_assignments_buyer_created_at",
    ),
    "the ledger": (
        "select * from for_buyers.ledger where transaction_id < 19000 order by transaction_id desc limit 50",
        "idx_ledger_entries_buyer_transaction",
    ),
    "a lead": ("select * from for_buyers.leads where sale_id = 1020", "leads_pkey"),
}


@pytest.fixture(scope="module")
def filled(module_database: str) -> Town:
    """Ann has three sales in twenty, Bob one in five hundred."""
    with psycopg.connect(module_database, autocommit=True) as session:
        town = settle(session)
        session.execute("set session_replication_role = replica")
        session.execute(FILL, {"ann": town.ann.id, "bob": town.bob.id, "sales": SALES})
        session.execute("analyze")
        return town


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every node of a plan."""
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)


@pytest.mark.parametrize("key", [ANN_KEY, BOB_KEY], ids=["a large buyer", "a small one"])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_costs_a_page(module_database: str, filled: Town, page: str, key: str) -> None:
    query, index = PAGES[page]
    with psycopg.connect(with_role(module_database, "leadgen_api")) as session:
        session.execute("select leadgen.act_as_buyer(%s)", [key])
        session.execute("set local role leadgen_buyer")
        row = session.execute(f"explain (analyze, timing off, format json) {query}".encode()).fetchone()
    assert row
    found = list(nodes(row[0][0]["Plan"]))
    said = json.dumps(row[0], indent=1)
    assert index in [node.get("Index Name") for node in found], said
    touched = sum(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for node in found
        if "Scan" in node["Node Type"]
    )
    assert touched <= 400, said


def test_who_a_transaction_acts_for_is_asked_once_and_not_for_each_row(
    module_database: str, filled: Town
) -> None:
    with psycopg.connect(module_database) as session:
        rows = session.execute(
            "select polrelid::regclass::text, pg_get_expr(polqual, polrelid) from pg_policy"
        ).fetchall()
    called = [(table, text) for table, text in rows if "acting_" in text]
    assert len(called) >= 15
    for table, text in called:
        assert text.count("acting_") == 2 * text.count("( SELECT identity.acting_"), (table, text)
