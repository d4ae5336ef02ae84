"""The code that is measured: this checkout, or a revision of it taken out of git."""

import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
MIGRATE = """
import sys
from leadgen.db.migrate import migrate
from leadgen.settings import Settings
migrate(sys.argv[1], Settings(environment="development"), say=lambda _: None)  # webhooks of loopback
"""


class Revision(NamedTuple):
    """A name to print, and the directory that holds its api/ and sql/."""

    name: str
    root: Path

    @property
    def python_path(self) -> str:
        """PYTHONPATH under which `leadgen` is this revision's."""
        return str(self.root / "api")

    def migrate(self, url: str) -> None:
        """Bring a database to this revision's state, by its own code."""
        environment = os.environ | {"PYTHONPATH": self.python_path}
        subprocess.run([sys.executable, "-c", MIGRATE, url], env=environment, check=True)


def working_tree() -> Revision:
    """This checkout as it stands."""
    try:
        name = _git("describe", "--always", "--dirty").decode().strip()
    except (OSError, subprocess.CalledProcessError):
        name = "unknown commit"
    return Revision(name, ROOT)


@contextmanager
def taken_out(name: str) -> Iterator[Revision]:
    """A revision of the repository, in a directory that is removed afterwards."""
    commit = _git("rev-parse", "--short", f"{name}^{{commit}}").decode().strip()
    archive = _git("archive", commit, "api", "sql", "pyproject.toml")
    with tempfile.TemporaryDirectory(prefix="leadgen-bench-") as directory:
        with tarfile.open(fileobj=BytesIO(archive)) as tar:
            tar.extractall(directory, filter="data")
        yield Revision(commit, Path(directory))


def _git(*arguments: str) -> bytes:
    """What git says, whoever owns the checkout."""
    command = ["git", "-c", "safe.directory=*", *arguments]
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
