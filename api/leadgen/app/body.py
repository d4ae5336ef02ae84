"""Reading a request's body, with a hard limit."""

from typing import Any

from litestar import Request

from leadgen.app.problems import MALFORMED, TOO_LARGE, Problem


async def read_body(request: Request[Any, Any, Any], limit: int) -> bytes:
    """The whole body. Raises Problem (413) once it is, or is announced as, longer than `limit` bytes."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise _too_large(limit)
    body = bytearray()
    while True:
        event = await request.receive()
        if event["type"] != "http.request":
            raise Problem(MALFORMED, "The connection was closed before the body was complete")
        body += event["body"]
        if len(body) > limit:
            raise _too_large(limit)
        if not event["more_body"]:
            return bytes(body)


def _too_large(limit: int) -> Problem:
    return Problem.of_field("body", f"more than {limit} bytes", f"at most {limit} bytes", TOO_LARGE)
