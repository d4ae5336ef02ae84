"""Money under many sessions: nobody spends what was spent already, and nobody waits for two buyers crosswise."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psycopg
import pytest
from psycopg.types.json import Jsonb

from concurrency.sessions import (
    PATIENCE,
    in_background,
    submit,
    submit_at_once,
    wait_until_blocked,
)
from concurrency.test_batch_locks import submit_batch, words
from leadgen.db.urls import with_role
from rig.catalogue import Catalogue, make_lead
from rig.cluster import Connect

SESSIONS = 64
BOOK = "select from billing.lock_buyers(array[%s::bigint], true)"
MONEY = "select balance, receivable from leadgen.buyers where id = %s"
BROKEN = "select * from leadgen.list_broken_invariants()"


def top_up(admin: psycopg.Connection, buyer: int, amount: float) -> None:
    """The buyer pays in advance."""
    admin.execute("select leadgen.top_up(%s, %s, gen_random_uuid()::text)", [buyer, amount])


def count_sales(admin: psycopg.Connection, buyer: int) -> int:
    """How many sales of a buyer stand."""
    row = admin.execute(
        "select count(*) from leadgen.lead_assignments where buyer_id = %s and released_at is null", [buyer]
    ).fetchone()
    assert row
    return int(row[0])


@pytest.mark.parametrize("mode", ["prepaid", "invoiced"])
def test_the_last_ten_pay_for_as_many_leads_as_they_pay_for(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue, database: str, mode: str
) -> None:
    credit = 10 if mode == "invoiced" else None
    buyer = catalogue.add_buyer(billing_mode=mode, credit_limit=credit)
    offers = [catalogue.add_offer(default_price_per_lead=3) for _ in range(8)]
    for offer in offers:
        catalogue.enroll(offer, buyer)
    if mode == "prepaid":
        top_up(admin, buyer, 10)
    leads = [make_lead(offers[n % len(offers)].source_key) for n in range(SESSIONS)]
    answers = submit_at_once(database, leads, SESSIONS)
    assert Counter(answer["buyer_id"] is not None for answer in answers) == {True: 3, False: SESSIONS - 3}
    assert count_sales(admin, buyer) == 3
    assert admin.execute(MONEY, [buyer]).fetchone() == ((1, 0) if mode == "prepaid" else (0, 9))
    assert admin.execute(BROKEN).fetchall() == []


def test_what_the_first_cannot_pay_the_next_buyer_takes(
    admin: psycopg.Connection, catalogue: Catalogue, database: str
) -> None:
    first, second = (catalogue.add_buyer(billing_mode="prepaid") for _ in range(2))
    offers = [catalogue.add_offer(default_price_per_lead=10) for _ in range(4)]
    for offer in offers:
        catalogue.enroll(offer, second, routing_priority=1)
        catalogue.enroll(offer, first, routing_priority=2)
    top_up(admin, first, 100)
    top_up(admin, second, 300)
    leads = [make_lead(offers[n % len(offers)].source_key) for n in range(48)]
    answers = submit_at_once(database, leads, 16)
    assert Counter(answer["buyer_id"] is not None for answer in answers) == {True: 40, False: 8}
    assert (count_sales(admin, first), count_sales(admin, second)) == (10, 30)
    assert admin.execute(BROKEN).fetchall() == []


def test_a_lead_decides_anew_when_its_buyer_spent_the_money_meanwhile(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue
) -> None:
    first, second = (catalogue.add_buyer(billing_mode="prepaid") for _ in range(2))
    offer = catalogue.add_offer(default_price_per_lead=10)
    catalogue.enroll(offer, second, routing_priority=1)
    catalogue.enroll(offer, first, routing_priority=2)
    top_up(admin, first, 10)
    top_up(admin, second, 10)
    other, api = connect(), connect("leadgen_api")
    with in_background() as pool:
        with other.transaction():
            other.execute("select leadgen.debit_buyer(%s, 5, 'test:fee', 'a fee')", [first])
            future = pool.submit(submit, api, make_lead(offer.source_key))
            wait_until_blocked(admin, api, other, future)
        answer = future.result(PATIENCE)
    assert answer["buyer_id"] == second
    (said,) = admin.execute(
        "select reason from leadgen.explain_candidates(%s) where verdict = 'lost'", [answer["lead_id"]]
    ).fetchall()
    assert said == ("funds: 5.00, price 10.00",)
    assert admin.execute(BROKEN).fetchall() == []


def test_a_batch_waits_for_one_buyer_and_leaves_what_needs_another(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue
) -> None:
    buyers = [catalogue.add_buyer(billing_mode="prepaid") for _ in range(2)]
    offers = [catalogue.add_offer(default_price_per_lead=10) for _ in buyers]
    for offer, buyer in zip(offers, buyers, strict=True):
        catalogue.enroll(offer, buyer)
        top_up(admin, buyer, 100)
    leads = [make_lead(offers[n].source_key) for n in (0, 1, 0, 1)]
    other, api = connect(), connect("leadgen_api")
    with in_background() as pool:
        with other.transaction():
            other.execute(BOOK, [buyers[1]])
            assert words(submit_batch(api, leads, waits=True)) == ["accepted", "busy", "accepted", "busy"]
            assert words(submit_batch(api, [leads[1], leads[3]], waits=False)) == ["busy"] * 2
            future = pool.submit(submit_batch, api, [leads[1], leads[3]], waits=True)
            wait_until_blocked(admin, api, other, future)
        assert words(future.result(PATIENCE)) == ["accepted"] * 2
    assert [count_sales(admin, buyer) for buyer in buyers] == [2, 2]
    assert admin.execute(BROKEN).fetchall() == []


class Clerk:
    """One of many who sell, pay, give back and work off what is due, in an order of its own."""

    def __init__(self, number: int, database: str, sources: list[str], buyers: list[int]) -> None:
        self.number, self.database, self.sources, self.buyers = number, database, sources, buyers
        self.luck = random.Random(number)
        self.leads: list[int] = []

    def run(self, barrier: Barrier) -> list[int]:
        """All deeds; returns the leads that were taken."""
        sessions = [
            psycopg.connect(with_role(self.database, role), autocommit=True)
            for role in ("leadgen_api", "leadgen_dba", "leadgen_worker")
        ]
        self.api, self.dba, self.worker = sessions
        deeds = (self.sell, self.sell, self.sell_batch, self.find_bad, self.pay, self.credit, self.work_off)
        barrier.wait(PATIENCE)
        for step in range(16):
            self.key = f"test:{self.number}:{step}"
            self.luck.choice(deeds)()
        for session in sessions:
            session.close()
        return self.leads

    def sell(self) -> None:
        self.leads.append(submit(self.api, make_lead(self.luck.choice(self.sources)))["lead_id"])

    def sell_batch(self) -> None:
        leads = [make_lead(self.luck.choice(self.sources)) for _ in range(6)]
        answers = submit_batch(self.api, leads, waits=self.luck.random() < 0.5)
        self.leads += [answer["lead_id"] for answer in answers if "lead_id" in answer]

    def find_bad(self) -> None:
        if self.leads:
            self.dba.execute("select leadgen.refund_lead(%s, 'spam')", [self.luck.choice(self.leads)])

    def pay(self) -> None:
        self.dba.execute("select leadgen.top_up(%s, 20, %s)", [self.luck.choice(self.buyers[::2]), self.key])

    def credit(self) -> None:
        statement = "select leadgen.credit_buyer(%s, 1, %s, 'sorry')"
        self.dba.execute(statement, [self.luck.choice(self.buyers), self.key])

    def work_off(self) -> None:
        for chore in ("warn_of_money", "follow_change", "route_held_lead"):
            self.worker.execute("select leadgen.run_chore(%s)", [chore])


def test_nobody_waits_crosswise_whatever_is_sold_returned_and_paid(
    admin: psycopg.Connection, catalogue: Catalogue, database: str
) -> None:
    """Shared leads of the same buyers in other orders, batches, bad leads, payments and chores, all at once."""
    buyers = [
        catalogue.add_buyer(
            billing_mode=("prepaid", "invoiced")[n % 2], credit_limit=(None, 400)[n % 2], low_balance_at=50
        )
        for n in range(6)
    ]
    offers = [catalogue.add_offer({"max_buyers": 3}, default_price_per_lead=7) for _ in range(3)]
    for offer in offers:
        for place, buyer in enumerate(random.sample(buyers, len(buyers))):
            catalogue.enroll(offer, buyer, routing_priority=place + 1)
    for buyer in buyers[::2]:
        top_up(admin, buyer, 200)
    threads, barrier = 10, Barrier(10)
    clerks = [Clerk(n, database, [offer.source_key for offer in offers], buyers) for n in range(threads)]
    with ThreadPoolExecutor(threads) as pool:
        leads = [lead for share in pool.map(lambda clerk: clerk.run(barrier), clerks) for lead in share]
    assert leads
    assert sum(count_sales(admin, buyer) for buyer in buyers)
    assert admin.execute(BROKEN).fetchall() == []


def test_an_enrollment_is_edited_while_its_buyer_is_sold_to(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue
) -> None:
    """Who edits an enrollment waits for its offer, and holds nothing that a lead of the offer waits for."""
    buyer = catalogue.add_buyer(billing_mode="prepaid")
    offer = catalogue.add_offer({"strategy": "weighted"})
    enrollment = catalogue.enroll(offer, buyer)
    top_up(admin, buyer, 100)
    dba, api = connect("leadgen_dba"), connect("leadgen_api")
    with in_background() as pool:
        with api.transaction():
            assert submit(api, make_lead(offer.source_key))["buyer_id"] == buyer
            edit = "update leadgen.buyer_offers set weight = 2 where id = %s"
            future = pool.submit(dba.execute, edit, [enrollment])
            wait_until_blocked(admin, dba, api, future)
            assert submit(api, make_lead(offer.source_key))["buyer_id"] == buyer
        future.result(PATIENCE)
    assert admin.execute(BROKEN).fetchall() == []


def test_an_edit_of_a_buyer_that_is_kept_open_sends_its_leads_to_the_next(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue
) -> None:
    """Nobody waits for it longer than a quarter of a second, and the decision says why and replays."""
    first, second = (catalogue.add_buyer(billing_mode="prepaid") for _ in range(2))
    offer = catalogue.add_offer()
    catalogue.enroll(offer, second, routing_priority=1)
    catalogue.enroll(offer, first, routing_priority=2)
    for buyer in (first, second):
        top_up(admin, buyer, 100)
    dba, api = connect("leadgen_dba"), connect("leadgen_api")
    with dba.transaction():
        dba.execute("update leadgen.buyers set company = 'Ace & Sons' where id = %s", [first])
        answer = submit(api, make_lead(offer.source_key))
    assert answer["buyer_id"] == second
    (said,) = admin.execute(
        "select reason from leadgen.explain_candidates(%s) where verdict = 'lost'", [answer["lead_id"]]
    ).fetchall()
    assert said == ("buyer_held: somebody keeps an edit of the buyer open",)
    assert submit(api, make_lead(offer.source_key))["buyer_id"] == first
    assert admin.execute(BROKEN).fetchall() == []


def test_a_dry_run_spends_nothing(connect: Connect, admin: psycopg.Connection, catalogue: Catalogue) -> None:
    buyer = catalogue.add_buyer(billing_mode="prepaid")
    offer = catalogue.add_offer()
    catalogue.enroll(offer, buyer)
    top_up(admin, buyer, 100)
    lead = make_lead(offer.source_key)
    admin.execute("select leadgen.dry_run_lead(%s, '{}')", [Jsonb(lead)])
    assert admin.execute(MONEY, [buyer]).fetchone() == (100, 0)
    assert admin.execute("select count(*) from leadgen.ledger_transactions").fetchone() == (1,)


@pytest.mark.parametrize(
    "book",
    [
        "select leadgen.refund_payment(%s, 4, 'one key', 'a test')",
        "select leadgen.credit_buyer((select p.buyer_id from leadgen.payments p where p.id = %s), 4, 'one key', 'x')",
    ],
)
def test_a_key_is_of_one_buyer_when_two_use_it_at_the_same_time(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue, book: str
) -> None:
    pay = "select leadgen.add_payment(%s, 10, 'check', gen_random_uuid()::text)"
    payments = []
    for _ in range(2):
        buyer = catalogue.add_buyer(billing_mode="prepaid", currency="USD")
        row = admin.execute(pay, [buyer]).fetchone()
        assert row
        payments.append(row[0])
    first, second = connect(), connect()
    with in_background() as pool:
        with first.transaction():
            first.execute(book, [payments[0]])
            waiting = pool.submit(second.execute, book, [payments[1]])
            wait_until_blocked(admin, second, first, waiting, "transactionid")
        with pytest.raises(psycopg.Error) as error:
            waiting.result(PATIENCE)
    assert error.value.sqlstate == "LG422"
    assert admin.execute(BROKEN).fetchall() == []
