"""The email sender against a real SMTP server: what a buyer reads, and what each answer means."""

import asyncio
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from leadgen.worker.attempt import Delivery, attempt_delivery
from leadgen.worker.mail import MailSender, MailServer
from worker.receivers import Mailbox, delivery, lead, mailbox, raw_server

BUYER = "ann@buyer.example"


def server_at(port: int, **changes: Any) -> MailServer:
    """Settings for a server on loopback."""
    known = {
        "user": None,
        "password": None,
        "from_email": "LeadGen <leads@leadgen.example>",
        "require_tls": False,
    }
    return MailServer(**{"host": "127.0.0.1", "port": port, **known, **changes})


async def send(work: Delivery, port: int, deadline: float = 3, **changes: Any) -> dict[str, Any]:
    """One attempt."""
    return await attempt_delivery(MailSender(deadline, server_at(port, **changes)), work)


async def received(work: Delivery) -> Mailbox:
    """The mailbox after the delivery got through."""
    async with mailbox() as box:
        result = await send(work, box.port)
    assert (result["outcome"], result["status_code"]) == ("delivered", 250), result
    return box


async def test_buyer_reads_who_how_what_and_for_how_much() -> None:
    box = await received(delivery(BUYER, "email"))
    (message,) = box.messages
    assert box.recipients == [[BUYER]]
    assert message["From"] == "LeadGen <leads@leadgen.example>"
    assert message["Reply-To"] == "jane@example.com"
    assert message["Subject"] == "New Plumbing lead: Jane Doe, 78701 Austin"
    text = message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    html = message.get_body(("html",)).get_content()  # type: ignore[union-attr]
    for body in (text, html):
        for fact in (
            "Jane Doe",
            "+15125550123",
            "jane@example.com",
            "78701",
            "45.00 USD",
            "kitchen tap",
            "leak",
        ):
            assert fact in body
        assert "Saturday, 21 November 2026, 04:15 CST" in body
    assert 'href="tel:%2B15125550123"' in html
    assert "Ann&#39;s Pipes" in html


async def test_message_id_is_the_same_at_every_attempt() -> None:
    boxes = [await received(delivery(BUYER, "email", attempt=attempt)) for attempt in (1, 2)]
    ids = {box.messages[0]["Message-ID"] for box in boxes}
    assert ids == {"<msg_2KWPBgLlAfxdpx2AI54pPJ85f4W@leadgen.example>"}


@pytest.mark.parametrize("breaker", ["\r\n", "\n", "\r", "\u2028", "\x0b", "\x00"])
async def test_no_line_break_gets_into_a_header(breaker: str) -> None:
    evil = f"Jane{breaker}Bcc: all@evil.example{breaker}{breaker}<b>hi</b>"
    work = delivery(
        BUYER, "email", lead=lead(name=evil, city=evil, email=f"jane@example.com{breaker}Cc: x@y.example")
    )
    box = await received(work)
    (message,) = box.messages
    assert message["Bcc"] is None
    assert message["Cc"] is None
    assert box.recipients == [[BUYER]]
    head = box.raw[0].partition(b"\r\n\r\n")[0]
    assert not [line for line in head.split(b"\r\n") if line.lower().startswith((b"bcc", b"cc"))]
    assert "Bcc: all@evil.example" in message["Subject"], "as harmless text"


async def test_html_is_escaped() -> None:
    work = delivery(
        BUYER, "email", lead=lead(message="<script>alert(1)</script>", attributes={"<i>": {"a": "<u>"}})
    )
    html = (await received(work)).messages[0].get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert "<script" not in html
    assert "<i>" not in html
    assert "<u>" not in html


async def test_text_of_any_language_and_length_arrives() -> None:
    words = "Ünïcode 水道 " * 500
    message = (await received(delivery(BUYER, "email", lead=lead(message=words)))).messages[0]
    text = message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert text.split().count("水道") == 500


async def test_lead_without_the_optional_facts() -> None:
    bare = {
        "name": "Jo",
        "email": "jo@example.com",
        "phone": "+15125550100",
        "postal_code": "78701",
        "country_code": "US",
    }
    message = (await received(delivery(BUYER, "email", lead=bare))).messages[0]
    assert message["Subject"] == "New Plumbing lead: Jo, 78701"


@pytest.mark.parametrize(
    "target",
    ["", "no address", f"{BUYER}\r\nRCPT TO:<x@y.example>", f"{BUYER}, b@c.example", "jörg@x.example"],
)
async def test_bad_address_is_refused_unsent(target: str) -> None:
    async with mailbox() as box:
        result = await send(delivery(target, "email"), box.port)
    assert (result["outcome"], box.messages) == ("refused", [])


@pytest.mark.parametrize(
    "changes", [{"details": None}, {"details": {"timezone": "Mars/Base"}}, {"body": "{}"}, {"body": "["}]
)
async def test_facts_that_make_no_message_are_refused(changes: dict[str, Any]) -> None:
    result = await send(delivery(BUYER, "email", **changes), port=1)
    assert result["outcome"] == "refused"
    assert result["error"].startswith("no message can be made of it")


@pytest.mark.parametrize(
    ("where", "answer", "outcome"),
    [
        ("on_rcpt", "450 later", "failed"),
        ("on_rcpt", "550 nobody here", "refused"),
        ("on_data", "451 later", "failed"),
        ("on_data", "554 spam", "refused"),
    ],
)
async def test_code_decides(where: str, answer: str, outcome: str) -> None:
    async with mailbox() as box:
        setattr(box, where, answer)
        result = await send(delivery(BUYER, "email"), box.port)
    assert (result["outcome"], result["status_code"]) == (outcome, int(answer[:3]))
    assert result["reply"] == answer[4:]


async def test_connection_lost_after_data_is_unknown() -> None:
    async with mailbox() as box:
        box.drop_at_data = True
        result = await send(delivery(BUYER, "email"), box.port)
    assert (result["outcome"], len(box.messages)) == ("unknown", 1)


async def test_connection_lost_before_data_is_a_clean_failure() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        await reader.readline()

    async with raw_server(talk) as port:
        result = await send(delivery(BUYER, "email"), port)
    assert result["outcome"] == "failed"


async def test_silent_server_is_a_clean_failure() -> None:
    async def talk(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async with raw_server(talk) as port:
        result = await send(delivery(BUYER, "email"), port, deadline=0.3)
    assert (result["outcome"], result["error"]) == ("failed", "not sent within 0.3 s")


async def test_no_server_is_a_clean_failure() -> None:
    async with mailbox() as box:
        pass
    assert (await send(delivery(BUYER, "email"), box.port))["outcome"] == "failed"
    result = await attempt_delivery(MailSender(1, None), delivery(BUYER, "email"))
    assert (result["outcome"], result["error"]) == ("failed", "SMTP_HOST and FROM_EMAIL are not set")


async def test_refusal_of_us_is_not_the_buyers_fault() -> None:
    """A 5xx greeting may pass; the address is not to blame."""

    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"554 too many connections\r\n")
        await writer.drain()

    async with raw_server(talk) as port:
        result = await send(delivery(BUYER, "email"), port)
    assert (result["outcome"], result["status_code"]) == ("failed", 554)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize(("password", "outcome"), [("right", "delivered"), ("wrong", "failed")])
async def test_signs_in_where_a_user_is_given(password: str, outcome: str) -> None:
    """A refused sign-in is ours to mend: never the end of a delivery."""

    def check(
        _server: SMTP, _session: Session, _envelope: Envelope, _how: str, login: LoginPassword
    ) -> AuthResult:
        return AuthResult(success=(login.login, login.password) == (b"leads", b"right"))

    async with mailbox(authenticator=check, auth_required=True, auth_require_tls=False) as box:
        result = await send(delivery(BUYER, "email"), box.port, user="leads", password=password)
    assert (result["outcome"], len(box.messages)) == (outcome, int(outcome == "delivered"))


async def test_password_is_never_sent_in_clear() -> None:
    async with mailbox() as box:
        result = await send(delivery(BUYER, "email"), box.port, user="u", password="p", require_tls=True)
    assert (result["outcome"], box.messages) == ("failed", [])
