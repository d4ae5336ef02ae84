"""Receivers that answer with too much, or with what HTTP does not foresee: bounded, and no status is lost."""

import asyncio
import itertools
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from hypothesis import given
from hypothesis import strategies as st

from leadgen import answer
from leadgen.answer import BoundedAnswer
from leadgen.worker.attempt import attempt_delivery
from leadgen.worker.egress import Egress
from leadgen.worker.webhook import WebhookSender
from worker.conftest import Outbox, Start
from worker.receivers import always, delivery, http_endpoint, raw_server, read_request

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

DEADLINE = 60  # what these receivers send never ends: only a limit ends the attempt sooner
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
TOO_MUCH = ("unknown", None, "too many bytes or interim answers before a final status")


def sending(*parts: bytes) -> Talk:
    """A receiver that answers with these bytes and keeps the connection open."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0)
        await reader.read()

    return talk


def flooding(head: bytes, repeated: bytes) -> Talk:
    """A receiver that repeats itself until the connection is cut."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(head)
        while True:
            writer.write(repeated * (65_536 // len(repeated) + 1))
            await writer.drain()
            await asyncio.sleep(0)

    return talk


async def send(talk: Talk, path: str = "/leads") -> dict[str, Any]:
    """One attempt at a receiver that talks like this."""
    async with raw_server(talk) as port, WebhookSender(DEADLINE, Egress(development=True)) as sender:
        return await attempt_delivery(sender, delivery(f"http://127.0.0.1:{port}{path}"))


def essence(result: dict[str, Any]) -> tuple[Any, ...]:
    """What the attempt came to."""
    return result["outcome"], result["status_code"], result["error"]


@pytest.mark.parametrize(
    ("head", "repeated"),
    [
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"),
        (b"", b"\r\n"),
        (b"", b"\n"),
        (b"HTTP/1.1 200 OK\r\nX-Endless: ", b"a"),
        (b"HTTP/1.1 200 ", b"a"),
    ],
    ids=["100", "103", "blank lines", "bare line ends", "header line", "status line"],
)
async def test_flood_before_the_status_ends_at_a_limit(head: bytes, repeated: bytes) -> None:
    assert essence(await send(flooding(head, repeated))) == TOO_MUCH


async def test_flood_of_header_lines_ends_at_a_limit() -> None:
    result = await send(flooding(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n"))
    assert (result["outcome"], result["status_code"]) == ("unknown", None)


@pytest.mark.parametrize(
    ("head", "repeated", "reply"),
    [
        (CHUNKED, b"1\r\na\r\n", "aaaa"),
        (CHUNKED + b"1;", b"x", ""),
        (CHUNKED + b"2\r\nok\r\n0\r\n", b"x-trailer: b\r\n", "ok"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"a", "aaaa"),
        (OK, OK, "ok"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b"a", ""),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", b"a", ""),
    ],
    ids=["chunks of a byte", "chunk extension", "trailers", "endless", "more answers", "204", "101"],
)
async def test_flood_after_the_status_costs_the_status_nothing(
    head: bytes, repeated: bytes, reply: str
) -> None:
    result = await send(flooding(head, repeated))
    status = int(head[9:12])
    assert essence(result) == ("answered", status, None)
    assert result["reply"].startswith(reply)


async def test_neighbours_are_served_while_others_flood() -> None:
    flood = flooding(b"", b"HTTP/1.1 100 Continue\r\n\r\n")
    sending_all = WebhookSender(DEADLINE, Egress(development=True))
    async with raw_server(flood) as port, http_endpoint() as endpoint, sending_all as sender:
        bad = delivery(f"http://127.0.0.1:{port}/")
        work = [bad, delivery(endpoint.url), bad, bad, delivery(endpoint.url)]
        results = await asyncio.gather(*(attempt_delivery(sender, one) for one in work))
    assert [r["outcome"] for r in results] == ["unknown", "answered", "unknown", "unknown", "answered"]


async def test_worker_delivers_to_others_while_a_buyer_floods_it(outbox: Outbox, start_worker: Start) -> None:
    flood = flooding(b"", b"HTTP/1.1 100 Continue\r\n\r\n")
    async with raw_server(flood) as port, http_endpoint() as endpoint:
        outbox.open_catalogue(f"http://127.0.0.1:{port}/leads")
        outbox.add_buyer(endpoint.url)
        outbox.set_policy(max_buyers=2)
        outbox.submit(20)
        async with start_worker(webhook_max_retries=0):
            await endpoint.wait_for(20)
            await outbox.wait_for(delivered=20, unknown=20)
    faults = outbox.rows(
        "select distinct outcome, error from leadgen.delivery_attempts where error is not null"
    )
    assert faults == [("unknown", TOO_MUCH[2])]


@pytest.mark.parametrize("interim", [1, answer.MOST_INTERIM])
async def test_interim_answers_that_are_meant_are_passed_over(interim: int) -> None:
    result = await send(sending(b"HTTP/1.1 102 Processing\r\n\r\n" * interim, OK))
    assert (*essence(result), result["reply"]) == ("answered", 200, None, "ok")


async def test_one_interim_answer_more_is_too_much() -> None:
    parts = b"HTTP/1.1 102 Processing\r\n\r\n" * (answer.MOST_INTERIM + 1)
    assert essence(await send(sending(parts, OK))) == TOO_MUCH


@pytest.mark.parametrize("length", [8_190, 10_000, 60_000])
async def test_long_header_line_is_read(length: int) -> None:
    head = b"HTTP/1.1 200 OK\r\nX-Policy: " + b"a" * length + b"\r\nContent-Length: 2\r\n\r\nok"
    result = await send(sending(head))
    assert (*essence(result), result["reply"]) == ("answered", 200, None, "ok")


async def test_many_header_lines_are_read() -> None:
    head = b"HTTP/1.1 202 Accepted\r\n" + b"X-More: yes\r\n" * 900 + b"Content-Length: 2\r\n\r\nok"
    assert essence(await send(sending(head))) == ("answered", 202, None)


@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize(
    "parts",
    [
        (b"Content-Length: 5\r\n\r\nhello",),
        (b"Content-Length: 5\r\n\r\n", b"hello"),
        (b"\r", b"\n\r", b"\nhello"),
    ],
    ids=["at once", "later", "in pieces"],
)
async def test_status_without_a_body_stands_though_a_body_follows(
    status: int, parts: tuple[bytes, ...]
) -> None:
    result = await send(sending(f"HTTP/1.1 {status} Done\r\nX-A: b\r\n".encode(), *parts))
    assert essence(result) == ("answered", status, None)


async def test_bytes_after_an_answer_do_not_cost_its_status() -> None:
    result = await send(sending(OK + b"\r\nand more that is no HTTP"))
    assert (*essence(result), result["reply"]) == ("answered", 200, None, "ok")


async def test_no_answer_is_taken_from_what_an_earlier_one_left_over() -> None:
    """A second answer that nobody asked for must not be the next delivery's."""
    forged = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"
    connections: deque[int] = deque()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        while True:
            await read_request(reader)
            writer.write(OK)
            await writer.drain()
            await asyncio.sleep(0.05)
            writer.write(forged)
            await writer.drain()

    async with raw_server(talk) as port, WebhookSender(DEADLINE, Egress(development=True)) as sender:
        for _ in range(2):
            result = await attempt_delivery(sender, delivery(f"http://127.0.0.1:{port}/"))
            assert result["reply"] == "ok"
            await asyncio.sleep(0.2)
    assert len(connections) == 2


def parse(protocol: ResponseHandler, pieces: list[bytes]) -> list[tuple[int, bytes]]:
    """The answers that a connection reads from these pieces, with their bodies."""
    protocol.set_response_params(auto_decompress=False, read_until_eof=True)
    for piece in pieces:
        protocol.data_received(piece)
    return [(message.code, b"".join(payload._buffer)) for (message, payload), _ in protocol._buffer]


@given(st.lists(st.integers(1, 200), max_size=12), st.sampled_from([b"\r\n", b"\n"]), st.integers(0, 3))
async def test_pieces_make_no_difference(cuts: list[int], line_end: bytes, interim: int) -> None:
    """Wherever the network cuts an answer, it is read as the parser alone would read it."""
    lines = [b"HTTP/1.1 100 Go on", b""] * interim + [
        b"HTTP/1.1 200 OK",
        b"X-A: b",
        b"Content-Length: 7",
        b"",
    ]
    whole = line_end.join([*lines, b""]) + b"a\n\nb\r\nc"
    edges = sorted({0, len(whole), *(cut for cut in cuts if cut < len(whole))})
    pieces = [whole[start:end] for start, end in itertools.pairwise(edges)]
    loop = asyncio.get_running_loop()
    assert parse(BoundedAnswer(loop), pieces) == [(200, b"a\n\nb\r\nc")]


class Here(AbstractResolver):
    """Every name is this machine."""

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        """127.0.0.1."""
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=family, proto=0, flags=0)]

    async def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize(
    ("saved", "sent"),
    [
        ("/a%2Fb/%27x%27?sig=%2F%27%2B+~&&b=%7E", None),
        ("/a/./b/../c", None),
        ("//double//slash", None),
        ("/%zz?100%", None),
        ("?only=query", "/?only=query"),
        ("", "/"),
        ("/x#fragment", "/x"),
        ('/x?a=b|c&d={"e"}', "/x?a=b%7Cc&d=%7B%22e%22%7D"),
    ],
)
async def test_url_goes_out_as_it_was_saved(saved: str, sent: str | None) -> None:
    lines: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.append((await read_request(reader)).split(b"\r\n")[0])
        writer.write(OK)
        await writer.drain()

    assert essence(await send(talk, saved)) == ("answered", 200, None)
    assert lines == [f"POST {sent or saved} HTTP/1.1".encode()]


@pytest.mark.parametrize("path", ["/a b", "/a\r\nHost: evil.example", "/\u00fc", "/a\\b", "/a\x00"])
async def test_url_that_no_request_line_can_carry_is_refused_unsent(path: str) -> None:
    async with http_endpoint() as endpoint, WebhookSender(2, Egress(development=True)) as sender:
        result = await attempt_delivery(sender, delivery(endpoint.url + path))
    assert (result["outcome"], result["error"], endpoint.requests) == ("refused", "the URL is not valid", [])


async def test_host_with_an_underscore_is_reached() -> None:
    async with http_endpoint(always(200)) as endpoint:
        port = endpoint.url.split(":")[2].split("/")[0]
        async with WebhookSender(2, Egress(development=True, names=Here())) as sender:
            work = delivery(f"http://hooks_7.buyer_a.example:{port}/leads")
            result = await attempt_delivery(sender, work)
    assert essence(result) == ("answered", 200, None)
    assert endpoint.requests[0][0]["host"] == f"hooks_7.buyer_a.example:{port}"
