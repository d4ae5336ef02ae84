"""How long an answer takes says next to nothing of what is not the buyer's: blocks and rows that are read are counted.

A row that is found by its key and is another's is put away: that is one row and one block more than where there is
none, whatever is in it and however much the other has. Who speaks SQL sees one more: for whom the session acts is
asked when there is a row to judge. Ids are given in order: that one was given is no secret.

Each question is asked of what is Bob's and of what is not there, by who acts for Ann or shows her key. It is asked
several times before, so that plans and catalogues are in memory and only our tables are read.
"""

from collections.abc import Iterator
from typing import LiteralString, NamedTuple

import psycopg
import pytest
from psycopg.types.json import Jsonb

from access.people import ANN_KEY, RIVAL_KEY, Town, settle
from rig.catalogue import make_lead

NOTHING = 999_999_999
WARM = 8  # times, after which a plan is cached
COUNT: LiteralString = """
select
  (select sum(heap_blks_hit + heap_blks_read + coalesce(idx_blks_hit + idx_blks_read, 0))::bigint
    from pg_statio_user_tables where schemaname = 'leadgen'),
  (select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint
    from pg_stat_user_tables where schemaname = 'leadgen')
"""
BY_VIEW: list[LiteralString] = [
    "select * from for_buyers.sales where sale_id = {sale}",
    "select * from for_buyers.leads where lead_id = {lead}",
    "select * from for_buyers.deliveries where sale_id = {sale}",
    "select * from for_buyers.returns where sale_id = {sale}",
    "select * from for_buyers.invoices where invoice_number = '{invoice}'",
    "select * from for_buyers.payments where payment_id = {payment}",
]
BY_TABLE: list[LiteralString] = [
    "select id from leadgen.lead_assignments where id = {sale}",
    "select id from leadgen.invoices where id = {invoice_id}",
    "select id from leadgen.buyers where id = {buyer}",
    "select amount from leadgen.ledger_entries where buyer_id = {buyer}",
    "select id from leadgen.endpoints where buyer_id = {buyer}",
    "select id from leadgen.payments where id = {payment}",
]
BY_FUNCTION: list[LiteralString] = [
    "select leadgen.show_sale('{key}', {sale})",
    "select leadgen.answer_sale('{key}', {sale}, 'accept')",
    "select leadgen.answer_sale('{key}', {sale}, 'return', 'wrong_number')",
    "select leadgen.show_own_invoice('{key}', '{invoice}')",
    "select leadgen.show_payment('{key}', {payment})",
]
# A row that is found by its key, and judged by another table's: what is not there is not judged. docs/security.md.
JUDGED: LiteralString = "select id from leadgen.leads where id = {lead}"

Names = dict[str, object]


class Read(NamedTuple):
    """What a statement has read of our tables."""

    blocks: int
    rows: int


@pytest.fixture(scope="module")
def asked(module_database: str) -> Iterator[tuple[psycopg.Connection, Names, Names]]:
    """The superuser's session; what is Bob's, and what is not there."""
    with psycopg.connect(module_database, autocommit=True) as session:
        town = settle(session)
        session.execute("update leadgen.api_keys set scopes = '{read,answer,pay}' where kind = 'buyer'")
        session.execute("analyze")
        yield session, *name_both(session, town)


def name_both(session: psycopg.Connection, town: Town) -> tuple[Names, Names]:
    """What stands for the names in braces: Bob's, and nobody's."""
    bob = town.bob
    row = session.execute(
        "select i.id from leadgen.invoices i where i.invoice_number = %s", [bob.invoice]
    ).fetchone()
    assert row
    (lead,) = set(bob.leads) - set(town.ann.leads)
    his: Names = {
        "sale": bob.sales[0],
        "lead": lead,
        "payment": bob.payment,
        "invoice_id": row[0],
        "buyer": bob.id,
    }
    key: Names = {"key": ANN_KEY}
    nobodys: Names = dict.fromkeys(his, NOTHING) | {"invoice": bob.invoice[:-5] + "99999"}
    return his | key | {"invoice": bob.invoice}, nobodys | key


def count_read(session: psycopg.Connection, role: str, question: str) -> Read:
    """What a question reads that this role asks, for Ann, by whatever index there is."""

    def look() -> tuple[int, int]:
        session.execute("select pg_stat_force_next_flush()")
        session.execute("select pg_stat_clear_snapshot()")
        blocks, rows = session.execute(COUNT).fetchone() or (0, 0)
        return blocks, rows

    for _ in range(WARM):
        ask(session, role, question)
    before = look()
    ask(session, role, question)
    after = look()
    return Read(after[0] - before[0], after[1] - before[1])


def ask(session: psycopg.Connection, role: str, question: str) -> None:
    """Ask, and expect nothing: no row, or LG404."""
    with session.transaction(force_rollback=True):
        session.execute(f"set local role {role}".encode())
        if role == "leadgen_buyer":
            session.execute("select leadgen.act_as_buyer(%s)", [ANN_KEY])
        session.execute("set local enable_seqscan = off")
        try:
            with session.transaction():
                assert session.execute(question.encode()).fetchall() == []
        except psycopg.Error as error:
            if error.sqlstate != "LG404":
                raise


@pytest.mark.parametrize(
    ("role", "question"),
    [("leadgen_buyer", question) for question in BY_VIEW + BY_TABLE]
    + [("leadgen_api", question) for question in BY_FUNCTION],
)
def test_what_is_not_theirs_reads_no_more_than_its_row(
    asked: tuple[psycopg.Connection, Names, Names], role: str, question: str
) -> None:
    session, his, nobodys = asked
    found = count_read(session, role, question.format(**his))
    none = count_read(session, role, question.format(**nobodys))
    assert none.blocks > 0
    most = 2 if role == "leadgen_buyer" else 1
    assert 0 <= found.blocks - none.blocks <= most
    assert 0 <= found.rows - none.rows <= most


def test_how_much_somebody_has_changes_nothing(asked: tuple[psycopg.Connection, Names, Names]) -> None:
    """Bob buys more: the same questions of the same rows read what they read before."""
    session, his, _ = asked
    questions = [("leadgen_buyer", one) for one in (*BY_VIEW, *BY_TABLE)]
    questions += [("leadgen_api", one) for one in BY_FUNCTION]
    before = [count_read(session, role, question.format(**his)).rows for role, question in questions]
    for _ in range(5):
        lead = make_lead("rival", name="More Of Bob")
        context = {"api_key_hash": RIVAL_KEY}
        session.execute("select leadgen.submit_lead(%s, %s)", [Jsonb(lead), Jsonb(context)])
    after = [count_read(session, role, question.format(**his)).rows for role, question in questions]
    assert after == before


def test_a_difference_would_be_seen(asked: tuple[psycopg.Connection, Names, Names]) -> None:
    session, his, nobodys = asked
    found = count_read(session, "leadgen_buyer", JUDGED.format(**his))
    assert found.blocks > count_read(session, "leadgen_buyer", JUDGED.format(**nobodys)).blocks + 2
