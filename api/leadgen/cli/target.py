"""Which database a command works on."""

from leadgen.cli.console import err
from leadgen.db.embedded import EmbeddedServer
from leadgen.settings import load_settings

MAX_ID = 2**63 - 1  # of a bigint


def embedded_server() -> EmbeddedServer:
    """The project's private server, not yet started."""
    server = EmbeddedServer()
    if server.moved and not server.running():
        user = server.user.name
        err.print(
            f"{user}, who runs the server, cannot reach this directory: see {server.state}", soft_wrap=True
        )
    return server


def database_url() -> str:
    """DATABASE_URL, else the embedded server's, which is started if need be."""
    return load_settings().database_url or embedded_server().start()
