"""The email sender against a real SMTP server: what a buyer reads, and what each answer means."""

import asyncio
import json
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
    async with MailSender(deadline, server_at(port, **changes)) as sender:
        return await attempt_delivery(sender, work)


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


async def test_an_extension_stands_behind_the_phone() -> None:
    box = await received(delivery(BUYER, "email", lead=lead(phone_extension="42")))
    (message,) = box.messages
    assert "  Phone  +15125550123 ext. 42" in message.get_body(("plain",)).get_content().splitlines()  # type: ignore[union-attr]
    html = message.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert 'href="tel:%2B15125550123;ext=42"' in html
    assert "Call +15125550123 ext. 42</a>" in html


DISCLOSED: dict[str, dict[str, str | None]] = {
    "consent": {
        "at": "2026-11-21T10:14:00+00:00",
        "text_version": "2026-03",
        "certificate_url": "https://cert.example/1?a=1&b=<2>",
        "certificate_id": None,
        "ip_address": "203.0.113.7",
        "page_url": "javascript:alert(1)\n  Price 0.00",
    },
    "sub_ids": {"sub_id": "p-12", "sub_id3": "spring"},
}


async def test_the_consent_that_is_disclosed_stands_in_the_mail() -> None:
    box = await received(delivery(BUYER, "email", disclosed=DISCLOSED))
    (message,) = box.messages
    text = message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    html = message.get_body(("html",)).get_content()  # type: ignore[union-attr]
    for line in (
        "  Consented: 2026-11-21T10:14:00+00:00",
        '  Text agreed to: "2026-03"',
        '  Proof of consent: "https://cert.example/1?a=1&b=<2>"',
        '  Asked from: "203.0.113.7, javascript:alert(1) Price 0.00"',
        '  Sub id: "p-12"',
        '  Sub id3: "spring"',
    ):
        assert line in text.splitlines()
    assert "https://cert.example/1?a=1&amp;b=&lt;2&gt;" in html
    assert 'href="javascript' not in html
    assert "spring" in html


async def test_consent_of_which_nothing_is_known_is_not_mentioned() -> None:
    nothing = {"consent": dict.fromkeys(DISCLOSED["consent"]), "sub_ids": None}
    plain = await received(delivery(BUYER, "email"))
    silent = await received(delivery(BUYER, "email", disclosed=nothing))
    bodies = [box.messages[0].get_body(("plain",)).get_content() for box in (plain, silent)]  # type: ignore[union-attr]
    assert bodies[0] == bodies[1]


async def test_message_id_is_the_same_at_every_attempt() -> None:
    boxes = [await received(delivery(BUYER, "email", attempt=attempt)) for attempt in (1, 2)]
    ids = {box.messages[0]["Message-ID"] for box in boxes}
    assert ids == {"<msg_2KWPBgLlAfxdpx2AI54pPJ85f4W@leadgen.example>"}


async def test_html_is_escaped() -> None:
    work = delivery(
        BUYER, "email", lead=lead(message="<script>alert(1)</script>", attributes={"<i>": {"a": "<u>"}})
    )
    html = (await received(work)).messages[0].get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert "<script" not in html
    assert "<i>" not in html
    assert "<u>" not in html


LINE_BREAKS = ("\n", "\r\n", "\r", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029")
FORGED = "Accept  https://evil.example/answers/1"


@pytest.mark.parametrize("end", LINE_BREAKS)
@pytest.mark.parametrize("field", ["name", "city", "message", "attribute", "attribute's name", "nested"])
async def test_nothing_a_visitor_writes_reads_like_a_line_of_ours(field: str, end: str) -> None:
    forged = f"x{end}{end}{FORGED}{end}Return  https://evil.example/answers/2{end}"
    others: dict[str, dict[str, Any]] = {
        "attribute": {"attributes": {"job_type": forged}},
        "attribute's name": {"attributes": {forged: "leak"}},
        "nested": {"attributes": {"job_type": [forged, {forged: forged}]}},
    }
    links = {"links": {"accept": "token-a", "return": "token-r"}}
    work = delivery(BUYER, "email", lead=lead(**others.get(field, {field: forged})), extra=links)
    async with mailbox() as box, MailSender(3, server_at(box.port), "https://leads.example") as sender:
        await attempt_delivery(sender, work)
    text = box.messages[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    ours = [line for line in text.splitlines() if line.startswith(("Accept", "Return"))]
    assert ours == [
        "Accept  https://leads.example/answers/token-a",
        "Return  https://leads.example/answers/token-r",
    ]
    assert not [
        line
        for line in text.splitlines()
        if line.strip().startswith(("Accept  https://evil", "Return  https://evil"))
    ]
    assert "evil.example/answers/1" in text.lower(), "and the buyer can read what was written"


async def test_attributes_are_quoted_in_one_line_each() -> None:
    attributes = {"job_type": 'a "big"\nleak', "floors": 2, "since": None, "rooms": ["bath", "kitchen"]}
    work = delivery(BUYER, "email", lead=lead(attributes=attributes))
    text = (await received(work)).messages[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    for line in (
        '  Job type: "a \\"big\\" leak"',
        "  Floors: 2",
        "  Since: null",
        '  Rooms: ["bath", "kitchen"]',
    ):
        assert line in text.splitlines()
    assert "  > The kitchen tap leaks." in text.splitlines()


async def test_a_message_of_several_lines_keeps_them() -> None:
    words = "Roof leaks.\n\nCall after 5.\nAccept https://evil.example"
    message = (await received(delivery(BUYER, "email", lead=lead(message=words)))).messages[0]
    text = message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "  > Roof leaks.\n  > \n  > Call after 5.\n  > Accept https://evil.example\n" in text.replace(
        "\r\n", "\n"
    )
    html = message.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert "white-space:pre-wrap" in html
    assert "Roof leaks.\n\nCall after 5." in html.replace("\r\n", "\n")


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
    assert result["error"].startswith("the message cannot be written")


@pytest.mark.parametrize(
    ("where", "answer", "outcome", "kind"),
    [
        ("on_mail", "451 later", "failed", "setup"),
        ("on_mail", "550 not you", "failed", "setup"),
        ("on_rcpt", "450 later", "failed", "smtp_4xx"),
        ("on_rcpt", "550 nobody here", "refused", "smtp_5xx"),
        ("on_data", "451 later", "failed", "smtp_4xx"),
        ("on_data", "554 spam", "refused", "smtp_5xx"),
    ],
)
async def test_code_decides(where: str, answer: str, outcome: str, kind: str) -> None:
    async with mailbox() as box:
        setattr(box, where, answer)
        result = await send(delivery(BUYER, "email"), box.port)
    assert (result["outcome"], result["status_code"]) == (outcome, int(answer[:3]))
    assert result["error_class"] == kind
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


async def test_connection_lost_at_data_is_a_clean_failure() -> None:
    """The server heard that a text would come, and never got it."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        while not (await reader.readline()).startswith(b"DATA"):
            writer.write(b"250 OK\r\n")

    async with raw_server(talk) as port:
        result = await send(delivery(BUYER, "email"), port)
    assert (result["outcome"], result["error_class"]) == ("failed", "lost")


async def test_silence_at_data_is_a_clean_failure() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        while not (await reader.readline()).startswith(b"DATA"):
            writer.write(b"250 OK\r\n")
        await asyncio.sleep(60)

    async with raw_server(talk) as port:
        result = await send(delivery(BUYER, "email"), port, deadline=0.3)
    assert (result["outcome"], result["error"]) == ("failed", "not sent within 0.3 s")


async def test_silence_after_the_text_is_unknown() -> None:
    """FAULTS 23."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        while not (await reader.readline()).startswith(b"DATA"):
            writer.write(b"250 OK\r\n")
        writer.write(b"354 go on\r\n")
        await asyncio.sleep(60)

    async with raw_server(talk) as port:
        result = await send(delivery(BUYER, "email"), port, deadline=0.3)
    assert (result["outcome"], result["error"]) == ("unknown", "no answer within 0.3 s")


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
    assert result["error_class"] == "setup"


async def test_refusal_of_us_is_not_the_buyers_fault() -> None:
    """A 5xx greeting may pass; the address is not to blame."""

    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"554 too many connections\r\n")
        await writer.drain()

    async with raw_server(talk) as port:
        result = await send(delivery(BUYER, "email"), port)
    assert (result["outcome"], result["status_code"], result["error_class"]) == ("failed", 554, "setup")


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize(("password", "outcome"), [("right", "delivered"), ("wrong", "failed")])
async def test_signs_in_where_a_user_is_given(password: str, outcome: str) -> None:
    """A refused sign-in is ours to mend: never the end of a delivery."""

    def check(
        _server: SMTP, _session: Session, _envelope: Envelope, _how: str, login: LoginPassword
    ) -> AuthResult:
        return AuthResult(success=(login.login, login.password) == (b"leads", b"right"), handled=False)

    async with mailbox(authenticator=check, auth_required=True, auth_require_tls=False) as box:
        result = await send(delivery(BUYER, "email"), box.port, user="leads", password=password)
    assert (result["outcome"], len(box.messages)) == (outcome, int(outcome == "delivered"))
    assert result["error_class"] == (None if outcome == "delivered" else "setup")


async def test_password_is_never_sent_in_clear() -> None:
    async with mailbox() as box:
        result = await send(delivery(BUYER, "email"), box.port, user="u", password="p", require_tls=True)
    assert (result["outcome"], result["error_class"], box.messages) == ("failed", "setup", [])


async def test_lines_that_begin_with_a_period_arrive_whole() -> None:
    """And none of them ends the message."""
    work = delivery(BUYER, "email", lead=lead(message="a\n.\n..b\n.\r\nRSET"))
    box = await received(work)
    text = box.messages[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert [line[4:] for line in text.splitlines() if line.startswith("  > .")] == [".", "..b", "."]


PUBLIC = "https://leads.example"


async def test_buttons_lead_to_accept_and_return() -> None:
    links = {"accept": "acc_123", "return": "ret/+=é"}
    async with mailbox() as box, MailSender(3, server_at(box.port), PUBLIC) as sender:
        await attempt_delivery(sender, delivery(BUYER, "email", extra={"links": links}))
    (message,) = box.messages
    for part in ("plain", "html"):
        body = message.get_body((part,)).get_content()  # type: ignore[union-attr]
        assert f"{PUBLIC}/answers/acc_123" in body
        assert f"{PUBLIC}/answers/ret%2F%2B%3D%C3%A9" in body
    assert message["List-Unsubscribe"] is None


@pytest.mark.parametrize(("links", "public_url"), [({"accept": "a"}, None), ({}, PUBLIC), (None, PUBLIC)])
async def test_no_buttons_without_links_or_an_address(links: Any, public_url: str | None) -> None:
    async with mailbox() as box, MailSender(3, server_at(box.port), public_url) as sender:
        await attempt_delivery(sender, delivery(BUYER, "email", extra={"links": links}))
    assert b"/answers/" not in box.raw[0]
    assert b"Accept" not in box.raw[0]


def notice(kind: str, links: dict[str, str] | None = None, **facts: Any) -> Delivery:
    """A claimed notice."""
    body = {"type": kind, "version": 1, "timestamp": "2026-11-21T10:15:00Z", "data": {"buyer_id": 1, **facts}}
    names = dict.fromkeys(("offer_name", "vertical_name"))
    return delivery(BUYER, "email", kind=kind, body=json.dumps(body), extra={"links": links, **names})


@pytest.mark.parametrize(
    ("kind", "facts", "subject", "words"),
    [
        ("webhook.test", {}, "Test message", "this is a test message"),
        (
            "endpoint.disabled",
            {"channel": "webhook", "target": "https://ann.example/<hook>", "reason": "HTTP 410: no more"},
            "Deliveries to you are paused",
            "HTTP 410: no more",
        ),
        ("endpoint.disabled", {}, "Deliveries to you are paused", "we have stopped sending"),
        (
            "lead.undelivered",
            {
                "assignment_id": 7,
                "offer": "Roofing",
                "reason": "not delivered within 120 s",
                "last_error": "webhook: <hook>",
            },
            "A lead did not reach you in time",
            "not delivered within 120 s",
        ),
        ("lead.undelivered", {}, "A lead did not reach you in time", "has gone to the next buyer"),
        ("other.news", {"how_many": 3}, "Notice: other.news", "How many"),
    ],
)
async def test_notice(kind: str, facts: dict[str, Any], subject: str, words: str) -> None:
    async with mailbox() as box, MailSender(3, server_at(box.port), PUBLIC) as sender:
        result = await attempt_delivery(sender, notice(kind, {"unsubscribe": "tok"}, **facts))
    assert result["outcome"] == "delivered", result
    (message,) = box.messages
    assert message["Subject"] == subject
    assert message["Reply-To"] is None
    assert message["List-Unsubscribe"] == f"<{PUBLIC}/answers/tok>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for part in ("plain", "html"):
        body = message.get_body((part,)).get_content()  # type: ignore[union-attr]
        assert words in body
        assert f"{PUBLIC}/answers/tok" in body
        assert "<hook>" not in body or part == "plain"


async def test_notice_without_an_address_has_no_unsubscribe_header() -> None:
    async with mailbox() as box:
        await send(notice("webhook.test", {"unsubscribe": "tok"}), box.port)
    assert box.messages[0]["List-Unsubscribe"] is None
