"""Where a lead's time goes: PostgreSQL's own count of the time in each function, for one client."""

from typing import NamedTuple

from .pgbench import submit_leads
from .server import Bench


class Share(NamedTuple):
    """A function: calls and its own time for one lead, and of the whole."""

    name: str
    calls: float
    self_us: float
    share: float


def profile(bench: Bench, database: str, leads: int) -> tuple[list[Share], float]:
    """The functions by their own time, and the time in microseconds that one lead takes in all.

    The time of statements is that of the function that makes them; what is inlined counts for its caller.
    """
    with bench.connect(database) as admin:
        admin.execute(f"alter database {database} set track_functions = 'all'".encode())
        admin.execute("select pg_stat_reset()")
        rate = submit_leads(bench.url(database), 1, leads)
        admin.execute(f"alter database {database} reset track_functions".encode())
        rows = admin.execute(
            """
            select funcname, calls / %(leads)s::float, 1000 * self_time / %(leads)s
            from pg_stat_user_functions order by self_time desc
            """,
            {"leads": leads},
        ).fetchall()
    whole = 1_000_000 / rate
    inside = sum(float(row[2]) for row in rows)
    shares = [Share(name, calls, float(us), float(us) / whole) for name, calls, us in rows]
    shares.append(Share("(parse, plan, commit, client)", 1, whole - inside, (whole - inside) / whole))
    return sorted(shares, key=lambda share: -share.self_us), whole
