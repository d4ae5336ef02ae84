"""What it costs a change of the catalogue that it is audited: `python -m tests.bench.audit`.

In one run, in turns, with the triggers of the audit and without: 300 postal codes of 50 buyers are inserted, updated
and deleted, each in one statement. Wall time of the statement; the chain is made afterwards, and is timed by itself.
"""

import time
from statistics import median

import psycopg

from .catalogue import create_catalogue
from .revision import working_tree
from .server import running_bench

ROUNDS = 5
NAME = "audited"
AREAS = "market_id = (select min(m.id) from leadgen.markets m) and scope_value like '9%'"
STATEMENTS = {
    "insert": """
        insert into leadgen.buyer_service_areas (buyer_id, market_id, scope_type, scope_value)
        select b.id, (select min(m.id) from leadgen.markets m), 'postal_code', (90000 + n)::text
        from (select id from leadgen.buyers order by id limit 50) b, generate_series(1, 300) n
    """,
    "update": f"update leadgen.buyer_service_areas set is_active = false where {AREAS}",
    "delete": f"delete from leadgen.buyer_service_areas where {AREAS}",
}
SWITCH = """
select format('alter table leadgen.buyer_service_areas {} trigger %I', t.tgname) from pg_trigger t
where t.tgrelid = 'leadgen.buyer_service_areas'::regclass and t.tgname like 'audit%'
"""


def main() -> None:
    """Measure and print."""
    with running_bench() as bench:
        create_catalogue(bench, NAME, working_tree())
        with bench.connect(NAME) as admin:
            times: dict[tuple[str, str], list[float]] = {}
            for _ in range(ROUNDS):
                for state in ("enable", "disable"):
                    for (statement,) in admin.execute(SWITCH.format(state).encode()).fetchall():
                        admin.execute(statement.encode())
                    for name, statement in STATEMENTS.items():
                        times.setdefault((name, state), []).append(run(admin, statement))
            chain = run(
                admin, "select count(*) from generate_series(1, 45) where leadgen.run_chore('chain_audit')"
            )
    for name in STATEMENTS:
        audited, bare = (median(times[name, state]) for state in ("enable", "disable"))
        print(f"{name}: {audited:.2f} s audited, {bare:.2f} s not: {audited / bare:.2f} of it")
    print(f"45,000 entries chained in {chain:.2f} s")


def run(admin: psycopg.Connection, statement: str) -> float:
    """Seconds that a statement takes."""
    start = time.perf_counter()
    admin.execute(statement.encode())
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
