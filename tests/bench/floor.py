"""The write floor: a sold lead's rows by plain statements into the leanest tables that could hold them (floor.sql)."""

import json
from pathlib import Path

from .intake import Subject
from .lead import FIRST_PLACE, MESSAGE, draws, text
from .pgbench import measure
from .server import Bench

TABLES = Path(__file__).with_suffix(".sql")
ENTRIES = json.dumps(
    [
        {
            "enrollment": 1000 + place,
            "reason": "outside_service_area" if place % 3 else None,
            "used": place,
            "price": 45,
        }
        for place in range(20)
    ]
)
WRITE = rf"""{draws()}
\set offer :place - {FIRST_PLACE - 1}
\set buyer random(1, 1000)
begin;
insert into leads (
  market_id, vertical_id, offer_id, source_id, idempotency_key, name, email, phone, postal_code, city, message, status,
  buyer_id, price, utm_source, utm_medium, utm_campaign, ip_address, user_agent)
values (
  :offer, 1, :offer, :offer, {text("auto:<person>")}, 'John Smith', {text("j<person>@example.org")},
  {text("+1<area><number>")}, {text("<place><block><city>")}, {text("New City <city>")}, '{MESSAGE}', 'validated',
  :buyer, 45, 'google', 'cpc', 'plumbing', {text("198.18.<net>.<host>")}::inet,
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36') returning id as lead \gset
insert into decisions (lead_id, decided_at, entries) values (:lead, now(), '{ENTRIES}');
insert into sales (lead_id, offer_id, buyer_id, price) values (:lead, :offer, :buyer, 45) returning id as sale \gset
insert into deliveries (sale_id, target, next_attempt_at) values (:sale, 'https://buyer.example/leads', now());
update counters set sold = sold + 1 where buyer_id = :buyer;
commit;
"""
STORED = """
insert into leads (
  created_at, market_id, vertical_id, offer_id, source_id, idempotency_key, name, email, phone, postal_code, city,
  message, status, buyer_id, price)
select
  now() - n * interval '1 minute', o, 1, o, o, 'auto:' || n || 'k', 'John Smith', 'k' || n || '@example.org',
  '+1' || 212 + n %% 8 || 2000000 + n * 7919 %% 7999999, '10100', 'New City 1', %s, 'validated', 1 + n %% 1000, 45
from generate_series(1, %s::bigint) n, lateral (select 1 + n %% 20 as o) offer
"""


def create_floor(bench: Bench, database: str, stored: int) -> None:
    """A database of the floor with so many leads stored."""
    bench.create(database)
    with bench.connect(database) as admin:
        admin.execute(TABLES.read_bytes())
        admin.execute("set session_replication_role = replica")
        admin.execute(STORED, [MESSAGE, stored])
        admin.execute("vacuum analyze")


def floor_subject(bench: Bench, database: str, seconds: int) -> Subject:
    """Transactions that write such rows."""
    return lambda clients: measure(bench, database, WRITE, clients, seconds, "postgres")
