"""Which database a command works on."""

from leadgen.cli.console import err
from leadgen.db.embedded import EmbeddedServer
from leadgen.settings import load_settings


def embedded_server() -> EmbeddedServer:
    """The project's private server, not yet started."""
    server = EmbeddedServer()
    if server.moved:
        err.print(f"The server's user {server.user.name} cannot reach this directory: its files are in {server.state}")
    return server


def database_url() -> str:
    """DATABASE_URL, else the embedded server's, which is started if need be."""
    return load_settings().database_url or embedded_server().start()
