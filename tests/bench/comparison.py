"""This checkout beside another revision: the same catalogue and leads, on the same server, in turns."""

from collections.abc import Callable
from contextlib import ExitStack

from . import tables
from .catalogue import create_catalogue, create_light_catalogue
from .floor import create_floor, floor_subject
from .http import http_subject, running_api
from .intake import Results, Spread, check_sold, compare, measure_in_turns, spread, submit_subject
from .pgbench import Measured
from .plan import CLIENTS, Plan, Say
from .rehearsal import measure_rehearsals
from .revision import Revision, working_tree
from .server import Bench
from .stored import store_leads

CONNECTIONS = (16, 64)  # to the API's eight of the database: most requests wait for those before them
ROUNDS = 2  # times those of the plan: a ratio of two is wanted more exactly than a number
CPU_AIM, HTTP_CPU_AIM, WHAT_IF_AIM = 0.50, 0.33, 0.50


def measure_against(bench: Bench, plan: Plan, theirs: Revision, say: Say) -> None:
    """Measure both and print their ratios."""
    revisions = {"ours": working_tree(), "theirs": theirs}
    say(", ".join(f"{name}: {revision.name}" for name, revision in revisions.items()))
    for name, revision in revisions.items():
        create_catalogue(bench, name, revision)
        create_light_catalogue(bench, f"{name}_light", name)
        store_leads(bench, name, plan.stored)
    create_floor(bench, "floor", plan.stored)
    results = measure_calls(bench, plan)
    say(tables.intake_table(results))
    posted = measure_posts(bench, plan, revisions)
    say(tables.intake_table(posted))
    for name in revisions:
        check_sold(bench, name)
    now, then = measure_rehearsals(bench, ["ours_light", "theirs_light"], plan.rehearsed, plan.rounds)
    say(tables.rehearsal_table(now))
    say(tables.rehearsal_table(then))
    say("Ours of theirs, round by round:")
    for clients in CLIENTS:
        what = f"{clients} client{'s' * (clients > 1)}"
        say(tables.aim_line(f"CPU a lead, {what}", ratio(results, clients, lambda one: one.cpu), CPU_AIM))
        say(f"time a lead, {what}: {ratio(results, clients, lambda one: 1 / one.rate)}")
    for count in CONNECTIONS:
        what = f"over HTTP, {count} connections"
        server = ratio(posted, count, lambda one: one.cpu)
        say(tables.aim_line(f"CPU of the server a lead {what}", server, HTTP_CPU_AIM))
        say(f"CPU of server and API a lead {what}: {ratio(posted, count, lambda one: one.cpu + one.api)}")
        say(f"time a lead {what}: {ratio(posted, count, lambda one: 1 / one.rate)}")
    what_if = spread([then.changed / now.changed])
    say(tables.aim_line("time a lead of a what-if that moves all", what_if, WHAT_IF_AIM))


def measure_calls(bench: Bench, plan: Plan) -> Results:
    """Floor and direct calls."""
    subjects = {
        "write floor": floor_subject(bench, "floor", plan.seconds),
        "ours": submit_subject(bench, "ours", plan.seconds),
        "theirs": submit_subject(bench, "theirs", plan.seconds),
    }
    return measure_in_turns(subjects, CLIENTS, ROUNDS * plan.rounds)


def measure_posts(bench: Bench, plan: Plan, revisions: dict[str, Revision]) -> Results:
    """HTTP, two worker processes of each revision's API."""
    with ExitStack() as apis:
        subjects = {
            name: http_subject(
                bench, apis.enter_context(running_api(bench.url(name), 2, revision)), plan.seconds
            )
            for name, revision in revisions.items()
        }
        return measure_in_turns(subjects, CONNECTIONS, ROUNDS * plan.rounds)


def ratio(results: Results, clients: int, value: Callable[[Measured], float]) -> Spread:
    """Ours of theirs."""
    return compare(results, ("ours", clients), ("theirs", clients), value)
