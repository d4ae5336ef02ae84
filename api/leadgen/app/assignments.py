"""The routes of a sale's buyer: seeing it, accepting it, giving it back."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from leadgen.app.body import read_body
from leadgen.app.headers import NO_KEY_HASH, Headers, check_body_type, group, read_key_hash
from leadgen.app.json_text import decode_utf8, read_members
from leadgen.app.problems import Problem
from leadgen.app.services import FromServices, Request

JSON = "application/json"


@get("/api/assignments/{assignment_id:int}")
async def show_assignment(
    request: Request, services: FromServices, assignment_id: FromPath[int]
) -> Response[bytes]:
    """The sale as it stands, and what its buyer may still answer. Needs the buyer's key."""
    key_hash = _read_key(group(request.scope["headers"]))
    return _answer(await services.queries.show_sale(key_hash, assignment_id))


@post("/api/assignments/{assignment_id:int}/accept", status_code=200)
async def accept_assignment(
    request: Request, services: FromServices, assignment_id: FromPath[int]
) -> Response[bytes]:
    """Accept a sale for good. No body is needed; one that is sent is an empty object."""
    headers = group(request.scope["headers"])
    key_hash = _read_key(headers)
    if body := await read_body(request, services.max_body_bytes):
        check_body_type(headers)
        read_members(decode_utf8(body), ())
    return _answer(await services.queries.answer_sale(key_hash, assignment_id, "accept", None, None))


@post("/api/assignments/{assignment_id:int}/return", status_code=200)
async def return_assignment(
    request: Request, services: FromServices, assignment_id: FromPath[int]
) -> Response[bytes]:
    """Give a sale back, or ask to; for a reason of leadgen.return_reasons."""
    headers = group(request.scope["headers"])
    key_hash = _read_key(headers)
    check_body_type(headers)
    body = await read_body(request, services.max_body_bytes)
    members = read_members(decode_utf8(body), ("reason", "note"))
    reason, note = _read_text(members, "reason"), _read_text(members, "note")
    return _answer(await services.queries.answer_sale(key_hash, assignment_id, "return", reason, note))


@get("/api/return-reasons")
async def list_return_reasons(services: FromServices) -> Response[bytes]:
    """The reasons for which a sale may be given back."""
    return _answer(await services.queries.list_return_reasons())


def _read_key(headers: Headers) -> str:
    return read_key_hash(headers) or NO_KEY_HASH


def _read_text(members: dict[str, Any], name: str) -> str | None:
    value = members.get(name)
    if value is not None and not isinstance(value, str):
        raise Problem.of_field(name, "JSON of another type", "text")
    return value


def _answer(outcome: str) -> Response[bytes]:
    return Response(outcome.encode(), media_type=JSON, headers={"Cache-Control": "no-store"})
