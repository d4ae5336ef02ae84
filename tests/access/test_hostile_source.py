"""A session that acts for a source sees its leads and what it earned: not who bought them, nor for what."""

from collections.abc import Iterator

import psycopg
import pytest

from access.people import ANN_KEY, PAGE_KEY, Town, settle
from leadgen.db.urls import with_role

FORBIDDEN = "42501"
PROBES: dict[str, tuple[str, object]] = {
    "itself": ("select source_key from for_sources.account", [("page",)]),
    "its leads": ("select count(*) from for_sources.leads", [(2,)]),
    "what it earned": (
        "select count(*) > 0, min(amount) < 0, max(amount) > 0 from for_sources.earnings",
        [(True, True, True)],
    ),
    "leads of others": ("select count(*) from leadgen.leads where source_id <> {page}", [(0,)]),
    "all leads": ("select count(*) from leadgen.leads", [(2,)]),
    "other sources": ("select count(*) from leadgen.sources", [(1,)]),
    "what others earned": (
        "select count(*) from leadgen.ledger_entries where source_id is distinct from {page}",
        [(0,)],
    ),
    "what buyers paid": (
        "select count(*) from leadgen.ledger_entries where account::text like 'buyer%'",
        [(0,)],
    ),
    "transactions of its own alone": (
        "select count(*) from leadgen.ledger_transactions t where not exists"
        " (select from leadgen.ledger_entries e where e.transaction_id = t.id)",
        [(0,)],
    ),
    "a person": ("select name from leadgen.leads", FORBIDDEN),
    "the buyer": ("select buyer_id from leadgen.leads", FORBIDDEN),
    "the price": ("select price from leadgen.leads", FORBIDDEN),
    "why it was not sold": ("select unsold_reason from leadgen.leads", FORBIDDEN),
    "sales": ("select * from leadgen.lead_assignments", FORBIDDEN),
    "buyers": ("select * from for_buyers.account", FORBIDDEN),
    "its key's hash": ("select api_key_hash from leadgen.sources", FORBIDDEN),
    "the sale behind a transaction": ("select assignment_id from leadgen.ledger_transactions", FORBIDDEN),
    "a lead of its own changed": ("update leadgen.leads set status = 'accepted'", FORBIDDEN),
    "a buyer's key": ("select leadgen.act_as_buyer('{ann_key}')", FORBIDDEN),
}


@pytest.fixture(scope="module")
def town(module_database: str) -> Town:
    """The market, written once for all probes."""
    with psycopg.connect(module_database) as session:
        return settle(session)


@pytest.fixture
def page(module_database: str, town: Town) -> Iterator[psycopg.Connection]:
    """A session that acts for the source `page`."""
    with psycopg.connect(with_role(module_database, "leadgen_api")) as session:
        session.execute("select leadgen.act_as_source(%s)", [PAGE_KEY])
        session.execute("set local role leadgen_source")
        yield session


@pytest.mark.parametrize("name", PROBES)
def test_a_source_sees_its_own_and_nothing_else(page: psycopg.Connection, town: Town, name: str) -> None:
    query, comes = PROBES[name]
    try:
        came: object = page.execute(query.format(page=town.page, ann_key=ANN_KEY).encode()).fetchall()
    except psycopg.Error as error:
        came = error.sqlstate
    assert came == comes


def test_a_user_acts_for_its_buyer(module_database: str, town: Town) -> None:
    """Signed in, and for nobody once it is signed out; an operator belongs to no buyer."""
    with psycopg.connect(module_database) as session:
        for number, (role, buyer) in enumerate((("buyer", town.ann.id), ("operator", None))):
            session.execute(
                """
                with added as (
                  insert into leadgen.users (email, name, role, buyer_id, member_kind, status, verified_at, approved_at)
                  values (%s || '@x.example', 'Somebody', %s, %s, %s, 'active', now(), now())
                  returning id
                )
                insert into leadgen.user_sessions (created_at, user_id, token_hash, seen_at, expires_at, network)
                select now(), id, %s, now(), now() + interval '1 hour', '192.0.2.1' from added
                """,
                [role, role, buyer, "owner" if buyer else None, f"{number}" * 64],
            )
    with psycopg.connect(with_role(module_database, "leadgen_api")) as session:
        row = session.execute("select kind, id from leadgen.act_as_user(%s)", ["0" * 64]).fetchone()
        assert row == ("buyer", town.ann.id)
        session.execute("set local role leadgen_buyer")
        assert session.execute("select count(*) from for_buyers.sales").fetchone() == (3,)
        session.rollback()
        for token, state in (("1" * 64, "LG403"), ("2" * 64, "LG401")):
            with pytest.raises(psycopg.Error) as refused:
                session.execute("select leadgen.act_as_user(%s)", [token])
            assert refused.value.sqlstate == state
            session.rollback()
