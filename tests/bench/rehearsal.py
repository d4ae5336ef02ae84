"""What-if and replay: leads per second in one session, beside reading the same decisions."""

import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from statistics import median
from typing import Any, LiteralString, NamedTuple

import psycopg
from psycopg.types.json import Jsonb

from .lead import FIRST_PLACE, submit_script
from .pgbench import run_script
from .server import Bench

OFFER = 1  # of 20 candidates
# Every lead goes elsewhere or costs something else, and most caps run out; with ENROLLMENTS.
CHANGES = {
    "routing": {
        "strategy": "least_filled",
        "tie_breakers": ["highest_price"],
        "on_no_buyer": "reject",
        "caps": {"per_day": 1_000_000},
    },
}
ENROLLMENTS = """
select jsonb_object_agg(id, jsonb_build_object(
  'price_per_lead', 50 + id %% 3, 'capacity_per_hour', 30 * (1 + id %% 7), 'capacity_per_day', 150 * (1 + id %% 5)))
from leadgen.buyer_offers where offer_id = %s
"""
READ = "select sum(length(d::text)) from leadgen.lead_decisions d where d.offer_id = %s"
WHAT_IF = "select leadgen.what_if(%s, '2000-01-01', '2100-01-01', %s)"


class Rehearsal(NamedTuple):
    """Of a template's code: leads, how many of them moved, and medians in leads per second."""

    template: str
    leads: int
    moved: int
    reading: float
    same: float
    changed: float
    replay: float


def measure_rehearsals(bench: Bench, templates: list[str], leads: int, rounds: int) -> list[Rehearsal]:
    """By the code of each template, in turns."""
    seconds: dict[tuple[str, str], list[float]] = defaultdict(list)
    found = []
    with ExitStack() as sessions:
        histories = {}
        for template in templates:
            database = f"{template}_rehearsed"
            create_history(bench, database, template, leads)
            histories[template] = History(sessions.enter_context(bench.connect(database)), leads)
        for _ in range(rounds):
            for template, history in histories.items():
                for work in (history.read, history.rehearse, history.rehearse_changes, history.replay):
                    seconds[template, work.__name__].append(clock(work))
        for template, history in histories.items():
            works = ("read", "rehearse", "rehearse_changes", "replay")
            rates = (leads / median(seconds[template, work]) for work in works)
            found.append(Rehearsal(template, leads, history.count_moved(), *rates))
    for template in templates:
        bench.drop(f"{template}_rehearsed")
    return found


class History:
    """Many leads of one offer, and a session that rehearses them."""

    def __init__(self, session: psycopg.Connection, leads: int) -> None:
        self._session = session
        self._leads = leads
        self._changes = CHANGES | {"enrollments": self._fetch(ENROLLMENTS, OFFER)}

    def read(self) -> None:
        """The least that there is to do: each decision whole."""
        self._fetch(READ, OFFER)

    def rehearse(self) -> None:
        """A what-if with nothing changed; it must be history."""
        assert self._what_if({})["is_identical"]

    def rehearse_changes(self) -> None:
        """A what-if that moves every lead."""
        self._what_if(self._changes)

    def replay(self) -> None:
        """Each decision recomputed from its record."""
        self._session.execute("select leadgen.verify_leads(0, %s)", [self._leads]).fetchall()

    def count_moved(self) -> int:
        """How many leads the changes move."""
        return self._leads - int(self._what_if(self._changes)["moved"]["same"])

    def _what_if(self, changes: dict[str, Any]) -> dict[str, Any]:
        report: dict[str, Any] = self._fetch(WHAT_IF, OFFER, Jsonb(changes))
        return report

    def _fetch(self, query: LiteralString, *parameters: object) -> Any:
        row = self._session.execute(query, parameters).fetchone()
        assert row
        return row[0]


def create_history(bench: Bench, database: str, template: str, leads: int) -> None:
    """A database with so many leads of the offer and no others."""
    bench.create(database, template)
    run_script(bench, database, submit_script(FIRST_PLACE), 1, leads)
    with bench.connect(database) as admin:
        admin.execute("vacuum analyze")


def clock(work: Callable[[], object]) -> float:
    """How many seconds it takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
