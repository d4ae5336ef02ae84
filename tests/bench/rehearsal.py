"""What-if and replay: leads per second in one session, beside reading the same decisions."""

import time
from collections.abc import Callable
from statistics import median
from typing import NamedTuple

import psycopg
from psycopg.types.json import Jsonb

from .pgbench import SUBMIT, run_pgbench
from .server import Bench

OFFER = 1
# Every lead goes elsewhere or costs something else, and most caps run out.
CHANGES = {
    "routing": {
        "strategy": "least_filled",
        "tie_breakers": ["highest_price"],
        "on_no_buyer": "reject",
        "caps": {"per_day": 1_000_000},
    },
    "default_price_per_lead": 50,
}
# The floor: every candidate of the same decisions, read and looked at.
READ = """
select count(*), sum(c.used_day), max(c.price)
from leadgen.lead_decisions d cross join lateral unnest(d.candidates) c
where d.offer_id = %s
"""


class Rehearsal(NamedTuple):
    """Medians in leads per second."""

    leads: int
    moved: int
    reading: float
    same: float
    changed: float
    replay: float


def measure_rehearsal(bench: Bench, leads: int, rounds: int) -> Rehearsal:
    """What-if without a change and with one that moves every lead, and replay, in turns with reading."""
    bench.create("rehearsed", "template_bench")
    bench.add_catalogue("rehearsed", None, email=True)
    script = SUBMIT.replace(r"\set o random(1, 20)", rf"\set o {OFFER}")
    run_pgbench(bench.url("rehearsed"), script, 1, ["-t", str(leads)], "leadgen_api")
    with bench.connect("rehearsed") as session:
        session.execute("vacuum analyze")
        (taken,) = session.execute("select count(*) from leadgen.lead_decisions").fetchone() or (0,)
        (caps,) = session.execute(
            """
            select jsonb_object_agg(id, jsonb_build_object(
              'capacity_per_hour', 30 * (1 + id %% 7), 'capacity_per_day', 150 * (1 + id %% 5)))
            from leadgen.buyer_offers where offer_id = %s
            """,
            [OFFER],
        ).fetchone() or ({},)
        changes = CHANGES | {"enrollments": caps}
        subjects: dict[str, Callable[[], object]] = {
            "reading": lambda: session.execute(READ, [OFFER]).fetchall(),
            "same": lambda: what_if(session, {}),
            "changed": lambda: what_if(session, changes),
            "replay": lambda: session.execute("select leadgen.verify_leads(0, %s)", [leads]).fetchall(),
        }
        seconds = {name: [clock(subject) for _ in range(rounds)] for name, subject in subjects.items()}
        assert what_if(session, {})["is_identical"]
        moved = taken - int(what_if(session, changes)["moved"]["same"])
    bench.drop("rehearsed")
    rates = {name: taken / median(found) for name, found in seconds.items()}
    return Rehearsal(taken, moved, **rates)


def what_if(session: psycopg.Connection, changes: dict[str, object]) -> dict[str, dict[str, int]]:
    """The report of the whole history under changes."""
    row = session.execute(
        "select leadgen.what_if(%s, '2000-01-01', '2100-01-01', %s)", [OFFER, Jsonb(changes)]
    ).fetchone()
    assert row
    report: dict[str, dict[str, int]] = row[0]
    return report


def clock(subject: Callable[[], object]) -> float:
    """How many seconds it takes."""
    start = time.perf_counter()
    subject()
    return time.perf_counter() - start
