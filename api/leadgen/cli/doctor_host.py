"""The part of `leadgen doctor` that this machine knows: its clock, its zones, the room on the server's disks."""

import shutil
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import psycopg

from leadgen.cli.doctor_verdicts import Verdict, fail, ok, skip, warn

Connection = psycopg.Connection[Any]

CLOCK = "select extract(epoch from clock_timestamp())::float8, current_setting('leadgen.clock', true)"
DRIFT_WARNS, DRIFT_FAILS = 2.0, 30.0  # seconds
ZONES = "select timezone, at, offset_minutes from leadgen.list_zones()"
WHERE = "select current_setting('data_directory'), current_setting('unix_socket_directories')"
LOCAL = (
    "select inet_server_addr() is null or inet_server_addr() << '127.0.0.0/8' or inet_server_addr() = '::1'"
)
GB = 1 << 30
RUNBOOK = "docs/runbooks/disk-full.md"


def examine_clock(connection: Connection) -> Iterator[Verdict]:
    """How far the server's clock is from this machine's. The way there and back is taken as halves."""
    before = time.time()
    row = connection.execute(CLOCK).fetchone()
    after = time.time()
    theirs, is_set = row or (before, None)
    if is_set:
        remedy = "alter database … reset leadgen.clock, and the same of the role"
        yield fail("clock", f"leadgen.clock is set to {is_set}, as for a test", remedy)
        return
    yield judge_clock(theirs - (before + after) / 2, after - before)


def judge_clock(ahead: float, took: float) -> Verdict:
    """By how many seconds the server is ahead; half of what the question took is uncertain."""
    distance = max(abs(ahead) - took / 2, 0.0)
    which = "ahead of" if ahead > 0 else "behind"
    said = f"the server is {distance:.1f} s {which} this machine"
    remedy = "chronyc tracking, on both; leads are judged by the server's clock"
    if distance > DRIFT_FAILS:
        return fail("clock", said, remedy)
    if distance > DRIFT_WARNS:
        return warn("clock", said, remedy)
    return ok("clock", "the server's clock is this machine's")


def examine_zones(connection: Connection) -> Iterator[Verdict]:
    """Whether the server and this machine know the same offsets of the zones in use for the next year."""
    rows = connection.execute(ZONES).fetchall()
    other: list[str] = []
    for zone, at, minutes in rows:
        try:
            offset = at.astimezone(ZoneInfo(zone)).utcoffset()
        except (ZoneInfoNotFoundError, ValueError):
            offset = None
        if offset != timedelta(minutes=minutes) and zone not in other:
            other.append(zone)
    if other:
        yield warn(
            "zones",
            f"the server and this machine differ about {', '.join(other[:3])}",
            "update tzdata on both, and restart the server",
        )
    else:
        yield ok("zones", f"zones in use: {len({zone for zone, _, _ in rows})}, the same on both for a year")


def examine_disk(connection: Connection) -> Iterator[Verdict]:
    """The room on the disks of the data directory and of the WAL, where the server is on this machine."""
    row = connection.execute(LOCAL).fetchone()
    if not (row and row[0]):
        yield skip("disk", "not visible: the server is on another machine; run doctor there")
        return
    row = connection.execute(WHERE).fetchone()
    data = Path(row[0] if row else "")
    try:
        places = {place.stat().st_dev: place for place in (data / "pg_wal", data)}
    except OSError as error:
        yield skip("disk", f"not visible: {error.strerror}: run doctor as the server's user")
        return
    for place in places.values():
        usage = shutil.disk_usage(place)
        yield judge_disk(str(place), usage.free, usage.total)


def judge_disk(place: str, free: int, total: int) -> Verdict:
    """How much room is left there, in bytes."""
    said = f"{free / GB:.1f} GB free of {total / GB:.1f} at {place}"
    if free < GB or free * 100 < total * 5:
        return fail("disk", said, RUNBOOK)
    if free < 5 * GB or free * 100 < total * 15:
        return warn("disk", said, RUNBOOK)
    return ok("disk", said)
