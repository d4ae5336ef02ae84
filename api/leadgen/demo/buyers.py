"""The buyers' side, on loopback: an HTTP receiver that verifies signatures, and a mail catcher.

Some buyers are flaky, as companies are: see MANNERS.
"""

import asyncio
import re
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Literal
from urllib.parse import quote

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

Manner = Literal["prompt", "stumbling", "slow", "away"]

MANNERS: Mapping[str, Manner] = {
    "Gulf Coast Home Services": "stumbling",  # answers each lead 503 twice, then 200
    "Rocky Mountain Roofing": "slow",  # answers after 300 ms
    "Palmetto Storm Restoration": "away",  # nothing listens until it is repaired
}
STUMBLES = 2
SLOWNESS = 0.3  # seconds
ACCOUNT_LINK = re.compile(r"https?://\S+/account/\S+")  # of an e-mail to a user: an invitation, for one


@dataclass
class Receipts:
    """What came in. A message is its webhook-id or Message-ID, which is the same for every attempt."""

    webhooks: dict[str, tuple[str, int]] = field(default_factory=dict)  # message: who took it, assignment_id
    emails: dict[str, str] = field(default_factory=dict)  # message: address
    requests: Counter[str] = field(default_factory=Counter)  # message: requests with a good signature
    first_seen: dict[str, float] = field(default_factory=dict)  # message: the first of them, epoch seconds
    forged: int = 0  # requests whose signature is not good
    listeners: list[Callable[[str], None]] = field(default_factory=list)

    def announce(self, line: str) -> None:
        """Tell whoever listens."""
        for listener in self.listeners:
            listener(line)


class Receiver:
    """Every buyer's webhook endpoint: /buyers/<name>."""

    def __init__(self, secrets: Mapping[str, str], receipts: Receipts) -> None:
        self._webhooks = {name: Webhook(secret) for name, secret in secrets.items()}
        self._receipts = receipts

    async def handle(self, request: web.Request) -> web.Response:
        """Verify, then answer in the buyer's manner."""
        arrived = time.time()
        buyer = request.match_info["buyer"]
        body = self._verify(buyer, await request.read(), request)
        if body is None:
            self._receipts.forged += 1
            return web.Response(status=401)
        message = request.headers["webhook-id"]
        self._receipts.first_seen.setdefault(message, arrived)
        self._receipts.requests[message] += 1
        manner = MANNERS.get(buyer, "prompt")
        if manner == "stumbling" and self._receipts.requests[message] <= STUMBLES:
            return web.Response(status=503)
        if manner == "slow":
            await asyncio.sleep(SLOWNESS)
        if body["type"] == "lead.assigned":
            self.take(buyer, message, body["data"]["assignment_id"])
        return web.json_response({"status": "accepted"})

    def take(self, buyer: str, message: str, assignment_id: int) -> None:
        """Keep a lead."""
        self._receipts.webhooks[message] = (buyer, assignment_id)
        self._receipts.announce(f"{buyer} received a webhook, signature verified")

    def _verify(self, buyer: str, body: bytes, request: web.Request) -> Any:
        """The body as JSON, or None when the buyer's secret did not sign it."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            return self._webhooks[buyer].verify(body, headers)
        except (KeyError, ValueError, WebhookVerificationError):
            return None


class MailCatcher:
    """An SMTP server's handler that keeps every message."""

    def __init__(self, receipts: Receipts) -> None:
        self._receipts = receipts

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep a message."""
        mail = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        message = str(mail["Message-ID"]).strip("<>").partition("@")[0]
        for address in envelope.rcpt_tos:
            self._receipts.emails[message] = address
            self._receipts.announce(f"{address} received an email: {mail['Subject']}")
            for link in ACCOUNT_LINK.findall(read_text(mail)):
                self._receipts.announce(f"  {link}")
        return "250 kept"


def read_text(mail: EmailMessage) -> str:
    """The words of an e-mail; none where it has no plain text."""
    body = mail.get_body(("plain",))
    return str(body.get_content()) if body else ""


@dataclass(frozen=True)
class Endpoints:
    """The webhook URL of each buyer, and how to bring up those that are away."""

    urls: Mapping[str, str]
    repair: Callable[[], Awaitable[None]]


@asynccontextmanager
async def open_receiver(secrets: Mapping[str, str], receipts: Receipts) -> AsyncIterator[Endpoints]:
    """Listen on a free port; nobody listens on the port of buyers who are away, until they are repaired."""
    app = web.Application()
    app.router.add_post("/buyers/{buyer}", Receiver(secrets, receipts).handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            there, away = runner.addresses[0][1], nobody.getsockname()[1]
            ports = {name: away if MANNERS.get(name) == "away" else there for name in secrets}
            urls = {name: f"http://127.0.0.1:{port}/buyers/{quote(name)}" for name, port in ports.items()}
            yield Endpoints(urls, web.SockSite(runner, nobody).start)
        finally:
            await runner.cleanup()


@asynccontextmanager
async def open_mailbox(receipts: Receipts) -> AsyncIterator[int]:
    """Listen for mail on a free port; yields it."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(MailCatcher(receipts), loop=loop), "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()
