"""`leadgen serve` and `leadgen worker`. On the embedded server they run as their own database roles."""

import os
from typing import Annotated

import typer

from leadgen.cli.target import embedded_server
from leadgen.db.urls import with_role
from leadgen.settings import load_settings


def serve(
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port to listen on; 0: one that is free.")
    ] = 8000,
    workers: Annotated[
        int, typer.Option(min=1, max=1_000, help="Processes, each with DB_POOL_SIZE connections.")
    ] = 1,
) -> None:
    """Run the API until SIGTERM or Ctrl-C.

    Example: leadgen serve --host 127.0.0.1 --port 8000
    """
    from leadgen.app.server import serve as run

    _use_role("leadgen_api")
    run(host, port, workers)


def worker() -> None:
    """Run one delivery worker until SIGTERM or Ctrl-C. Any number may run side by side.

    Example: leadgen worker
    """
    from leadgen.worker import run

    _use_role("leadgen_worker")
    run(load_settings())


def _use_role(role: str) -> None:
    """Without DATABASE_URL: the embedded server, as `role`, for this process and those it starts."""
    if not load_settings().database_url:
        os.environ["DATABASE_URL"] = with_role(embedded_server().start(), role)
