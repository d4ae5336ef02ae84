"""The demo from start to end."""

import asyncio
import itertools
import signal
import tempfile
import time
from contextlib import AsyncExitStack, ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from rich.console import Console

from leadgen.db.urls import with_role
from leadgen.demo.billing import Bill, bill_a_buyer
from leadgen.demo.buyers import MANNERS, Endpoints, Receipts, open_mailbox, open_receiver
from leadgen.demo.catalogue import (
    Keys,
    give_keys,
    load_catalogue,
    lose_patience,
    read_secrets,
    set_webhook_urls,
)
from leadgen.demo.checks import Fates, Findings, check_fates, check_records
from leadgen.demo.database import fresh_database
from leadgen.demo.invitation import show_invitation, written_environment
from leadgen.demo.leads import make_leads
from leadgen.demo.posting import Answer, post_leads
from leadgen.demo.processes import (
    SERVE,
    WORK,
    Service,
    looking,
    running,
    wait_for_port,
    wait_until_ready,
)
from leadgen.demo.report import show_report
from leadgen.demo.returning import Story, return_a_lead
from leadgen.demo.steps import Advance, step
from leadgen.settings import Settings

DELIVERY_SECONDS = 60.0  # for everything to be delivered or given up
HOUR_NEEDS = 15.0  # seconds: caps are expected to run out, so all leads have to come within one hour

API_SETTINGS = {"ENVIRONMENT": "development"}
WORKER_SETTINGS = {
    "ENVIRONMENT": "development",  # webhooks may go to loopback
    "FROM_EMAIL": "LeadGen <leads@leadgen.example>",
    "SMTP_HOST": "127.0.0.1",
    "WEBHOOK_RETRY_DELAY": "0.2",  # four attempts in two seconds instead of ten
    "WORKER_POLL_SECONDS": "0.2",
}

PROGRESS = """
select count(*) filter (where d.next_attempt_at is null), count(*)
from leadgen.deliveries d
join leadgen.endpoints e on e.id = d.endpoint_id
where e.disabled_at is null
"""
ENABLE = "select leadgen.enable_endpoint(e.id) from leadgen.endpoints e where e.disabled_at is not null"


@dataclass(frozen=True)
class Stage:
    """Everything that runs."""

    database: str
    api_url: str
    keys: Keys
    receipts: Receipts
    endpoints: Endpoints
    services: tuple[Service, ...]

    def check(self) -> None:
        """Raise LeadGenError when a process is gone."""
        for service in self.services:
            service.check()


def run_demo(console: Console, server_url: str, settings: Settings, seed: int, serve: bool) -> bool:
    """Run the demo on a server; True when everything holds. With `serve` it then goes on until a signal.

    Raises LeadGenError when something cannot be started or ends, KeyboardInterrupt when a signal ends it
    early. Afterwards nothing of it runs any more.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    with ExitStack() as stack:
        with step(console, "database leadgen_demo: migrations, reference data, catalogue"):
            url = stack.enter_context(fresh_database(server_url, settings))
            load_catalogue(url)
        try:
            return asyncio.run(play(console, url, settings, seed, serve))
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None


async def play(console: Console, url: str, settings: Settings, seed: int, serve: bool) -> bool:
    """Everything that needs the database; a signal cancels it."""
    stop_at_signals()
    async with AsyncExitStack() as stack:
        with step(console, "on loopback: buyers' receivers, mail catcher, worker, API"):
            stage = await open_stage(stack, url, settings)
        answers = await post_all(console, stage, seed)
        with step(
            console, "deliveries, with their retries; one buyer is away: its endpoint is disabled"
        ) as advance:
            await wait_for_deliveries(stage, advance)
        with step(console, "the buyer is back, its endpoint enabled: what waited is delivered") as advance:
            await stage.endpoints.repair()
            await enable_endpoints(stage)
            await wait_for_deliveries(stage, advance)
        fates = check(stage, answers)
        with step(console, "one buyer returns a lead, the next one gets it"):
            story = await return_a_lead(stage.database, stage.api_url)
        with step(console, "one buyer is billed: an invoice as PDF"):
            bill = await bill_a_buyer(stage.database)
        console.print()
        findings = show(console, stage, answers, fates, story, bill)
        if serve:
            facts = (stage.database, stage.api_url, stage.keys.operator)
            show_invitation(console, stack.enter_context(written_environment(*facts)), *facts)
            stage.receipts.listeners.append(lambda line: console.print(line, style="green", markup=False))
            await serve_until_stopped(stage)
        return not findings


def stop_at_signals() -> None:
    """Cancel the current task at a signal."""
    task = asyncio.current_task()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if task:
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)


async def open_stage(stack: AsyncExitStack, url: str, settings: Settings) -> Stage:
    """Start everything; `stack` stops it, the last started first."""
    logs = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="leadgen-demo-")))
    receipts = Receipts()
    mail_port = await stack.enter_async_context(open_mailbox(receipts))
    endpoints = await stack.enter_async_context(open_receiver(read_secrets(url), receipts))
    set_webhook_urls(url, endpoints.urls)
    lose_patience(url, [name for name, manner in MANNERS.items() if manner == "away"])
    as_api = {"DATABASE_URL": with_role(url, "leadgen_api", settings.api_db_password)}
    as_worker = {
        "DATABASE_URL": with_role(url, "leadgen_worker", settings.worker_db_password),
        "SMTP_PORT": str(mail_port),
    }
    api = await stack.enter_async_context(running("API", SERVE, API_SETTINGS | as_api, logs))
    api_url = await wait_for_port(api)
    as_worker["PUBLIC_URL"] = api_url  # so that the links in e-mails lead to this demo
    worker = await stack.enter_async_context(running("worker", WORK, WORKER_SETTINGS | as_worker, logs))
    await wait_until_ready(api, api_url)
    return Stage(url, api_url, give_keys(url), receipts, endpoints, (api, worker))


async def post_all(console: Console, stage: Stage, seed: int) -> list[Answer]:
    """Post the leads, all within one hour of the clock."""
    left = 3600 - time.time() % 3600
    if left < HOUR_NEEDS:
        with step(console, "the next hour, so that all leads count towards the same caps"):
            await asyncio.sleep(left)
    streams = make_leads(seed)
    total = sum(map(len, streams))
    with step(console, f"{total} leads over HTTP") as advance:
        done = itertools.count(1)
        return await post_leads(
            stage.api_url, streams, stage.keys.partner, lambda: advance(next(done), total)
        )


async def enable_endpoints(stage: Stage) -> None:
    """What an operator does once a buyer says that it is back."""
    async with await psycopg.AsyncConnection.connect(stage.database, autocommit=True) as connection:
        await connection.execute(ENABLE)


async def wait_for_deliveries(stage: Stage, advance: Advance) -> None:
    """Until no delivery is open but at disabled endpoints; for DELIVERY_SECONDS at most, as the checks will tell."""
    with suppress(TimeoutError):
        async with (
            asyncio.timeout(DELIVERY_SECONDS),
            await psycopg.AsyncConnection.connect(stage.database, autocommit=True) as connection,
        ):

            async def is_done() -> bool:
                cursor = await connection.execute(PROGRESS)
                done, total = await cursor.fetchone() or (0, 0)
                advance(done, total)
                if done < total:
                    stage.check()
                return bool(done == total)

            await looking(is_done)


def check(stage: Stage, answers: list[Answer]) -> Fates:
    """Compare what became of the leads with what had to."""
    with psycopg.connect(stage.database, autocommit=True) as connection:
        return check_fates(connection, answers, stage.receipts)


def show(
    console: Console, stage: Stage, answers: list[Answer], fates: Fates, story: Story, bill: Bill
) -> Findings:
    """Check the records, and print the report."""
    with psycopg.connect(stage.database, autocommit=True) as connection:
        findings = check_records(connection, fates)
        show_report(console, connection, answers, stage.receipts, findings, story, bill)
    return findings


async def serve_until_stopped(stage: Stage) -> None:
    """Until a signal; raises LeadGenError when a process ends by itself."""
    ends = [asyncio.ensure_future(service.process.wait()) for service in stage.services]
    with suppress(asyncio.CancelledError):
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        stage.check()
