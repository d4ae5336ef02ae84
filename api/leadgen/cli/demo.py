"""`leadgen demo`: everything at work on loopback, on a database of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import psycopg
import typer

from leadgen.cli.console import err
from leadgen.cli.target import MAX_ID, embedded_server
from leadgen.settings import SettingsError, load_settings

OTHER_SESSIONS = """
select from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()
"""
INTERRUPTED = 130  # exit status, as shells give it for Ctrl-C


def demo(
    serve: Annotated[bool, typer.Option("--serve", help="Leave everything running until Ctrl-C.")] = False,
    seed: Annotated[
        int, typer.Option(min=0, max=MAX_ID, help="Which leads come: the same number gives the same leads.")
    ] = 1,
) -> None:
    """Show everything at work: 200 leads arrive, are sold and delivered. Exit status 1 if a check fails.

    It runs on a database of its own, leadgen_demo, and sends nothing beyond this machine.

    Example: leadgen demo --serve
    """
    from leadgen.show.console import make_console

    try:
        from leadgen.demo.run import run_demo
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"leadgen demo needs {error.name}: install leadgen with its extra `demo`"
        ) from None
    try:
        with _server() as url:
            holds = run_demo(make_console(), url, load_settings(), seed, serve)
    except KeyboardInterrupt:
        err.print("stopped")
        raise typer.Exit(INTERRUPTED) from None
    if not holds:
        raise typer.Exit(1)


@contextmanager
def _server() -> Iterator[str]:
    """DATABASE_URL's server, or the embedded one; what we started we stop, unless others use it by now."""
    if url := load_settings().database_url:
        yield url
        return
    server = embedded_server()
    was_running = server.running()
    url = server.start()
    try:
        yield url
    finally:
        if not was_running and not _is_in_use(url):
            server.stop()


def _is_in_use(url: str) -> bool:
    """Whether anybody else is connected."""
    with psycopg.connect(url) as connection:
        return connection.execute(OTHER_SESSIONS).fetchone() is not None
