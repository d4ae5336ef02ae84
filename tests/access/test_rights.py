"""docs/reference/rights.md has every grant; what a DBA may not alter is tried here, statement by statement."""

import psycopg
import pytest

from access.people import settle
from leadgen.db.migrate import migrate
from leadgen.db.urls import with_role
from leadgen.docs.catalogue import read_catalogue
from leadgen.docs.rights import make_rights
from leadgen.docs.source import read_source
from leadgen.paths import sql_dir
from leadgen.settings import Settings

FORBIDDEN = "42501"
RECORDS = (
    "lead_assignments",
    "lead_decisions",
    "ledger_transactions",
    "ledger_entries",
    "invoices",
    "invoice_lines",
)
AUDIT = ("audit_entries", "audit_chain", "audit_heads", "audit_waiting", "audit_tables")
PEOPLE = (
    "users",
    "user_passwords",
    "user_totp",
    "user_recovery_codes",
    "user_sessions",
    "user_devices",
    "user_tokens",
)
REFUSED = [
    *(
        statement
        for table in (*RECORDS, *AUDIT, *PEOPLE, "sale_returns", "payments", "link_secrets")
        for statement in (
            f"insert into leadgen.{table} default values",
            f"delete from leadgen.{table}",
            f"truncate leadgen.{table}",
            f"alter table leadgen.{table} disable trigger all",
            f"alter table leadgen.{table} disable row level security",
        )
    ),
    "update leadgen.lead_assignments set outcome = 'returned'",
    "update leadgen.ledger_entries set amount = 1",
    "update leadgen.buyers set balance = 1",
    "update leadgen.buyers set receivable = 0",
    "update leadgen.invoices set status = 'paid'",
    "update leadgen.audit_entries set actor = null",
    "update leadgen.audit_chain set digest = ''",
    "update leadgen.audit_tables set why_not = 'no'",
    "update leadgen.users set status = 'active'",
    "update leadgen.users set role = 'admin'",
    "update leadgen.user_passwords set changed_at = now()",
    "update leadgen.user_sessions set ended_at = null",
    "select * from leadgen.user_passwords",
    "select secret from leadgen.user_totp",
    "select token_hash from leadgen.user_sessions",
    "select * from leadgen.link_secrets",
    "drop policy staff on leadgen.leads",
    "create policy mine on leadgen.leads using (true)",
    "drop trigger audit_update on leadgen.users",
    "create or replace function leadgen.clock() returns timestamptz language sql as 'select now()'",
    "set session_replication_role = replica",
    "set role leadgen_owner",
    "set role leadgen_reader",
    "set role leadgen_buyer",
    "alter role leadgen_dba bypassrls",
    "grant leadgen_owner to leadgen_dba",
    "select billing.post('credit', 'mine', 'USD', '{}', now())",
    "select identity.act_as('buyer', 1)",
]


def test_a_dba_alters_no_sale_no_ledger_no_audit_and_no_key_of_people(module_database: str) -> None:
    with psycopg.connect(module_database) as session:
        settle(session)
    with psycopg.connect(with_role(module_database, "leadgen_dba"), autocommit=True) as dba:
        let_through: list[tuple[str, str | None]] = []
        for statement in REFUSED:
            try:
                dba.execute(statement.encode())
                let_through.append((statement, None))
            except psycopg.Error as error:
                if error.sqlstate != FORBIDDEN:
                    let_through.append((statement, error.sqlstate))
        assert let_through == []
        assert dba.execute("select count(*) > 0 from leadgen.lead_assignments").fetchone() == (True,)
        assert dba.execute("update leadgen.buyers set company = 'Ann & Co' where name = 'Ann'").rowcount == 1


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ("grant delete on leadgen.leads to leadgen_api", "| `leadgen.leads` | delete |"),
        ("grant select (email) on leadgen.leads to leadgen_reporting", "| `leadgen.leads` | select (email) |"),
        ("grant usage on schema billing to public", "### Schemas: `PUBLIC`"),
        ("grant usage on sequence leadgen.leads_id_seq to leadgen_buyer", "### Sequences: `leadgen_buyer`"),
        ("grant execute on function billing.find_zone(bigint) to public", "### Functions: `PUBLIC`"),
        ("alter default privileges in schema leadgen grant select on tables to leadgen_api", "`new tables of "),
        ("create policy open on leadgen.leads using (true)", "| `leadgen.leads` (not forced) | `open`, all | "),
    ],
)  # fmt: skip
def test_a_right_that_is_added_is_on_the_page(
    module_session: psycopg.Connection, change: str, line: str
) -> None:
    source = read_source(sql_dir())
    with module_session.transaction(force_rollback=True):
        before = make_rights(read_catalogue(module_session), source)
        module_session.execute("set local role leadgen_owner")
        module_session.execute(change.encode())
        module_session.execute("reset role")
        after = make_rights(read_catalogue(module_session), source)
    assert line not in before
    assert line in after


def test_a_policy_that_is_missing_comes_back(database: str) -> None:
    """A dump that was restored before there were roles has lost its policies."""
    with psycopg.connect(database) as session:
        source = read_source(sql_dir())
        before = make_rights(read_catalogue(session), source)
        session.execute("drop policy own_buyer on leadgen.leads")
        session.execute("drop policy staff on leadgen.users")
    for said in (["own_buyer on leadgen.leads", "staff on leadgen.users"], []):
        heard: list[str] = []
        migrate(database, Settings(environment="development"), reference=False, say=heard.append)
        assert [line for line in heard if line.startswith("made policy")] == [
            f"made policy {name}: it was missing, as after a restore" for name in said
        ]
    with psycopg.connect(database) as session:
        assert make_rights(read_catalogue(session), source) == before


def test_a_right_that_is_taken_is_not_on_the_page(module_session: psycopg.Connection) -> None:
    source = read_source(sql_dir())
    with module_session.transaction(force_rollback=True):
        before = make_rights(read_catalogue(module_session), source)
        module_session.execute("revoke select on leadgen.markets from leadgen_dba")
        after = make_rights(read_catalogue(module_session), source)
    assert "| `leadgen.markets` | delete; insert; select; update |" in before
    assert "| `leadgen.markets` | delete; insert; update |" in after
