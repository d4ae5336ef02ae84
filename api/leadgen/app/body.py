"""Reading a request's body, with a hard limit."""

import asyncio
from dataclasses import dataclass
from typing import Any

from litestar import Request

from leadgen.app.problems import MALFORMED, TOO_LARGE, Problem

ENOUGH_SECONDS = 2.0  # for the beginning of a body that is too large


@dataclass(eq=False)
class Oversized(Problem):
    """The body is too large: how it begins, and how many bytes more it has, as far as that is known."""

    begins: bytes = b""
    cut_bytes: int = 0


async def read_body(request: Request[Any, Any, Any], limit: int, *, keeps: bool = False) -> bytes:
    """The whole body. Raises Oversized (413) once it is, or is announced as, longer than `limit` bytes.

    `keeps`: the beginning of one that is announced as too long is read all the same, to be kept.
    """
    announced = request.headers.get("content-length", "")
    length = int(announced) if announced.isdecimal() else 0
    body = bytearray()
    if length > limit and not keeps:
        raise too_large(limit, body, length)
    try:
        async with asyncio.timeout(ENOUGH_SECONDS if length > limit else None):
            while True:
                event = await request.receive()
                if event["type"] != "http.request":
                    raise Problem(MALFORMED, "The connection was closed before the body was complete")
                body += event["body"]
                if len(body) > limit:
                    raise too_large(limit, body, length)
                if not event["more_body"]:
                    return bytes(body)
    except TimeoutError:
        raise too_large(limit, body, length) from None


def too_large(limit: int, body: bytes | bytearray, length: int) -> Oversized:
    """The problem of a body of `length` bytes, of which `body` came."""
    found, allowed = f"more than {limit} bytes", f"at most {limit} bytes"
    problem = Problem.of_field("body", found, allowed, TOO_LARGE)
    begins = bytes(body[:limit])
    cut = max(length, len(body)) - len(begins)
    return Oversized(TOO_LARGE, problem.detail, problem.errors, begins=begins, cut_bytes=cut)
