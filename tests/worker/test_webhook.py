"""The webhook sender against real receivers: signatures, outcomes, limits."""

import asyncio
import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from leadgen.worker import attempt
from leadgen.worker.attempt import Delivery, attempt_delivery
from leadgen.worker.egress import Egress
from leadgen.worker.webhook import WebhookSender
from worker.receivers import (
    OLD_SECRET,
    SECRET,
    always,
    delivery,
    http_endpoint,
    make_certificate,
    raw_server,
    read_request,
)


async def send(work: Delivery, deadline: float = 2) -> dict[str, Any]:
    """One attempt by a sender of its own."""
    async with WebhookSender(deadline, Egress(development=True)) as sender:
        return await attempt_delivery(sender, work)


def fault(result: dict[str, Any]) -> tuple[Any, ...]:
    """What it ended as, why, and the kind of trouble."""
    return result["outcome"], result["error"], result["error_class"]


async def test_receiver_gets_the_signed_body_and_only_known_headers() -> None:
    async with http_endpoint() as endpoint:
        work = delivery(f"{endpoint.url}?tenant=7")
        result = await send(work)
    (headers, body), *more = endpoint.requests
    assert not more
    assert body["data"]["lead"]["email"] == "jane@example.com"
    assert headers["webhook-id"] == work.message_id
    assert headers["content-type"] == "application/json"
    known = {"host", "content-type", "content-length", "user-agent", "accept-encoding"}
    assert set(headers) == known | {"webhook-id", "webhook-timestamp", "webhook-signature"}
    assert (result["outcome"], result["status_code"], result["error"]) == ("answered", 200, None)
    assert result["reply"] == '{"status": "accepted"}'
    assert result["latency_ms"] > 0


@pytest.mark.parametrize("known_to_receiver", [SECRET, OLD_SECRET])
async def test_rotation_signs_with_both_secrets(known_to_receiver: str) -> None:
    async with http_endpoint(secret=known_to_receiver) as endpoint:
        result = await send(delivery(endpoint.url, secrets=[SECRET, OLD_SECRET]))
    assert (result["outcome"], result["status_code"]) == ("answered", 200)
    assert len(endpoint.requests[0][0]["webhook-signature"].split()) == 2


async def test_another_secret_does_not_verify() -> None:
    """The receiver of these tests does refuse: a check on the checks above."""
    async with http_endpoint(secret=OLD_SECRET) as endpoint:
        result = await send(delivery(endpoint.url))
    assert (result["outcome"], result["status_code"], endpoint.requests) == ("answered", 500, [])


@pytest.mark.parametrize("status", [200, 204, 299, 300, 304, 400, 404, 409, 410, 429, 500, 503, 599])
async def test_status_is_passed_on_for_the_database_to_judge(status: int) -> None:
    async with http_endpoint(always(status)) as endpoint:
        result = await send(delivery(endpoint.url))
    assert (result["outcome"], result["status_code"]) == ("answered", status)
    assert (result["error"], result["error_class"]) == (None, None)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_target_of_a_redirect_never_hears_of_it(status: int) -> None:
    async with (
        http_endpoint() as elsewhere,
        http_endpoint(always(status, location=elsewhere.url)) as endpoint,
    ):
        result = await send(delivery(endpoint.url))
    assert (result["outcome"], result["status_code"]) == ("answered", status)
    assert elsewhere.requests == []


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("wait", "low", "high"),
    [
        ("120", 120, 120),
        ("0", 0, 0),
        ("99999999999", 3600, 3600),
        (timedelta(seconds=60), 40, 60),
        (timedelta(days=400), 3600, 3600),
        (timedelta(days=-1), 0, 0),
    ],
)
async def test_retry_after_is_bounded(status: int, wait: str | timedelta, low: float, high: float) -> None:
    value = wait if isinstance(wait, str) else format_datetime(datetime.now(UTC) + wait, usegmt=True)
    async with http_endpoint(always(status, retry_after=value)) as endpoint:
        result = await send(delivery(endpoint.url))
    assert low <= result["retry_after_seconds"] <= high


@pytest.mark.parametrize("value", ["", "-5", "soon", "1.5", "9" * 5000, "Mon, 99 Foo 2026", "٣"])
async def test_retry_after_that_makes_no_sense_is_ignored(value: str) -> None:
    async with http_endpoint(always(503, retry_after=value)) as endpoint:
        result = await send(delivery(endpoint.url))
    assert (result["outcome"], result["retry_after_seconds"]) == ("answered", None)


async def test_retry_after_is_for_429_and_503() -> None:
    async with http_endpoint(always(500, retry_after="60")) as endpoint:
        assert (await send(delivery(endpoint.url)))["retry_after_seconds"] is None


async def test_nobody_listens_is_a_clean_failure() -> None:
    async with raw_server(lambda _reader, _writer: asyncio.sleep(0)) as port:
        pass
    result = await send(delivery(f"http://127.0.0.1:{port}/?token=hush"))
    assert fault(result) == ("failed", "cannot connect", "connect")


async def test_name_that_does_not_resolve_is_a_clean_failure() -> None:
    result = await send(delivery("http://nobody.invalid/leads"), deadline=10)
    assert fault(result) == ("failed", "the name does not resolve", "dns")


async def test_bad_tls_is_a_clean_failure() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(64)
        writer.write(b"HTTP/1.1 400 no TLS here\r\n\r\n")
        await writer.drain()

    async with raw_server(talk) as port:
        result = await send(delivery(f"https://127.0.0.1:{port}/leads"))
    assert fault(result) == ("failed", "TLS failed", "tls")


async def test_disconnect_after_the_body_is_unknown() -> None:
    async def talk(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await read_request(reader)

    async with raw_server(talk) as port:
        result = await send(delivery(f"http://127.0.0.1:{port}/leads"))
    assert fault(result) == ("unknown", "connection closed without an answer", "lost")


async def test_silence_after_the_body_is_unknown() -> None:
    async def talk(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        await asyncio.sleep(60)

    async with raw_server(talk) as port:
        result = await send(delivery(f"http://127.0.0.1:{port}/leads"), deadline=0.3)
    assert fault(result) == ("unknown", "no answer within 0.3 s", "timeout")


async def test_silence_before_the_body_is_a_clean_failure() -> None:
    """The TLS handshake never ends, so nothing of the lead has left."""

    async def talk(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async with raw_server(talk) as port:
        result = await send(delivery(f"https://127.0.0.1:{port}/leads"), deadline=0.3)
    assert fault(result) == ("failed", "not sent within 0.3 s", "timeout")


async def test_connection_closed_while_idle_is_not_used_again() -> None:
    """A server that ends kept-alive connections costs no delivery."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)

    async with raw_server(talk) as port, WebhookSender(2, Egress(development=True)) as sender:
        for _ in range(3):
            result = await attempt_delivery(sender, delivery(f"http://127.0.0.1:{port}/leads"))
            assert result["outcome"] == "answered"
            await asyncio.sleep(0.1)


async def test_answer_that_is_not_http_is_unknown() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"220 mail.example ESMTP\r\n\r\n")
        await writer.drain()

    async with raw_server(talk) as port:
        result = await send(delivery(f"http://127.0.0.1:{port}/leads"))
    assert fault(result) == ("unknown", "the answer is not HTTP", "protocol")


@pytest.mark.parametrize(
    "secrets", [[], None, ["whsec_"], ["whsec_A"], ["not a secret"], [SECRET, "whsec_!!"]]
)
async def test_bad_secret_is_refused_unsent(secrets: list[str] | None) -> None:
    async with http_endpoint() as endpoint:
        result = await send(delivery(endpoint.url, secrets=secrets))
    assert result["outcome"] == "refused"
    assert "secret" in result["error"]
    assert result["error_class"] == "setup"
    assert endpoint.requests == []


async def test_extra_headers_of_the_buyer_are_sent() -> None:
    extra = {"Authorization": "Bearer abc.def", "X-Tenant": "7", "x-empty": ""}
    async with http_endpoint() as endpoint:
        result = await send(delivery(endpoint.url, headers=extra))
    headers, _ = endpoint.requests[0]
    assert result["status_code"] == 200
    assert (headers["authorization"], headers["x-tenant"], headers["x-empty"]) == ("Bearer abc.def", "7", "")


@pytest.mark.parametrize(
    "extra",
    [
        {"Host": "evil.example"},
        {"Cookie": "a=b"},
        {"Content-Type": "text/plain"},
        {"content-length": "0"},
        {"Transfer-Encoding": "chunked"},
        {"webhook-id": "msg_forged"},
        {"Webhook-Signature": "v1,forged"},
        {"User-Agent": "me"},
        {"X-Two\r\nHost": "x"},
        {"X ": "x"},
        {"X-": "x"},
        {"Authorization ": "x"},
        {"": "x"},
        {"X-Value": "one\r\nHost: evil.example"},
        {"X-Value": "tab\t"},
        {"X-Value": "nul\x00"},
        {"X-Value": "\u00fc"},
        {"X-Value": 7},
        {"X-Value": None},
        {"X-Good": "yes", "Authorization": "Bearer \n"},
    ],
)
async def test_header_that_a_buyer_may_not_set_is_refused_unsent(extra: dict[str, Any]) -> None:
    async with http_endpoint() as endpoint:
        result = await send(delivery(endpoint.url, headers=extra))
    assert (result["outcome"], result["error_class"], endpoint.requests) == ("refused", "message", [])
    assert "header" in result["error"]


async def test_cookies_and_proxies_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    sending = WebhookSender(2, Egress(development=True))
    async with http_endpoint(always(200, set_cookie="a=b")) as endpoint, sending as sender:
        for _ in range(2):
            assert (await attempt_delivery(sender, delivery(endpoint.url)))["status_code"] == 200
    assert all("cookie" not in headers for headers, _ in endpoint.requests)


async def test_certificate_that_is_not_trusted_is_a_clean_failure(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        result = await send(delivery(f"https://127.0.0.1:{port}/leads"))
    assert fault(result) == ("failed", "the TLS certificate is not trusted", "tls")


def test_a_result_holds_only_what_the_database_can_take() -> None:
    """A reply that was read byte by byte (surrogates) or holds a NUL must not make the outcome unrecordable."""
    assert attempt._clip("2.0.0 accept\udce9\x00", 100) == "2.0.0 accept?\ufffd"
    assert attempt._clip(None, 100) is None


async def test_delivery_brings_its_own_deadline() -> None:
    async def hang(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(5)
        raise AssertionError("nobody waits so long")

    async with http_endpoint(hang) as endpoint:
        result = await send(replace(delivery(endpoint.url), timeout_seconds=0.2), deadline=4)
    assert fault(result) == ("unknown", "no answer within 0.2 s", "timeout")
    assert 150 < result["latency_ms"] < 3000
