"""The report: the rows of a file that are no lead, or failed validation, each with the reason.

It has the columns of the file, so it can be corrected and imported again. It never takes the place of a file. A list of
all rows, each with its lead, is written likewise.
"""

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TextIO

from leadgen.errors import LeadGenError
from leadgen.imports.cells import disarm
from leadgen.imports.table import LEAD, LINE, OURS, OUTCOME, REASON, Row

ENDING = ".refused.csv"
MAX_NAMES = 1_000


def _open_for_owner(path: str, flags: int) -> int:
    """Open a file that nobody else may read: there are persons in it."""
    return os.open(path, flags, 0o600)


class Report:
    """A report, whose file is made with its first row. `path` None: beside the file, under a name that is free.

    `option` names the path in messages; `ours` are the columns besides those of the file.
    """

    def __init__(
        self,
        file: str,
        path: Path | None,
        headings: Sequence[str],
        delimiter: str,
        option: str = "--report",
        ours: Sequence[str] = OURS,
    ) -> None:
        self.path: Path | None = None
        self._wanted = path
        self._beside = Path("import") if file == "-" else Path(file)
        self._headings = headings
        self._kept = [index for index, heading in enumerate(headings) if heading not in OURS]
        self._delimiter = delimiter
        self._option = option
        self._ours = ours
        self._file: TextIO | None = None
        directory = (path or self._beside).parent
        if path is not None and path.exists():
            raise LeadGenError(f"{option}: found {path}, which is there already, allowed a new file")
        if not directory.is_dir() or not os.access(directory, os.W_OK):
            raise LeadGenError(
                f"{option}: found a file in {directory}, allowed a directory that can be written to"
            )

    def __enter__(self) -> "Report":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file:
            self._file.close()

    def add(self, row: Row, reason: str, lead_id: int | None = None, outcome: str = "") -> None:
        """Write a row with the reason. `lead_id`: the lead that it is."""
        if self._file is None:
            self._file = self._open()
            self._write([*(self._headings[index] for index in self._kept), *self._ours])
        ours = {LINE: str(row.line), REASON: reason, LEAD: str(lead_id or ""), OUTCOME: outcome}
        cells = [row.raw[index] if index < len(row.raw) else "" for index in self._kept]
        cells += row.raw[len(self._headings) :]  # of a row that has too many; they are not lost
        self._write(
            [*cells[: len(self._kept)], *(ours[name] for name in self._ours), *cells[len(self._kept) :]]
        )

    def flush(self) -> None:
        """Let the file have what was written."""
        if self._file:
            self._file.flush()

    def _write(self, cells: Sequence[str]) -> None:
        csv.writer(self._file, delimiter=self._delimiter).writerow(map(disarm, cells))  # type: ignore[arg-type]

    def _open(self) -> TextIO:
        names = [self._wanted] if self._wanted else list(self._list_names())
        for path in names:
            try:
                file = open(path, "x", encoding="utf-8-sig", newline="", opener=_open_for_owner)  # noqa: SIM115
            except FileExistsError:
                continue
            except OSError as error:
                raise LeadGenError(f"{path}: {error.strerror}. Name another file by {self._option}") from None
            self.path = path
            return file
        raise LeadGenError(f"{names[-1]} is there already. Name another file by {self._option}")

    def _list_names(self) -> list[Path]:
        stem = self._beside.name.removesuffix(".csv")
        while stem.endswith(ENDING.removesuffix(".csv")):
            stem = stem.removesuffix(ENDING.removesuffix(".csv"))
        numbers = ("", *(f".{number}" for number in range(2, MAX_NAMES)))
        return [self._beside.with_name(f"{stem}{number}{ENDING}") for number in numbers]
