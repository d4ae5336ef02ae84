"""The load generator, a process of its own: posts leads over a fixed number of loopback connections.

`python -m tests.bench.load PORT CONNECTIONS SECONDS` prints requests per second, how many were answered, and how many
of those not by 202. With a fourth argument each request is a batch of so many leads, of a source with its key, and what
is counted is leads.
"""

import asyncio
import re
import sys
import time
from typing import cast

import uvloop

from .lead import make_lead, pick_place

HEAD = "POST {} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{}Content-Length: {}\r\n\r\n"
TAKEN = re.compile(rb'"index": \d+, "status": 202')


def make_request(leads: int) -> bytes:
    """A lead as a request; a batch of several."""
    if leads == 1:
        body, path, key = make_lead(), "/api/leads", ""
    else:
        place = pick_place()
        body = '{"leads": [' + ", ".join(make_lead(place) for _ in range(leads)) + "]}"
        path, key = "/api/leads/batch", f"X-API-Key: k{place}\r\n"
    return (HEAD.format(path, key, len(body)) + body).encode()


class Client(asyncio.Protocol):
    """One connection: the next request goes out when the answer to the last has come whole."""

    def __init__(self, until: float, leads: int) -> None:
        self._until = until
        self._leads = leads
        self._buffer = b""
        self.answered = self.refused = 0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(make_request(self._leads))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found or len(body) < content_length(head):
            return
        self._buffer = b""
        self.answered += self._leads
        taken = head.startswith(b"HTTP/1.1 202") if self._leads == 1 else len(TAKEN.findall(body))
        self.refused += self._leads - taken
        if time.monotonic() < self._until:
            self._transport.write(make_request(self._leads))
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.done.set_result(None)


def content_length(head: bytes) -> int:
    """The length of an answer's body."""
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


async def post(port: int, connections: int, seconds: float, leads: int) -> tuple[float, int, int]:
    """Leads per second, how many were answered, and how many were refused."""
    start = time.monotonic()
    loop = asyncio.get_running_loop()
    clients = [
        (await loop.create_connection(lambda: Client(start + seconds, leads), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    await asyncio.gather(*(client.done for client in clients))
    answered = sum(client.answered for client in clients)
    return answered / (time.monotonic() - start), answered, sum(client.refused for client in clients)


if __name__ == "__main__":
    port, connections, seconds, *rest = sys.argv[1:]
    print(*uvloop.run(post(int(port), int(connections), float(seconds), int(rest[0]) if rest else 1)))
