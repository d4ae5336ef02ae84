"""A throw-away PostgreSQL cluster; a test's own database is cloned from a template in milliseconds."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql

from leadgen.db.embedded import EmbeddedServer
from leadgen.db.urls import with_database
from rig.guard import server_directory

Connect = Callable[..., psycopg.Connection]  # opens a session as the named role

# Nobody wants these databases after a power cut.
FAST = """\
fsync = off
full_page_writes = off
shared_buffers = 128MB
"""


class Cluster:
    """A running server of its own: nothing in it is anybody else's."""

    def __init__(self, server: EmbeddedServer) -> None:
        self.server = server
        self._numbers = count(1)

    def url(self, database: str) -> str:
        """The superuser's URL of a database."""
        return with_database(self.server.url, database)

    @property
    def shelf(self) -> Path:
        """A directory the server can read."""
        return self.server.state

    def create(self, name: str, template: str = "template0") -> str:
        """Create a database and return its URL."""
        statement = sql.SQL("create database {} template {} strategy wal_log")
        self._administer(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)

    def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected."""
        self._administer(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

    @contextmanager
    def clone(self, template: str) -> Iterator[str]:
        """The URL of a fresh copy of a template, dropped at the end."""
        name = f"test_{next(self._numbers)}"
        try:
            yield self.create(name, template)
        finally:
            self.drop(name)

    def make_template(self, name: str, fill: Callable[[str], None], template: str = "template0") -> str:
        """Create a database, fill it and leave it unconnected, ready to be cloned; returns its name."""
        fill(self.create(name, template))
        return name

    def _administer(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """A cluster in a temporary directory; nothing of it is left at the end, nor after a killed run."""
    with server_directory() as directory:
        server = EmbeddedServer(directory, conf=FAST)
        server.start()
        yield Cluster(server)
