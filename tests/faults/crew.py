"""Workers as processes: started with or without a kill point, and replaced when they were killed."""

import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

from rig.forks import Fork
from rig.waiting import wait_until_async

VICTIM = Path(__file__).with_name("victim.py").read_text()
LEASE = 3.0
TIMEOUT = 1.0
SETTINGS = {
    "environment": "development",
    "worker_lease_seconds": LEASE,
    "webhook_timeout_seconds": TIMEOUT,
    "worker_poll_seconds": 0.2,
    "worker_batch": 20,
    "worker_concurrency": 8,
}

Line = dict[str, Any]


class Worker:
    """One process, its journal and its log."""

    def __init__(self, process: Fork, journal: Path, log: Path, point: str) -> None:
        self.process = process
        self.point = point
        self._journal, self._log = journal, log

    def lines(self) -> list[Line]:
        """The journal; a line that was cut by the end of the process is left out."""
        if not self._journal.exists():
            return []
        whole = self._journal.read_text().rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines()]

    def has(self, what: str) -> bool:
        """True when there is such a line."""
        return any(line["what"] == what for line in self.lines())

    def claimed(self) -> int:
        """How many deliveries it was given."""
        return sum(len(line["rows"]) for line in self.lines() if line["what"] == "claim")

    def logged(self, event: str) -> bool:
        """True when the product logged an event."""
        return f'"event": "{event}' in self._log.read_text()

    @property
    def runs(self) -> bool:
        """False once it has ended."""
        return self.process.returncode is None

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if it is still there."""
        self.process.send_signal(number)

    async def ended(self) -> int:
        """Wait for its end; the exit status."""
        return await self.process.ended()

    async def wait_for(self, event: str) -> None:
        """Until it has logged an event."""

        def has_logged() -> bool:
            if self.logged(event):
                return True
            assert self.runs, self.complaint()
            return False

        await wait_until_async(has_logged, self.complaint)

    def ended_well(self) -> bool:
        """Killed, or stopped cleanly; one that had not yet started ends by any signal."""
        status = self.process.returncode
        return status in (0, -signal.SIGKILL) or (
            status == -signal.SIGTERM and not self.logged("worker started")
        )

    def complaint(self) -> str:
        """How it ended, and its last words."""
        return f"worker ended with {self.process.returncode}: {self._log.read_text()[-2000:]}"


class Crew:
    """All workers of a run, the killed ones as well."""

    def __init__(self, url: str, directory: Path) -> None:
        self.workers: list[Worker] = []
        self._url, self._directory = url, directory
        self._numbers = count(1)

    async def start(self, point: str = "", hit: int = 1, sabotage: str = "", **settings: Any) -> Worker:
        """One more, which is killed at the hit-th passing of a point if one is named."""
        number = next(self._numbers)
        journal, log = self._directory / f"journal-{number}", self._directory / f"log-{number}"
        environment = {
            **os.environ,
            "DATABASE_URL": self._url,
            "FAULTS_SABOTAGE": sabotage,
            **{name.upper(): str(value) for name, value in {**SETTINGS, **settings}.items()},
        }
        with log.open("w") as stderr:
            process = Fork(
                VICTIM, [str(journal), point, str(hit)], environment, stderr.fileno(), stderr.fileno()
            )
        worker = Worker(process, journal, log, point)
        self.workers.append(worker)
        return worker

    @property
    def running(self) -> list[Worker]:
        """Those that have not ended."""
        return [worker for worker in self.workers if worker.runs]

    async def stop(self) -> None:
        """Stop all of them cleanly."""
        for worker in self.running:
            worker.send(signal.SIGTERM)
        for worker in self.workers:
            await worker.ended()

    def complaints(self) -> list[str]:
        """Of workers that ended otherwise than killed or stopped cleanly."""
        return [worker.complaint() for worker in self.workers if not worker.ended_well()]

    def kill(self) -> None:
        """End those that are left."""
        for worker in self.running:
            worker.send(signal.SIGKILL)


@asynccontextmanager
async def crew_of(url: str, directory: Path) -> AsyncIterator[Crew]:
    """Nobody yet. All are gone at the end."""
    crew = Crew(url, directory)
    try:
        yield crew
    finally:
        crew.kill()
        for worker in crew.workers:
            await worker.ended()
