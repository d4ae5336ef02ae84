"""What `leadgen suppress import` costs: `python -m tests.bench.suppressions [LINES]`, ten million for the figures.

A file of phone numbers of 20 area codes is imported into an empty list. Wall time, CPU of the command and of the
server, and the most memory of its own (RssAnon) that the command and any process of the server had. Then how long the
look-up of a lead's contact takes in that list.
"""

import os
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .catalogue import create_catalogue
from .revision import working_tree
from .server import running_bench

LINES = 200_000
LOOKUPS = 20_000
NAME = "suppressions"
RUN = "from leadgen.cli import main; main()"
AREAS = (512, 210, 713, 214, 305, 407, 212, 718, 213, 415, 619, 303, 602, 702, 312, 404, 617, 206, 503, 615)
LOOK_UP = f"""
select count(*) from generate_series(1, {LOOKUPS}) n
cross join lateral intake.find_suppressions('+1512' || (2000000 + n * 7), n || '@b.example', 1, now()) s
where s.is_suppressed
"""


def main() -> None:
    """Measure and print."""
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else LINES
    with running_bench() as bench, tempfile.TemporaryDirectory() as directory:
        create_catalogue(bench, NAME, working_tree())
        file = Path(directory) / "dnc.txt"
        write_file(file, lines)
        before, begin = bench.cpu_seconds(), time.perf_counter()
        command = subprocess.Popen(
            [sys.executable, "-c", RUN, "suppress", "import", str(file), "--list", "dnc", "--country", "US"],
            env=os.environ | {"DATABASE_URL": bench.url(NAME)},
        )
        own = server = 0
        while command.poll() is None:
            own = max(own, read_memory(command.pid))
            server = max(server, *map(read_memory, list_children(bench.postmaster)))
            time.sleep(0.5)
        wall, used = time.perf_counter() - begin, bench.cpu_seconds() - before
        print(f"{lines:,} lines: {wall:.1f} s, {used:.1f} s of the server's CPU")
        print(
            f"memory of its own: the command {own / 1024:.0f} MB, a process of the server {server / 1024:.0f} MB"
        )
        with bench.connect(NAME) as session:
            session.execute("set plan_cache_mode = force_generic_plan")  # as the road of a lead is planned
            begin = time.perf_counter()
            session.execute(LOOK_UP.encode())
            print(f"a look-up: {(time.perf_counter() - begin) / LOOKUPS * 1e6:.0f} microseconds")


def write_file(path: Path, lines: int) -> None:
    """Different numbers, in no order, as many in each area code."""
    numbers = random.Random(1)
    with path.open("w", encoding="utf-8") as file:
        for area in AREAS:
            rest = numbers.sample(range(2_000_000, 10_000_000), lines // len(AREAS))
            file.writelines(f"{area}{number}\n" for number in rest)


def read_memory(pid: int) -> int:
    """Kilobytes that are a process's own; 0 once it has ended."""
    try:
        found = re.search(r"RssAnon:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0
    return int(found[1]) if found else 0


def list_children(pid: int) -> list[int]:
    """The processes that a process has started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


if __name__ == "__main__":
    main()
