"""Runs scripts by pgbench, prepared, and reads transactions per second."""

import re
import subprocess
import tempfile
from pathlib import Path
from statistics import mean

from leadgen.db.binaries import find_binaries
from leadgen.db.urls import with_role

# What a landing page posts. :o offer, :n number, :a area code, :z postal code.
# Phones are of ten area codes, so that few repeat.
DRAWS = r"""
\set o random(1, 20)
\set n random(1, 9000000000000000000)
\set a random(1, 10)
\set z random(1, 5)
"""
PHONE = "'+1' || ('{512,737,214,469,972,713,832,281,210,817}'::text[])[:a] || (2000000 + :n::bigint % 7999999)::text"
LEAD = (
    """'{"source_key": "s' || :o || '", "name": "John Smith", "email": "j' || :n || '@example.org", "phone": "' || """
    + PHONE
    + """ || '", "postal_code": "7870' || :z || '", "city": "Austin", "message": "Water comes from under the sink,"""
    """ please call before noon. The main valve is closed.", "consent": true, "landing_url":"""
    """ "https://austin-plumbing.example/emergency?gclid=Cj0KCQ", "utm_source": "google", "utm_medium": "cpc","""
    """ "utm_campaign": "austin-plumbing", "attributes": {"job_type": "leak", "property": "house", "urgent": true}}'"""
)
CONTEXT = (
    """'{"ip_address": "198.51.100.7", "user_agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"}'"""
)
SUBMIT = f"{DRAWS}select leadgen.submit_lead(({LEAD})::jsonb, {CONTEXT}::jsonb);\n"


WARM_UP = 1  # seconds


class PgbenchError(Exception):
    """pgbench failed; the message is what it said."""


def measure(url: str, script: str, clients: int, seconds: float, role: str = "postgres") -> float:
    """Transactions per second of a script.

    A first second is left out: in it each connection compiles the functions it calls, which a pool does once.
    """
    limit = ["-T", f"{seconds + WARM_UP:.0f}", "-P", "1"]
    said = run_pgbench(url, script, clients, limit, role)
    rates = [float(rate) for rate in re.findall(r"^progress: [\d.]+ s, ([\d.]+) tps", said, re.MULTILINE)]
    return mean(rates[WARM_UP:])


def submit_leads(url: str, clients: int, leads: int) -> float:
    """Put so many leads through leadgen.submit_lead, as the API's role; returns how many a second."""
    said = run_pgbench(url, SUBMIT, clients, ["-t", str(leads // clients)], "leadgen_api")
    found = re.search(r"^tps = ([\d.]+)", said, re.MULTILINE)
    assert found, said
    return float(found[1])


def run_pgbench(url: str, script: str, clients: int, limit: list[str], role: str) -> str:
    """What pgbench says of a script. Raises PgbenchError."""
    with tempfile.TemporaryDirectory(prefix="leadgen-bench-") as directory:
        path = Path(directory) / "script"
        path.write_text(script)
        command = [find_binaries()["pgbench"], "-n", "-M", "prepared", "-f", str(path), *limit]
        command += ["-c", str(clients), "-j", str(min(clients, 2)), with_role(url, role)]
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
    if done.returncode:
        raise PgbenchError(done.stdout)
    return done.stdout
