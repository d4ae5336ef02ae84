"""The connection pool of the API and the worker."""

import select
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from psycopg import AsyncConnection, Error
from psycopg_pool import AsyncConnectionPool

from leadgen.db.session import ENCODING, is_spoiled, pin

# For a free connection, and for the server to answer a connect. Less than the lock_timeout of the roles (5 s): who
# waits for a connection gives up before who waits for a lock.
WAIT_SECONDS = 3.0
WAITING_PER_CONNECTION = 64  # a longer queue would only time out: refused at once

Connection = AsyncConnection[tuple[Any, ...]]
Pool = AsyncConnectionPool[Connection]


def make_pool(url: str, size: int, application_name: str) -> Pool:
    """A closed pool of `size` autocommit connections; opening it does not need the database to be there.

    Statements are not prepared, so PgBouncer may stand in between in transaction mode. After a failed
    reconnect the pool rests until somebody asks for a connection, which keeps a recovered database from
    waiting for a long back-off.
    """
    return AsyncConnectionPool(
        url,
        min_size=size,
        max_size=size,
        open=False,
        timeout=WAIT_SECONDS,
        reconnect_timeout=WAIT_SECONDS,
        max_waiting=size * WAITING_PER_CONNECTION,
        name=application_name,
        configure=pin,
        kwargs={
            "autocommit": True,
            "prepare_threshold": None,
            "connect_timeout": int(WAIT_SECONDS),
            "application_name": application_name,
            "client_encoding": ENCODING,
        },
    )


async def open_alone(url: str, application_name: str) -> Connection:
    """A pinned autocommit connection beside the pool, for what takes long. Raises psycopg.Error."""
    connection = await AsyncConnection.connect(
        url,
        autocommit=True,
        prepare_threshold=None,
        connect_timeout=int(WAIT_SECONDS),
        application_name=application_name,
        client_encoding=ENCODING,
    )
    try:
        await pin(connection)
    except BaseException:
        await connection.close()
        raise
    return connection


@asynccontextmanager
async def borrow(pool: Pool) -> AsyncIterator[Connection]:
    """A live connection of the pool; OperationalError (PoolTimeout, TooManyRequests) if there is none.

    One that an error has spoiled is closed, and the pool opens another: after a failover, to the new primary.
    """
    connection = await _take_live(pool)
    try:
        yield connection
    except Error as error:
        if is_spoiled(error):
            await connection.close()
        raise
    finally:
        await pool.putconn(connection)


async def _take_live(pool: Pool) -> Connection:
    """Take a connection; replace those that died while idle, as all do when the server restarts."""
    for _ in range(pool.max_size):
        connection = await pool.getconn()
        if is_alive(connection):
            return connection
        await connection.close()
        await pool.putconn(connection)
    return await pool.getconn()


def is_alive(connection: Connection) -> bool:
    """Whether an idle connection is open, without a round trip: all a server says on it is goodbye."""
    if connection.closed:
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)
