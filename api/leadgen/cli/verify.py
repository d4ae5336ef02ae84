"""`leadgen verify`: every lead replayed from its record, and the invariants of the whole database."""

import time
from collections.abc import Iterator
from typing import Annotated, Any

import psycopg
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from leadgen.cli.console import err, out
from leadgen.cli.target import MAX_ID, database_url
from leadgen.db.session import connect
from leadgen.errors import LeadGenError
from leadgen.words import count_of

FIND_RANGE = """
select min(id) as first, max(id) as last, count(*) filter (where id between %s and %s) as chosen from leadgen.leads
"""
COUNT_LEADS = "select count(*) from leadgen.leads where id between %s and %s"
VERIFY_LEADS = "select last_id, checked, faults from leadgen.verify_leads(%s::bigint, %s::integer)"
CHECK_INVARIANTS = "select rule, detail from leadgen.list_broken_invariants()"

BATCH = 500
SAY_SECONDS = 5.0  # between two plain lines
MAX_BIGINT = 2**63 - 1

Fault = dict[str, Any]


def verify(
    first: Annotated[
        int, typer.Option("--from-lead", metavar="ID", min=1, max=MAX_ID, help="The first lead to replay.")
    ] = 1,
    last: Annotated[
        int | None,
        typer.Option(
            "--to-lead", metavar="ID", min=1, max=MAX_ID, help="The last lead to replay. Default: the latest."
        ),
    ] = None,
) -> None:
    """Replay every lead from its record, and check the whole database. Exit status 1 if anything is wrong.

    Example: leadgen verify --from-lead 12345
    """
    if last is not None and first > last:
        raise LeadGenError(f"--from-lead: found {first}, allowed at most the lead of --to-lead, {last}")
    with connect(database_url(), autocommit=True) as connection:
        if first > 1 or last is not None:
            refuse_empty_range(connection, first, last)
        faults = list(replay_leads(connection, first, MAX_BIGINT if last is None else last))
        with err.status("checking the invariants"):
            broken = connection.execute(CHECK_INVARIANTS).fetchall()
    if faults:
        out.print(faults_table(faults))
    if broken:
        out.print(invariants_table(broken))
    if faults or broken:
        raise typer.Exit(1)
    err.print("each comes out as it was recorded, and every invariant holds")


def refuse_empty_range(connection: psycopg.Connection[Any], first: int, last: int | None) -> None:
    """Raises LeadGenError when no lead is in the range that was asked for."""
    row = connection.execute(FIND_RANGE, [first, MAX_BIGINT if last is None else last]).fetchone()
    lowest, highest, chosen = row or (None, None, 0)
    if chosen:
        return
    wanted = f"from {first} on" if last is None else f"from {first} to {last}"
    there_are = "there are no leads" if lowest is None else f"the leads have ids from {lowest} to {highest}"
    raise LeadGenError(f"there is no lead {wanted}: {there_are}")


def replay_leads(connection: psycopg.Connection[Any], first: int, last: int) -> Iterator[Fault]:
    """The leads from `first` to `last` that do not come out as recorded. Shows progress on standard error."""
    row = connection.execute(COUNT_LEADS, [first, last]).fetchone()
    total = row[0] if row else 0
    done, after, said = 0, first - 1, time.monotonic()
    columns = (TextColumn("replaying leads"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("", total=total)
        while after < last:
            row = connection.execute(VERIFY_LEADS, [after, min(BATCH, last - after)]).fetchone()
            if row is None or row[0] is None:
                break
            after, checked, faults = row
            yield from (fault for fault in faults if fault["lead_id"] <= last)
            done = min(done + checked, total)  # leads that came after the count was taken
            progress.update(task, completed=done)
            if not err.is_terminal and time.monotonic() - said > SAY_SECONDS:
                err.print(f"leads replayed: {done:,} of {total:,}")
                said = time.monotonic()
    err.print(f"{count_of(done, 'lead')} replayed")


def faults_table(faults: list[Fault]) -> Table:
    """Each difference of each lead."""
    table = Table("lead", "difference", title="leads that do not replay", title_justify="left", box=None)
    for fault in faults:
        for difference in fault["differences"]:
            table.add_row(str(fault["lead_id"]), Text(describe(difference)))
    return table


def describe(difference: Any) -> str:
    """A difference as `name: value, name: value`, or as the text it is."""
    if isinstance(difference, dict):
        return ", ".join(f"{name}: {value}" for name, value in difference.items())
    return str(difference)


def invariants_table(broken: list[tuple[Any, ...]]) -> Table:
    """Each broken invariant."""
    table = Table("rule", "detail", title="broken invariants", title_justify="left", box=None)
    for rule, detail in broken:
        table.add_row(rule, Text(detail))
    return table
