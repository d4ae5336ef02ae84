"""Everything at once: workers and PostgreSQL killed, sessions cut, receivers in bad moods, sales given back.

The schedule is drawn from a seed, printed when it fails: FAULTS_SEED=123 plays that one again, as nearly as
processes can.
"""

import os
import random
from collections import Counter

from faults.conftest import Begin
from faults.schedule import draw, play
from faults.verdict import judge

SECONDS = 9.0
MOST_STORMS = 5  # the first may kill nobody and end nothing, by its luck or on a slow machine


async def test_storm(begin: Begin) -> None:
    """Nothing acknowledged is lost, nothing is sent that had ended, nothing stays open."""
    seed = int(os.environ.get("FAULTS_SEED", random.SystemRandom().randrange(10**6)))
    async with begin(seed=seed) as run:
        for part in range(seed, seed + MOST_STORMS):
            schedule = draw(random.Random(part), SECONDS)
            print(f"FAULTS_SEED={part}", *schedule, sep="\n")
            await play(run, schedule, part, SECONDS)
            if run.market.endings and any(worker.has("killed") for worker in run.crew.workers):
                break
        evidence = await run.end()
        market, killed = run.market, [w.point for w in run.crew.workers if w.has("killed")]
    statuses = Counter(record.status for record in evidence.records)
    print(
        f"{len(evidence.acknowledged)} leads, {len(evidence.deliveries)} deliveries,"
        f" {len(evidence.requests)} requests, {len(evidence.endings)} cancelled, {len(market.erased)} leads erased;"
        f" records {dict(statuses)}; killed {killed}"
    )
    assert judge(evidence) == []
    assert evidence.endings
    assert killed
