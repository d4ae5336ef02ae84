"""A throw-away PostgreSQL cluster, for the session's tests and nobody else."""

import fcntl
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg
from psycopg import sql

from leadgen.db.cluster import Cluster
from leadgen.db.embedded import EmbeddedServer
from rig.guard import MEMORY, server_directory

__all__ = ["FAST", "Cluster", "Connect", "QuickCluster", "Seed", "running_cluster"]

Connect = Callable[..., psycopg.Connection]  # opens a session as the named role

# Nobody wants these databases after a power cut, and most of them are gone before a vacuum would do any good. Buffers
# are few, because all of them are looked through when a database is made or dropped. Most sessions run PL/pgSQL.
FAST = """\
fsync = off
full_page_writes = off
shared_buffers = 32MB
shared_preload_libraries = 'plpgsql'
autovacuum = off
"""


# The server notes for each object of a database which roles own it or have rights on it, so that no such role can be
# dropped, and copies these 2,800 rows with each database. Rights and owners themselves are in the objects.
FORGET_ROLES = """
delete from pg_shdepend where dbid = (select oid from pg_database where datname = current_database())
"""


class QuickCluster(Cluster):
    """One that makes and drops databases in half of the CPU time.

    A session stays open for it. Templates lack what would keep a role of theirs from being dropped: a test that drops
    one, or all that it owns, makes a database of its own.
    """

    _session: psycopg.Connection | None = None

    def make_template(self, name: str, fill: Callable[[str], None], template: str = "template0") -> str:
        """The same."""
        made = super().make_template(name, fill, template)
        with psycopg.connect(self.url(made), options="-c allow_system_table_mods=on") as session:
            session.execute(FORGET_ROLES)
        return made

    def has(self, name: str) -> bool:
        """Whether there is a database of this name."""
        return bool(
            self._keep_session().execute("select from pg_database where datname = %s", [name]).rowcount
        )

    def close(self) -> None:
        """End the session."""
        if self._session:
            self._session.close()

    def _administer(self, statement: sql.Composed) -> None:
        self._keep_session().execute(statement)

    def _keep_session(self) -> psycopg.Connection:
        if self._session is None or self._is_lost(self._session):
            self._session = psycopg.connect(self.url("postgres"), autocommit=True)
        return self._session

    @staticmethod
    def _is_lost(session: psycopg.Connection) -> bool:
        try:
            session.execute("select")
        except psycopg.OperationalError:
            return True
        return False


class Seed(NamedTuple):
    """What the servers of a run's processes begin with: the first that comes makes it, the others copy it.

    `fill` makes the templates, in `directory` it waits for the others, and of `takers` the last removes it.
    """

    directory: Path
    takers: int
    fill: Callable[[Cluster], object]

    def give_to(self, cluster: QuickCluster) -> None:
        """Have the server, which has no data yet, begin with it. It does not run afterwards."""
        seed, taken = self.directory / "seed", self.directory / "seed.taken"
        with taken.open("a+") as takers:
            fcntl.flock(takers, fcntl.LOCK_EX)
            if seed.exists():
                _copy(seed, cluster.server.data)
            else:
                cluster.server.start()
                self.fill(cluster)
                cluster.close()
                cluster.server.stop()
                _copy(cluster.server.data, seed)
            takers.write("+")
            takers.flush()
            if taken.stat().st_size >= self.takers:
                shutil.rmtree(seed)


def _copy(data: Path, to: Path) -> None:
    """A stopped server's data, with its owner. A copy that was killed is none."""
    half = to.with_name(f"{to.name}.half")
    shutil.rmtree(half, ignore_errors=True)
    subprocess.run(["cp", "-a", data, half], check=True)
    half.rename(to)


@contextmanager
def running_cluster(seed: Seed | None = None) -> Iterator[QuickCluster]:
    """A cluster in a temporary directory; nothing of it is left at the end, nor after a killed run."""
    with server_directory() as directory:
        server = EmbeddedServer(directory, conf=FAST)
        in_memory = directory.is_relative_to(MEMORY)
        with closing(QuickCluster(server, strategy="file_copy" if in_memory else "wal_log")) as cluster:
            if seed:
                seed.give_to(cluster)
            server.start()
            yield cluster
