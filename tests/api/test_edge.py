"""ops/nginx.conf and ops/Caddyfile by nginx and Caddy before a real API, as docker-compose.yml puts them together."""

import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from api.serving import SERVE, SOURCE_KEY, Answer, Api, add_catalogue, add_sale, make_lead, running_api
from api.test_feed import fill, listening
from api.test_siege import ATTACKER, HEAD, LIVE, OTHER, POST, pour, read_answer
from leadgen.app.feed import HEARTBEAT_SECONDS
from leadgen.app.gate import Bounds
from leadgen.paths import checkout
from leadgen.settings import Settings
from rig.cluster import Cluster
from rig.ports import free_port
from rig.programs import find_program, needs
from rig.waiting import PATIENCE, wait_until
from worker.receivers import make_certificate

ROOT = checkout() or Path()
NGINX, CADDY = find_program("nginx"), find_program("caddy")
CONNECTIONS = 5  # of one address
BATCHES_OF_ONE, BATCHES = 2, 3
POURED = 8 * 1_048_576
BATCH = POST.replace(b"/api/leads", b"/api/leads/batch")
ANYBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # a client that takes any certificate
ANYBODY.check_hostname, ANYBODY.verify_mode = False, ssl.CERT_NONE

# Caddy hears that a listener has gone when it cannot pass on a few heartbeats: they come often here.
LIVELY = f"from leadgen.app import feed; feed.HEARTBEAT_SECONDS = 0.5; {SERVE}"

needs_nginx, needs_caddy = needs("nginx"), needs("caddy")


@dataclass
class Edge:
    """A running nginx before an API."""

    api: Api
    port: int

    @contextmanager
    def connected(self, first: bytes = b"", address: str = ATTACKER) -> Iterator[ssl.SSLSocket]:
        """A connection by TLS from an address, on which something was sent."""
        plain = socket.create_connection(("127.0.0.1", self.port), 30, (address, 0))
        with ANYBODY.wrap_socket(plain) as connection:
            connection.sendall(first)
            yield connection

    def ask(self, request: bytes, address: str = ATTACKER) -> Answer:
        """Send bytes and read one answer."""
        with self.connected(request, address) as connection:
            return read_answer(connection)


@pytest.fixture(scope="module")
def behind(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The API behind the edge, which allows one address five requests at once."""
    directory = tmp_path_factory.mktemp("behind")
    with (
        cluster.clone(template) as database,
        running_api(
            database, directory, code=LIVELY, TRUSTED_PROXIES="127.0.0.1", MAX_CONNECTIONS_PER_ADDRESS="5"
        ) as api,
    ):
        add_catalogue(database)
        yield api


@contextmanager
def running(command: list[str], directory: Path, port: int, **environment: str) -> Iterator[None]:
    """A proxy that listens on this port."""
    file = directory / "log"
    with (
        file.open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | environment) as process,
    ):
        try:
            wait_until(lambda: is_listening(port), file.read_text)
            yield
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def edge(behind: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """nginx with its own limits."""
    assert NGINX
    directory, port = tmp_path_factory.mktemp("edge"), free_port()
    file = directory / "nginx.conf"
    file.write_text(placed_here(directory, behind.port, port))
    certificate = make_certificate(directory)
    for name in ("fullchain.pem", "privkey.pem"):
        shutil.copy(certificate, directory / name)
    command = [str(NGINX), "-p", str(directory), "-c", str(file), "-g", "daemon off;"]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "[warn]" not in checked.stderr
    with running(command, directory, port):
        yield Edge(behind, port)


@pytest.fixture(scope="module")
def caddy(behind: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of Caddy, without TLS: it would ask for a certificate."""
    assert CADDY
    directory, port = tmp_path_factory.mktemp("caddy"), free_port()
    file = directory / "Caddyfile"
    text = (ROOT / "ops/Caddyfile").read_text()
    assert "\n{\n\tservers {" in text
    file.write_text(text.replace("\n{\n\tservers {", "\n{\n\tadmin off\n\tservers {"))
    command = [str(CADDY), "run", "--config", str(file), "--adapter", "caddyfile"]
    addresses = {"SITE_ADDRESS": f"http://127.0.0.1:{port}", "API_ADDRESS": f"127.0.0.1:{behind.port}"}
    with running(command, directory, port, HOME=str(directory), XDG_DATA_HOME=str(directory), **addresses):
        yield port


def placed_here(directory: Path, api_port: int, port: int) -> str:
    """The file with the addresses and directories of this test, fewer connections, and otherwise as it is."""
    text = (ROOT / "ops/nginx.conf").read_text()
    for there, here in (
        ("server api:8000", f"server 127.0.0.1:{api_port}"),
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("listen 80", f"listen 127.0.0.1:{free_port()}"),
        ("listen 127.0.0.1:8081", f"listen 127.0.0.1:{free_port()}"),
        ("/etc/nginx/tls", str(directory)),
        ("/tmp/nginx", str(directory / "nginx")),
        ("limit_conn origins 100", f"limit_conn origins {CONNECTIONS}"),
        ("limit_conn batches_of_one 8", f"limit_conn batches_of_one {BATCHES_OF_ONE}"),
        ("limit_conn batches 64", f"limit_conn batches {BATCHES}"),
    ):
        assert there in text, there
        text = text.replace(there, here)
    return re.sub(r" *listen \[::\].*\n", "", text)


def is_listening(port: int) -> bool:
    """Whether somebody does."""
    with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


@needs_nginx
def test_a_lead_goes_through(edge: Edge) -> None:
    body = json.dumps(make_lead()).encode()
    answer = edge.ask(POST + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
    assert answer.status == 202
    assert answer.headers["Strict-Transport-Security"]


@needs_nginx
@pytest.mark.parametrize(
    ("first", "piece", "status"),
    [
        (HEAD, b"X-A: " + b"b" * 57 + b"\r\n", 400),  # nginx says 400 where it ends a head
        (HEAD + b"X-A: ", b"b" * 65_536, 400),
        (b"GET /", b"b" * 65_536, 414),
        (POST + b"Content-Length: 9999999999\r\n\r\n", b" " * 65_536, 413),
    ],
    ids=["headers", "header value", "URL", "body"],
)
def test_a_flood_ends_at_the_edge(edge: Edge, first: bytes, piece: bytes, status: int) -> None:
    with edge.connected(first) as attacker:
        with suppress(ssl.SSLError):
            pour(attacker, piece * (65_536 // len(piece)), POURED)  # nginx discards it for a while
        assert read_answer(attacker).status == status
    assert edge.ask(LIVE, OTHER).status == 200


@needs_nginx
@pytest.mark.parametrize(("padding", "status"), [(1_000_000, 200), (4_000_000, 200), (4_300_000, 413)])
def test_a_batch_has_a_limit_of_its_own(edge: Edge, padding: int, status: int) -> None:
    body = json.dumps({"leads": [make_lead(source_key=None) for _ in range(3)]}).encode() + b" " * padding
    head = BATCH + f"X-API-Key: {SOURCE_KEY}\r\n".encode()
    answer = edge.ask(head + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
    assert answer.status == status
    if status == 200:
        assert answer.json["statuses"] == {"202": 3}


@needs_nginx
def test_whom_a_client_claims_to_be_does_not_count(edge: Edge) -> None:
    lead = make_lead()
    body = json.dumps(lead).encode()
    head = POST + f"X-Forwarded-For: 203.0.113.9\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    assert edge.ask(head + body, OTHER).status == 202
    with psycopg.connect(edge.api.database) as session:
        stored = session.execute(
            "select ip_address::text from leadgen.leads where email = %s", [lead["email"]]
        )
        assert stored.fetchone() == (f"{OTHER}/32",)


@needs_nginx
def test_an_address_has_its_connections_and_no_more(edge: Edge) -> None:
    """nginx counts a connection once its head is there: these wait for their bodies."""
    half = POST + b"Content-Length: 2\r\n\r\n["
    with ExitStack() as stack:
        for _ in range(CONNECTIONS):
            stack.enter_context(edge.connected(half))
        wait_until(lambda: edge.ask(LIVE).status == 429)
        assert edge.ask(LIVE, OTHER).status == 200
        assert edge.api.metric("leadgen_http_connections") <= 2, "the API sees whole requests only"


@needs_nginx
def test_few_batches_are_read_at_a_time(edge: Edge) -> None:
    """Each may be 4 MB, and nothing is known of its key before it is whole."""
    half = BATCH + b"Content-Length: 4000000\r\n\r\n{"
    with ExitStack() as stack:
        for _ in range(BATCHES_OF_ONE):
            stack.enter_context(edge.connected(half))
        wait_until(lambda: edge.ask(BATCH + b"Content-Length: 2\r\n\r\n{}").status == 429)
        assert edge.ask(BATCH + b"Content-Length: 2\r\n\r\n{}", OTHER).status == 401
        for _ in range(BATCHES - BATCHES_OF_ONE):
            stack.enter_context(edge.connected(half, OTHER))
        wait_until(lambda: edge.ask(BATCH + b"Content-Length: 2\r\n\r\n{}", OTHER).status == 429)
        assert edge.ask(LIVE, OTHER).status == edge.ask(LIVE).status == 200, "all else goes on"


@needs_nginx
def test_the_feed_goes_through_as_it_comes(edge: Edge) -> None:
    by = http.client.HTTPSConnection("127.0.0.1", edge.port, timeout=PATIENCE, context=ANYBODY)
    assert_streams(edge.api, by)


def assert_streams(api: Api, by: http.client.HTTPConnection) -> None:
    """What happens is told while the stream is open, and the API hears when its listener has gone."""
    with psycopg.connect(api.database, autocommit=True) as session:
        fill(session)
        with listening(api, by=by) as stream:
            assert stream.response.getheader("Content-Type", "").startswith("text/event-stream")
            sale = add_sale(session)
            fill(session)
            items = stream.read_items(2)
            assert sale in [item["data"].get("assignment_id") for item in items]
    wait_until(lambda: api.metric("leadgen_feed_listeners") == 0, lambda: api.metrics())


# Caddy


@needs_caddy
def test_the_feed_goes_through_caddy_as_it_comes(behind: Api, caddy: int) -> None:
    assert_streams(behind, http.client.HTTPConnection("127.0.0.1", caddy, timeout=PATIENCE))


@needs_caddy
@pytest.mark.parametrize(
    ("path", "size", "statuses"),
    [
        ("/api/leads", 60_000, {202}),
        ("/api/leads", 70_000, {413, 502}),  # Debian's Caddy says 502 of a body that it cut off
        ("/api/leads/batch", 4_000_000, {200}),
    ],
)
def test_caddy_has_a_limit_for_each_kind_of_body(
    behind: Api, caddy: int, path: str, size: int, statuses: set[int]
) -> None:
    is_batch = path.endswith("batch")
    lead = {"leads": [make_lead(source_key=None)]} if is_batch else make_lead()
    head = {"Content-Type": "application/json"} | ({"X-API-Key": SOURCE_KEY} if is_batch else {})
    by = http.client.HTTPConnection("127.0.0.1", caddy, timeout=PATIENCE)
    with closing(by):
        by.request("POST", path, json.dumps(lead).encode() + b" " * size, head)
        answer = by.getresponse()
        assert answer.status in statuses, answer.read()


# The numbers of the files, and those of the API


def test_the_edge_has_the_bounds_of_the_api() -> None:
    nginx, caddy = ((ROOT / "ops" / name).read_text() for name in ("nginx.conf", "Caddyfile"))
    bounds, settings = Bounds(), Settings(database_url="postgresql://nobody@127.0.0.1/nothing")

    def of_nginx(pattern: str) -> list[int]:
        found = re.search(rf"^\s*{pattern};", nginx, re.MULTILINE)
        assert found, pattern
        return [int(number) for number in found.groups()]

    def of_caddy(pattern: str) -> int:
        found = re.search(rf"^\s*{pattern}$", caddy, re.MULTILINE)
        assert found, pattern
        return int(found[1])

    lines, line = of_nginx(r"large_client_header_buffers (\d+) (\d+)k")
    assert (line * 1024, lines * line * 1024) == (bounds.header_bytes, bounds.head_bytes)
    assert of_nginx(r"client_max_body_size (\d+)k") == [settings.max_body_bytes // 1024]
    assert of_nginx(r"client_header_timeout (\d+)s") == [bounds.head_seconds]
    assert of_nginx(r"send_timeout (\d+)s") == [bounds.write_seconds]
    assert of_nginx(r"limit_conn origins (\d+)") == [settings.max_connections_per_address]
    assert of_caddy(r"max_header_size (\d+)KiB") * 1024 == bounds.head_bytes
    assert of_caddy(r"max_size (\d+)KiB") * 1024 == settings.max_body_bytes
    assert of_caddy(r"read_header (\d+)s") == bounds.head_seconds
    assert of_nginx(r"client_max_body_size 4m;\n\s*client_body_buffer_size (\d+)m") == [
        settings.max_batch_bytes // 1_048_576
    ]
    assert of_caddy(r"request_body @batches \{\n\s*max_size (\d+)MiB") * 1_048_576 == settings.max_batch_bytes
    heartbeat = int(HEARTBEAT_SECONDS)
    (feed,) = of_nginx(r"proxy_buffering off;\n\s*proxy_read_timeout (\d+)s")
    assert min(feed, of_caddy(r"write (\d+)s")) >= 3 * heartbeat, (
        "a stream that is late once or twice goes on"
    )
    assert of_caddy(r"flush_interval (-1)") == -1
