"""Connections to the SMTP server are kept; one that went stale costs no attempt. And STARTTLS, for real."""

import asyncio
import ssl
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from leadgen.settings import Settings, read_sender
from leadgen.worker import mail
from leadgen.worker.attempt import attempt_delivery
from leadgen.worker.mail import MailSender
from leadgen.worker.process import find_fault, mail_server
from worker.receivers import delivery, mailbox, make_certificate, raw_server
from worker.test_mail import BUYER, server_at


async def hand_in(sender: MailSender) -> dict[str, Any]:
    """One attempt."""
    return await attempt_delivery(sender, delivery(BUYER, "email"))


async def test_connection_is_used_again() -> None:
    async with mailbox() as box, MailSender(3, server_at(box.port)) as sender:
        for _ in range(5):
            assert (await hand_in(sender))["outcome"] == "delivered"
    assert (box.connections, len(box.messages)) == (1, 5)


async def test_messages_at_once_have_connections_of_their_own() -> None:
    async with mailbox() as box, MailSender(3, server_at(box.port)) as sender:
        for _ in range(3):
            results = await asyncio.gather(*(hand_in(sender) for _ in range(4)))
            assert {result["outcome"] for result in results} == {"delivered"}
    assert (box.connections, len(box.messages)) == (4, 12)


async def test_connection_that_the_server_closed_is_replaced() -> None:
    async with mailbox() as box, MailSender(3, server_at(box.port)) as sender:
        for _ in range(3):
            assert (await hand_in(sender))["outcome"] == "delivered"
            box.hang_up()
    assert (box.connections, len(box.messages)) == (3, 3)


@pytest.mark.parametrize("answer", ["421 going away", "500 what?", ""])
async def test_connection_that_cannot_be_reset_is_replaced(
    answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "REUSE_SECONDS", 0.1)
    async with mailbox() as box, MailSender(3, server_at(box.port)) as sender:
        await asyncio.gather(*(hand_in(sender) for _ in range(3)))
        box.on_rset = answer
        result = await hand_in(sender)
    assert result["outcome"] == "delivered"
    assert result["latency_ms"] < 1000, "one stale connection is enough to doubt the others"
    assert (box.connections, len(box.messages)) == (4, 4)


async def test_server_that_takes_one_message_a_connection() -> None:
    """It says 4xx to the second MAIL FROM: a new connection, not a failed attempt."""
    async with mailbox() as box, MailSender(3, server_at(box.port)) as sender:
        assert (await hand_in(sender))["outcome"] == "delivered"
        old = box.last
        box.on_mail = "452 too many messages"
        real = box.handle_MAIL

        async def once_more(server: SMTP, *rest: Any) -> str:
            box.on_mail = "452 too many messages" if server is old else "250 OK"
            return await real(server, *rest)

        box.handle_MAIL = once_more  # type: ignore[method-assign, assignment]
        assert (await hand_in(sender))["outcome"] == "delivered"
    assert (box.connections, len(box.messages)) == (2, 2)


async def test_refused_recipient_leaves_the_connection_usable() -> None:
    async with mailbox() as box, MailSender(3, server_at(box.port)) as sender:
        box.on_rcpt = "550 nobody here"
        assert (await hand_in(sender))["outcome"] == "refused"
        box.on_rcpt = "250 OK"
        assert (await hand_in(sender))["outcome"] == "delivered"
    assert (box.connections, len(box.messages)) == (1, 1)


async def test_connection_of_an_attempt_that_ran_out_of_time_is_not_used_again() -> None:
    greeted = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal greeted
        greeted += 1
        writer.write(b"220 hello\r\n")
        while not (await reader.readline()).startswith(b"DATA"):
            writer.write(b"250 OK\r\n")
        await asyncio.sleep(60)

    async with raw_server(talk) as port, MailSender(0.3, server_at(port)) as sender:
        for _ in range(2):
            assert (await hand_in(sender))["error"] == "not sent within 0.3 s"
    assert greeted == 2


async def test_idle_connection_is_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "IDLE_SECONDS", 0.05)
    async with mailbox() as box, MailSender(3, server_at(box.port)) as sender:
        for _ in range(2):
            assert (await hand_in(sender))["outcome"] == "delivered"
            await asyncio.sleep(0.1)
    assert box.connections == 2


async def test_stopping_says_goodbye() -> None:
    said: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        while line := await reader.readline():
            said.append(line.strip())
            writer.write(b"354 go on\r\n" if line == b"DATA\r\n" else b"250 OK\r\n")
            if line == b"DATA\r\n":
                await reader.readuntil(b"\r\n.\r\n")
                writer.write(b"250 kept\r\n")

    async with raw_server(talk) as port:
        async with MailSender(3, server_at(port)) as sender:
            assert (await hand_in(sender))["outcome"] == "delivered"
        await asyncio.sleep(0.05)
    assert said[-1] == b"QUIT"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate that nobody trusts yet."""
    return make_certificate(tmp_path)


def tls_context(certificate: Path) -> ssl.SSLContext:
    """The server's side."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


def check_login(
    _server: SMTP, _session: Session, _envelope: Envelope, _how: str, login: LoginPassword
) -> AuthResult:
    """Lets `leads` in."""
    return AuthResult(success=(login.login, login.password) == (b"leads", b"right"), handled=False)


async def test_starttls_then_sign_in_then_mail(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    options = {"require_starttls": True, "authenticator": check_login, "auth_required": True}
    signed_in = {"user": "leads", "password": "right", "require_tls": True}
    async with (
        mailbox(tls_context=tls_context(certificate), **options) as box,
        MailSender(3, server_at(box.port, **signed_in)) as sender,
    ):
        results = [await hand_in(sender) for _ in range(3)]
    assert [result["outcome"] for result in results] == ["delivered"] * 3, results
    assert (box.connections, box.secured) == (1, [True] * 3)


async def test_starttls_is_used_where_it_is_offered(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with (
        mailbox(tls_context=tls_context(certificate)) as box,
        MailSender(3, server_at(box.port)) as sender,
    ):
        assert (await hand_in(sender))["outcome"] == "delivered"
    assert box.secured == [True]


async def test_certificate_that_is_not_trusted_is_a_clean_failure(certificate: Path) -> None:
    async with (
        mailbox(tls_context=tls_context(certificate)) as box,
        MailSender(3, server_at(box.port)) as sender,
    ):
        result = await hand_in(sender)
    assert (result["outcome"], result["error_class"], box.messages) == ("failed", "tls", [])


async def test_private_certificate_is_trusted_by_a_setting(certificate: Path) -> None:
    options = {"require_starttls": True, "authenticator": check_login, "auth_required": True}
    signed_in = {"user": "leads", "password": "right", "require_tls": True, "ca_file": str(certificate)}
    async with (
        mailbox(tls_context=tls_context(certificate), **options) as box,
        MailSender(3, server_at(box.port, **signed_in)) as sender,
    ):
        assert (await hand_in(sender))["outcome"] == "delivered"
    assert box.secured == [True]


async def test_another_certificate_is_not(certificate: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = make_certificate(tmp_path / "other")
    async with (
        mailbox(tls_context=tls_context(certificate)) as box,
        MailSender(3, server_at(box.port, ca_file=str(other))) as sender,
    ):
        result = await hand_in(sender)
    assert (result["outcome"], result["error_class"], box.messages) == ("failed", "tls", [])


def test_setting_for_it_requires_tls_and_is_read_at_start(certificate: Path, tmp_path: Path) -> None:
    known: dict[str, Any] = {
        "database_url": "postgresql://h/d",
        "smtp_host": "h",
        "from_email": "Smith, John <j@x.example>",
        "environment": "development",
    }
    settings = Settings(**known, smtp_ca_file=str(certificate))
    server = mail_server(settings)
    assert server is not None
    assert (server.require_tls, server.ca_file) == (True, str(certificate))
    assert (server.sender, server.from_email) == ("j@x.example", '"Smith, John" <j@x.example>')
    assert find_fault(settings) is None
    (tmp_path / "empty.pem").write_text("nothing")
    for name, reason in (("empty.pem", "no certificate in it"), ("missing.pem", "No such file or directory")):
        path = tmp_path / name
        fault = find_fault(Settings(**known, smtp_ca_file=str(path)))
        assert fault == f"SMTP_CA_FILE is {path}: a file of certificates in PEM is needed ({reason})"


@pytest.mark.parametrize(
    "sender", ["Smith, John <j@x.example>", "Zo\u00eb (leads) <j@x.example>", "j@x.example"]
)
async def test_sender_reads_as_one_address(sender: str) -> None:
    async with (
        mailbox() as box,
        MailSender(3, server_at(box.port, from_email=read_sender(sender))) as mails,
    ):
        assert (await hand_in(mails))["outcome"] == "delivered"
    (address,) = box.messages[0]["From"].addresses
    assert (address.display_name, address.addr_spec) == (
        sender.partition(" <")[0] * ("<" in sender),
        "j@x.example",
    )
