"""Text messages from the outbox to the double of Twilio and back (FAULTS 23)."""

from typing import Any

import pytest

from doubles import twilio
from doubles.twilio import refuse, running_twilio
from worker.conftest import Outbox, Start

PUBLIC = "https://leads.example"


def settings(api_url: str, **more: Any) -> dict[str, Any]:
    """A worker that sends by the double."""
    return {
        "twilio_account_sid": twilio.ACCOUNT_SID,
        "twilio_auth_token": twilio.AUTH_TOKEN,
        "twilio_phone_number": twilio.PHONE_NUMBER,
        "twilio_api_url": api_url,
        "webhook_retry_delay": 0.05,
        "webhook_max_retries": 2,
        **more,
    }


@pytest.fixture
def texts(outbox: Outbox) -> Outbox:
    """The offer's buyer wants text messages, and nothing else."""
    outbox.open_catalogue(None, email=True)
    outbox.rows("update leadgen.buyers set email_notifications = false, sms_notifications = true returning 1")
    outbox.set_policy(reroute={"on_failure": False})
    return outbox


async def test_text_message_is_sent_and_its_report_ends_it(texts: Outbox, start_worker: Start) -> None:
    async with running_twilio() as api, start_worker(**settings(api.api_url, public_url=PUBLIC)):
        texts.submit()
        await texts.wait_for(sent=1)
    (message,) = api.messages
    ((name,),) = texts.rows("select message_id::text from leadgen.deliveries")
    assert message.form["StatusCallback"] == f"{PUBLIC}/api/sms/status/{name}"
    assert message.form["To"] == "+15125550100"
    assert texts.rows("select provider_id from leadgen.deliveries") == [(message.sid,)]
    assert texts.rows("select leadgen.record_sms_status(%s, %s, 'delivered', null)", name, message.sid) == [
        (True,)
    ]
    assert texts.statuses() == {"delivered": 1}


async def test_without_reports_it_is_delivered_when_twilio_has_it(texts: Outbox, start_worker: Start) -> None:
    async with running_twilio() as api, start_worker(**settings(api.api_url)):
        texts.submit()
        await texts.wait_for(delivered=1)
    ((reply,),) = texts.rows("select reply from leadgen.delivery_attempts")
    assert "Jane" not in reply


@pytest.mark.parametrize("fault", [twilio.hang, twilio.hang_up, refuse(20_500)])
async def test_what_twilio_may_have_is_never_sent_again(
    texts: Outbox, start_worker: Start, fault: twilio.Fault
) -> None:
    """FAULTS 23: time-out, connection lost, 500."""
    async with running_twilio() as api:
        api.faults.append(fault)
        terms = settings(api.api_url, webhook_timeout_seconds=0.5, worker_lease_seconds=3)
        async with start_worker(**terms):
            texts.submit()
            await texts.wait_for(unknown=1)
            texts.submit()
            await texts.wait_for(unknown=1, delivered=1)
    assert len(api.requests) == 2, "the first was not repeated"


async def test_too_many_requests_are_tried_again(texts: Outbox, start_worker: Start) -> None:
    async with running_twilio() as api:
        api.faults.extend([refuse(20_429), refuse(20_503)])
        async with start_worker(**settings(api.api_url)):
            texts.submit()
            await texts.wait_for(delivered=1)
    assert len(api.requests) == 3


async def test_stop_disables_the_number(texts: Outbox, start_worker: Start) -> None:
    async with running_twilio(unsubscribed={"+15125550100"}) as api, start_worker(**settings(api.api_url)):
        texts.submit()
        await texts.wait_for(dead=1)
        disabled = (
            "select disabled_reason from leadgen.endpoints where channel = 'sms' and disabled_at is not null"
        )
        await texts.wait_until("it is disabled", lambda: bool(texts.rows(disabled)))
    assert "21610" in texts.rows(disabled)[0][0]
    assert len(api.requests) == 1


async def test_without_twilio_attempts_fail_and_say_so(texts: Outbox, start_worker: Start) -> None:
    async with start_worker(webhook_max_retries=0) as worker:
        texts.submit()
        await texts.wait_for(dead=1)
        await worker.stop()
    ((error, kind),) = texts.rows("select error, error_class from leadgen.delivery_attempts")
    assert error.startswith("TWILIO_ACCOUNT_SID")
    assert kind == "setup"


async def test_number_is_in_no_log(texts: Outbox, start_worker: Start) -> None:
    async with running_twilio() as api:
        api.faults.append(refuse(21_211))
        async with start_worker(**settings(api.api_url, log_level="DEBUG")) as worker:
            texts.submit()
            await texts.wait_for(dead=1)
            await worker.stop()
    assert worker.events("attempt failed")[0]["channel"] == "sms"
    for secret in ("5125550100", "Jane", twilio.AUTH_TOKEN):
        assert secret not in "".join(worker.lines)
