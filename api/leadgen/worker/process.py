"""The process: refuse a setting that cannot work, start everything, stop cleanly at SIGTERM or SIGINT."""

import asyncio
import gc
import os
import secrets
import signal
import socket
import ssl
import sys
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from importlib.util import find_spec

import structlog
import uvloop

from leadgen import tracing
from leadgen.bounded import read_file
from leadgen.log import configure_logging
from leadgen.mail_domains import MailDomains
from leadgen.payments.due import Provider
from leadgen.reports.reader import Sources
from leadgen.sealing.envelope import SealError
from leadgen.sealing.keyring import KeyRing, load_ring
from leadgen.sealing.store import VaultStore
from leadgen.settings import Settings
from leadgen.worker import mail, metrics, sms
from leadgen.worker.cashier import Cashier
from leadgen.worker.checks import Checker
from leadgen.worker.documents import Documents
from leadgen.worker.egress import Egress
from leadgen.worker.fetcher import Fetcher
from leadgen.worker.graph import GraphApi
from leadgen.worker.lane import Lane
from leadgen.worker.loop import LEASE_MARGIN, ClaimTerms, Loop
from leadgen.worker.postman import Postman
from leadgen.worker.queries import Session
from leadgen.worker.recorder import Recorder
from leadgen.worker.reporter import Reporter
from leadgen.worker.sealing import Opener, Sealer
from leadgen.worker.tender import Tender
from leadgen.worker.wakeup import Bell, listen
from leadgen.worker.webhook import WebhookSender

REFUSED = 2  # exit status: the settings cannot work
LONGEST_CERTIFICATES = 4 << 20  # bytes of SMTP_CA_FILE: a system's whole bundle has some 200 kB
RECORDS_LOST = 3  # exit status: stopped, but the database would not take the last results
CRASHED = 70  # exit status: a fault in the worker itself
GARBAGE = 20_000  # new objects between two looks for cycles: a request makes hundreds, and few cycles
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
    tracing.configure(settings.otel_exporter_otlp_endpoint, "leadgen-worker")
    if port := settings.worker_metrics_port:
        metrics.serve(port)
    try:
        recorded = uvloop.run(work(settings))
    except Exception as error:
        log.critical("worker crashed", exc_info=first_cause(error))
        raise SystemExit(CRASHED) from None
    finally:
        tracing.close()
    if not recorded:
        raise SystemExit(RECORDS_LOST)


def find_fault(settings: Settings) -> str | None:
    """Why these settings cannot work; None: they can."""
    if not settings.database_url:
        return "DATABASE_URL is not set"
    try:
        load_keys(settings)
    except SealError as error:
        return str(error)
    if settings.stripe_secret_key is not None and find_spec("stripe") is None:
        return "STRIPE_SECRET_KEY is set, but the package stripe is missing: pip install 'leadgen[stripe]'"
    least = settings.webhook_timeout_seconds + LEASE_MARGIN
    if settings.worker_lease_seconds <= least:
        return (
            f"WORKER_LEASE_SECONDS is {settings.worker_lease_seconds:g}: it must be more than {least:g}, "
            f"that is WEBHOOK_TIMEOUT_SECONDS and {LEASE_MARGIN:g} more, or a delivery may be sent twice"
        )
    if settings.smtp_ca_file is not None:
        try:
            read_file(settings.smtp_ca_file, LONGEST_CERTIFICATES)
            ssl.create_default_context(cafile=settings.smtp_ca_file)
        except OSError as error:
            reason = "no certificate in it" if isinstance(error, ssl.SSLError) else error.strerror
            return (
                f"SMTP_CA_FILE is {settings.smtp_ca_file}: a file of certificates in PEM is needed ({reason})"
            )
    return None


async def work(settings: Settings) -> bool:
    """Run the worker; True when every result was recorded."""
    stop, wake = stop_signal(), asyncio.Event()
    url, name = str(settings.database_url), worker_name()
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
        claims, records, chores, fetches = [
            await stack.enter_async_context(Session(url, name)) for _ in range(4)
        ]
        egress = Egress(development=settings.environment == "development")
        documents = Documents(await stack.enter_async_context(Session(url, f"{name} documents")))
        lanes = await open_lanes(settings, egress, stack, documents)
        delay = timedelta(seconds=settings.webhook_retry_delay)
        recorder = Recorder(records, wake, settings.webhook_max_retries, delay)
        terms = ClaimTerms(
            worker=name,
            lease=timedelta(seconds=settings.worker_lease_seconds),
            poll=timedelta(seconds=settings.worker_poll_seconds),
        )
        store = await open_store(load_keys(settings), stack, url, name)
        loop = Loop(claims, terms, lanes, recorder, wake, Opener(store))
        tender, checker = Tender(chores, wake), Checker(chores, egress)
        graph = await stack.enter_async_context(
            GraphApi(settings.meta_graph_url, settings.meta_graph_timeout_seconds)
        )
        fetcher = Fetcher(
            fetches, graph, MailDomains(settings.mx_timeout_seconds, settings.dns_servers), wake, store
        )
        helpers = [
            group.create_task(recorder.run()),
            group.create_task(
                listen(settings.worker_listen_url or url, f"{name} bell", Bell(wake, loop.withdrawals))
            ),
            group.create_task(tender.run(settings.worker_poll_seconds)),
            group.create_task(checker.run(settings.worker_poll_seconds)),
            group.create_task(fetcher.run(settings.worker_poll_seconds)),
        ]
        if store is not None:
            seals = await stack.enter_async_context(Session(url, name))
            helpers.append(group.create_task(Sealer(seals, store).run()))
        if (postman := await open_postman(settings, stack, url, name)) is not None:
            helpers.append(group.create_task(postman.run(settings.worker_poll_seconds)))
        reporter = await open_reporter(settings, stack, url, name)
        helpers.append(group.create_task(reporter.run(settings.worker_poll_seconds)))
        if (stripe := stripe_of(settings)) is not None:
            payments = await stack.enter_async_context(Session(url, name))
            helpers.append(
                group.create_task(Cashier(payments, stripe, wake).run(settings.worker_poll_seconds))
            )
        gc.freeze()  # what is there now stays: the collector need not look at it again and again
        gc.set_threshold(GARBAGE)
        log.info(
            "worker started",
            worker=name,
            batch=settings.worker_batch,
            concurrency=settings.worker_concurrency,
        )
        await loop.run(stop)
        with suppress(TimeoutError):
            await asyncio.wait_for(recorder.flush(), LAST_WRITES)
        for task in helpers:
            task.cancel()
    log.info("worker stopped", worker=name, unrecorded=recorder.waiting)
    return not recorder.waiting


async def open_lanes(
    settings: Settings, egress: Egress, stack: AsyncExitStack, documents: Documents
) -> dict[str, Lane]:
    """A lane for each channel."""
    slow = slow_deadline(settings)
    webhooks = WebhookSender(settings.webhook_timeout_seconds, egress)
    mails = mail.MailSender(slow, mail_server(settings), settings.public_url, documents)
    texts = sms.SmsSender(slow, twilio_account(settings), egress, settings.public_url)
    return {
        "webhook": Lane(
            await stack.enter_async_context(webhooks), settings.worker_concurrency, settings.worker_batch
        ),
        "email": Lane(await stack.enter_async_context(mails), mail.CONNECTIONS, mail.CONNECTIONS),
        "sms": Lane(await stack.enter_async_context(texts), sms.CONNECTIONS, sms.CONNECTIONS),
    }


def load_keys(settings: Settings) -> KeyRing | None:
    """The keys of the settings; None: this worker neither seals nor opens. Raises SealError."""
    return load_ring(settings.pii_keys, settings.pii_keys_file, settings.pii_key_command)


async def open_store(ring: KeyRing | None, stack: AsyncExitStack, url: str, name: str) -> VaultStore | None:
    """The keys of the database, on a session of their own; None without keys."""
    if ring is None:
        return None
    session = await stack.enter_async_context(Session(url, name))
    return VaultStore(ring, session.fetch)


async def open_postman(settings: Settings, stack: AsyncExitStack, url: str, name: str) -> Postman | None:
    """Who writes to users; None: e-mail, or the address that links lead to, is not set."""
    if not (settings.smtp_host and settings.from_email and settings.public_url):
        log.warning("no email to users can be sent: SMTP_HOST, FROM_EMAIL or PUBLIC_URL is not set")
        return None
    sender = await stack.enter_async_context(mail.MailSender(slow_deadline(settings), mail_server(settings)))
    session = await stack.enter_async_context(Session(url, name))
    return Postman(session, sender, settings.from_email, settings.public_url)


async def open_reporter(settings: Settings, stack: AsyncExitStack, url: str, name: str) -> Reporter:
    """Who sends scheduled reports. Without an SMTP server each fails, and says so."""
    server = mail_server(settings)
    sender = await stack.enter_async_context(mail.MailSender(slow_deadline(settings), server))
    session = await stack.enter_async_context(Session(url, name))
    sources = Sources(url, settings.report_database_url, settings.report_max_lag_seconds)
    return Reporter(session, sender, server.from_email if server else None, sources, f"{name} reports")


def slow_deadline(settings: Settings) -> float:
    """Seconds for one email or text message: a provider gets more than a webhook, as far as the lease allows."""
    return max(settings.webhook_timeout_seconds, (settings.worker_lease_seconds - LEASE_MARGIN) / 2)


def mail_server(settings: Settings) -> mail.MailServer | None:
    """The SMTP server of the settings. A password is never sent in clear outside development."""
    if not (settings.smtp_host and settings.from_email):
        log.warning("no email can be sent: SMTP_HOST and FROM_EMAIL are not set")
        return None
    return mail.MailServer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        user=settings.smtp_user,
        password=settings.smtp_password,
        from_email=settings.from_email,
        require_tls=settings.smtp_ca_file is not None
        or (settings.smtp_user is not None and settings.environment != "development"),
        ca_file=settings.smtp_ca_file,
    )


def twilio_account(settings: Settings) -> sms.TwilioAccount | None:
    """Twilio's account of the settings, all of which are set or none."""
    sid, token, number = (
        settings.twilio_account_sid,
        settings.twilio_auth_token,
        settings.twilio_phone_number,
    )
    if not (sid and token and number):
        return None
    return sms.TwilioAccount(sid=sid, auth_token=token, phone_number=number, api_url=settings.twilio_api_url)


def stripe_of(settings: Settings) -> Provider | None:
    """Stripe by the settings; None: no payments by Stripe."""
    if settings.stripe_secret_key is None:
        return None
    from leadgen.payments.stripe_api import StripeApi

    return StripeApi(
        settings.stripe_secret_key,
        settings.stripe_api_url,
        settings.stripe_timeout_seconds,
        settings.stripe_return_url or settings.public_url,
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
