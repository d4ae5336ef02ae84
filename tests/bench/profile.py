"""Where a lead's time goes, by PostgreSQL's own counts: its functions, and the statements inside them."""

from typing import NamedTuple

from .lead import submit_script
from .pgbench import run_script
from .server import Bench, has_library

FUNCTIONS = """
select schemaname || '.' || funcname, calls / %(leads)s::float, self_time / %(leads)s
from pg_stat_user_functions
order by self_time desc
"""
STATEMENTS = """
select
  calls / %(leads)s::float,
  total_exec_time / %(leads)s,
  plans / %(leads)s::float,
  total_plan_time / %(leads)s,
  (shared_blks_hit + shared_blks_read) / %(leads)s::float,
  regexp_replace(query, '\\s+', ' ', 'g')
from pg_stat_statements
where dbid = (select oid from pg_database where datname = current_database())
order by total_exec_time + total_plan_time desc
"""


class Function(NamedTuple):
    """For one lead: calls and milliseconds of its own.

    The time of a statement is that of the function that makes it; what is inlined counts for its caller.
    """

    name: str
    calls: float
    own: float


class Statement(NamedTuple):
    """For one lead: how often it is executed and planned, milliseconds of both, and blocks that it reads.

    Those of the functions that it calls are included.
    """

    calls: float
    execution: float
    plans: float
    planning: float
    blocks: float
    text: str


def profile_functions(bench: Bench, database: str, leads: int) -> tuple[list[Function], float]:
    """The functions of a lead, costliest first, and the milliseconds that one client waits for a lead."""
    with bench.connect(database) as admin:
        admin.execute("select pg_stat_reset()")
        rate = submit_counted(bench, database, leads, {"track_functions": "all"})
        rows = admin.execute(FUNCTIONS, {"leads": leads}).fetchall()
    return [Function(*row) for row in rows], 1000 / rate


def profile_statements(bench: Bench, database: str, leads: int) -> list[Statement]:
    """The statements of a lead, costliest first; none where pg_stat_statements is not installed."""
    if not has_library("pg_stat_statements"):
        return []
    counted = {"pg_stat_statements.track": "all", "pg_stat_statements.track_planning": "on"}
    with bench.connect(database) as admin:
        admin.execute("create extension if not exists pg_stat_statements")
        admin.execute("select pg_stat_statements_reset()")
        submit_counted(bench, database, leads, counted)
        rows = admin.execute(STATEMENTS, {"leads": leads}).fetchall()
    return [Statement(*row) for row in rows]


def submit_counted(bench: Bench, database: str, leads: int, settings: dict[str, str]) -> float:
    """Leads a second of one client whose session has these settings."""
    with bench.connect("postgres") as admin:
        for name, value in settings.items():
            admin.execute(f"alter database {database} set {name} = '{value}'".encode())
        rate = run_script(bench, database, submit_script(), 1, leads)
        for name in settings:
            admin.execute(f"alter database {database} reset {name}".encode())
    return rate
