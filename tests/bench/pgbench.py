"""Runs scripts by pgbench, prepared, and reads transactions per second."""

import re
import subprocess
import tempfile
from pathlib import Path

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


class PgbenchError(Exception):
    """pgbench failed; the message is what it said."""


def run_pgbench(url: str, script: str, clients: int, *limit: str, role: str = "postgres") -> float:
    """Transactions per second of a script; `limit` is pgbench's: -T seconds or -t transactions."""
    with tempfile.TemporaryDirectory(prefix="leadgen-bench-") as directory:
        path = Path(directory) / "script"
        path.write_text(script)
        command = [find_binaries()["pgbench"], "-n", "-M", "prepared", "-f", str(path)]
        command += ["-c", str(clients), "-j", str(min(clients, 2)), *limit, with_role(url, role)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
    if done.returncode or not found:
        raise PgbenchError(done.stderr)
    return float(found[1])


def submit_leads(url: str, clients: int, *limit: str) -> float:
    """Leads per second through leadgen.submit_lead, as the API's role."""
    return run_pgbench(url, SUBMIT, clients, *limit, role="leadgen_api")
