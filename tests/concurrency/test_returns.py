"""Buyers that answer at the same time: a quota is never overdrawn, and of two answers to one sale one counts."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psycopg
import pytest
from psycopg.types.json import Jsonb

from concurrency.sessions import PATIENCE, advisory_locks, in_background, submit, wait_until_blocked
from leadgen.db.urls import with_role
from rig.catalogue import Catalogue, Offer, make_lead
from rig.cluster import Connect

OFFER = 2  # advisory lock class
KEY = "a" * 64
RETURN = "select leadgen.answer_sale(%s, %s, 'return', 'unreachable') ->> 'outcome'"
ACCEPT = "select leadgen.answer_sale(%s, %s, 'accept') ->> 'outcome'"
DECIDE = "select leadgen.decide_return(r.id, %s) ->> 'outcome' from leadgen.sale_returns r where r.assignment_id = %s"


def sell(admin: psycopg.Connection, offer: Offer, count: int) -> list[int]:
    """Sales to the one buyer of an offer, who gets a key."""
    for _ in range(count):
        submit(admin, make_lead(offer.source_key))
    admin.execute(
        "insert into leadgen.api_keys (kind, buyer_id, name, key_hash, scopes) "
        "select 'buyer', min(id), 'key', %s, '{answer}' from leadgen.buyers",
        [KEY],
    )
    return [sale for (sale,) in admin.execute("select id from leadgen.lead_assignments order by id")]


def ask(session: psycopg.Connection, statement: str, *values: object) -> str:
    """What an answer comes to: the sale's outcome, or the SQLSTATE it is refused with."""
    try:
        row = session.execute(statement.encode(), values).fetchone()
    except psycopg.Error as error:
        return error.sqlstate or "?"
    assert row
    return str(row[0])


def ask_at_once(
    database: str, questions: Sequence[tuple[str, tuple[object, ...]]], role: str = "leadgen_api"
) -> list[str]:
    """Each question in a session of its own, all at the same moment."""
    barrier = Barrier(len(questions))

    def work(question: tuple[str, tuple[object, ...]]) -> str:
        with psycopg.connect(with_role(database, role), autocommit=True) as session:
            session.execute("set lock_timeout = '20s'")
            barrier.wait(PATIENCE)
            return ask(session, question[0], *question[1])

    with ThreadPoolExecutor(len(questions)) as pool:
        return list(pool.map(work, questions, timeout=PATIENCE * 2))


def faults(admin: psycopg.Connection) -> list[tuple[object, ...]]:
    """What must never be."""
    return admin.execute("select * from leadgen.list_broken_invariants()").fetchall()


def statuses(admin: psycopg.Connection) -> dict[str, int]:
    """How many returns there are of each status."""
    return dict(admin.execute("select status, count(*) from leadgen.sale_returns group by 1").fetchall())


@pytest.fixture
def make_offer(catalogue: Catalogue) -> Callable[..., Offer]:
    """Makes an offer with one buyer, whose returned leads go to nobody else."""

    def make(**config: object) -> Offer:
        offer = catalogue.add_offer({"reroute": {"on_return": False}} | config)
        catalogue.enroll(offer)
        return offer

    return make


@pytest.mark.parametrize(("quota", "sales"), [({"count": 5}, 22), ({"percent": 25}, 22)])
@pytest.mark.parametrize("approves", [True, False])
def test_the_last_places_of_a_quota_are_given_once(
    database: str,
    admin: psycopg.Connection,
    make_offer: Callable[..., Offer],
    quota: dict[str, int],
    sales: int,
    approves: bool,
) -> None:
    """Two of five are used; twenty ask at once for the three that are left."""
    offer = make_offer(returns={"quota": quota, "auto_approve": approves})
    first, second, *rest = sell(admin, offer, sales)
    outcome = "returned" if approves else "pending"
    assert [ask(admin, RETURN, KEY, sale) for sale in (first, second)] == [outcome] * 2
    answers = ask_at_once(database, [(RETURN, (KEY, sale)) for sale in rest])
    assert Counter(answers) == {outcome: 3, "LG409": 17}
    assert statuses(admin) == {"approved" if approves else "requested": 5}
    assert faults(admin) == []


def test_one_sale_is_returned_once(
    database: str, admin: psycopg.Connection, make_offer: Callable[..., Offer]
) -> None:
    """Twenty clicks on one link: one return, and the same answer for all."""
    sale, _ = sell(admin, make_offer(returns={"quota": {"count": 1}}), 2)
    assert ask_at_once(database, [(RETURN, (KEY, sale))] * 20) == ["returned"] * 20
    assert statuses(admin) == {"approved": 1}
    assert admin.execute("select sales[4] from leadgen.enrollment_usage").fetchone() == (1,)
    assert faults(admin) == []


def test_acceptance_against_return_has_one_winner(
    database: str, admin: psycopg.Connection, make_offer: Callable[..., Offer]
) -> None:
    """Where what is accepted cannot be returned, of both answers at once one counts."""
    offer = make_offer(acceptance={"mode": "explicit", "window_hours": 1}, returns={"window_hours": 0})
    sales = sell(admin, offer, 12)
    questions = [(statement, (KEY, sale)) for sale in sales for statement in (ACCEPT, RETURN)]
    answers = ask_at_once(database, questions)
    for sale, accepted, returned in zip(sales, answers[::2], answers[1::2], strict=True):
        assert {accepted, returned} in ({"accepted", "LG409"}, {"returned", "LG409"})
        row = admin.execute(
            "select outcome::text from leadgen.lead_assignments where id = %s", [sale]
        ).fetchone()
        assert row == (min(answer for answer in (accepted, returned) if answer != "LG409"),)
    assert faults(admin) == []


def test_approval_against_refusal_has_one_winner(
    database: str, admin: psycopg.Connection, make_offer: Callable[..., Offer]
) -> None:
    sales = sell(admin, make_offer(returns={"auto_approve": False}), 8)
    assert {ask(admin, RETURN, KEY, sale) for sale in sales} == {"pending"}
    questions = [(DECIDE, (approve, sale)) for sale in sales for approve in (True, False)]
    answers = ask_at_once(database, questions, "leadgen_dba")
    for approved, refused in zip(answers[::2], answers[1::2], strict=True):
        assert (approved, refused) in (("returned", "LG409"), ("LG409", "pending"))
    assert faults(admin) == []


def test_a_return_waits_for_the_offer_and_holds_no_row(
    connect: Connect, admin: psycopg.Connection, make_offer: Callable[..., Offer]
) -> None:
    """The lock order: the offer first, so who counts the quota is alone."""
    router, buyer = connect("leadgen_api"), connect("leadgen_api")
    offer = make_offer()
    (sale,) = sell(admin, offer, 1)
    with in_background() as pool:
        with router.transaction():
            submit(router, make_lead(offer.source_key))
            waiting = pool.submit(ask, buyer, RETURN, KEY, sale)
            wait_until_blocked(admin, buyer, router, waiting)
            assert advisory_locks(admin, buyer) == {(OFFER, offer.id): False}
            with admin.transaction(force_rollback=True):
                for table in ("deliveries", "lead_assignments", "leads", "sale_returns"):
                    admin.execute(f"select from leadgen.{table} for update nowait".encode())
        assert waiting.result(PATIENCE) == "returned"
    assert faults(admin) == []


def test_returns_by_reply_of_a_busy_offer_hold_up_no_others(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue
) -> None:
    """The first return belongs to an offer that somebody holds: the next offer's is settled meanwhile."""
    offers = [catalogue.add_offer({"reroute": {"on_return": False}}) for _ in range(2)]
    for offer in offers:
        catalogue.enroll(offer)
        submit(admin, make_lead(offer.source_key))
    admin.execute(
        """
        insert into leadgen.sale_returns (
          market_id, offer_id, buyer_id, buyer_offer_id, assignment_id, reason_code, via, status)
        select market_id, offer_id, buyer_id, buyer_offer_id, id, 'rejected_on_delivery', 'reply', 'received'
        from leadgen.lead_assignments order by id
        """
    )
    router, worker = connect("leadgen_api"), connect("leadgen_worker")
    with router.transaction():
        submit(router, make_lead(offers[0].source_key))
        worker.execute("select leadgen.settle_return()")
        found = "select offer_id from leadgen.sale_returns where status = 'approved'"
        assert admin.execute(found.encode()).fetchall() == [(offers[1].id,)]
    worker.execute("select leadgen.settle_return()")
    assert statuses(admin) == {"approved": 2}
    assert worker.execute("select leadgen.settle_return()").fetchone() == (None,)
    assert faults(admin) == []


def test_an_erasure_beats_a_claim_that_waits(
    connect: Connect, admin: psycopg.Connection, make_offer: Callable[..., Offer]
) -> None:
    """A worker that claims while a lead is erased gets nothing of it, and waits for nobody."""
    operator, worker = connect("leadgen_dba"), connect("leadgen_worker")
    offer = make_offer()
    sell(admin, offer, 2)
    claim = "select delivery_id from leadgen.claim_deliveries('w', %s, '1 minute')"
    with operator.transaction():
        operator.execute("select leadgen.erase_lead(min(id), 'asked for it') from leadgen.leads")
        claimed = worker.execute(claim.encode(), [Jsonb({"webhook": 10, "email": 10})]).fetchall()
        assert 0 < len(claimed) < 4
    assert worker.execute(claim.encode(), [Jsonb({"webhook": 10, "email": 10})]).fetchall() == []
    assert faults(admin) == []
