"""E-mails to users: a worker sends links whose tokens nobody else has, tries again, and says nothing personal."""

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from hashlib import sha256
from typing import Any

import pytest

from leadgen.worker.attempt import Refused
from leadgen.worker.postman import compose
from leadgen.worker.queries import UserMail
from worker.conftest import Outbox, Worker
from worker.receivers import Mailbox, mailbox

Start = Callable[..., AbstractAsyncContextManager[Worker]]
INVITE = "select leadgen.invite_user(%s, %s, 'analyst')"
SITE = "https://leads.example"
LINK = re.compile(r"https://leads\.example/account/(verify|password)/([A-Za-z0-9_-]{43})\b")


def settings_of(box: Mailbox) -> dict[str, Any]:
    """Of a worker that hands mail in there."""
    return {
        "smtp_host": "127.0.0.1",
        "smtp_port": box.port,
        "from_email": "leads@leadgen.example",
        "public_url": SITE,
    }


def mail(**changes: Any) -> UserMail:
    """A claimed mail."""
    known: dict[str, Any] = {
        "mail_id": 1,
        "kind": "verify",
        "email": "ann@people.example",
        "name": "Ann",
        "message_id": "m",
        "token_hash": "h",
    }
    return UserMail(**known | changes)


async def test_a_link_reaches_its_user(outbox: Outbox, start_worker: Start) -> None:
    outbox.rows(INVITE, "ann@people.example", "Ann Smith")
    async with mailbox() as box, start_worker(**settings_of(box), log_level="DEBUG") as worker:
        await outbox.wait_until(
            "the mail",
            lambda: outbox.rows("select 1 from leadgen.user_mails where sent_at is not null") != [],
        )
        await worker.stop()
    (message,) = box.messages
    assert box.recipients == [["ann@people.example"]]
    assert message["Subject"] == "You are invited: choose a password"
    body = message.get_body(("plain",))
    assert body is not None
    found = LINK.search(body.get_content())
    assert found is not None
    assert found[1] == "password"
    digest = sha256(found[2].encode()).hexdigest()
    assert outbox.rows("select token_hash, purpose from leadgen.user_tokens") == [(digest, "invite")]
    written = "".join(worker.lines)
    for word in ("ann@", "Ann Smith", found[2], digest):
        assert word not in written


async def test_a_mail_that_fails_is_sent_again_under_one_message_id(
    outbox: Outbox, start_worker: Start
) -> None:
    outbox.rows(INVITE, "ann@people.example", "Ann")
    async with mailbox() as box:
        box.on_data = "451 later"
        async with start_worker(**settings_of(box)) as worker:
            await worker.wait_for_event("mail to a user")
            box.on_data = "250 kept"
            outbox.rows("update leadgen.user_mails set due_at = now() returning 1")
            await worker.wait_for_event("mail to a user", 2)
            await worker.stop()
    first, second = worker.events("mail to a user")
    assert (first["outcome"], second["outcome"]) == ("failed", "sent")
    assert "SMTP 451" in first["error"]
    assert len({message["Message-ID"] for message in box.messages}) == 1
    assert outbox.rows("select count(*)::int from leadgen.user_tokens") == [(2,)], (
        "each try has a link of its own"
    )


async def test_an_address_that_is_refused_is_given_up(outbox: Outbox, start_worker: Start) -> None:
    outbox.rows(INVITE, "ann@people.example", "Ann")
    async with mailbox() as box:
        box.on_rcpt = "550 no such mailbox ann@people.example"
        async with start_worker(**settings_of(box)) as worker:
            await worker.wait_for_event("mail to a user")
            await worker.stop()
    assert outbox.rows(
        "select due_at, sent_at, last_error ~ 'SMTP 550', last_error ~ '@' from leadgen.user_mails"
    ) == [(None, None, True, False)]


async def test_without_an_address_for_links_nothing_is_sent(outbox: Outbox, start_worker: Start) -> None:
    outbox.rows(INVITE, "ann@people.example", "Ann")
    async with start_worker() as worker:
        await worker.wait_for_event(
            "no email to users can be sent: SMTP_HOST, FROM_EMAIL or PUBLIC_URL is not set"
        )
        await worker.stop()
    assert outbox.rows("select tries from leadgen.user_mails") == [(0,)]


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("verify", "verify"),
        ("invite", "password"),
        ("reset", "password"),
        ("exists", None),
        ("approved", None),
        ("password_changed", None),
    ],
)
def test_every_mail_is_written(kind: str, path: str | None) -> None:
    message = compose(
        mail(kind=kind, name="Ann <b>\r\nBcc: x@y.example"), "t" * 43, "leads@leadgen.example", SITE
    )
    assert message["Subject"]
    assert message["Bcc"] is None
    parts = [part.get_content() for part in message.iter_parts()]
    assert len(parts) == 2
    for part in parts:
        found = LINK.search(part)
        assert (found and found[1]) == path
        assert SITE in part
    is_named = kind not in ("verify", "invite")  # a stranger typed it, and would have us send it
    assert ("Ann <b> Bcc" in parts[0], "Ann" in parts[1]) == (is_named, is_named)
    assert parts[0].startswith("Hello Ann" if is_named else "Hello,")
    assert "<b>" not in parts[1].replace("<body", "")


def test_an_odd_address_is_refused() -> None:
    with pytest.raises(Refused, match="cannot be written"):
        compose(mail(email='"a b"@people.example'), "t", "leads@leadgen.example", SITE)
