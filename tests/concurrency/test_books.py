"""Whoever keeps the books waits for a sale or for the run of invoices, and neither for it crosswise."""

import psycopg
import pytest
from psycopg.types.json import Jsonb

from concurrency.sessions import PATIENCE, in_background, submit, wait_until_blocked
from rig.catalogue import Catalogue, make_lead
from rig.cluster import Connect

LOCK = "select billing.lock_buyers(array[%s]::bigint[], true)"


def test_an_import_books_for_no_buyer_while_it_waits_for_another(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue
) -> None:
    """Its lines name the second buyer first."""
    first, second = sorted(catalogue.add_buyer(billing_mode="prepaid", currency="USD") for _ in range(2))
    lines = [
        {"line_key": str(buyer), "booked_on": "2026-11-02", "amount": "5", "currency": "USD"}
        | {"reference": admin.execute("select leadgen.buyer_reference(%s)", [buyer]).fetchall()[0][0]}
        for buyer in (second, first)
    ]
    seller, importer = connect(), connect()
    with in_background() as pool:
        with seller.transaction():
            seller.execute(LOCK, [first])
            importing = pool.submit(
                lambda: importer.execute("select leadgen.import_bank_lines(%s)", [Jsonb(lines)])
            )
            wait_until_blocked(admin, importer, seller, importing)
            seller.execute(LOCK, [second])
        importing.result(PATIENCE)
    assert admin.execute("select distinct balance from leadgen.buyers").fetchall() == [(5,)]


@pytest.mark.parametrize(
    "correct", ["leadgen.credit_invoice(%s, 'wrong')", "leadgen.cancel_invoice(%s, 'wrong')"]
)
def test_a_correction_holds_no_buyer_while_it_waits_for_the_run_of_invoices(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue, correct: str
) -> None:
    admin.execute("update leadgen.billing_settings set company = 'Acme Leads'")
    offer, buyer = catalogue.add_offer(), catalogue.add_buyer()
    catalogue.enroll(offer, buyer)
    assert submit(admin, make_lead(offer.source_key))["buyer_id"] == buyer
    ((numbers,),) = admin.execute("select leadgen.invoice_buyer(%s, null, true)", [buyer]).fetchall()
    run, operator = connect(), connect()
    with in_background() as pool:
        with run.transaction():
            run.execute("select from leadgen.billing_calendar where buyer_id = %s for update", [buyer])
            correcting = pool.submit(lambda: operator.execute(f"select {correct}", numbers))
            wait_until_blocked(admin, operator, run, correcting, lock="transactionid")
            run.execute(LOCK, [buyer])
        correcting.result(PATIENCE)
    assert admin.execute("select receivable from leadgen.buyers").fetchall() == [(0,)]


def test_a_method_is_saved_in_the_queue_of_its_buyer(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue
) -> None:
    """Whoever holds a buyer's row and then books for it would meet one that books, and waits for the row."""
    buyer = catalogue.add_buyer(billing_mode="prepaid", currency="USD")
    admin.execute("select leadgen.start_checkout(%s, 50, 'order', true)", [buyer])
    admin.execute("update leadgen.payments set provider_id = 'pi_1'")
    intent = {
        "object": "payment_intent",
        "id": "pi_1",
        "status": "succeeded",
        "currency": "usd",
        "amount": 5000,
    }
    intent |= {"customer": "cus_1", "payment_method": "pm_1"}
    event = {
        "id": "evt_1",
        "type": "payment_intent.succeeded",
        "created": 1764500000,
        "data": {"object": intent},
    }
    admin.execute("select leadgen.keep_payment_event(%s::jsonb::text)", [Jsonb(event)])
    booking, worker = connect(), connect()
    with in_background() as pool:
        with booking.transaction():
            booking.execute("select pg_advisory_xact_lock(6, kernel.lock_key(%s))", [buyer])
            following = pool.submit(lambda: worker.execute("select billing.follow_payment_event()"))
            wait_until_blocked(admin, worker, booking, following)
            booking.execute(LOCK, [buyer])
        following.result(PATIENCE)
    told = admin.execute("select balance, payment_method_id from leadgen.buyers").fetchall()
    assert told == [(50, "pm_1")]
