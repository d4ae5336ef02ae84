"""The worker as a process: what it does to the outbox when all is well, and when it is not."""

import asyncio
import signal
from collections import Counter
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from aiohttp import ClientSession, web
from psycopg import sql

from rig.cluster import Connect
from rig.ports import free_port
from worker.conftest import WORKER_SESSIONS, Outbox, Start
from worker.receivers import accept, always, http_endpoint, mailbox


class Gate:
    """An answer that is held back until `open` is set."""

    def __init__(self) -> None:
        self.open = asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Wait, then accept."""
        await self.open.wait()
        return await accept(request)


async def test_lead_reaches_webhook_and_mailbox_and_is_recorded(outbox: Outbox, start_worker: Start) -> None:
    async with http_endpoint() as endpoint, mailbox() as box:
        outbox.open_catalogue(endpoint.url, email=True)
        smtp = {"smtp_host": "127.0.0.1", "smtp_port": box.port, "from_email": "leads@leadgen.example"}
        async with start_worker(**smtp) as worker:
            outbox.submit(3)
            await outbox.wait_for(delivered=6)
            assert await worker.stop() == 0
    assert len(set(endpoint.ids)) == 3
    assert {message["Subject"] for message in box.messages} == {"New Plumbing lead: Jane Doe, 78701 Austin"}
    assert len({message["Message-ID"] for message in box.messages}) == 3
    assert outbox.rows("select distinct outcome::text from leadgen.lead_assignments") == [("accepted",)]
    attempts = outbox.rows(
        "select outcome, status_code, latency_ms > 0, worker like 'worker %%' from leadgen.delivery_attempts"
    )
    assert Counter(attempts) == {("delivered", 200, True, True): 3, ("delivered", 250, True, True): 3}


async def test_log_has_no_personal_data_and_no_query_string(outbox: Outbox, start_worker: Start) -> None:
    async with http_endpoint(always(500)) as endpoint:
        outbox.open_catalogue(f"{endpoint.url}?token=hush")
        async with start_worker(webhook_max_retries=0, log_level="DEBUG") as worker:
            outbox.submit()
            await outbox.wait_for(dead=1)
            await worker.stop()
    (event,) = worker.events("attempt failed")
    assert (event["host"], event["outcome"], event["status_code"]) == ("127.0.0.1", "failed", 500)
    for secret in ("Jane", "jane@", "5125550123", "hush", "whsec", "78701"):
        assert secret not in "".join(worker.lines)


async def test_bell_wakes_a_worker_that_sleeps_long(outbox: Outbox, start_worker: Start) -> None:
    async with http_endpoint() as endpoint:
        outbox.open_catalogue(endpoint.url)
        async with start_worker(worker_poll_seconds=600):
            await asyncio.sleep(0.5)
            outbox.submit()
            await endpoint.wait_for(1)


async def test_bell_may_be_rung_by_anybody_with_any_words(
    outbox: Outbox, start_worker: Start, connect: Connect
) -> None:
    """NOTIFY needs no privilege: whatever is said wakes the worker, and nothing of it ends it."""
    async with http_endpoint() as endpoint:
        outbox.open_catalogue(endpoint.url)
        async with start_worker(worker_poll_seconds=600) as worker:
            await asyncio.sleep(0.5)
            stranger = connect("leadgen_reporting")
            for words in ("wake up", "", "0", "-1", "1.5", "²", "١٢", "9" * 19, "9" * 7_000, "🏠"):
                stranger.execute(sql.SQL("notify leadgen_deliveries, {}").format(sql.Literal(words)))
            outbox.submit()
            await endpoint.wait_for(1)
            await outbox.wait_for(delivered=1)
            assert await worker.stop() == 0


async def test_cancelled_delivery_is_called_off(outbox: Outbox, connect: Connect) -> None:
    """withdraw_delivery: its id is told, once, and only of what somebody holds."""
    outbox.open_catalogue("https://buyer.example/leads")
    outbox.submit(2)
    ((claimed,),) = outbox.rows(
        """select delivery_id from leadgen.claim_deliveries('w', '{"webhook": 1}', '1 minute')"""
    )
    listener = connect()
    listener.execute("listen leadgen_deliveries")
    outbox.rows("select leadgen.erase_lead(l.id, 'asked for it') from leadgen.leads l")
    told = [notice.payload for notice in listener.notifies(timeout=1, stop_after=2)]
    assert [words for words in told if words] == [str(claimed)]


async def test_without_a_bell_polling_delivers(outbox: Outbox, start_worker: Start) -> None:
    """FAULTS 14: the row becomes due and nobody rings."""
    async with http_endpoint() as endpoint:
        outbox.open_catalogue(endpoint.url)
        outbox.submit()
        outbox.rows("update leadgen.deliveries set next_attempt_at = now() + interval '1 day' returning id")
        async with start_worker(worker_poll_seconds=0.5):
            await asyncio.sleep(0.7)
            outbox.rows("update leadgen.deliveries set next_attempt_at = now() returning id")
            await endpoint.wait_for(1)


async def test_listener_comes_back_and_looks_first(outbox: Outbox, start_worker: Start) -> None:
    """FAULTS 14: the listening backend is terminated; leads then and later arrive though nobody polls."""
    bell = f"select pg_terminate_backend(pid) {WORKER_SESSIONS} and application_name like '%%bell'"
    async with http_endpoint() as endpoint:
        outbox.open_catalogue(endpoint.url)
        async with start_worker(worker_poll_seconds=600) as worker:
            await asyncio.sleep(0.5)
            assert outbox.rows(bell) == [(True,)]
            outbox.submit()
            await endpoint.wait_for(1)
            await worker.wait_for_event("listening was interrupted")
            await asyncio.sleep(1)
            outbox.submit()
            await endpoint.wait_for(2)


@pytest.mark.parametrize("bell", [False, True])
async def test_server_that_takes_no_more_writes_is_given_up(
    outbox: Outbox, start_worker: Start, bell: bool
) -> None:
    """As after a failover: its sessions answer on, and the worker opens others by itself, to listen as well."""
    freeze = "alter database {} set default_transaction_read_only = on"
    database = sql.Identifier(outbox.connection.info.dbname)
    async with http_endpoint() as endpoint:
        outbox.open_catalogue(endpoint.url)
        async with start_worker(worker_poll_seconds=600 if bell else 0.2) as worker:
            outbox.connection.execute(sql.SQL(freeze).format(database))
            outbox.cut_worker_off()
            await worker.wait_for_event("database trouble", 3)
            outbox.connection.execute(
                sql.SQL("alter database {} reset default_transaction_read_only").format(database)
            )
            outbox.submit()
            await outbox.wait_for(delivered=1)
            outbox.submit()
            await endpoint.wait_for(2)
            assert await worker.stop() == 0


async def test_failure_is_retried_with_the_same_id_until_it_gets_through(
    outbox: Outbox, start_worker: Start
) -> None:
    answers = iter([always(500), always(503), accept])
    async with http_endpoint(lambda request: next(answers)(request)) as endpoint:
        outbox.open_catalogue(endpoint.url)
        async with start_worker(webhook_retry_delay=0.05):
            outbox.submit()
            await outbox.wait_for(delivered=1)
    assert len(endpoint.ids) == 3
    assert len(set(endpoint.ids)) == 1
    outcomes = outbox.rows("select attempt, outcome from leadgen.delivery_attempts order by attempt")
    assert outcomes == [(1, "failed"), (2, "failed"), (3, "delivered")]


async def test_dead_letter(outbox: Outbox, start_worker: Start) -> None:
    """After the quick retries come the slow ones, then the end."""
    async with http_endpoint(always(404)) as endpoint:
        outbox.open_catalogue(endpoint.url)
        outbox.rows("update leadgen.settings set slow_retry_seconds = '{0.3}' returning 1")
        async with start_worker(webhook_retry_delay=0.05, webhook_max_retries=2) as worker:
            outbox.submit()
            await outbox.wait_for(dead=1)
            await worker.stop()
    assert len(set(endpoint.ids)) == 1
    assert len(endpoint.ids) == 4
    assert outbox.rows("select last_error from leadgen.deliveries") == [("HTTP 404",)]
    assert [event["status"] for event in worker.events("attempt failed")] == ["pending"] * 3 + ["dead"]


async def test_nothing_is_sent_unsigned_where_a_secret_is_missing(
    outbox: Outbox, start_worker: Start
) -> None:
    async with http_endpoint() as endpoint:
        outbox.open_catalogue(endpoint.url)
        outbox.rows("delete from leadgen.webhook_secrets returning 1")
        outbox.submit()
        async with start_worker(worker_poll_seconds=0.1):
            await outbox.wait_until(
                "an attempt is recorded", lambda: bool(outbox.rows("select 1 from leadgen.delivery_attempts"))
            )
        told = outbox.rows("select outcome::text, error_class, error from leadgen.delivery_attempts limit 1")
        assert told == [("refused", "setup", "the endpoint has no secret to sign with")]
        assert outbox.statuses() == {"dead": 1}
        assert endpoint.requests == []


async def test_sigkill_before_the_send(outbox: Outbox, start_worker: Start) -> None:
    """FAULTS 18: claimed and not sent, sent and not answered: all come after the lease, ids unchanged."""
    gate = Gate()
    async with http_endpoint(gate.answer) as endpoint:
        outbox.open_catalogue(endpoint.url)
        terms = {"webhook_timeout_seconds": 1, "worker_lease_seconds": 2.5, "worker_concurrency": 1}
        async with start_worker(**terms) as first:
            outbox.submit(5)
            await endpoint.wait_for(1)
            await outbox.wait_for(sending=5)
            assert await first.stop(signal.SIGKILL) == -signal.SIGKILL
        gate.open.set()
        async with start_worker(**terms):
            await outbox.wait_for(delivered=5)
    assert sorted(Counter(endpoint.ids).values()) == [1, 1, 1, 1, 2]


async def test_sigkill_after_the_answer_before_the_record(
    outbox: Outbox, start_worker: Start, connect: Callable[[], psycopg.Connection[Any]]
) -> None:
    """FAULTS 18: the buyer has it, nobody knows: it is sent again with the same webhook-id."""
    gate = Gate()
    async with http_endpoint(gate.answer) as endpoint:
        outbox.open_catalogue(endpoint.url)
        terms = {"webhook_timeout_seconds": 1, "worker_lease_seconds": 2.5}
        async with start_worker(**terms) as first:
            outbox.submit()
            await endpoint.wait_for(1)
            other = connect()
            with other.transaction():  # the record cannot be written while this lasts
                other.execute("lock table leadgen.deliveries in exclusive mode")
                gate.open.set()
                await outbox.wait_until("the record waits", outbox.worker_waits_for_lock)
                await first.stop(signal.SIGKILL)
                outbox.cut_worker_off()
        assert outbox.statuses() == {"sending": 1}
        async with start_worker(**terms):
            await outbox.wait_for(delivered=1)
    first_id, second_id = endpoint.ids
    assert first_id == second_id


async def test_stalled_worker_is_fenced(outbox: Outbox, start_worker: Start) -> None:
    """FAULTS 19: it wakes after its lease, and its completion is refused."""
    gate = Gate()
    terms = {"webhook_timeout_seconds": 1, "worker_lease_seconds": 2.1}
    async with http_endpoint(gate.answer) as endpoint:
        outbox.open_catalogue(endpoint.url)
        async with start_worker(**terms) as stalled:
            outbox.submit()
            await endpoint.wait_for(1)
            stalled.send(signal.SIGSTOP)
            gate.open.set()
            async with start_worker(**terms):
                await outbox.wait_for(delivered=1)
            stalled.send(signal.SIGCONT)
            await stalled.wait_for_event("fenced: the lease had passed to another worker")
            assert await stalled.stop() == 0
    assert len(set(endpoint.ids)) == 1
    assert outbox.rows("select attempt, outcome from leadgen.delivery_attempts") == [(2, "delivered")]


async def test_sigterm_finishes_what_is_sent_and_gives_the_rest_back(
    outbox: Outbox, start_worker: Start
) -> None:
    """FAULTS 20."""
    gate = Gate()
    async with http_endpoint(gate.answer) as endpoint:
        outbox.open_catalogue(endpoint.url)
        async with start_worker(worker_concurrency=2) as worker:
            outbox.submit(10)
            await endpoint.wait_for(2)
            await outbox.wait_for(sending=10)
            worker.send(signal.SIGTERM)
            await asyncio.sleep(0.3)
            outbox.submit()
            gate.open.set()
            assert await worker.ended() == 0
        assert outbox.statuses() == {"delivered": 2, "pending": 9}
        assert outbox.rows("select sum(attempts) from leadgen.deliveries where status = 'pending'") == [(0,)]
        assert len(endpoint.requests) == 2
        assert worker.events("worker stopped")[0]["unrecorded"] == 0


async def test_sigterm_of_an_idle_worker_is_prompt(outbox: Outbox, start_worker: Start) -> None:
    async with start_worker(worker_poll_seconds=600) as worker:
        await asyncio.sleep(0.3)
        async with asyncio.timeout(20):
            assert await worker.stop() == 0


@pytest.mark.parametrize("lease", [1, 5, 6])
async def test_lease_shorter_than_the_timeout_refuses_to_start(
    outbox: Outbox, start_worker: Start, lease: int
) -> None:
    """FAULTS 20."""
    async with start_worker(wait=False, worker_lease_seconds=lease) as worker:
        assert await worker.ended() == 2
    (line,) = worker.lines
    assert f"WORKER_LEASE_SECONDS is {lease}: it must be more than 6" in line


@pytest.mark.parametrize(
    ("poison", "reason"),
    [
        (
            "update leadgen.deliveries set target = 'https://' where id = %s returning id",
            "the URL is not valid",
        ),
        (
            "update leadgen.deliveries set target = 'http://10.0.0.1/' where id = %s returning id",
            "the address is not public",
        ),
        (
            "update leadgen.deliveries set channel = 'email', target = 'nobody' where id = %s returning id",
            "the message cannot be written",
        ),
    ],
)
async def test_poison_row_is_a_dead_letter_and_its_neighbours_flow(
    outbox: Outbox, start_worker: Start, poison: str, reason: str
) -> None:
    """FAULTS 21."""
    async with http_endpoint() as endpoint:
        outbox.open_catalogue(endpoint.url)
        outbox.submit(5)
        (middle,) = outbox.rows("select id from leadgen.deliveries order by id limit 1 offset 2")
        outbox.rows(poison, *middle)
        smtp: dict[str, Any] = {
            "smtp_host": "127.0.0.1",
            "smtp_port": 1,
            "from_email": "leads@leadgen.example",
        }
        async with start_worker(**smtp):
            await outbox.wait_for(delivered=4, dead=1)
    (error,) = outbox.rows("select last_error from leadgen.deliveries where status = 'dead'")
    assert reason in error[0]
    assert outbox.rows("select count(*)::int from leadgen.delivery_attempts where outcome = 'refused'") == [
        (1,)
    ]


async def test_bad_secret_is_a_dead_letter(outbox: Outbox, start_worker: Start) -> None:
    """FAULTS 21."""
    async with http_endpoint() as endpoint:
        outbox.open_catalogue(endpoint.url)
        outbox.poison("update leadgen.webhook_secrets set secret = %s", "whsec_" + "A" * 33)
        outbox.submit()
        async with start_worker():
            await outbox.wait_for(dead=1)
    assert endpoint.requests == []


async def test_workers_side_by_side_deliver_each_once(outbox: Outbox, start_worker: Start) -> None:
    async with http_endpoint() as endpoint:
        outbox.open_catalogue(endpoint.url)
        terms = {"worker_batch": 20}
        async with start_worker(**terms), start_worker(**terms), start_worker(**terms), start_worker(**terms):
            for _ in range(6):
                outbox.submit(50)
                await asyncio.sleep(0.05)
            await outbox.wait_for(delivered=300)
    assert Counter(Counter(endpoint.ids).values()) == {1: 300}
    workers = outbox.rows("select count(distinct worker)::int from leadgen.delivery_attempts")
    assert workers[0][0] > 1, "one worker did it all: nothing was tested"


async def test_database_sessions_cut_again_and_again(outbox: Outbox, start_worker: Start) -> None:
    """Nothing is lost, and the worker does not crash."""
    async with http_endpoint() as endpoint:
        outbox.open_catalogue(endpoint.url)
        async with start_worker(
            webhook_timeout_seconds=1, worker_lease_seconds=2.5, worker_batch=10
        ) as worker:
            cuts = 0
            for _ in range(10):
                outbox.submit(20)
                await asyncio.sleep(0.1)
                cuts += outbox.cut_worker_off()
            await outbox.wait_for(delivered=200)
            assert cuts > 10
            assert await worker.stop() == 0
    assert len(set(endpoint.ids)) == 200


async def test_database_away_at_the_start(outbox: Outbox, start_worker: Start) -> None:
    outbox.connection.execute("alter role leadgen_worker nologin")
    try:
        async with http_endpoint() as endpoint:
            outbox.open_catalogue(endpoint.url)
            outbox.submit()
            async with start_worker() as worker:
                await worker.wait_for_event("database trouble")
                outbox.connection.execute("alter role leadgen_worker login")
                await outbox.wait_for(delivered=1)
                assert await worker.stop() == 0
    finally:
        outbox.connection.execute("alter role leadgen_worker login")


@pytest.mark.parametrize(
    ("deploy", "undo", "code"),
    [
        ("alter schema leadgen rename to before", "alter schema before rename to leadgen", "3F000"),
        (
            "alter table leadgen.deliveries rename to before",
            "alter table leadgen.before rename to deliveries",
            "42P01",
        ),
        (
            "alter function leadgen.record_attempts rename to before;"
            "alter function leadgen.claim_deliveries rename to before_that;"
            "alter function leadgen.list_chores rename to before_all;"
            "alter function leadgen.run_chore rename to before_one",
            "alter function leadgen.before rename to record_attempts;"
            "alter function leadgen.before_that rename to claim_deliveries;"
            "alter function leadgen.before_all rename to list_chores;"
            "alter function leadgen.before_one rename to run_chore",
            "42883",
        ),
    ],
)
async def test_deploy_under_way(
    outbox: Outbox, start_worker: Start, deploy: str, undo: str, code: str
) -> None:
    """What was answered meanwhile is recorded when the functions are there again, and not sent twice."""
    gate = Gate()
    async with http_endpoint(gate.answer) as endpoint:
        outbox.open_catalogue(endpoint.url)
        async with start_worker() as worker:
            outbox.submit(2)
            await endpoint.wait_for(2)
            outbox.connection.execute(deploy.encode())
            gate.open.set()
            await worker.wait_for_event("database trouble", times=2)
            outbox.connection.execute(undo.encode())
            await outbox.wait_for(delivered=2)
            outbox.submit()
            await outbox.wait_for(delivered=3)
            assert await worker.stop() == 0
    assert len(endpoint.ids) == len(set(endpoint.ids)) == 3
    assert code in {event.get("sqlstate") for event in worker.events("database trouble")}


async def test_metrics_are_served_where_a_port_is_given(outbox: Outbox, start_worker: Start) -> None:
    port = free_port()
    async with http_endpoint() as endpoint, ClientSession() as client:
        outbox.open_catalogue(endpoint.url)
        async with start_worker(worker_metrics_port=port):
            outbox.submit(3)
            await outbox.wait_for(delivered=3)
            async with client.get(f"http://127.0.0.1:{port}/metrics") as response:
                text = await response.text()
    assert 'leadgen_delivery_attempts_total{channel="webhook",outcome="delivered"} 3.0' in text
    assert "leadgen_delivery_in_flight 0.0" in text
    assert 'leadgen_delivery_latency_seconds_count{channel="webhook"} 3.0' in text


async def test_held_lead_is_routed_when_its_time_comes(outbox: Outbox, start_worker: Start) -> None:
    async with http_endpoint() as endpoint:
        outbox.open_catalogue(endpoint.url)
        outbox.connection.execute("update leadgen.buyer_offers set is_active = false")
        outbox.submit(3)
        assert outbox.statuses() == {}
        async with start_worker():
            outbox.connection.execute("update leadgen.buyer_offers set is_active = true")
            outbox.connection.execute("update leadgen.leads set next_route_at = now()")
            await outbox.wait_for(delivered=3)


async def test_policys_timeout_is_the_whole_of_an_attempt(outbox: Outbox, start_worker: Start) -> None:
    gate = Gate()
    async with http_endpoint(gate.answer) as endpoint:
        outbox.open_catalogue(endpoint.url)
        outbox.set_policy(delivery={"timeout_seconds": 0.3, "retry_seconds": []})
        async with start_worker(webhook_timeout_seconds=20):
            outbox.submit()
            await outbox.wait_for(unknown=1)
        gate.open.set()
    ((error, latency),) = outbox.rows("select error, latency_ms::float8 from leadgen.delivery_attempts")
    assert error == "no answer within 0.3 s"
    assert 250 < latency < 5000


async def test_policys_timeout_may_outlast_the_workers_lease(outbox: Outbox, start_worker: Start) -> None:
    """The lease of such a row is longer: another worker that looks meanwhile does not send it again."""
    gate = Gate()
    terms = {"webhook_timeout_seconds": 0.2, "worker_lease_seconds": 1.3}
    async with http_endpoint(gate.answer) as endpoint:
        outbox.open_catalogue(endpoint.url)
        outbox.set_policy(delivery={"timeout_seconds": 15})
        async with start_worker(**terms), start_worker(**terms):
            outbox.submit()
            await endpoint.wait_for(1)
            await asyncio.sleep(2.5)
            assert outbox.statuses() == {"sending": 1}
            gate.open.set()
            await outbox.wait_for(delivered=1)
    assert len(endpoint.requests) == 1
    assert outbox.rows("select attempt, outcome from leadgen.delivery_attempts") == [(1, "delivered")]


async def test_policys_schedule_decides_on_retries(outbox: Outbox, start_worker: Start) -> None:
    async with http_endpoint(always(500)) as endpoint:
        outbox.open_catalogue(endpoint.url)
        outbox.set_policy(delivery={"retry_seconds": [0.1, 0.8]}, reroute={"on_failure": False})
        async with start_worker(webhook_max_retries=0, webhook_retry_delay=60):
            outbox.submit()
            await outbox.wait_for(dead=1)
    assert len(endpoint.requests) == 3
    pauses = outbox.rows(
        "select extract(epoch from started_at - lag(started_at) over (order by id))::float8"
        " from leadgen.delivery_attempts"
    )
    assert pauses[1][0] >= 0.1
    assert pauses[2][0] >= 0.8


async def test_failed_sale_goes_to_the_next_buyer(outbox: Outbox, start_worker: Start) -> None:
    async with http_endpoint(always(500)) as broken, http_endpoint() as healthy:
        outbox.open_catalogue(broken.url)
        outbox.add_buyer(healthy.url)
        async with start_worker(webhook_max_retries=1, webhook_retry_delay=0.05):
            outbox.submit()
            await outbox.wait_for(dead=1, delivered=1)
    assert (len(broken.requests), len(healthy.requests)) == (2, 1)
    sales = outbox.rows(
        "select outcome::text, released_at is not null from leadgen.lead_assignments order by id"
    )
    assert sales == [("failed", True), ("accepted", False)]
    assert outbox.rows("select status::text, unsold_reason from leadgen.leads") == [("accepted", None)]
    assert outbox.rows("select * from leadgen.list_broken_invariants()") == []


async def test_lapsed_sale_goes_to_the_next_buyer(outbox: Outbox, start_worker: Start) -> None:
    async with http_endpoint(always(200)) as silent, http_endpoint(always(200)) as other:
        outbox.open_catalogue(silent.url)
        outbox.set_policy(acceptance={"mode": "explicit", "window_hours": 1})
        outbox.add_buyer(other.url)
        async with start_worker():
            outbox.submit()
            await outbox.wait_for(delivered=1)
            outbox.rows("update leadgen.lead_assignments set answer_by = now() returning id")
            await outbox.wait_for(delivered=2)
    assert (len(silent.requests), len(other.requests)) == (1, 1)
    sales = outbox.rows(
        "select outcome::text, released_at is not null from leadgen.lead_assignments order by id"
    )
    assert sales == [("lapsed", True), ("delivered", False)]
    assert outbox.rows("select * from leadgen.list_broken_invariants()") == []


async def test_silence_accepts_a_sale(outbox: Outbox, start_worker: Start) -> None:
    async with http_endpoint(always(200)) as endpoint:
        outbox.open_catalogue(endpoint.url)
        outbox.set_policy(acceptance={"mode": "auto_after", "window_hours": 1})
        async with start_worker():
            outbox.submit()
            await outbox.wait_for(delivered=1)
            assert outbox.rows("select outcome::text from leadgen.lead_assignments") == [("delivered",)]
            outbox.rows("update leadgen.lead_assignments set answer_by = now() returning id")
            accepted = "select 1 from leadgen.lead_assignments where outcome = 'accepted'"
            await outbox.wait_until("the sale is accepted", lambda: bool(outbox.rows(accepted)))
