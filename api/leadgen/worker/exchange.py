"""What both channels that speak HTTP share: the session, the watched body, the bounded answer, the words."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

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
    ServerDisconnectedError,
)
from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import BytesPayload

from leadgen.answer import LONGEST_HEAD, MOST_HEADERS, TooMuch
from leadgen.worker.attempt import Attempt, Fault
from leadgen.worker.egress import Egress

DIGITS = re.compile(r"[0-9]+")
LONGEST_READ = 65_536  # raw bytes of an answer that are read; the rest is cut off with the connection
KEPT_BYTES = LONGEST_READ  # of which this many are decoded, to be judged
LONGEST_RETRY_AFTER = 3_600  # seconds
NO_TIMEOUT = ClientTimeout(total=None, sock_connect=None)  # the attempt's deadline covers all of it
FAULTS = (
    (TooMuch, Fault("too many bytes or interim answers before a final status", "protocol")),
    (ClientConnectorDNSError, Fault("the name does not resolve", "dns")),
    (ClientConnectorCertificateError, Fault("the TLS certificate is not trusted", "tls")),
    (ClientConnectorSSLError, Fault("TLS failed", "tls")),
    (ClientConnectorError, Fault("cannot connect", "connect")),
    (ServerDisconnectedError, Fault("connection closed without an answer", "lost")),
    (ClientResponseError, Fault("the answer is not HTTP", "protocol")),
    (ClientOSError, Fault("connection lost", "lost")),
)


def open_session(egress: Egress) -> ClientSession:
    """A session that reaches only what the rule allows, keeps no cookies, knows no proxies, inflates nothing."""
    return ClientSession(
        connector=egress.connector(),
        cookie_jar=DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        timeout=NO_TIMEOUT,
        max_line_size=LONGEST_HEAD,
        max_field_size=LONGEST_HEAD,
        max_headers=MOST_HEADERS,
        skip_auto_headers=("Accept", "Accept-Encoding"),
    )


def describe(error: Exception) -> Fault:
    """The kind of error. Not its own words, for they repeat the URL."""
    return next(
        (fault for kind, fault in FAULTS if isinstance(error, kind)), Fault(type(error).__name__, "protocol")
    )


class WatchedBody(BytesPayload):
    """A request body that notes when it goes out: from then on nobody knows what the receiver has."""

    def __init__(self, value: bytes, content_type: str, attempt: Attempt) -> None:
        super().__init__(value, content_type=content_type)
        self._attempt = attempt

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        self._attempt.body_sent = True
        await super().write_with_length(writer, content_length)


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


async def read_reply(response: ClientResponse, attempt: Attempt) -> str:
    """The start of the answer's raw bytes, as text; the attempt keeps what came, however it ends.

    After LONGEST_READ the connection is given up.
    """
    kept, size = bytearray(), 0
    try:
        async for chunk in response.content.iter_any():
            kept += chunk[: KEPT_BYTES - len(kept)]
            size += len(chunk)
            if size >= LONGEST_READ:
                response.close()
                break
    finally:
        attempt.reply = kept.decode("utf-8", "replace")
    return attempt.reply
