"""Our schemas, and sessions that act as their owner."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

OWNER = "leadgen_owner"
READER = "leadgen_reader"  # whose functions read for a buyer, under row-level security
MODULES = [
    "kernel",
    "ref",
    "rules",
    "catalog",
    "auditing",
    "identity",
    "intake",
    "market",
    "billing",
    "privacy",
    "outbox",
    "reporting",
    "rollups",
    "rehearsal",
    "console",
    "portal",
    "roads",
]
SCHEMAS = ["leadgen", *MODULES, "report", "for_buyers", "for_sources"]
LOCK_TIMEOUT = "5s"


@contextmanager
def as_owner(connection: psycopg.Connection, lock_timeout: str = LOCK_TIMEOUT) -> Iterator[None]:
    """One transaction as leadgen_owner, in which every name must say its schema.

    Whoever queues behind us, the API too, waits as long as we do for a lock.
    """
    with connection.transaction():
        connection.execute(sql.SQL("set local role {}").format(sql.Identifier(OWNER)))
        connection.execute("set local search_path = pg_catalog, pg_temp")
        connection.execute("select set_config('lock_timeout', %s, true)", [lock_timeout])
        yield


@contextmanager
def as_session_user(connection: psycopg.Connection) -> Iterator[None]:
    """Within as_owner's transaction: the session's own rights for a moment, a superuser's where it is one."""
    connection.execute("set local role none")
    yield
    connection.execute(sql.SQL("set local role {}").format(sql.Identifier(OWNER)))
