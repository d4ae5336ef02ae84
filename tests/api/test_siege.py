"""Attacks before the first byte of a handler, each bounded, against a real API without an edge before it.

The attacker is 127.0.0.1, and others are served at 127.0.0.2 meanwhile.
"""

import http.client
import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from api.serving import Answer, Api, make_lead, running_api
from leadgen.pages.assets import NAMES, find_asset
from rig.cluster import Cluster
from rig.waiting import wait_until

ATTACKER, OTHER = "127.0.0.1", "127.0.0.2"
MEGABYTE = 1_048_576
POURED = 32 * MEGABYTE
GROWTH = 16  # MB that an attack may cost; each cost 100 MB and more before there were bounds
ALLOWED = 40  # connections of one address
HEAD = b"GET /health/live HTTP/1.1\r\nHost: x\r\n"
LIVE = HEAD + b"\r\n"
POST = b"POST /api/leads HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
LINE = b"X-A: " + b"b" * 57 + b"\r\n"

# The same server, with less patience.
HASTY = """
import sys
from dataclasses import replace
from leadgen.app.gate import Bounds, gate_of_process
from leadgen.app.server import serve
gate_of_process().bounds = replace(
    Bounds(), head_seconds=1, body_seconds=1, body_rate=1_000, write_seconds=1, linger_seconds=1
)
serve('127.0.0.1', 0, int(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def besieged(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """An API with its usual patience."""
    with (
        cluster.clone(template) as database,
        running_api(
            database, tmp_path_factory.mktemp("siege"), MAX_CONNECTIONS_PER_ADDRESS=str(ALLOWED)
        ) as api,
    ):
        yield api


@pytest.fixture(scope="module")
def hasty(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """An API with little patience."""
    with (
        cluster.clone(template) as database,
        running_api(database, tmp_path_factory.mktemp("hasty"), code=HASTY) as api,
    ):
        yield api


def connect(api: Api, address: str = ATTACKER, first: bytes = b"") -> socket.socket:
    """A connection from an address, on which something was sent."""
    connection = socket.create_connection(("127.0.0.1", api.port), 30, (address, 0))
    connection.sendall(first)
    return connection


@contextmanager
def connected(api: Api, count: int, first: bytes, address: str = ATTACKER) -> Iterator[list[socket.socket]]:
    """So many connections, on each of which the same was sent."""
    connections = [connect(api, address, first) for _ in range(count)]
    try:
        yield connections
    finally:
        for connection in connections:
            connection.close()


def pour(connection: socket.socket, piece: bytes, most: int = POURED) -> int:
    """Send a piece again and again until the server has enough; returns the number of bytes that it took."""
    sent = 0
    with suppress(ConnectionError):
        while sent < most:
            connection.sendall(piece)
            sent += len(piece)
    return sent


def read_answer(connection: socket.socket) -> Answer:
    """The next answer on a connection."""
    response = http.client.HTTPResponse(connection)
    response.begin()
    return Answer(response.status, response.headers, response.read())


def read_all(connection: socket.socket) -> bytes:
    """All that comes until the server closes its side."""
    read = bytearray()
    with suppress(ConnectionResetError):
        while piece := connection.recv(65_536):
            read += piece
    return bytes(read)


def is_served(api: Api, address: str = OTHER, **headers: str) -> bool:
    """Whether somebody at the address gets an answer."""
    with closing(connect(api, address)) as connection:
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        connection.sendall(HEAD + lines.encode() + b"\r\n")
        return read_answer(connection).status == 200


def memory(api: Api) -> float:
    """Megabytes of the API's process."""
    status = Path(f"/proc/{api.process.pid}/status").read_text()
    found = re.search(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)
    assert found
    return int(found[1]) / 1024


def check_refusal(answer: Answer, status: int) -> None:
    """Assert that the answer is a refusal, after which the connection is closed."""
    assert answer.status == status
    answer.check_problem()
    assert answer.headers["Connection"] == "close"


# Memory


class Flood(NamedTuple):
    """What is sent, once and then for ever, and the answer."""

    first: bytes
    piece: bytes
    status: int


CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
FLOODS = {
    "headers": Flood(HEAD, LINE * 1_000, 431),
    "header value": Flood(HEAD + b"X-A: ", b"b" * 65_536, 431),
    "header name": Flood(HEAD, b"b" * 65_536, 431),
    "URL": Flood(b"GET /", b"b" * 65_536, 414),
    "trailers": Flood(CHUNKED + b"2\r\n{}\r\n0\r\n", LINE * 1_000, 431),
    "trailer value": Flood(CHUNKED + b"2\r\n{}\r\n0\r\nX-A: ", b"b" * 65_536, 431),
    "chunk extension": Flood(CHUNKED + b"2;a=", b"b" * 65_536, 431),
    "body": Flood(POST + b"Content-Length: 9999999999\r\n\r\n", b" " * 65_536, 413),
    "chunks": Flood(CHUNKED, b"1000\r\n" + b" " * 0x1000 + b"\r\n", 413),
    "body of a GET": Flood(HEAD + b"Content-Length: 9999999999\r\n\r\n", b" " * 65_536, 200),
}


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_is_refused_and_costs_no_memory(besieged: Api, name: str) -> None:
    flood = FLOODS[name]
    before = memory(besieged)
    with closing(connect(besieged, first=flood.first)) as attacker:
        assert pour(attacker, flood.piece) < POURED, "the server reads no further"
        answer = read_answer(attacker)
        assert is_served(besieged)
    assert answer.status == flood.status
    if flood.status >= 400:
        answer.check_problem()
    assert answer.headers["Connection"] == "close"
    assert memory(besieged) - before < GROWTH


@pytest.mark.parametrize("path", ["/health/live", "/nothing", "/schema/openapi.json"])
def test_pipelined_requests_whose_answers_nobody_reads_cost_no_memory(besieged: Api, path: str) -> None:
    before = memory(besieged)
    with closing(connect(besieged)) as attacker:
        attacker.settimeout(2)
        with suppress(TimeoutError):  # or the server just reads no further
            assert pour(attacker, LIVE.replace(b"/health/live", path.encode()) * 1_000) < POURED
        assert is_served(besieged)
        assert memory(besieged) - before < GROWTH


# What is allowed, and the boundary


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (HEAD + b"X-A: a\r\n" * 98, 200),  # a hundredth is the Host
        (HEAD + b"X-A: a\r\n" * 100, 431),
        (HEAD + b"X-A: " + b"a" * 16_380 + b"\r\n", 200),
        (HEAD + b"X-A: " + b"a" * 16_382 + b"\r\n", 431),
        (HEAD + (b"X-A: " + b"a" * 16_000 + b"\r\n") * 2, 200),
        (HEAD + (b"X-A: " + b"a" * 16_000 + b"\r\n") * 3, 431),
        (b"GET /health/live?" + b"a" * 8_179 + b" HTTP/1.1\r\nHost: x\r\n", 200),
        (b"GET /health/live?" + b"a" * 8_180 + b" HTTP/1.1\r\nHost: x\r\n", 414),
    ],
)
def test_the_head_has_a_boundary(besieged: Api, head: bytes, status: int) -> None:
    assert besieged.send(head + b"\r\n").status == status


def test_what_is_refused_is_named_and_counted(besieged: Api) -> None:
    before = besieged.metric("leadgen_http_refused_total", reason="head-too-large")
    answer = besieged.send(HEAD + b"X-A: a\r\n" * 101 + b"\r\n")
    check_refusal(answer, 431)
    assert answer.fields == ["headers"]
    allowed = "at most 100 lines of 16384 bytes, 32768 bytes in all"
    assert answer.json["detail"] == f"headers: found more; allowed: {allowed}"
    assert besieged.metric("leadgen_http_refused_total", reason="head-too-large") == before + 1


def test_what_is_no_http_is_refused_and_leaves_no_line_in_the_log(besieged: Api) -> None:
    log = besieged.log
    check_refusal(besieged.send(b"GET /\x00 HTTP/1.1\r\n\r\n"), 400)
    assert besieged.log == log


def test_a_few_pipelined_requests_are_answered(besieged: Api) -> None:
    with closing(connect(besieged, first=LIVE * 9)) as client:
        answers = b""
        while answers.count(b'{"status":"live"}') < 9:
            piece = client.recv(65_536)
            assert piece, answers
            answers += piece
        assert b"connection: close" not in answers
        client.sendall(LIVE)
        assert read_answer(client).status == 200, "and the connection goes on"


def test_of_many_pipelined_requests_the_first_are_answered(besieged: Api) -> None:
    with closing(connect(besieged, first=LIVE * 50)) as client:
        answers = read_all(client)
    assert answers.count(b"HTTP/1.1 200") == 9
    assert answers.count(b"connection: close") == 1


def test_a_fault_behind_a_good_request_does_not_take_its_answer(besieged: Api) -> None:
    with closing(connect(besieged, first=LIVE + b"GET /\x00 HTTP/1.1\r\n\r\n")) as client:
        answers = read_all(client)
    assert answers.count(b"HTTP/1.1") == answers.count(b"HTTP/1.1 200") == 1
    assert answers.endswith(b'{"status":"live"}')


def test_trailers_are_no_headers(besieged: Api) -> None:
    body = b"2\r\n[]\r\n0\r\nContent-Encoding: gzip\r\nX-Forwarded-For: 203.0.113.9\r\nContent-Type: text/plain\r\n\r\n"
    answer = besieged.send(CHUNKED + body)
    assert answer.status == 400, "415 if they were"


def test_a_connection_is_kept_for_the_next_request(besieged: Api) -> None:
    body = json.dumps(make_lead()).encode()
    announced = POST + f"Content-Length: {len(body)}\r\n\r\n".encode()
    with closing(connect(besieged)) as client:
        for _ in range(3):
            client.sendall(announced)
            client.sendall(body)
            answer = read_answer(client)
            assert (answer.status, answer.headers["Connection"]) == (422, None)


def test_a_client_that_asks_first_is_told_to_go_on(besieged: Api) -> None:
    with closing(connect(besieged)) as client:
        client.sendall(POST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"[]")
        assert read_answer(client).status == 400


@pytest.mark.parametrize("fault", [b"GET / HTTP/9.9", b"GET http://[ HTTP/1.1", b"GET", b"G\xe9T / HTTP/1.1"])
def test_an_odd_request_line_is_refused(besieged: Api, fault: bytes) -> None:
    check_refusal(besieged.send(fault + b"\r\nHost: x\r\n\r\n"), 400)


def test_an_upgrade_is_not_offered_and_costs_nothing(besieged: Api) -> None:
    upgrade = HEAD + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    assert besieged.send(upgrade).status == 200


def test_a_request_under_way_is_the_last_when_the_server_stops(database: str, tmp_path: Path) -> None:
    half = POST + b"Content-Length: 2\r\n\r\n["
    with running_api(database, tmp_path) as api, closing(connect(api, first=half)) as client:
        wait_until(lambda: api.metric("leadgen_http_connections") == 1)
        api.process.terminate()
        wait_until(lambda: "Shutting down" in api.log)
        client.sendall(b"]")
        answer = read_answer(client)
        assert (answer.status, answer.headers["Connection"]) == (400, "close")
        wait_until(lambda: api.process.poll() is not None)


# Connections


def test_one_address_has_its_connections_and_no_more(besieged: Api) -> None:
    with connected(besieged, ALLOWED * 5, HEAD) as attackers:
        refused = [read_answer(attacker) for attacker in attackers[ALLOWED:]]
        for answer in refused:
            check_refusal(answer, 429)
            assert answer.headers["Retry-After"] == "2"
        assert is_served(besieged)
        attackers[0].sendall(b"\r\n")
        assert read_answer(attackers[0]).status == 200, "the first are in"
    wait_until(lambda: is_served(besieged, ATTACKER))
    assert "name it in TRUSTED_PROXIES" in besieged.log, "127.0.0.1 may be a proxy"


def test_when_all_connections_are_taken_an_idle_one_makes_room(database: str, tmp_path: Path) -> None:
    with (
        running_api(database, tmp_path, MAX_CONNECTIONS="10") as api,
        closing(connect(api, OTHER, LIVE)) as neighbour,
    ):
        assert read_answer(neighbour).status == 200
        with connected(api, 30, HEAD):
            assert is_served(api)
            assert api.metric("leadgen_http_connections") <= 10
            neighbour.sendall(LIVE)
            assert read_answer(neighbour).status == 200, (
                "whoever has most makes room, though others wait longer"
            )
        assert api.metric("leadgen_http_refused_total", reason="crowded-out") == 22


def test_when_all_connections_are_at_work_the_next_is_unavailable(database: str, tmp_path: Path) -> None:
    half = POST + b"Content-Length: 2\r\n\r\n"
    with running_api(database, tmp_path, MAX_CONNECTIONS="10") as api, connected(api, 10, half) as busy:
        wait_until(lambda: api.metric("leadgen_http_connections") == 10)
        with closing(connect(api, OTHER)) as late:
            check_refusal(read_answer(late), 503)
        for client in busy:
            client.sendall(b"[]")
            assert read_answer(client).status == 400


# Time


@pytest.mark.parametrize(
    ("sent", "what"),
    [
        (b"G", "head"),
        (HEAD, "head"),
        (POST + b"Content-Length: 2\r\n\r\n", "body"),
        (POST + b"Content-Length: 2\r\n\r\n{", "body"),
        (CHUNKED + b"2\r\n{}\r\n0\r\n", "body"),
    ],
)
def test_half_a_request_is_waited_for_a_while(hasty: Api, sent: bytes, what: str) -> None:
    with connected(hasty, 20, sent) as attackers:
        assert is_served(hasty)
        for attacker in attackers:
            answer = read_answer(attacker)
            check_refusal(answer, 408)
            assert answer.json["detail"] == f"The request's {what} did not come in time"
            assert attacker.recv(1) == b""


@pytest.mark.parametrize("first", [b"", b"\r\n", LIVE, LIVE + b"\r\n"])
def test_an_idle_connection_is_closed_without_a_word(hasty: Api, first: bytes) -> None:
    with closing(connect(hasty, first=first)) as client:
        if LIVE in first:
            assert read_answer(client).status == 200
        assert client.recv(1) == b""


@pytest.mark.parametrize("piece", [b" ", b"1\r\n \r\n"], ids=["body", "chunks"])
def test_a_trickle_ends(hasty: Api, piece: bytes) -> None:
    """Each byte comes soon after the one before it, but at this rate the body would take for ever."""
    head = POST + b"Content-Length: 60000\r\n\r\n" if piece == b" " else CHUNKED
    with closing(connect(hasty, first=head)) as attacker:

        def trickle() -> bool:
            with suppress(ConnectionError):
                attacker.sendall(piece)
            return hasty.metric("leadgen_http_refused_total", reason="too-slow") > before

        before = hasty.metric("leadgen_http_refused_total", reason="too-slow")
        wait_until(trickle)
        check_refusal(read_answer(attacker), 408)


def test_a_slow_body_at_a_fair_rate_is_read(hasty: Api) -> None:
    """It takes longer than a body may that stands still."""
    started = time.monotonic()
    with closing(connect(hasty, first=POST + b"Content-Length: 24000\r\n\r\n")) as client:
        for _ in range(12):
            client.sendall(b" " * 2_000)
            time.sleep(0.15)
        assert read_answer(client).status == 400
    assert time.monotonic() - started > 1.5


def test_a_client_that_never_reads_is_cut(hasty: Api) -> None:
    before = hasty.metric("leadgen_http_refused_total", reason="not-read")
    with closing(socket.socket()) as attacker:
        attacker.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        attacker.connect(("127.0.0.1", hasty.port))
        attacker.setblocking(False)
        largest = max(map(find_asset, NAMES), key=lambda asset: len(asset.body))
        assert len(largest.body) > 30_000, "what fills the buffers of both sides soon"
        request = LIVE.replace(b"/health/live", largest.path.encode())

        def is_cut() -> bool:
            with suppress(BlockingIOError, ConnectionError):
                attacker.send(request * 3)
            return hasty.metric("leadgen_http_refused_total", reason="not-read") > before

        wait_until(is_cut)
    assert is_served(hasty)


def test_a_refused_client_that_neither_reads_nor_leaves_is_cut(hasty: Api) -> None:
    with closing(connect(hasty, first=b"\x00")):
        wait_until(lambda: hasty.metric("leadgen_http_connections") == 1)
        wait_until(lambda: hasty.metric("leadgen_http_connections") == 0)


# Behind a proxy


def half_of(client: str) -> bytes:
    """Half a request of a client, as a proxy sends it."""
    return POST + f"X-Forwarded-For: {client}\r\nContent-Length: 2\r\n\r\n[".encode()


@pytest.fixture(scope="module")
def proxied(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """An API behind a proxy at 127.0.0.1."""
    with (
        cluster.clone(template) as database,
        running_api(
            database,
            tmp_path_factory.mktemp("proxied"),
            TRUSTED_PROXIES=ATTACKER,
            MAX_CONNECTIONS_PER_ADDRESS="2",
        ) as api,
    ):
        yield api


@pytest.mark.parametrize(
    ("first", "same", "other"),
    [
        ("203.0.113.9", "203.0.113.9", "203.0.113.10"),
        ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"),
        ("::ffff:203.0.113.9", "203.0.113.9", "203.0.113.10"),
    ],
)
def test_behind_a_proxy_those_count_whom_it_names(proxied: Api, first: str, same: str, other: str) -> None:
    def in_hand() -> bool:
        with closing(connect(proxied, first=half_of(same))) as client:
            client.sendall(b"]")
            answer = read_answer(client)
        return answer.status == 429

    with connected(proxied, 2, half_of(first)) as busy:
        wait_until(in_hand)
        assert not is_served(proxied, ATTACKER, X_Forwarded_For=same)
        assert is_served(proxied, ATTACKER, X_Forwarded_For=other)
        assert is_served(proxied, ATTACKER, X_Forwarded_For=f"{same}, {other}"), (
            "the left one is only a claim"
        )
        busy[0].sendall(b"]")
        assert read_answer(busy[0]).status == 400
        assert is_served(proxied, ATTACKER, X_Forwarded_For=same), "its place is free again"
    wait_until(lambda: is_served(proxied, ATTACKER, X_Forwarded_For=first))


def test_a_proxy_has_as_many_connections_as_it_wants(proxied: Api) -> None:
    with connected(proxied, 20, LIVE) as connections:
        assert {read_answer(connection).status for connection in connections} == {200}


def test_somebody_else_cannot_claim_to_be_a_proxy(proxied: Api) -> None:
    with (
        connected(proxied, 2, half_of("203.0.113.1"), OTHER),
        closing(connect(proxied, OTHER, half_of("203.0.113.2"))) as third,
    ):
        check_refusal(read_answer(third), 429)
