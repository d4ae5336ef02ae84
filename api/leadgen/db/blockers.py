"""Who holds locks on our tables: what a migration would wait for."""

import time
from collections.abc import Callable

import psycopg

from leadgen.db.objects import MigrateError
from leadgen.db.owner import SCHEMAS

PATIENCE_SECONDS = 30.0  # a deploy waits so long for others, at each step
GRACE_SECONDS = 1.0  # what the API and workers do is over by then
LOOK_SECONDS = 0.1

# A transaction is known by what everybody may see; when it began, only some roles may. Autovacuum gives way by itself.
HOLDERS = """
select
  l.virtualtransaction,
  concat_ws(
    ', ', coalesce('session ' || l.pid || ' of ' || a.usename, 'a prepared transaction'),
    nullif(a.application_name, ''), a.state, to_char(a.xact_start, '"since" YYYY-MM-DD HH24:MI:SSOF'))
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
"""


def list_holders(connection: psycopg.Connection) -> dict[str, str]:
    """The transactions that hold locks on tables of ours, each with who that is."""
    return dict(connection.execute(HOLDERS, [SCHEMAS]).fetchall())


def wait_for_holders(connection: psycopg.Connection, patience: float, say: Callable[[str], None]) -> None:
    """Return when all have ended that held locks at the beginning; who comes later is young.

    Raises MigrateError, which names them, when some are still there after this many seconds.
    """
    begun = time.monotonic()
    before = list_holders(connection)
    told = False
    while True:
        now = list_holders(connection)
        left = [holder for transaction, holder in now.items() if transaction in before]
        waited = time.monotonic() - begun
        if not left:
            return
        if waited >= max(patience, GRACE_SECONDS):
            raise MigrateError(
                "nothing was changed, because migrations would wait for locks of\n  "
                + "\n  ".join(left)
                + "\nEnd them (select pg_terminate_backend(pid)), or wait for them: leadgen migrate --wait SECONDS"
            )
        if not told and waited >= GRACE_SECONDS:
            told = True
            for holder in left:
                say(f"waiting for {holder}")
        time.sleep(LOOK_SECONDS)
