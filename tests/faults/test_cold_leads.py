"""A buyer whose receiver fails: its leads pass on in time, and none that may have arrived."""

import asyncio
from functools import partial

from faults.conftest import Begin
from faults.market import COLD, LOOKS
from faults.run import Run
from faults.verdict import judge
from rig.waiting import wait_until_async

LEADS = 8

ALWAYS_CLEAN = """
create or replace function outbox.may_have_arrived(p_delivery_id bigint, p_market_id bigint, p_attempt integer)
returns boolean language sql stable as $$ select false $$
"""


async def passed_on(run: Run) -> int:
    """How many sales were not delivered in time."""
    ((count,),) = await run.market.rows(
        "select count(*) from leadgen.lead_assignments where undelivered_seconds is not null"
    )
    return int(count)


async def sell_in_mood(run: Run, mood: str) -> None:
    """Leads for three buyers, of whom the first is in this mood from then on."""
    run.receivers.moods[0] = mood
    for _ in range(2):
        await run.crew.start()
    await run.market.submit(LEADS)


async def see_one_passed_on(run: Run) -> None:
    """The mood lasts until then: a worker that finds a delivery under way looks again five seconds later."""
    await wait_until_async(partial(passed_on, run), pause=LOOKS)


async def test_a_refused_lead_goes_to_the_next_buyer(begin: Begin) -> None:
    async with begin() as run:
        await sell_in_mood(run, "broken")
        await see_one_passed_on(run)
        evidence = await run.end_well()
    gone = [d for d in evidence.deliveries if d.passed_on]
    assert gone
    assert {d.buyer for d in gone} == {0}
    assert {d.status for d in gone} == {"cancelled"}


async def test_a_lead_without_an_answer_stays(begin: Begin) -> None:
    async with begin() as run:
        await sell_in_mood(run, "cut at once")
        await asyncio.sleep(COLD["deliver_within_seconds"] + 2)
        assert await passed_on(run) == 0
        await run.end_well()
        assert await passed_on(run) == 0


async def test_a_lead_that_was_passed_on_although_it_may_have_arrived_is_seen(begin: Begin) -> None:
    async with begin() as run:
        await run.market.rows(ALWAYS_CLEAN)
        await sell_in_mood(run, "cut at once")
        await see_one_passed_on(run)
        evidence = await run.end()
    assert "what_may_have_arrived_is_not_passed_on" in {fault.partition(":")[0] for fault in judge(evidence)}
