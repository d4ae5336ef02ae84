"""What one lead reads: the plans of all statements on its road, by auto_explain.

Once without statistics, as the catalogue was loaded, and once with fresh ones and stored leads: what is good in both is
good on most days.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import psycopg

from .catalogue import create_catalogue
from .lead import CONTEXT, make_lead
from .plan import Plan, Say
from .revision import working_tree
from .server import Bench
from .stored import store_leads

MANY = 100  # rows of one node
WARM_UP = 20  # leads: functions are compiled then, and generic plans chosen
LOUD = """
load 'auto_explain';
set auto_explain.log_min_duration = 0;
set auto_explain.log_nested_statements = on;
set auto_explain.log_analyze = on;
set auto_explain.log_buffers = on;
set auto_explain.log_format = json;
set client_min_messages = log;
"""


class Node(NamedTuple):
    """What a part of a plan is and reads; rows that it gave and threw away, and blocks, its inner nodes' included."""

    what: str
    depth: int
    given: int
    removed: int
    blocks: int

    def __str__(self) -> str:
        return f"{self.what}: gave {self.given}, threw away {self.removed}, {self.blocks} blocks"

    @property
    def reads_many(self) -> bool:
        """Whether it threw away many rows, or read them."""
        return self.removed > MANY or ("Scan" in self.what and self.given > MANY)


class Explained(NamedTuple):
    """One statement that was executed for the lead."""

    milliseconds: float
    text: str
    nodes: list[Node]


def show_plans(bench: Bench, plan: Plan, say: Say) -> None:
    """Print the plans, and first what reads many rows."""
    create_catalogue(bench, "fresh", working_tree())
    bench.create("stored", "fresh")
    store_leads(bench, "stored", plan.stored)
    show_lead(bench, "fresh", "Without statistics or leads", say)
    show_lead(bench, "stored", f"With statistics and {plan.stored:,} leads", say)


def show_lead(bench: Bench, database: str, title: str, say: Say) -> None:
    """Print what one lead reads in a database."""
    statements = explain_lead(bench, database)
    say(f"{title}: {len(statements)} statements. These read, or threw away, more than {MANY} rows:")
    for statement in statements:
        for node in statement.nodes:
            if node.reads_many:
                say(f"  {node}\n    in {statement.text[:200]}")
    say("All of them, in the order of their ends:")
    for statement in statements:
        say(f"  {statement.milliseconds:.3f} ms  {statement.text[:200]}")
        for node in statement.nodes:
            say(f"  {'  ' * node.depth}  {node}")


def explain_lead(bench: Bench, database: str) -> list[Explained]:
    """Hand one lead in and return its statements, in the order in which they ended."""
    said: list[str] = []
    with bench.connect(database) as session:
        for _ in range(WARM_UP):
            submit(session)
        session.add_notice_handler(lambda notice: said.append(notice.message_primary or ""))
        session.execute(LOUD)
        submit(session)
    return [read_plan(message) for message in said if message.startswith("duration:")]


def submit(session: psycopg.Connection) -> None:
    """Hand one lead in."""
    context = re.sub("<.*?>", "7", CONTEXT)
    session.execute("select leadgen.submit_lead(%s::jsonb, %s::jsonb)", [make_lead(), context])


def read_plan(message: str) -> Explained:
    """What auto_explain said of one statement."""
    duration, _, document = message.partition("plan:")
    found = json.loads(document)
    return Explained(
        float(duration.split()[1]), " ".join(found["Query Text"].split()), list(read_nodes(found["Plan"], 0))
    )


def read_nodes(plan: dict[str, Any], depth: int) -> Iterator[Node]:
    """The nodes of a plan that ran, from the outermost."""
    if loops := plan["Actual Loops"]:
        names = [
            plan[key] for key in ("Node Type", "Relation Name", "Index Name", "Function Name") if key in plan
        ]
        removed = sum(value for key, value in plan.items() if key.startswith("Rows Removed by"))
        blocks = plan.get("Shared Hit Blocks", 0) + plan.get("Shared Read Blocks", 0)
        yield Node(" ".join(names), depth, round(plan["Actual Rows"] * loops), round(removed * loops), blocks)
        for child in plan.get("Plans", []):
            yield from read_nodes(child, depth + 1)
