"""A session that may change the schema: one at a time in a database, acting as its owner."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from leadgen.db.session import connect

OWNER = "leadgen_owner"
MODULES = [
    "kernel",
    "ref",
    "rules",
    "catalog",
    "identity",
    "intake",
    "market",
    "privacy",
    "outbox",
    "rehearsal",
    "roads",
]
SCHEMAS = ["leadgen", *MODULES, "report"]
ADVISORY_LOCK = 0x1EAD6E9


@contextmanager
def exclusive_session(url: str) -> Iterator[psycopg.Connection]:
    """An autocommit session; a second one in the same database waits until the first is closed."""
    with connect(url, autocommit=True, application_name="leadgen migrate") as connection:
        connection.execute("select pg_advisory_lock(%s)", [ADVISORY_LOCK])
        connection.execute("set client_min_messages = warning")
        yield connection


@contextmanager
def as_owner(connection: psycopg.Connection) -> Iterator[None]:
    """One transaction as leadgen_owner, in which every name must say its schema."""
    with connection.transaction():
        connection.execute(sql.SQL("set local role {}").format(sql.Identifier(OWNER)))
        connection.execute("set local search_path = pg_catalog, pg_temp")
        connection.execute(
            "set local lock_timeout = '5s'"
        )  # whoever queues behind us, the API too, waits as well
        yield


@contextmanager
def as_session_user(connection: psycopg.Connection) -> Iterator[None]:
    """Within as_owner's transaction: the session's own rights for a moment, a superuser's where it is one."""
    connection.execute("set local role none")
    yield
    connection.execute(sql.SQL("set local role {}").format(sql.Identifier(OWNER)))
