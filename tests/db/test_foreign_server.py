"""DATABASE_URL points the commands at somebody else's server: here one of testing.postgresql, by TCP."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import testing.postgresql

from leadgen.db.binaries import find_binaries, server_user


class ForeignServer(testing.postgresql.Postgresql):  # type: ignore[misc]
    """testing.postgresql's server, which also starts for root: as the user that our own server runs as."""

    def initialize(self) -> None:
        binaries = find_binaries()
        self.settings.update(initdb=binaries["initdb"], postgres=binaries["postgres"])
        super().initialize()
        self.user = server_user(Path(self.base_dir, "data"))

    def initialize_database(self) -> None:
        for directory in (self.base_dir, *(Path(self.base_dir, name) for name in self.subdirectories)):
            self.user.own(Path(directory))
        command = self.user.command(
            self.initdb, "-D", self.get_data_directory(), *["-U", "postgres", "-A", "trust", "-E", "UTF8"]
        )
        subprocess.run([*command, "--locale=C.UTF-8"], check=True, stdout=subprocess.DEVNULL)

    def get_server_commandline(self) -> list[str]:
        return self.user.command(*super().get_server_commandline())


@pytest.fixture
def foreign_url() -> Iterator[str]:
    with ForeignServer() as server:
        yield server.url()


def run_leadgen(url: str, checkout: Path, *arguments: str) -> str:
    environment = {**os.environ, "DATABASE_URL": url}
    command = [str(Path(sys.executable).with_name("leadgen")), *arguments]
    done = subprocess.run(command, env=environment, cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_commands_work_on_a_server_that_is_not_ours(foreign_url: str, tmp_path: Path) -> None:
    for _ in range(2):
        run_leadgen(foreign_url, tmp_path, "migrate")
    run_leadgen(foreign_url, tmp_path, "verify")
    assert run_leadgen(foreign_url, tmp_path, "db", "url").strip() == foreign_url
    with psycopg.connect(foreign_url) as session:
        row = session.execute("select leadgen.is_ready()").fetchone()
    assert row == (True,)
    assert not (tmp_path / ".leadgen").exists(), "nothing of ours was started beside it"
