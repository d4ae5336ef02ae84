"""Who waits for whom. One session holds a lock, the other is seen waiting for it, and only then the first goes on.

Lock order: the contacts of a lead (advisory class 1, sorted), then its offer (class 2).
"""

from functools import partial

import psycopg
import pytest

from concurrency.sessions import (
    PATIENCE,
    Answer,
    Lead,
    has_come_to,
    in_background,
    submit,
    submit_at_once,
    wait_until_blocked,
)
from rig.catalogue import Catalogue, Offer, make_lead
from rig.cluster import Connect
from rig.waiting import wait_until

CONTACT, OFFER = 1, 2  # advisory lock classes


class Pair:
    """Two sessions of the API: the first holds what it took until its transaction ends."""

    def __init__(
        self, first: psycopg.Connection, second: psycopg.Connection, observer: psycopg.Connection
    ) -> None:
        self.first, self.second, self.observer = first, second, observer

    def submit_both(self, lead: Lead, later: Lead, commit: bool = True) -> tuple[Answer, Answer]:
        """Submit a lead, have another wait for it, then end the first transaction; both answers."""
        with in_background() as pool:
            with self.first.transaction(force_rollback=not commit):
                answer = submit(self.first, lead)
                waiting = pool.submit(submit, self.second, later)
                wait_until_blocked(self.observer, self.second, self.first, waiting)
            return answer, waiting.result(PATIENCE)

    def submit_beside(self, lead: Lead, other: Lead) -> Answer:
        """Submit a lead and, while its transaction is open, another that must not wait for it."""
        self.second.execute("set lock_timeout = '1s'")
        with self.first.transaction():
            submit(self.first, lead)
            return submit(self.second, other)


@pytest.fixture
def pair(connect: Connect, admin: psycopg.Connection) -> Pair:
    return Pair(connect("leadgen_api"), connect("leadgen_api"), admin)


def winner(admin: psycopg.Connection, answer: Answer) -> int:
    """The enrollment that got the lead."""
    row = admin.execute(
        "select buyer_offer_id from leadgen.lead_assignments where lead_id = %s", [answer["lead_id"]]
    ).fetchone()
    assert row
    return int(row[0])


def test_second_lead_sees_the_capacity_that_the_first_took(pair: Pair, catalogue: Catalogue) -> None:
    offer = catalogue.add_offer()
    catalogue.enroll(offer, capacity_per_day=1)
    first, second = pair.submit_both(make_lead(offer.source_key), make_lead(offer.source_key))
    assert first["buyer_id"]
    assert second["buyer_id"] is None
    reason = pair.observer.execute(
        "select reason from leadgen.explain_candidates(%s)", [second["lead_id"]]
    ).fetchone()
    assert reason
    assert reason[0].startswith("cap_day: 1 of 1, resets ")


def test_second_lead_gets_the_place_that_the_first_gave_up(pair: Pair, catalogue: Catalogue) -> None:
    offer = catalogue.add_offer()
    enrollment = catalogue.enroll(offer, capacity_per_day=1)
    _, second = pair.submit_both(make_lead(offer.source_key), make_lead(offer.source_key), commit=False)
    assert winner(pair.observer, second) == enrollment
    assert pair.observer.execute("select count(*) from leadgen.leads").fetchone() == (1,)


@pytest.mark.parametrize("strategy", ["round_robin", "weighted"])
def test_second_lead_sees_the_turn_that_the_first_took(
    strategy: str, pair: Pair, catalogue: Catalogue
) -> None:
    offer = catalogue.add_offer({"strategy": strategy})
    enrollments = [catalogue.enroll(offer) for _ in range(2)]
    answers = pair.submit_both(make_lead(offer.source_key), make_lead(offer.source_key))
    assert [winner(pair.observer, answer) for answer in answers] == enrollments


def test_second_lead_sees_the_contact_of_the_first(pair: Pair, catalogue: Catalogue) -> None:
    offer = catalogue.add_offer(rules={"duplicate_window_hours": 24})
    catalogue.enroll(offer)
    lead = make_lead(offer.source_key)
    first, second = pair.submit_both(lead, make_lead(offer.source_key, phone=lead["phone"]))
    assert first["status"] == "accepted"
    assert [error["code"] for error in second["errors"]] == ["duplicate"]


def test_offers_do_not_wait_for_each_other(pair: Pair, catalogue: Catalogue, offer: Offer) -> None:
    other = catalogue.add_offer()
    enrollment = catalogue.enroll(other)
    answer = pair.submit_beside(make_lead(offer.source_key), make_lead(other.source_key))
    assert winner(pair.observer, answer) == enrollment


MARKET_WIDE = {"duplicate_window_hours": 24, "duplicate_scope": "market"}


@pytest.mark.parametrize("same", ["phone", "email"])
def test_contact_in_two_offers_at_once_is_one_duplicate(same: str, pair: Pair, catalogue: Catalogue) -> None:
    offers = [catalogue.add_offer(rules=MARKET_WIDE) for _ in range(2)]
    for offer in offers:
        catalogue.enroll(offer)
    lead = make_lead(offers[0].source_key)
    first, second = pair.submit_both(lead, make_lead(offers[1].source_key, **{same: lead[same]}))
    assert first["status"] == "accepted"
    assert [error["code"] for error in second["errors"]] == ["duplicate"]


@pytest.mark.parametrize("scope", ["offer", "market"])
def test_two_addresses_of_a_mailbox_at_once_are_one_duplicate(
    scope: str, pair: Pair, catalogue: Catalogue
) -> None:
    """The second waits for the first, in one offer for its turn, in two for the mailbox."""
    rules = {"duplicate_window_hours": 24, "duplicate_scope": scope, "duplicate_match": ["mailbox"]}
    offers = [catalogue.add_offer(rules=rules) for _ in range(2)]
    for offer in offers:
        catalogue.enroll(offer)
    first, second = pair.submit_both(
        make_lead(offers[0].source_key, email="j.doe+roof@googlemail.com"),
        make_lead(offers[scope == "market"].source_key, email="jdoe@gmail.com"),
    )
    assert first["status"] == "accepted"
    assert [error["code"] for error in second["errors"]] == ["duplicate"]


def test_addresses_of_two_mailboxes_at_once_do_not_wait(pair: Pair, catalogue: Catalogue) -> None:
    rules = MARKET_WIDE | {"duplicate_match": ["mailbox"]}
    offers = [catalogue.add_offer(rules=rules) for _ in range(2)]
    for offer in offers:
        catalogue.enroll(offer)
    answer = pair.submit_beside(
        make_lead(offers[0].source_key, email="jdoe+a@example.com"),
        make_lead(offers[1].source_key, email="jdoe+b@example.net"),
    )
    assert answer["buyer_id"]


def test_contact_in_two_offers_does_not_wait_where_duplicates_count_per_offer(
    pair: Pair, catalogue: Catalogue, offer: Offer
) -> None:
    other = catalogue.add_offer(rules={"duplicate_window_hours": 24, "duplicate_scope": "offer"})
    catalogue.enroll(other)
    lead = make_lead(offer.source_key)
    answer = pair.submit_beside(lead, make_lead(other.source_key, phone=lead["phone"], email=lead["email"]))
    assert answer["buyer_id"]


def test_contacts_are_locked_in_order_and_before_the_offer(
    pair: Pair, connect: Connect, catalogue: Catalogue
) -> None:
    offer = catalogue.add_offer(rules=MARKET_WIDE)
    catalogue.enroll(offer)
    lead = make_lead(offer.source_key)
    lower, higher = (
        (CONTACT, number)
        for (number,) in pair.observer.execute(
            "select hashtext(c) from unnest(%s::text[]) c order by 1", [[lead["email"], lead["phone"]]]
        )
    )
    wanted = [lower, higher, (OFFER, offer.id)]
    holder = connect()
    with in_background() as pool:
        for lock in wanted:
            holder.execute("select pg_advisory_lock(%s, %s)", lock)
        waiting = pool.submit(submit, pair.second, lead)
        for step, lock in enumerate(wanted):
            held = dict.fromkeys(wanted[:step], True)
            wait_until_blocked(pair.observer, pair.second, holder, waiting)
            wait_until(partial(has_come_to, pair.observer, pair.second, held, lock))
            holder.execute("select pg_advisory_unlock(%s, %s)", lock)
        assert waiting.result(PATIENCE)["buyer_id"]


def test_crossed_contacts_never_deadlock(database: str, catalogue: Catalogue) -> None:
    """Emails and phones of few people, mixed over two offers: every order of locks there can be."""
    offers = [catalogue.add_offer(rules=MARKET_WIDE | {"duplicate_window_hours": 0.001}) for _ in range(2)]
    for offer in offers:
        catalogue.enroll(offer)
    leads = [
        make_lead(
            offers[n % 2].source_key, email=f"person{n % 3}@example.com", phone=f"+151255501{n // 3 % 3:02}"
        )
        for n in range(180)
    ]
    assert len(submit_at_once(database, leads)) == len(leads)  # a deadlock would have been raised


def wake(worker: psycopg.Connection) -> None:
    """Let a worker make the held leads due of the one offer whose configuration changed."""
    assert worker.execute("select leadgen.follow_change() > 0").fetchone() == (True,)


def test_held_lead_waits_for_its_turn_too(pair: Pair, connect: Connect, catalogue: Catalogue) -> None:
    """A held lead and a new one want the one place that was freed: it goes first, in the new lead's transaction."""
    offer = catalogue.add_offer({"on_no_buyer": "hold"})
    enrollment = catalogue.enroll(offer, capacity_per_day=0)
    held = submit(pair.first, make_lead(offer.source_key))
    assert held["buyer_id"] is None
    pair.observer.execute("update leadgen.leads set next_route_at = now()")
    pair.observer.execute("update leadgen.buyer_offers set capacity_per_day = 1 where id = %s", [enrollment])
    worker = connect("leadgen_worker")
    wake(worker)
    with in_background() as pool:
        with pair.first.transaction():
            late = submit(pair.first, make_lead(offer.source_key))
            waiting = pool.submit(worker.execute, "select leadgen.route_held_lead()")
            wait_until_blocked(pair.observer, worker, pair.first, waiting)
        assert waiting.result(PATIENCE).fetchone() != (late["lead_id"],)
    sold = pair.observer.execute("select lead_id from leadgen.lead_assignments").fetchall()
    assert sold == [(held["lead_id"],)]
    assert pair.observer.execute("select * from leadgen.list_broken_invariants()").fetchall() == []


def test_two_workers_route_a_held_lead_once(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue
) -> None:
    offer = catalogue.add_offer({"on_no_buyer": "hold"})
    enrollment = catalogue.enroll(offer, capacity_per_day=0)
    lead_id = submit(admin, make_lead(offer.source_key))["lead_id"]
    admin.execute("update leadgen.leads set next_route_at = now()")
    admin.execute("update leadgen.buyer_offers set capacity_per_day = null where id = %s", [enrollment])
    first, second = connect("leadgen_worker"), connect("leadgen_worker")
    wake(first)
    with in_background() as pool:
        with first.transaction():
            assert first.execute("select leadgen.route_held_lead()").fetchone() == (lead_id,)
            waiting = pool.submit(second.execute, "select leadgen.route_held_lead()")
            wait_until_blocked(admin, second, first, waiting)
        assert waiting.result(PATIENCE).fetchone() == (None,)  # it looked again: the lead is no longer due
    assert second.execute("select leadgen.route_held_lead()").fetchone() == (None,)
    attempts = admin.execute("select count(*) from leadgen.lead_decisions where lead_id = %s", [lead_id])
    assert attempts.fetchone() == (2,)
    assert admin.execute("select lead_id from leadgen.lead_assignments").fetchall() == [(lead_id,)]


def test_an_offer_that_somebody_holds_keeps_no_other_offers_leads_waiting(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue
) -> None:
    """pick_held_lead: the lead that waited longest is of a busy offer; the next is taken."""
    leads = []
    for _ in range(2):
        offer = catalogue.add_offer({"on_no_buyer": "hold"})
        catalogue.enroll(offer, capacity_per_day=0)
        leads.append(submit(admin, make_lead(offer.source_key))["lead_id"])
    worker, holder = connect("leadgen_worker"), admin
    wake(worker)
    wake(worker)
    admin.execute(
        "update leadgen.leads set next_route_at = now() - id * interval '-1 second' - interval '1 hour'"
    )
    with holder.transaction():
        holder.execute(
            "select pg_advisory_xact_lock(2, market.offer_lock_key(offer_id)) from leadgen.leads where id = %s",
            [leads[0]],
        )
        assert worker.execute("select leadgen.route_held_lead()").fetchone() == (leads[1],)
    assert worker.execute("select leadgen.route_held_lead()").fetchone() == (leads[0],)
