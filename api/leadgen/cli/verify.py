"""`leadgen verify`: leads replayed from their records, bookings, the audit, and every invariant."""

import re
import time
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer
from psycopg.types.json import Jsonb
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from leadgen.cli.audit import HEAD, verify_file
from leadgen.cli.console import err, out
from leadgen.cli.opening import NO_KEYS, find_vault, open_contacts
from leadgen.cli.target import MAX_ID, database_url
from leadgen.db.session import connect
from leadgen.errors import LeadGenError
from leadgen.sealing.vault import Vault
from leadgen.words import count_of

FIND_RANGE = """
select min(id) as first, max(id) as last, count(*) filter (where id between %s and %s) as chosen from leadgen.leads
"""
COUNT_LEADS = "select count(*) from leadgen.leads where id between %s and %s"
COUNT_SEALED = "select count(*) from leadgen.leads where id between %s and %s and sealed is not null"
VERIFY_LEADS = "select last_id, checked, faults from leadgen.verify_leads(%s::bigint, %s::integer, %s::jsonb)"
SEALED = """
select l.id
from (select id, sealed is not null as is_sealed from leadgen.leads where id > %s order by id limit %s) l
where l.is_sealed
"""
CHECK_INVARIANTS = "select rule, detail from leadgen.list_broken_invariants()"

LAST_BOOKINGS = "select transactions, sales from leadgen.find_last_bookings()"
VERIFY_TRANSACTIONS = "select rule, detail from leadgen.verify_transactions(%s::bigint, %s::bigint)"
VERIFY_BOOKINGS = "select rule, detail from leadgen.verify_bookings(%s::bigint, %s::bigint)"
VERIFY_BALANCES = "select rule, detail from leadgen.verify_balances()"

VERIFY_CHAIN = "select rule, detail from leadgen.verify_audit_chain(%s::bigint, %s::bigint)"
VERIFY_ENTRIES = "select rule, detail from leadgen.verify_audit_entries(%s::bigint, %s::bigint)"
VERIFY_AUDIT = "select rule, detail from leadgen.verify_audit()"
DIGEST_AT = "select encode(c.digest, 'hex') from leadgen.audit_chain c where c.position = %s::bigint"
HEAD_SHAPE = re.compile(r"([1-9]\d{0,17}):([0-9a-f]{64})", re.ASCII)

BATCH = 500
BOOKINGS = 20_000  # checked in one call
SAY_SECONDS = 5.0  # between two plain lines
MAX_BIGINT = 2**63 - 1

Fault = dict[str, Any]


class What(StrEnum):
    """What can be verified by itself."""

    MONEY = "money"
    AUDIT = "audit"


def verify(
    what: Annotated[
        What | None,
        typer.Argument(
            metavar="[money|audit]", help="Only the money, or the audit. Default: leads and everything else."
        ),
    ] = None,
    first: Annotated[
        int, typer.Option("--from-lead", metavar="ID", min=1, max=MAX_ID, help="The first lead to replay.")
    ] = 1,
    last: Annotated[
        int | None,
        typer.Option(
            "--to-lead", metavar="ID", min=1, max=MAX_ID, help="The last lead to replay. Default: the latest."
        ),
    ] = None,
    head: Annotated[
        str | None,
        typer.Option(
            metavar="POSITION:DIGEST",
            help="audit: a head that was kept elsewhere; the chain must still have it.",
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="audit: prove this export of `leadgen audit --export`, not the database."
        ),
    ] = None,
) -> None:
    """Replay every lead from its record, and check the whole database. Exit status 1 if anything is wrong.

    `leadgen verify money` proves the money alone: each transaction sums to zero, each sale is booked at its price and
    given back when it ended, each balance is the sum of its entries, and payments, invoices and closed months say what
    is booked.

    `leadgen verify audit` proves the audit alone: each entry is what was chained, none was removed, added or moved, and
    every trigger is in place. It prints the head of the chain: keep it elsewhere, and --head proves later that the
    entries up to it are the same.

    Example: leadgen verify --from-lead 12345
    """
    if what is not What.AUDIT and (head is not None or file is not None):
        raise LeadGenError("--head and --file are of `leadgen verify audit`")
    if what is not None:
        if first > 1 or last is not None:
            raise LeadGenError(
                f"verify {what} takes no --from-lead and no --to-lead: it reads the whole "
                f"{'ledger' if what is What.MONEY else 'audit'}"
            )
        if what is What.MONEY:
            verify_money()
        else:
            verify_audit(read_head(head) if head else None, file)
        return
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


def verify_money() -> None:
    """Prove the ledger and name each difference. Exit status 1 if there is one."""
    broken: list[tuple[Any, ...]] = []
    with connect(database_url(), autocommit=True) as connection:
        row = connection.execute(LAST_BOOKINGS).fetchone()
        transactions, sales = row or (None, None)
        for noun, query, last in (
            ("transactions", VERIFY_TRANSACTIONS, transactions),
            ("sales", VERIFY_BOOKINGS, sales),
        ):
            broken += check_ids(connection, noun, query, last or 0)
        if not err.is_terminal:
            err.print("adding up balances, payments and invoices")
        with err.status("adding up balances, payments and invoices"):
            broken += connection.execute(VERIFY_BALANCES).fetchall()
    if broken:
        out.print(invariants_table(broken))
        raise typer.Exit(1)
    err.print("the ledger sums to zero, and sales, payments, balances and invoices say what is booked")


def read_head(text: str) -> tuple[int, str]:
    """A head as it was printed. Raises LeadGenError for anything else."""
    if not (found := HEAD_SHAPE.fullmatch(text)):
        raise LeadGenError(f"--head: found {text}, allowed a head as verify audit prints it: 1204:5f0c…")
    return int(found[1]), found[2]


def verify_audit(head: tuple[int, str] | None, file: Path | None) -> None:
    """Prove the audit, or an export of it, and name each difference. Exit status 1 if there is one."""
    if file is not None:
        if head is not None:
            raise LeadGenError("--head is proved in the database, --file by itself: give one of them")
        last, proved = verify_file(file)
        err.print(
            f"{count_of(last, 'entry', 'entries')} of {file} are what was chained",
            markup=False,
            soft_wrap=True,
        )
        if last:
            out.print(f"{last}:{proved}", markup=False, soft_wrap=True)
        return
    broken: list[tuple[Any, ...]] = []
    with connect(database_url(), autocommit=True) as connection:
        position, digest, last_entry, waiting = connection.execute(HEAD).fetchone() or (None, None, None, 0)
        for noun, query, end in (
            ("positions", VERIFY_CHAIN, position),
            ("entries", VERIFY_ENTRIES, last_entry),
        ):
            broken += check_ids(connection, noun, query, end or 0)
        broken += connection.execute(VERIFY_AUDIT).fetchall()
        if head is not None:
            found = connection.execute(DIGEST_AT, [head[0]]).fetchone()
            if found is None or found[0] != head[1]:
                there = "nothing" if found is None else f"the digest {found[0]}"
                broken.append(("audit_head_kept", f"position {head[0]} of the chain has {there}"))
    if broken:
        out.print(invariants_table(broken))
        raise typer.Exit(1)
    later = f"; {count_of(waiting, 'entry waits', 'entries wait')} to be chained" if waiting else ""
    err.print(f"every entry is what was chained{later}")
    if position:
        out.print(f"{position}:{digest}", markup=False, soft_wrap=True)


def check_ids(
    connection: psycopg.Connection[Any], noun: str, query: str, last: int
) -> Iterator[tuple[Any, ...]]:
    """What a check says of the rows up to an id, taken in portions. Shows progress on standard error."""
    columns = (TextColumn(f"checking {noun}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    said = time.monotonic()
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("", total=last)
        for after in range(0, last, BOOKINGS):
            end = min(after + BOOKINGS, last)
            yield from connection.execute(query.encode(), [after, end])
            progress.update(task, completed=end)
            if not err.is_terminal and time.monotonic() - said > SAY_SECONDS:
                err.print(f"{noun} checked: up to {end:,} of {last:,}")
                said = time.monotonic()
    err.print(f"{noun} checked up to {last:,}")


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
    vault = find_vault(connection)
    columns = (TextColumn("replaying leads"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("", total=total)
        while after < last:
            size = min(BATCH, last - after)
            opened = open_page(connection, vault, after, size)
            row = connection.execute(VERIFY_LEADS, [after, size, Jsonb(opened)]).fetchone()
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
    if vault is None:
        row = connection.execute(COUNT_SEALED, [first, last]).fetchone()
        if row and row[0]:
            err.print(f"{count_of(row[0], 'lead')} of them without validation: sealed, and {NO_KEYS}")


def open_page(
    connection: psycopg.Connection[Any], vault: Vault | None, after: int, size: int
) -> dict[str, list[str | None]]:
    """The contacts of the sealed leads among the next; {} without keys: their validation is left out."""
    if vault is None:
        return {}
    ids = [lead for (lead,) in connection.execute(SEALED, [after, size]).fetchall()]
    return {str(lead): contact for lead, contact in open_contacts(connection, vault, ids, "verify").items()}


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
