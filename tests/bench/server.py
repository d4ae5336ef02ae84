"""The throw-away server that is measured, and its databases."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg

from leadgen.db.binaries import find_binaries
from leadgen.db.embedded import EmbeddedServer
from leadgen.db.urls import with_database

from .cpu import cpu_seconds

# As durable as in production. Checkpoints and autovacuum are kept away, so that none falls on one side of a ratio.
SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "512MB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    "autovacuum": "off",
}
STATEMENTS = {"shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.track": "none"}


class Bench:
    """The running server. `connect` gives superuser's sessions."""

    def __init__(self, server: EmbeddedServer) -> None:
        self._server = server
        self.postmaster = int((server.data / "postmaster.pid").read_text().split("\n", 1)[0])
        self.version = str(find_binaries().major)

    def url(self, database: str) -> str:
        """The superuser's URL of a database."""
        return with_database(self._server.url, database)

    def connect(self, database: str) -> psycopg.Connection:
        """An autocommit session."""
        return psycopg.connect(self.url(database), autocommit=True)

    def create(self, database: str, template: str = "template1") -> None:
        """Copy a database that nobody is connected to."""
        with self.connect("postgres") as admin:
            admin.execute(f"create database {database} template {template}".encode())

    def drop(self, database: str) -> None:
        """Drop a database."""
        with self.connect("postgres") as admin:
            admin.execute(f"drop database {database} with (force)".encode())

    def cpu_seconds(self) -> float:
        """Seconds of CPU that the whole server has used so far."""
        return cpu_seconds(self.postmaster)


def has_library(name: str) -> bool:
    """Whether PostgreSQL was installed with one of its contributed modules."""
    command = [find_binaries()["pg_config"], "--pkglibdir"]
    directory = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    return any(Path(directory).glob(f"{name}.*"))


@contextmanager
def running_bench(kept: Path | None = None, settings: Mapping[str, str] = SETTINGS) -> Iterator[Bench]:
    """A server in a temporary directory, removed at the end; or in one that stays, with what it had."""
    directory = kept or Path(tempfile.mkdtemp(prefix="leadgen-bench-"))
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o755)  # as root the server runs as somebody else
    given = {**settings, **(STATEMENTS if has_library("pg_stat_statements") else {})}
    server = EmbeddedServer(directory, "".join(f"{name} = '{value}'\n" for name, value in given.items()))
    try:
        server.start()
        yield Bench(server)
    finally:
        server.stop("fast" if kept else "immediate")
        if not kept:
            shutil.rmtree(directory)
