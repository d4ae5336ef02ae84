"""Endpoints as buyers run them: slow, gone, with answers of their own; and what the worker makes of each."""

import asyncio
import json
from collections import Counter

import pytest
from aiohttp import ClientSession, web

from rig.ports import free_port
from rig.waiting import wait_until_async
from worker.conftest import Outbox, Start
from worker.receivers import accept, always, http_endpoint, mailbox
from worker.test_process import Gate

MANY = """
insert into leadgen.deliveries (market_id, buyer_id, channel, target, next_attempt_at, endpoint_id, notice_id)
select n.market_id, n.buyer_id, 'webhook', e.target, now(), e.id, n.id
from leadgen.notices n, leadgen.endpoints e, generate_series(1, %s)
where e.buyer_id = n.buyer_id and e.channel = 'webhook'
"""
CHOOSE_FINN = """
with finn as (
  insert into leadgen.users (email, name, role, buyer_id, member_kind, status, verified_at, approved_at)
  select 'finn@people.example', 'Finn', 'buyer', b.id, 'owner', 'active', now(), now() from leadgen.buyers b
  returning id, buyer_id
)
insert into leadgen.notice_choices (buyer_id, topic, user_id)
select buyer_id, 'deliveries', id from finn
returning topic
"""


def fill(outbox: Outbox, buyer: str, count: int) -> None:
    """So many webhooks due at a buyer's endpoint."""
    outbox.rows(
        "insert into leadgen.notices (market_id, buyer_id, kind)"
        " select m.id, b.id, 'webhook.test' from leadgen.markets m, leadgen.buyers b where b.name = %s returning 1",
        buyer,
    )
    outbox.connection.execute(MANY, [count])


async def test_slow_endpoint_with_10000_rows_does_not_slow_another_buyer(
    outbox: Outbox, start_worker: Start
) -> None:
    """FAULTS 22: the other buyer's leads all arrive while the slow one is still in its first round."""
    gate = Gate()
    async with http_endpoint(gate.answer) as slow, http_endpoint() as healthy:
        outbox.open_catalogue(slow.url)
        outbox.add_buyer(healthy.url)
        fill(outbox, "Ann", 10_000)
        outbox.connection.execute("update leadgen.buyer_offers set is_active = false where buyer_id = 1")
        async with start_worker(webhook_timeout_seconds=20, worker_poll_seconds=600) as worker:
            await slow.wait_for(32)
            for sent in range(1, 21):
                outbox.submit(1)
                await healthy.wait_for(sent)
            assert len(slow.requests) == 32, "its share, and no more"
            gate.open.set()
            await slow.wait_for(200)
            await worker.stop()
    assert outbox.rows("select count(*) from leadgen.deliveries where status = 'sending'") == [(0,)]


async def test_rows_at_an_endpoints_limit_follow_at_once(outbox: Outbox, start_worker: Start) -> None:
    """One at a time, and nobody rings or polls: each follows the recording of the one before."""
    async with http_endpoint() as endpoint:
        outbox.open_catalogue(endpoint.url)
        outbox.rows("update leadgen.endpoints set max_in_flight = 1 returning 1")
        outbox.submit(20)
        async with start_worker(worker_poll_seconds=600):
            await endpoint.wait_for(20)
            await outbox.wait_for(delivered=20)
    assert Counter(Counter(endpoint.ids).values()) == {1: 20}


async def test_ten_thousand_due_at_once_are_no_herd(outbox: Outbox, start_worker: Start) -> None:
    """FAULTS 22: never more at the receiver than it was promised, over two workers."""
    under_way = most = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.002)
        under_way -= 1
        return await accept(request)

    async with http_endpoint(answer) as endpoint:
        outbox.open_catalogue(endpoint.url)
        outbox.rows("update leadgen.endpoints set max_in_flight = 10 returning 1")
        fill(outbox, "Ann", 10_000)
        async with start_worker(), start_worker():
            await endpoint.wait_for(500)
    assert 1 < most <= 10


async def test_410_disables_the_endpoint_and_parks_its_queue(outbox: Outbox, start_worker: Start) -> None:
    """FAULTS 27: whom the buyer chose is told by email, and once it is enabled again all goes on."""
    answers = {"now": always(410)}
    async with http_endpoint(lambda request: answers["now"](request)) as endpoint, mailbox() as box:
        outbox.open_catalogue(endpoint.url)
        outbox.rows("update leadgen.endpoints set max_in_flight = 1 returning 1")
        outbox.rows(CHOOSE_FINN)
        outbox.submit(5)
        smtp = {"smtp_host": "127.0.0.1", "smtp_port": box.port, "from_email": "leads@leadgen.example"}
        async with start_worker(**smtp, public_url="https://leads.example") as worker:
            await worker.wait_for_event("attempt failed")
            disabled = "select 1 from leadgen.endpoints where announced_at is not null"
            await outbox.wait_until(
                "the endpoint is disabled and told of", lambda: bool(outbox.rows(disabled))
            )
            await outbox.wait_until("the notice is there", lambda: bool(box.messages))
            await asyncio.sleep(0.6)
            assert len(endpoint.requests) == 1, "nothing is sent to it any more"
            answers["now"] = accept
            outbox.rows("select leadgen.enable_endpoint(id) from leadgen.endpoints where channel = 'webhook'")
            await outbox.wait_for(delivered=6)
            await worker.stop()
    assert worker.events("attempt failed")[0]["reason"] == "HTTP 410"
    (message,) = box.messages
    assert message["Subject"] == "Deliveries to you are paused"
    assert message["To"] == "finn@people.example"
    assert message["List-Unsubscribe"].startswith("<https://leads.example/answers/")
    assert "HTTP 410" in message.get_body(("plain",)).get_content()  # type: ignore[union-attr]


async def test_endpoint_that_keeps_failing_is_disabled(outbox: Outbox, start_worker: Start) -> None:
    async with http_endpoint(always(500)) as endpoint:
        outbox.open_catalogue(endpoint.url)
        outbox.rows("update leadgen.endpoints set disable_after = 2 returning 1")
        outbox.set_policy(reroute={"on_failure": False})
        async with start_worker(webhook_retry_delay=0.05, webhook_max_retries=5):
            outbox.submit()
            disabled = "select disabled_reason from leadgen.endpoints where disabled_at is not null"
            await outbox.wait_until("it is disabled", lambda: bool(outbox.rows(disabled)))
            await asyncio.sleep(0.6)
    assert outbox.rows(disabled) == [("2 failed attempts in a row: HTTP 500",)]
    assert len(endpoint.requests) == 2
    waiting = outbox.rows("select status::text from leadgen.deliveries where channel = 'webhook'")
    assert waiting == [("pending",)], "it waits for its endpoint"


async def test_200_with_an_error_in_its_body_is_a_failure_where_the_buyer_says_so(
    outbox: Outbox, start_worker: Start
) -> None:
    """FAULTS 29."""
    rules = [{"when": {"body.ok": {"enum": [False]}}, "outcome": "failed", "reason": "their CRM said no"}]
    answers = iter([always(200, '{"ok": false}'), always(200, '{"ok": true}')])
    async with http_endpoint(lambda request: next(answers)(request)) as endpoint:
        outbox.open_catalogue(endpoint.url)
        outbox.rows("update leadgen.buyers set response_rules = %s returning 1", json.dumps(rules))
        async with start_worker(webhook_retry_delay=0.05) as worker:
            outbox.submit()
            await outbox.wait_for(delivered=1)
            await worker.stop()
    assert len(endpoint.requests) == 2
    (event,) = worker.events("attempt failed")
    assert (event["status_code"], event["outcome"], event["reason"]) == (200, "failed", "their CRM said no")
    assert outbox.rows("select failures_in_a_row from leadgen.endpoints where channel = 'webhook'") == [(0,)]


async def test_reply_that_rejects_returns_the_sale(outbox: Outbox, start_worker: Start) -> None:
    """The lead goes to the next buyer; what the buyer wrote is in no log."""
    reply = json.dumps({"status": "rejected", "reason": "Jane Doe is a known joker"})
    async with http_endpoint(always(200, reply)) as picky, http_endpoint() as other:
        outbox.open_catalogue(picky.url)
        outbox.set_policy(returns={"window_hours": 24, "auto_approve": True})
        outbox.add_buyer(other.url)
        async with start_worker() as worker:
            outbox.submit()
            await outbox.wait_for(delivered=2)
            await worker.stop()
    assert (len(picky.requests), len(other.requests)) == (1, 1)
    returns = outbox.rows("select status, via, reason_code from leadgen.sale_returns")
    assert returns == [("approved", "reply", "rejected_on_delivery")]
    assert "joker" not in "".join(worker.lines)
    assert outbox.rows("select * from leadgen.list_broken_invariants()") == []


@pytest.mark.parametrize("known", ["old", "new"])
async def test_rotation_verifies_with_the_old_secret_and_the_new(
    outbox: Outbox, start_worker: Start, known: str
) -> None:
    async with http_endpoint() as endpoint:
        outbox.open_catalogue(endpoint.url)
        ((new,),) = outbox.rows("select leadgen.rotate_webhook_secret(id) from leadgen.buyers")
        if known == "new":
            endpoint.secret = new
        async with start_worker():
            outbox.submit()
            await outbox.wait_for(delivered=1)
    assert len(endpoint.requests[0][0]["webhook-signature"].split()) == 2


async def test_after_the_rotation_only_the_new_secret_signs(outbox: Outbox, start_worker: Start) -> None:
    async with http_endpoint() as endpoint:
        outbox.open_catalogue(endpoint.url)
        ((new,),) = outbox.rows("select leadgen.rotate_webhook_secret(id, '0 s') from leadgen.buyers")
        endpoint.secret = new
        async with start_worker():
            outbox.submit()
            await outbox.wait_for(delivered=1)
    assert len(endpoint.requests[0][0]["webhook-signature"].split()) == 1


async def test_endpoint_whose_name_is_private_is_disabled_when_it_is_looked_up(
    outbox: Outbox, start_worker: Start
) -> None:
    """FAULTS 25: vetted when it is saved, by the worker, for the database looks up no names."""
    async with http_endpoint() as endpoint:
        outbox.open_catalogue(endpoint.url.replace("http:", "https:"))
        async with start_worker(environment="production"):
            found = "select disabled_reason from leadgen.endpoints where disabled_at is not null"
            await outbox.wait_until("it is disabled", lambda: bool(outbox.rows(found)))
    assert outbox.rows(found) == [("the address is not public",)]


async def test_extra_headers_and_a_test_message_arrive(outbox: Outbox, start_worker: Start) -> None:
    async with http_endpoint() as endpoint:
        outbox.open_catalogue(endpoint.url)
        set_header = (
            "select leadgen.set_webhook_header(id, 'Authorization', 'Bearer abc') from leadgen.buyers"
        )
        assert outbox.rows(set_header) == [(["Authorization"],)]
        async with start_worker():
            outbox.rows("select leadgen.send_test(id) from leadgen.endpoints where channel = 'webhook'")
            await outbox.wait_for(delivered=1)
    headers, body = endpoint.requests[0]
    assert headers["authorization"] == "Bearer abc"
    assert (body["type"], body["version"]) == ("webhook.test", 1)


async def scrape(port: int) -> str:
    """A worker's /metrics."""
    async with ClientSession() as client, client.get(f"http://127.0.0.1:{port}/metrics") as response:
        return await response.text()


async def test_metrics_tell_of_the_backlog_and_of_each_buyer(outbox: Outbox, start_worker: Start) -> None:
    port = free_port()
    async with http_endpoint(always(404)) as broken, http_endpoint() as healthy:
        outbox.open_catalogue(broken.url)
        outbox.add_buyer(healthy.url)
        outbox.submit(3)
        async with start_worker(webhook_max_retries=0) as worker:
            await outbox.wait_for(dead=3, delivered=3)
            await worker.stop()
        async with start_worker(worker_metrics_port=port, webhook_max_retries=0) as worker:
            backlog = 'leadgen_outbox_deliveries{channel="webhook",status="dead"} 3.0'

            async def tells_of_backlog() -> bool:
                return backlog in await scrape(port)

            await wait_until_async(tells_of_backlog)  # before more are dead
            outbox.set_policy(reroute={"on_failure": False})
            outbox.submit(2)
            await outbox.wait_for(dead=5, delivered=3)
            await worker.wait_for_event("attempt failed", 2)
            text = await scrape(port)
    ((buyer,),) = outbox.rows("select id from leadgen.buyers where name = 'Ann'")
    assert f'leadgen_buyer_attempts_total{{buyer="{buyer}",outcome="failed"}} 2.0' in text
    assert 'leadgen_outbox_oldest_seconds{channel="webhook",status="dead"}' in text


async def test_what_is_called_off_while_it_waits_for_a_place_is_not_sent(
    outbox: Outbox, start_worker: Start
) -> None:
    """Claimed, but behind others: a lead that is erased then never reaches the buyer."""
    gate = Gate()
    async with http_endpoint(gate.answer) as endpoint:
        outbox.open_catalogue(endpoint.url)
        outbox.submit(3)
        async with start_worker(worker_concurrency=1, worker_poll_seconds=600) as worker:
            await endpoint.wait_for(1)
            [(waiting,)] = outbox.rows(
                "select max(lead_id) from leadgen.deliveries where status = 'sending' having count(*) = 3"
            )
            outbox.connection.execute("select leadgen.erase_lead(%s, 'wanted')", [waiting])
            await asyncio.sleep(0.2)  # the bell rings: nothing to be seen of it from outside
            gate.open.set()
            await outbox.wait_for(delivered=2, cancelled=1)
            await worker.stop()
    assert waiting not in {body["data"]["lead_id"] for _, body in endpoint.requests}
