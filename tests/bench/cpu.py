"""CPU time of a process and everything it has started."""

import os
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")  # a second
PARENT, OWN, ENDED = 1, slice(11, 13), slice(13, 15)  # fields of /proc/PID/stat that follow the name


def cpu_seconds(pid: int) -> float:
    """Seconds of CPU that a process, its children and those that have ended used so far; nan without /proc.

    A PostgreSQL server is its postmaster and the children of that.
    """
    if not PROC.is_dir():
        return float("nan")
    ticks = 0
    for entry in PROC.glob("[0-9]*"):
        fields = _stat(entry)
        if int(entry.name) == pid:
            ticks += sum(map(int, fields[OWN] + fields[ENDED]))
        elif fields and int(fields[PARENT]) == pid:
            ticks += sum(map(int, fields[OWN]))
    return ticks / TICKS


def _stat(entry: Path) -> list[str]:
    """What follows the name in a process's stat; empty when it has ended."""
    try:
        return (entry / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
