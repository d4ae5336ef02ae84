"""The embedded server: started, stopped, crashed and started again, in directories of the tests' own."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy

from leadgen.db.binaries import PostgresError, find_binaries
from leadgen.db.embedded import EmbeddedServer
from rig.cluster import FAST, Cluster
from rig.guard import server_directory

MakeServer = Callable[..., EmbeddedServer]


@pytest.fixture
def place() -> Iterator[Path]:
    """An empty directory that every user can reach, unlike pytest's own; its servers end with it."""
    with server_directory("leadgen-place-") as directory:
        yield directory


@pytest.fixture
def make_server(place: Path) -> MakeServer:
    """Servers below `place`."""
    return lambda name="state": EmbeddedServer(place / name, conf=FAST)


@pytest.fixture(scope="module")
def stopped() -> Iterator[EmbeddedServer]:
    """A server that was started once and stopped."""
    with server_directory("leadgen-stopped-") as directory:
        server = EmbeddedServer(directory, conf=FAST)
        server.start()
        server.stop()
        yield server


@pytest.fixture
def make_initialised(make_server: MakeServer, stopped: EmbeddedServer) -> MakeServer:
    """The same, for tests that are not about the first start: the server has its data already."""

    def make(name: str = "state") -> EmbeddedServer:
        server = make_server(name)
        if not server.data.exists():
            server.state.mkdir()
            subprocess.run(["cp", "--archive", stopped.data, server.data], check=True)
        return server

    return make


def ask(url: str, query: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None


def postmaster(server: EmbeddedServer) -> int:
    return int((server.data / "postmaster.pid").read_text().split()[0])


def test_its_url_works_everywhere(make_server: MakeServer) -> None:
    url = make_server().start()
    assert ask(url, "select current_database()") == "leadgen"
    done = subprocess.run(
        [find_binaries()["psql"], url, "-Atc", "select current_user"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "postgres\n"
    engine = sqlalchemy.create_engine(url.replace("postgresql:", "postgresql+psycopg2:"))
    with engine.connect() as connection:
        assert connection.exec_driver_sql("select 1").scalar() == 1
    engine.dispose()


def test_it_is_private_and_set_up_sensibly(make_initialised: MakeServer) -> None:
    server = make_initialised()
    url = server.start()
    assert ask(url, "show listen_addresses") == ""
    assert ask(url, "select current_setting('port')") != "5432"
    assert stat.S_IMODE(server.sockets.stat().st_mode) == 0o700
    assert server.sockets.stat().st_uid == server.user.uid != 0
    assert ask(url, "show server_encoding") == "UTF8"
    assert str(ask(url, "select datcollate from pg_database where datname = 'leadgen'")).startswith("C")
    assert ask(url, "show timezone") == "UTC"
    assert ask(url, "show jit") == "off"


def test_starting_twice_is_starting_once(make_initialised: MakeServer) -> None:
    server = make_initialised()
    url = server.start()
    before = postmaster(server)
    assert server.start() == url
    assert postmaster(server) == before


def test_many_may_start_it_at_once(make_server: MakeServer) -> None:
    servers = [make_server() for _ in range(4)]
    results: list[str | Exception] = []

    def start(server: EmbeddedServer) -> None:
        try:
            results.append(server.start())
        except Exception as error:  # noqa: BLE001 - any failure fails the test below
            results.append(error)

    threads = [threading.Thread(target=start, args=[server]) for server in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [servers[0].url] * 4


def test_stop_stops_ours_alone(make_initialised: MakeServer, cluster: Cluster) -> None:
    one, other = make_initialised("one"), make_initialised("other")
    url = one.start()
    kept = other.start()
    assert one.stop()
    assert not one.running()
    assert not one.stop()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
    assert ask(kept, "select 1") == 1
    assert ask(cluster.url("postgres"), "select 1") == 1


def test_two_checkouts_do_not_share_anything(make_initialised: MakeServer) -> None:
    one, other = make_initialised("one"), make_initialised("other")
    with psycopg.connect(one.start()) as connection:
        connection.execute("create table mine (id integer)")
    assert ask(other.start(), "select to_regclass('mine')") is None
    assert postmaster(one) != postmaster(other)


@pytest.mark.parametrize("name", ["with a space", 'it\'s "quoted", with % and ü', "deep/" + "long-name/" * 9])
def test_any_path_will_do(name: str, make_server: MakeServer) -> None:
    server = make_server(name)
    assert ask(server.start(), "select 1") == 1
    assert len(os.fsencode(server.sockets)) <= 90


def test_it_comes_back_after_a_kill(make_initialised: MakeServer) -> None:
    server = make_initialised()
    with psycopg.connect(server.start()) as connection:
        connection.execute("create table kept (id integer)")
    os.kill(postmaster(server), signal.SIGKILL)
    assert ask(server.start(), "select to_regclass('kept')::text") == "kept"


def test_a_pid_file_with_another_programs_number_does_not_matter(make_initialised: MakeServer) -> None:
    server = make_initialised()
    server.start()
    left = (server.data / "postmaster.pid").read_text()
    server.stop()
    bystander = subprocess.Popen(server.user.command("sleep", "60"))
    try:
        pid_file = server.data / "postmaster.pid"
        pid_file.write_text(f"{bystander.pid}\n" + left.split("\n", 1)[1])
        server.user.own(pid_file)
        assert not server.running()
        assert not server.stop()
        assert ask(server.start(), "select 1") == 1
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_killed_initdb_does_not_matter(make_server: MakeServer) -> None:
    server = make_server()
    half = server.state / f"pg{server.binaries.major}.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("0")
    assert ask(server.start(), "select 1") == 1


def test_the_environments_postgres_is_not_ours(
    make_server: MakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "PGPORT": "5432",
        "PGHOST": "127.0.0.1",
        "PGDATA": "/nowhere",
        "PGDATABASE": "theirs",
    }.items():
        monkeypatch.setenv(name, value)
    assert ask(make_server().start(), "select current_database()") == "leadgen"


def test_a_socket_directory_that_is_not_ours_is_refused(make_server: MakeServer, place: Path) -> None:
    server = make_server()
    server.state.mkdir()
    (place / "theirs").mkdir()
    server.sockets.symlink_to(place / "theirs")
    with pytest.raises(PostgresError, match="belongs to another user"):
        server.start()


def test_a_broken_start_shows_the_servers_log(place: Path) -> None:
    server = EmbeddedServer(place, conf="shared_buffers = nonsense\n")
    with pytest.raises(PostgresError, match="shared_buffers"):
        server.start()


def test_a_place_the_servers_user_cannot_reach_is_left(place: Path) -> None:
    """Root's server runs as another user, who cannot enter a home of mode 700; else nothing moves."""
    closed = place / "home"
    closed.mkdir(mode=0o700)
    server = EmbeddedServer(closed / "checkout" / ".leadgen", conf=FAST)
    assert server.moved == (os.geteuid() == 0)
    try:
        assert ask(server.start(), "select 1") == 1
        assert EmbeddedServer(closed / "checkout" / ".leadgen").url == server.url
    finally:
        server.stop("immediate")
        if server.moved:
            shutil.rmtree(server.state)


def test_a_killed_test_run_leaves_nothing(tmp_path: Path) -> None:
    """The guard of the tests' servers does its work when the tests cannot."""
    script = tmp_path / "run.py"
    script.write_text(
        "import os, signal\n"
        "from rig.cluster import running_cluster\n"
        "with running_cluster() as cluster:\n"
        "    print(cluster.server.state, (cluster.server.data / 'postmaster.pid').read_text().split()[0], flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    paths = os.pathsep.join(path for path in sys.path if path)
    # Its standard output stays open until the guard, who has it too, is done.
    output = subprocess.run(
        [sys.executable, script],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": paths},
    ).stdout
    directory, pid = output.split()
    assert not Path(directory).exists()
    assert not Path(f"/proc/{pid}/cwd").exists()
