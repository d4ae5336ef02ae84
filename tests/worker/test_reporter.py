"""Scheduled reports: a worker sends each once to each recipient, with figures, a plot and the rows."""

import csv
import io
import json
import signal
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from email.message import EmailMessage
from typing import Any

import pytest

from leadgen.reports.rows import Bar, Column, Table, look_at, write_file
from leadgen.worker.attempt import Refused
from leadgen.worker.reporter import compose
from worker.conftest import Outbox, Worker
from worker.receivers import Mailbox, mailbox

Start = Callable[..., AbstractAsyncContextManager[Worker]]
ADD = """
insert into leadgen.report_schedules (name, view_name, period, format, recipients, timezone, active_since)
values ('daily', 'leads', 'yesterday', %s, %s, 'America/Chicago', '2020-01-01Z') returning id
"""
BACKDATE = "update leadgen.leads set created_at = created_at - interval '1 day' returning 1"
SENT = "select count(*)::int from leadgen.report_runs where status <> 'pending'"
RECIPIENTS = ["ops@market.example", "boss@market.example"]


def settings_of(box: Mailbox) -> dict[str, Any]:
    """Of a worker that hands mail in there."""
    return {"smtp_host": "127.0.0.1", "smtp_port": box.port, "from_email": "leads@leadgen.example"}


def fill(outbox: Outbox, form: str = "csv", recipients: list[str] | None = None) -> None:
    """Three leads of yesterday, and a report of them that is due."""
    outbox.open_catalogue(None, email=True)
    outbox.submit(3)
    with outbox.connection.transaction():
        outbox.connection.execute("set local session_replication_role = replica")
        outbox.connection.execute(BACKDATE)
        outbox.connection.execute("delete from leadgen.deliveries")
    outbox.rows(ADD, form, recipients or RECIPIENTS)


async def run_out(outbox: Outbox, runs: int = 1) -> None:
    await outbox.wait_until("the report", lambda: outbox.rows(SENT) == [(runs,)])


def part_of(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


async def test_a_report_reaches_its_recipients_once(outbox: Outbox, start_worker: Start) -> None:
    fill(outbox)
    async with (
        mailbox() as box,
        start_worker(**settings_of(box)) as worker,
        start_worker(**settings_of(box)) as other,
    ):
        await run_out(outbox)
        await worker.stop()
        await other.stop()
    assert sorted(box.recipients) == [["boss@market.example"], ["ops@market.example"]]
    assert outbox.rows("select status, rows_found, attempts, last_error from leadgen.report_runs") == [
        ("sent", 3, 1, None)
    ]
    message = box.messages[0]
    assert message["Subject"].startswith("daily: leads, ")
    assert "Rows: 3" in part_of(message, "plain")
    assert "revenue: 135.00 USD" in part_of(message, "plain").replace("Revenue", "revenue")
    html = part_of(message, "html")
    assert "135.00 USD" in html
    assert 'bgcolor="#0b63ce"' in html, "a bar that mail programs show"
    assert not {"<svg", "<script", "<img"} & set(html.split())
    (file,) = message.iter_attachments()
    assert file.get_content_type() == "text/csv"
    assert (file.get_filename() or "").startswith("daily-20")
    rows = list(csv.DictReader(io.StringIO(file.get_content())))
    assert [row["revenue"] for row in rows] == ["45.00"] * 3
    assert not {"name", "email", "phone"} & set(rows[0])


async def test_json_lines_are_attached_where_they_are_asked_for(outbox: Outbox, start_worker: Start) -> None:
    fill(outbox, "jsonl", RECIPIENTS[:1])
    async with mailbox() as box, start_worker(**settings_of(box)) as worker:
        await run_out(outbox)
        await worker.stop()
    (file,) = box.messages[0].iter_attachments()
    lines = file.get_content().decode().splitlines()
    rows = [json.loads(line, parse_float=Decimal) for line in lines]
    assert [row["revenue"] for row in rows] == [Decimal("45.00")] * 3


async def test_a_mail_that_fails_is_sent_later_and_what_was_sent_is_not_sent_again(
    outbox: Outbox, start_worker: Start
) -> None:
    fill(outbox)
    async with mailbox() as box:
        box.on_data = "451 later"
        async with start_worker(**settings_of(box)) as worker:
            await worker.wait_for_event("scheduled report")
            assert outbox.rows("select distinct status from leadgen.report_mails") == [("pending",)]
            outbox.rows(
                "update leadgen.report_mails set status = 'sent' where recipient like 'boss%%' returning 1"
            )
            box.on_data = "250 kept"
            box.messages.clear()
            box.recipients.clear()
            outbox.rows("update leadgen.report_runs set next_attempt_at = now() returning 1")
            await run_out(outbox)
            await worker.stop()
    assert box.recipients == [["ops@market.example"]]
    first, second = worker.events("scheduled report")
    assert (first["status"], second["status"]) == ("pending", "sent")
    assert "SMTP 451" in first["error"]


async def test_an_address_that_is_refused_is_given_up_and_the_operator_hears_of_it(
    outbox: Outbox, start_worker: Start
) -> None:
    fill(outbox, recipients=RECIPIENTS[:1])
    async with mailbox() as box:
        box.on_rcpt = "550 no such mailbox"
        async with start_worker(**settings_of(box)) as worker:
            await run_out(outbox)
            await worker.stop()
    assert outbox.rows("select status from leadgen.report_mails") == [("refused",)]
    ((said,),) = outbox.rows("select message from leadgen.events where kind = 'report_failed'")
    assert said.startswith("Report daily was sent to 0 of 1 recipients: SMTP 550")
    assert "@" not in said


async def test_a_worker_that_is_killed_while_it_sends_sends_nobody_the_same_report_twice(
    outbox: Outbox, start_worker: Start
) -> None:
    fill(outbox)
    async with mailbox() as box:
        box.on_data = ""  # the server has the text, and does not answer
        async with start_worker(**settings_of(box)) as worker:
            await outbox.wait_until("the first mail", lambda: box.recipients != [])
            await worker.stop(signal.SIGKILL)
        box.on_data = "250 kept"
        outbox.rows("update leadgen.report_runs set next_attempt_at = now() returning 1")
        async with start_worker(**settings_of(box)) as worker:
            await run_out(outbox)
            await worker.stop()
    statuses = outbox.rows("select status from leadgen.report_mails order by id")
    assert sorted(statuses) == [("sent",), ("unknown",)]
    assert sorted(box.recipients) == [["boss@market.example"], ["ops@market.example"]]
    assert outbox.rows("select message from leadgen.events where kind = 'report_failed'") == [
        ("Report daily was sent to 1 of 2 recipients",)
    ]


async def test_without_an_smtp_server_a_report_fails_and_says_so(outbox: Outbox, start_worker: Start) -> None:
    fill(outbox)
    async with start_worker() as worker:
        await worker.wait_for_event("scheduled report")
        await worker.stop()
    assert outbox.rows("select status, last_error from leadgen.report_runs") == [
        ("pending", "SMTP_HOST and FROM_EMAIL are not set")
    ]


CLAIMED = {
    "name": "daily",
    "view": "sales",
    "period": "yesterday",
    "format": "csv",
    "timezone": "America/Chicago",
    "period_from": "2026-11-01T05:00:00+00:00",
    "period_to": "2026-11-02T06:00:00+00:00",
    "offer": None,
    "buyer": "Ann <b>\r\nBcc: x@y.example",
}
MAIL = {"mail_id": 1, "recipient": "ops@market.example", "message_id": "m"}


def table_of(*rows: list[str | None]) -> Table:
    names = [
        ("lead_id", "bigint"),
        ("day", "date"),
        ("leads", "bigint"),
        ("price", "numeric"),
        ("currency", "text"),
    ]
    return Table([Column(*name) for name in names], list(rows), False, "read from the primary")


ROWS: list[list[str | None]] = [
    ["1", "2026-11-01", "2", "10.10", "USD"],
    ["2", "2026-11-01", "3", "5.05", "USD"],
    ["3", "2026-11-03", None, "100", "EUR"],
    ["4", None, "1", None, None],
]


def test_money_is_added_up_in_each_currency_and_ids_are_not() -> None:
    glance = look_at(table_of(*ROWS))
    assert glance.figures == [("leads", "6"), ("price", "100.00 EUR"), ("price", "15.15 USD")]
    assert glance.bars == [
        Bar("2026-11-01", 2, 100),
        Bar("2026-11-02", 0, 0),
        Bar("2026-11-03", 1, 50),
    ]
    assert (glance.rows, glance.by) == (4, "day")


def test_a_table_without_rows_is_a_report_too() -> None:
    message = compose(CLAIMED, MAIL, table_of(), write_file(table_of(), "csv"), "leads@leadgen.example")
    assert "Rows: 0" in part_of(message, "plain")


def test_a_day_of_25_hours_is_one_day_and_strangers_words_stay_text() -> None:
    message = compose(CLAIMED, MAIL, table_of(*ROWS), b"x", "leads@leadgen.example")
    assert message["Bcc"] is None
    assert message["Subject"].endswith(", Sunday, 01 November 2026")
    assert "Ann <b>" not in part_of(message, "html")
    (file,) = message.iter_attachments()
    assert file.get_filename() == "daily-2026-11-01.csv"


def test_rows_that_are_too_many_are_not_attached() -> None:
    message = compose(CLAIMED, MAIL, table_of(*ROWS), b"x" * 10_000_001, "leads@leadgen.example")
    assert list(message.iter_attachments()) == []
    assert "leadgen export sales" in part_of(message, "html")


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(Refused):
        compose(CLAIMED, MAIL | {"recipient": "a b@c"}, table_of(), b"", "leads@leadgen.example")


def test_json_lines_have_numbers_and_text() -> None:
    lines = write_file(table_of(ROWS[2]), "jsonl").decode().splitlines()
    assert lines == ['{"lead_id": 3, "day": "2026-11-03", "leads": null, "price": 100, "currency": "EUR"}']
