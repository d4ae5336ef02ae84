"""POST /api/leads and /api/leads/batch on uvicorn, driven over loopback."""

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from leadgen.db.urls import with_role

from .cpu import cpu_seconds
from .intake import Subject
from .pgbench import Measured
from .processes import free_port, run_module, running
from .revision import Revision
from .server import Bench

SERVE = (
    "import sys; from leadgen.app.server import serve; serve('127.0.0.1', int(sys.argv[1]), int(sys.argv[2]))"
)
POOL = 4  # connections of each worker process
START_SECONDS = 30
BATCH = 100  # leads
WARM_UP = 1  # seconds: each connection compiles the functions it calls


class Api(NamedTuple):
    """A running API: its port and its first process."""

    port: int
    pid: int


@contextmanager
def running_api(url: str, workers: int, revision: Revision, **further: str) -> Iterator[Api]:
    """A revision's API, as its own role."""
    port = free_port()
    settings = {"DATABASE_URL": with_role(url, "leadgen_api"), "DB_POOL_SIZE": str(POOL)} | further
    with running(SERVE, str(port), str(workers), PYTHONPATH=revision.python_path, **settings) as process:
        wait_until_ready(port)
        yield Api(port, process.pid)


def wait_until_ready(port: int) -> None:
    """Return once the API answers that it is ready."""
    again = Retrying(
        retry=retry_if_exception_type(OSError),
        stop=stop_after_delay(START_SECONDS),
        wait=wait_fixed(0.1),
        reraise=True,
    )
    with again(urllib.request.urlopen, f"http://127.0.0.1:{port}/health/ready", timeout=5):
        pass


def http_subject(bench: Bench, api: Api, seconds: int) -> Subject:
    """Leads posted over so many connections."""
    return lambda connections: post_leads(bench, api, connections, seconds)


def batch_subject(bench: Bench, api: Api, seconds: int) -> Subject:
    """Batches posted over so many connections."""
    return lambda connections: post_leads(bench, api, connections, seconds, BATCH)


def post_leads(bench: Bench, api: Api, connections: int, seconds: int, leads: int = 1) -> Measured:
    """Post leads over so many connections, by themselves or so many in a batch.

    Raises RuntimeError when more than a few are refused.
    """
    run_module("load", str(api.port), str(connections), str(WARM_UP), str(leads))
    before = bench.cpu_seconds(), cpu_seconds(api.pid)
    rate, answered, refused = run_module(
        "load", str(api.port), str(connections), str(seconds), str(leads)
    ).split()
    after = bench.cpu_seconds(), cpu_seconds(api.pid)
    if int(refused) > 0.02 * int(answered):
        raise RuntimeError(f"{refused} of {answered} leads were not answered 202")
    server, client = (1000 * (end - start) / int(answered) for start, end in zip(before, after, strict=True))
    return Measured(server, client, float(rate))
