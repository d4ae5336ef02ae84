"""A throw-away PostgreSQL cluster, for the session's tests and nobody else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from leadgen.db.cluster import Cluster
from leadgen.db.embedded import EmbeddedServer
from rig.guard import MEMORY, server_directory

__all__ = ["FAST", "Cluster", "Connect", "running_cluster"]

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


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """A cluster in a temporary directory; nothing of it is left at the end, nor after a killed run."""
    with server_directory() as directory:
        server = EmbeddedServer(directory, conf=FAST)
        server.start()
        in_memory = directory.is_relative_to(MEMORY)
        yield Cluster(server, strategy="file_copy" if in_memory else "wal_log")
