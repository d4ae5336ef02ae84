"""What `leadgen import` costs, and what it costs others: `python -m tests.bench.imports [ROWS]`.

In one run, on a catalogue of real size, all leads for one offer: rows a second beside single calls of submit_lead, the
most memory that the import took, and how long a post to the API takes while it runs and when it does not.
"""

import csv
import http.client
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from leadgen.db.urls import with_role

from .catalogue import create_catalogue
from .http import Api, running_api
from .lead import FIRST_PLACE, make_lead
from .revision import working_tree
from .server import Bench, running_bench

ROWS = 20_000
SINGLES = 1_000  # calls of submit_lead, before and after
POSTS = 200  # on an idle system, before and after
PAUSE = 0.05  # seconds between posts
RUN = "from leadgen.cli import main; main()"
SOURCE = f"s{FIRST_PLACE}"
FIELDS = ("name", "email", "phone", "postal_code", "city", "message", "consent", "landing_url", "utm_source")


def write_file(path: Path, rows: int) -> None:
    """A file of so many leads, as a spreadsheet would have them."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*FIELDS, "Job Type", "House Age"])
        for _ in range(rows):
            lead = json.loads(make_lead(FIRST_PLACE))
            attributes = lead["attributes"]
            writer.writerow(
                [*(lead[field] for field in FIELDS), attributes["job_type"], attributes["house_age"]]
            )


def measure_singles(bench: Bench) -> float:
    """Leads a second by single calls, one after the other."""
    with bench.connect("imports") as session:
        begin = time.perf_counter()
        for _ in range(SINGLES):
            session.execute("select leadgen.submit_lead(%s::jsonb, '{}')", [make_lead(FIRST_PLACE)])
        return SINGLES / (time.perf_counter() - begin)


class Posts(threading.Thread):
    """Posts a lead every few milliseconds, until it is told to stop or has posted so many; keeps how long each took."""

    def __init__(self, api: Api, most: int | None = None) -> None:
        super().__init__()
        self._api = api
        self._most = most
        self.stopped = threading.Event()
        self.seconds: list[float] = []

    def run(self) -> None:
        """Post."""
        connection = http.client.HTTPConnection("127.0.0.1", self._api.port)
        while not self.stopped.wait(random.uniform(0.5, 1.5) * PAUSE) and len(self.seconds) != self._most:
            begin = time.perf_counter()
            headers = {"content-type": "application/json"}
            connection.request("POST", "/api/leads", make_lead(FIRST_PLACE), headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status not in (202, 400):  # 400: a phone that was drawn before
                raise RuntimeError(f"answered {answer.status}")
            self.seconds.append(time.perf_counter() - begin)
        connection.close()


def post_some(api: Api, count: int) -> list[float]:
    """How long so many posts take, one after the other."""
    posts = Posts(api, count)
    posts.start()
    posts.join()
    return posts.seconds


def run_import(bench: Bench, file: Path) -> tuple[float, int, dict[str, object]]:
    """Import a file as the role of operators. Returns seconds, the most memory in bytes, and what it printed."""
    url = with_role(bench.url("imports"), "leadgen_dba")
    command = [sys.executable, "-c", RUN, "import", str(file), "--source", SOURCE, "--attributes", "--json"]
    begin = time.perf_counter()
    with subprocess.Popen(
        command, env=os.environ | {"DATABASE_URL": url}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout
        said = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"leadgen import ended with status {process.returncode}")
    return time.perf_counter() - begin, usage.ru_maxrss * 1024, json.loads(said)


def describe(seconds: Sequence[float]) -> str:
    """Median and 95th percentile, in milliseconds."""
    return f"{1000 * statistics.median(seconds):.1f} ms (95 %: {1000 * statistics.quantiles(seconds, n=20)[-1]:.1f})"


def main() -> None:
    """Measure and print."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with running_bench() as bench, tempfile.TemporaryDirectory() as directory:
        create_catalogue(bench, "imports", working_tree())
        with bench.connect("imports") as admin:
            admin.execute("update leadgen.rate_limits set is_active = false")
            admin.execute("vacuum analyze")
        file = Path(directory) / "leads.csv"
        write_file(file, rows)
        with running_api(bench.url("imports"), 1, working_tree()) as api:
            post_some(api, 20)  # it is warm then
            before = post_some(api, POSTS), measure_singles(bench)
            busy = Posts(api)
            busy.start()
            seconds, memory, said = run_import(bench, file)
            busy.stopped.set()
            busy.join()
            again_seconds, _, again = run_import(bench, file)
            after = post_some(api, POSTS), measure_singles(bench)
    idle, singles = before[0] + after[0], (before[1] + after[1]) / 2  # others use the machine, too
    print(f"import: {said}")
    print(f"again: {again['came_before']} of {again['rows']} rows came before")
    print(f"most memory of the import of {rows:,} rows: {memory / 2**20:.0f} MiB")
    print(
        f"rows a second / single calls a second: {rows / seconds / singles:.2f} ({singles:.0f}); of a second run: "
        f"{rows / again_seconds / singles:.2f}"
    )
    ratio = statistics.median(busy.seconds) / statistics.median(idle)
    print(
        f"a post while it runs / on an idle system: {ratio:.2f}, medians; {describe(busy.seconds)} of "
        f"{len(busy.seconds)} posts, {describe(idle)}"
    )


if __name__ == "__main__":
    main()
