"""A worker that stands still past its lease (FAULTS 19), and proof that the harness would see it go wrong."""

import signal

import pytest
from psycopg import sql

from faults.conftest import Begin
from faults.run import Run
from faults.verdict import Evidence, judge

# Whoever hands a result in is taken for the holder of the lease.
IGNORE_TOKENS = """
create function leadgen.record_attempts(p_results jsonb, p_max_retries integer, p_retry_delay interval)
returns {result} language sql security definer as $$
  select * from leadgen.record_attempts_of_holder(
    (select jsonb_agg(r || jsonb_build_object('lease_token', coalesce(d.lease_token::text, r ->> 'lease_token')))
     from jsonb_array_elements(p_results) r join leadgen.deliveries d on d.id = (r ->> 'delivery_id')::bigint),
    p_max_retries, p_retry_delay)
$$
"""


async def ignore_tokens(run: Run) -> None:
    """Break the fence."""
    ((result,),) = await run.market.rows(
        "select pg_get_function_result('leadgen.record_attempts(jsonb, integer, interval)'::regprocedure)"
    )
    await run.market.rows(
        "alter function leadgen.record_attempts(jsonb, integer, interval) rename to record_attempts_of_holder"
    )
    await run.market.rows(sql.SQL(IGNORE_TOKENS).format(result=sql.SQL(result)).as_string())
    await run.market.rows(
        "grant execute on function leadgen.record_attempts(jsonb, integer, interval) to leadgen_worker"
    )


async def stall(run: Run) -> Evidence:
    """A worker is stopped in the middle of an attempt, and wakes while another one makes the next attempt."""
    run.receivers.gate.clear()
    stalled = await run.crew.start()
    await run.market.submit(1)
    await run.market.wait_for(lambda: stalled.has("send"))
    stalled.send(signal.SIGSTOP)
    other = await run.crew.start(webhook_timeout_seconds=20, worker_lease_seconds=30)
    await run.market.wait_for(lambda: other.has("send"))
    stalled.send(signal.SIGCONT)
    await run.market.wait_for(lambda: stalled.has("record"))
    return await run.end()


async def test_late_result_is_refused(begin: Begin) -> None:
    async with begin(buyers=1) as run:
        evidence = await stall(run)
    assert judge(evidence) == []
    assert sorted(record.status for record in evidence.records) == ["delivered", "fenced"]


async def test_a_broken_fence_is_seen(begin: Begin) -> None:
    async with begin(buyers=1) as run:
        await ignore_tokens(run)
        evidence = await stall(run)
    assert "late_results_are_refused" in {fault.partition(":")[0] for fault in judge(evidence)}


@pytest.mark.parametrize(
    ("sabotage", "rule"),
    [("lose requests", "every_standing_sale_was_received"), ("rename messages", "names_are_stable")],
)
async def test_a_broken_worker_is_seen(begin: Begin, sabotage: str, rule: str) -> None:
    async with begin(buyers=1) as run:
        await run.crew.start(sabotage=sabotage)
        await run.market.submit(2)
        evidence = await run.end()
    assert rule in {fault.partition(":")[0] for fault in judge(evidence)}
