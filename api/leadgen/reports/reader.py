"""Where reports are read: a standby if there is one that keeps up, else the primary.

How far a standby is behind: if it has replayed what the primary has written by now, nothing is missing, however long
ago the last transaction was. Otherwise it is the age of the last one that it replayed.
"""

from dataclasses import dataclass
from typing import Any, LiteralString, NamedTuple

import psycopg

from leadgen.db.session import connect

CONNECT_SECONDS = 5

WRITTEN: LiteralString = "select pg_current_wal_lsn()::text"
STANDING: LiteralString = """
select pg_is_in_recovery(),
  case when pg_is_in_recovery() then pg_last_wal_replay_lsn() >= %s::pg_lsn end,
  extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())::double precision
"""


class Sources(NamedTuple):
    """Where reports may be read."""

    primary: str
    replica: str | None = None  # REPORT_DATABASE_URL
    most_lag: float = 300.0  # REPORT_MAX_LAG_SECONDS


@dataclass
class Reader:
    """A session that reads, and what is to be said of it."""

    connection: psycopg.Connection[Any]
    words: str  # read from the replica, 2 s behind
    lag: float | None  # seconds; None: it is the primary


def open_reader(sources: Sources, application_name: str | None = None) -> Reader:
    """A session on the replica, or on the primary if the replica is not there or too far behind.

    Raises psycopg.Error when neither can be reached.
    """
    if sources.replica is None:
        return Reader(_open(sources.primary, application_name), "read from the primary", None)
    primary = None
    try:
        try:
            primary = _open(sources.primary, application_name)
        except psycopg.OperationalError:
            written = None
        else:
            written = _ask(primary, WRITTEN, ())[0]
        reader, reason = _open_replica(sources, written, application_name)
        if reader is not None:
            if primary is not None:
                primary.close()
            return reader
    except BaseException:
        if primary is not None:
            primary.close()
        raise
    connection = primary or _open(sources.primary, application_name)
    return Reader(connection, f"read from the primary: {reason}", None)


def _open_replica(
    sources: Sources, written: str | None, application_name: str | None
) -> tuple[Reader | None, str]:
    """The replica, or why it is not read."""
    try:
        connection = _open(str(sources.replica), application_name)
    except psycopg.OperationalError:
        return None, "the replica cannot be reached"
    try:
        is_standby, is_level, age = _ask(connection, STANDING, (written,))
    except psycopg.Error as error:
        connection.close()
        return None, f"the replica does not answer ({error.sqlstate or type(error).__name__})"
    if not is_standby:
        connection.close()
        return None, "REPORT_DATABASE_URL is no standby"
    lag = 0.0 if is_level else age
    if lag is None or lag > sources.most_lag:
        connection.close()
        behind = "has replayed nothing yet" if lag is None else f"is {describe_lag(lag)} behind"
        return None, f"the replica {behind}, and REPORT_MAX_LAG_SECONDS is {sources.most_lag:g}"
    return Reader(connection, f"read from the replica, {describe_lag(lag)} behind", lag), ""


def describe_lag(seconds: float) -> str:
    """`0 s`, `2 s`, `12 min`, `3.5 h`."""
    if seconds < 120:
        return f"{max(seconds, 0):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7_200 else f"{seconds / 3_600:.1f} h"


def _open(url: str, application_name: str | None) -> psycopg.Connection[Any]:
    return connect(url, application_name=application_name, autocommit=True, connect_timeout=CONNECT_SECONDS)


def _ask(connection: psycopg.Connection[Any], query: LiteralString, arguments: tuple[Any, ...]) -> Any:
    return connection.execute(query, arguments).fetchone() or (None, None, None)
