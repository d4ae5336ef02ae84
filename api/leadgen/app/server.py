"""Running the API with uvicorn."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from leadgen.app import metrics
from leadgen.app.connection import BoundedProtocol
from leadgen.log import configure_logging
from leadgen.settings import load_settings

STOP_SECONDS = 10  # for requests in flight after SIGTERM
IDLE_SECONDS = 5  # that a connection is kept for its next request; ops/nginx.conf keeps it for less


def serve(host: str, port: int, workers: int) -> None:
    """Serve until SIGTERM or SIGINT; each of the worker processes has its own pool of DB_POOL_SIZE
    connections.

    Settings come from the environment, as each worker process reads them itself. Forwarded headers are left
    to `leadgen.app.headers`, which knows whom to trust.
    """
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    with _metrics_directory(workers) as directory:
        if settings.api_metrics_port:
            metrics.serve(settings.api_metrics_port, directory)
        uvicorn.run(
            "leadgen.app:create_app",
            factory=True,
            host=host,
            port=port,
            workers=workers,
            loop="uvloop",
            http=BoundedProtocol,
            ws="none",
            lifespan="on",
            access_log=False,
            log_config=None,
            log_level="info",
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=IDLE_SECONDS,
            timeout_graceful_shutdown=STOP_SECONDS,
        )


@contextmanager
def _metrics_directory(workers: int) -> Iterator[str | None]:
    """Where several worker processes add up their metrics, for the length of a run; None for one process."""
    if workers == 1:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="leadgen-metrics-") as directory:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = directory
        try:
            yield directory
        finally:
            del os.environ["PROMETHEUS_MULTIPROC_DIR"]
