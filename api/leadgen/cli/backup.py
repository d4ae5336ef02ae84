"""`leadgen backup`: base backups, the WAL that follows them, and recovery to a moment."""

import os
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from leadgen.cli.console import err, out, show_minute
from leadgen.cli.moments import read_moment
from leadgen.cli.rows import AsJson, call, print_json, read_rows
from leadgen.cli.target import database_url

app = typer.Typer(help="Back up the whole server, and recover it to a moment.", no_args_is_help=True)

RECORD = "select leadgen.record_backup(%s::text, %s::text, %s::timestamptz, %s::bigint, %s::boolean)"
LIST = """
select finished_at, tool, label, bytes, is_verified, recorded_by
from leadgen.backups
order by finished_at desc
limit 50
"""
MB = 1 << 20

Directory = Annotated[Path, typer.Argument(metavar="DIRECTORY", help="Where the backups are.")]


class Tool(StrEnum):
    """Who made a backup."""

    PGBACKREST = "pgbackrest"
    PG_DUMP = "pg_dump"
    SNAPSHOT = "snapshot"
    OTHER = "other"


@app.command()
def take(directory: Directory) -> None:
    """Make a base backup of the whole server, verify it, and record that it succeeded.

    It is a directory base-… with every file of the server and the WAL to make them whole. DATABASE_URL needs a login
    with REPLICATION that may record it: a superuser, or one with both rights. The command runs where the files go.

    Example: leadgen backup take /backups
    """
    from leadgen.db import backups

    made = backups.take(database_url(), directory, say)
    call(RECORD, ["pg_basebackup", str(made.path), made.started_at, made.bytes, True])
    err.print(f"backed up: {made.bytes / MB:,.0f} MB, verified", markup=False)
    out.print(str(made.path), markup=False, soft_wrap=True)


@app.command()
def verify(
    backup: Annotated[Path, typer.Argument(metavar="BACKUP", help="A directory base-….")],
) -> None:
    """Read every file of a base backup again, and its WAL. Exit status 1 if one is not what was written.

    Example: leadgen backup verify /backups/base-20261130T031500Z
    """
    from leadgen.db import backups

    backups.verify(backup)
    err.print(f"{backup} is what was written", markup=False, soft_wrap=True)


@app.command()
def receive(
    wal: Annotated[Path, typer.Argument(metavar="DIRECTORY", help="Where the WAL is kept.")],
) -> None:
    """Keep the WAL of the server as it is written, until it is stopped. It connects again by itself.

    With synchronous_standby_names = 'leadgen_wal' no lead is acknowledged before it is on the disk here.
    DATABASE_URL needs a login with REPLICATION, and another disk than the server's is the point of it.

    Example: leadgen backup receive /wal
    """
    from leadgen.db import backups

    command, secret = backups.receive(database_url(), wal)
    err.print(f"receiving WAL into {wal}, as {backups.RECEIVER}, until Ctrl-C", markup=False, soft_wrap=True)
    os.execve(command[0], command, {**os.environ, **secret})  # noqa: S606 - signals are pg_receivewal's from here on


@app.command()
def recover(
    data: Annotated[
        Path,
        typer.Option("--data", metavar="DIRECTORY", help="The data directory to make; empty or not there."),
    ],
    backup: Annotated[
        Path | None,
        typer.Argument(
            metavar="[BACKUP]", help="A directory base-…. Default: what another tool put into --data."
        ),
    ] = None,
    wal: Annotated[
        Path | None,
        typer.Option(
            "--wal",
            metavar="DIRECTORY",
            help="Where the WAL is that was received or archived. Default: what is in the backup itself.",
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="TIME", help="Up to this moment: 2026-11-30T14:05Z. Default: the end of the WAL."
        ),
    ] = None,
    command: Annotated[
        str | None,
        typer.Option(
            "--restore-command",
            metavar="COMMAND",
            help="What fetches WAL, as PostgreSQL's restore_command. Not with --wal.",
        ),
    ] = None,
) -> None:
    """Recover a base backup: to the end of the WAL, or to a moment. What is recovered sends nothing by itself.

    The server is recovered on a private socket, each database in it is made a copy, and it is stopped. Start it as
    you always do, look at it, and run `leadgen adopt --park` when its original sends no more. Run this as the
    server's user or as root, with the programs of the same major version.

    Example: leadgen backup recover /backups/base-20261130T031500Z --wal /wal --data /data
    """
    from leadgen.db import backups

    if wal is not None and command is not None:
        raise typer.BadParameter("--wal and --restore-command: one of them")
    moment = read_moment(until, "--to", ZoneInfo("UTC")).isoformat() if until else None
    done = backups.recover(data, backup, wal, moment, command, say)
    if done.last_commit:
        err.print(f"recovered; the last transaction in it was committed {done.last_commit}", markup=False)
    for name in done.databases:
        err.print(f"database {name} is a copy: nothing is sent from it until `leadgen adopt`", markup=False)
    err.print("the server is stopped: start it as you always do", markup=False)
    out.print(str(data), markup=False, soft_wrap=True)


@app.command()
def prune(
    directory: Directory,
    keep: Annotated[int, typer.Option(min=1, max=10_000, help="How many base backups stay, the newest.")],
    wal: Annotated[
        Path | None,
        typer.Option("--wal", metavar="DIRECTORY", help="Delete WAL there that none of them needs."),
    ] = None,
) -> None:
    """Delete old base backups, and the WAL that none of the others needs.

    Example: leadgen backup prune /backups --keep 7 --wal /wal
    """
    from leadgen.db import backups

    old, files = backups.prune(directory, keep, wal)
    for backup in old:
        out.print(f"deleted {backup.path}", markup=False, soft_wrap=True)
    err.print(f"base backups deleted: {len(old)}; files of WAL deleted: {files}")


@app.command()
def record(
    label: Annotated[str, typer.Argument(metavar="LABEL", help="What the tool calls it, or where it is.")],
    tool: Annotated[Tool, typer.Option("--tool", help="Who made it.")],
    verified: Annotated[bool, typer.Option("--verified", help="It was read again.")] = False,
) -> None:
    """Say that another tool has made a backup, so that `leadgen doctor` knows.

    Example: leadgen backup record --tool pgbackrest 20261130-031500F
    """
    call(RECORD, [tool.value, label, datetime.now(UTC), None, verified])
    err.print(f"recorded: {label}", markup=False)


@app.command("list")
def list_recorded(as_json: AsJson = False) -> None:
    """List the backups that were recorded, newest first.

    Example: leadgen backup list
    """
    rows = read_rows(LIST)
    if as_json:
        print_json(rows)
        return
    for row in rows:
        size = f"{row['bytes'] / MB:,.0f} MB" if row["bytes"] is not None else "size unknown"
        state = "verified" if row["is_verified"] else "not verified"
        said = f"{show_minute(row['finished_at'])}  {row['tool']}  {row['label']}  {size}, {state}"
        out.print(said, markup=False, soft_wrap=True)
    if not rows:
        err.print("no backup is recorded")


def say(line: str) -> None:
    """A line of progress."""
    err.print(line, markup=False, soft_wrap=True)
