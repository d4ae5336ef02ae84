"""Webhooks, as https://www.standardwebhooks.com says: signed JSON by POST, one deadline, no redirects."""

import binascii
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Self

from aiohttp import InvalidURL
from standardwebhooks.webhooks import Webhook

from leadgen.worker.attempt import Attempt, Delivery, Fault, Refused
from leadgen.worker.egress import Egress
from leadgen.worker.exchange import WatchedBody, describe, open_session, read_reply, read_retry_after

USER_AGENT = "LeadGen-Webhooks/1"
SECRET = re.compile(r"whsec_[A-Za-z0-9+/]+={0,2}")
UNUSABLE = "the secret is not whsec_ followed by base64"
EXTRA_NAME = re.compile(r"authorization|x-[a-z0-9][a-z0-9_-]*", re.IGNORECASE)
EXTRA_VALUE = re.compile(r"[ -~]*")


class WebhookSender:
    """Posts deliveries over pooled connections. Use as an async context manager."""

    def __init__(self, deadline: float, egress: Egress) -> None:
        self.deadline = deadline
        self._egress = egress

    async def __aenter__(self) -> Self:
        self._session = open_session(self._egress)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def send(self, delivery: Delivery, attempt: Attempt) -> None:
        """Post once. The answer is the status and the start of its body; the database judges both."""
        url = self._egress.check_url(delivery.target)
        headers = {
            **check_extra_headers(delivery.headers or {}),
            **sign(delivery.message_id, delivery.body, delivery.secrets or [], datetime.now(UTC)),
        }
        body = WatchedBody(delivery.body.encode(), "application/json", attempt)
        try:
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as response:
                attempt.conclude("answered", response.status)
                attempt.retry_after_seconds = read_retry_after(response)
                await read_reply(response, attempt)
        except InvalidURL:
            raise Refused("the URL is not valid", "egress") from None

    def describe(self, error: Exception) -> Fault:
        """What an error on the way is."""
        return describe(error)


def check_extra_headers(headers: dict[str, Any]) -> dict[str, str]:
    """The buyer's own headers. Raises Refused for one that it may not set, or that cannot be sent.

    They were judged when they were written; judged again here, none can ever pose as one of ours.
    """
    for name, value in headers.items():
        if not EXTRA_NAME.fullmatch(name):
            raise Refused("an extra header has a name that is not allowed: use Authorization or X-…")
        if not (isinstance(value, str) and EXTRA_VALUE.fullmatch(value)):
            raise Refused("an extra header has a value that is not printable ASCII")
    return headers


def sign(message_id: str, body: str, secrets: list[str], now: datetime) -> dict[str, str]:
    """The headers of one request, with a signature by each secret. Raises Refused for a bad secret."""
    if not secrets:
        raise Refused("the endpoint has no secret to sign with", "setup")
    signatures = [_signer(secret).sign(message_id, now, body) for secret in secrets]
    return {
        "user-agent": USER_AGENT,
        "accept-encoding": "identity",  # an answer is judged as it comes
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


@lru_cache(maxsize=4096)
def _signer(secret: str) -> Webhook:
    if not SECRET.fullmatch(secret):  # the package would skip what is not base64
        raise Refused(UNUSABLE, "setup")
    try:
        return Webhook(secret)
    except binascii.Error:
        raise Refused(UNUSABLE, "setup") from None
