"""Connections that are older than the leads: their plans are of tables that were analyzed while they were empty."""

from collections.abc import Callable

import psycopg
import pytest
from psycopg.types.json import Jsonb

from api.serving import add_catalogue, make_lead

TABLES = ("leads", "lead_assignments", "lead_decisions", "deliveries")
LEADS = 200
FEW = 20  # rows that a lead reads of a table; a plan that goes wrong reads all there are, or as many
READ = """
select relname, seq_tup_read + idx_tup_fetch from pg_stat_xact_user_tables
where schemaname = 'leadgen' and relname = any (%s)
"""


def submit(session: psycopg.Connection) -> None:
    row = session.execute("select leadgen.submit_lead(%s) ->> 'status'", [Jsonb(make_lead())]).fetchone()
    assert row == ("accepted",)


@pytest.fixture
def old(database: str, connect: Callable[..., psycopg.Connection]) -> psycopg.Connection:
    """A connection that made its plans when there were no leads; by now there are, and nobody analyzed them."""
    add_catalogue(database)
    admin, session = connect(), connect()
    session.prepare_threshold = None  # as the API's
    for table in TABLES:
        admin.execute(f"alter table leadgen.{table} set (autovacuum_enabled = off)".encode())
    admin.execute("vacuum analyze")
    submit(session)
    for _ in range(LEADS):
        submit(admin)
    return session


def read_counts(session: psycopg.Connection) -> dict[str, int]:
    """How many rows of each table the session has read."""
    rows: list[tuple[str, int]] = session.execute(READ, [list(TABLES)]).fetchall()
    return dict(rows)


def count_rows_read(session: psycopg.Connection) -> dict[str, int]:
    """How many rows of each table one lead reads."""
    with session.transaction():  # in which the server forgets no count
        before = read_counts(session)
        submit(session)
        after = read_counts(session)
    return {table: rows - before[table] for table, rows in after.items()}


def test_a_plan_of_before_the_first_lead_looks_sales_up_by_their_lead(old: psycopg.Connection) -> None:
    assert count_rows_read(old)["lead_assignments"] < FEW


def test_analyze_makes_open_connections_plan_anew(
    old: psycopg.Connection, connect: Callable[..., psycopg.Connection]
) -> None:
    """Which index finds a lead of the same key is a matter of statistics; autovacuum mends it within a minute."""
    assert count_rows_read(old)["leads"] > LEADS
    connect().execute("analyze leadgen.leads")
    read = count_rows_read(old)
    assert max(read.values()) < FEW, read
