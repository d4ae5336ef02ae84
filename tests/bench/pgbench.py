"""Runs scripts by pgbench, prepared, and measures them by the clock and by the server's CPU time."""

import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from leadgen.db.binaries import find_binaries
from leadgen.db.urls import with_role

from .server import Bench

WARM_UP = 2  # seconds: each connection compiles the functions it calls, which a pool does once
PROGRESS = re.compile(r"^progress: ([\d.]+) s, ([\d.]+) tps")


class PgbenchError(Exception):
    """pgbench failed; the message is what it said."""


class Measured(NamedTuple):
    """Milliseconds of CPU that the server, and the API before it, took for each lead; leads a second."""

    cpu: float
    api: float
    rate: float


def measure(bench: Bench, database: str, script: str, clients: int, seconds: int, role: str) -> Measured:
    """Run a script for so many seconds, after a warm-up that does not count."""
    # In the last second processes end: it does not count either.
    limit = ["-T", f"{WARM_UP + seconds + 1}", "-P", "1"]
    marks: list[tuple[float, float, float]] = []  # at each second: the time, transactions so far, CPU so far
    with started(bench.url(database), script, clients, limit, role) as said:
        for line in said:
            if found := PROGRESS.match(line):
                at, rate = map(float, found.groups())
                last, done, _ = marks[-1] if marks else (0.0, 0.0, 0.0)
                marks.append((at, done + rate * (at - last), bench.cpu_seconds()))
    start, end = marks[WARM_UP - 1], marks[WARM_UP + seconds - 1]
    time, done, cpu = (after - before for before, after in zip(start, end, strict=True))
    return Measured(1000 * cpu / done, 0, done / time)


def run_script(bench: Bench, database: str, script: str, clients: int, count: int) -> float:
    """Run a script so many times in all, as the API's role; returns transactions a second."""
    limit = ["-t", str(count // clients)]
    with started(bench.url(database), script, clients, limit, "leadgen_api") as said:
        rates = [float(found[1]) for line in said if (found := re.match(r"^tps = ([\d.]+)", line))]
    return rates[0]


@contextmanager
def started(url: str, script: str, clients: int, limit: list[str], role: str) -> Iterator[Iterator[str]]:
    """What pgbench says of a script, while it says it. Raises PgbenchError when it fails."""
    with tempfile.TemporaryDirectory(prefix="leadgen-bench-") as directory:
        path = Path(directory) / "script"
        path.write_text(script)
        command = [find_binaries()["pgbench"], "-n", "-M", "prepared", "-f", str(path), *limit]
        command += ["-c", str(clients), "-j", str(min(clients, 2)), with_role(url, role)]
        said: list[str] = []

        def listen(output: Iterator[str]) -> Iterator[str]:
            for line in output:
                said.append(line)
                yield line

        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            assert process.stdout
            yield listen(process.stdout)
            process.stdout.read()
    if process.returncode:
        raise PgbenchError("".join(said))
