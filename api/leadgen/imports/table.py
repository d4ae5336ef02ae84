"""The rows of a file as spreadsheets write it.

The file is read as a stream: what is in memory at a time is bounded, whatever the file is. csv reads the rows, and
strictly: a quotation mark that is not closed would else swallow the rows behind it. A row whose quotation marks are
wrong costs that line only; what csv took for a part of it is read again.
"""

import csv
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from io import StringIO
from typing import NamedTuple, TextIO

from leadgen.errors import LeadGenError
from leadgen.imports.cells import read_cell

MAX_RECORD = 4_000_000  # characters of a row
MAX_COLUMNS = 1_000
MAX_AGAIN = 20  # times as much as was read, and as one row may have, may be read again
SAMPLE = 65_536  # characters that a delimiter is found by
SAMPLE_ROWS = 50
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
MARK = "\ufeff"

LINE, REASON, LEAD = "import_line", "import_reason", "import_lead"  # the columns that a report has besides
OURS = (LINE, REASON, LEAD)
OUTCOME = "import_outcome"  # a list of all rows has it, too, and is no file to import


class Row(NamedTuple):
    """A row of a file: the line it begins on, its cells as they stand there, and why it cannot be read, if so."""

    line: int
    raw: list[str]
    fault: str | None = None


class Table(NamedTuple):
    """A file's headings, its delimiter, and its rows; rows without any text are left out."""

    headings: list[str]
    delimiter: str
    rows: Iterator[Row]


class _TooLong(Exception):  # noqa: N818  a signal between the lines and the rows
    pass


class _Lines:
    """The lines of a file, of which some may be read again."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._again: deque[str] = deque()
        self._size = 0
        self._read = 0
        self._read_again = 0
        self.number = 0  # of the line that was read last
        self.record: list[str] = []

    def begin_record(self) -> None:
        """Forget the lines of the record before."""
        self._read += self._size
        self.record = []
        self._size = 0

    def give_back(self) -> None:
        """Let all lines of this record but the first be read again. Raises LeadGenError where that comes too often."""
        again = self.record[1:]
        first = len(self.record[0])
        self._read_again += self._size - first
        self._size = first
        if self._read_again > MAX_AGAIN * (self._read + MAX_RECORD):
            raise LeadGenError(
                f"line {self.number - len(again)}: found quotation marks that are wrong, as in many rows before, and "
                "cannot tell where rows end: save the file as CSV anew"
            )
        self._again.extendleft(reversed(again))
        self.number -= len(again)

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._text.readline(MAX_RECORD + 1)
        if not line:
            raise StopIteration
        self.number += 1
        self.record.append(line)
        self._size += len(line)
        if self._size > MAX_RECORD:
            if len(self.record) == 1:
                raise LeadGenError(
                    f"line {self.number}: found more than {MAX_RECORD:,} characters without a line break, allowed "
                    f"{MAX_RECORD:,}: is this a CSV file?"
                )
            raise _TooLong
        return line


def read_table(text: TextIO, delimiter: str | None, is_known: Callable[[str], bool]) -> Table:
    """Read a file that is open as text with newline="". Its delimiter is given or found.

    `is_known` says whether a heading is a column of ours: the right delimiter is the one that finds most of them.
    Raises LeadGenError for a file without headings.
    """
    csv.field_size_limit(MAX_RECORD + 1)
    start = text.tell()
    sample = text.read(SAMPLE).removeprefix(MARK)
    text.seek(start)
    lines = _Lines(text)
    first = sample.partition("\n")[0].strip()
    named = first[4:] or "\t"  # strip took the tab
    if first.lower().startswith("sep=") and named in DELIMITERS:
        next(lines)
        delimiter = delimiter or named
    if delimiter is None:
        delimiter = _find_delimiter(sample, is_known)
    rows = read_rows(lines, delimiter)
    heading = next(rows, None)
    if heading is None:
        raise LeadGenError(
            "found an empty file, allowed a file whose first line has the headings of its columns"
        )
    if heading.fault:
        raise LeadGenError(f"line {heading.line} has the headings, and {heading.fault}")
    headings = name_columns(heading.raw)
    if len(headings) > MAX_COLUMNS:
        raise LeadGenError(f"found {len(headings):,} columns in the first line, allowed {MAX_COLUMNS:,}")
    return Table(headings, delimiter, (_measure(row, len(headings)) for row in rows))


def read_rows(lines: "_Lines | StringIO", delimiter: str) -> Iterator[Row]:
    """The rows that have any text."""
    lines = lines if isinstance(lines, _Lines) else _Lines(lines)
    reader = _open(lines, delimiter)
    while True:
        lines.begin_record()
        line = lines.number + 1
        fault = None
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, _TooLong):
            fault = "its quotation marks are wrong: one is not closed, or not doubled inside a text"
            lines.give_back()
            reader = _open(lines, delimiter)
            cells = next(csv.reader(lines.record[:1], delimiter=delimiter))
        if any(map(str.strip, cells)):
            yield Row(line, cells, fault)


def name_columns(cells: Sequence[str]) -> list[str]:
    """The headings: blank ones at the end are no columns, other blank ones have a number, repeated ones too."""
    names = [" ".join(read_cell(cell.removeprefix(MARK)).split()) for cell in cells]
    while names and not names[-1]:
        names.pop()
    named: dict[str, None] = {}
    times: Counter[str] = Counter()
    for number, name in enumerate(names, 1):
        name = unique = name or f"column {number}"
        while unique in named:
            times[name] += 1
            unique = f"{name} ({times[name] + 1})"
        named[unique] = None
    return list(named)


def _open(lines: _Lines, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)


def _measure(row: Row, width: int) -> Row:
    """The row with as many cells as there are headings; one with more texts than that is at fault."""
    raw = row.raw
    while len(raw) > width and not raw[-1].strip():
        raw = raw[:-1]
    if len(raw) > width:
        fault = row.fault or f"it has {len(raw)} cells, allowed at most {width}, one for each heading"
        return Row(row.line, raw, fault)
    return Row(row.line, raw + [""] * (width - len(raw)), row.fault)


def _find_delimiter(sample: str, is_known: Callable[[str], bool]) -> str:
    def rate(delimiter: str) -> tuple[int, float, int]:
        rows = []
        for row in read_rows(StringIO(sample, newline=""), delimiter):
            rows.append(row)
            if len(rows) > SAMPLE_ROWS:
                break
        if not rows:
            return 0, 0, 0
        headings = name_columns(rows[0].raw)
        alike = sum(len(row.raw) == len(rows[0].raw) for row in rows) / len(rows)
        return sum(map(is_known, headings)), alike if len(headings) > 1 else 0, len(headings)

    return max(DELIMITERS, key=rate)
