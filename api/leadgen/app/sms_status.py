"""Twilio's status callbacks: what became of a text message after Twilio took it.

    POST {PUBLIC_URL}/api/sms/status/{message id}
    X-Twilio-Signature: …
    MessageSid=SM…&MessageStatus=delivered&ErrorCode=…

The signature is over the address as Twilio was given it and over all fields, by the account's token.

https://www.twilio.com/docs/usage/security#validating-requests
https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
"""

from typing import Annotated, Any
from uuid import UUID

from litestar import post
from litestar.params import PathParameter

from leadgen.app.form import read_form
from leadgen.app.headers import Headers, group
from leadgen.app.openapi.models import SmsStatus
from leadgen.app.openapi.operations import TOO_OFTEN, answer, operation, parameter, refused, takes
from leadgen.app.problems import (
    CONFLICT,
    FORBIDDEN,
    NOT_FOUND,
    TOO_LARGE,
    UNSUPPORTED,
    Problem,
)
from leadgen.app.services import FromServices, Request

SIGNATURE = b"x-twilio-signature"
LONGEST_CODE = 9  # digits; Twilio's have five
MESSAGE_ID = PathParameter(description="The message, as its webhook-id names it.")
NO_SMS = "This server sends no text messages"
NO_MESSAGE = "No such message"


def _not_signed() -> Problem:
    return Problem.of_field(
        "X-Twilio-Signature", "no valid signature", "Twilio's signature of this request", FORBIDDEN
    )


@post(
    "/api/sms/status/{message_id:uuid}",
    status_code=204,
    summary="Take in what became of a text message",
    operation_class=operation(
        answer(204, "Taken in."),
        refused(
            Problem.of_field("MessageSid", "none", "Twilio's value"),
            description="A field is missing, malformed or there twice",
        ),
        refused(_not_signed(), description="Not signed by Twilio"),
        refused(
            Problem(NOT_FOUND, NO_MESSAGE),
            Problem(NOT_FOUND, NO_SMS),
            description="No such message, or this server sends no text messages",
        ),
        refused(
            Problem(CONFLICT, "The report is about another message"),
            description="The report is about another message",
        ),
        refused(TOO_LARGE),
        TOO_OFTEN,
        refused(
            Problem.of_field(
                "Content-Type", "none", "application/x-www-form-urlencoded, in UTF-8", UNSUPPORTED
            ),
            description="Compressed, or not a form in UTF-8",
        ),
        body=takes("Twilio's fields.", form=SmsStatus),
        parameters=(
            parameter(
                "header",
                "X-Twilio-Signature",
                "Over PUBLIC_URL, the path and the fields, by the account's token.",
            ),
        ),
    ),
)
async def take_sms_status(
    request: Request, services: FromServices, message_id: Annotated[UUID, MESSAGE_ID]
) -> None:
    """Twilio's status callback."""
    callbacks = services.sms_callbacks
    if callbacks is None:
        raise Problem(NOT_FOUND, NO_SMS)
    headers = group(request.scope["headers"])
    signature = _read_signature(headers)
    fields = await read_form(request, headers, services.max_body_bytes)
    if not callbacks.is_signed(_path_and_query(request.scope), fields, signature):
        await services.admit_anybody(request)
        raise _not_signed()
    await services.rates.check_key(callbacks.key_hash)
    provider_id, status = _read_field(fields, "MessageSid"), _read_field(fields, "MessageStatus")
    if not await services.queries.record_sms_status(message_id, provider_id, status, _read_code(fields)):
        raise Problem(NOT_FOUND, NO_MESSAGE)


def _read_signature(headers: Headers) -> str:
    values = headers.get(SIGNATURE, [])
    if len(values) != 1:
        raise _not_signed()
    return values[0].decode("latin-1")


def _path_and_query(scope: Any) -> str:
    path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path


def _read_field(fields: dict[str, str], name: str) -> str:
    if not fields.get(name):
        raise Problem.of_field(name, "none", "Twilio's value")
    return fields[name]


def _read_code(fields: dict[str, str]) -> int | None:
    code = fields.get("ErrorCode", "")
    if not code:
        return None
    if not (code.isascii() and code.isdecimal() and len(code) <= LONGEST_CODE):
        raise Problem.of_field("ErrorCode", "other text", f"a number of at most {LONGEST_CODE} digits")
    return int(code)
