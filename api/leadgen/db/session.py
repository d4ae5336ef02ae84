"""Connections of ours: what they depend on is pinned, whatever the server, the database or the role says.

A DBA's `alter database … set` changes what a new session begins with: the isolation of transactions, how strings are
read, how times are written. Nothing of that may change an answer. Our functions do not depend on it either; what they
cannot do without, a session sets for itself.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, LiteralString

import psycopg
from psycopg import AsyncConnection

ENCODING = "UTF8"  # of the client: sent with the first packet, so that poolers keep it
PINS: dict[str, str] = {
    "default_transaction_isolation": "read committed",
    "default_transaction_deferrable": "off",
    "standard_conforming_strings": "on",
    "search_path": "pg_catalog, pg_temp",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "array_nulls": "on",
    "transform_null_equals": "off",
    "quote_all_identifiers": "off",
    "row_security": "on",
    "jit": "off",
    "log_parameter_max_length": "0",  # leads are parameters; of logins that may not, sql/policies/roles.sql says it
}
# A setting that this version of the server does not know (transaction_timeout before 17) is left out.
# Of the API and of workers, where neither their role nor their URL says anything else.
TIMEOUTS = {
    "lock_timeout": "5s",
    "statement_timeout": "10s",
    "idle_in_transaction_session_timeout": "30s",
    "idle_session_timeout": "0",
    "transaction_timeout": "0",
}
# Of a person's command, and of a deploy: it takes the time that it needs.
NO_TIMEOUTS = {
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    "transaction_timeout": "0",
}

# What a session calls itself where its caller gives no name: `leadgen buyers pause`. The audit keeps it as the actor.
# A name, and no setting, because poolers in transaction mode keep names apart.
PROGRAM: ContextVar[str] = ContextVar("program", default="leadgen")
LONGEST_NAME = 63  # PostgreSQL cuts longer ones off

SET: LiteralString = """
select set_config(pin.name, pin.value, false)
from unnest(%s::text[], %s::text[], %s::boolean[]) as pin (name, value, gives_way)
where current_setting(pin.name, true) is not null
and (pin.name not like 'log%%' or current_setting('is_superuser') = 'on')
and (
  pin.gives_way is not true or not exists (
    select from pg_settings s
    where s.name = pin.name and s.source in ('user', 'database user', 'client')
  )
)
"""

# Classes of SQLSTATE by which nobody answers any more: the connection is lost, its server is going down.
LOST = ("08", "57P")
# After these a connection is of no more use, too, though somebody answers: it leads to a server that takes no writes,
# as after a failover, or its server ends it because one transaction took too long.
SPOILED = (*LOST, "25006", "25P03", "25P04")


def connect(
    url: str, *, autocommit: bool = False, application_name: str | None = None, **options: Any
) -> psycopg.Connection[Any]:
    """A pinned session for a command; `options` are psycopg's."""
    name = (application_name or PROGRAM.get())[:LONGEST_NAME]
    connection: psycopg.Connection[Any] = psycopg.connect(
        url, autocommit=True, application_name=name, client_encoding=ENCODING, **options
    )
    try:
        connection.execute(SET, _arguments(PINS | NO_TIMEOUTS))
        connection.autocommit = autocommit
    except BaseException:
        connection.close()
        raise
    return connection


async def pin(connection: AsyncConnection[Any]) -> None:
    """Pin a new autocommit session of the API or a worker."""
    await connection.execute(SET, _arguments(PINS, TIMEOUTS))


def is_lost(error: psycopg.Error) -> bool:
    """Whether the database is not there; otherwise the one statement failed, for a lock or by itself."""
    return _is_of(error, LOST)


def is_spoiled(error: psycopg.Error) -> bool:
    """Whether the connection that an error came by should be given up, and another be opened in its place."""
    return _is_of(error, SPOILED)


def _is_of(error: psycopg.Error, kinds: tuple[str, ...]) -> bool:
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return error.sqlstate.startswith(kinds)


def _arguments(
    pins: Mapping[str, str], defaults: Mapping[str, str] = {}
) -> tuple[list[str], list[str], list[bool]]:
    """Names, values, and whether a value gives way to what the role or the URL says."""
    return (
        [*pins, *defaults],
        [*pins.values(), *defaults.values()],
        [False] * len(pins) + [True] * len(defaults),
    )
