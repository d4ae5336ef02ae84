"""An e-mail about an invoice brings its PDF; what cannot be made is tried again, and says why."""

import asyncio
import json
from typing import Any

import pytest

from leadgen.invoices import pdf
from leadgen.worker.attempt import attempt_delivery
from leadgen.worker.documents import Documents
from leadgen.worker.mail import MailSender
from worker.receivers import mailbox
from worker.test_mail import notice, server_at

FACTS: dict[str, Any] = {
    "invoice_id": 5,
    "number": "INV-2026-00017",
    "total": "48.71",
    "open": "48.71",
    "currency": "USD",
    "due_on": "2026-12-07",
    "sender": "Acme Leads",
}
# What is markup to the typesetter, to HTML or to a spreadsheet is text here.
EVIL = '#panic("read as markup") $x$ _a_ *b* <b>c</b> =1+1 \N{RIGHT-TO-LEFT OVERRIDE} 水道'


def make_document(**changes: Any) -> dict[str, Any]:
    """What leadgen.show_invoice returns."""
    letterhead = dict.fromkeys(
        (
            "address",
            "tax_id",
            "email",
            "phone",
            "website",
            "logo_svg",
            "payment_instructions",
            "terms",
            "footer",
            "pay_url",
        )
    )
    line = {
        "position": 1, "booked_at": "2026-11-20 06:00", "kind": "sale", "description": f"Lead 5, {EVIL}",
        "offer_id": 1, "lead_id": 5, "assignment_id": 7, "corrects": None, "amount": "45.00",
        "tax_percent": "8.25", "tax_amount": "3.71",
    }  # fmt: skip
    return {
        "number": "INV-2026-00017", "kind": "invoice", "status": "sent", "buyer_id": 1, "offer_id": 1, "offer": EVIL,
        "currency": "USD", "decimals": 2, "timezone": "America/Chicago", "from_day": "2026-11-16",
        "to_day": "2026-11-22", "issued_on": "2026-11-23", "due_on": "2026-12-07", "leads": 1,
        "net": "45.00", "tax": "3.71", "total": "48.71", "paid": "0.00", "credited": "0.00", "open": "48.71",
        "corrects": [], "lines": [line],
        "taxes": [{"name": EVIL, "percent": "8.25", "net": "45.00", "amount": "3.71", "words": EVIL}],
        "from": {"company": "Acme Leads", **letterhead, "footer": EVIL, "payment_instructions": EVIL, "terms": EVIL},
        "to": {"name": EVIL, "address": f"{EVIL}\n{EVIL}", "email": "a@b.example", "tax_id": EVIL},
        **changes,
    }  # fmt: skip


class Books:
    """A session that knows one document."""

    def __init__(self, **changes: Any) -> None:
        self.asked: list[str] = []
        self._changes = changes

    async def show_invoice(self, number: str) -> dict[str, Any]:
        """The document."""
        self.asked.append(number)
        return make_document(**self._changes)


@pytest.mark.parametrize(
    ("kind", "subject", "words"),
    [
        ("invoice.sent", "Invoice INV-2026-00017 from Acme Leads", "48.71 USD"),
        ("invoice.credited", "Credit note INV-2026-00017 from Acme Leads", "gives back 48.71 USD"),
        ("invoice.reminder", "Reminder", "Please pay."),
    ],
)
async def test_an_email_brings_the_pdf(kind: str, subject: str, words: str) -> None:
    books = Books()
    work = notice(kind, **FACTS, subject="Reminder", message="Please pay.")
    async with (
        mailbox() as box,
        MailSender(60, server_at(box.port), None, Documents(books)) as sender,  # type: ignore[arg-type]
    ):
        result = await attempt_delivery(sender, work)
    assert result["outcome"] == "delivered", result
    (message,) = box.messages
    assert message["Subject"] == subject
    for part in ("plain", "html"):
        assert words in message.get_body((part,)).get_content()  # type: ignore[union-attr]
    (attached,) = message.iter_attachments()
    assert attached.get_filename() == "INV-2026-00017.pdf"
    assert attached.get_content_type() == "application/pdf"
    assert attached.get_content().startswith(b"%PDF-")
    assert books.asked == ["INV-2026-00017"]


async def test_another_notice_brings_none() -> None:
    books = Books()
    async with (
        mailbox() as box,
        MailSender(60, server_at(box.port), None, Documents(books)) as sender,  # type: ignore[arg-type]
    ):
        await attempt_delivery(sender, notice("webhook.test"))
    (message,) = box.messages
    assert list(message.iter_attachments()) == []
    assert books.asked == []


async def test_what_cannot_be_made_is_a_failure_that_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "MOST_LINES", 0)
    async with (
        mailbox() as box,
        MailSender(60, server_at(box.port), None, Documents(Books())) as sender,  # type: ignore[arg-type]
    ):
        result = await attempt_delivery(sender, notice("invoice.sent", **FACTS))
    assert result["outcome"] == "failed"
    assert "has 1 lines, and a PDF at most 0: export it as CSV" in result["error"]
    assert box.messages == []


async def test_a_logo_that_is_no_image_is_named() -> None:
    sender = {**make_document()["from"], "logo_svg": "<svg"}
    with pytest.raises(pdf.NoPdfError, match=r"the PDF of INV-2026-00017 cannot be made"):
        await pdf.make_pdf_aside(make_document(**{"from": sender}))


@pytest.mark.parametrize(
    ("words", "is_for_archives"), [("plain words", True), ("\N{CJK UNIFIED IDEOGRAPH-4E02}", False)]
)
def test_a_pdf_is_for_archives_unless_no_font_has_a_letter(words: str, is_for_archives: bool) -> None:
    names = json.dumps(make_document(), ensure_ascii=False).replace(
        json.dumps(EVIL, ensure_ascii=False)[1:-1], words
    )
    assert (b"pdfaid" in pdf.make_pdf(json.loads(names))) == is_for_archives


def test_many_lines_make_many_pages() -> None:
    line = make_document()["lines"][0]
    document = make_document(lines=[{**line, "position": n} for n in range(1, 301)])
    assert pdf.make_pdf(document).startswith(b"%PDF-")


async def test_few_pdfs_are_made_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes a process and much memory, and whoever holds a buyer's key may ask for many."""
    running = most = 0

    async def run_aside(*_: object) -> bytes:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return b"%PDF-"

    monkeypatch.setattr(pdf, "_run_aside", run_aside)
    await asyncio.gather(*(pdf.make_pdf_aside(make_document()) for _ in range(20)))
    assert most == pdf.AT_ONCE
