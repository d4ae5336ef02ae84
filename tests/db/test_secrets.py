"""Where secrets are, and where not: other tables, and the server's log after an edit that went wrong."""

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
PERSON = ("Ann Larsen", "ann@buyer.example", "5125550100")

BUYER: dict[str, Any] = {
    "name": "Ann Larsen",
    "email": "ann@buyer.example",
    "phone": "+15125550100",
    "webhook_url": URL,
}
ENROLLMENT: dict[str, Any] = {"buyer_id": 1, "offer_id": 1, "webhook_url_override": URL}
MAP: dict[str, Any] = {"source_id": 1, "field_map_id": 1}
WEBHOOK: dict[str, Any] = {
    "buyer_id": 1,
    "secret": SECRET,
    "previous_secret": SECRET,
    "previous_secret_until": "2026-11-20T16:00:00Z",
    "headers": f'{{"Authorization": "{BEARER}"}}',
}
NETWORK: dict[str, Any] = {
    "source_id": 1,
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
        insert into leadgen.buyers (name, email, phone) values ('Bo', 'bo@b.example', '+15125550101');
        set session_replication_role = origin;
    """)
    return session


def insert(
    session: psycopg.Connection[Any], table: str, row: dict[str, Any], keeps: bool = False
) -> psycopg.Error | None:
    """Insert a row with parameters, which stays if the test says so; the error, if it is refused."""
    statement = sql.SQL("insert into leadgen.{} ({}) values ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(sql.Placeholder() * len(row)),
    )
    try:
        with session.transaction(force_rollback=not keeps):
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
TABLES = {
    "buyers": BUYER,
    "buyer_offers": ENROLLMENT,
    "source_maps": MAP,
    "webhook_secrets": WEBHOOK,
    "network_secrets": NETWORK,
}


def leaked(text: str) -> list[str]:
    """The secrets, and what is a person's, in a text."""
    return [word for word in SECRETS + PERSON if word in text]


@pytest.mark.parametrize("table", TABLES)
def test_column_without_a_value_is_refused_without_the_row(
    rows: psycopg.Connection[Any], log: Callable[[], str], table: str
) -> None:
    needed = [name for (name,) in rows.execute(NEEDED, (f"leadgen.{table}",)).fetchall()]
    assert needed
    for column in needed:
        error = insert(rows, table, {**TABLES[table], column: None})
        assert isinstance(error, psycopg.errors.NotNullViolation)
        assert leaked(said(error)) == []
    assert log().count("ERROR") == len(needed)
    assert leaked(log()) == []


@pytest.mark.parametrize(
    ("table", "change", "constraint"),
    [
        ("buyers", {"balance": -1}, "check_non_negative_balance"),
        ("webhook_secrets", {"secret": f"{SECRET}-"}, "webhook_secrets_secret_shape"),
        ("webhook_secrets", {"previous_secret": None}, "webhook_secrets_previous_secret_ends"),
        ("webhook_secrets", {"headers": f'"{BEARER}"'}, "webhook_secrets_headers_are_object"),
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
    assert leaked(log() + said(error)) == []


@pytest.mark.parametrize("table", ["webhook_secrets", "network_secrets"])
def test_key_is_refused_without_the_row(
    rows: psycopg.Connection[Any], log: Callable[[], str], table: str
) -> None:
    """PostgreSQL's own message: it has the key, which is a number."""
    row = TABLES[table]
    key = next(iter(row))
    unknown = insert(rows, table, {**row, key: 999})
    assert isinstance(unknown, psycopg.errors.ForeignKeyViolation)
    assert insert(rows, table, row, keeps=True) is None
    again = insert(rows, table, row)
    assert isinstance(again, psycopg.errors.UniqueViolation)
    assert log().count("ERROR") == 2
    assert leaked(log() + said(unknown) + said(again)) == []


@pytest.mark.parametrize("table", TABLES)
def test_rows_that_hold_are_taken(rows: psycopg.Connection[Any], table: str) -> None:
    assert insert(rows, table, TABLES[table]) is None


@pytest.mark.parametrize(
    ("call", "arguments", "code"),
    [
        ("set_webhook_secret(1, %s)", [f"{SECRET}="], "LG423"),
        ("set_webhook_secret(999, %s)", [SECRET], "LG404"),
        ("set_webhook_secret(1, %s, '31 days')", [SECRET], "LG400"),
        ("set_webhook_secret(1, %s, '1 day')", ["whsec_" + "QUJD" * 11], "LG409"),
        ("set_webhook_header(1, 'Authorization', %s)", [f"{BEARER}\n"], "LG423"),
        ("set_webhook_header(1, 'Host', %s)", [BEARER], "LG423"),
        ("set_webhook_header(1, %s, 'Authorization')", [BEARER], "LG423"),
        ("set_webhook_header(999, 'Authorization', %s)", [BEARER], "LG404"),
        ("set_network_secrets(1, %s, %s, ' ')", [TOKEN, TOKEN], "LG423"),
        ("set_network_secrets(999, %s, %s, %s)", [TOKEN, TOKEN, TOKEN], "LG404"),
    ],
)
def test_function_refuses_without_the_secret(
    rows: psycopg.Connection[Any], log: Callable[[], str], call: str, arguments: list[str], code: str
) -> None:
    rows.execute("select leadgen.rotate_webhook_secret(1)")
    with pytest.raises(psycopg.Error) as caught:
        rows.execute(f"select leadgen.{call}".encode(), arguments)
    assert caught.value.sqlstate == code
    assert "ERROR" in log()
    assert leaked(log() + said(caught.value)) == []
    assert "QUJD" not in log() + said(caught.value)


def test_secrets_are_in_their_tables_and_nowhere_else(rows: psycopg.Connection[Any]) -> None:
    """No table, event, history or report has them, whatever was done with them."""
    rows.execute("select leadgen.set_webhook_secret(1, %s)", [SECRET])
    rows.execute("select leadgen.rotate_webhook_secret(1, '0')")
    rows.execute("select leadgen.set_webhook_secret(1, %s)", [SECRET])
    rows.execute("select leadgen.set_webhook_header(1, 'Authorization', %s)", [BEARER])
    rows.execute("select leadgen.set_network_secrets(1, %s, %s, %s)", [TOKEN] * 3)
    rows.execute("update leadgen.buyers set name = 'Renamed'")
    relations = rows.execute("""
        select c.oid::regclass::text from pg_class c
        where c.relnamespace in ('leadgen'::regnamespace, 'report'::regnamespace) and c.relkind in ('r', 'v')
    """).fetchall()
    found = [
        name
        for (name,) in relations
        for (text,) in rows.execute(f"select t::text from {name} t".encode()).fetchall()
        if leaked(text)
    ]
    assert sorted(found) == ["leadgen.network_secrets", "leadgen.webhook_secrets"]
    assert rows.execute("select count(*) from leadgen.events").fetchone() == (5,)


def test_without_the_guard_the_log_has_the_secrets(
    rows: psycopg.Connection[Any], log: Callable[[], str]
) -> None:
    """A check on the checks above."""
    rows.execute("alter table leadgen.webhook_secrets disable trigger keep_secrets")
    error = insert(rows, "webhook_secrets", {**WEBHOOK, "previous_secret": None})
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
        "hook_secrets",  # written by functions alone
        "link_secrets",  # one row, written by a migration
        "rate_buckets",  # tokens are a number
        "settings",  # allows_local_webhooks
    }
