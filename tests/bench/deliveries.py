"""How fast one worker process drains the outbox, beside the same HTTP client without any queue."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from subprocess import Popen
from typing import NamedTuple

from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from leadgen.db.urls import with_role

from .catalogue import copy_to_receiver
from .lead import submit_script
from .pgbench import run_script
from .processes import free_port, run_module, running
from .server import Bench

RECEIVE = "import runpy; runpy.run_module('{}.receiver', run_name='__main__')"
WORK = "from leadgen.settings import load_settings; from leadgen.worker import run; run(load_settings())"
DRAIN_SECONDS = 120
LATENCIES = (0, 20)  # milliseconds of the receiver
ONE_BUYERS_PLACES = 200
FEW = 800  # leads queued, for the memory of a worker that has little to do
ONE_BUYER = """
update leadgen.deliveries d
set endpoint_id = f.endpoint_id, buyer_id = f.buyer_id
from (select endpoint_id, buyer_id from leadgen.deliveries order by id limit 1) f
"""


class Drain(NamedTuple):
    """Deliveries per second, from the first send to the last record, and the worker's largest size in MB."""

    rate: float
    peak: float


class Drained(NamedTuple):
    """Medians of one receiver: bare client, and a worker with all buyers' deliveries and with one buyer's."""

    milliseconds: int
    bare: float
    concurrency: int
    spread: float
    single: float


class Memory(NamedTuple):
    """MB at most of a worker that drained few deliveries, and of one that drained many."""

    few: int
    after_few: float
    many: int
    after_many: float


@contextmanager
def running_receiver(port: int, milliseconds: int = 0) -> Iterator[None]:
    """A receiver on the port."""
    with running(RECEIVE.format(__package__), str(port), str(milliseconds)) as process:
        assert process.stdout
        process.stdout.readline()
        yield


def queue_deliveries(bench: Bench, database: str, template: str, port: int, leads: int) -> int:
    """A database with the webhooks of so many leads due at the receiver; returns how many those are."""
    copy_to_receiver(bench, database, template, f"http://127.0.0.1:{port}/leads")
    run_script(bench, database, submit_script(), 4, leads)
    with bench.connect(database) as admin:
        admin.execute("vacuum analyze")
        row = admin.execute("select count(*) from leadgen.deliveries").fetchone()
    assert row
    return int(row[0])


def give_to_one_buyer(bench: Bench, database: str, queued: str) -> None:
    """The same queue, all of it to one endpoint that takes many at once."""
    bench.create(database, queued)
    with bench.connect(database) as admin:
        admin.execute(ONE_BUYER)
        admin.execute("update leadgen.endpoints set max_in_flight = %s", [ONE_BUYERS_PLACES])
        admin.execute("vacuum full analyze leadgen.deliveries")


@contextmanager
def running_worker(bench: Bench, database: str) -> Iterator["Popen[str]"]:
    """A worker with the settings it has by default."""
    url = with_role(bench.url(database), "leadgen_worker")
    with running(WORK, DATABASE_URL=url, ENVIRONMENT="development", LOG_LEVEL="WARNING") as process:
        yield process


def drain(bench: Bench, queued: str) -> Drain:
    """What one worker process does with a copy of the queue."""
    bench.create("drained", queued)
    with bench.connect("drained") as admin:
        with running_worker(bench, "drained") as process:
            is_queued = "select 1 from leadgen.deliveries where next_attempt_at is not null limit 1"
            Retrying(
                retry=retry_if_result(lambda row: row is not None),
                stop=stop_after_delay(DRAIN_SECONDS),
                wait=wait_fixed(0.1),
            )(lambda: admin.execute(is_queued).fetchone())
            peak = peak_megabytes(process.pid)
        row = admin.execute(
            """
            select
              count(*) / extract(epoch from max(d.finished_at) - min(a.started_at)),
              bool_and(d.status = 'delivered')
            from leadgen.deliveries d join leadgen.delivery_attempts a on a.delivery_id = d.id
            """
        ).fetchone()
    bench.drop("drained")
    assert row
    assert row[1], "some deliveries failed"
    return Drain(float(row[0]), peak)


def peak_megabytes(pid: int) -> float:
    """The largest resident size of a process so far; nan where the system does not say."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return float("nan")
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


def write_bodies(bench: Bench, queued: str, path: Path) -> None:
    """What the worker would send, as a JSON file for the bare client."""
    bench.create("claimed", queued)
    found: list[dict[str, str]] = []
    with bench.connect("claimed") as admin:
        admin.execute("update leadgen.endpoints set max_in_flight = 1000")
        while rows := admin.execute(
            """
            select message_id, secrets[1], body
            from leadgen.claim_deliveries('bench', '{"webhook": 1000}', '1 hour')
            """
        ).fetchall():
            found += [dict(zip(("id", "secret", "body"), row, strict=True)) for row in rows]
    bench.drop("claimed")
    path.write_text(json.dumps(found))


def measure_deliveries(bench: Bench, template: str, leads: int, rounds: int) -> tuple[list[Drained], Memory]:
    """Worker and bare client in turns, at each latency of the receiver."""
    found, peaks, port = list[Drained](), list[float](), free_port()
    with tempfile.TemporaryDirectory(prefix="leadgen-bench-") as directory:
        bodies = str(Path(directory) / "deliveries.json")
        many = queue_deliveries(bench, "queued", template, port, leads)
        give_to_one_buyer(bench, "queued_for_one", "queued")
        write_bodies(bench, "queued", Path(bodies))
        for milliseconds in LATENCIES:
            with running_receiver(port, milliseconds):
                concurrency = run_module("bare", bodies, str(port)).split()[1]
                rates: list[tuple[float, float, float]] = []
                for _ in range(rounds):
                    spread = drain(bench, "queued")
                    bare = float(run_module("bare", bodies, str(port), concurrency).split()[0])
                    single = drain(bench, "queued_for_one")
                    rates.append((bare, spread.rate, single.rate))
                    peaks += [spread.peak, single.peak]
            bare, spread_rate, single_rate = (median(column) for column in zip(*rates, strict=True))
            found.append(Drained(milliseconds, bare, int(concurrency), spread_rate, single_rate))
        few = queue_deliveries(bench, "queued_few", template, port, FEW)
        with running_receiver(port):
            peak = drain(bench, "queued_few").peak
    return found, Memory(few, peak, many, max(peaks))
