"""How long the views of schema report take over a year of leads: `python -m tests.bench.reports [LEADS]`.

It is 1,000,000 leads if it is not said, written by plain SQL (reports.sql) into tables whose indexes are made
afterwards; how long those of the ledger take is printed, too. Then the chore adds all days up, and each view is asked
for its default range and for a year, three times each: the best is printed, by the clock, in CPU, and in pages read.
With `--plans` the plans are printed, too; with `--only WORD` only what has the word in its name is asked.

`--keep DIRECTORY` leaves the server's data there. The next run finds it, brings it to the state of the code, adds up
what is missing and asks: five million leads are written once and asked often, and a run that was stopped goes on.
"""

import argparse
import os
import time
from pathlib import Path
from typing import Any

import psycopg

from .revision import working_tree
from .server import SETTINGS, Bench, running_bench

LEADS = 1_000_000
# Reading is what is measured: what is written may be lost with the machine.
QUICK_TO_WRITE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "wal_skip_threshold": "0",
}
REPORTS = Path(__file__).with_suffix(".sql")
CLOSE = "update leadgen.report_closing set closed_until = clock_timestamp() - interval '1 hour'"
MONTH, YEAR = "current_date - 30", "current_date - 366"
ASKED = {
    "funnel, 30 days": f"select * from report.funnel where came_day >= {MONTH}",
    "funnel_hours, 48 hours": "select * from report.funnel_hours",
    "funnel_campaigns, 7 days": "select * from report.funnel_campaigns where came_day >= current_date - 7",
    "margin, 30 days": f"select * from report.margin where sold_day >= {MONTH}",
    "buyer_days, 30 days": f"select * from report.buyer_days where sold_day >= {MONTH}",
    "buyer_scorecard, 7 days": "select * from report.buyer_scorecard where day >= current_date - 7",
    "unsold, 30 days": f"select * from report.unsold where came_day >= {MONTH}",
    "rejection_reasons, 30 days": f"select * from report.rejection_reasons where came_day >= {MONTH}",
    "duplicates, 30 days": f"select * from report.duplicates where came_day >= {MONTH}",
    "limits": "select * from report.limits",
    "delivery_speed, 30 days": f"select * from report.delivery_speed where sold_day >= {MONTH}",
    "revenue_by_day, 30 days": f"select * from report.revenue_by_day where booked_day >= {MONTH}",
    "the console's Today": "select console.list_days(now())",
    "leads, a day": "select * from report.leads where created_at > now() - interval '1 day'",
    "sales, a day": "select * from report.sales where created_at > now() - interval '1 day'",
    "a year by month: funnel_months": "select * from report.funnel_months",
    "a year by week: funnel_weeks": "select * from report.funnel_weeks",
    "a year by month: sold_months": "select * from report.sold_months",
    "a year by month: source_quality": "select * from report.source_quality",
    "a year by week: return_cohorts": "select * from report.return_cohorts",
    "a year by month: unsold_months": "select * from report.unsold_months",
    "a year by month: revenue_by_day": (
        "select date_trunc('month', booked_day), offer, sum(booked_net) from report.revenue_by_day group by 1, 2"
    ),
    "a year by day: delivery_speed": "select * from report.delivery_speed",
    "a year: policy_results": "select * from report.policy_results",
}


INDEXES = """
select i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
from pg_index i
where i.indrelid = any ('{leadgen.leads,leadgen.lead_assignments,leadgen.deliveries,leadgen.ledger_transactions,
    leadgen.ledger_entries}'::regclass[])
  and not exists (select from pg_constraint c where c.conindid = i.indexrelid)
"""


def write_leads(bench: Bench, database: str, leads: int) -> None:
    """The leads and what became of them, analyzed. The name is given at the end: who finds it finds it whole."""
    with bench.connect("postgres") as admin:
        admin.execute("drop database if exists half_written with (force)")
    bench.create("half_written")
    working_tree().migrate(bench.url("half_written"))
    with bench.connect("half_written") as admin:
        admin.execute("set work_mem = '256MB'")
        admin.execute("set maintenance_work_mem = '512MB'")
        admin.execute(f"create temp table asked as select {leads} as leads".encode())
        indexes = admin.execute(INDEXES).fetchall()
        for name, _ in indexes:
            admin.execute(f"drop index {name}".encode())
        admin.execute(REPORTS.read_bytes())
        for name, definition in indexes:
            begun = time.perf_counter()
            admin.execute(definition.encode())
            if "ledger" in name:
                print(f"{name}: made in {time.perf_counter() - begun:.1f} s", flush=True)
        admin.execute("vacuum analyze")
    with bench.connect("postgres") as admin:
        admin.execute(f"alter database half_written rename to {database}".encode())


def has_leads(bench: Bench, database: str) -> bool:
    """Whether a run before this one has written them."""
    with bench.connect("postgres") as admin:
        found = admin.execute("select from pg_database where datname = %s", [database])
        return found.fetchone() is not None


def roll_up(session: psycopg.Connection[Any]) -> int:
    """All days added up, as the chore does it; how many."""
    days = 0
    session.execute(CLOSE.encode())
    while (done := session.execute("select rollups.roll_up()").fetchone()) and done[0]:
        days += done[0]
    session.execute("vacuum analyze")
    return days


def read_cpu(process: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def count_pages(session: psycopg.Connection[Any], query: str) -> int:
    """How many pages the query touches: the same number on a busy machine and on an idle one."""
    row = session.execute(f"explain (analyze, buffers, timing off, format json) {query}".encode()).fetchone()
    assert row
    plan = row[0][0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def time_query(session: psycopg.Connection[Any], query: str) -> tuple[float, float, int]:
    """Milliseconds of the best of three, by the clock and of the server's CPU, and how many rows."""
    process, rows = session.info.backend_pid, 0
    taken, used = [], []
    for _ in range(3):
        begun, before = time.perf_counter(), read_cpu(process)
        rows = len(session.execute(query.encode()).fetchall())
        taken.append(time.perf_counter() - begun)
        used.append(read_cpu(process) - before)
    return min(taken) * 1000, min(used) * 1000, rows


def ask(session: psycopg.Connection[Any], word: str, with_plans: bool) -> None:
    """Each view, for its default range and for a year."""
    for name, query in ASKED.items():
        if word not in name:
            continue
        taken, used, rows = time_query(session, query)
        pages = count_pages(session, query)
        print(
            f"{name}: {taken:,.0f} ms, {used:,.0f} ms of CPU, {pages:,} pages, {rows:,} rows",
            flush=True,
        )
        if with_plans:
            for (line,) in session.execute(f"explain (analyze, buffers, costs off) {query}".encode()):
                print("   ", line)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="tests.bench.reports", description=__doc__)
    parser.add_argument("leads", type=int, nargs="?", default=LEADS)
    parser.add_argument("--plans", action="store_true", help="print the plans, too")
    parser.add_argument("--only", default="", metavar="WORD", help="ask only what has the word in its name")
    parser.add_argument(
        "--keep", type=Path, metavar="DIRECTORY", help="leave the server's data there, or find it"
    )
    arguments = parser.parse_args()
    with running_bench(arguments.keep, SETTINGS | QUICK_TO_WRITE) as bench:
        begun = time.perf_counter()
        if has_leads(bench, "reports"):
            working_tree().migrate(bench.url("reports"))
            print(f"leads of an earlier run, migrated in {time.perf_counter() - begun:.0f} s", flush=True)
        else:
            write_leads(bench, "reports", arguments.leads)
            print(
                f"{arguments.leads:,} leads of a year, written in {time.perf_counter() - begun:.0f} s",
                flush=True,
            )
        with bench.connect("reports") as session:
            session.execute("set max_parallel_workers_per_gather = 0")  # so that all CPU is the session's own
            begun = time.perf_counter()
            days = roll_up(session)
            print(f"{days:,} days of markets added up in {time.perf_counter() - begun:.0f} s", flush=True)
            ask(session, arguments.only, arguments.plans)


if __name__ == "__main__":
    main()
