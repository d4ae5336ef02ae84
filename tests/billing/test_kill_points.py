"""The API and workers killed on money's road: while a booking is at work, and after its commit before the answer.

Whoever asked asks again, as buyers, sources and Stripe do: each is booked once, and the books are in order.
"""

import http.client
import json
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api.serving import BUYER_KEY, Answer, Api, add_catalogue, add_sale, make_lead, running_api
from doubles.stripe_api import WEBHOOK_SECRET, sign
from rig.waiting import wait_until, wait_until_async
from worker.conftest import running_worker

JSON = "application/json; charset=utf-8"
WAITING = """
select count(*) from pg_stat_activity
where usename = %s and datname = current_database() and wait_event_type = 'Lock'
"""
Ask = Callable[[Api], Answer]


def post_lead(lead: dict[str, object]) -> Ask:
    """A lead that a prepaid buyer pays for."""
    return lambda api: api.post(lead)


def return_sale(sale: int) -> Ask:
    """The buyer gives it back."""
    path, body = f"/api/assignments/{sale}/return", json.dumps({"reason": "spam"})
    return lambda api: api.request("POST", path, body, X_API_Key=BUYER_KEY, Content_Type=JSON)


def ask_for_deposit() -> Ask:
    """A payment on Stripe's page."""
    headers = {"X_API_Key": BUYER_KEY, "Idempotency_Key": "order 1", "Content_Type": JSON}
    return lambda api: api.request("POST", "/api/deposits", json.dumps({"amount": "100.00"}), **headers)


def send_event() -> Ask:
    """An event of Stripe."""
    intent = {"object": "payment_intent", "id": "pi_1", "status": "succeeded", "amount_received": 1}
    event = {"id": "evt_1", "type": "payment_intent.succeeded", "created": 1, "data": {"object": intent}}

    def ask(api: Api) -> Answer:
        body, signature = sign(event)
        return api.request(
            "POST", "/api/webhooks/stripe", body, Content_Type=JSON, Stripe_Signature=signature
        )

    return ask


class Shop:
    """One test's database, with a prepaid buyer in it, and what it says."""

    def __init__(self, database: str, session: psycopg.Connection[Any]) -> None:
        self.database, self.session = database, session
        add_catalogue(database)
        session.execute(
            "update leadgen.buyers set billing_mode = 'prepaid', payment_method = 'stripe' where name = 'Ann'"
        )
        self.ann = self.value("select id from leadgen.buyers where name = 'Ann'")
        self.value("select leadgen.top_up(%s, 90, 'bank:1')", self.ann)

    def value(self, query: str, *parameters: object) -> Any:
        row = self.session.execute(query.encode(), parameters).fetchone()
        return row[0] if row else None

    @contextmanager
    def held(self, table: str) -> Iterator[None]:
        """Nobody writes into a table meanwhile."""
        with psycopg.connect(self.database) as holder:
            holder.execute(f"lock table leadgen.{table} in exclusive mode".encode())
            yield

    def is_awaited(self, role: str) -> bool:
        return bool(self.value(WAITING, role))

    def hang_up(self, role: str) -> None:
        """What its sessions had begun is undone."""
        self.value(
            "select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity"
            " where usename = %s and datname = current_database()",
            role,
        )

    def check(self) -> None:
        assert self.session.execute("select * from leadgen.list_broken_invariants()").fetchall() == []


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    """A database, whose books are in order in the end."""
    with psycopg.connect(database, autocommit=True) as session:
        made = Shop(database, session)
        yield made
        made.check()


# What is asked for, where it waits, and what there is one of then.
ROADS = {
    "a lead is sold": ("ledger_transactions", "ledger_transactions where kind = 'sale'"),
    "a sale is returned": ("ledger_transactions", "ledger_transactions where kind = 'return'"),
    "a deposit is asked for": ("payments", "payments where method = 'stripe'"),
    "an event is heard": ("payment_events", "payment_events"),
}


def choose(road: str, shop: Shop) -> Ask:
    """The request of a road."""
    match road:
        case "a lead is sold":
            return post_lead(make_lead())
        case "a sale is returned":
            return return_sale(add_sale(shop.session))
        case "a deposit is asked for":
            return ask_for_deposit()
    return send_event()


@pytest.mark.parametrize("road", ROADS)
def test_an_api_that_is_killed_books_once(shop: Shop, tmp_path: Path, road: str) -> None:
    ask = choose(road, shop)
    table, rows = ROADS[road]
    counted = f"select count(*) from leadgen.{rows}"
    for moment in ("at work", "after the commit"):
        with (
            ThreadPoolExecutor() as pool,
            running_api(shop.database, tmp_path, STRIPE_WEBHOOK_SECRET=WEBHOOK_SECRET) as doomed,
        ):
            with shop.held(table):
                asked = pool.submit(ask, doomed)
                wait_until(lambda: shop.is_awaited("leadgen_api"))
                doomed.process.send_signal(signal.SIGSTOP)
                if moment == "at work":  # its connection ends, and with it what it had begun
                    doomed.process.kill()
                    shop.hang_up("leadgen_api")
                    assert shop.value(counted) == 0
            if moment == "after the commit":
                wait_until(lambda: shop.value(counted) == 1)
                doomed.process.kill()
            doomed.process.wait()
            assert isinstance(asked.exception(), http.client.HTTPException | ConnectionError)
        shop.check()
    with running_api(shop.database, tmp_path, STRIPE_WEBHOOK_SECRET=WEBHOOK_SECRET) as second:
        assert ask(second).status < 300
    assert shop.value(counted) == 1


async def test_a_worker_that_is_killed_while_it_bills_bills_once(
    shop: Shop, role_url: Callable[[str], str]
) -> None:
    """It waits for the number when it dies, with the tax already worked out."""
    add_sale(shop.session)
    shop.session.execute("update leadgen.billing_settings set company = 'Acme Leads'")
    shop.session.execute("insert into leadgen.tax_rates (country, rate, name) values ('US', 8, 'Tax')")
    shop.session.execute("update leadgen.buyers set tax_country = 'US', billing_cycle = 'daily'")
    shop.value("select leadgen.list_due_buyers(now())")
    shop.session.execute("update leadgen.billing_calendar set period_end = now(), due_at = now()")
    async with running_worker(role_url("leadgen_worker")) as worker:
        with shop.held("invoice_series"):
            await wait_until_async(lambda: shop.is_awaited("leadgen_worker"), lambda: "nobody bills")
            assert await worker.stop(signal.SIGKILL) == -signal.SIGKILL
            shop.hang_up("leadgen_worker")
            assert shop.value("select count(*) from leadgen.invoices") == 0
    shop.check()
    async with running_worker(role_url("leadgen_worker")):
        await wait_until_async(
            lambda: shop.value("select count(*) = 1 from leadgen.invoices"), lambda: "no bill"
        )
    shop.check()
    assert shop.value("select array_agg(invoice_number) from leadgen.invoices") == ["INV-2026-00001"]
    assert shop.value("select balance from leadgen.buyers where id = %s", shop.ann) == Decimal("41.40")
