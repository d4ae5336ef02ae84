"""`leadgen export`: rows of a view of schema report as a file."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import IO, Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import psycopg
import typer
from psycopg.types.json import Jsonb
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from leadgen.cli.console import err
from leadgen.cli.moments import read_moment
from leadgen.cli.target import database_url
from leadgen.errors import LeadGenError
from leadgen.reports import files
from leadgen.reports.reader import Sources, open_reader
from leadgen.settings import load_settings
from leadgen.words import count_of

COMPOSE = "select leadgen.compose_export(%s, %s::timestamptz, %s::timestamptz, %s, %s, %s, %s)"
ZONE = "select leadgen.find_report_zone()"
STANDARD_OUTPUT = "-"
FILTER = re.compile(r"\s*([a-z_][a-z0-9_]*)\s*(!=|<>|<=|>=|=|<|>)(.*)", re.DOTALL)


class Format(StrEnum):
    """What a file is written as."""

    csv = "csv"
    parquet = "parquet"
    jsonl = "jsonl"


def export(
    view: Annotated[
        str, typer.Argument(metavar="VIEW", help="A view of schema report: leads, sales, margin.")
    ],
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="TIME",
            help="Rows from this time on: 2026-11-20, or 2026-11-20T08:00Z. Without an offset it is read in --zone.",
        ),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option("--to", metavar="TIME", help="Rows before this time; a date means its first minute."),
    ] = None,
    form: Annotated[
        Format,
        typer.Option(
            "--format", help="In CSV, text that a spreadsheet would run gets an apostrophe in front."
        ),
    ] = Format.csv,
    zone: Annotated[
        str | None,
        typer.Option(
            metavar="ZONE",
            help="Times and days are by its clock. Default: that of the markets, if they share one.",
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="The time or day that the period is of. Default: the first among the columns.",
        ),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILTER", help="Only rows of which this holds: offer=austin-plumbing, price>40."
        ),
    ] = None,
    output: Annotated[
        str,
        typer.Option("--output", "-o", metavar="FILE", help="Where it is written; - is standard output."),
    ] = STANDARD_OUTPUT,
) -> None:
    """Write rows of a report as CSV, JSON lines or Parquet, however many there are.

    A file has its name when it is whole. REPORT_DATABASE_URL is read if it is set and keeps up.

    Example: leadgen export sales --from 2026-11-01 --to 2026-12-01 --output november.csv
    """
    filters = [read_filter(text) for text in where or []]
    if form is Format.parquet:
        files.check_parquet()
        if output == STANDARD_OUTPUT:
            raise LeadGenError("--output: Parquet needs a file, such as --output sales.parquet")
    reader = open_reader(find_sources())
    with reader.connection as connection:
        clock = read_zone(zone or ask(connection, ZONE, []))
        since = read_moment(start, "--from", clock) if start else None
        until = read_moment(end, "--to", clock) if end else None
        set_zone(connection, clock, zone)
        shape = {Format.csv: "csv", Format.jsonl: "json", Format.parquet: "rows"}[form]
        query = str(
            ask(
                connection,
                COMPOSE,
                [view, since, until, clock.key, by, Jsonb(filters) if filters else None, shape],
            )
        )
        rows = write(connection, query, form, output)
    period = (
        f"{show(since, clock, 'the beginning')} to {show(until, clock, 'now')}, " if since or until else ""
    )
    err.print(f"{view}: {count_of(rows, 'row')}, {period}times by {clock.key}; {reader.words}", markup=False)


def find_sources() -> Sources:
    """Where reports are read by the settings."""
    settings = load_settings()
    return Sources(database_url(), settings.report_database_url, settings.report_max_lag_seconds)


def read_filter(text: str) -> list[str]:
    """Column, comparison and value. Raises LeadGenError for what is none."""
    found = FILTER.fullmatch(text)
    if not found:
        raise LeadGenError(f"--where: found {text[:60]}, allowed COLUMN=VALUE, also with !=, <, <=, > and >=")
    column, sign, value = found.groups()
    return [column, "<>" if sign == "!=" else sign, value.strip()]


def read_zone(name: str) -> ZoneInfo:
    """A zone by its name. Raises LeadGenError when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise LeadGenError(
            f"--zone: found {name[:60]}, allowed a zone such as America/Chicago, or UTC"
        ) from None


def set_zone(connection: psycopg.Connection[Any], clock: ZoneInfo, days: str | None) -> None:
    """Times are written by this clock from now on; views count days in that zone, or each market in its own."""
    connection.execute("select set_config('TimeZone', %s, false)", [clock.key])
    if days:
        connection.execute("select report.set_zone(%s)", [days])


def ask(connection: psycopg.Connection[Any], query: str, arguments: list[Any]) -> Any:
    """The value of one call."""
    row = connection.execute(query.encode(), arguments).fetchone()
    return row[0] if row else None


def write(connection: psycopg.Connection[Any], query: str, form: Format, output: str) -> int:
    """Write the rows where they are wanted. How many there were."""
    path = None if output == STANDARD_OUTPUT else Path(output)
    with (
        shown_progress() as say,
        files.whole_file(path) if path else nullcontext(sys.stdout.buffer) as stream,
    ):
        return write_rows(connection, query, form, stream, say)


def write_rows(
    connection: psycopg.Connection[Any], query: str, form: Format, stream: IO[bytes], say: files.Say
) -> int:
    """Write the rows in a format."""
    if form is Format.parquet:
        return files.write_parquet(connection, query, stream, say)
    copy_form = files.CSV_FORM if form is Format.csv else files.JSON_FORM
    return files.copy_out(connection, query, copy_form, stream, say)


@contextmanager
def shown_progress() -> Iterator[files.Say]:
    """Rows and size so far, on a terminal."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("0 rows")
        yield lambda rows, size: progress.update(
            task, description=f"{count_of(max(rows, 0), 'row')}, {size / 1e6:,.1f} MB"
        )


def show(moment: datetime | None, zone: ZoneInfo, without: str) -> str:
    """A bound of the period by the zone's clock."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}" if moment else without
