"""Email: the lead as a readable message, text and HTML, handed to the operator's SMTP server."""

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as CRLF_POLICY
from email.utils import format_datetime, parseaddr
from typing import Any
from zoneinfo import ZoneInfo

from aiosmtplib import (
    SMTP,
    SMTPConnectError,
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from leadgen.worker.attempt import Attempt, Delivery, Outcome, Refused

CONNECTIONS = 8  # to the SMTP server at once: relays turn away who opens many
TLS_PORT = 465  # TLS from the first byte; elsewhere STARTTLS where it is offered
QUIT_SECONDS = 1.0
ASCII_POLICY = CRLF_POLICY.clone(cte_type="7bit")  # no server need support 8BITMIME


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in, and as whom."""

    host: str
    port: int
    user: str | None
    password: str | None
    from_email: str
    require_tls: bool


class MailSender:
    """Hands in one message a connection. Without a server every attempt fails and says so."""

    def __init__(self, deadline: float, server: MailServer | None) -> None:
        self.deadline = deadline
        self._server = server

    async def send(self, delivery: Delivery, attempt: Attempt) -> None:
        """Hand the message in. Past DATA nobody knows what the server has, until it answers."""
        server = self._server
        if server is None:
            attempt.conclude("failed", error="SMTP_HOST and FROM_EMAIL are not set")
            return
        message = compose(delivery, server.from_email)
        smtp = SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            use_tls=server.port == TLS_PORT,
            start_tls=True if server.require_tls and server.port != TLS_PORT else None,
            local_hostname=domain_of(server.from_email),
            timeout=None,
        )
        try:
            await smtp.connect()
            await self._hand_in(smtp, message, delivery.target, attempt)
        except SMTPResponseException as error:
            attempt.conclude(*judge(error))
            attempt.reply = str(error.message)
        finally:
            smtp.close()

    async def _hand_in(self, smtp: SMTP, message: EmailMessage, target: str, attempt: Attempt) -> None:
        await smtp.mail(parseaddr(str(message["From"]))[1])
        await smtp.rcpt(target)
        attempt.body_sent = True
        answer = await smtp.data(message.as_bytes(policy=ASCII_POLICY))
        attempt.conclude("delivered", answer.code)
        attempt.reply = answer.message
        with suppress(SMTPException, TimeoutError):
            await smtp.quit(timeout=QUIT_SECONDS)

    def describe(self, error: Exception) -> str:
        """The kind of error. Not its own words, for they repeat addresses."""
        if isinstance(error, SMTPConnectError):
            return "cannot connect to the SMTP server"
        if isinstance(error, SMTPServerDisconnected):
            return "the SMTP server closed the connection"
        return type(error).__name__


def judge(error: SMTPResponseException) -> tuple[Outcome, int, str]:
    """5xx on this message is final; 4xx, and a refusal of us (greeting, TLS, sign-in), may pass."""
    about_message = isinstance(error, SMTPSenderRefused | SMTPRecipientRefused | SMTPDataError)
    outcome: Outcome = "refused" if about_message and 500 <= error.code < 600 else "failed"
    return outcome, error.code, f"SMTP {error.code} ({type(error).__name__})"


def compose(delivery: Delivery, from_email: str) -> EmailMessage:
    """The message for one delivery. Raises Refused when address, body or template cannot make one."""
    try:
        facts = read_facts(delivery)
        message = EmailMessage(policy=ASCII_POLICY)
        message["From"] = from_email
        message["To"] = Address(addr_spec=delivery.target.encode("ascii").decode())
        message["Subject"] = one_line(render("lead.subject.txt", facts))
        message["Date"] = format_datetime(datetime.now(UTC))
        message["Message-ID"] = f"<{one_line(delivery.message_id)}@{domain_of(from_email)}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(render("lead.txt", facts))
        message.add_alternative(render("lead.html", facts), subtype="html")
    except Exception as error:  # noqa: BLE001  nothing was sent, and it would fail the same way again
        raise Refused(f"no message can be made of it ({type(error).__name__})") from None
    with suppress(ValueError, LookupError):
        message["Reply-To"] = Address(addr_spec=facts["lead"]["email"])
    return message


def read_facts(delivery: Delivery) -> dict[str, Any]:
    """What templates may use: the body's `data`, the claim's details, the time of sale there."""
    body, details = json.loads(delivery.body), delivery.details or {}
    sold_at = datetime.fromisoformat(body["timestamp"]).astimezone(ZoneInfo(details["timezone"]))
    lead = {"city": None, "region_code": None, "message": None, "attributes": {}, **body["data"]["lead"]}
    return {**body["data"], "lead": lead, "details": details, "sold_at": sold_at}


def one_line(text: str) -> str:
    """Fit for a header: no line breaks or other control characters."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def domain_of(address: str) -> str:
    """The domain of an address such as `LeadGen <leads@example.com>`."""
    return parseaddr(address)[1].rpartition("@")[2]


def as_words(value: Any) -> str:
    """A free-form answer for people: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


templates = Environment(
    loader=PackageLoader("leadgen.worker"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
templates.filters["words"] = as_words


def render(template: str, facts: dict[str, Any]) -> str:
    """One template of worker/templates with these facts. Raises TemplateError when it needs another."""
    return templates.get_template(template).render(facts)
