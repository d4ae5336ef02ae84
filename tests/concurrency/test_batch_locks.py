"""Who waits for whom when several leads are one transaction.

Contacts come first, in order; offers are tried and not waited for, unless all are held.
"""

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import psycopg
import pytest
from psycopg import errors
from psycopg.types.json import Jsonb

from concurrency.sessions import (
    PATIENCE,
    Answer,
    Lead,
    advisory_locks,
    has_come_to,
    in_background,
    submit,
    wait_until_blocked,
)
from leadgen.db.urls import with_role
from rig.catalogue import Catalogue, Offer, make_lead
from rig.cluster import Connect
from rig.waiting import wait_until

CONTACT, OFFER = 1, 2  # advisory lock classes
HOLD = "select pg_advisory_xact_lock(2, market.offer_lock_key(%s))"
PATIENT = "alter function leadgen.submit_leads(jsonb[], jsonb[], boolean) set lock_timeout = '1min'"
MARKET_WIDE = {"duplicate_window_hours": 0.001, "duplicate_scope": "market"}


def submit_batch(session: psycopg.Connection, leads: Sequence[Lead], *, waits: bool = True) -> list[Answer]:
    """Hand in leads in one transaction."""
    rows = session.execute(
        "select leadgen.submit_leads(%s::jsonb[], %s::jsonb[], %s)",
        [[Jsonb(lead) for lead in leads], [Jsonb({}) for _ in leads], waits],
    )
    return [answer for (answer,) in rows]


def words(answers: Sequence[Answer]) -> list[str]:
    """What became of each."""
    return [answer["status"] for answer in answers]


@pytest.fixture
def offers(catalogue: Catalogue) -> list[Offer]:
    """Three offers with a buyer each."""
    offers = [catalogue.add_offer() for _ in range(3)]
    for offer in offers:
        catalogue.enroll(offer)
    return offers


def test_leads_of_an_offer_that_somebody_holds_are_left_and_the_others_taken(
    connect: Connect, admin: psycopg.Connection, offers: list[Offer]
) -> None:
    leads = [make_lead(offers[n].source_key) for n in (2, 0, 1, 0, 2)]
    with admin.transaction():
        admin.execute(HOLD, [offers[0].id])
        answers = submit_batch(connect("leadgen_api"), leads)
        assert words(answers) == ["accepted", "busy", "accepted", "busy", "accepted"]
    assert admin.execute("select count(*) from leadgen.leads").fetchone() == (3,)
    assert words(submit_batch(connect("leadgen_api"), [leads[1], leads[3]])) == ["accepted"] * 2
    assert admin.execute("select * from leadgen.list_broken_invariants()").fetchall() == []


def test_a_batch_of_held_offers_only_waits_for_the_first_leads(
    connect: Connect, admin: psycopg.Connection, offers: list[Offer]
) -> None:
    admin.execute(PATIENT)
    one, other, api = connect(), connect(), connect("leadgen_api")
    leads = [make_lead(offers[n].source_key) for n in (2, 0, 2)]
    one.execute("begin")
    one.execute(HOLD, [offers[0].id])
    other.execute("begin")
    other.execute(HOLD, [offers[2].id])
    with in_background() as pool:
        waiting = pool.submit(submit_batch, api, leads)
        wait_until_blocked(admin, api, other, waiting)
        assert advisory_locks(admin, api) == {(OFFER, offers[2].id): False}, "it waits with nothing in hand"
        other.execute("commit")
        assert words(waiting.result(PATIENCE)) == ["accepted", "busy", "accepted"]


def try_lead(session: psycopg.Connection, lead: Lead) -> Answer:
    """Hand in a lead that does not wait for its offer."""
    row = session.execute("select leadgen.submit_lead(%s, p_waits => false)", [Jsonb(lead)]).fetchone()
    assert row
    answer: Answer = row[0]
    return answer


def test_leads_that_are_tried_never_wait_for_an_offer(
    connect: Connect, admin: psycopg.Connection, offers: list[Offer]
) -> None:
    leads = [make_lead(offers[n].source_key) for n in (2, 0, 2)]
    busy = [{"status": "busy", "offer_id": offers[n].id} for n in (2, 0, 2)]
    api = connect("leadgen_api")
    api.execute("set statement_timeout = '900ms'")  # less than a batch waits
    with admin.transaction():
        admin.execute(HOLD, [offers[0].id])
        admin.execute(HOLD, [offers[2].id])
        assert submit_batch(api, leads, waits=False) == busy
        assert [try_lead(api, lead) for lead in leads] == busy
        one_free = [*leads, make_lead(offers[1].source_key)]
        assert words(submit_batch(api, one_free, waits=False)) == ["busy"] * 3 + ["accepted"]
    assert words(submit_batch(api, leads[:2], waits=False)) == ["accepted"] * 2
    assert try_lead(api, leads[2])["buyer_id"]
    assert advisory_locks(admin, api) == {}


def test_leads_that_are_tried_never_wait_for_a_contact(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue, offers: list[Offer]
) -> None:
    """Who holds it may wait for a held offer with the contact in hand."""
    wide = catalogue.add_offer(rules=MARKET_WIDE)
    catalogue.enroll(wide)
    held, free = make_lead(wide.source_key), make_lead(wide.source_key)
    busy = {"status": "busy", "offer_id": wide.id}
    api = connect("leadgen_api")
    api.execute("set statement_timeout = '900ms'")
    with admin.transaction():
        admin.execute("select pg_advisory_xact_lock(1, hashtext(%s))", [held["phone"]])
        assert try_lead(api, held) == busy
        assert submit_batch(api, [held], waits=False) == [busy]
        answers = submit_batch(api, [held, free, make_lead(offers[0].source_key)], waits=False)
        assert words(answers) == ["busy", "accepted", "accepted"]
    assert try_lead(api, held)["buyer_id"]


def test_contacts_of_a_batch_are_locked_in_order_and_before_any_offer(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue, offers: list[Offer]
) -> None:
    wide = catalogue.add_offer(rules=MARKET_WIDE)
    catalogue.enroll(wide)
    admin.execute(PATIENT)
    leads = [make_lead(key) for key in (offers[0].source_key, wide.source_key, wide.source_key)]
    contacts = [contact for lead in leads[1:] for contact in (lead["email"], lead["phone"])]
    wanted = [
        (CONTACT, number)
        for (number,) in admin.execute("select hashtext(c) from unnest(%s::text[]) c order by 1", [contacts])
    ]
    holder, api = connect(), connect("leadgen_api")
    with in_background() as pool:
        for lock in wanted:
            holder.execute("select pg_advisory_lock(%s, %s)", lock)
        waiting = pool.submit(submit_batch, api, leads)
        for step, lock in enumerate(wanted):
            held = dict.fromkeys(wanted[:step], True)
            wait_until_blocked(admin, api, holder, waiting)
            wait_until(partial(has_come_to, admin, api, held, lock))
            holder.execute("select pg_advisory_unlock(%s, %s)", lock)
        assert words(waiting.result(PATIENCE)) == ["accepted"] * 3


def test_a_lead_that_waits_too_long_ends_the_batch_which_keeps_nothing(
    connect: Connect, admin: psycopg.Connection, offers: list[Offer]
) -> None:
    leads = [make_lead(offer.source_key) for offer in offers]
    api = connect("leadgen_api")
    api.execute("set lock_timeout = '1min'")  # a batch has its own
    with admin.transaction():
        admin.execute(
            "select from leadgen.enrollment_usage u join leadgen.buyer_offers bo on bo.id = u.buyer_offer_id"
            " where bo.offer_id = %s for update of u",
            [offers[1].id],
        )
        with pytest.raises(errors.LockNotAvailable):
            submit_batch(api, leads)
        assert admin.execute("select count(*) from leadgen.leads").fetchone() == (0,)
        assert submit(api, leads[0])["buyer_id"], "who did not wait may go by itself"


def test_batches_and_single_leads_never_deadlock(
    database: str, admin: psycopg.Connection, catalogue: Catalogue
) -> None:
    """Few people over few offers, in every order; some duplicates count in the whole market, some in the offer.

    Some batches wait, some are tried.
    """
    admin.execute(PATIENT)
    offers = [catalogue.add_offer(rules=MARKET_WIDE if n % 2 else None) for n in range(4)]
    for offer in offers:
        catalogue.enroll(offer)
    sessions = 8
    barrier = Barrier(sessions)

    def make_share(draw: random.Random) -> list[Lead]:
        return [
            make_lead(
                draw.choice(offers).source_key,
                email=f"person{draw.randrange(4)}@example.com",
                phone=f"+151255501{draw.randrange(4):02}",
            )
            for _ in range(48)
        ]

    def work(number: int) -> int:
        draw = random.Random(number)
        left = make_share(draw)
        answered = 0
        with psycopg.connect(with_role(database, "leadgen_api"), autocommit=True) as session:
            barrier.wait(PATIENCE)
            while left:
                batch, left = left[:8], left[8:]
                if draw.randrange(4) == 0:
                    answers = [submit(session, lead) for lead in batch]
                else:
                    answers = submit_batch(session, batch, waits=draw.randrange(2) == 0)
                busy = [lead for lead, word in zip(batch, words(answers), strict=True) if word == "busy"]
                answered += len(batch) - len(busy)
                left = busy + left
        return answered

    with ThreadPoolExecutor(sessions) as pool:
        assert list(pool.map(work, range(sessions))) == [48] * sessions  # a deadlock would have been raised
    assert admin.execute("select count(*) from leadgen.leads").fetchone() == (48 * sessions,)
    assert admin.execute("select * from leadgen.list_broken_invariants()").fetchall() == []
