"""What was sold, decided and recorded cannot be changed by anybody (FAULTS 35)."""

import psycopg
import pytest
from psycopg import errors, sql

from concurrency.sessions import submit
from rig.catalogue import Offer, make_lead
from rig.cluster import Connect

APPEND_ONLY = "LG409"
ROLES = [
    "postgres",
    "leadgen_owner",
    "leadgen_migrator",
    "leadgen_dba",
    "leadgen_api",
    "leadgen_worker",
    "leadgen_reporting",
]
PRIVILEGED = ROLES[:3]  # may write the tables, and is refused by trigger

TAMPERING = [
    "update leadgen.lead_assignments set price = price + 1",
    "update leadgen.lead_assignments set price = 0, outcome = 'delivered'",
    "update leadgen.lead_assignments set currency = 'EUR'",
    "update leadgen.lead_assignments set price_steps = '[]'",
    "update leadgen.lead_assignments set buyer_id = buyer_id + 1",
    "update leadgen.lead_assignments set pricing_policy_version = 7",
    "delete from leadgen.lead_assignments",
    "truncate leadgen.lead_assignments cascade",
    """
    insert into leadgen.lead_assignments overriding system value select * from leadgen.lead_assignments
    on conflict (id) do update set price = 1
    """,
    """
    merge into leadgen.lead_assignments a using leadgen.leads l on l.id = a.lead_id
    when matched then update set price = 1
    """,
    "update leadgen.leads set price = price - 1",
    "update leadgen.leads set price = null",
    "update leadgen.leads set buyer_id = null",
    "truncate leadgen.leads cascade",
    "delete from leadgen.deliveries",
    "truncate leadgen.deliveries cascade",
    "update leadgen.lead_decisions set winners = '{}'",
    "update leadgen.lead_decisions set decided_at = now() where false",
    "delete from leadgen.lead_decisions",
    "truncate leadgen.lead_decisions cascade",
    "update leadgen.delivery_attempts set outcome = 'delivered'",
    "delete from leadgen.delivery_attempts",
    "truncate leadgen.delivery_attempts",
    "update leadgen.policy_versions set body = '{}'",
    "delete from leadgen.policy_versions",
    "truncate leadgen.policy_versions",
]
# Foreign keys keep a sale's lead, buyer and offer.
REMOVALS = [
    "delete from leadgen.leads",
    "delete from leadgen.buyers",
    "delete from leadgen.offers",
    "delete from leadgen.markets",
]
RECORDS = (
    "lead_assignments",
    "lead_decisions",
    "delivery_attempts",
    "policy_versions",
    "deliveries",
    "leads",
    "buyers",
)


@pytest.fixture
def tamper(connect: Connect, admin: psycopg.Connection, offer: Offer) -> psycopg.Connection:
    """A session on a database with a sold and once attempted lead."""
    submit(admin, make_lead(offer.source_key))
    admin.execute(
        """
        insert into leadgen.delivery_attempts (market_id, delivery_id, attempt, started_at, latency_ms, outcome)
        select market_id, id, 1, now(), 1, 'failed' from leadgen.deliveries
        """
    )
    return connect()


def records(admin: psycopg.Connection) -> list[list[tuple[object, ...]]]:
    return [
        admin.execute(f"select t::text from leadgen.{table} t order by 1").fetchall() for table in RECORDS
    ]


def refusals(session: psycopg.Connection, role: str, statements: list[str]) -> list[str | None]:
    """The SQLSTATE of each statement run as the role; None where it went through. All is rolled back."""
    states: list[str | None] = []
    for statement in statements:
        try:
            with session.transaction(force_rollback=True):
                session.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
                session.execute(statement.encode())
            states.append(None)
        except psycopg.Error as error:
            states.append(error.sqlstate)
    return states


@pytest.mark.parametrize("role", ROLES)
def test_no_role_changes_a_record(role: str, tamper: psycopg.Connection) -> None:
    before = records(tamper)
    expected = APPEND_ONLY if role in PRIVILEGED else errors.InsufficientPrivilege.sqlstate
    states = refusals(tamper, role, TAMPERING)
    assert [(s, t) for s, t in zip(states, TAMPERING, strict=True) if s != expected] == []
    assert records(tamper) == before


@pytest.mark.parametrize("role", ROLES)
def test_no_role_removes_what_a_sale_refers_to(role: str, tamper: psycopg.Connection) -> None:
    allowed = {
        errors.InsufficientPrivilege.sqlstate,
        errors.ForeignKeyViolation.sqlstate,
        errors.RestrictViolation.sqlstate,
        APPEND_ONLY,
    }
    states = refusals(tamper, role, REMOVALS)
    assert [(s, t) for s, t in zip(states, REMOVALS, strict=True) if s not in allowed] == []


def test_outcome_of_a_sale_moves_on(tamper: psycopg.Connection) -> None:
    """What may change does."""
    tamper.execute("set role leadgen_owner")
    tamper.execute("update leadgen.lead_assignments set outcome = 'delivered', delivered_at = now()")
    tamper.execute("update leadgen.leads set status = 'delivered', delivered_at = now()")


def test_new_price_is_for_new_sales_only(tamper: psycopg.Connection, offer: Offer) -> None:
    with tamper.transaction():
        tamper.execute("set local role leadgen_dba")
        tamper.execute("update leadgen.offers set default_price_per_lead = 99")
    submit(tamper, make_lead(offer.source_key))
    prices = tamper.execute("select price::text from leadgen.lead_assignments order by id").fetchall()
    assert prices == [("45.00",), ("99.00",)]
