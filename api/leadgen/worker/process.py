"""The process: refuse a setting that cannot work, start everything, stop cleanly at SIGTERM or SIGINT."""

import asyncio
import os
import secrets
import signal
import socket
import sys
from contextlib import AsyncExitStack, suppress
from datetime import timedelta

import structlog
import uvloop

from leadgen.log import configure_logging
from leadgen.settings import Settings
from leadgen.worker import metrics
from leadgen.worker.egress import Egress
from leadgen.worker.loop import LEASE_MARGIN, ClaimTerms, Lane, Loop
from leadgen.worker.mail import CONNECTIONS, MailSender, MailServer
from leadgen.worker.queries import Session
from leadgen.worker.recorder import Recorder
from leadgen.worker.sales import tend_sales
from leadgen.worker.wakeup import listen
from leadgen.worker.webhook import WebhookSender

REFUSED = 2  # exit status: the settings cannot work
RECORDS_LOST = 3  # exit status: stopped, but the database would not take the last results
CRASHED = 70  # exit status: a fault in the worker itself
LAST_WRITES = 5.0  # seconds that the last results get

log = structlog.get_logger("leadgen.worker")


def run(settings: Settings) -> None:
    """Deliver until SIGTERM or SIGINT. `database_url` has to be set.

    Raises SystemExit with REFUSED, CRASHED or RECORDS_LOST; returns after a clean stop.
    """
    if complaint := find_fault(settings):
        print(f"leadgen worker: {complaint}", file=sys.stderr)
        raise SystemExit(REFUSED)
    configure_logging(settings.log_level, settings.log_format)
    if port := settings.worker_metrics_port:
        metrics.serve(port)
    try:
        recorded = uvloop.run(work(settings))
    except Exception as error:
        log.critical("worker crashed", exc_info=first_cause(error))
        raise SystemExit(CRASHED) from None
    if not recorded:
        raise SystemExit(RECORDS_LOST)


def find_fault(settings: Settings) -> str | None:
    """Why these settings cannot work; None: they can."""
    if not settings.database_url:
        return "DATABASE_URL is not set"
    least = settings.webhook_timeout_seconds + LEASE_MARGIN
    if settings.worker_lease_seconds <= least:
        return (
            f"WORKER_LEASE_SECONDS is {settings.worker_lease_seconds:g}: it must be more than {least:g}, "
            f"that is WEBHOOK_TIMEOUT_SECONDS and {LEASE_MARGIN:g} more, or a delivery may be sent twice"
        )
    return None


async def work(settings: Settings) -> bool:
    """Run the worker; True when every result was recorded."""
    stop = stop_signal()
    url, name = str(settings.database_url), worker_name()
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
        claims, records, sales = [await stack.enter_async_context(Session(url, name)) for _ in range(3)]
        lanes = await open_lanes(settings, stack)
        recorder = Recorder(
            records, settings.webhook_max_retries, timedelta(seconds=settings.webhook_retry_delay)
        )
        terms = ClaimTerms(
            worker=name,
            batch=settings.worker_batch,
            lease=timedelta(seconds=settings.worker_lease_seconds),
            poll=timedelta(seconds=settings.worker_poll_seconds),
        )
        loop = Loop(claims, terms, lanes, recorder)
        helpers = [
            group.create_task(recorder.run()),
            group.create_task(listen(url, f"{name} bell", loop.wake)),
            group.create_task(tend_sales(sales, settings.worker_poll_seconds)),
        ]
        log.info("worker started", worker=name, batch=terms.batch, concurrency=settings.worker_concurrency)
        await loop.run(stop)
        with suppress(TimeoutError):
            await asyncio.wait_for(recorder.flush(), LAST_WRITES)
        for task in helpers:
            task.cancel()
    log.info("worker stopped", worker=name, unrecorded=recorder.waiting)
    return not recorder.waiting


async def open_lanes(settings: Settings, stack: AsyncExitStack) -> dict[str, Lane]:
    """A lane for each channel."""
    development = settings.environment == "development"
    webhooks = WebhookSender(settings.webhook_timeout_seconds, Egress(development))
    mail = MailSender(mail_deadline(settings), mail_server(settings, development))
    return {
        "webhook": Lane(await stack.enter_async_context(webhooks), settings.worker_concurrency),
        "email": Lane(mail, CONNECTIONS),
    }


def mail_deadline(settings: Settings) -> float:
    """Seconds for one email: a slow server gets more than a webhook, as far as the lease allows."""
    return max(settings.webhook_timeout_seconds, (settings.worker_lease_seconds - LEASE_MARGIN) / 2)


def mail_server(settings: Settings, development: bool) -> MailServer | None:
    """The SMTP server of the settings. A password is never sent in clear outside development."""
    if not (settings.smtp_host and settings.from_email):
        log.warning("no email can be sent: SMTP_HOST and FROM_EMAIL are not set")
        return None
    return MailServer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        user=settings.smtp_user,
        password=settings.smtp_password,
        from_email=settings.from_email,
        require_tls=settings.smtp_user is not None and not development,
    )


def first_cause(error: Exception) -> Exception:
    """The first error inside of groups."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def worker_name() -> str:
    """Unique among all workers, and tells a person which process it is."""
    return f"worker {socket.gethostname()[:24]} {os.getpid()} {secrets.token_hex(4)}"


def stop_signal() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop
