"""The load generator, a process of its own: posts leads over a fixed number of loopback connections.

`python -m tests.bench.load PORT CONNECTIONS SECONDS` prints requests per second, and how many were not answered 202.
"""

import asyncio
import json
import random
import sys
import time
from typing import cast

import uvloop

HEAD = "POST /api/leads HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n"
AREAS = (512, 737, 214, 469, 972, 713, 832, 281, 210, 817)


def make_lead() -> dict[str, object]:
    """A lead as pgbench's script makes it."""
    number = random.randrange(9 * 10**18)
    return {
        "source_key": f"s{random.randint(1, 20)}",
        "name": "John Smith",
        "email": f"j{number}@example.org",
        "phone": f"+1{random.choice(AREAS)}{2_000_000 + number % 7_999_999}",
        "postal_code": f"7870{random.randint(1, 5)}",
        "city": "Austin",
        "message": "Water comes from under the sink, please call before noon. The main valve is closed.",
        "consent": True,
        "landing_url": "https://austin-plumbing.example/emergency?gclid=Cj0KCQ",
        "utm_source": "google",
        "utm_medium": "cpc",
        "utm_campaign": "austin-plumbing",
        "attributes": {"job_type": "leak", "property": "house", "urgent": True},
    }


def make_request() -> bytes:
    """It as a request."""
    body = json.dumps(make_lead()).encode()
    return HEAD.format(len(body)).encode() + body


class Client(asyncio.Protocol):
    """One connection: the next request goes out when the answer to the last has come whole."""

    def __init__(self, until: float) -> None:
        self._until = until
        self._buffer = b""
        self.answered = self.refused = 0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(make_request())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found or len(body) < content_length(head):
            return
        self._buffer = b""
        self.answered += 1
        self.refused += not head.startswith(b"HTTP/1.1 202")
        if time.monotonic() < self._until:
            self._transport.write(make_request())
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


async def post(port: int, connections: int, seconds: float) -> tuple[float, int]:
    """Requests per second, and how many were refused."""
    start = time.monotonic()
    loop = asyncio.get_running_loop()
    clients = [
        (await loop.create_connection(lambda: Client(start + seconds), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    await asyncio.gather(*(client.done for client in clients))
    answered = sum(client.answered for client in clients)
    return answered / (time.monotonic() - start), sum(client.refused for client in clients)


if __name__ == "__main__":
    port, connections, seconds = sys.argv[1:]
    print(*uvloop.run(post(int(port), int(connections), float(seconds))))
