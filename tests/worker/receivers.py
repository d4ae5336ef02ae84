"""Receivers as buyers run them: an endpoint that verifies signatures, a socket that misbehaves, a mailbox."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session
from standardwebhooks.webhooks import Webhook

from leadgen.worker.attempt import Delivery
from rig.waiting import PATIENCE

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLD_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
WAIT_SECONDS = PATIENCE

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Endpoint:
    """An HTTP receiver: what came, verified with `secret` where one is given."""

    url: str = ""
    secret: str | None = SECRET
    requests: list[tuple[dict[str, str], dict[str, Any]]] = field(default_factory=list)
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def ids(self) -> list[str]:
        """The webhook-id of each request, as they came."""
        return [headers["webhook-id"] for headers, _ in self.requests]

    async def take(self, request: web.Request) -> None:
        """Verify and keep a request."""
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        if self.secret:
            Webhook(self.secret).verify(body, headers)
        self.requests.append((headers, json.loads(body)))
        async with self.arrived:
            self.arrived.notify_all()

    async def wait_for(self, count: int) -> None:
        """Until so many requests have come."""
        async with asyncio.timeout(WAIT_SECONDS), self.arrived:
            await self.arrived.wait_for(lambda: len(self.requests) >= count)


async def accept(_request: web.Request) -> web.StreamResponse:
    """What a healthy buyer answers."""
    return web.json_response({"status": "accepted"})


@asynccontextmanager
async def http_endpoint(answer: Answer = accept, secret: str | None = SECRET) -> AsyncIterator[Endpoint]:
    """A receiver on loopback that answers as told."""
    endpoint = Endpoint(secret=secret)

    async def handle(request: web.Request) -> web.StreamResponse:
        await endpoint.take(request)
        return await answer(request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    endpoint.url = f"http://127.0.0.1:{runner.addresses[0][1]}/leads"
    try:
        yield endpoint
    finally:
        await runner.cleanup()


def always(status: int, body: str = "", **headers: str) -> Answer:
    """An answer of fixed status, body and headers (retry_after=…)."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(
            status=status, text=body, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )

    return answer


@asynccontextmanager
async def raw_server(talk: Talk) -> AsyncIterator[int]:
    """A TCP server on loopback that talks as told; yields its port."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """One whole HTTP request."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    return head + await reader.readexactly(int(length.split(b":")[1]))


class Mailbox:
    """An SMTP server's handler that keeps what came; a test may replace its answers."""

    def __init__(self) -> None:
        self.port = 0
        self.messages: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.recipients: list[list[str]] = []
        self.connections = 0
        self.last: SMTP | None = None
        self.secured: list[bool] = []
        self.on_rset = "250 OK"
        self.on_mail = "250 OK"
        self.on_rcpt = "250 OK"
        self.on_data = "250 kept"
        self.drop_at_data = False

    def hang_up(self) -> None:
        """Close the newest connection."""
        assert self.last
        cast(asyncio.Transport, self.last.transport).abort()

    async def handle_RSET(self, _server: SMTP, _session: Session, _envelope: Envelope) -> str:  # noqa: N802
        """Answer RSET; "" for never."""
        if not self.on_rset:
            await asyncio.sleep(60)
        return self.on_rset

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Answer MAIL FROM."""
        if self.on_mail.startswith("2"):
            envelope.mail_from = address
        return self.on_mail

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Answer RCPT TO."""
        if self.on_rcpt.startswith("2"):
            envelope.rcpt_tos.append(address)
        return self.on_rcpt

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Answer the message; "" for never."""
        self.secured.append(session.ssl is not None)
        self.raw.append(cast(bytes, envelope.content))
        self.messages.append(message_from_bytes(self.raw[-1], policy=policy.default))
        self.recipients.append(envelope.rcpt_tos)
        if self.drop_at_data:
            cast(asyncio.Transport, server.transport).abort()
        if not self.on_data:
            await asyncio.sleep(60)
        return self.on_data


@asynccontextmanager
async def mailbox(**options: Any) -> AsyncIterator[Mailbox]:
    """A real SMTP server on loopback. Options are aiosmtpd's."""
    box = Mailbox()
    loop = asyncio.get_running_loop()

    def connect() -> SMTP:
        box.connections += 1
        box.last = SMTP(box, loop=loop, **options)
        return box.last

    server = await loop.create_server(connect, "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]
    async with server:
        yield box


def make_certificate(directory: Path) -> Path:
    """A self-signed certificate for 127.0.0.1 with its key, in one file."""
    path = directory / "cert.pem"
    request = (
        "req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    )
    subprocess.run(
        ["openssl", *request.split(), "-keyout", path, "-out", directory / "only"],
        check=True,
        capture_output=True,
    )
    path.write_bytes(path.read_bytes() + (directory / "only").read_bytes())
    return path


def lead(**changes: Any) -> dict[str, Any]:
    """A lead as a body carries it."""
    return {
        "name": "Jane Doe",
        "email": "jane@example.com",
        "phone": "+15125550123",
        "postal_code": "78701",
        "city": "Austin",
        "country_code": "US",
        "region_code": "US-TX",
        "message": "The kitchen tap leaks.\nAfter five, please.",
        "attributes": {"job_type": "leak", "floors": 2},
        **changes,
    }


def delivery(target: str, channel: str = "webhook", **changes: Any) -> Delivery:
    """A claimed delivery; `lead` in the changes is the lead of its body, `disclosed` what stands beside it."""
    body = {
        "type": "lead.assigned",
        "timestamp": "2026-11-21T10:15:00Z",
        "data": {
            "assignment_id": 7,
            "lead_id": 5,
            "offer_id": 1,
            "market_id": 1,
            "vertical_id": 1,
            "buyer_id": 1,
            "price": "45.00",
            "currency": "USD",
            "lead": changes.pop("lead", lead()),
            **changes.pop("disclosed", {}),
        },
    }
    details: dict[str, Any] = {
        "buyer_name": "Ann's Pipes",
        "offer_name": "Austin plumbing",
        "vertical_name": "Plumbing",
        "market_name": "Austin",
        "timezone": "America/Chicago",
        **changes.pop("extra", {}),
    }
    row: dict[str, Any] = {
        "delivery_id": 3,
        "lease_token": "6c1c8d5e-5d0c-4b7e-8f5e-0d4a2f1b9c3d",
        "attempt": 1,
        "channel": channel,
        "kind": "lead.assigned",
        "target": target,
        "message_id": "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W",
        "secrets": [SECRET],
        "headers": None,
        "body": json.dumps(body, ensure_ascii=False),
        "details": details,
        "timeout_seconds": None,
        "buyer_id": 1,
        "endpoint_id": 1,
    }
    return Delivery(**{**row, **changes})
