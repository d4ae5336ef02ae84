"""The demo's receivers: they take what the buyer's secret signed, and misbehave on purpose."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from smtplib import SMTP

import aiohttp
import pytest
from standardwebhooks.webhooks import Webhook

from leadgen.demo.buyers import Endpoints, Receipts, open_mailbox, open_receiver

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
STUMBLING, AWAY = "Gulf Coast Home Services", "Palmetto Storm Restoration"


@pytest.fixture
def receipts() -> Receipts:
    return Receipts()


@pytest.fixture
async def endpoints(receipts: Receipts) -> AsyncIterator[Endpoints]:
    async with open_receiver(dict.fromkeys(("Ann & Sons", STUMBLING, AWAY), SECRET), receipts) as endpoints:
        yield endpoints


@pytest.fixture
def urls(endpoints: Endpoints) -> Mapping[str, str]:
    return endpoints.urls


async def send(url: str, secret: str = SECRET, message: str = "msg_1", kind: str = "lead.assigned") -> int:
    """Send a signed webhook; returns the answer's status."""
    data = {} if kind == "webhook.test" else {"assignment_id": 5}
    body, now = json.dumps({"type": kind, "data": data}), datetime.now(UTC)
    headers = {
        "webhook-id": message,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(message, now, body),
    }
    async with aiohttp.ClientSession() as client, client.post(url, data=body, headers=headers) as answer:
        return answer.status


async def test_a_signed_webhook_is_kept(urls: Mapping[str, str], receipts: Receipts) -> None:
    assert await send(urls["Ann & Sons"]) == 200
    assert receipts.webhooks == {"msg_1": ("Ann & Sons", 5)}


async def test_a_test_message_is_answered_and_is_no_lead(urls: Mapping[str, str], receipts: Receipts) -> None:
    assert await send(urls["Ann & Sons"], kind="webhook.test") == 200
    assert receipts.webhooks == {}


async def test_a_forged_one_is_not(urls: Mapping[str, str], receipts: Receipts) -> None:
    assert await send(urls["Ann & Sons"], OTHER_SECRET) == 401
    assert (receipts.webhooks, receipts.forged) == ({}, 1)


async def test_the_stumbling_buyer_takes_each_lead_at_the_third_attempt(
    urls: Mapping[str, str], receipts: Receipts
) -> None:
    assert [await send(urls[STUMBLING], message=m) for m in ("msg_1", "msg_1", "msg_2", "msg_1")] == [
        503,
        503,
        503,
        200,
    ]
    assert set(receipts.webhooks) == {"msg_1"}


async def test_nobody_is_at_the_buyer_who_is_away_until_it_is_repaired(endpoints: Endpoints) -> None:
    with pytest.raises(aiohttp.ClientConnectorError):
        await send(endpoints.urls[AWAY])
    await endpoints.repair()
    assert await send(endpoints.urls[AWAY]) == 200


async def test_the_mail_catcher_shows_the_links_of_users_and_no_others(receipts: Receipts) -> None:
    heard: list[str] = []
    receipts.listeners.append(heard.append)
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = (
        "leads@leadgen.example",
        "bob@example.com",
        "Choose a password",
    )
    mail["Message-ID"] = "<m1@leadgen.example>"
    mail.set_content("Open\nhttp://127.0.0.1:1/account/password/abc-_1\nor http://127.0.0.1:1/answers/xyz\n")
    async with open_mailbox(receipts) as port:
        await asyncio.to_thread(hand_in, mail, port)
    assert receipts.emails == {"m1": "bob@example.com"}
    assert heard == [
        "bob@example.com received an email: Choose a password",
        "  http://127.0.0.1:1/account/password/abc-_1",
    ]


def hand_in(mail: EmailMessage, port: int) -> None:
    with SMTP("127.0.0.1", port) as server:
        server.send_message(mail)
