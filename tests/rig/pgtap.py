"""Runs one pgTAP file with psql, as pg_prove does, and judges what it prints."""

import re
import subprocess
from pathlib import Path

from leadgen.db.binaries import find_binaries

PGTAP = Path(__file__).parents[2] / "pgtap"
HELPERS = PGTAP / "helpers"
PLAN = re.compile(r"1\.\.(\d+)")
RESULT = re.compile(r"(not )?ok \d+")
NOISE = re.compile(r"# Looks like you failed")


def pgtap_files() -> list[Path]:
    """Every file of tests, helpers apart."""
    return [path for path in sorted(PGTAP.rglob("*.sql")) if not path.is_relative_to(HELPERS)]


def run_pgtap(url: str, path: Path) -> list[str]:
    """Run the file in the database; returns the complaints, none when it passes."""
    psql = find_binaries()["psql"]
    options = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-P", "pager=off", "-f", str(path), url]
    done = subprocess.run([psql, *options], capture_output=True, text=True, check=False)
    return judge(done.stdout) + done.stderr.splitlines()


def judge(output: str) -> list[str]:
    """What is wrong with TAP output: failed tests with their diagnostics, a plan not kept, no test."""
    planned: int | None = None
    ran = 0
    complaints: list[str] = []
    failed = False
    for line in output.splitlines():
        if plan := PLAN.fullmatch(line):
            planned = int(plan.group(1))
        elif result := RESULT.match(line):
            ran += 1
            failed = bool(result.group(1))
        if failed and not NOISE.match(line):
            complaints.append(line)
    if planned is None:
        complaints.append("no plan: the file must select plan(n)")
    elif planned != ran:
        complaints.append(f"planned {planned} tests, ran {ran}")
    if ran == 0:
        complaints.append("ran no test at all")
    return complaints
