"""The rows of a scheduled report, as leadgen.read_report gives them, and what is worth saying of them at a glance."""

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, LiteralString, NamedTuple

import psycopg

from leadgen.reports.reader import Reader, Sources, open_reader

MOST_ROWS = 50_000  # of a report by e-mail; `leadgen export` has no bound
MOST_BYTES = 10_000_000  # of an attachment
MOST_BARS = 31
MOST_FIGURES = 8

READ: LiteralString = (
    "select cells from leadgen.read_report(%s, %s::timestamptz, %s::timestamptz, %s) as cells"
)
WHOLE = frozenset({"smallint", "integer", "bigint"})
NUMBERS = WHOLE | {"numeric", "double precision", "real"}
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
# What would be wrong if it were added up.
NO_SUM = re.compile(r"(^|_)(id|percent|average|rank|version|attempt|position|place|balance)(_|$)")


class Column(NamedTuple):
    """A column's name and type."""

    name: str
    type: str


@dataclass
class Table:
    """Columns and rows; a cell is text, as PostgreSQL writes it, or None."""

    columns: list[Column]
    rows: list[list[str | None]]
    is_cut: bool  # there are more than MOST_ROWS
    words: str  # where it was read


class Bar(NamedTuple):
    """A day of the plot: rows, and its part of the longest bar in percent."""

    day: str
    rows: int
    share: int


@dataclass
class Glance:
    """What the e-mail shows of a report."""

    rows: int
    figures: list[tuple[str, str]] = field(default_factory=list)  # sums, by what and currency
    bars: list[Bar] = field(default_factory=list)
    by: str = ""  # the column that the bars are of


def read_table(
    sources: Sources, schedule_id: int, period: tuple[str, str], application_name: str, most: int = MOST_ROWS
) -> Table:
    """Read a report where it may be read. What the replica cannot answer, such as a new schedule, the primary does.

    Raises psycopg.Error.
    """
    reader = open_reader(sources, application_name)
    try:
        return _read(reader, schedule_id, period, most)
    except psycopg.Error:
        if reader.lag is None:
            raise
    finally:
        reader.connection.close()
    reader = open_reader(Sources(sources.primary), application_name)
    with reader.connection:
        reader.words = "read from the primary: the replica could not answer"
        return _read(reader, schedule_id, period, most)


def _read(reader: Reader, schedule_id: int, period: tuple[str, str], most: int) -> Table:
    arguments = (schedule_id, *period, most + 1)
    names, types, *rows = (row[0] for row in reader.connection.execute(READ, arguments))
    columns = [Column(*column) for column in zip(names, types, strict=True)]
    return Table(columns, rows[:most], len(rows) > most, reader.words)


def write_file(table: Table, form: str) -> bytes:
    """The rows as CSV or JSON lines."""
    if form == "jsonl":
        return "".join(f"{_as_json(table.columns, row)}\n" for row in table.rows).encode()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([column.name for column in table.columns])
    writer.writerows(table.rows)
    return text.getvalue().encode()


def _as_json(columns: Sequence[Column], row: Sequence[str | None]) -> str:
    """A row as one object, numbers as they are written."""
    pairs = (
        f"{json.dumps(column.name)}: {_value(column.type, cell)}"
        for column, cell in zip(columns, row, strict=True)
    )
    return f"{{{', '.join(pairs)}}}"


def _value(kind: str, cell: str | None) -> str:
    if cell is None:
        return "null"
    is_number = kind in NUMBERS and re.fullmatch(r"-?\d+(\.\d+)?", cell)
    return cell if is_number or kind in ("boolean", "jsonb", "json") else json.dumps(cell, ensure_ascii=False)


def look_at(table: Table) -> Glance:
    """How many rows, what their numbers add up to, in each currency by itself, and how many each day has."""
    glance = Glance(len(table.rows))
    names = [column.name for column in table.columns]
    currency = names.index("currency") if "currency" in names else None
    for place, column in enumerate(table.columns):
        if column.type in NUMBERS and not NO_SUM.search(column.name) and len(glance.figures) < MOST_FIGURES:
            glance.figures += _add_up(table, place, column, None if column.type in WHOLE else currency)
    days = [place for place, column in enumerate(table.columns) if column.type == "date"]
    moments = [
        place for place, column in enumerate(table.columns) if column.type.startswith("timestamp with")
    ]
    if chosen := (days or moments)[:1]:
        glance.by = names[chosen[0]]
        glance.bars = _draw(table.rows, chosen[0])
    return glance


def _add_up(table: Table, place: int, column: Column, currency: int | None) -> list[tuple[str, str]]:
    sums: dict[str, Decimal] = {}
    for row in table.rows:
        cell = row[place]
        if cell is not None and (number := Decimal(cell)).is_finite():
            key = "" if currency is None else row[currency] or ""
            sums[key] = sums.get(key, Decimal()) + number
    label = column.name.replace("_", " ")
    shape: Callable[[Decimal], str] = (
        (lambda n: f"{n:,.0f}") if column.type in WHOLE else (lambda n: f"{n:,.2f}")
    )
    return [(label, f"{shape(total)} {key}".strip()) for key, total in sorted(sums.items())]


def _draw(rows: Sequence[Sequence[str | None]], place: int) -> list[Bar]:
    counts: dict[str, int] = {}
    for row in rows:
        if (cell := row[place]) is not None:
            counts[cell[:10]] = counts.get(cell[:10], 0) + 1
    days = sorted(day for day in counts if DAY.fullmatch(day))
    if not days:
        return []
    last = date.fromisoformat(days[-1])
    first = max(date.fromisoformat(days[0]), last - timedelta(days=MOST_BARS - 1))
    shown = [
        str(first + timedelta(days=n)) for n in range((last - first).days + 1)
    ]  # also those without a row
    longest = max(counts.get(day, 0) for day in shown)
    return [Bar(day, counts.get(day, 0), round(100 * counts.get(day, 0) / longest)) for day in shown]


def describe(claimed: dict[str, Any]) -> str:
    """`sales of Austin Plumbing`."""
    of = [claimed[name] for name in ("offer", "buyer") if claimed.get(name)]
    return f"{claimed['view']} of {', '.join(of)}" if of else str(claimed["view"])
