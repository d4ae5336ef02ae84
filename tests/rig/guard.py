"""A directory for servers, and a guard beside the tests that outlives them.

The guard stops the directory's servers and removes it as soon as the tests let go of it, be it at the end of
a `with` or because their process was killed: then its pipe to the guard is closed by the kernel.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from leadgen.db.embedded import EmbeddedServer


@contextmanager
def server_directory(prefix: str = "leadgen-test-") -> Iterator[Path]:
    """An empty directory that every user can reach. Servers below it, and it, are gone at the end."""
    directory = Path(tempfile.mkdtemp(prefix=prefix))
    directory.chmod(0o755)  # as root the server runs as somebody else
    command = [sys.executable, __file__, str(directory)]
    guard = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    try:
        yield directory
    finally:
        guard.communicate()
        assert guard.returncode == 0, "the guard could not clean up"


def clean_up(directory: Path) -> None:
    """Stop every server below the directory and remove it, with the socket directories that lie elsewhere."""
    for pid_file in list(directory.rglob("postmaster.pid")):
        server = EmbeddedServer(pid_file.parent.parent)
        server.stop("immediate")
        server.remove()
    shutil.rmtree(directory)


if __name__ == "__main__":
    sys.stdin.read()
    clean_up(Path(sys.argv[1]))
