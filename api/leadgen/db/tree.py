"""The SQL tree on disk: which files there are, in which order they are loaded, and how one is run."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from leadgen.db.refusals import describe_refusal
from leadgen.errors import LeadGenError

MIGRATION_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
TABLE_NAME = re.compile(r"(?im)^\s*create (?:unlogged )?table (?:if not exists )?([\w.]+)")
ROLE_NAME = re.compile(r"\bleadgen_[a-z]+\b")
TOKEN = re.compile(r"'(?:[^']|'')*'|--[^\n]*|;")
TRIGGER = "create or replace trigger"
COMMENT = "comment on"
ANEW = re.compile(rf"\s*(?:--[^\n]*\n\s*)*({TRIGGER}|{COMMENT})\b")


class SqlError(LeadGenError):
    """A file is missing, misnamed or was refused by the server; the message names file and line."""


@dataclass(frozen=True)
class Migration:
    """One numbered file of sql/migrations."""

    number: int
    name: str
    path: Path

    @property
    def checksum(self) -> str:
        """Hex sha256 of the file."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()


@dataclass(frozen=True)
class SqlTree:
    """The directory sql/."""

    root: Path

    @property
    def roles(self) -> Path:
        """The cluster-wide roles, created before anything else."""
        return self.root / "policies" / "roles.sql"

    def role_names(self) -> list[str]:
        """The names of the roles in that file."""
        return sorted(set(ROLE_NAME.findall(self.roles.read_text())))

    def migrations(self) -> list[Migration]:
        """The migrations in order. Raises SqlError for a misnamed file and for a number used twice."""
        found: dict[int, Migration] = {}
        for path in sorted((self.root / "migrations").glob("*.sql")):
            match = MIGRATION_NAME.fullmatch(path.name)
            if match is None:
                raise SqlError(f"migrations/{path.name}: the name must look like 0001_what_it_does.sql")
            number = int(match.group(1))
            if number in found:
                raise SqlError(
                    f"migrations/{path.name}: number {number} is taken by {found[number].path.name}"
                )
            found[number] = Migration(number, match.group(2), path)
        return list(found.values())

    def reloaded(self, *, with_python: bool = True) -> list[Path]:
        """What every deploy declares anew, in the order of sql/load_order; a file named twice loads once."""
        listed = dict.fromkeys(_listed(self.root))
        return [path for path in listed if with_python or not self.is_python(path)]

    def is_python(self, path: Path) -> bool:
        """Whether a file is of sql/plpython, which only some servers can load."""
        return path.is_relative_to(self.root / "plpython")

    def tables(self) -> list[Path]:
        """The declared tables, in the order of sql/tables/load_order."""
        return list(_listed(self.root / "tables"))

    def table_names(self) -> list[str]:
        """The tables that a file of sql/tables or sql/migrations creates, each with its schema."""
        texts = [path.read_text() for path in (*self.tables(), *(one.path for one in self.migrations()))]
        return sorted({name for text in texts for name in TABLE_NAME.findall(text)})

    def fingerprint(self, *, with_python: bool = True) -> str:
        """Hex sha256 over the names and contents of the reloaded files."""
        digest = hashlib.sha256()
        for path in self.reloaded(with_python=with_python):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(self.root)}\0{len(content)}\0".encode())
            digest.update(content)
        return digest.hexdigest()

    def run(self, connection: psycopg.Connection, path: Path) -> None:
        """Run one file of the tree. Of a file of sql/tables only its triggers and comments: see make_tables."""
        text = path.read_text()
        if path.parent == self.root / "tables":
            self._declare_triggers(connection, text, self._name(path))
            text = _pick(text, COMMENT)
        run_text(connection, text, self._name(path))

    def make_tables(self, connection: psycopg.Connection) -> None:
        """Create the declared tables; their triggers and comments come with the reload, as on every deploy."""
        for path in self.tables():
            run_text(connection, _pick(path.read_text(), None), self._name(path))

    @staticmethod
    def _declare_triggers(connection: psycopg.Connection, text: str, name: str) -> None:
        """Make the triggers of a file that are not as it declares them: pg_temp.declare_trigger."""
        line = 1
        for kind, statement in _statements(text):
            if kind == TRIGGER:
                with _naming(name, statement, line):
                    connection.execute("select pg_temp.declare_trigger(%s)", [statement])
            line += statement.count("\n")

    def _name(self, path: Path) -> str:
        return f"sql/{path.relative_to(self.root)}"


def _pick(text: str, kind: str | None) -> str:
    """The statements of this kind, None: those that are not run anew; lines keep their numbers."""
    return "".join(
        statement if found == kind else "\n" * statement.count("\n") for found, statement in _statements(text)
    )


def _statements(text: str) -> Iterator[tuple[str | None, str]]:
    """Each statement with its kind: TRIGGER, COMMENT, or None where a deploy does not run it anew."""
    start = 0
    for token in TOKEN.finditer(text):
        if token.group() == ";":
            statement = text[start : token.end()]
            anew = ANEW.match(statement)
            yield anew and anew.group(1), statement
            start = token.end()


def run_file(connection: psycopg.Connection, path: Path, name: str) -> None:
    """Run a file's statements. Raises SqlError with name and line; lock failures pass as they are."""
    run_text(connection, path.read_text(), name)


def run_text(connection: psycopg.Connection, text: str, name: str) -> None:
    """Run statements that a file holds. Raises SqlError with name and line; lock failures pass as they are."""
    with _naming(name, text):
        connection.execute(text.encode())


@contextmanager
def _naming(name: str, text: str, first_line: int = 1) -> Iterator[None]:
    """Raise SqlError, which names the file and the line, for what the server says of a text that begins there."""
    try:
        yield
    except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
        raise
    except psycopg.Error as error:
        raise SqlError(f"{name}:{_line(text, error, first_line)}: {describe_refusal(error)}") from error


def _line(text: str, error: psycopg.Error, first_line: int) -> int:
    """The line of the file that the server complains about; the first when it does not say."""
    position = error.diag.statement_position or error.diag.internal_position
    return text.count("\n", 0, int(position) - 1) + first_line if position else first_line


def _listed(root: Path) -> Iterator[Path]:
    for line in (root / "load_order").read_text().splitlines():
        entry = line.partition("#")[0].strip()
        if not entry:
            continue
        path = root / entry
        if path.is_dir():
            yield from sorted(path.rglob("*.sql"))
        elif path.is_file():
            yield path
        else:
            raise SqlError(f"{root.name}/load_order names {entry}, which does not exist")
