"""`leadgen demo`: everything at work on loopback, on a database of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from leadgen.cli.console import err
from leadgen.cli.target import embedded_server
from leadgen.settings import load_settings

INTERRUPTED = 130  # exit status, as shells give it for Ctrl-C


def demo(
    serve: Annotated[bool, typer.Option("--serve", help="Leave everything running until Ctrl-C.")] = False,
    seed: Annotated[int, typer.Option(help="Other leads; the same seed gives the same.")] = 1,
) -> None:
    """Show everything at work: 200 leads in, judged, sold and delivered. Exit status 1 if something does not hold."""
    from leadgen.demo.run import run_demo
    from leadgen.demo.steps import make_console

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
    """DATABASE_URL's server, or the embedded one, which is stopped again if it did not run before."""
    if url := load_settings().database_url:
        yield url
        return
    server = embedded_server()
    was_running = server.running()
    try:
        yield server.start()
    finally:
        if not was_running:
            server.stop()
