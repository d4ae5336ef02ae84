"""The demo's own database, leadgen_demo: dropped and made again at each run. No other is touched."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from leadgen.db.migrate import migrate
from leadgen.db.urls import with_database
from leadgen.errors import LeadGenError
from leadgen.settings import Settings

NAME = "leadgen_demo"
ONE_AT_A_TIME = 0x1EADDE0  # advisory lock in database postgres


@contextmanager
def fresh_database(server_url: str, settings: Settings) -> Iterator[str]:
    """The URL of a migrated, empty leadgen_demo on a server; it stays behind afterwards.

    Raises LeadGenError while another demo runs on this server, for it would lose its database.
    """
    with psycopg.connect(with_database(server_url, "postgres"), autocommit=True) as connection:
        row = connection.execute("select pg_try_advisory_lock(%s)", [ONE_AT_A_TIME]).fetchone()
        if row != (True,):
            raise LeadGenError("another demo runs on this server: stop it first")
        name = sql.Identifier(NAME)
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(name))
        connection.execute(sql.SQL("create database {} template template0").format(name))
        url = with_database(server_url, NAME)
        migrate(url, without_defaults(settings), say=lambda _line: None)
        yield url


def without_defaults(settings: Settings) -> Settings:
    """The settings without DEFAULT_*: the catalogue says all, and a default source would hide the unknown."""
    unset = ("default_source_key", "default_duplicate_window_hours", "default_invoice_threshold")
    return settings.model_copy(update=dict.fromkeys(unset))
