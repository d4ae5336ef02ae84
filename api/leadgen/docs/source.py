"""What only the files of sql/ know: which file a table or function stands in, and what the file says of itself."""

import re
from dataclasses import dataclass
from pathlib import Path

from leadgen.db.doors import Doors, read_doors

TABLE = re.compile(r"^create table (?:if not exists )?leadgen\.(\w+)", re.MULTILINE)
FUNCTION = re.compile(r"^create or replace function (\w+\.\w+)\(", re.MULTILINE)
PYTHON = re.compile(
    r"^create or replace function (?P<name>\w+\.\w+)\((?P<arguments>[^)]*)\)\s*returns (?P<result>\S+).*?"
    r"^comment on function [^']*'(?P<comment>(?:[^']|'')*)';",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class File:
    """A file of sql/: its directory and name, what its first line says, and what it makes, in its order."""

    directory: str
    stem: str
    heading: str
    makes: list[str]


@dataclass(frozen=True)
class PythonRule:
    """A function of sql/plpython: only some servers have it, every page names it."""

    name: str
    arguments: str
    result: str
    comment: str


@dataclass(frozen=True)
class Source:
    """The files."""

    tables: list[File]  # in the order in which they are made
    functions: list[File]  # by module and name
    python: list[PythonRule]
    doors: Doors

    def of_module(self, module: str) -> list[File]:
        """The files of one module."""
        return [file for file in self.functions if file.directory == module]


def read_source(root: Path) -> Source:
    """The files of sql/ at `root`."""
    order = [
        line.partition("#")[0].strip() for line in (root / "tables" / "load_order").read_text().splitlines()
    ]
    return Source(
        tables=[_read_file(root / "tables" / name, TABLE) for name in order if name],
        functions=[_read_file(path, FUNCTION) for path in sorted((root / "functions").rglob("*.sql"))],
        python=[
            PythonRule(*(" ".join(match[part].replace("''", "'").split()) for part in PYTHON.groupindex))
            for path in sorted((root / "plpython").glob("*.sql"))
            for match in PYTHON.finditer(path.read_text(encoding="utf-8"))
        ],
        doors=read_doors(root / "doors.toml"),
    )


def _read_file(path: Path, made: re.Pattern[str]) -> File:
    text = path.read_text(encoding="utf-8")
    heading = text.partition("\n")[0].removeprefix("--").strip()
    return File(path.parent.name, path.stem, heading, made.findall(text))
