"""POST /api/leads on uvicorn, driven over loopback."""

import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from leadgen.db.urls import with_role

from .processes import free_port, run_module, running

SERVE = (
    "import sys; from leadgen.app.server import serve; serve('127.0.0.1', int(sys.argv[1]), int(sys.argv[2]))"
)
POOL = 4  # connections of each worker process
START_SECONDS = 30


@contextmanager
def running_api(url: str, workers: int) -> Iterator[int]:
    """The API on a port, as its own role."""
    port = free_port()
    settings = {"DATABASE_URL": with_role(url, "leadgen_api"), "DB_POOL_SIZE": str(POOL)}
    with running(SERVE, str(port), str(workers), **settings):
        wait_until_ready(port)
        yield port


def wait_until_ready(port: int) -> None:
    """Return once the API answers that it is ready."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def post_leads(port: int, connections: int, seconds: float) -> float:
    """Leads per second over so many connections. Raises RuntimeError when more than a few are refused."""
    rate, refused = run_module("load", str(port), str(connections), str(seconds)).split()
    if int(refused) > 0.02 * float(rate) * seconds:
        raise RuntimeError(f"{refused} requests were not answered 202")
    return float(rate)
