"""A stand-in for Meta's Graph API, as it is documented, and for what may go wrong with it."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

NO_SUCH_LEAD = {
    "error": {
        "message": "Unsupported get request. Object with ID does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation.",
        "type": "GraphMethodException",
        "code": 100,
        "error_subcode": 33,
        "fbtrace_id": "A1b2C3d4E5f",
    }
}
BAD_TOKEN = {
    "error": {
        "message": "Error validating access token: page-token",
        "type": "OAuthException",
        "code": 190,
        "fbtrace_id": "A1b2C3d4E5f",
    }
}

Fault = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers one request. The server's `graph` knows the leads."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """GET /v23.0/{leadgen_id}?access_token=…"""
        graph: Graph = self.server.graph  # type: ignore[attr-defined]
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        lead_id = url.path.removeprefix("/v23.0/")
        graph.asked.append((lead_id, query))
        fault = graph.faults.get(lead_id)
        if fault is not None:
            fault(self)
        elif query.get("access_token") != graph.token:
            self.send_json(400, BAD_TOKEN)
        elif lead_id not in graph.leads:
            self.send_json(400, NO_SUCH_LEAD)
        else:
            self.send_json(200, graph.leads[lead_id])

    def send_json(self, status: int, body: object, **headers: str) -> None:
        """Answer with JSON, or with text as it is."""
        self.send_bytes(status, (body if isinstance(body, str) else json.dumps(body)).encode(), **headers)

    def send_bytes(self, status: int, body: bytes, **headers: str) -> None:
        """Answer with these bytes."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Graph:
    """What the double knows: `leads` and `faults` by leadgen id, the `token`; `asked` is what came."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.leads: dict[str, Any] = {}
        self.faults: dict[str, Fault] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.url = ""

    def times_asked(self, lead_id: str) -> int:
        """How often a lead was asked for."""
        return sum(asked == lead_id for asked, _ in self.asked)


def answers(status: int, body: object, **headers: str) -> Fault:
    """The fault of answering so."""
    return lambda handler: handler.send_json(status, body, **headers)


def hangs_up(handler: Handler) -> None:
    """Close the connection without an answer."""
    handler.close_connection = True
    handler.connection.close()


def sleeps(seconds: float) -> Fault:
    """Answer nothing for so long."""

    def fault(handler: Handler) -> None:
        time.sleep(seconds)
        hangs_up(handler)

    return fault


def drips(seconds: float) -> Fault:
    """Begin an answer and send a byte now and then, for so long."""

    def fault(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        deadline = time.monotonic() + seconds
        try:
            while time.monotonic() < deadline:
                handler.wfile.write(b" ")
                handler.wfile.flush()
                time.sleep(0.05)
        except OSError:
            pass  # whoever asked has gone
        handler.close_connection = True

    return fault


def floods(head: bytes, repeated: bytes) -> Fault:
    """Send these bytes over and over, until the connection is cut."""

    def fault(handler: Handler) -> None:
        handler.close_connection = True
        try:
            handler.wfile.write(head)
            while True:
                handler.wfile.write(repeated * (65_536 // len(repeated) + 1))
        except OSError:
            pass  # whoever asked has cut it

    return fault


@contextmanager
def running_graph(token: str) -> Iterator[Graph]:
    """The double, on a port of this machine."""
    graph = Graph(token)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.graph = graph  # type: ignore[attr-defined]
    graph.url = f"http://127.0.0.1:{server.server_port}/v23.0"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield graph
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
