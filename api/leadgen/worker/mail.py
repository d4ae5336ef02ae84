"""Email: the lead as a readable message, text and HTML, handed to the operator's SMTP server."""

import re
import ssl
from asyncio import get_running_loop
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as CRLF_POLICY
from email.utils import format_datetime, parseaddr
from typing import Self

from aiosmtplib import (
    SMTP,
    SMTPConnectError,
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPServerDisconnected,
)

from leadgen.invoices.pdf import NoPdfError
from leadgen.worker.attempt import LONGEST_ERROR, Attempt, Delivery, Fault, Outcome, Refused
from leadgen.worker.documents import Documents, File
from leadgen.worker.words import LEAD, one_line, read_facts, render, template_of

CONNECTIONS = 8  # to the SMTP server at once: relays turn away who opens many
IDLE_SECONDS = 20.0  # a connection that was not used for longer is not used again
REUSE_SECONDS = 2.0  # an old connection that does not answer within this is replaced
QUIT_SECONDS = 1.0
TLS_PORT = 465  # TLS from the first byte; elsewhere STARTTLS where it is offered
START_INPUT, COMPLETED, GOING_AWAY = 354, 250, 421
LONGEST_SUBJECT = 200  # characters
ASCII_POLICY = CRLF_POLICY.clone(cte_type="7bit")  # no server need support 8BITMIME
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}")
LINE_ENDING = re.compile(rb"\r\n|\n|\r")
LEADING_PERIOD = re.compile(rb"(?m)^\.")


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in, and as whom."""

    host: str
    port: int
    user: str | None
    password: str | None
    from_email: str
    require_tls: bool
    ca_file: str | None = None  # PEM; None: the certificates that the system trusts

    @property
    def sender(self) -> str:
        """The address of MAIL FROM."""
        return parseaddr(self.from_email)[1]


class MailSender:
    """Hands messages in over connections that it keeps. Use as an async context manager.

    Without a server every attempt fails and says so.
    """

    def __init__(
        self,
        deadline: float,
        server: MailServer | None,
        public_url: str | None = None,
        documents: Documents | None = None,
    ) -> None:
        self.deadline = deadline
        self._server = server
        self._public_url = public_url
        self._documents = documents
        self._idle: list[tuple[float, SMTP]] = []  # when it was put back, and the connection

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for smtp in self._take_idle():
            with suppress(SMTPException, OSError, TimeoutError):
                await smtp.quit(timeout=QUIT_SECONDS)
            smtp.close()

    async def send(self, delivery: Delivery, attempt: Attempt) -> None:
        """Hand the message in. Once its text went out nobody knows what the server has, until it answers."""
        server = self._server
        if server is None:
            attempt.conclude("failed", fault=Fault("SMTP_HOST and FROM_EMAIL are not set", "setup"))
            return
        try:
            file = await self._documents.make(delivery) if self._documents else None
        except NoPdfError as error:
            attempt.conclude("failed", fault=Fault(str(error)[:LONGEST_ERROR], "setup"))
            return
        await self.hand_over(
            compose(delivery, server.from_email, self._public_url, file), delivery.target, attempt
        )

    async def hand_over(self, message: EmailMessage, target: str, attempt: Attempt) -> None:
        """Hand in a message that is written, and fill in the attempt. May raise as `send` does."""
        server = self._server
        if server is None:
            attempt.conclude("failed", fault=Fault("SMTP_HOST and FROM_EMAIL are not set", "setup"))
            return
        try:
            await self._hand_in(server, write_out(message), target, attempt)
        except SMTPResponseException as error:
            attempt.conclude(*judge(error))
            attempt.reply = str(error.message)

    async def _hand_in(self, server: MailServer, text: bytes, target: str, attempt: Attempt) -> None:
        smtp = await self._reuse(server) or await connect(server)
        usable = False
        try:
            await smtp.rcpt(target)
            answer = await smtp.execute_command(b"DATA")
            if answer.code != START_INPUT:
                raise SMTPDataError(answer.code, answer.message)
            attempt.body_sent = True
            await _send_text(smtp, text, attempt)
            usable = True
        except SMTPResponseException as error:
            usable = error.code != GOING_AWAY
            raise
        finally:
            if usable and smtp.is_connected:
                self._idle.append((get_running_loop().time(), smtp))
            else:
                smtp.close()

    async def _reuse(self, server: MailServer) -> SMTP | None:
        """A kept connection whose server still takes our mail. One that is stale costs no attempt."""
        while self._idle:
            since, smtp = self._idle.pop()
            if get_running_loop().time() - since > IDLE_SECONDS or not smtp.is_connected:
                smtp.close()
                continue
            try:
                await smtp.rset(timeout=REUSE_SECONDS)
                await smtp.mail(server.sender, timeout=REUSE_SECONDS)
            except (SMTPException, OSError, TimeoutError):
                smtp.close()
                for other in self._take_idle():  # older than this one: no better
                    other.close()
            except BaseException:
                smtp.close()
                raise
            else:
                return smtp
        return None

    def _take_idle(self) -> list[SMTP]:
        idle, self._idle = self._idle, []
        return [smtp for _, smtp in idle]

    def describe(self, error: Exception) -> Fault:
        """The kind of error. Not its own words, for they repeat addresses."""
        if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
            return Fault("TLS with the SMTP server failed", "tls")
        if isinstance(error, SMTPConnectError):
            return Fault("cannot connect to the SMTP server", "connect")
        if isinstance(error, SMTPServerDisconnected | ConnectionError):
            return Fault("the SMTP server closed the connection", "lost")
        if isinstance(error, SMTPException):  # no STARTTLS, no way to sign in
            return Fault(f"the SMTP server cannot be used ({type(error).__name__})", "setup")
        return Fault(type(error).__name__, "protocol")


async def connect(server: MailServer) -> SMTP:
    """A new connection to the server, signed in, that took MAIL FROM."""
    tls = server.port == TLS_PORT
    smtp = SMTP(
        hostname=server.host,
        port=server.port,
        username=server.user,
        password=server.password,
        use_tls=tls,
        cert_bundle=server.ca_file,
        start_tls=True if server.require_tls and not tls else None,
        local_hostname=domain_of(server.from_email),
        timeout=None,
    )
    try:
        await smtp.connect()
        await smtp.mail(server.sender)
    except BaseException:
        smtp.close()
        raise
    return smtp


async def _send_text(smtp: SMTP, text: bytes, attempt: Attempt) -> None:
    """The text of the message, and what the server says to it."""
    if smtp.protocol is None:
        raise SMTPServerDisconnected("gone before the text")
    smtp.protocol.write(text)
    answer = await smtp.protocol.read_response()
    if answer.code != COMPLETED:
        raise SMTPDataError(answer.code, answer.message)
    attempt.conclude("delivered", answer.code)
    attempt.reply = answer.message


def judge(error: SMTPResponseException) -> tuple[Outcome, int, Fault]:
    """5xx on this message is final; 4xx, and a refusal of us (greeting, TLS, sign-in, sender), may pass."""
    about_message = isinstance(error, SMTPRecipientRefused | SMTPDataError)
    final = 500 <= error.code < 600
    kind = ("smtp_5xx" if final else "smtp_4xx") if about_message else "setup"
    fault = Fault(f"SMTP {error.code} ({type(error).__name__})", kind)
    return "refused" if about_message and final else "failed", error.code, fault


def compose(
    delivery: Delivery, from_email: str, public_url: str | None = None, file: File | None = None
) -> EmailMessage:
    """The message for one delivery. Raises Refused when address, body or template cannot make one."""
    try:
        facts = read_facts(delivery, public_url)
        subject = render(template_of(delivery.kind, "subject.txt"), facts)
        message = start_message(from_email, delivery.target, subject, delivery.message_id)
        if link := facts["links"]["unsubscribe"]:
            message["List-Unsubscribe"] = f"<{link}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message.set_content(render(template_of(delivery.kind, "txt"), facts))
        message.add_alternative(render(template_of(delivery.kind, "html"), facts), subtype="html")
        if file is not None:
            message.add_attachment(file.content, maintype="application", subtype="pdf", filename=file.name)
    except Exception as error:  # noqa: BLE001  nothing was sent, and it would fail the same way again
        raise Refused(f"the message cannot be written ({type(error).__name__})") from None
    if delivery.kind == LEAD:
        with suppress(ValueError):
            message["Reply-To"] = read_address(facts["lead"]["email"])
    return message


def start_message(from_email: str, to: str, subject: str, message_id: str) -> EmailMessage:
    """A message with its headers. Raises ValueError for an address that is not fit for one."""
    message = EmailMessage(policy=ASCII_POLICY)
    message["From"] = from_email
    message["To"] = read_address(to)
    message["Subject"] = one_line(subject)[:LONGEST_SUBJECT]
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = f"<{one_line(message_id)}@{domain_of(from_email)}>"
    message["Auto-Submitted"] = "auto-generated"
    return message


def read_address(text: str) -> Address:
    """An address fit for a header, as nearly all are. Raises ValueError for others: quoted, not ASCII, encoded."""
    if not ADDRESS.fullmatch(text) or "=?" in text:
        raise ValueError("no plain address")
    return Address(addr_spec=text)


def write_out(message: EmailMessage) -> bytes:
    """The message as DATA wants it: every line ended by CR LF, and a period of its own at the end.

    Raises Refused when it cannot be written.
    """
    try:
        text = message.as_bytes(policy=ASCII_POLICY)
    except Exception as error:  # noqa: BLE001  it would fail the same way again
        raise Refused(f"the message cannot be written ({type(error).__name__})") from None
    lines = LINE_ENDING.sub(b"\r\n", text.rstrip(b"\r\n") + b"\r\n")
    return LEADING_PERIOD.sub(b"..", lines) + b".\r\n"


def domain_of(address: str) -> str:
    """The domain of an address such as `LeadGen <leads@example.com>`."""
    return parseaddr(address)[1].rpartition("@")[2]
