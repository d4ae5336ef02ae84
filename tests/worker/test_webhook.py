"""The webhook sender against real receivers: signatures, outcomes, limits."""

import asyncio
import gzip
import ssl
import subprocess
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
from leadgen.worker.webhook import LONGEST_READ, WebhookSender
from worker.receivers import OLD_SECRET, SECRET, always, delivery, http_endpoint, raw_server, read_request


async def send(work: Delivery, deadline: float = 2) -> dict[str, Any]:
    """One attempt by a sender of its own."""
    async with WebhookSender(deadline, Egress(development=True)) as sender:
        return await attempt_delivery(sender, work)


async def test_receiver_gets_the_signed_body_and_only_known_headers() -> None:
    async with http_endpoint() as endpoint:
        work = delivery(f"{endpoint.url}?tenant=7")
        result = await send(work)
    (headers, body), *more = endpoint.requests
    assert not more
    assert body["data"]["lead"]["email"] == "jane@example.com"
    assert headers["webhook-id"] == work.message_id
    assert headers["content-type"] == "application/json"
    known = {"host", "content-type", "content-length", "user-agent"}
    assert set(headers) == known | {"webhook-id", "webhook-timestamp", "webhook-signature"}
    assert (result["outcome"], result["status_code"], result["error"]) == ("delivered", 200, None)
    assert result["reply"] == '{"status": "accepted"}'
    assert result["latency_ms"] > 0


@pytest.mark.parametrize("known_to_receiver", [SECRET, OLD_SECRET])
async def test_rotation_signs_with_both_secrets(known_to_receiver: str) -> None:
    async with http_endpoint(secret=known_to_receiver) as endpoint:
        result = await send(delivery(endpoint.url, secrets=[SECRET, OLD_SECRET]))
    assert result["outcome"] == "delivered"
    assert len(endpoint.requests[0][0]["webhook-signature"].split()) == 2


async def test_another_secret_does_not_verify() -> None:
    """The receiver of these tests does refuse: a check on the checks above."""
    async with http_endpoint(secret=OLD_SECRET) as endpoint:
        result = await send(delivery(endpoint.url))
    assert (result["outcome"], result["status_code"], endpoint.requests) == ("failed", 500, [])


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, "delivered"),
        (201, "delivered"),
        (204, "delivered"),
        (299, "delivered"),
        (409, "delivered"),
        (410, "refused"),
        (300, "failed"),
        (304, "failed"),
        (400, "failed"),
        (404, "failed"),
        (429, "failed"),
        (500, "failed"),
        (503, "failed"),
        (599, "failed"),
    ],
)
async def test_status_decides(status: int, outcome: str) -> None:
    async with http_endpoint(always(status)) as endpoint:
        result = await send(delivery(endpoint.url))
    assert (result["outcome"], result["status_code"]) == (outcome, status)
    assert result["error"] == (None if outcome == "delivered" else f"HTTP {status}")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirect_is_a_failure_and_its_target_never_hears_of_it(status: int) -> None:
    async with (
        http_endpoint() as elsewhere,
        http_endpoint(always(status, location=elsewhere.url)) as endpoint,
    ):
        result = await send(delivery(endpoint.url))
    assert (result["outcome"], result["status_code"]) == ("failed", status)
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
    assert (result["outcome"], result["retry_after_seconds"]) == ("failed", None)


async def test_retry_after_is_for_429_and_503() -> None:
    async with http_endpoint(always(500, retry_after="60")) as endpoint:
        assert (await send(delivery(endpoint.url)))["retry_after_seconds"] is None


async def test_nobody_listens_is_a_clean_failure() -> None:
    async with raw_server(lambda _reader, _writer: asyncio.sleep(0)) as port:
        pass
    result = await send(delivery(f"http://127.0.0.1:{port}/?token=hush"))
    assert (result["outcome"], result["status_code"], result["error"]) == ("failed", None, "cannot connect")


async def test_name_that_does_not_resolve_is_a_clean_failure() -> None:
    result = await send(delivery("http://nobody.invalid/leads"), deadline=10)
    assert (result["outcome"], result["error"]) == ("failed", "the name does not resolve")


async def test_bad_tls_is_a_clean_failure() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(64)
        writer.write(b"HTTP/1.1 400 no TLS here\r\n\r\n")
        await writer.drain()

    async with raw_server(talk) as port:
        result = await send(delivery(f"https://127.0.0.1:{port}/leads"))
    assert (result["outcome"], result["error"]) == ("failed", "TLS failed")


async def test_disconnect_after_the_body_is_unknown() -> None:
    async def talk(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await read_request(reader)

    async with raw_server(talk) as port:
        result = await send(delivery(f"http://127.0.0.1:{port}/leads"))
    assert (result["outcome"], result["status_code"]) == ("unknown", None)


async def test_silence_after_the_body_is_unknown() -> None:
    async def talk(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        await asyncio.sleep(60)

    async with raw_server(talk) as port:
        result = await send(delivery(f"http://127.0.0.1:{port}/leads"), deadline=0.3)
    assert (result["outcome"], result["error"]) == ("unknown", "no answer within 0.3 s")


async def test_silence_before_the_body_is_a_clean_failure() -> None:
    """The TLS handshake never ends, so nothing of the lead has left."""

    async def talk(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async with raw_server(talk) as port:
        result = await send(delivery(f"https://127.0.0.1:{port}/leads"), deadline=0.3)
    assert (result["outcome"], result["error"]) == ("failed", "not sent within 0.3 s")


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
            assert result["outcome"] == "delivered"
            await asyncio.sleep(0.1)


async def test_answer_that_is_not_http_is_unknown() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"220 mail.example ESMTP\r\n\r\n")
        await writer.drain()

    async with raw_server(talk) as port:
        result = await send(delivery(f"http://127.0.0.1:{port}/leads"))
    assert (result["outcome"], result["error"]) == ("unknown", "the answer is not HTTP")


async def test_dripping_reply_ends_with_the_deadline() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with raw_server(talk) as port:
        result = await send(delivery(f"http://127.0.0.1:{port}/leads"), deadline=0.5)
    assert result["outcome"] == "delivered", "the status was the answer"
    assert 450 < result["latency_ms"] < 1500


async def test_endless_reply_is_cut_off() -> None:
    sent = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await read_request(reader)
        writer.write(b"HTTP/1.1 500 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()
            sent += 65_536

    async with raw_server(talk) as port:
        result = await send(delivery(f"http://127.0.0.1:{port}/leads"), deadline=5)
    assert result["outcome"] == "failed"
    assert result["latency_ms"] < 3000
    assert sent < 200 * LONGEST_READ
    assert len(result["reply"]) <= 500


async def test_compressed_reply_is_not_inflated() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=bomb, headers={"Content-Encoding": "gzip"})

    async with http_endpoint(answer) as endpoint:
        result = await send(delivery(endpoint.url))
    assert result["outcome"] == "delivered"
    assert len(result["reply"]) <= 500
    assert "\x00" not in result["reply"]


@pytest.mark.parametrize(
    "secrets", [[], None, ["whsec_"], ["whsec_A"], ["not a secret"], [SECRET, "whsec_!!"]]
)
async def test_bad_secret_is_refused_unsent(secrets: list[str] | None) -> None:
    async with http_endpoint() as endpoint:
        result = await send(delivery(endpoint.url, secrets=secrets))
    assert result["outcome"] == "refused"
    assert "secret" in result["error"]
    assert endpoint.requests == []


async def test_cookies_and_proxies_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    sending = WebhookSender(2, Egress(development=True))
    async with http_endpoint(always(200, set_cookie="a=b")) as endpoint, sending as sender:
        for _ in range(2):
            assert (await attempt_delivery(sender, delivery(endpoint.url)))["outcome"] == "delivered"
    assert all("cookie" not in headers for headers, _ in endpoint.requests)


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


async def test_certificate_that_is_not_trusted_is_a_clean_failure(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        result = await send(delivery(f"https://127.0.0.1:{port}/leads"))
    assert (result["outcome"], result["error"]) == ("failed", "the TLS certificate is not trusted")


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
    assert (result["outcome"], result["error"]) == ("unknown", "no answer within 0.2 s")
    assert 150 < result["latency_ms"] < 3000
