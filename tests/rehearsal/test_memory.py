"""What-if keeps nothing a lead: its memory for ten thousand leads is that for one thousand."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg.types.json import Jsonb

from concurrency.sessions import submit
from rig.catalogue import Catalogue, Offer, make_lead
from rig.cluster import Cluster

LEADS, TIMES = 1000, 10
MOST_GROWTH = 900  # kB for 9,000 more leads: a leak of 100 bytes a lead would show
CHANGES = {"default_price_per_lead": 60, "routing": {"strategy": "least_filled", "on_no_buyer": "reject"}}

# The same thousand again and again, a day earlier each time: their decisions and sales are as real as the first.
REPEAT = """
with copies as (
  insert into leadgen.leads (
    created_at, market_id, vertical_id, offer_id, source_id, name, email, phone, postal_code, status,
    validation_policy_id, validation_policy_version, routing_policy_version, buyer_id, price, submitted, answer,
    signals, idempotency_key)
  select
    created_at - %(back)s::interval, market_id, vertical_id, offer_id, source_id, name, email, phone, postal_code,
    status, validation_policy_id, validation_policy_version, routing_policy_version, buyer_id, price, submitted, answer,
    signals, %(back)s::interval || ' ' || id
  from leadgen.leads where idempotency_key like 'auto:%%'
  returning id, split_part(idempotency_key, ' ', -1)::bigint as first
),
decisions as (
  insert into leadgen.lead_decisions (
    market_id, lead_id, offer_id, attempt, decided_at, routing_policy_id, routing_policy_version, reasons,
    ranking, winners, format, timezone, decimals, max_buyers, default_price, enrollments, versions, flags, prices,
    last_turns, limit_uses)
  select
    d.market_id, c.id, d.offer_id, 1, d.decided_at - %(back)s::interval, d.routing_policy_id,
    d.routing_policy_version, d.reasons, d.ranking, d.winners, d.format, d.timezone, d.decimals, d.max_buyers,
    d.default_price, d.enrollments, d.versions, d.flags, d.prices, d.last_turns, d.limit_uses
  from copies c join leadgen.lead_decisions d on d.lead_id = c.first
  returning id, lead_id
)
insert into leadgen.lead_assignments (
  created_at, market_id, lead_id, decision_id, offer_id, buyer_id, buyer_offer_id, is_exclusive, price, currency,
  price_steps)
select
  a.created_at - %(back)s::interval, a.market_id, d.lead_id, d.id, a.offer_id, a.buyer_id, a.buyer_offer_id,
  a.is_exclusive, a.price, a.currency, a.price_steps
from decisions d
join copies c on c.id = d.lead_id
join leadgen.lead_assignments a on a.lead_id = c.first
"""


@pytest.fixture(scope="module")
def sold(cluster: Cluster, template: str) -> Iterator[tuple[str, Offer]]:
    """A database with ten thousand leads of one offer, a thousand of them of this day."""
    with cluster.clone(template) as url, psycopg.connect(url, autocommit=True) as connection:
        catalogue = Catalogue(connection)
        offer = catalogue.add_offer({"strategy": "round_robin"})
        for place in range(20):
            catalogue.enroll(offer, capacity_per_day=10_000 + place)
        for _ in range(LEADS):
            submit(connection, make_lead(offer.source_key))
        for day in range(1, TIMES):
            connection.execute(REPEAT, {"back": f"{day} days"})
        connection.execute("vacuum analyze")
        yield url, offer


def most_memory(url: str, offer: Offer, since: str, changes: dict[str, object]) -> tuple[int, int]:
    """Leads played, and the most kB of its own that the backend had meanwhile, in a session of its own."""
    question = "select leadgen.what_if(%s, now() - %s::interval, now() + interval '1 hour', %s)"
    with psycopg.connect(url, autocommit=True) as session, ThreadPoolExecutor(1) as pool:
        session.execute("set work_mem = '64kB'")  # sorting the events goes to disk beyond that
        session.execute(question, [offer.id, "1 second", Jsonb(changes)])  # compiled and cached
        status = Path(f"/proc/{session.info.backend_pid}/status")
        running = pool.submit(session.execute, question, [offer.id, since, Jsonb(changes)])
        seen = [own_memory(status)]
        while not running.done():
            time.sleep(0.005)
            seen.append(own_memory(status))
        (report,) = running.result().fetchone() or ({},)
    return report["leads"], max(seen)


def own_memory(status: Path) -> int:
    """RssAnon in kB: what is shared with other backends left out."""
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("RssAnon:"))
    return int(line.split()[1])


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
@pytest.mark.parametrize("changes", [{}, CHANGES], ids=["nothing changed", "everything moves"])
def test_memory_is_flat(sold: tuple[str, Offer], changes: dict[str, object]) -> None:
    url, offer = sold
    few, small = most_memory(url, offer, "12 hours", changes)
    many, large = most_memory(url, offer, "30 days", changes)
    assert (few, many) == (LEADS, LEADS * TIMES)
    assert large - small < MOST_GROWTH
