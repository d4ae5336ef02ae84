"""The road of a lead pays nothing for the audit: not one function of it is called."""

import json
from typing import Any

import pytest

from api.serving import make_lead
from rig.cluster import Connect

CALLS = """
select coalesce(sum(f.calls), 0)::int
from pg_stat_user_functions f
where f.schemaname = 'auditing' and pg_stat_clear_snapshot() is not null
"""
CLAIM = """
with claimed as (
  select jsonb_agg(jsonb_build_object('delivery_id', c.delivery_id, 'lease_token', c.lease_token,
    'started_at', now(), 'outcome', %s::text, 'latency_ms', 1)) as results
  from leadgen.claim_deliveries('w', '{"email": 10, "webhook": 10, "sms": 10}', '30 seconds') c
)
select r.status from claimed, leadgen.record_attempts(claimed.results, 3, '1 second') r
"""


@pytest.fixture
def database(stocked_database: str) -> str:
    """With a catalogue in it."""
    return stocked_database


def test_a_lead_that_is_sold_paid_for_and_delivered_calls_no_audit(connect: Connect) -> None:
    session = connect()
    session.execute("set track_functions = 'all'")

    def calls() -> Any:
        session.execute("select pg_stat_force_next_flush()")
        row = session.execute(CALLS).fetchone()
        return row[0] if row else None

    session.execute("update leadgen.buyers set billing_mode = 'prepaid'")
    assert calls() > 0, "an edit of a buyer is counted"
    session.execute(
        "select leadgen.top_up(id, 1000, 'key ' || id) from leadgen.buyers where currency is not null"
    )
    before = calls()
    for outcome in ("delivered", "failed"):
        row = session.execute("select leadgen.submit_lead(%s, '{}')", [json.dumps(make_lead())]).fetchone()
        assert row
        assert row[0]["buyer_id"] is not None
        assert session.execute(CLAIM, [outcome]).fetchall(), "something was delivered"
    paid = session.execute("select count(*) from leadgen.ledger_transactions where kind = 'sale'").fetchone()
    assert paid == (2,)
    assert calls() == before
