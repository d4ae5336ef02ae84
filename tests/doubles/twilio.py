"""A double of Twilio's Messages API on loopback, faults included.

It speaks what is documented: Basic auth, a form, 201 with the message as JSON, errors as {code, message, more_info,
status}, 429 with Retry-After, status callbacks signed with the account's token.

https://www.twilio.com/docs/messaging/api/message-resource
https://www.twilio.com/docs/usage/twilios-response
https://www.twilio.com/docs/usage/security#validating-requests
"""

import asyncio
import re
from base64 import b64encode
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import uuid4

from aiohttp import ClientSession, web
from twilio.request_validator import RequestValidator

ACCOUNT_SID = "AC0123456789abcdef0123456789abcdef"
AUTH_TOKEN = "fedcba9876543210fedcba9876543210"
PHONE_NUMBER = "+15005550006"
E164 = re.compile(r"\+[1-9][0-9]{6,14}")
WORDS = {
    20_003: (401, "Authenticate"),
    20_404: (404, "The requested resource was not found"),
    20_429: (429, "Too Many Requests"),
    20_500: (500, "An internal server error has occurred"),
    20_503: (503, "Service Unavailable"),
    21_211: (400, "Invalid 'To' Phone Number: {To}"),
    21_408: (400, "Permission to send an SMS has not been enabled for the region: {To}"),
    21_602: (400, "Message body is required."),
    21_604: (400, "A 'To' phone number is required."),
    21_606: (400, "The 'From' phone number {From} is not a valid message-capable number for this account"),
    21_610: (400, "Attempt to send to unsubscribed recipient"),
    21_614: (400, "'To' number: {To}, is not a valid mobile number"),
    21_635: (400, "'To' number {To} cannot be a landline"),
}

Fault = Callable[[web.Request, dict[str, str]], Awaitable[web.StreamResponse]]


@dataclass
class Message:
    """A message that was created."""

    sid: str
    form: dict[str, str]


@dataclass
class Twilio:
    """The account's messages. Each of `faults` answers one request instead of the API, in order."""

    api_url: str = ""
    requests: list[dict[str, str]] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    unsubscribed: set[str] = field(default_factory=set)
    faults: deque[Fault] = field(default_factory=deque)

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST /2010-04-01/Accounts/{sid}/Messages.json"""
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.requests.append(form)
        if self.faults:
            return await self.faults.popleft()(request, form)
        if request.headers.get("Authorization") != _basic():
            return refusal(20_003, form)
        if request.match_info["account"] != ACCOUNT_SID:
            return refusal(20_404, form)
        code = self.find_fault(form)
        return refusal(code, form) if code else self.keep(form)

    def find_fault(self, form: dict[str, str]) -> int | None:
        """The code of what is wrong with a form; None: nothing."""
        to = form.get("To", "")
        checks = (
            (not to, 21_604),
            (not form.get("Body"), 21_602),
            (not E164.fullmatch(to), 21_211),
            (form.get("From") != PHONE_NUMBER, 21_606),
            (to in self.unsubscribed, 21_610),
        )
        return next((code for wrong, code in checks if wrong), None)

    def keep(self, form: dict[str, str]) -> web.Response:
        """Create the message, and answer as Twilio does."""
        message = Message(f"SM{uuid4().hex}", form)
        self.messages.append(message)
        body = {
            "account_sid": ACCOUNT_SID,
            "api_version": "2010-04-01",
            "body": form["Body"],
            "date_created": "Sat, 21 Nov 2026 10:15:00 +0000",
            "direction": "outbound-api",
            "error_code": None,
            "error_message": None,
            "from": form["From"],
            "num_segments": "1",
            "sid": message.sid,
            "status": "queued",
            "to": form["To"],
            "uri": f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages/{message.sid}.json",
        }
        return web.json_response(body, status=201)

    async def report(
        self,
        message: Message,
        status: str,
        error_code: int | None = None,
        base: str | None = None,
        token: str = AUTH_TOKEN,
    ) -> int:
        """Post a status callback, signed for the address that the message named; the HTTP status of the answer.

        `base` (http://127.0.0.1:8000) is where it goes if that address is not reachable as it stands.
        """
        url = message.form["StatusCallback"]
        fields = {
            "AccountSid": ACCOUNT_SID,
            "ApiVersion": "2010-04-01",
            "From": message.form["From"],
            "MessageSid": message.sid,
            "MessageStatus": status,
            "SmsSid": message.sid,
            "SmsStatus": status,
            "To": message.form["To"],
        }
        if error_code is not None:
            fields["ErrorCode"] = str(error_code)
        signature = sign(url, fields, token)
        reached = f"{base}{urlsplit(url).path}" if base else url
        async with (
            ClientSession() as client,
            client.post(reached, data=fields, headers={"X-Twilio-Signature": signature}) as response,
        ):
            return response.status


def sign(url: str, fields: dict[str, str], token: str = AUTH_TOKEN) -> str:
    """X-Twilio-Signature of a callback."""
    return str(RequestValidator(token).compute_signature(url, fields))


def refusal(code: int, form: dict[str, str], **headers: str) -> web.Response:
    """An error as Twilio says it."""
    status, words = WORDS[code]
    body = {
        "code": code,
        "message": words.format_map({"To": "", "From": "", **form}),
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return web.json_response(body, status=status, headers=headers)


def refuse(code: int, **headers: str) -> Fault:
    """A fault: this error (retry_after="7" is a header)."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def answer(_request: web.Request, form: dict[str, str]) -> web.StreamResponse:
        return refusal(code, form, **named)

    return answer


def say(status: int, body: str, **headers: str) -> Fault:
    """A fault: an answer that is not Twilio's, of a proxy perhaps."""

    async def answer(_request: web.Request, _form: dict[str, str]) -> web.StreamResponse:
        return web.Response(status=status, text=body, headers=headers)

    return answer


async def hang(_request: web.Request, _form: dict[str, str]) -> web.StreamResponse:
    """A fault: no answer within any time-out."""
    await asyncio.sleep(60)
    return web.Response()


async def hang_up(request: web.Request, _form: dict[str, str]) -> web.StreamResponse:
    """A fault: the connection is lost after the request was read."""
    cast(asyncio.Transport, request.transport).abort()
    return web.Response()


async def drip(request: web.Request, _form: dict[str, str]) -> web.StreamResponse:
    """A fault: 201, whose body never ends."""
    response = web.StreamResponse(status=201)
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.02)


async def flood(request: web.Request, _form: dict[str, str]) -> web.StreamResponse:
    """A fault: 201 with far more than anybody wants to read."""
    response = web.StreamResponse(status=201)
    await response.prepare(request)
    while True:
        await response.write(b"x" * 65_536)


@asynccontextmanager
async def running_twilio(**changes: Any) -> AsyncIterator[Twilio]:
    """The double on a port of loopback."""
    twilio = Twilio(**changes)
    app = web.Application()
    app.router.add_post("/2010-04-01/Accounts/{account}/Messages.json", twilio.create)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    twilio.api_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield twilio
    finally:
        await runner.cleanup()


def _basic() -> str:
    return f"Basic {b64encode(f'{ACCOUNT_SID}:{AUTH_TOKEN}'.encode()).decode()}"
