"""A server with its disk is lost under load: what was acknowledged is there again, and nothing is sent by itself.

docs/runbooks/point-in-time-recovery.md says the same for people.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from api.serving import add_catalogue, running_api
from leadgen.db.embedded import EmbeddedServer
from leadgen.db.urls import with_role
from ops.servers import CLAIM, Load, ask, list_leads, posting, start_server
from rig.cli import LEADGEN, leadgen
from rig.guard import server_directory
from rig.waiting import wait_until

SYNCHRONOUS = "select sync_state from pg_stat_replication where application_name = 'leadgen_wal'"
BROKEN = "select count(*) from leadgen.list_broken_invariants()"
IS_COPY = "select leadgen.is_copy()"
Run = Callable[..., CompletedProcess[str]]


@dataclass
class Loss:
    """What is left of a server that was lost: its backup, and its WAL as it was received and as it was archived."""

    root: Path
    backup: Path
    received: Path
    archived: Path
    early: list[int]  # leads acknowledged before `moment`
    moment: str
    load: Load
    said: str  # by `leadgen backup take`


@pytest.fixture(scope="module")
def loss(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loss]:
    """A server that archives, and whose WAL is received synchronously, is lost with its disk while leads come in."""
    with server_directory("leadgen-recovery-") as root:
        received, archived, log = root / "received", root / "archived", root / "log"
        archived.mkdir()
        server = EmbeddedServer(root / "first")
        server.user.own(archived)
        server = start_server(root / "first", f"archive_mode = on\narchive_command = 'cp %p {archived}/%f'\n")
        add_catalogue(server.url)
        taken = leadgen("backup", "take", str(root / "backups"), DATABASE_URL=server.url)
        assert taken.returncode == 0, taken.stderr
        with log.open("wb") as output:
            receiver = subprocess.Popen(
                [*LEADGEN, "backup", "receive", str(received)],
                env={"PATH": "/usr/bin:/bin", "DATABASE_URL": server.url}, stdout=output, stderr=output,
            )  # fmt: skip
        try:
            ask(server.url, "alter system set synchronous_standby_names = 'leadgen_wal'")
            ask(server.url, "select pg_reload_conf()")
            wait_until(lambda: ask(server.url, SYNCHRONOUS) == "sync", log.read_text)
            with running_api(server.url, tmp_path_factory.mktemp("api")) as api:
                first = Load()
                for _ in range(5):
                    first.post(api)
                moment = ask(server.url, "select clock_timestamp()::text")
                with posting(api) as load:
                    load.wait_for(60)
                    server.stop("immediate")
                api.process.kill()
                api.process.wait()
        finally:
            receiver.send_signal(signal.SIGTERM)
            receiver.wait()
        server.remove()
        shutil.rmtree(root / "first")
        for path in (received, *received.iterdir()):
            server.user.own(path)
        yield Loss(
            root, Path(taken.stdout.strip()), received, archived, first.acknowledged, moment, load, taken.stderr
        )  # fmt: skip


@pytest.fixture
def recover(loss: Loss, request: pytest.FixtureRequest) -> Iterator[Callable[..., str]]:
    """Recovers the backup as an operator does, and starts the server; its URL."""
    state = loss.root / f"again-{request.node.name[:20]}"
    server = EmbeddedServer(state)

    def run(*options: str) -> str:
        done = leadgen("backup", "recover", str(loss.backup), "--data", str(server.data), *options)
        assert done.returncode == 0, done.stderr
        assert "database leadgen is a copy: nothing is sent" in done.stderr
        return server.start()

    yield run
    server.stop("immediate")
    shutil.rmtree(state)


def test_nothing_acknowledged_is_lost_and_nothing_is_sent_by_itself(
    loss: Loss, recover: Callable[..., str], monkeypatch: pytest.MonkeyPatch, leadgen_here: Run
) -> None:
    url = recover("--wal", str(loss.received))
    found = list_leads(url)
    acknowledged = {*loss.early, *loss.load.acknowledged}
    assert acknowledged - found == set()
    assert len(found - acknowledged) <= 4 * 2, (
        "committed, and killed before the answer: at most one of each sender"
    )
    assert ask(url, BROKEN) == 0
    assert ask(url, IS_COPY) is True
    assert ask(with_role(url, "leadgen_worker"), CLAIM) is None
    monkeypatch.setenv("DATABASE_URL", url)
    looked = leadgen_here("doctor", "--quick")
    assert (looked.returncode, "fail copy: it is a copy" in looked.stdout) == (2, True)
    assert leadgen_here("adopt", "--park", "--yes").returncode == 0
    assert ask(url, IS_COPY) is False
    assert ask(with_role(url, "leadgen_worker"), CLAIM) is None, "what waited is parked"
    parked = ask(url, "select count(*) from leadgen.deliveries where status = 'parked'")
    assert parked >= len(acknowledged)


def test_an_archive_alone_lacks_what_was_in_the_last_file(loss: Loss, recover: Callable[..., str]) -> None:
    """Why the archive is not enough where nothing acknowledged may be lost: archive_command gets whole files only."""
    found = list_leads(recover("--wal", str(loss.archived)))
    assert {*loss.load.acknowledged} - found != set()


def test_a_backup_alone_is_as_it_was_when_it_was_taken(loss: Loss, recover: Callable[..., str]) -> None:
    assert list_leads(recover()) == set(), "all leads came later"


def test_a_moment_is_the_end(loss: Loss, recover: Callable[..., str]) -> None:
    url = recover("--wal", str(loss.received), "--to", loss.moment.replace(" ", "T"))
    assert list_leads(url) == {*loss.early}
    assert ask(url, BROKEN) == 0


def test_a_moment_that_never_came_is_told(loss: Loss, tmp_path: Path) -> None:
    data = loss.root / "never/data"
    done = leadgen(
        "backup", "recover", str(loss.backup), "--data", str(data), "--wal", str(loss.received), "--to", "2099-01-01"
    )  # fmt: skip
    assert done.returncode == 1
    assert "recovery ended before configured recovery target was reached" in done.stderr


def test_wal_that_is_missing_in_between_is_told(loss: Loss, tmp_path: Path) -> None:
    """A recovery ends there, and the server would start as though all was well."""
    holed = loss.root / "holed"
    shutil.copytree(loss.received, holed)
    newest = max(one for one in holed.iterdir() if len(one.name.split(".")[0]) == 24)
    later = newest.name[:16] + f"{int(newest.name[16:24], 16) + 3:08X}"
    shutil.copy(newest, holed / later)
    user = EmbeddedServer(loss.root / "holed-data").user
    for path in (holed, *holed.iterdir()):
        user.own(path)
    done = leadgen(
        "backup", "recover", str(loss.backup), "--data", str(loss.root / "holed-data/data"), "--wal", str(holed)
    )  # fmt: skip
    assert (done.returncode, "has later files: one in between is missing" in done.stderr) == (1, True), (
        done.stderr
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="the server's user is who runs this")
def test_wal_that_the_server_may_not_read_is_told(loss: Loss, tmp_path: Path) -> None:
    wal = loss.root / "closed"
    wal.mkdir()
    (wal / "000000010000000000000001").touch(mode=0o600)
    data = loss.root / "closed-data"
    done = leadgen("backup", "recover", str(loss.backup), "--data", str(data), "--wal", str(wal))
    assert (done.returncode, "cannot read" in done.stderr) == (1, True), done.stderr


def test_data_that_is_there_is_never_written_over(loss: Loss) -> None:
    data = loss.root / "taken"
    data.mkdir()
    (data / "PG_VERSION").write_text("15")
    done = leadgen("backup", "recover", str(loss.backup), "--data", str(data), "--wal", str(loss.received))
    assert (done.returncode, f"{data} is not empty" in done.stderr) == (1, True)
    assert [one.name for one in data.iterdir()] == ["PG_VERSION"]


def test_old_backups_go_with_the_wal_that_nobody_needs(loss: Loss, tmp_path: Path) -> None:
    """Labels and names are enough for it."""
    wal = tmp_path / "wal"
    wal.mkdir()
    for day, file in ((1, 3), (2, 5), (3, 9)):
        path = tmp_path / f"base-2026110{day}T031500Z"
        path.mkdir()
        label = f"START WAL LOCATION: 0/3000028 (file {file:024X})\n"
        (path / "backup_label").write_text(label)
    kept = ["00000001000000000000000A", f"{5:024X}", f"{9:024X}", "00000002.history", f"{9:024X}.partial"]
    for name in (*kept, f"{3:024X}", f"{4:024X}"):
        (wal / name).touch()
    done = leadgen("backup", "prune", str(tmp_path), "--keep", "2", "--wal", str(wal))
    assert done.stdout == f"deleted {tmp_path}/base-20261101T031500Z\n"
    assert "base backups deleted: 1; files of WAL deleted: 2" in done.stderr
    assert sorted(one.name for one in wal.iterdir()) == sorted(kept)


def test_a_backup_that_was_damaged_is_not_recovered(loss: Loss) -> None:
    """The last test: it damages the backup."""
    assert "verified" in loss.said
    assert leadgen("backup", "verify", str(loss.backup)).returncode == 0
    file = loss.backup / "global/pg_control"
    content = bytearray(file.read_bytes())
    content[100] ^= 1
    file.write_bytes(content)
    for arguments in (
        ["verify", str(loss.backup)],
        ["recover", str(loss.backup), "--data", str(loss.root / "x"), "--wal", str(loss.received)],
    ):
        done = leadgen("backup", *arguments)
        assert (done.returncode, "pg_control" in done.stderr) == (1, True), done.stderr
