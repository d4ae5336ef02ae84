"""Answers that are too slow, too long, or not what they say: FAULTS 26 and 29."""

import asyncio
import gzip
import tracemalloc
import zlib
from typing import Any

import pytest
from aiohttp import web

from leadgen.worker.attempt import LONGEST_REPLY, Delivery, attempt_delivery
from leadgen.worker.egress import Egress
from leadgen.worker.exchange import LONGEST_READ
from leadgen.worker.webhook import WebhookSender
from worker.receivers import delivery, http_endpoint, raw_server, read_request

OK = b"HTTP/1.1 200 OK\r\n"


async def send(work: Delivery, deadline: float = 2) -> dict[str, Any]:
    """One attempt by a sender of its own."""
    async with WebhookSender(deadline, Egress(development=True)) as sender:
        return await attempt_delivery(sender, work)


async def answer_to(*parts: bytes, pause: float = 0, deadline: float = 2) -> dict[str, Any]:
    """The result when a receiver reads the request, then says these parts and hangs up."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)

    async with raw_server(talk) as port:
        return await send(delivery(f"http://127.0.0.1:{port}/leads"), deadline)


async def drip(head: bytes, drop: bytes, deadline: float) -> dict[str, Any]:
    """The result when a receiver's answer never ends."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(head)
        while True:
            writer.write(drop)
            await writer.drain()
            await asyncio.sleep(0.02)

    async with raw_server(talk) as port:
        return await send(delivery(f"http://127.0.0.1:{port}/leads"), deadline)


async def test_dripping_reply_ends_with_the_deadline() -> None:
    result = await drip(OK + b"Content-Length: 100000\r\n\r\n", b".", deadline=0.5)
    assert (result["outcome"], result["status_code"]) == ("answered", 200), "the status was the answer"
    assert set(result["reply"]) == {"."}, "what came is kept"
    assert 450 < result["latency_ms"] < 1500


async def test_dripping_chunks_end_with_the_deadline() -> None:
    result = await drip(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n.\r\n", deadline=0.5)
    assert (result["outcome"], result["status_code"]) == ("answered", 200)
    assert 450 < result["latency_ms"] < 1500


@pytest.mark.parametrize("drop", [b"X-A: b\r\n", b"X", b"HTTP/1.1 102 Processing\r\n\r\n"])
async def test_dripping_head_is_no_answer(drop: bytes) -> None:
    head = b"" if drop.startswith(b"HTTP") else OK
    result = await drip(head, drop, deadline=0.5)
    assert (result["outcome"], result["error_class"]) == ("unknown", "timeout")
    assert 450 < result["latency_ms"] < 1500


async def test_endless_reply_is_cut_off() -> None:
    sent = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await read_request(reader)
        writer.write(b"HTTP/1.1 500 Oops\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()
            sent += 65_536

    async with raw_server(talk) as port:
        result = await send(delivery(f"http://127.0.0.1:{port}/leads"), deadline=5)
    assert (result["outcome"], result["status_code"]) == ("answered", 500)
    assert result["latency_ms"] < 3000
    assert sent < 200 * LONGEST_READ
    assert len(result["reply"]) == LONGEST_REPLY


async def test_endless_head_is_cut_off() -> None:
    result = await answer_to(OK + b"X-A: " + b"b" * 1_000_000 + b"\r\n\r\n")
    assert result["outcome"] == "unknown"
    assert result["error_class"] in ("protocol", "lost")


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, gzip"])
async def test_compressed_reply_is_not_inflated(encoding: str) -> None:
    zeros = b"\0" * 200_000_000
    bomb = zlib.compress(zeros) if encoding == "deflate" else gzip.compress(zeros)
    del zeros

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=bomb, headers={"Content-Encoding": encoding})

    async with http_endpoint(answer) as endpoint:
        tracemalloc.start()
        result = await send(delivery(endpoint.url))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert (result["outcome"], result["status_code"]) == ("answered", 200)
    assert len(result["reply"]) <= LONGEST_REPLY
    assert "\x00" not in result["reply"]
    assert peak < 20_000_000


@pytest.mark.parametrize(
    "body", [b"\xff\xfe\x00\x01", b"\x00" * 100, bytes(range(256)), b"\xed\xa0\x80", b"\x89PNG\r\n\x1a\n"]
)
async def test_reply_that_is_no_text_can_be_recorded(body: bytes) -> None:
    result = await answer_to(OK + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    assert (result["outcome"], result["status_code"]) == ("answered", 200)
    assert "\x00" not in result["reply"]
    result["reply"].encode()


async def test_reply_in_any_script_is_kept_to_the_limit() -> None:
    body = "\N{PILE OF POO}".encode() * (LONGEST_REPLY + 10)
    result = await answer_to(OK + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    assert result["reply"] == "\N{PILE OF POO}" * LONGEST_REPLY


async def test_connection_dropped_after_the_body_was_read_is_unknown() -> None:
    """FAULTS 29: whether the receiver kept the lead nobody knows."""
    result = await answer_to()
    assert (result["outcome"], result["status_code"], result["error_class"]) == ("unknown", None, "lost")


async def test_connection_dropped_within_the_reply_leaves_the_status() -> None:
    result = await answer_to(OK + b"Content-Length: 1000\r\n\r\n", b'{"status": ')
    assert (result["outcome"], result["status_code"], result["reply"]) == ("answered", 200, '{"status": ')


async def test_connection_dropped_within_the_head_is_unknown() -> None:
    result = await answer_to(b"HTTP/1.1 20")
    assert (result["outcome"], result["status_code"]) == ("unknown", None)
