"""Running the API with uvicorn."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from leadgen.log import configure_logging
from leadgen.settings import load_settings

STOP_SECONDS = 10  # for requests in flight after SIGTERM


def serve(host: str, port: int, workers: int) -> None:
    """Serve until SIGTERM or SIGINT; each of the worker processes has its own pool of DB_POOL_SIZE
    connections.

    Settings come from the environment, as each worker process reads them itself. Forwarded headers are left
    to `leadgen.app.headers`, which knows whom to trust.
    """
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    with _metrics_directory(workers):
        uvicorn.run(
            "leadgen.app:create_app",
            factory=True,
            host=host,
            port=port,
            workers=workers,
            loop="uvloop",
            http="httptools",
            ws="none",
            lifespan="on",
            access_log=False,
            log_config=None,
            log_level="info",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=STOP_SECONDS,
        )


@contextmanager
def _metrics_directory(workers: int) -> Iterator[None]:
    """Where several worker processes add up their metrics, for the length of a run."""
    if workers == 1:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="leadgen-metrics-") as directory:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = directory
        try:
            yield
        finally:
            del os.environ["PROMETHEUS_MULTIPROC_DIR"]
