"""A session that may change the schema: one at a time in a database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from psycopg.errors import InsufficientPrivilege
from tenacity import RetryCallState, Retrying, retry_if_result, stop_after_delay, wait_fixed

from leadgen.db.blockers import GRACE_SECONDS, LOOK_SECONDS, PATIENCE_SECONDS, SESSION
from leadgen.db.objects import MigrateError
from leadgen.db.owner import LOCK_TIMEOUT, OWNER, as_owner
from leadgen.db.pooler import DIRECT_NEEDED, check_direct
from leadgen.db.session import connect

ADVISORY_LOCK = 0x1EAD6E9
TAKE = "select pg_try_advisory_lock(%s)"
OTHERS = f"""
select {SESSION}
from pg_locks l
left join pg_stat_activity a on a.pid = l.pid
where l.locktype = 'advisory'
and l.granted
and l.database = (select d.oid from pg_database d where d.datname = current_database())
and (l.classid, l.objid, l.objsubid) = (0, %s, 1)
order by 1
"""  # noqa: S608 - SESSION is a constant
HELD = """
select exists (
  select from pg_locks l
  where l.locktype = 'advisory'
  and l.granted
  and l.database = (select d.oid from pg_database d where d.datname = current_database())
  and (l.classid, l.objid, l.objsubid, l.pid) = (0, %s, 1, pg_backend_pid())
)
"""


@contextmanager
def exclusive_session(
    url: str, wait: float = PATIENCE_SECONDS, say: Callable[[str], None] = lambda _: None
) -> Iterator[psycopg.Connection]:
    """An autocommit session; a second one in the same database waits so many seconds for the first to be closed.

    Raises MigrateError, which names who holds the lock, when it is not free by then, and when a pooler would give the
    lock to others.
    """
    check_direct(url)
    with connect(url, autocommit=True, application_name="leadgen migrate") as connection:
        connection.execute("set client_min_messages = warning")
        connection.execute("select set_config('lock_timeout', %s, false)", [LOCK_TIMEOUT])
        _lock(connection, wait, say)
        yield connection


def check_lock(connection: psycopg.Connection) -> None:
    """Raise MigrateError when the session does not hold the lock of exclusive_session any more."""
    if connection.execute(HELD, [ADVISORY_LOCK]).fetchone() != (True,):
        raise MigrateError(
            DIRECT_NEEDED.format("the lock of this deploy is not held by the session any more")
        )


def _lock(connection: psycopg.Connection, wait: float, say: Callable[[str], None]) -> None:
    told = False

    def take() -> bool:
        return _take(connection)

    def tell(state: RetryCallState) -> None:
        nonlocal told
        if not told and (state.seconds_since_start or 0) >= GRACE_SECONDS:
            told = True
            for holder in _list_others(connection):
                say(f"another deploy is at work; waiting for {holder}")

    is_ours = Retrying(
        retry=retry_if_result(lambda taken: not taken),
        stop=stop_after_delay(max(wait, GRACE_SECONDS)),
        wait=wait_fixed(LOOK_SECONDS),
        before_sleep=tell,
        retry_error_callback=lambda _: False,
    )(take)
    if not is_ours:
        raise MigrateError(
            "nothing was changed, because another deploy holds the lock for it:\n  "
            + ("\n  ".join(_list_others(connection)) or "nobody any more")
            + "\nWait for it: leadgen migrate --wait SECONDS. If it is not at work any more, end it: "
            "select pg_terminate_backend(pid)"
        )


def _take(connection: psycopg.Connection) -> bool:
    try:
        return connection.execute(TAKE, [ADVISORY_LOCK]).fetchone() == (True,)
    except InsufficientPrivilege:
        # Only the owner may, and a role with NOINHERIT has to become the owner for it.
        try:
            with as_owner(connection):
                return connection.execute(TAKE, [ADVISORY_LOCK]).fetchone() == (True,)
        except InsufficientPrivilege as error:
            raise MigrateError(
                f"the role {connection.info.user} is no member of {OWNER}: "
                "use leadgen_migrator or an administrator's role"
            ) from error


def _list_others(connection: psycopg.Connection) -> list[str]:
    return [who for (who,) in connection.execute(OTHERS.encode(), [ADVISORY_LOCK])]
