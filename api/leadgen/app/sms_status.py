"""Twilio's status callbacks: what became of a text message after Twilio took it.

    POST {PUBLIC_URL}/api/sms/status/{message id}
    X-Twilio-Signature: …
    MessageSid=SM…&MessageStatus=delivered&ErrorCode=…

The signature is over the address as Twilio was given it and over all fields, by the account's token.

https://www.twilio.com/docs/usage/security#validating-requests
https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
"""

from typing import Any
from uuid import UUID

from litestar import post
from litestar.params import FromPath

from leadgen.app.form import read_form
from leadgen.app.headers import Headers, group
from leadgen.app.problems import FORBIDDEN, NOT_FOUND, Problem
from leadgen.app.services import FromServices, Request

SIGNATURE = b"x-twilio-signature"
LONGEST_CODE = 9  # digits; Twilio's have five


@post("/api/sms/status/{message_id:uuid}", status_code=204)
async def take_sms_status(request: Request, services: FromServices, message_id: FromPath[UUID]) -> None:
    """Take a status in; the whole of it is leadgen.record_sms_status."""
    callbacks = services.sms_callbacks
    if callbacks is None:
        raise Problem(NOT_FOUND, "No text messages are sent from here")
    headers = group(request.scope["headers"])
    signature = _read_signature(headers)
    fields = await read_form(request, headers, services.max_body_bytes)
    if not callbacks.is_signed(_path_and_query(request.scope), fields, signature):
        raise _not_signed()
    provider_id, status = _read_field(fields, "MessageSid"), _read_field(fields, "MessageStatus")
    if not await services.queries.record_sms_status(message_id, provider_id, status, _read_code(fields)):
        raise Problem(NOT_FOUND, "No such message")


def _read_signature(headers: Headers) -> str:
    values = headers.get(SIGNATURE, [])
    if len(values) != 1:
        raise _not_signed()
    return values[0].decode("latin-1")


def _not_signed() -> Problem:
    return Problem.of_field("X-Twilio-Signature", "none that fits", "Twilio's signature", FORBIDDEN)


def _path_and_query(scope: Any) -> str:
    path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path


def _read_field(fields: dict[str, str], name: str) -> str:
    if not fields.get(name):
        raise Problem.of_field(name, "none", "what Twilio says")
    return fields[name]


def _read_code(fields: dict[str, str]) -> int | None:
    code = fields.get("ErrorCode", "")
    if not code:
        return None
    if not (code.isascii() and code.isdecimal() and len(code) <= LONGEST_CODE):
        raise Problem.of_field("ErrorCode", "text", "a number")
    return int(code)
