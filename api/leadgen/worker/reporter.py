"""Scheduled reports: reads what is due, writes the e-mail and hands it in, once for each recipient.

The database says what is due and holds the lease. A mail is marked as begun before its text goes out, so that a worker
that dies sends nobody the same report twice: what was not begun is sent by the next one, and what may have arrived
is left to an operator. The rows come from the standby of REPORT_DATABASE_URL if there is one that keeps up.
"""

import asyncio
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import structlog

from leadgen.reports.reader import Sources
from leadgen.reports.rows import MOST_BYTES, Table, describe, look_at, read_table, write_file
from leadgen.worker.attempt import Attempt, Fault, Refused
from leadgen.worker.mail import MailSender, start_message
from leadgen.worker.queries import Session, keep_trying
from leadgen.worker.words import render

LEASE = timedelta(minutes=10)  # begins anew with each mail
TYPES = {"csv": ("text", "csv"), "jsonl": ("application", "jsonl")}

Claimed = dict[str, Any]
log = structlog.get_logger("leadgen.worker")


class Reporter:
    """Takes a report that is due, and sees it through."""

    def __init__(
        self, session: Session, sender: MailSender, from_email: str | None, sources: Sources, name: str
    ) -> None:
        self._session = session
        self._sender = sender
        self._from = from_email
        self._sources = sources
        self._name = name

    async def run(self, interval: float) -> None:
        """Send what is due, and pause for `interval` seconds when nothing is. Runs until cancelled."""
        while True:
            if not await keep_trying("scheduled reports", self.take_turn):
                await asyncio.sleep(interval)

    async def take_turn(self) -> bool:
        """Take one report; False: none is due. What the database does not take now is tried again later."""
        claimed = await self._session.claim_report(LEASE)
        if claimed is None:
            return False
        rows, error = await self._send(claimed)
        try:
            status = await self._session.finish_report(claimed, rows, error)
        except psycopg.Error as trouble:
            log.error("scheduled report not recorded", report=claimed["name"], sqlstate=trouble.sqlstate)
            return True
        log.info("scheduled report", report=claimed["name"], status=status, rows=rows, error=error)
        return True

    async def _send(self, claimed: Claimed) -> tuple[int | None, str | None]:
        """Send it to all recipients that are left. How many rows it has, and what went wrong."""
        if self._from is None:
            return None, "SMTP_HOST and FROM_EMAIL are not set"
        period = (claimed["period_from"], claimed["period_to"])
        try:
            table = await asyncio.to_thread(
                read_table, self._sources, claimed["schedule_id"], period, self._name
            )
            content = await asyncio.to_thread(write_file, table, claimed["format"])
            faults = [await self._hand_in(claimed, mail, table, content) for mail in claimed["mails"]]
        except psycopg.Error as error:
            return None, f"the rows cannot be read ({error.sqlstate or type(error).__name__})"
        return len(table.rows), next((fault.words for fault in faults if fault), None)

    async def _hand_in(self, claimed: Claimed, mail: Claimed, table: Table, content: bytes) -> Fault | None:
        """One mail. What went wrong; also with a mail that was begun before, or is another worker's by now."""
        attempt = Attempt()
        try:
            message = compose(claimed, mail, table, content, str(self._from))
            if not await self._session.start_report_mail(claimed, mail, LEASE):
                return None
            async with asyncio.timeout(self._sender.deadline):
                await self._sender.hand_over(message, mail["recipient"], attempt)
        except Refused as error:
            return error.fault
        except psycopg.Error:
            raise
        except Exception as error:  # noqa: BLE001  a mail that cannot be sent must not stop the others
            attempt.broke_off(self._sender.describe(error))
        outcome = "sent" if attempt.outcome == "delivered" else attempt.outcome or "failed"
        await self._session.record_report_mail(claimed, mail, outcome)
        return attempt.fault


def compose(claimed: Claimed, mail: Claimed, table: Table, content: bytes, from_email: str) -> EmailMessage:
    """The message: figures and a plot as text and HTML, the rows as a file. Raises Refused when there can be none."""
    zone = ZoneInfo(claimed["timezone"])
    since, until = (
        datetime.fromisoformat(claimed[name]).astimezone(zone) for name in ("period_from", "period_to")
    )
    last = until - timedelta(days=1)
    name = (
        f"{claimed['name']}-{since:%Y-%m-%d}{'' if since.date() >= last.date() else f'-to-{last:%Y-%m-%d}'}"
    )
    facts = {
        "name": claimed["name"],
        "subject": describe(claimed),
        "period": claimed["period"],
        "since": f"{since:%A, %d %B %Y}",
        "last": f"{last:%A, %d %B %Y}",
        "is_a_day": since.date() >= last.date(),
        "zone": zone.key,
        "glance": look_at(table),
        "is_cut": table.is_cut,
        "file": f"{name}.{claimed['format']}" if len(content) <= MOST_BYTES else None,
        "view": claimed["view"],
        "words": table.words,
    }
    try:
        subject = render("report.subject.txt", facts)
        message = start_message(from_email, mail["recipient"], subject, mail["message_id"])
        message.set_content(render("report.txt", facts))
        message.add_alternative(render("report.html", facts), subtype="html")
        if facts["file"]:
            main, sub = TYPES[claimed["format"]]
            message.add_attachment(content, maintype=main, subtype=sub, filename=facts["file"])
    except Exception as error:  # noqa: BLE001  nothing was sent, and it would fail the same way again
        raise Refused(f"the message cannot be written ({type(error).__name__})") from None
    return message
