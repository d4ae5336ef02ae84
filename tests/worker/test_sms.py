"""Text messages against the double of Twilio: what is sent, and what each answer means (FAULTS 23)."""

import asyncio
import json
from typing import Any

import pytest

from doubles import twilio
from doubles.twilio import ACCOUNT_SID, AUTH_TOKEN, PHONE_NUMBER, Twilio, refuse, running_twilio, say
from leadgen.worker import words
from leadgen.worker.attempt import Delivery, attempt_delivery
from leadgen.worker.egress import Egress
from leadgen.worker.sms import FINAL, LONGEST_TEXT, SmsSender, TwilioAccount
from worker.receivers import delivery, lead, raw_server

BUYER = "+15125550100"
PUBLIC = "https://leads.example"
CALLBACK = {"callback_id": "0f8fad5b-d9cb-469f-a165-70867728950e"}


def account(api_url: str, **changes: Any) -> TwilioAccount:
    """The double's account."""
    known = {"sid": ACCOUNT_SID, "auth_token": AUTH_TOKEN, "phone_number": PHONE_NUMBER}
    return TwilioAccount(**{**known, "api_url": api_url, **changes})


def text_message(**changes: Any) -> Delivery:
    """A claimed lead for a phone."""
    extra = {**CALLBACK, **changes.pop("extra", {})}
    return delivery(changes.pop("target", BUYER), "sms", extra=extra, **changes)


async def send(
    api: Twilio, work: Delivery | None = None, deadline: float = 3, public_url: str | None = PUBLIC, **of: Any
) -> dict[str, Any]:
    """One attempt."""
    known = account(api.api_url, **of)
    async with SmsSender(deadline, known, Egress(development=True), public_url) as sender:
        return await attempt_delivery(sender, work or text_message())


def verdict(result: dict[str, Any]) -> tuple[Any, ...]:
    """Outcome, HTTP status and kind of trouble."""
    return result["outcome"], result["status_code"], result["error_class"]


async def test_message_is_handed_over_and_its_report_awaited() -> None:
    async with running_twilio() as api:
        result = await send(api)
    (message,) = api.messages
    assert verdict(result) == ("sent", 201, None)
    assert result["provider_id"] == message.sid
    assert json.loads(result["reply"]) == {"sid": message.sid, "status": "queued", "error_code": None}
    assert message.form == {
        "To": BUYER,
        "From": PHONE_NUMBER,
        "Body": "New Plumbing lead: Jane Doe, +15125550123, 78701 Austin. 45.00 USD. "
        '"The kitchen tap leaks. After five, please."',
        "StatusCallback": f"{PUBLIC}/api/sms/status/{CALLBACK['callback_id']}",
    }


async def test_an_extension_stands_behind_the_phone() -> None:
    async with running_twilio() as api:
        await send(api, text_message(lead=lead(phone_extension="42", message=None)))
    (message,) = api.messages
    assert (
        message.form["Body"] == "New Plumbing lead: Jane Doe, +15125550123 ext. 42, 78701 Austin. 45.00 USD."
    )


async def test_the_consent_that_is_disclosed_stands_before_the_message() -> None:
    consent = {"at": "2026-11-21T10:14:00+00:00", "text_version": "2026-03", "certificate_id": "c-1"}
    async with running_twilio() as api:
        await send(api, text_message(lead=lead(message="Help"), disclosed={"consent": consent}))
    (message,) = api.messages
    assert message.form["Body"] == (
        "New Plumbing lead: Jane Doe, +15125550123, 78701 Austin. 45.00 USD. "
        'Consented 2026-11-21T10:14:00+00:00, text 2026-03. Proof c-1. "Help"'
    )


async def test_without_a_public_address_there_is_no_report_to_wait_for() -> None:
    async with running_twilio() as api:
        result = await send(api, public_url=None)
    assert verdict(result) == ("delivered", 201, None)
    assert result["provider_id"] == api.messages[0].sid
    assert "StatusCallback" not in api.messages[0].form


@pytest.mark.parametrize("code", [21_408, 21_606])
async def test_a_sender_that_may_not_write_there_is_ours_to_mend(code: int) -> None:
    async with running_twilio() as api:
        api.faults.append(refuse(code))
        result = await send(api)
    assert verdict(result) == ("failed", 400, "setup")


@pytest.mark.parametrize("code", [21_211, 21_602, 21_604, 21_610, 21_614, 21_635])
async def test_what_twilio_will_never_take_is_refused(code: int) -> None:
    async with running_twilio() as api:
        api.faults.append(refuse(code))
        result = await send(api)
    assert verdict(result) == ("refused", 400, "provider")
    assert result["error"] == f"HTTP 400, Twilio's code {code}: {FINAL[code]}"
    assert result["disables"] == (code == 21_610)
    assert BUYER not in result["error"]


async def test_recipient_who_said_stop_wants_nothing_more() -> None:
    async with running_twilio(unsubscribed={BUYER}) as api:
        result = await send(api)
    assert (result["outcome"], result["disables"], api.messages) == ("refused", True, [])


@pytest.mark.parametrize("target", ["", "5125550100", "+1", "+15125550100\r\nBcc: x", "+15125550100&From=x"])
async def test_number_that_is_none_is_refused(target: str) -> None:
    async with running_twilio() as api:
        result = await send(api, text_message(target=target))
    assert (result["outcome"], api.messages) == ("refused", [])
    assert api.requests[0].get("To", "") == target, "one field, however it is spelt"


async def test_unknown_code_of_a_400_is_a_clean_failure() -> None:
    async with running_twilio() as api:
        api.faults.append(say(400, json.dumps({"code": 29_999, "message": "new", "status": 400})))
        result = await send(api)
    assert verdict(result) == ("failed", 400, "provider")


@pytest.mark.parametrize(("code", "status"), [(20_429, 429), (20_503, 503)])
@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7), ("0", 0), ("99999", 3600), ("-1", None), ("soon", None)]
)
async def test_too_many_is_tried_later(code: int, status: int, value: str, seconds: float | None) -> None:
    async with running_twilio() as api:
        api.faults.append(refuse(code, retry_after=value))
        result = await send(api)
    assert verdict(result) == ("failed", status, "provider")
    assert result["retry_after_seconds"] == seconds


@pytest.mark.parametrize("of", [{"auth_token": "wrong"}, {"sid": "ACffffffffffffffffffffffffffffffff"}])
async def test_wrong_credentials_are_ours_to_mend(of: dict[str, Any]) -> None:
    async with running_twilio() as api:
        result = await send(api, **of)
    assert verdict(result) == ("failed", 401, "setup")


async def test_unknown_account_is_ours_to_mend() -> None:
    async with running_twilio() as api:
        api.faults.append(refuse(20_404))
        result = await send(api)
    assert verdict(result) == ("failed", 404, "setup")


@pytest.mark.parametrize("fault", [refuse(20_500), say(502, "<html>"), say(504, ""), say(599, "[]")])
async def test_after_a_500_nobody_knows(fault: twilio.Fault) -> None:
    async with running_twilio() as api:
        api.faults.append(fault)
        result = await send(api)
    assert (result["outcome"], result["error_class"]) == ("unknown", "provider")


@pytest.mark.parametrize(("fault", "kind"), [(twilio.hang, "timeout"), (twilio.hang_up, "lost")])
async def test_silence_after_the_request_is_unknown(fault: twilio.Fault, kind: str) -> None:
    async with running_twilio() as api:
        api.faults.append(fault)
        result = await send(api, deadline=0.3)
    assert verdict(result) == ("unknown", None, kind)
    assert len(api.requests) == 1


@pytest.mark.parametrize("body", ["", "<html>", "[]", "{}", '{"sid": 7}', "[" * 7_000, "\ud83d"])
async def test_success_that_is_not_twilios_is_unknown(body: str) -> None:
    async with running_twilio() as api:
        api.faults.append(say(201, body.encode("utf-8", "replace").decode()))
        result = await send(api)
    assert verdict(result) == ("unknown", 201, "protocol")


@pytest.mark.parametrize("code", [[], {}, "21610", None, 21_610.5, True])
async def test_code_that_is_no_number_decides_nothing(code: Any) -> None:
    async with running_twilio() as api:
        api.faults.append(say(400, json.dumps({"code": code})))
        result = await send(api)
    assert verdict(result) == ("failed", 400, "provider")
    assert not result["disables"]


async def test_dripping_answer_ends_with_the_deadline() -> None:
    async with running_twilio() as api:
        api.faults.append(twilio.drip)
        result = await send(api, deadline=0.4)
    assert (result["outcome"], result["error_class"]) == ("unknown", "timeout")
    assert 350 < result["latency_ms"] < 1500


async def test_endless_answer_is_cut_off() -> None:
    async with running_twilio() as api:
        api.faults.append(twilio.flood)
        result = await send(api, deadline=5)
    assert result["outcome"] == "unknown"
    assert result["latency_ms"] < 2000


async def test_redirect_is_not_followed() -> None:
    async with running_twilio() as elsewhere, running_twilio() as api:
        api.faults.append(say(307, "", Location=elsewhere.api_url))
        result = await send(api)
    assert verdict(result) == ("failed", 307, "redirect")
    assert elsewhere.requests == []


async def test_nobody_listens_is_a_clean_failure() -> None:
    async with running_twilio() as api:
        pass
    assert verdict(await send(api)) == ("failed", None, "connect")


async def test_silence_before_the_request_is_a_clean_failure() -> None:
    async def talk(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async with raw_server(talk) as port:
        result = await send(Twilio(api_url=f"https://127.0.0.1:{port}"), deadline=0.3)
    assert (result["outcome"], result["error"]) == ("failed", "not sent within 0.3 s")


async def test_private_address_of_the_api_is_never_contacted() -> None:
    async with running_twilio() as api:
        known = account(api.api_url.replace("http:", "https:"))
        async with SmsSender(2, known, Egress(development=False), None) as sender:
            result = await attempt_delivery(sender, text_message())
    assert verdict(result) == ("failed", None, "setup")
    assert api.requests == []


async def test_without_an_account_every_attempt_fails_and_says_so() -> None:
    async with SmsSender(1, None, Egress(development=True)) as sender:
        result = await attempt_delivery(sender, text_message())
    assert verdict(result) == ("failed", None, "setup")
    assert "TWILIO_ACCOUNT_SID" in result["error"]


async def test_long_text_is_clipped_at_a_word() -> None:
    async with running_twilio() as api:
        await send(api, text_message(lead=lead(message="drip drop " * 200)))
    body = api.messages[0].form["Body"]
    assert LONGEST_TEXT - 10 < len(body) <= LONGEST_TEXT
    assert body.endswith(("drip...", "drop..."))


@pytest.mark.parametrize(
    ("text", "length", "clipped"),
    [
        ("one two", 7, "one two"),
        ("one two three", 10, "one two..."),
        ("one two three", 9, "one..."),
        ("abcdefghij", 8, "abcde..."),
        ("", 5, ""),
    ],
)
def test_clip_at_word(text: str, length: int, clipped: str) -> None:
    assert words.clip_at_word(text, length) == clipped


async def test_a_message_of_several_lines_is_one_line() -> None:
    async with running_twilio() as api:
        await send(api, text_message(lead=lead(message="Roof leaks.\n\nCall after 5.")))
    assert '"Roof leaks. Call after 5."' in api.messages[0].form["Body"]


async def test_control_characters_of_a_lead_do_not_reach_the_phone() -> None:
    async with running_twilio() as api:
        await send(api, text_message(lead=lead(name="Jane\r\nDoe\x00\x1b", city="A\nB")))
    assert "Jane Doe" in api.messages[0].form["Body"]
    assert api.messages[0].form["Body"].isprintable()


@pytest.mark.parametrize(
    ("kind", "facts", "text"),
    [
        ("webhook.test", {}, "This is a test message. No lead came with it."),
        (
            "endpoint.disabled",
            {"reason": "HTTP 410"},
            "Deliveries to you are paused: HTTP 410. Please contact us.",
        ),
        ("endpoint.disabled", {}, "Deliveries to you are paused. Please contact us."),
        (
            "lead.undelivered",
            {},
            "A lead did not reach you in time and went to the next buyer. "
            "Please check your webhook, e-mail address or number.",
        ),
    ],
)
async def test_notice(kind: str, facts: dict[str, Any], text: str) -> None:
    body = {"type": kind, "version": 1, "timestamp": "2026-11-21T10:15:00Z", "data": {"buyer_id": 1, **facts}}
    async with running_twilio() as api:
        await send(api, text_message(kind=kind, body=json.dumps(body)))
    assert api.messages[0].form["Body"] == text


@pytest.mark.parametrize("changes", [{"body": "{}"}, {"body": "["}, {"details": None}, {"details": {}}])
async def test_facts_that_make_no_message_are_refused_unsent(changes: dict[str, Any]) -> None:
    async with running_twilio() as api:
        result = await send(api, text_message(**changes))
    assert (result["outcome"], result["error_class"], api.requests) == ("refused", "message", [])


async def test_callbacks_of_the_double_are_signed_as_twilio_signs() -> None:
    """The example of https://www.twilio.com/docs/usage/security: the double is no easier than the real one."""
    fields = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert twilio.sign(url, fields, "12345") == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
