"""billing_status under many sessions: it follows what is sold, billed, paid and given back. Nobody waits crosswise."""

import random
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psycopg
import pytest

from concurrency.sessions import PATIENCE, in_background, submit, wait_until_blocked
from leadgen.db.urls import with_role
from rig.catalogue import Catalogue, Offer, make_lead
from rig.cluster import Connect

BROKEN = "select * from leadgen.list_broken_invariants()"
FOLLOW = "select leadgen.run_chore('follow_billing')"
BILL = "select leadgen.invoice_buyer(%s, null, true)"
STATUS = "select billing_status::text from leadgen.leads where id = %s"
OPEN = """
select invoice_number from leadgen.invoices where kind = 'invoice' and status = any (%s) order by random() limit 1
"""


@pytest.fixture(autouse=True)
def company(admin: psycopg.Connection) -> None:
    """Who sends invoices."""
    admin.execute("update leadgen.billing_settings set company = 'Acme Leads'")


def follow(session: psycopg.Connection) -> None:
    """What a worker does until nothing is left."""
    while session.execute(FOLLOW).fetchone() == (True,):
        pass


def sell(session: psycopg.Connection, offer: Offer) -> tuple[int, int]:
    """The ids of a new lead and its sale."""
    lead = submit(session, make_lead(offer.source_key))["lead_id"]
    row = session.execute("select id from leadgen.lead_assignments where lead_id = %s", [lead]).fetchone()
    assert row
    return lead, row[0]


def test_an_invoice_waits_for_nobody_who_holds_a_lead(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue
) -> None:
    """A lead that is being delivered is held; its buyer is billed all the same, and the lead follows afterwards."""
    offer, buyer = catalogue.add_offer(), catalogue.add_buyer()
    catalogue.enroll(offer, buyer)
    lead, _ = sell(admin, offer)
    holder, worker = connect(), connect()
    with in_background() as pool:
        with holder.transaction():
            holder.execute("select from leadgen.leads where id = %s for no key update", [lead])
            admin.execute(BILL, [buyer])
            future = pool.submit(follow, worker)
            wait_until_blocked(admin, worker, holder, future, "transactionid")
        future.result(PATIENCE)
    assert admin.execute(STATUS, [lead]).fetchone() == ("billed",)
    assert admin.execute(BROKEN).fetchall() == []


def test_what_is_disputed_while_a_worker_follows_is_followed_last(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue
) -> None:
    offer, buyer = catalogue.add_offer(), catalogue.add_buyer()
    catalogue.enroll(offer, buyer)
    lead, _ = sell(admin, offer)
    admin.execute(BILL, [buyer])
    (number,) = admin.execute(OPEN, [["sent"]]).fetchone() or (None,)
    worker, operator = connect(), connect()
    worker.execute(FOLLOW)  # its leads are queued
    with worker.transaction():
        worker.execute(FOLLOW)
        operator.execute("select leadgen.dispute_invoice(%s, 'never came')", [number])
    assert admin.execute(STATUS, [lead]).fetchone() == ("billed",)
    follow(worker)
    assert admin.execute(STATUS, [lead]).fetchone() == ("disputed",)
    assert admin.execute(BROKEN).fetchall() == []


def test_a_worker_that_follows_and_a_return_do_not_wait_crosswise(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue
) -> None:
    """The return holds its buyer and its lead; the worker waits for the lead, and then sees what came of it."""
    offer, buyer = catalogue.add_offer({"reroute": {"on_return": False}}), catalogue.add_buyer()
    catalogue.enroll(offer, buyer)
    lead, sale = sell(admin, offer)
    admin.execute(BILL, [buyer])
    returning, worker = connect(), connect()
    with in_background() as pool:
        with returning.transaction():
            returning.execute("select leadgen.return_sale(%s, 'spam')", [sale])
            future = pool.submit(follow, worker)
            wait_until_blocked(admin, worker, returning, future, "transactionid")
        future.result(PATIENCE)
    assert admin.execute(STATUS, [lead]).fetchone() == ("refunded",)
    assert admin.execute(BROKEN).fetchall() == []


class Clerk:
    """One of many who sell, bill, pay, dispute, give back and follow, in an order of its own."""

    def __init__(self, number: int, database: str, offers: list[Offer], buyers: list[int]) -> None:
        self.number, self.database, self.offers, self.buyers = number, database, offers, buyers
        self.luck = random.Random(number)
        self.sales: list[int] = []

    def run(self, barrier: Barrier) -> None:
        """All deeds."""
        self.session = psycopg.connect(with_role(self.database, "leadgen_dba"), autocommit=True)
        self.worker = psycopg.connect(with_role(self.database, "leadgen_worker"), autocommit=True)
        deeds = (
            self.sell,
            self.sell,
            self.bill,
            self.pay,
            self.dispute,
            self.resolve,
            self.give_back,
            self.refund,
            self.follow,
            self.follow,
        )
        barrier.wait(PATIENCE)
        for step in range(20):
            self.key = f"test:{self.number}:{step}"
            self.luck.choice(deeds)()
        self.session.close()
        self.worker.close()

    def sell(self) -> None:
        lead = submit(self.session, make_lead(self.luck.choice(self.offers).source_key))["lead_id"]
        query = "select id from leadgen.lead_assignments where lead_id = %s"
        self.sales += [sale for (sale,) in self.session.execute(query, [lead]).fetchall()]

    def bill(self) -> None:
        self.session.execute(BILL, [self.luck.choice(self.buyers)])

    def pay(self) -> None:
        statement = "select leadgen.add_payment(%s, 20, 'check', %s)"
        self.session.execute(statement, [self.luck.choice(self.buyers), self.key])

    def dispute(self) -> None:
        self.try_invoice(
            "select leadgen.dispute_invoice(%s, 'never came')", ["sent", "partly_paid", "overdue"]
        )

    def resolve(self) -> None:
        self.try_invoice("select leadgen.resolve_dispute(%s)", ["disputed"])

    def give_back(self) -> None:
        if self.sales:
            self.try_to("select leadgen.return_sale(%s, 'spam')", [self.luck.choice(self.sales)])

    def refund(self) -> None:
        if self.sales:
            statement = "select leadgen.refund_sale(%s, 1, %s, 'sorry')"
            self.try_to(statement, [self.luck.choice(self.sales), self.key])

    def follow(self) -> None:
        for chore in ("follow_billing", "end_vain_replacement", "settle_payments"):
            self.worker.execute("select leadgen.run_chore(%s)", [chore])

    def try_invoice(self, statement: str, statuses: list[str]) -> None:
        """Do it with an invoice that was in such a state a moment ago."""
        row = self.session.execute(OPEN, [statuses]).fetchone()
        if row:
            self.try_to(statement, [row[0]])

    def try_to(self, statement: str, parameters: list[object]) -> None:
        """Do it, unless the state forbids it by now."""
        try:
            self.session.execute(statement, parameters)
        except psycopg.Error as error:
            assert error.sqlstate == "LG409", error  # noqa: PT017  any other state is a fault


def test_every_lead_follows_whatever_happens_at_once(
    admin: psycopg.Connection, catalogue: Catalogue, database: str
) -> None:
    """Prepaid and invoiced buyers of shared leads, money and replacements given back, a worker in every thread."""
    buyers = [catalogue.add_buyer(billing_mode=("prepaid", "invoiced")[n % 2]) for n in range(4)]
    offers = [
        catalogue.add_offer(
            {"max_buyers": 2, "returns": {"give": give}, "reroute": {"on_return": False}},
            default_price_per_lead=7,
        )
        for give in ("money", "replacement", "replacement")
    ]
    for offer in offers:
        for place, buyer in enumerate(random.sample(buyers, len(buyers))):
            catalogue.enroll(offer, buyer, routing_priority=place + 1)
    for buyer in buyers[::2]:
        admin.execute("select leadgen.top_up(%s, 300, %s)", [buyer, f"test:{buyer}"])
    threads, barrier = 8, Barrier(8)
    clerks = [Clerk(n, database, offers, buyers) for n in range(threads)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda clerk: clerk.run(barrier), clerks))
    follow(admin)
    assert admin.execute("select count(*) from leadgen.billing_changes").fetchone() == (0,)
    assert admin.execute(BROKEN).fetchall() == []
    statuses = admin.execute("select distinct billing_status::text from leadgen.leads").fetchall()
    assert {"paid", "refunded"} <= {status for (status,) in statuses}
    (used,) = admin.execute("select count(*) from leadgen.replacements where status = 'used'").fetchone() or (
        0,
    )
    assert used > 0
