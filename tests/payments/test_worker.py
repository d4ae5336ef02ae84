"""The worker as a process: it opens pages, charges and dies at any moment, and nothing is paid twice."""

import asyncio
import json
import os
import signal
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from doubles.stripe_api import SECRET_KEY
from payments.conftest import RETURN_URL, Till
from rig.waiting import wait_until_async
from worker.conftest import running_worker

D = Decimal
LOCKED = """
select exists (select from pg_stat_activity where wait_event_type = 'Lock' and usename = 'leadgen_worker')
"""


# A pause after an answer is over at once; the lease of a call, two minutes, is not touched.
SOONER = """
with sooner as (
  update leadgen.payments set ask_at = now() where ask_at between now() and now() + interval '100 seconds'
),
refunds_too as (
  update leadgen.payment_reversals set ask_at = now() where ask_at between now() and now() + interval '100 seconds'
)
"""


def settings(till: Till) -> dict[str, Any]:
    """A worker that calls the double."""
    return {
        "stripe_secret_key": SECRET_KEY,
        "stripe_api_url": till.double.url,
        "stripe_return_url": RETURN_URL,
    }


async def wait(till: Till, query: str) -> None:
    """Until the query says true."""
    await wait_until_async(lambda: bool(till.value(query)), lambda: f"{query}: {till.statuses()}")


async def test_a_worker_opens_the_page_and_follows_what_is_said(
    till: Till, role_url: Callable[[str], str]
) -> None:
    payment = till.value("select leadgen.start_checkout(%s, 100, 'order 1')", till.buyer)
    async with running_worker(role_url("leadgen_worker"), **settings(till)):
        await wait(till, "select session_url is not null from leadgen.payments")
        session = till.value("select session_id from leadgen.payments where id = %s", payment)
        till.double.pay(session)
        till.connection.execute("select leadgen.keep_payment_event(%s)", [json.dumps(till.double.events[-1])])
        await wait(till, "select status = 'completed' and fee is not null from leadgen.payments")
    assert till.money() == (D(100), D(0))


def ask_for_charge(till: Till) -> None:
    """A recharge is due."""
    till.pay("50.00", save=True)
    till.value("select leadgen.set_recharge(%s, 100, 200, 500)", till.buyer)


def ask_for_refund(till: Till) -> None:
    """A part of a payment is to be paid back."""
    till.pay("50.00")
    till.value("select leadgen.refund_payment(p.id, 20, 'refund 1') from leadgen.payments p")


def ask_for_page(till: Till) -> None:
    """A page is to be opened."""
    till.value("select leadgen.start_checkout(%s, 100, 'order 1')", till.buyer)


# What is asked of Stripe, what there is one of afterwards, and what the database says then.
CALLS: dict[str, tuple[Callable[[Till], None], Callable[[dict[str, Any]], bool], str]] = {
    "charge": (
        ask_for_charge,
        lambda one: one["object"] == "payment_intent" and one["amount"] == 20_000,
        "select b.balance = 250 and count(*) = 2 and bool_and(p.status = 'completed')"
        " from leadgen.buyers b, leadgen.payments p group by b.id",
    ),
    "refund": (
        ask_for_refund,
        lambda one: one["object"] == "refund",
        "select b.balance = 30 and r.status = 'completed' from leadgen.buyers b, leadgen.payment_reversals r",
    ),
    "page": (
        ask_for_page,
        lambda one: one["object"] == "checkout.session",
        "select session_url is not null from leadgen.payments",
    ),
}


@pytest.mark.parametrize("moment", ["after the key is stored", "while Stripe acts", "before the record"])
@pytest.mark.parametrize("call", CALLS)
async def test_a_worker_that_is_killed_acts_once(
    till: Till,
    role_url: Callable[[str], str],
    connect: Callable[..., psycopg.Connection[Any]],
    call: str,
    moment: str,
) -> None:
    ask, is_it, done = CALLS[call]
    ask(till)
    reached = asyncio.Event()
    loop, blocker = asyncio.get_running_loop(), connect()
    victims: list[int] = []

    def kill() -> None:
        os.kill(victims[0], signal.SIGKILL)
        loop.call_soon_threadsafe(reached.set)

    if moment == "after the key is stored":

        def before(double: Any, _: Any) -> None:
            kill()

        till.double.faults.append(before)
    elif moment == "while Stripe acts":

        def after(double: Any, act: Callable[[], Any]) -> None:
            act()
            kill()

        till.double.faults.append(after)
    else:
        # The record waits for the payment's row, which somebody holds.
        def hold(path: str) -> None:
            blocker.execute("begin")
            blocker.execute("select from leadgen.payments for update")

        till.double.before_answer = hold
    async with running_worker(role_url("leadgen_worker"), **settings(till)) as worker:
        victims.append(worker.process.pid)
        if moment == "before the record":
            await wait(till, LOCKED)
            os.kill(worker.process.pid, signal.SIGKILL)
        else:
            async with asyncio.timeout(120):
                await reached.wait()
        await worker.ended()
    till.double.before_answer = lambda _: None
    blocker.execute("rollback")
    till.check()
    for table in ("payments", "payment_reversals"):
        till.connection.execute(
            f"update leadgen.{table} set ask_at = now() where ask_at is not null".encode()
        )
    async with running_worker(role_url("leadgen_worker"), **settings(till)):
        await wait(till, SOONER + done)
    assert len([one for one in till.double.objects.values() if is_it(one)]) == 1
