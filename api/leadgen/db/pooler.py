"""Whether a pooler hands each transaction to another session of the server, as PgBouncer does in transaction mode.

A deploy cannot work through one: its lock and its temporary views belong to a session, and the lock would stay behind
in a session that goes to somebody else.
"""

import select
from time import monotonic

import psycopg

from leadgen.db.objects import MigrateError

ROUNDS = 5  # a busy pooler may serve somebody else between two questions
PATIENCE_SECONDS = 5.0
WHO_SERVES = "select pg_backend_pid()"
DIRECT_NEEDED = (
    "direct connection needed: {}. A deploy keeps a lock in its session. "
    "Point DATABASE_URL at the server itself, or at a pool in session mode. Nothing was changed"
)


def check_direct(url: str) -> None:
    """Raise MigrateError when transactions of one connection are served by sessions that others use, too.

    A server says at the start which process serves a connection. A pooler says something else there; only then are
    further connections opened, to see whether one of them is served by the process that served the first.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        server = _ask(connection)
        if server == connection.info.backend_pid:
            return
        for _ in range(ROUNDS):
            if _ask_elsewhere(url) in (server, None) or _ask(connection) != server:
                raise MigrateError(
                    DIRECT_NEEDED.format("a pooler gives each transaction to another session of the server")
                )


def _ask(connection: psycopg.Connection) -> int | None:
    row = connection.execute(WHO_SERVES).fetchone()
    return int(row[0]) if row else None


def _ask_elsewhere(url: str) -> int | None:
    """The process that serves another connection; None when the pooler has none to spare."""
    connection = psycopg.connect(url, autocommit=True)
    pgconn = connection.pgconn
    try:
        pgconn.send_query(WHO_SERVES.encode())
        end = monotonic() + PATIENCE_SECONDS
        while pgconn.is_busy():
            if not select.select([pgconn.socket], [], [], max(0.0, end - monotonic()))[0]:
                return None
            pgconn.consume_input()
        result = pgconn.get_result()
        value = result.get_value(0, 0) if result else None
        return int(value) if value else None
    finally:
        pgconn.finish()
