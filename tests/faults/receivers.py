"""Buyers' receivers that misbehave: each request is kept, then answered in the mood of the moment."""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from worker.receivers import SECRET, raw_server, read_request

LONGER_THAN_ANY_TIMEOUT = 1.5  # seconds; the workers' is 1
DRIP_SECONDS = 0.1

Say = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Request:
    """A request that came whole."""

    at: float
    buyer: int  # its place among the receivers
    message_id: str
    body: str

    @property
    def data(self) -> dict[str, Any]:
        """What the body says of the sale."""
        data: dict[str, Any] = json.loads(self.body)["data"]
        return data


def answer(status: str, body: bytes = b"", head: str = "") -> Say:
    """A whole answer."""

    async def say(writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{head}\r\n".encode() + body)
        await writer.drain()

    return say


async def cut_at_once(_writer: asyncio.StreamWriter) -> None:
    """The connection is cut when the request has been read."""
    raise ConnectionAbortedError


async def cut_in_status(writer: asyncio.StreamWriter) -> None:
    """In the middle of the first line."""
    writer.write(b"HTTP/1.1 20")
    await writer.drain()
    raise ConnectionAbortedError


async def cut_in_body(writer: asyncio.StreamWriter) -> None:
    """After a status that says yes."""
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"st')
    await writer.drain()
    raise ConnectionAbortedError


async def hang(_writer: asyncio.StreamWriter) -> None:
    """Nothing comes until the other side has given up."""
    await asyncio.sleep(LONGER_THAN_ANY_TIMEOUT)
    raise ConnectionAbortedError


async def drip(writer: asyncio.StreamWriter) -> None:
    """A head that comes byte by byte, and too late."""
    for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n":
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(DRIP_SECONDS)


GOOD = answer("200 OK", b'{"status": "accepted"}')
MOODS: dict[str, tuple[int, Say]] = {  # with the weight of each
    "good": (70, GOOD),
    "no content": (6, answer("204 No Content")),
    "has it already": (2, answer("409 Conflict")),
    "broken": (6, answer("500 Internal Server Error", b"<p>oops")),
    "busy": (2, answer("503 Service Unavailable", head="Retry-After: 1\r\n")),
    "cut at once": (3, cut_at_once),
    "cut in status": (3, cut_in_status),
    "cut in body": (3, cut_in_body),
    "hangs": (3, hang),
    "drips": (2, drip),
}
REFUSALS = ("broken", "busy")  # these say that the lead was not taken


class Receivers:
    """Several buyers. While `is_troubled` their moods change with every request; `moods` names those of a buyer whose
    mood does not; `gate` holds answers back.
    """

    def __init__(self, chance: random.Random) -> None:
        self.urls: list[str] = []
        self.requests: list[Request] = []
        self.forged = 0  # requests whose signature is wrong
        self.refused: Counter[str] = Counter()  # how often a webhook-id was answered with a refusal
        self.is_troubled = False
        self.moods: dict[int, str] = {}
        self.gate = asyncio.Event()
        self.gate.set()
        self._chance = chance

    async def talk(self, buyer: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        while True:
            try:
                raw = await read_request(reader)
            except asyncio.IncompleteReadError:
                return
            message_id = self._keep(buyer, raw)
            await self.gate.wait()
            mood = self.moods.get(buyer, "good")
            if self.is_troubled:
                (mood,) = self._chance.choices([*MOODS], [weight for weight, _ in MOODS.values()])
            self.refused[message_id] += mood in REFUSALS
            await MOODS[mood][1](writer)

    def _keep(self, buyer: int, raw: bytes) -> str:
        head, _, body = raw.partition(b"\r\n\r\n")
        lines = [line.partition(":") for line in head.decode().split("\r\n")[1:]]
        headers = {name.lower(): value.strip() for name, _, value in lines}
        try:
            Webhook(SECRET).verify(body, headers)
        except WebhookVerificationError:
            self.forged += 1
        self.requests.append(Request(time.time(), buyer, headers["webhook-id"], body.decode()))
        return headers["webhook-id"]


@asynccontextmanager
async def running_receivers(count: int, chance: random.Random) -> AsyncIterator[Receivers]:
    """So many receivers on loopback."""
    receivers = Receivers(chance)

    def talk(buyer: int) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        return lambda reader, writer: receivers.talk(buyer, reader, writer)

    async with AsyncExitStack() as stack:
        for buyer in range(count):
            port = await stack.enter_async_context(raw_server(talk(buyer)))
            receivers.urls.append(f"http://127.0.0.1:{port}/leads")
        yield receivers
