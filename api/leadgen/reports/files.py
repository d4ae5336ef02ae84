"""Files of rows: CSV and JSON lines by COPY, Parquet in portions. Nothing is held but the portion at hand."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

import psycopg

from leadgen.errors import LeadGenError

PORTION = 5_000  # rows of a portion of Parquet

# COPY escapes a backslash in its text format, and quotes in CSV. JSON text never holds these two characters.
JSON_FORM = "format csv, quote E'\\x01', delimiter E'\\x02'"
CSV_FORM = "format csv, header"

Say = Callable[[int, int], None]  # rows and bytes so far


class NoParquetError(LeadGenError):
    """The package that writes Parquet is missing."""


def check_parquet() -> None:
    """Raises NoParquetError where Parquet cannot be written."""
    if find_spec("pyarrow") is None:
        raise NoParquetError("Parquet needs the package pyarrow: pip install 'leadgen[parquet]'")


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that has its name when it is whole: it is written beside, and renamed at the end.

    Raises LeadGenError when it cannot be written. What was begun is deleted, if the process lives to do so.
    """
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with beside.open("xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    except OSError as error:
        raise LeadGenError(f"{path}: {error.strerror or error}") from None
    finally:
        with suppress(OSError):
            beside.unlink()


def write_csv_line(cells: Sequence[str | None]) -> bytes:
    """A row as COPY writes it in CSV_FORM: nothing for NULL, quotes around an empty text and where they are needed."""
    return (",".join(_quote(cell, len(cells) == 1) for cell in cells) + "\n").encode()


def _quote(cell: str | None, is_alone: bool) -> str:
    if cell is None:
        return ""
    needs = not cell or any(sign in cell for sign in ',"\r\n') or (is_alone and cell == "\\.")
    return '"' + cell.replace('"', '""') + '"' if needs else cell


def copy_out(connection: psycopg.Connection[Any], query: str, form: str, out: IO[bytes], say: Say) -> int:
    """Copy the rows of a query out as they come. How many there were."""
    rows, size = (-1 if form == CSV_FORM else 0), 0
    with connection.cursor() as cursor, cursor.copy(f"copy ({query}) to stdout ({form})".encode()) as copy:
        for piece in copy:
            out.write(piece)
            size += len(piece)
            rows += 1  # the server sends a row at a time
            if rows % PORTION == 0:
                say(rows, size)
    say(rows, size)
    return rows


def write_parquet(connection: psycopg.Connection[Any], query: str, out: IO[bytes], say: Say) -> int:
    """Write the rows of a query as Parquet, portion by portion. How many there were."""
    check_parquet()
    from pyarrow.parquet import ParquetWriter

    from leadgen.reports.parquet import make_batch, make_schema, read_infinity

    rows = 0
    read_infinity(connection)
    with connection.transaction(), connection.cursor("export") as cursor:
        cursor.execute(query.encode())
        described = cursor.description or []
        schema = make_schema(described)
        with ParquetWriter(out, schema) as writer:
            while portion := cursor.fetchmany(PORTION):
                writer.write_batch(make_batch(portion, schema))
                rows += len(portion)
                say(rows, out.tell())
    say(rows, out.tell())
    return rows
