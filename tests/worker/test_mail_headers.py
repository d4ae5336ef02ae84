"""FAULTS 7: whatever a name, an address or an id holds, the headers of an email stay ours."""

import re
from typing import Any

import pytest

from leadgen.worker.attempt import Delivery, attempt_delivery
from leadgen.worker.mail import MailSender
from worker.receivers import Mailbox, delivery, lead, mailbox
from worker.test_mail import BUYER, PUBLIC, notice, server_at

OURS = {
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "auto-submitted",
    "mime-version",
    "content-type",
    "reply-to",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "x-peer",  # aiosmtpd's own
    "x-mailfrom",
    "x-rcptto",
}
INJECTED = "Bcc: all@evil.example"
EVIL = [
    f"Jane{breaker}{INJECTED}{breaker}{breaker}<b>hi</b>"
    for breaker in ("\r\n", "\n", "\r", "\r\n ", "\u2028", "\u0085", "\x0b", "\x00", "\x1b[31m")
]
EVIL += [
    "=?utf-8?q?Jane=0D=0ABcc=3A_all=40evil=2Eexample?=",
    "=?utf-8?b?DQpCY2M6IGFsbEBldmlsLmV4YW1wbGU=?=",
    "\N{RIGHT-TO-LEFT OVERRIDE}enaJ",
    "\ud800",
    "Ünïcode 水道 " * 400,
    "x" * 20_000,
    "x, " * 5_000,
    '<>;:@,[]()"\\' * 20,
]


def poisoned(field: str, evil: str) -> Delivery:
    """A delivery with this text in a field that gets into a header."""
    if field.startswith("lead."):
        return delivery(BUYER, "email", lead=lead(**{field.removeprefix("lead."): evil}))
    if field == "vertical_name":
        return delivery(BUYER, "email", extra={"vertical_name": evil})
    if field == "kind":
        return notice(evil)
    if field == "unsubscribe":
        return notice("webhook.test", {"unsubscribe": evil})
    return delivery(BUYER, "email", **{field: evil})


async def hand_in(work: Delivery) -> tuple[dict[str, Any], Mailbox]:
    """One attempt, and what a real server took in."""
    async with mailbox() as box, MailSender(5, server_at(box.port), PUBLIC) as sender:
        return await attempt_delivery(sender, work), box


def head_lines(raw: bytes) -> list[bytes]:
    """The header's lines, unfolded."""
    head = raw.partition(b"\r\n\r\n")[0]
    assert max(map(len, head.split(b"\r\n"))) <= 998
    return re.sub(rb"\r\n[ \t]", b" ", head).split(b"\r\n")


FIELDS = ("lead.name", "lead.city", "lead.postal_code", "lead.email", "vertical_name", "message_id", "kind")


@pytest.mark.parametrize("field", [*FIELDS, "unsubscribe"])
async def test_headers_stay_ours(field: str) -> None:
    for evil in EVIL:
        result, box = await hand_in(poisoned(field, evil))
        if result["outcome"] == "refused":
            assert box.messages == [], (field, evil)
            continue
        assert result["outcome"] == "delivered", (field, evil, result)
        names = {line.partition(b":")[0].lower().decode("ascii") for line in head_lines(box.raw[0])}
        assert names <= OURS, (field, evil, names)
        assert box.recipients == [[BUYER]]
        assert box.messages[0]["To"] == BUYER


async def test_name_that_would_break_a_header_arrives_as_harmless_text() -> None:
    """A lead is not lost for it."""
    for evil in EVIL:
        if "\ud800" not in evil:
            result, box = await hand_in(poisoned("lead.name", evil))
            assert result["outcome"] == "delivered", evil
            assert box.messages[0]["Subject"].startswith("New Plumbing lead: ")


@pytest.mark.parametrize("evil", EVIL)
async def test_address_that_is_none_is_refused_unsent(evil: str) -> None:
    for target in (evil, f"{BUYER}{evil}"):
        result, box = await hand_in(delivery(target, "email"))
        assert (result["outcome"], box.messages) == ("refused", []), target
