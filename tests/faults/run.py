"""One run: a market on a database of its own, receivers, workers. At its end everything is judged."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from faults.crew import Crew, crew_of
from faults.market import Market
from faults.receivers import Receivers, running_receivers
from faults.verdict import Evidence, gather, judge
from leadgen.db.cluster import Cluster
from leadgen.db.urls import with_role

BUYERS = 3


@dataclass(frozen=True)
class Run:
    """What a test acts upon."""

    market: Market
    receivers: Receivers
    crew: Crew

    async def end(self) -> Evidence:
        """Faults have stopped: let everything be delivered, stop the workers cleanly and look at it all."""
        self.receivers.is_troubled = False
        self.receivers.moods.clear()
        self.receivers.gate.set()
        await self.market.settle()
        await self.crew.stop()
        return await gather(self.market, self.crew, self.receivers)

    async def end_well(self) -> Evidence:
        """The same; fails with every fault there is."""
        evidence = await self.end()
        faults = judge(evidence)
        assert not faults, "\n".join(faults)
        return evidence


@asynccontextmanager
async def running(
    cluster: Cluster, template: str, directory: Path, seed: int, buyers: int = BUYERS
) -> AsyncIterator[Run]:
    """A run on a fresh copy of the template."""
    with cluster.clone(template) as url:
        async with running_receivers(buyers, random.Random(seed)) as receivers:
            market = Market(cluster.server, url)
            market.open_catalogue(receivers.urls)
            try:
                async with crew_of(with_role(url, "leadgen_worker"), directory) as crew:
                    yield Run(market, receivers, crew)
            finally:
                cluster.server.start()  # a test may have failed while it was down
