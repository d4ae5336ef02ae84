"""A file of leads, opened so that it can be read twice."""

import os
import re
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, TextIOWrapper
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, NamedTuple, cast

from leadgen.errors import LeadGenError
from leadgen.imports.columns import is_known
from leadgen.imports.encoding import Encoding, find_encoding
from leadgen.imports.table import Table, read_table

NO_TEXT = {
    b"PK\x03\x04": "an Excel workbook or another ZIP file",
    b"\xd0\xcf\x11\xe0": "an Excel workbook",
    b"\x1f\x8b": "a compressed file",
    b"%PDF": "a PDF",
}
LOOK_AT = 1 << 20  # characters in which a text is looked for that shows whether the encoding is right

_TELLING = re.compile(r'[^,;\t|"\r\n]{0,40}[^\x00-\x7f\ufeff][^,;\t|"\r\n]{0,40}')


class SourceFile(NamedTuple):
    """A file of leads that is being read: its bytes, how many they are, its encoding and its table.

    `telling`: a text of it with letters that ASCII has not, by which a person sees whether the encoding is right.
    """

    file: BinaryIO
    size: int
    encoding: Encoding
    table: Table
    telling: str

    @property
    def done(self) -> float:
        """How much of it was read, 0 to 1."""
        return self.file.tell() / max(1, self.size)


@contextmanager
def source_file(file: str, encoding: str | None, delimiter: str | None) -> Iterator[SourceFile]:
    """A file that is open, or standard input for `-`. Raises LeadGenError for what is no table."""
    with _open(file) as stream:
        size = stream.seek(0, 2)
        stream.seek(0)
        head = stream.read(4)
        stream.seek(0)
        for mark, what in NO_TEXT.items():
            if head.startswith(mark):
                raise LeadGenError(f"{file}: found {what}, allowed a CSV file: save the sheet as CSV")
        found = find_encoding(stream, encoding)
        with TextIOWrapper(
            cast(BufferedReader, stream), encoding=found.codec, errors="replace", newline=""
        ) as text:
            try:
                telling = _TELLING.search(text.read(LOOK_AT))
                text.seek(0)
                table = read_table(text, delimiter, is_known)
            except (LeadGenError, UnicodeError) as error:  # UTF-16 and UTF-32 want a byte order mark
                raise LeadGenError(f"{file}: {error}") from None
            yield SourceFile(stream, size, found, table, telling[0].strip() if telling else "")


def _open(file: str) -> BinaryIO:
    try:
        stream = cast(BinaryIO, sys.stdin.buffer) if file == "-" else Path(file).open("rb")  # noqa: SIM115
    except OSError as error:
        raise LeadGenError(f"{file}: {error.strerror}") from None
    if stat.S_ISCHR(os.fstat(stream.fileno()).st_mode) and not stream.isatty():
        stream.close()
        raise LeadGenError(f"{file}: found a device, allowed a file")
    if file != "-" and stream.seekable():
        return stream
    copy = TemporaryFile()  # noqa: SIM115  it goes with the process
    shutil.copyfileobj(stream, copy)
    return cast(BinaryIO, copy)
