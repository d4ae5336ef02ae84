"""Databases from before (the endpoints, the states of sales), and ones that went astray: a deploy puts them right."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from leadgen.db.migrate import migrate
from leadgen.db.tree import SqlTree
from leadgen.paths import sql_dir
from leadgen.settings import Settings
from rig.cluster import Cluster

# SQL of an earlier commit, whose columns rig.catalogue does not know.
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
# What was sold while the end of a sale was a text: (outcome, release_reason, released, erased), in order.
ENDS = """
set session_replication_role = replica;
insert into leadgen.leads (id, market_id, vertical_id, offer_id, source_id, name, email, phone, postal_code, erased_at,
  routing_policy_version, pricing_policy_version)
overriding system value
select n, 1, 1, 1, 1, '', '', '', '', case n when 4 then now() end, 2, 3 from generate_series(1, 9) n;
insert into leadgen.lead_assignments (
  id, created_at, updated_at, market_id, offer_id, lead_id, buyer_id, buyer_offer_id, decision_id, is_exclusive, price,
  currency, price_steps, outcome, release_reason, released_at
) overriding system value
select n, '2026-02-10T12:00:00Z', '2026-02-11T12:00:00Z', 1, 1, n, 1, 1, 1, false, 45, 'USD', '[]',
  outcome::leadgen.assignment_outcome, reason, case when is_released then '2026-02-12T12:00:00Z'::timestamptz end
from (values
  (1, 'accepted', null, false),
  (2, 'returned', 'returned: wrong_number', true),
  (3, 'returned', 'returned: she had moved, and so on', true),
  (4, 'returned', 'returned: Zaphod is ill', true),
  (5, 'returned', 'not accepted in time', true),
  (6, 'returned', 'not accepted in time', false),
  (7, 'failed', 'lead erased', true),
  (8, 'failed', 'delivery failed', false),
  (9, 'unknown', 'no answer', true)
) as t (n, outcome, reason, is_released);
insert into leadgen.sale_returns (
  market_id, offer_id, buyer_id, buyer_offer_id, assignment_id, reason_code, via, status, decided_at, decided_by)
values (1, 1, 1, 1, 2, 'wrong_number', 'api', 'approved', now(), 'auto');
insert into leadgen.lead_decisions (
  market_id, lead_id, offer_id, attempt, decided_at, routing_policy_id, routing_policy_version, pricing_policy_id,
  pricing_policy_version, settings, candidates, reasons, ranking, winners)
select 1, n, 1, attempt, now(), 10 + attempt, 2, 20 + attempt, 3,
  jsonb_populate_record(null::kernel.routing_settings, '{"max_buyers": 1}'), '{}', '{}', '{}', '{}'
from generate_series(1, 8) n, generate_series(1, 2) attempt;
set session_replication_role = origin;
"""
WAYS = "select buyer_id, channel::text from leadgen.endpoints order by 1, 2"
REACH = "select buyer_id, is_reachable from leadgen.buyer_offers order by 1"


def run(url: str, tree: SqlTree | None = None) -> None:
    migrate(url, Settings(environment="development"), tree=tree, reference=False, say=lambda _: None)


def ask(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


@contextmanager
def stop_before(cluster: Cluster, root: Path, number: int) -> Iterator[str]:
    """A database that had the migrations before this one: its tables, for its functions are gone."""
    shutil.copytree(sql_dir(), root)
    with cluster.clone("template0") as url:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("leadgen.db.migrate._write_where_webhooks_go", lambda *_: None)  # a later column
            run(url, only_up_to(SqlTree(root), number - 1))
        yield url


def only_up_to(tree: SqlTree, last: int) -> SqlTree:
    """The tree without later migrations and without what is declared anew."""
    for migration in tree.migrations():
        if migration.number > last:
            migration.path.unlink()
    (tree.root / "load_order").write_text("policies/reset.sql\n")
    return tree


@pytest.fixture(scope="module")
def of_before(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database from before the endpoints, with history in it, upgraded. The module shares it: tests read it."""
    with stop_before(cluster, tmp_path_factory.mktemp("old") / "sql", 6) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(BUYERS)
            connection.execute(SALES)
            connection.execute(
                "insert into leadgen.hold_wakes (offer_id, created_at) values (1, '2026-02-10T12:00:00Z')"
            )
        run(url)
        yield url


@pytest.fixture(scope="module")
def ended(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The same from before the states of sales, with every way in which a sale had ended."""
    with stop_before(cluster, tmp_path_factory.mktemp("ended") / "sql", 20) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(ENDS)
        run(url)
        yield url


def test_buyers_of_before_are_reached_by_the_ways_they_have(of_before: str) -> None:
    assert ask(of_before, WAYS) == [(1, "webhook"), (2, "sms"), (3, "email"), (3, "sms")]
    assert ask(of_before, REACH) == [(1, True), (2, True), (3, True), (4, False)]


def test_offers_of_before_begin_as_they_were_at_the_upgrade(of_before: str) -> None:
    history = ask(of_before, "select version, changed_by, changes from leadgen.offer_history(1)")
    assert history == [(1, "migration", "as it was at the upgrade")]


def test_sales_of_before_may_be_returned_for_a_week(of_before: str) -> None:
    """Without an end, each could be returned for ever."""
    ends = ask(
        of_before, "select (return_by at time zone 'UTC')::text from leadgen.lead_assignments order by id"
    )
    assert ends == [("2026-02-17 12:00:00",), ("2026-02-11 12:00:00",)]


def test_the_ends_of_sales_become_states(ended: str) -> None:
    sales = ask(
        ended,
        "select outcome::text, (release_due_at at time zone 'UTC')::text, (released_at at time zone 'UTC')::text"
        " from leadgen.lead_assignments order by id",
    )
    due, released = "2026-02-11 12:00:00", "2026-02-12 12:00:00"
    assert sales == [
        ("accepted", None, None),
        ("returned", None, released),
        ("returned", None, released),
        ("returned", None, released),
        ("lapsed", None, released),
        ("lapsed", due, None),
        ("erased", None, released),
        ("failed", due, None),
        ("unknown", None, released),
    ]
    rules = "select * from market.list_broken_sales() where rule = 'sale_has_one_state'"
    assert ask(ended, rules) == ask(ended, "select * from market.list_broken_returns()") == []


def test_returns_of_before_keep_their_words(ended: str) -> None:
    """Those of an erased lead are not kept."""
    returns = ask(
        ended, "select assignment_id, reason_code, note, via, status from leadgen.sale_returns order by 1"
    )
    assert returns == [
        (2, "wrong_number", None, "api", "approved"),
        (3, "other", "she had moved, and so on", "operator", "approved"),
        (4, "other", None, "operator", "approved"),
    ]


def test_leads_of_before_name_their_latest_policies(ended: str) -> None:
    leads = ask(ended, "select routing_policy_id, pricing_policy_id from leadgen.leads order by id")
    assert leads == [(12, 22)] * 8 + [(None, None)]


def test_guards_of_before_are_in_force_again(ended: str) -> None:
    """The migration writes what they would refuse; what comes after it is refused."""
    for change in ("outcome = 'pending'", "price = 1"):
        with pytest.raises(psycopg.errors.DatabaseError) as refusal:
            ask(ended, f"update leadgen.lead_assignments set {change} returning id")
        assert refusal.value.sqlstate == "LG409"


def test_offers_that_were_to_be_woken_still_are(of_before: str) -> None:
    """hold_wakes becomes catalog_changes; what the deploy itself changes is noted there, too."""
    changes = "select table_name, row_id, offer_id, extract(hour from changed_at at time zone 'UTC')::integer"
    assert ask(of_before, f"{changes} from leadgen.catalog_changes order by id limit 1") == [
        ("offers", 1, 1, 12)
    ]
    assert ask(of_before, "select leadgen.follow_change() > 0") == [(True,)]
    assert ask(of_before, "select leadgen.follow_change() > 0") == [(False,)]


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


POSTERS = """
set session_replication_role = replica;
insert into leadgen.offers
  (id, market_id, vertical_id, name, slug, default_price_per_lead, validation_policy_id, routing_policy_id)
overriding system value values (1, 1, 1, 'Plumbing', 'plumbing', 45, 1, 1);
insert into leadgen.field_maps (id, slug, name, body) overriding system value values
  (901, 'by-campaign', 'By campaign', '{"by_campaign": true, "fields": {}}'),
  (902, 'plain', 'Plain', '{"fields": {}}');
insert into leadgen.sources (id, offer_id, kind, name, source_key)
overriding system value
select n, 1, 'partner_api', 's' || n, 's' || n from generate_series(1, 5) n;
insert into leadgen.source_maps (source_id, field_map_id)
select n, m from unnest(%s::int[], %s::int[]) t (n, m);
insert into leadgen.source_campaigns (source_id, utm_source, utm_campaign)
values (3, 'google', '1'), (4, 'google', '2');
set session_replication_role = origin;
"""


@pytest.mark.parametrize(
    ("posts_by_campaign", "one_account"),
    [([1], [1, 3, 4]), ([1, 5], []), ([], [])],
    ids=["one", "two", "none"],
)
def test_campaigns_of_a_single_poster_stay_its_own(
    cluster: Cluster, tmp_path: Path, posts_by_campaign: list[int], one_account: list[int]
) -> None:
    (number,) = [m.number for m in SqlTree(sql_dir()).migrations() if m.path.stem.endswith("source_accounts")]
    tree = SqlTree(shutil.copytree(sql_dir(), tmp_path / "up to it"))
    with stop_before(cluster, tmp_path / "sql", number) as url:
        posters = [*posts_by_campaign, 2]
        maps = [*(901 for _ in posts_by_campaign), 902]
        with psycopg.connect(url, autocommit=True, cursor_factory=psycopg.ClientCursor) as session:
            session.execute(POSTERS, [posters, maps])
        run(url, only_up_to(tree, number))
        found = ask(url, "select id from leadgen.sources where account = 'campaigns' order by id")
    assert [number for (number,) in found] == one_account


KEEPERS = """
set session_replication_role = replica;
insert into leadgen.buyers (id, name, email, phone, webhook_secret, previous_webhook_secret, previous_secret_until,
  webhook_headers)
overriding system value values
  (1, 'Hook', 'hook@b.example', '+15125550101', 'whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=',
    'whsec_OTEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=', '2126-11-20T16:00:01Z', '{"X-Api-Key": "hush"}'),
  (2, 'Old', 'old@b.example', '+15125550102', null, null, null, '{"Authorization": "Bearer hush"}'),
  (3, 'Odd', 'odd@b.example', '+15125550103', 'whsec_OTEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=', null, null, '[]');
insert into leadgen.sources (id, offer_id, kind, name, source_key)
overriding system value select n, 1, 'partner_api', 's' || n, 's' || n from generate_series(1, 3) n;
insert into leadgen.field_maps (id, slug, name, body)
overriding system value values (901, 'plain', 'Plain', '{"fields": {}}');
insert into leadgen.source_maps (source_id, field_map_id, app_secret, access_token, verify_token) values
  (1, 901, 'hush 1', 'hush 2', 'hush 3'), (2, 901, null, 'hush 4', null), (3, 901, null, null, null);
set session_replication_role = origin;
"""
OF_WEBHOOKS = """
select buyer_id, secret, previous_secret, extract(year from previous_secret_until)::integer, headers
from leadgen.webhook_secrets order by 1
"""
OF_NETWORKS = (
    "select source_id, app_secret, access_token, verify_token from leadgen.network_secrets order by 1"
)
ON_DISK = """
select c.relname::text from pg_class c
where c.oid in ('leadgen.buyers'::regclass, 'leadgen.source_maps'::regclass)
  and encode(pg_read_binary_file(pg_relation_filepath(c.oid)), 'escape') ~ 'hush|whsec_'
order by 1
"""


def find_on_disk(url: str) -> list[str]:
    """The tables that had secrets whose files have them."""
    with psycopg.connect(url, autocommit=True) as session:
        session.execute("checkpoint")
        return [table for (table,) in session.execute(ON_DISK)]


def test_secrets_of_before_move_with_their_values(cluster: Cluster, tmp_path: Path) -> None:
    (number,) = [m.number for m in SqlTree(sql_dir()).migrations() if m.path.stem.endswith("_secrets")]
    new, old = (f"whsec_{code}EyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=" for code in ("MD", "OT"))
    with stop_before(cluster, tmp_path / "sql", number) as url:
        with psycopg.connect(url, autocommit=True) as session:
            session.execute(KEEPERS)
        assert find_on_disk(url) == ["buyers", "source_maps"]
        run(url)
        hook, forgotten, odd = ask(url, OF_WEBHOOKS)
        networks = ask(url, OF_NETWORKS)
        assert find_on_disk(url) == [], "a dropped column stays on the disk until its rows are written anew"
    assert hook == (1, new, old, 2126, {"X-Api-Key": "hush"})
    assert forgotten[1].startswith("whsec_")
    assert forgotten[2:] == (None, None, {"Authorization": "Bearer hush"})
    assert odd == (3, old, None, None, {})
    assert networks == [(1, "hush 1", "hush 2", "hush 3"), (2, None, "hush 4", None)]


KEYS = """
set session_replication_role = replica;
insert into leadgen.sources (id, offer_id, kind, name, source_key, api_key_hash)
overriding system value values
  (1, 1, 'partner_api', 'Partner', 'partner', repeat('a', 64)), (2, 1, 'landing_page', 'Page', 'page', null);
insert into leadgen.buyers (id, name, email, phone) overriding system value
values (1, 'Ann', 'ann@b.example', '+15125550101');
insert into leadgen.buyer_keys (buyer_id, name, key_hash, revoked_at) values
  (1, E'Ann\\nSmith', repeat('b', 64), null), (1, 'Ann', repeat('c', 64), '2026-11-01T00:00:00Z'),
  (1, 'Ann', repeat('d', 64), null);
insert into leadgen.operator_keys (name, key_hash, scopes, revoked_at) values
  ('olga', repeat('e', 64), '{read}', null), ('otto', repeat('f', 64), '{read,money}', null),
  ('olga', repeat('d', 64), '{read}', '2026-11-02T00:00:00Z');
set session_replication_role = origin;
"""
KEYS_NOW = """
select k.kind, coalesce(k.source_id, k.buyer_id), k.name::text, left(k.key_hash, 1), k.scopes, k.revoked_at is not null
from leadgen.api_keys k order by k.id
"""


def test_keys_of_before_stay_in_force(cluster: Cluster, tmp_path: Path) -> None:
    with stop_before(cluster, tmp_path / "sql", 57) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(KEYS.encode())
        run(url)
        every = ["read", "answer", "pay"]
        assert ask(url, KEYS_NOW) == [
            ("source", 1, "of the catalogue", "a", ["leads"], False),
            ("buyer", 1, "Ann Smith", "b", every, False),
            ("buyer", 1, "Ann", "d", every, False),
            ("buyer", 1, "Ann", "c", every, True),
            ("operator", None, "olga", "e", ["read"], False),
            ("operator", None, "otto", "f", ["read", "money"], False),
        ]
        assert ask(url, "select leadgen.check_source_key(repeat('a', 64))") == [("",)]
        assert ask(url, "select identity.authenticate_buyer(repeat('d', 64), 'pay')") == [(1,)]
        assert ask(url, "select identity.authorize_operator(repeat('f', 64), 'money')") == [("otto",)]
        for door in (
            "authenticate_buyer(repeat('c', 64), 'read')",
            "authorize_operator(repeat('d', 64), 'read')",
        ):
            with pytest.raises(psycopg.DatabaseError) as refused:
                ask(url, f"select identity.{door}")
            assert refused.value.sqlstate == "LG401"


def test_one_key_of_two_owners_stops_the_deploy_and_says_what_to_do(cluster: Cluster, tmp_path: Path) -> None:
    with stop_before(cluster, tmp_path / "sql", 57) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(KEYS.encode())
            connection.execute("update leadgen.operator_keys set revoked_at = null")
        with pytest.raises(Exception, match="One and the same key is in force for two owners"):
            run(url)
        assert ask(
            url, "select to_regclass('leadgen.api_keys') is null, count(*) from leadgen.buyer_keys"
        ) == [(True, 3)]
