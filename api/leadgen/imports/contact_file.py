"""A file of contacts, one a line, read in portions so that memory stays flat; and the lines of it that are refused."""

import csv
import hashlib
import os
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, TextIO

from leadgen.errors import LeadGenError
from leadgen.imports.cells import disarm

LONGEST = 1_000  # bytes of a line that are read; no contact is that long
HEADINGS = ("line", "reason", "text")


class ContactFile:
    """Lines of a file as text, and how much of it was read. Its digest tells one file from another."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read = 0
        try:
            self._file: BinaryIO = path.open("rb")
            self.digest = hashlib.file_digest(self._file, "sha256").digest()
            self._size = self._file.tell()
            self._file.seek(0)
        except OSError as error:
            raise LeadGenError(f"{path}: {error.strerror or error}") from None

    def __enter__(self) -> "ContactFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def done(self) -> float:
        """Which part of the file was read, from 0 to 1."""
        return self._file.tell() / self._size if self._size else 1.0

    def read(self, most: int) -> list[str]:
        """The next lines, at most so many; none at the end."""
        lines: list[str] = []
        while len(lines) < most and (line := self._next()) is not None:
            lines.append(line)
        return lines

    def skip(self, lines: int) -> None:
        """Read over so many lines."""
        for _ in range(lines):
            if self._next() is None:
                break

    def _next(self) -> str | None:
        raw = self._file.readline(LONGEST)
        if not raw:
            return None
        rest = raw
        while not rest.endswith(b"\n") and (rest := self._file.readline(LONGEST)):
            pass
        text = raw.decode("utf-8-sig" if self._read == 0 else "utf-8", errors="replace")
        self._read += 1
        return text.replace("\x00", "\ufffd").strip()


class Refused:
    """The lines that are no contact, with the reason, in a CSV file that is made with the first of them.

    A run that goes on adds to it. Nobody else may read it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: TextIO | None = None
        if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
            raise LeadGenError(
                f"--report: found a file in {path.parent}, allowed a directory that can be written to"
            )

    def __enter__(self) -> "Refused":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file:
            self._file.close()

    def add(self, line: int, reason: str, text: str) -> None:
        """Write one down."""
        if self._file is None:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            self._file = os.fdopen(descriptor, "a", encoding="utf-8", newline="")
            if self._file.tell() == 0:
                csv.writer(self._file).writerow(HEADINGS)
        csv.writer(self._file).writerow([line, reason, disarm(text)])

    def flush(self) -> None:
        """See that what was added is in the file."""
        if self._file:
            self._file.flush()
