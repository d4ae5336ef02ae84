"""Text messages, by Twilio's Messages API: one POST, which is never repeated blindly, for it is not idempotent.

https://www.twilio.com/docs/messaging/api/message-resource
https://www.twilio.com/docs/api/errors
"""

import json
from base64 import b64encode
from dataclasses import dataclass
from typing import Any, NamedTuple, Self
from urllib.parse import urlencode

from aiohttp import ClientResponse

from leadgen.worker.attempt import Attempt, Delivery, Fault, Outcome, Refused
from leadgen.worker.egress import Egress
from leadgen.worker.exchange import WatchedBody, describe, open_session, read_reply, read_retry_after
from leadgen.worker.words import clip_at_word, one_line, read_facts, render, template_of

CONNECTIONS = 4  # at once: Twilio queues what it takes, and answers who asks too much with 429
LONGEST_TEXT = 480  # characters
USER_AGENT = "LeadGen/1"
FORM = "application/x-www-form-urlencoded"
UNSUBSCRIBED = 21_610  # the recipient answered STOP
# About our account or number, not about the message: sign-in, no such account, and a sender that may not write there.
SETUP = (20_003, 20_404, 21_212, 21_408, 21_601, 21_606, 21_608, 21_659, 21_660, 21_661)
# Twilio's codes for a message that it will not take however often it is asked.
FINAL = {
    21_211: "invalid number",
    21_214: "the number cannot be reached",
    21_217: "the number does not seem to be valid",
    21_265: "the number is a short code",
    21_266: "sender and recipient are the same",
    21_401: "the number is not valid for text messages",
    21_407: "the number is of a type without text messages",
    21_421: "invalid number",
    21_602: "no text",
    21_604: "no number",
    UNSUBSCRIBED: "the recipient has unsubscribed",
    21_612: "the number cannot be reached from the sender's",
    21_614: "not a mobile number",
    21_617: "the text is too long",
    21_635: "the number is a landline",
}


@dataclass(frozen=True, slots=True)
class TwilioAccount:
    """The account that sends, and where its API is."""

    sid: str
    auth_token: str
    phone_number: str
    api_url: str

    @property
    def messages_url(self) -> str:
        """Where messages are created."""
        return f"{self.api_url}/2010-04-01/Accounts/{self.sid}/Messages.json"

    @property
    def authorization(self) -> str:
        """What signs us in."""
        return f"Basic {b64encode(f'{self.sid}:{self.auth_token}'.encode()).decode()}"


class Verdict(NamedTuple):
    """What an answer of Twilio's means."""

    outcome: Outcome
    fault: Fault | None = None
    disables: bool = False


class SmsSender:
    """Posts messages to Twilio. Use as an async context manager. Without an account every attempt fails."""

    def __init__(
        self, deadline: float, account: TwilioAccount | None, egress: Egress, public_url: str | None = None
    ) -> None:
        self.deadline = deadline
        self._account = account
        self._egress = egress
        self._public_url = public_url

    async def __aenter__(self) -> Self:
        self._session = open_session(self._egress)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def send(self, delivery: Delivery, attempt: Attempt) -> None:
        """Post once. Once the form went out nobody knows whether Twilio sends it, until it answers."""
        account = self._account
        if account is None:
            words = "TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_PHONE_NUMBER are not set"
            attempt.conclude("failed", fault=Fault(words, "setup"))
            return
        form = compose(delivery, account.phone_number, self._public_url)
        try:
            await self._post(account, form, attempt)
        except Refused as error:  # ours to mend: the next attempt may find it mended
            attempt.conclude("failed", fault=Fault(error.fault.words, "setup"))

    async def _post(self, account: TwilioAccount, form: dict[str, str], attempt: Attempt) -> None:
        url = self._egress.check_url(account.messages_url)
        async with self._session.post(
            url,
            data=WatchedBody(urlencode(form).encode(), FORM, attempt),
            headers={"user-agent": USER_AGENT, "authorization": account.authorization},
            allow_redirects=False,
        ) as response:
            self._note(attempt, response, await read_answer(response, attempt))

    def _note(self, attempt: Attempt, response: ClientResponse, answer: dict[str, Any]) -> None:
        verdict = judge(response.status, answer, reports=self._public_url is not None)
        attempt.conclude(verdict.outcome, response.status, verdict.fault)
        attempt.disables = verdict.disables
        attempt.retry_after_seconds = read_retry_after(response)
        if verdict.outcome in ("sent", "delivered"):
            attempt.provider_id = answer["sid"]
            # without the rest: Twilio repeats the text, and with it the lead
            attempt.reply = json.dumps({name: answer.get(name) for name in ("sid", "status", "error_code")})

    def describe(self, error: Exception) -> Fault:
        """What an error on the way is."""
        return describe(error)


def compose(delivery: Delivery, from_number: str, public_url: str | None) -> dict[str, str]:
    """The form of one message. Raises Refused when body or template cannot make one."""
    try:
        facts = read_facts(delivery, public_url)
        text = one_line(render(template_of(delivery.kind, "sms.txt"), facts))
        form = {"To": delivery.target, "From": from_number, "Body": clip_at_word(text, LONGEST_TEXT)}
        if public_url is not None:
            form["StatusCallback"] = f"{public_url}/api/sms/status/{facts['details']['callback_id']}"
    except Exception as error:  # noqa: BLE001  nothing was sent, and it would fail the same way again
        raise Refused(f"the message cannot be written ({type(error).__name__})") from None
    return form


async def read_answer(response: ClientResponse, attempt: Attempt) -> dict[str, Any]:
    """Twilio's JSON object; empty for anything else. The part of it that is kept as a reply is enough."""
    try:
        answer = json.loads(await read_reply(response, attempt))
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def judge(status: int, answer: dict[str, Any], reports: bool) -> Verdict:
    """What a status and a body mean. Twilio's message is not repeated: it names the number.

    A 429 or 503 was not processed; after any other 5xx nobody knows.
    """
    code = answer.get("code")
    if 200 <= status < 300:
        if isinstance(answer.get("sid"), str):
            return Verdict("sent" if reports else "delivered")
        return Verdict("unknown", Fault(f"HTTP {status} without a message SID", "protocol"))
    if type(code) is not int:
        code = None
    words = f"HTTP {status}" if code is None else f"HTTP {status}, Twilio's code {code}"
    if code in FINAL and 400 <= status < 500:
        return Verdict("refused", Fault(f"{words}: {FINAL[code]}", "provider"), code == UNSUBSCRIBED)
    if status in (401, 403, 404) or code in SETUP:
        return Verdict("failed", Fault(words, "setup"))
    if status >= 500 and status != 503:
        return Verdict("unknown", Fault(words, "provider"))
    return Verdict("failed", Fault(words, "redirect" if status < 400 else "provider"))
