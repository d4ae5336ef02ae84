"""Base backups by pg_basebackup, and the recovery of one to a moment, of which nothing is sent by itself.

A physical copy has all numbers of its original, so nothing tells it apart. It is therefore recovered here on a private
socket that no worker reaches, and every database of ours in it is made a copy before anybody else can connect.
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import psycopg
from tenacity import Retrying, retry_if_exception_type, wait_fixed

from leadgen.db.binaries import Binaries, ServerUser, find_binaries, server_user
from leadgen.errors import LeadGenError

Say = Callable[[str], None]

NAME = re.compile(r"base-\d{8}T\d{6}Z")
RECEIVER = "leadgen_wal"  # the slot, and the name for synchronous_standby_names
PORT = 54399  # part of the socket's file name; no port is opened
LOOK_SECONDS = 0.2
SHOWN_LINES = 8  # of the log of a server that does not start
# The server is alone here. hot_standby = off: its settings need not be as large as the original's. What is recovered is
# not archived beside the original, waits for no receiver, and asks nobody for WAL.
PRIVATE_CONF = """\
listen_addresses = ''
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
port = {port}
hba_file = '{sockets}/hba'
hot_standby = off
jit = off
autovacuum = off
max_prepared_transactions = 100
"""
NO_ARCHIVE = "false"  # the restore_command by which the end is that of the WAL within the backup
OVERRIDES = {  # what postgresql.auto.conf in the backup may say otherwise
    "listen_addresses": "",
    "port": str(PORT),
    "archive_mode": "off",
    "synchronous_standby_names": "",
    "primary_conninfo": "",
    "primary_slot_name": "",
    "shared_preload_libraries": "",
    "ssl": "off",
    "recovery_target_action": "promote",
    "logging_collector": "off",
    "log_destination": "stderr",
    "autovacuum": "off",
}
HAS_ADOPTION = "select to_regclass('leadgen.adoption') is not null"
REDO_DONE = re.compile(r"redo done at ([0-9A-F]+)/([0-9A-F]+)")
SEGMENT = re.compile(r"[0-9A-F]{24}(\.partial)?")
# Each file, by the shell of who will read them.
READABLE = 'cd "$0" && for file in *; do test -r "$file" || exit 1; done'
LAST_COMMIT = re.compile(r"last completed transaction was at log time (.+)")


class BackupError(LeadGenError):
    """A backup that cannot be made or recovered; the message is for the operator."""


class Backup(NamedTuple):
    """A base backup: where it is, when it began, how large it is, and the first file of WAL that it needs."""

    path: Path
    started_at: datetime
    bytes: int
    first_wal: str


class Recovered(NamedTuple):
    """The databases that are copies now, and when the last transaction in them was committed."""

    databases: list[str]
    last_commit: str | None


def take(url: str, directory: Path, say: Say) -> Backup:
    """Make a base backup in a directory below this one, with the WAL that it needs, and verify it.

    It has its name when it is whole. Raises BackupError.
    """
    binaries = find_binaries()
    started_at = datetime.now(UTC)
    path = directory / started_at.strftime("base-%Y%m%dT%H%M%SZ")
    unfinished = path.with_name(f"{path.name}.unfinished")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    say(f"copying the data directory to {unfinished}")
    try:
        address, secret = hide_password(url)
        _run(
            binaries, secret, "pg_basebackup", f"--dbname={address}", f"--pgdata={unfinished}", "--wal-method=stream",
            "--checkpoint=fast", "--no-password", "--label=leadgen",
        )  # fmt: skip
        verify(unfinished)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    unfinished.rename(path)
    return read_backup(path, started_at)


def verify(path: Path) -> None:
    """Read every file of a base backup again, and its WAL. Raises BackupError for one that is not what was written."""
    if not (path / "backup_manifest").is_file():
        raise BackupError(f"{path} is no base backup: it has no backup_manifest")
    _run(find_binaries(), {}, "pg_verifybackup", "--quiet", str(path))


def list_backups(directory: Path) -> list[Backup]:
    """The whole base backups in a directory, oldest first."""
    if not directory.is_dir():
        raise BackupError(f"there is no directory {directory}")
    found = sorted(path for path in directory.iterdir() if NAME.fullmatch(path.name) and path.is_dir())
    return [read_backup(path) for path in found]


def read_backup(path: Path, started_at: datetime | None = None) -> Backup:
    """What a base backup says of itself."""
    label = (path / "backup_label").read_text()
    first = re.search(r"^START WAL LOCATION: \S+ \(file ([0-9A-F]{24})\)$", label, re.MULTILINE)
    if first is None:
        raise BackupError(f"{path / 'backup_label'} names no first file of WAL")
    named = datetime.strptime(path.name, "base-%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    size = sum(one.stat().st_size for one in path.rglob("*") if one.is_file())
    return Backup(path, started_at or named, size, first[1])


def prune(directory: Path, keep: int, wal: Path | None) -> tuple[list[Backup], int]:
    """Delete all but the newest backups, and WAL that those do not need; which, and how many files of WAL."""
    backups = list_backups(directory)
    old, kept = backups[:-keep], backups[-keep:]
    for backup in old:
        shutil.rmtree(backup.path)
    if wal is None or not kept:
        return old, 0
    # Named by timeline, then position: the positions alone are in order, and a history file is never too old.
    first = kept[0].first_wal[8:]
    files = [one for one in wal.iterdir() if re.fullmatch(r"[0-9A-F]{24}", one.name) and one.name[8:] < first]
    for file in files:
        file.unlink()
    return old, len(files)


def receive(url: str, wal: Path) -> tuple[list[str], dict[str, str]]:
    """The command that keeps the WAL in a directory as it is written, and variables that it needs.

    Its slot is made first, if it is not there.
    """
    binaries = find_binaries()
    wal.mkdir(mode=0o700, parents=True, exist_ok=True)
    address, secret = hide_password(url)
    _run(
        binaries, secret, "pg_receivewal", f"--dbname={address}", f"--slot={RECEIVER}", "--create-slot",
        "--if-not-exists", "--no-password",
    )  # fmt: skip
    named = f"{address}{'&' if '?' in address else '?'}application_name={RECEIVER}"
    return [
        binaries["pg_receivewal"], f"--dbname={named}", f"--directory={wal}", f"--slot={RECEIVER}", "--synchronous",
        "--no-password",
    ], secret  # fmt: skip


def hide_password(url: str) -> tuple[str, dict[str, str]]:
    """The URL without its password, and the variable that has it: `ps` shows a command to everybody."""
    parts = urlsplit(url)
    login, at, host = parts.netloc.rpartition("@")
    user, colon, password = login.partition(":")
    secret = {"PGPASSWORD": unquote(password)} if colon else {}
    rest = []
    for setting in parts.query.split("&"):
        name, _, value = setting.partition("=")
        if unquote(name) == "password":
            secret = {"PGPASSWORD": unquote(value)}  # libpq takes it before the one of the login
        else:
            rest.append(setting)
    if not secret:
        return url, {}
    return urlunsplit(parts._replace(netloc=f"{user}{at}{host}", query="&".join(rest))), secret


def recover(
    data: Path, backup: Path | None, wal: Path | None, until: str | None, command: str | None, say: Say
) -> Recovered:
    """Make `data` the data directory of a server as it was, up to the end of the WAL or to a time.

    Without WAL and a command that fetches it, the end is the moment at which the backup was finished.
    Without a backup, `data` holds one that another tool has put there. The server is stopped at the end, and each
    database of ours is a copy: see `leadgen adopt`. Raises BackupError; `data` is left as it is then, to be looked at.
    """
    binaries, user = find_binaries(), server_user(data)
    if backup is not None:
        _put_back(backup, data, say)
    elif not (data / "PG_VERSION").is_file():
        raise BackupError(f"{data} holds no backup: name one, or let your tool restore one there first")
    major = (data / "PG_VERSION").read_text().strip()
    if major != str(binaries.major):
        raise BackupError(
            f"the backup is of PostgreSQL {major}, and the programs here are of {binaries.major}"
        )
    (data / "standby.signal").unlink(missing_ok=True)
    (data / "recovery.signal").touch()
    for path in (data, *data.rglob("*")):
        user.own(path)
    if wal is not None:
        _check_readable(wal, user)
    options = dict(OVERRIDES)
    if restores := command or (fetch_command(wal) if wal else None):
        options["restore_command"] = restores
    elif not _knows_its_archive(data):
        options["restore_command"] = NO_ARCHIVE
    if until:
        options["recovery_target_time"] = until
    with _private_server(data, binaries, user, options, say) as (url, log):
        databases = disown_all(url)
        said = log.read_text()
    if wal is not None and not until:
        _check_complete(wal, said)
    last = LAST_COMMIT.findall(said)
    return Recovered(databases, last[-1] if last else None)


def fetch_command(wal: Path) -> str:
    """The restore_command that takes WAL from a directory; a file that a receiver had not finished is read, too."""
    place = shlex.quote(str(wal.resolve())).replace("%", "%%")
    return f'cp {place}/%f "%p" 2>/dev/null || cp {place}/%f.partial "%p"'


def _knows_its_archive(data: Path) -> bool:
    """Whether its settings say what fetches WAL, as pgBackRest writes them."""
    return "restore_command" in (data / "postgresql.auto.conf").read_text()


def disown_all(url: str) -> list[str]:
    """Make every database of ours on a server a copy; their names."""
    found = []
    with psycopg.connect(url, autocommit=True) as connection:
        rows = connection.execute("select datname from pg_database where datallowconn order by 1").fetchall()
    for (name,) in rows:
        with psycopg.connect(url, dbname=name, autocommit=True) as connection:
            if connection.execute(HAS_ADOPTION).fetchone() == (True,):
                connection.execute("select leadgen.disown_database()")
                found.append(name)
    return found


def _check_readable(wal: Path, user: ServerUser) -> None:
    """A file that the server may not read is as good as none: it would end the recovery there, and say nothing."""
    done = subprocess.run(
        user.command("sh", "-c", READABLE, str(wal.resolve())), capture_output=True, check=False
    )
    if done.returncode != 0:
        raise BackupError(f"{user.name}, who runs the server, cannot read {wal}: chown -R {user.name} {wal}")


def _check_complete(wal: Path, said: str) -> None:
    """A file that is missing in between ends a recovery, too."""
    redo = REDO_DONE.findall(said)
    segments = [one for one in wal.iterdir() if SEGMENT.fullmatch(one.name)]
    if not redo or not segments:
        return
    size = max(one.stat().st_size for one in segments)
    each = (1 << 32) // size
    newest = max(int(one.name[8:16], 16) * each + int(one.name[16:24], 16) for one in segments)
    reached = ((int(redo[-1][0], 16) << 32) + int(redo[-1][1], 16)) // size
    if newest > reached + 1:
        end = "/".join(redo[-1])
        raise BackupError(
            f"the recovery ended at {end}, and {wal} has later files: one in between is missing or damaged. Find it "
            "(another archive, pg_wal of the old server), empty the data directory and begin again; or give --to a "
            "moment before it"
        )


def _put_back(backup: Path, data: Path, say: Say) -> None:
    if data.exists() and any(data.iterdir()):
        raise BackupError(f"{data} is not empty: move what is there away, it may be needed")
    say(f"verifying {backup}")
    verify(backup)
    if any((backup / "pg_tblspc").iterdir()):
        raise BackupError(f"{backup} has tablespaces: copy it by hand, then run this without a backup")
    say(f"copying it to {data}")
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copytree(backup, data, symlinks=True, dirs_exist_ok=True)
    data.chmod(0o700)


@contextmanager
def _private_server(
    data: Path, binaries: Binaries, user: ServerUser, options: dict[str, str], say: Say
) -> Iterator[tuple[str, Path]]:
    """The URL of a server on recovered data that nobody else reaches, and its log; it is stopped cleanly at the end."""
    sockets = Path(tempfile.mkdtemp(prefix="leadgen-recovery-"))
    try:
        (sockets / "hba").write_text("local all all trust\n")
        conf = sockets / "postgresql.conf"
        conf.write_text(PRIVATE_CONF.format(sockets=sockets, port=PORT))
        log = sockets / "log"
        log.touch()
        for path in (sockets, *sockets.iterdir()):
            user.own(path)
        arguments = [f"--{name}={value}" for name, value in ({"config_file": str(conf)} | options).items()]
        arguments += [f"--unix_socket_directories={sockets}", f"--hba_file={sockets}/hba"]
        with log.open("wb") as output:
            process = subprocess.Popen(
                user.command(binaries["postgres"], "-D", str(data), *arguments),
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/",
            )  # fmt: skip
        url = f"postgresql://postgres@/postgres?host={quote(str(sockets), safe='')}&port={PORT}"
        try:
            say("recovering: the server replays the WAL, on a socket that nobody else reaches")
            _wait_until_recovered(url, process, log)
            yield url, log
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("checkpoint")
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)  # a fast stop
            process.wait()
    finally:
        shutil.rmtree(sockets)


def _wait_until_recovered(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Returns when the server takes writes, however long that takes. Raises BackupError when it ends instead."""

    def look() -> None:
        if process.poll() is not None:
            lines = [line for line in log.read_text().splitlines() if line.strip()]
            raise BackupError("the recovery failed:\n" + "\n".join(lines[-SHOWN_LINES:]))
        with psycopg.connect(url, autocommit=True) as connection:
            row = connection.execute("select pg_is_in_recovery()").fetchone()
            if row != (False,):
                raise psycopg.OperationalError("it still recovers")

    Retrying(
        retry=retry_if_exception_type(psycopg.OperationalError), wait=wait_fixed(LOOK_SECONDS), reraise=True
    )(look)


def _run(binaries: Binaries, variables: dict[str, str], program: str, *arguments: str) -> None:
    command, environment = [binaries[program], *arguments], {**os.environ, **variables}
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    except FileNotFoundError:
        raise BackupError(
            f"{program} is not in {binaries.directory}: install PostgreSQL's programs"
        ) from None
    if done.returncode != 0:
        raise BackupError(f"{program}: {done.stderr.strip()}")
