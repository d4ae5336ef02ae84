"""How fast one worker process drains the outbox to a receiver that answers at once."""

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from leadgen.db.urls import with_role

from .pgbench import submit_leads
from .processes import free_port, run_module, running
from .server import Bench

RECEIVE = "import sys, runpy; sys.argv[0] = ''; runpy.run_module('{}.receiver', run_name='__main__')"
WORK = "from leadgen.settings import load_settings; from leadgen.worker import run; run(load_settings())"
DRAIN_SECONDS = 60


@contextmanager
def running_receiver() -> Iterator[int]:
    """A receiver on a port."""
    port = free_port()
    with running(RECEIVE.format(__package__), str(port)) as process:
        assert process.stdout
        process.stdout.readline()
        yield port


def queue_deliveries(bench: Bench, database: str, template: str, port: int, count: int) -> None:
    """A database with so many webhooks due at the receiver, and nothing else."""
    bench.create(database, template)
    bench.add_catalogue(database, f"http://127.0.0.1:{port}/leads", email=False)
    submit_leads(bench.url(database), 4, count)
    with bench.connect(database) as admin:
        admin.execute("vacuum analyze")


def drain(bench: Bench, queued: str) -> float:
    """Deliveries per second of one worker on a copy of the queue, from its first send to its last record."""
    bench.create("drained", queued)
    with bench.connect("drained") as admin:
        settings = {
            "DATABASE_URL": with_role(bench.url("drained"), "leadgen_worker"),
            "ENVIRONMENT": "development",
        }
        with running(WORK, **settings):
            deadline = time.monotonic() + DRAIN_SECONDS
            while admin.execute(
                "select 1 from leadgen.deliveries where finished_at is null limit 1"
            ).fetchone():
                assert time.monotonic() < deadline, "the outbox does not drain"
                time.sleep(0.1)
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
    return float(row[0])


def post_bare(bench: Bench, queued: str) -> float:
    """Posts per second of a bare client with the same bodies."""
    bench.create("claimed", queued)
    with bench.connect("claimed") as admin:
        rows = admin.execute(
            "select message_id, target, secrets[1], body from leadgen.claim_deliveries('bench', 1000000, '1 hour')"
        ).fetchall()
    bench.drop("claimed")
    names = ("id", "target", "secret", "body")
    with tempfile.TemporaryDirectory(prefix="leadgen-bench-") as directory:
        path = Path(directory) / "deliveries.json"
        path.write_text(json.dumps([dict(zip(names, row, strict=True)) for row in rows]))
        return float(run_module("bare", str(path)))
