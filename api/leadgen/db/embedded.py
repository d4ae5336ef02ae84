"""The private PostgreSQL server of one checkout.

It lives under the project's .leadgen/, listens on a unix socket that only its own user (and root) can
reach, opens no port, and is told from every other server by its data directory. Nothing here touches a
server it did not start.
"""

import fcntl
import hashlib
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql
from tenacity import (
    Retrying,
    retry,
    retry_if_exception_type,
    retry_if_result,
    stop_after_delay,
    wait_fixed,
)

from leadgen.db.binaries import Binaries, PostgresError, ServerUser, find_binaries, server_user
from leadgen.db.urls import with_database
from leadgen.paths import state_dir

SUPERUSER = "postgres"
DATABASE = "leadgen"
SOCKET_NUMBER = 54321  # part of the socket's file name; no port is opened
LONGEST_SOCKET_DIR = 90  # bytes: the kernel takes 107 with the file name
PROC = Path("/proc")
CRASH_SETTLES = 10.0  # seconds that orphans of a killed server get to leave
POSTGRESQL_CONF = """\
# Written at every start.
listen_addresses = ''
port = {port}
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
timezone = 'UTC'
log_timezone = 'UTC'
jit = off
shared_buffers = 256MB
max_connections = 200
{extra}"""


class EmbeddedServer:
    """One private server. `state` is its home; tests give another one than the project's.

    `moved` says that the server's user cannot reach that home, so the server lives under /var/tmp instead.
    """

    def __init__(self, state: Path | None = None, conf: str = "") -> None:
        self.binaries: Binaries = find_binaries()
        wanted = (state or state_dir()).resolve()
        self.user: ServerUser = server_user(wanted / f"pg{self.binaries.major}")
        self.state = _reachable_home(wanted, self.user)
        self.moved = self.state != wanted
        if self.moved:
            self.user = server_user(self.state / f"pg{self.binaries.major}")
        self.data = self.state / f"pg{self.binaries.major}"
        self.log = self.state / "log"
        self.sockets = _socket_dir(self.state)
        self._conf = conf

    @property
    def url(self) -> str:
        """The superuser's URL of database `leadgen`."""
        host = quote(str(self.sockets), safe="")
        return f"postgresql://{SUPERUSER}@/{DATABASE}?host={host}&port={SOCKET_NUMBER}"

    @retry(
        retry=retry_if_exception_type(psycopg.OperationalError),  # it is just starting, or just dying
        stop=stop_after_delay(30),
        wait=wait_fixed(0.1),
        reraise=True,
    )
    def start(self) -> str:
        """Make and start the server if need be, return `url`. Idempotent; several may call it at once."""
        with self._locked():
            if not self.running():
                self._own_dir(self.sockets)
                self._initialise()
                self._recover_from_crash()
                self._write_conf()
                self._pg_ctl("start", "-l", "log/postgresql.log", "-w", "-t", "60")
            self._create_database()
        return self.url

    def stop(self, mode: str = "fast") -> bool:
        """Stop the server; False when it was not running. Mode is pg_ctl's: smart, fast, immediate."""
        if not self.state.is_dir():
            return False
        with self._locked():
            if not self.running():
                return False
            self._pg_ctl("stop", "-m", mode, "-w", "-t", "60")
            return True

    def remove(self) -> None:
        """Delete the stopped server's data, log and socket directories."""
        for path in (self.data, self.log, self.sockets):
            shutil.rmtree(path, ignore_errors=True)
        if self.moved:
            shutil.rmtree(self.state)

    def running(self) -> bool:
        """True when a postmaster runs on our data directory."""
        pid = self._postmaster_pid()
        return pid is not None and self._is_ours(pid)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.state.mkdir(parents=True, exist_ok=True)
        if self.user.uid != os.geteuid():
            self.state.chmod(0o755)
        with (self.state / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _own_dir(self, path: Path) -> None:
        """A directory that only the server's user can enter; refuses one that somebody else put there."""
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (os.geteuid(), self.user.uid):
            raise PostgresError(f"{path} belongs to another user: remove it, or run as its owner")
        path.chmod(0o700)
        self.user.own(path)

    def _initialise(self) -> None:
        self._own_dir(self.log)
        if (self.data / "PG_VERSION").exists():
            return
        fresh = self.data.with_name(
            f"{self.data.name}.new"
        )  # renamed when whole: a killed initdb leaves no half cluster
        if fresh.exists():
            shutil.rmtree(fresh)
        self._own_dir(fresh)
        self._run(
            "initdb", "-D", str(fresh), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8",
            *_locale(self.binaries.major), "--no-instructions",
        )  # fmt: skip
        fresh.rename(self.data)

    def _write_conf(self) -> None:
        sockets = '"' + str(self.sockets).replace("'", "''").replace('"', '""') + '"'
        conf = self.data / "postgresql.conf"
        conf.write_text(POSTGRESQL_CONF.format(port=SOCKET_NUMBER, sockets=sockets, extra=self._conf))
        self.user.own(conf)

    def _recover_from_crash(self) -> None:
        """After a killed server: wait for its orphans, drop a pid file whose number is another's by now."""
        orphans = Retrying(
            retry=retry_if_result(bool),
            stop=stop_after_delay(CRASH_SETTLES),
            wait=wait_fixed(0.05),
            retry_error_callback=lambda state: state.outcome and state.outcome.result(),
        )(self._processes)
        if orphans:
            raise PostgresError(f"processes {orphans} of a killed server still hold {self.data}")
        for path in (self.data / "postmaster.pid", self.sockets / f".s.PGSQL.{SOCKET_NUMBER}.lock"):
            path.unlink(missing_ok=True)

    def _create_database(self) -> None:
        with psycopg.connect(with_database(self.url, "postgres"), autocommit=True) as connection:
            known = connection.execute("select from pg_database where datname = %s", [DATABASE]).fetchone()
            if known is None:
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))

    def _postmaster_pid(self) -> int | None:
        try:
            return int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return None
        except PermissionError:
            raise PostgresError(f"{self.data} belongs to another user: run as its owner or as root") from None

    def _is_ours(self, pid: int) -> bool:
        """A server works in its data directory, which tells it from a program given a dead one's number."""
        if not PROC.is_dir():
            return _alive(pid)
        try:
            return (PROC / str(pid) / "cwd").readlink() == self.data
        except OSError:
            return False

    def _processes(self) -> list[int]:
        return [int(entry.name) for entry in PROC.glob("[0-9]*") if self._is_ours(int(entry.name))]

    def _pg_ctl(self, action: str, *options: str) -> None:
        # Paths relative to `state`, where it runs: pg_ctl hands them to a shell between mere double quotes.
        self._run("pg_ctl", action, "-D", self.data.name, "-s", *options)

    def _run(self, program: str, *arguments: str) -> None:
        command = self.user.command(self.binaries[program], *arguments)
        with tempfile.TemporaryFile("w+") as output:  # not a pipe: the server would keep it open
            done = subprocess.run(
                command, cwd=self.state, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env=_plain_environment(), check=False,
            )  # fmt: skip
            if done.returncode != 0:
                output.seek(0)
                raise PostgresError(f"{program} failed: {output.read().strip()}{self._log_tail()}")

    def _log_tail(self) -> str:
        log = self.log / "postgresql.log"
        return (
            f"\nlast lines of {log}:\n" + "\n".join(log.read_text().splitlines()[-5:]) if log.exists() else ""
        )


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def _plain_environment() -> dict[str, str]:
    """Our environment without libpq's variables and a foreign locale, which initdb and pg_ctl would obey."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_"))}
    return {**kept, "LC_ALL": "C"}


def _locale(major: int) -> list[str]:
    """initdb's options for a locale that folds letters as Unicode does (see db/letters.py), which C does not."""
    known = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout.split()
    for name in ("C.UTF-8", "en_US.UTF-8"):
        if {name, name.replace("UTF-8", "utf8")} & set(known):
            return [f"--locale={name}"]
    if major >= 17:
        return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return ["--locale=C", "--locale-provider=icu", "--icu-locale=und"]


def _reachable_home(wanted: Path, user: ServerUser) -> Path:
    """`wanted`, or a directory in /var/tmp when root's server user cannot get there (it is below /root)."""
    if user.uid == os.geteuid():
        return wanted
    parent = wanted
    while not parent.exists():
        parent = parent.parent
    if subprocess.run(user.command("test", "-x", str(parent)), cwd="/", check=False).returncode == 0:
        return wanted
    home = Path("/var/tmp") / f"leadgen-{_digest(wanted)}"  # noqa: S108 - checked to be ours
    home.mkdir(mode=0o755, exist_ok=True)
    if home.is_symlink() or home.stat().st_uid != os.geteuid():
        raise PostgresError(f"{home} belongs to another user: remove it")
    return home


def _socket_dir(state: Path) -> Path:
    inside = state / "run"
    if len(os.fsencode(inside)) <= LONGEST_SOCKET_DIR and "," not in str(
        inside
    ):  # libpq reads a comma as two hosts
        return inside
    return Path(tempfile.gettempdir()) / f"leadgen-{_digest(state)}"


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
