"""Restores a dump into an empty database, also of a cluster that has never seen LeadGen, and migrates it.

The dump is taken as the SQL that pg_dump or pg_restore prints and run by psql in one transaction. It is read entry by
entry on the way, so that the roles it names are there in time and what this server cannot have is left out.
"""

import bz2
import gzip
import lzma
import re
import subprocess
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, LiteralString, cast

import psycopg
from psycopg import sql

from leadgen.db.binaries import find_binaries
from leadgen.db.exclusive import exclusive_session
from leadgen.db.letters import check_letters
from leadgen.db.migrate import migrate
from leadgen.db.owner import SCHEMAS
from leadgen.db.plpython import LANGUAGE
from leadgen.db.tree import SqlTree
from leadgen.db.urls import database_name
from leadgen.errors import LeadGenError
from leadgen.paths import sql_dir
from leadgen.settings import Settings

HEAD = re.compile(rb"-- (?:Data for )?Name: (.*); Type: (.*); Schema: (.*); Owner: ([^;]*).*\n")
COPY = re.compile(rb"COPY .* FROM stdin;\n")
END_OF_COPY = b"\\.\n"
END_OF_DUMP = b"-- PostgreSQL database dump complete\n"
GRANTEE = re.compile(r'\b(?:TO|FROM|FOR ROLE|SESSION AUTHORIZATION) ("(?:[^"]|"")+"|[\w$]+)')

ARCHIVES = ((0, b"PGDMP"), (257, b"ustar"))  # (offset, what is there): pg_dump's formats custom and tar
PACKED: tuple[tuple[bytes, Callable[..., Any]], ...] = (
    (b"\x1f\x8b", gzip.open),
    (b"\xfd7zXZ", lzma.open),
    (b"BZh", bz2.open),
)


class RestoreError(LeadGenError):
    """The dump cannot be restored; the database is as it was."""


@dataclass(frozen=True)
class Head:
    """What a dump says over each of its entries. The owner is `-` or empty where there is none."""

    name: str = ""
    kind: str = ""
    schema: str = ""
    owner: str = ""

    def subject(self, kind: str = "") -> tuple[str, str]:
        """What it is about, without arguments: a function has them without names, its comment and grants with."""
        return self.schema, f"{kind} {self.name}".strip().partition("(")[0]


def restore(
    url: str,
    settings: Settings,
    dump: Path,
    *,
    tree: SqlTree | None = None,
    reference: bool = True,
    say: Callable[[str], None] = print,
) -> None:
    """Restore `dump` into the empty database at `url`, as a superuser, and migrate it; `say` as in migrate.

    `dump` is plain SQL, packed by gzip, xz or bzip2 or not, or pg_dump's custom, tar or directory format. Raises
    RestoreError when it was not restored; MigrateError or SqlError when it was, and the deploy then failed.
    """
    tree = tree or SqlTree(sql_dir())
    with exclusive_session(url) as connection:
        _check_target(connection, url)
        check_letters(connection)
        tree.run(connection, tree.roles)
        with closing(read_script(dump)) as script, run_psql(url) as psql:
            for text in Adapter(connection, say).adapt(script):
                psql.write(text)
        connection.execute("analyze")
    say(f"restored {dump}")
    migrate(url, settings, tree=tree, reference=reference, say=say)


def _check_target(connection: psycopg.Connection, url: str) -> None:
    row = connection.execute(
        "select rolsuper, array(select nspname::text from pg_namespace where nspname = any (%s))"
        " from pg_roles where rolname = current_user",
        [SCHEMAS],
    ).fetchone()
    is_superuser, schemas = row or (False, [])
    if not is_superuser:
        raise RestoreError("a dump is restored by a superuser: it makes roles, and objects of several owners")
    if schemas:
        raise RestoreError(
            f"the database {database_name(url)} has a schema {schemas[0]} already: restore into an empty one "
            "(`leadgen db reset` empties this one)"
        )


def read_script(dump: Path) -> Generator[bytes]:
    """The lines of the dump as SQL, whatever its format. Raises RestoreError, at the end too if it is not whole."""
    if not dump.exists():
        raise RestoreError(f"{dump}: no such file")
    start = b""
    if dump.is_file():
        with dump.open("rb") as file:
            start = file.read(512)
    if dump.is_dir() or any(start[offset:].startswith(magic) for offset, magic in ARCHIVES):
        yield from _print_archive(dump)
        return
    opened = next((one for magic, one in PACKED if start.startswith(magic)), open)
    try:
        with opened(dump, "rb") as file:
            yield from file
    except (EOFError, OSError, lzma.LZMAError) as error:
        raise RestoreError(f"{dump}: {error}") from error


def _print_archive(dump: Path) -> Iterator[bytes]:
    command = [find_binaries()["pg_restore"], "--file=-", str(dump)]
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors) as process,
    ):
        yield from cast(IO[bytes], process.stdout)
        if process.wait():
            errors.seek(0)
            raise RestoreError(errors.read().decode(errors="replace").strip())


def read_entries(script: Iterable[bytes]) -> Iterator[tuple[Head, bytes]]:
    """The entries of a dump with their heads, the rows of a table in pieces.

    Raises RestoreError when its end is missing.
    """
    head, held = Head(), b""
    copying = ended = False
    for line in script:
        found = None if copying else HEAD.fullmatch(line)
        if found:
            yield head, held
            head, held = Head(*(part.decode(errors="replace") for part in found.groups())), b""
        held += line
        copying = line != END_OF_COPY if copying else bool(COPY.fullmatch(line))
        ended = ended or line == END_OF_DUMP
        if head.kind == "TABLE DATA":
            yield head, held
            held = b""
    yield head, held
    if not ended:
        raise RestoreError("the dump is not whole, or not of one database: pg_dump's last line is missing")


class Adapter:
    """Makes a dump fit the server of `connection`: creates the roles it names, leaves out what is not to be had."""

    def __init__(self, connection: psycopg.Connection, say: Callable[[str], None]) -> None:
        self._connection = connection
        self._say = say
        self._roles = self._names("select rolname from pg_roles") | {"PUBLIC", "-", ""}
        #: Names of what `create extension` can have here.
        self.extensions = self._names("select name from pg_available_extensions")
        self._left_out: set[tuple[str, str]] = set()

    def adapt(self, script: Iterable[bytes]) -> Iterator[bytes]:
        """What is to be run."""
        for head, text in read_entries(script):
            if head.kind == "TABLE DATA" or self._is_wanted(head, text):
                yield text

    def _is_wanted(self, head: Head, text: bytes) -> bool:
        if head.kind.startswith("DATABASE") or head.name.startswith("DATABASE "):
            return False  # of pg_dump --create: this database is there, under a name of its own
        if head.subject() in self._left_out:  # a comment, or a grant
            return False
        if head.kind == "EXTENSION" and head.name not in self.extensions:
            if head.name != LANGUAGE:
                raise RestoreError(
                    f"the dump needs the extension {head.name}, which this server does not have"
                )
            self._say(f"left out {LANGUAGE}, which this server does not have, and what is written in it")
            self._left_out.add(head.subject("EXTENSION"))
            return False
        if LANGUAGE not in self.extensions and f"LANGUAGE {LANGUAGE}".encode() in text:
            self._left_out.add(head.subject(head.kind))
            return False
        for role in self._named_roles(head, text) - self._roles:
            self._connection.execute(sql.SQL("create role {} nologin").format(sql.Identifier(role)))
            self._roles.add(role)
            self._say(f"created role {role}, which the dump names: it cannot log in")
        return True

    def _named_roles(self, head: Head, text: bytes) -> set[str]:
        grantees = GRANTEE.findall(text.decode(errors="replace")) if head.kind.endswith("ACL") else []
        return {head.owner} | {
            name[1:-1].replace('""', '"') if name.startswith('"') else name for name in grantees
        }

    def _names(self, query: LiteralString) -> set[str]:
        return {name for (name,) in self._connection.execute(query)}


@contextmanager
def run_psql(url: str) -> Iterator[IO[bytes]]:
    """psql's standard input: one transaction, committed at the end of the block and rolled back when it raises."""
    options = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "--single-transaction", "-f", "-"]
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            [find_binaries()["psql"], *options, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        ) as process,
    ):
        psql = cast(IO[bytes], process.stdin)
        try:
            yield psql
        except BrokenPipeError:
            pass  # it has stopped at an error
        except BaseException:
            process.kill()  # at the end of its input it would commit
            raise
        finally:
            with suppress(BrokenPipeError):
                psql.close()
        if process.wait():
            errors.seek(0)
            raise RestoreError(f"nothing was restored: {errors.read().decode(errors='replace').strip()}")
