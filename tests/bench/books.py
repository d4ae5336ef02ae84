"""How long the books of many sales take: `python -m tests.bench.books [SALES]`, 2,000,000 if it is not said.

A ledger of so many sales of 200 buyers is written by plain SQL (books.sql). Then `leadgen verify money` proves it, and
what people and workers ask of it is timed, each in a session of its own. Memory is the most that the server's process
held of its own.
"""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import psycopg

from .catalogue import create_catalogue
from .revision import working_tree
from .server import Bench, running_bench

BOOKS = Path(__file__).with_suffix(".sql")
SALES, BUYERS = 2_000_000, 200
KEYS = """
insert into leadgen.api_keys (kind, buyer_id, name, key_hash, scopes)
select 'buyer', id, name, lpad(id::text, 64, '0'), '{read,answer,pay}' from leadgen.buyers
"""
# The first and the last of the payers: an invoiced one and a prepaid one.
PAYERS = "select min(id), max(id) from leadgen.buyers where name like 'Payer %'"
ASKED = {
    "verify: transactions": "select * from leadgen.verify_transactions(0, {last})",
    "verify: sales": "select * from leadgen.verify_bookings(0, {sales})",
    "verify: balances, payments, invoices": "select * from leadgen.verify_balances()",
    "balance": "select leadgen.show_balance(lpad('{invoiced}', 64, '0'))",
    "statement of the last week": "select leadgen.make_statement({invoiced}, current_date - 7, current_date)",
    "statement of a week long ago": "select leadgen.make_statement({invoiced}, current_date - 207, current_date - 200)",
    "forecast": "select billing.forecast_days({prepaid}, 1000, now())",
    "bank line": "select billing.find_invoiced('Payment of INV-2026-7, thank you')",
    "chore: nobody is due": "select roads.invoice_due_buyer()",
    "report.receivables_ageing": "select * from report.receivables_ageing",
    "report.buyer_balances": "select * from report.buyer_balances",
    "report.revenue_by_day": "select * from report.revenue_by_day",
    "report.tax": "select * from report.tax",
    "report.ledger_months": "select * from report.ledger_months",
}


def write_books(bench: Bench, database: str, sales: int) -> None:
    """The ledger, analyzed."""
    create_catalogue(bench, database, working_tree())
    with bench.connect(database) as admin:
        admin.execute("set work_mem = '256MB'")
        admin.execute(f"create temp table asked as select {sales} as sales, {BUYERS} as buyers".encode())
        admin.execute(BOOKS.read_bytes())
        admin.execute(KEYS.encode())
        admin.execute("update leadgen.settings set default_invoice_threshold = 99999999")
        admin.execute("update leadgen.offers set invoice_threshold = 99999999")
        admin.execute("vacuum analyze")


def most_memory(process: int) -> float:
    """MB of its own that a process held at most; shared buffers are not counted."""
    status = Path(f"/proc/{process}/status").read_text()
    peak, shared = (int(re.search(rf"{name}:\s+(\d+)", status)[1]) for name in ("VmHWM", "RssShmem"))  # type: ignore[index]
    return (peak - shared) / 1024


def time_call(bench: Bench, database: str, query: str) -> tuple[float, float, int]:
    """Seconds, MB and rows of a query, asked in a session of its own and rolled back."""
    with bench.connect(database) as session:
        session.autocommit = False
        begun = time.perf_counter()
        rows = session.execute(query.encode()).fetchall()
        seconds = time.perf_counter() - begun
        memory = most_memory(session.info.backend_pid)
        session.rollback()
    return seconds, memory, len(rows)


def verify(bench: Bench, database: str) -> None:
    """Run the command as an operator does."""
    begun = time.perf_counter()
    command = [str(Path(sys.executable).parent / "leadgen"), "verify", "money"]
    done = subprocess.run(
        command,
        env=os.environ | {"DATABASE_URL": bench.url(database)},
        capture_output=True,
        text=True,
        check=False,
    )
    print(f"leadgen verify money: {time.perf_counter() - begun:.1f} s, exit status {done.returncode}")
    print(done.stdout + done.stderr)


def main() -> None:
    """Measure and print."""
    sales = int(sys.argv[1]) if len(sys.argv) > 1 else SALES
    with running_bench() as bench:
        begun = time.perf_counter()
        write_books(bench, "books", sales)
        print(f"{sales:,} sales of {BUYERS} buyers, written in {time.perf_counter() - begun:.0f} s")
        verify(bench, "books")
        with psycopg.connect(bench.url("books")) as session:
            last, booked = session.execute("select * from leadgen.find_last_bookings()").fetchone() or (0, 0)
            invoiced, prepaid = session.execute(PAYERS).fetchone() or (0, 0)
        for name, query in ASKED.items():
            asked = query.format(last=last, sales=booked, invoiced=invoiced, prepaid=prepaid)
            seconds, memory, rows = time_call(bench, "books", asked)
            print(f"{name}: {seconds * 1000:,.0f} ms, {memory:,.0f} MB, {rows} rows")


if __name__ == "__main__":
    main()
