"""Databases of before the endpoints (migrations 0001 to 0005), and ones that went astray: a deploy puts them right."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from leadgen.db.migrate import migrate
from leadgen.db.tree import SqlTree
from leadgen.paths import sql_dir
from leadgen.settings import Settings
from rig.cluster import Cluster

# Written without a trigger to help: who takes leads by which ways, and what was sold long ago.
BUYERS = """
set session_replication_role = replica;
insert into leadgen.buyers (id, name, email, phone, webhook_url, email_notifications, sms_notifications)
overriding system value values
  (1, 'Hook', 'hook@b.example', '+15125550101', 'https://b.example/hook', false, false),
  (2, 'Texts', 'texts@b.example', '+15125550102', null, false, true),
  (3, 'Both', 'both@b.example', '+15125550103', null, true, true),
  (4, 'Nobody', 'nobody@b.example', '+15125550104', null, false, false);
insert into leadgen.offers
  (id, market_id, vertical_id, name, slug, default_price_per_lead, validation_policy_id, routing_policy_id)
overriding system value values (1, 1, 1, 'Plumbing', 'plumbing', 45, 1, 1);
insert into leadgen.buyer_offers (buyer_id, offer_id) select b.id, 1 from leadgen.buyers b;
set session_replication_role = origin;
"""
SALES = """
set session_replication_role = replica;
insert into leadgen.lead_assignments (
  created_at, market_id, offer_id, lead_id, buyer_id, buyer_offer_id, decision_id, is_exclusive, price, currency,
  price_steps, outcome, acceptance, answer_by
) values
  ('2026-02-10T12:00:00Z', 1, 1, 1, 1, 1, 1, false, 45, 'USD', '[]', 'accepted', 'on_delivery', null),
  ('2026-02-10T12:00:00Z', 1, 1, 2, 1, 1, 2, false, 45, 'USD', '[]', 'accepted', 'auto_after', '2026-02-11T12:00:00Z');
set session_replication_role = origin;
"""
WAYS = "select buyer_id, channel::text from leadgen.endpoints order by 1, 2"
REACH = "select buyer_id, is_reachable from leadgen.buyer_offers order by 1"


def run(url: str, tree: SqlTree | None = None) -> None:
    migrate(url, Settings(environment="development"), tree=tree, reference=False, say=lambda _: None)


def ask(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


@pytest.fixture
def old(cluster: Cluster, tmp_path: Path) -> Iterator[str]:
    """A database of before the endpoints, with history in it: its tables, for its functions are gone."""
    tree = SqlTree(tmp_path / "sql")
    shutil.copytree(sql_dir(), tree.root)
    for migration in tree.migrations():
        if migration.number > 5:
            migration.path.unlink()
    (tree.root / "load_order").write_text("policies/reset.sql\n")
    with cluster.clone("template0") as url:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("leadgen.db.migrate._write_where_webhooks_go", lambda *_: None)  # a later column
            run(url, tree)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(BUYERS)
            connection.execute(SALES)
        yield url


def test_buyers_of_before_are_reached_by_the_ways_they_have(old: str) -> None:
    run(old)
    assert ask(old, WAYS) == [(1, "webhook"), (2, "sms"), (3, "email"), (3, "sms")]
    assert ask(old, REACH) == [(1, True), (2, True), (3, True), (4, False)]


def test_sales_of_before_may_be_returned_for_a_week(old: str) -> None:
    """Without an end, each could be returned for ever."""
    run(old)
    ends = ask(old, "select (return_by at time zone 'UTC')::text from leadgen.lead_assignments order by id")
    assert ends == [("2026-02-17 12:00:00",), ("2026-02-11 12:00:00",)]


def test_offers_that_were_to_be_woken_still_are(old: str) -> None:
    """hold_wakes becomes catalog_changes; what the deploy itself changes is noted there, too."""
    with psycopg.connect(old, autocommit=True) as connection:
        connection.execute(
            "insert into leadgen.hold_wakes (offer_id, created_at) values (1, '2026-02-10T12:00:00Z')"
        )
    run(old)
    changes = "select table_name, row_id, offer_id, extract(hour from changed_at at time zone 'UTC')::integer"
    assert ask(old, f"{changes} from leadgen.catalog_changes order by id limit 1") == [("offers", 1, 1, 12)]
    assert ask(old, "select roads.follow_change(now())") == [(True,)]
    assert ask(old, "select roads.follow_change(now())") == [(False,)]


def test_every_deploy_puts_reach_right(database: str) -> None:
    """What a superuser, a restore or a race left wrong."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(BUYERS)
        connection.execute("update leadgen.buyer_offers set is_reachable = (buyer_id = 4)")
        connection.execute("truncate leadgen.schema_reloads")
    assert ask(database, WAYS) == []
    run(database)
    assert ask(database, WAYS) == [(1, "webhook"), (2, "sms"), (3, "email"), (3, "sms")]
    assert ask(database, REACH) == [(1, True), (2, True), (3, True), (4, False)]
