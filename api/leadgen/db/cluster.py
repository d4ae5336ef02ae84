"""Databases that live for a moment: cloned from a template in milliseconds, dropped at the end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Literal

import psycopg
from psycopg import sql

from leadgen.db.embedded import EmbeddedServer
from leadgen.db.urls import with_database

ADOPT_CLONES = """
insert into leadgen.adoption (system_identifier, table_oid)
select s.system_identifier, 'leadgen.adoption'::regclass::oid::bigint from pg_control_system() s
on conflict (id) do update
set system_identifier = excluded.system_identifier, database_oid = null, table_oid = excluded.table_oid
"""


class Cluster:
    """A running server, and the names of the databases made on it: `prefix` and a number.

    `strategy` is PostgreSQL's way to copy a template: `wal_log`, or `file_copy`, which takes less time in memory.
    """

    def __init__(
        self,
        server: EmbeddedServer,
        prefix: str = "test",
        strategy: Literal["wal_log", "file_copy"] = "wal_log",
    ) -> None:
        self.server = server
        self._prefix = prefix
        self._strategy = strategy
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
        statement = sql.SQL("create database {} template {} strategy {}").format(
            sql.Identifier(name), sql.Identifier(template), sql.Identifier(self._strategy)
        )
        self._administer(statement)
        return self.url(name)

    def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected."""
        self._administer(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

    @contextmanager
    def clone(self, template: str) -> Iterator[str]:
        """The URL of a fresh copy of a template, dropped at the end."""
        name = f"{self._prefix}_{next(self._numbers)}"
        try:
            yield self.create(name, template)
        finally:
            self.drop(name)

    def make_template(self, name: str, fill: Callable[[str], None], template: str = "template0") -> str:
        """Create a database, fill it and leave it unconnected, ready to be cloned; returns its name.

        Its clones are no copies: workers send what is in them.
        """
        url = self.create(name, template)
        fill(url)
        adopt_clones(url)
        return name

    def _administer(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)


def adopt_clones(url: str) -> None:
    """Have every clone of a database pass for the real one; where LeadGen is not in it yet, nothing is done."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute("select to_regclass('leadgen.adoption')").fetchone()
        if row != (None,):
            connection.execute(ADOPT_CLONES)
