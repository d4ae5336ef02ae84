"""Who holds locks on our tables: what a migration would wait for."""

from collections.abc import Callable

import psycopg
from tenacity import RetryCallState, Retrying, retry_if_result, stop_after_delay, wait_fixed

from leadgen.db.objects import MigrateError
from leadgen.db.owner import SCHEMAS

PATIENCE_SECONDS = 30.0  # a deploy waits so long for others, at each step
GRACE_SECONDS = 1.0  # what the API and workers do is over by then
LOOK_SECONDS = 0.1

# What a session runs, without what stands in quotes: that may be a secret or a person.
QUERY = r"""left(regexp_replace(regexp_replace(regexp_replace(
    a.query, '''(?:[^''\\]|''''|\\.)*(?:''|$)', '''…''', 'g'), '\$(\w*)\$.*', '$…$'), '\s+', ' ', 'g'), 100)"""

# Who a session is, of a row l of pg_locks and a row a of pg_stat_activity. Its query is for those who may see it.
SESSION = f"""concat_ws(
    ', ', coalesce('session ' || l.pid || coalesce(' of ' || a.usename, ''), 'a prepared transaction'),
    nullif(a.application_name, ''), a.state, to_char(a.xact_start, '"since" YYYY-MM-DD HH24:MI:SSOF'),
    'query: ' || nullif(nullif({QUERY}, ''), '<insufficient privilege>')
  )"""

# A transaction is known by what everybody may see; when it began, only some roles may. Autovacuum gives way by itself.
HOLDERS = f"""
select l.virtualtransaction, {SESSION}
from (
  select distinct l.virtualtransaction, l.pid
  from pg_locks l
  join pg_class c on c.oid = l.relation
  where l.locktype = 'relation'
  and l.granted
  and l.database = (select d.oid from pg_database d where d.datname = current_database())
  and c.relnamespace in (select n.oid from pg_namespace n where n.nspname = any (%s))
  and l.pid is distinct from pg_backend_pid()
) l
left join pg_stat_activity a on a.pid = l.pid
where a.backend_type is distinct from 'autovacuum worker'
order by 2
"""  # noqa: S608 - SESSION is a constant


def list_holders(connection: psycopg.Connection) -> dict[str, str]:
    """The transactions that hold locks on tables of ours, each with who that is."""
    return dict(connection.execute(HOLDERS.encode(), [SCHEMAS]).fetchall())


def holders_who_stay(connection: psycopg.Connection) -> Callable[[], list[str]]:
    """A look at who holds locks: at the first call everybody, later only those who held them at every call before."""
    seen: dict[str, str] | None = None

    def look() -> list[str]:
        nonlocal seen
        now = list_holders(connection)
        seen = {transaction: who for transaction, who in now.items() if seen is None or transaction in seen}
        return list(seen.values())

    return look


def wait_for_holders(connection: psycopg.Connection, patience: float, say: Callable[[str], None]) -> None:
    """Return when all have ended that held locks at the beginning; who comes later is young.

    Raises MigrateError, which names them, when some are still there after this many seconds.
    """
    before = list_holders(connection)
    told = False

    def list_left() -> list[str]:
        return [who for transaction, who in list_holders(connection).items() if transaction in before]

    def tell(state: RetryCallState) -> None:
        nonlocal told
        if not told and (state.seconds_since_start or 0) >= GRACE_SECONDS:
            told = True
            for holder in state.outcome.result() if state.outcome else ():
                say(f"waiting for {holder}")

    left = Retrying(
        retry=retry_if_result(bool),
        stop=stop_after_delay(max(patience, GRACE_SECONDS)),
        wait=wait_fixed(LOOK_SECONDS),
        before_sleep=tell,
        retry_error_callback=lambda state: state.outcome and state.outcome.result(),
    )(list_left)
    if left:
        raise MigrateError(
            "nothing was changed, because migrations would wait for locks of\n  "
            + "\n  ".join(left)
            + "\nEnd them (select pg_terminate_backend(pid)), or wait for them: leadgen migrate --wait SECONDS"
        )
