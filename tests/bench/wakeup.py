"""What waking a worker costs those who bring leads in, and how soon a webhook follows its lead."""

import json
import time
from statistics import median, quantiles
from typing import NamedTuple

from .catalogue import copy_to_receiver
from .deliveries import running_receiver, running_worker
from .lead import submit_script
from .pgbench import measure
from .processes import free_port, run_module
from .server import Bench

CLIENTS = 16
WORKER_STARTS = 2.0  # seconds
# Nobody is seen to sleep, so nobody is rung for: workers poll.
NO_BELL = """
create function public.see_nobody() returns trigger language plpgsql as $$ begin return null; end $$;
create trigger see_nobody before insert on leadgen.worker_naps for each row execute function public.see_nobody();
"""


class Wakeup(NamedTuple):
    """Leads per second with the bell and without; milliseconds from commit to webhook."""

    rung: float
    polled: float
    middle: float
    p95: float


def measure_wakeup(bench: Bench, template: str, seconds: int, rounds: int, singles: int) -> Wakeup:
    """Intake while a worker delivers, in turns with and without the bell; then lead by lead."""
    port = free_port()
    for database in ("rung", "polled"):
        copy_to_receiver(bench, database, template, f"http://127.0.0.1:{port}/leads")
    with bench.connect("polled") as admin:
        admin.execute(NO_BELL)
    with running_receiver(port):
        pairs = []
        for turn in range(rounds):
            order = ("rung", "polled") if turn % 2 else ("polled", "rung")
            rates = {database: measure_intake(bench, database, seconds) for database in order}
            pairs.append((rates["rung"], rates["polled"]))
    rung, polled = (median(column) for column in zip(*pairs, strict=True))
    with running_worker(bench, "rung"):
        waits = json.loads(run_module("singles", bench.url("rung"), str(port), str(singles)))
    return Wakeup(rung, polled, median(waits), quantiles(waits, n=20)[-1])


def measure_intake(bench: Bench, database: str, seconds: int) -> float:
    """Leads per second into a copy of the database, with a worker of its own at work."""
    bench.create("woken", database)
    try:
        with running_worker(bench, "woken"):
            time.sleep(WORKER_STARTS)
            return measure(bench, "woken", submit_script(), CLIENTS, seconds, "leadgen_api").rate
    finally:
        bench.drop("woken")
