"""What an edit that goes wrong leaves in the server's log and tells its client: no secret, and no row with one."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from rig.cluster import Cluster, Connect

SECRET = "whsec_SGVyZSBpcyBhIHNlY3JldCBvZiBhIGJ1eWVyISEh"
BEARER = "Bearer hush-hush-bearer"
URL = "https://buyer.example/hook?sig=hush-signature"
TOKEN = "hush-token"
SECRETS = (SECRET, "hush-hush-bearer", "hush-signature", TOKEN)

BUYER: dict[str, Any] = {
    "name": "Ann",
    "email": "ann@buyer.example",
    "phone": "+15125550100",
    "webhook_url": URL,
    "webhook_secret": SECRET,
    "webhook_headers": f'{{"Authorization": "{BEARER}"}}',
}
ENROLLMENT: dict[str, Any] = {"buyer_id": 1, "offer_id": 1, "webhook_url_override": URL}
MAP: dict[str, Any] = {
    "source_id": 1,
    "field_map_id": 1,
    "app_secret": TOKEN,
    "access_token": TOKEN,
    "verify_token": TOKEN,
}


@pytest.fixture
def log(cluster: Cluster) -> Callable[[], str]:
    """What the server has logged since the test began."""
    path: Path = cluster.server.log / "postgresql.log"
    start = path.stat().st_size

    def read() -> str:
        with path.open("rb") as file:
            file.seek(start, os.SEEK_SET)
            return file.read().decode()

    return read


@pytest.fixture
def rows(connect: Connect) -> psycopg.Connection[Any]:
    """A session on a database that has what the rows below refer to."""
    session = connect()
    session.execute("""
        set session_replication_role = replica;
        insert into leadgen.markets (name, slug, timezone, region_code) values ('M', 'm', 'UTC', 'US-TX');
        insert into leadgen.verticals (slug, name) values ('v', 'V');
        insert into leadgen.offers
          (market_id, vertical_id, name, slug, default_price_per_lead, validation_policy_id, routing_policy_id)
        values (1, 1, 'O', 'o', 45, 1, 1);
        insert into leadgen.sources (offer_id, kind, name, source_key) values (1, 'partner_api', 'S', 's');
        set session_replication_role = origin;
    """)
    return session


def insert(session: psycopg.Connection[Any], table: str, row: dict[str, Any]) -> psycopg.Error | None:
    """Insert a row with parameters; the error, if it is refused."""
    statement = sql.SQL("insert into leadgen.{} ({}) values ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(sql.Placeholder() * len(row)),
    )
    try:
        with session.transaction(force_rollback=True):
            session.execute(statement, list(row.values()))
    except psycopg.Error as error:
        return error
    return None


def said(error: psycopg.Error) -> str:
    """All that a client reads of an error."""
    diag = error.diag
    return " ".join(
        str(part) for part in (diag.message_primary, diag.message_detail, diag.message_hint, diag.context)
    )


NEEDED = """
select a.attname from pg_attribute a
where a.attrelid = %s::regclass and a.attnum > 0 and a.attnotnull and a.attidentity = ''
"""
TABLES = {"buyers": BUYER, "buyer_offers": ENROLLMENT, "source_maps": MAP}


@pytest.mark.parametrize("table", TABLES)
def test_column_without_a_value_is_refused_without_the_row(
    rows: psycopg.Connection[Any], log: Callable[[], str], table: str
) -> None:
    needed = [name for (name,) in rows.execute(NEEDED, (f"leadgen.{table}",)).fetchall()]
    assert needed
    for column in needed:
        error = insert(rows, table, {**TABLES[table], column: None})
        if error is None:  # a trigger fills it
            continue
        assert "Failing row" not in said(error)
        assert not [secret for secret in SECRETS if secret in said(error)]
    assert "ERROR" in log()
    assert not [secret for secret in SECRETS if secret in log()]


@pytest.mark.parametrize(
    ("table", "change", "constraint"),
    [
        ("buyers", {"balance": -1}, "check_non_negative_balance"),
        ("buyers", {"previous_webhook_secret": SECRET}, "buyers_previous_secret_ends"),
        ("buyer_offers", {"routing_priority": 0}, "buyer_offers_priority_positive"),
        ("buyer_offers", {"weight": "NaN"}, "buyer_offers_weight_positive"),
        ("buyer_offers", {"price_per_lead": -1}, "buyer_offers_price_positive"),
    ],
)
def test_check_is_refused_by_name_and_without_the_row(
    rows: psycopg.Connection[Any], log: Callable[[], str], table: str, change: dict[str, Any], constraint: str
) -> None:
    error = insert(rows, table, {**TABLES[table], **change})
    assert isinstance(error, psycopg.errors.CheckViolation)
    assert error.diag.constraint_name == constraint
    assert error.diag.message_primary == f"The row of {table} breaks {constraint}"
    assert error.diag.message_detail is None
    assert str(error.diag.message_hint).startswith("It has to hold: ")
    assert constraint in log()
    assert not [secret for secret in SECRETS if secret in log() + said(error)]


def test_rows_that_hold_are_taken(rows: psycopg.Connection[Any]) -> None:
    assert insert(rows, "source_maps", MAP) is None
    assert insert(rows, "buyers", BUYER) is None
    rows.execute(
        "insert into leadgen.buyers (name, email, phone) values ('Bo', 'bo@b.example', '+15125550101')"
    )
    ((buyer,),) = rows.execute("select max(id) from leadgen.buyers").fetchall()
    assert insert(rows, "buyer_offers", {**ENROLLMENT, "buyer_id": buyer}) is None


def test_without_the_guard_the_log_has_the_secrets(
    rows: psycopg.Connection[Any], log: Callable[[], str]
) -> None:
    """A check on the checks above."""
    rows.execute("alter table leadgen.buyers disable trigger keep_secrets")
    error = insert(rows, "buyers", {**BUYER, "balance": -1})
    assert error is not None
    assert SECRET in log()
    assert SECRET in said(error)


def test_every_table_with_secrets_has_the_guard(rows: psycopg.Connection[Any]) -> None:
    found = rows.execute("""
        select distinct c.relname::text from pg_attribute a join pg_class c on c.oid = a.attrelid
        where c.relnamespace = 'leadgen'::regnamespace and c.relkind = 'r' and a.attnum > 0
          and a.attname ~ '(secret|token|headers|webhook_url)' and a.attname !~ '(_hash|_until|lease_token)$'
          and not exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgname = 'keep_secrets')
    """).fetchall()
    assert {name for (name,) in found} <= {
        "link_secrets",  # one row, written by a migration
        "rate_buckets",  # tokens are a number
        "settings",  # allows_local_webhooks
    }
