"""A directory for servers, and a guard beside the tests that outlives them.

At the end of a `with` the directory's servers are stopped and it is removed. If the process of the tests is killed
before, the kernel closes its pipe to the guard, which then does the same.

The directory is in memory where there is room: a database is cloned there in a third of the CPU time.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEMORY = Path("/dev/shm")
ENOUGH_ROOM = 4 << 30  # bytes; the servers of one process take less than one GB


def has_memory() -> bool:
    """Whether there is a file system in memory with room for servers; a container's is often too small."""
    return os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ENOUGH_ROOM


@contextmanager
def server_directory(prefix: str = "leadgen-test-", on_disk: bool = False) -> Iterator[Path]:
    """An empty directory that every user can reach. Servers below it, and it, are gone at the end."""
    parent = MEMORY if has_memory() and not on_disk else None
    directory = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    directory.chmod(0o755)  # as root the server runs as somebody else
    command = [sys.executable, __file__, str(directory)]
    guard = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    try:
        yield directory
    finally:
        try:
            clean_up(directory)
        finally:
            guard.communicate()
    assert guard.returncode == 0, "the guard could not clean up"


def clean_up(directory: Path) -> None:
    """Stop every server below the directory and remove it, with the socket directories that lie elsewhere."""
    from leadgen.db.embedded import EmbeddedServer  # takes 0.2 s, and most guards find nothing to do

    for pid_file in list(directory.rglob("postmaster.pid")):
        server = EmbeddedServer(pid_file.parent.parent)
        server.stop("immediate")
        server.remove()
    shutil.rmtree(directory)


if __name__ == "__main__":
    sys.stdin.read()
    if Path(sys.argv[1]).exists():
        clean_up(Path(sys.argv[1]))
