"""Invoices made at the same time: numbers have no gap, nothing is billed twice, and none waits for ever (FAULTS 44)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psycopg
import pytest

from concurrency.sessions import PATIENCE, in_background, submit, wait_until_blocked
from rig.catalogue import Catalogue, Offer, make_lead
from rig.cluster import Connect

CLOSERS = 32
BILL = "select leadgen.invoice_buyer(%s, null, true)"


class GiveUpError(Exception):
    """The closer rolls back."""


@pytest.fixture
def books(admin: psycopg.Connection) -> Iterator[None]:
    """A company that sends invoices, and a tax."""
    admin.execute("update leadgen.billing_settings set company = 'Acme Leads'")
    admin.execute("insert into leadgen.tax_rates (country, rate, name) values ('US', 8.25, 'Sales tax')")
    yield
    assert admin.execute("select rule, detail from leadgen.list_broken_invariants()").fetchall() == []


def sell_to_many(admin: psycopg.Connection, catalogue: Catalogue, buyers: int) -> list[int]:
    """Buyers that each owe for two leads of an offer of their own."""
    found = []
    for _ in range(buyers):
        offer, buyer = catalogue.add_offer(), catalogue.add_buyer(tax_country="US")
        catalogue.enroll(offer, buyer)
        for _ in range(2):
            assert submit(admin, make_lead(offer.source_key))["buyer_id"] == buyer
        found.append(buyer)
    return found


def test_numbers_have_no_gap_when_many_close_at_once_and_some_roll_back(
    admin: psycopg.Connection, database: str, catalogue: Catalogue, books: None
) -> None:
    buyers = sell_to_many(admin, catalogue, CLOSERS)
    barrier = Barrier(CLOSERS)

    def close(place: int) -> list[str]:
        with psycopg.connect(database, autocommit=True) as session:
            barrier.wait(PATIENCE)
            try:
                with session.transaction():
                    row = session.execute(BILL, [buyers[place]]).fetchone()
                    if place % 3 == 0:
                        raise GiveUpError
            except GiveUpError:
                return []
            assert row
            numbers: list[str] = row[0]
            return numbers

    with ThreadPoolExecutor(CLOSERS) as pool:
        given = [
            number for numbers in pool.map(close, range(CLOSERS), timeout=PATIENCE * 2) for number in numbers
        ]
    kept = [place for place in range(CLOSERS) if place % 3]
    assert len(given) == len(set(given)) == len(kept)
    rows = admin.execute("select number from leadgen.invoices order by number").fetchall()
    assert [number for (number,) in rows] == list(range(1, len(kept) + 1))


def test_many_that_bill_one_buyer_make_one_invoice(
    admin: psycopg.Connection, database: str, catalogue: Catalogue, books: None
) -> None:
    (buyer,) = sell_to_many(admin, catalogue, 1)
    barrier = Barrier(CLOSERS)

    def close(_: int) -> int:
        with psycopg.connect(database, autocommit=True) as session:
            barrier.wait(PATIENCE)
            row = session.execute(BILL, [buyer]).fetchone()
            assert row
            return len(row[0])

    with ThreadPoolExecutor(CLOSERS) as pool:
        assert sum(pool.map(close, range(CLOSERS), timeout=PATIENCE * 2)) == 1
    assert admin.execute("select count(*) from leadgen.invoice_lines").fetchone() == (2,)


@pytest.mark.parametrize("return_first", [True, False])
def test_a_return_at_the_moment_of_the_run_is_on_one_document(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue, books: None, return_first: bool
) -> None:
    """FAULTS 44. Whoever comes second waits: the return is on the invoice, or on the next credit note."""
    (buyer,) = sell_to_many(admin, catalogue, 1)
    row = admin.execute("select min(lead_id) from leadgen.lead_assignments").fetchone()
    assert row
    (lead,) = row
    returner, closer = connect(), connect()
    give_back = ("select leadgen.refund_lead(%s, 'wrong_number')", [lead])
    bill = (BILL, [buyer])
    first, second = (
        ((returner, give_back), (closer, bill)) if return_first else ((closer, bill), (returner, give_back))
    )
    with in_background() as pool:
        with first[0].transaction():
            first[0].execute(*first[1])
            waiting = pool.submit(lambda: second[0].execute(*second[1]).fetchone())
            wait_until_blocked(admin, second[0], first[0], waiting)
        waiting.result(PATIENCE)
    closer.execute(*bill)
    told = admin.execute("select kind, amount_due, status::text from leadgen.invoices order by id").fetchall()
    expected = (
        [("invoice", 45, "sent")]
        if return_first
        else [("invoice", 90, "partly_paid"), ("credit_note", 45, "paid")]
    )
    assert told == expected
    assert admin.execute("select ledger, unbilled from report.billed").fetchall() == [(45, 0)]


def test_a_month_that_is_closed_waits_for_who_books_at_the_moment(
    connect: Connect, admin: psycopg.Connection, offer: Offer
) -> None:
    """What is under way is in the month's totals; what comes after is booked into the next month."""
    seller, closer = connect(), connect()
    seller.execute("set leadgen.clock = '2026-10-31T23:59:59Z'")
    with in_background() as pool:
        with seller.transaction():
            assert submit(seller, make_lead(offer.source_key))["buyer_id"]
            closing = pool.submit(lambda: closer.execute("select leadgen.close_month('2026-10')"))
            wait_until_blocked(admin, closer, seller, closing, lock="relation")
        closing.result(PATIENCE)
    row = admin.execute("select leadgen.total_month('2026-10')").fetchone()
    assert row == (2,)
    assert submit(seller, make_lead(offer.source_key))["buyer_id"]
    booked = admin.execute(
        "select booked_at::text, memo from leadgen.ledger_transactions order by id desc limit 1"
    )
    assert booked.fetchone() == (
        "2026-11-01 00:00:00+00",
        "of 2026-10-31T23:59:59+00:00, a month that was closed",
    )
    assert admin.execute("select rule, detail from leadgen.list_broken_invariants()").fetchall() == []


def test_chores_stand_in_the_queue_of_a_buyer(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue, books: None
) -> None:
    """A chore that took the row first would wait for who books, while that one waits for the row."""
    (buyer,) = sell_to_many(admin, catalogue, 1)
    admin.execute(BILL, [buyer])
    admin.execute("select leadgen.write_off_receivable(%s, 10, 'gone 1', 'insolvent')", [buyer])
    admin.execute("update leadgen.buyers set low_balance_at = 99999, credit_limit = 99999")
    booker, chore = connect(), connect()
    with in_background() as pool:
        with booker.transaction():
            booker.execute("select pg_advisory_xact_lock(6, kernel.lock_key(%s))", [buyer])
            assert chore.execute("select roads.warn_of_money()").fetchone() == (0,)
            waiting = pool.submit(lambda: chore.execute("select roads.settle_payments()").fetchone())
            wait_until_blocked(admin, chore, booker, waiting, lock="advisory")
            booker.execute("select from leadgen.buyers where id = %s for no key update nowait", [buyer])
        assert waiting.result(PATIENCE) == (buyer,)
    assert admin.execute("select paid_amount from leadgen.invoices").fetchone() == (10,)
    assert chore.execute("select roads.warn_of_money()").fetchone() == (1,)


def test_returns_disputes_and_runs_at_the_same_moment_are_conserved(
    admin: psycopg.Connection, database: str, catalogue: Catalogue, books: None
) -> None:
    """FAULTS 44. What each came to does not matter: every transaction is on one document, and numbers have no gap."""
    buyers = sell_to_many(admin, catalogue, 4)
    for buyer in buyers:
        admin.execute(BILL, [buyer])
    leads = [lead for (lead,) in admin.execute("select lead_id from leadgen.lead_assignments order by id")]
    numbers = [
        number for (number,) in admin.execute("select invoice_number from leadgen.invoices order by id")
    ]
    work: list[tuple[str, int | str]] = [
        *(("select leadgen.refund_lead(%s, 'wrong_number')", lead) for lead in leads),
        *(("select leadgen.dispute_invoice(%s, 'says that it never came')", number) for number in numbers),
        *((BILL, buyer) for buyer in buyers * 3),
    ]
    barrier = Barrier(len(work))

    def do(job: tuple[str, int | str]) -> str | None:
        with psycopg.connect(database, autocommit=True) as session:
            barrier.wait(PATIENCE)
            try:
                session.execute(job[0].encode(), [job[1]])
            except psycopg.Error as error:
                return error.sqlstate
            return None

    with ThreadPoolExecutor(len(work)) as pool:
        refused = set(pool.map(do, work, timeout=PATIENCE * 2)) - {None}
    assert refused <= {"LG409"}  # an invoice that was credited in full is paid, and no more disputed
    for buyer in buyers:
        admin.execute(BILL, [buyer])
    assert admin.execute("select ledger, unbilled from report.billed").fetchall() == [(0, 0)] * 4
    assert admin.execute("select sum(receivable) from leadgen.buyers").fetchone() == (0,)


def test_who_allocates_and_who_bills_do_not_wait_crosswise(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue, books: None
) -> None:
    (buyer,) = sell_to_many(admin, catalogue, 1)
    row = admin.execute(BILL, [buyer]).fetchone()
    assert row
    allocator, biller = connect(), connect()
    with in_background() as pool:
        with biller.transaction():
            biller.execute("select from leadgen.billing_calendar where buyer_id = %s for update", [buyer])
            waiting = pool.submit(
                lambda: allocator.execute("select leadgen.allocate_money(%s)", row[0]).fetchone()
            )
            wait_until_blocked(admin, allocator, biller, waiting, "transactionid")
            biller.execute("select from billing.lock_buyers(%s, true)", [[buyer]])
        assert waiting.result(PATIENCE)
