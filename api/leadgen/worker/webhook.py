"""Webhooks, as https://www.standardwebhooks.com says: signed JSON by POST, one deadline, no redirects."""

import binascii
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Self

from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientConnectorSSLError,
    ClientOSError,
    ClientResponse,
    ClientResponseError,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    InvalidURL,
    ServerDisconnectedError,
)
from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import BytesPayload
from standardwebhooks.webhooks import Webhook

from leadgen.worker.attempt import Attempt, Delivery, Outcome, Refused
from leadgen.worker.egress import Egress

USER_AGENT = "LeadGen-Webhooks/1"
DIGITS = re.compile(r"[0-9]+")
SECRET = re.compile(r"whsec_[A-Za-z0-9+/]+={0,2}")
UNUSABLE = "bad secret: whsec_ and base64 is needed"
LONGEST_READ = 65_536  # raw bytes of an answer that are read; the rest is cut off with the connection
KEPT_BYTES = 2_000  # of which this many are decoded to be kept
LONGEST_RETRY_AFTER = 3_600  # seconds
NO_TIMEOUT = ClientTimeout(total=None, sock_connect=None)  # the attempt's deadline covers all of it
DESCRIPTIONS = (
    (ClientConnectorDNSError, "the name does not resolve"),
    (ClientConnectorCertificateError, "the TLS certificate is not trusted"),
    (ClientConnectorSSLError, "TLS failed"),
    (ClientConnectorError, "cannot connect"),
    (ServerDisconnectedError, "connection closed without an answer"),
    (ClientResponseError, "the answer is not HTTP"),
    (ClientOSError, "connection lost"),
)


class WebhookSender:
    """Posts deliveries over pooled connections. Use as an async context manager."""

    def __init__(self, deadline: float, egress: Egress) -> None:
        self.deadline = deadline
        self._egress = egress

    async def __aenter__(self) -> Self:
        self._session = ClientSession(
            connector=self._egress.connector(),
            cookie_jar=DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            timeout=NO_TIMEOUT,
            skip_auto_headers=("Accept", "Accept-Encoding"),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def send(self, delivery: Delivery, attempt: Attempt) -> None:
        """Post once. The status decides; what follows it is only kept as evidence."""
        url = self._egress.check_url(delivery.target)
        headers = sign(delivery.message_id, delivery.body, delivery.secrets or [], datetime.now(UTC))
        body = WatchedBody(delivery.body.encode(), attempt)
        try:
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as response:
                attempt.conclude(*judge(response.status))
                attempt.retry_after_seconds = read_retry_after(response)
                attempt.reply = await read_reply(response)
        except InvalidURL:
            raise Refused("bad URL") from None

    def describe(self, error: Exception) -> str:
        """The kind of error. Not its own words, for they repeat the URL."""
        return next((words for kind, words in DESCRIPTIONS if isinstance(error, kind)), type(error).__name__)


class WatchedBody(BytesPayload):
    """A request body that notes when it goes out: from then on nobody knows what the receiver has."""

    def __init__(self, value: bytes, attempt: Attempt) -> None:
        super().__init__(value, content_type="application/json")
        self._attempt = attempt

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        self._attempt.body_sent = True
        await super().write_with_length(writer, content_length)


def sign(message_id: str, body: str, secrets: list[str], now: datetime) -> dict[str, str]:
    """The headers of one request, with a signature by each secret. Raises Refused for a bad secret."""
    if not secrets:
        raise Refused("no secret to sign with")
    try:
        signatures = [_signer(secret).sign(message_id, now, body) for secret in secrets]
    except binascii.Error:
        raise Refused(UNUSABLE) from None
    return {
        "user-agent": USER_AGENT,
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _signer(secret: str) -> Webhook:
    if not SECRET.fullmatch(secret):  # the package would skip what is not base64
        raise Refused(UNUSABLE)
    return Webhook(secret)


def judge(status: int) -> tuple[Outcome, int, str | None]:
    """What a status means: 409 says that the receiver has it already, 410 that it wants no more."""
    if 200 <= status < 300 or status == 409:
        return "delivered", status, None
    return ("refused" if status == 410 else "failed"), status, f"HTTP {status}"


def read_retry_after(response: ClientResponse) -> float | None:
    """Seconds that a 429 or 503 asks us to wait, 0 to LONGEST_RETRY_AFTER; None: not said, or nonsense."""
    value = response.headers.get("Retry-After", "").strip()
    if response.status not in (429, 503) or not value:
        return None
    try:
        wait = float(int(value)) if DIGITS.fullmatch(value) else _seconds_until(value)
    except (ValueError, OverflowError):
        return None
    return min(max(wait, 0.0), LONGEST_RETRY_AFTER)


def _seconds_until(http_date: str) -> float:
    moment = parsedate_to_datetime(http_date)
    return round((moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds(), 3)


async def read_reply(response: ClientResponse) -> str:
    """The start of the answer's raw bytes, as text. After LONGEST_READ the connection is given up."""
    kept, size = bytearray(), 0
    async for chunk in response.content.iter_any():
        kept += chunk[: KEPT_BYTES - len(kept)]
        size += len(chunk)
        if size >= LONGEST_READ:
            response.close()
            break
    return kept.decode("utf-8", "replace")
