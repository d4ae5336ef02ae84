"""This checkout beside another revision: the same catalogue and leads, on the same server, in turns."""

from contextlib import ExitStack

from . import tables
from .catalogue import create_catalogue, create_light_catalogue
from .floor import create_floor, floor_subject
from .http import http_subject, running_api
from .intake import compare, measure_in_turns, spread, submit_subject
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
    ours = working_tree()
    revisions = {"ours": ours, "theirs": theirs}
    for database, revision in revisions.items():
        create_catalogue(bench, database, revision)
        create_light_catalogue(bench, f"{database}_light", database)
        store_leads(bench, database, plan.stored)
    create_floor(bench, "floor", plan.stored)
    names = {database: f"{revision.name} ({database})" for database, revision in revisions.items()}
    subjects = {
        "floor": floor_subject(bench, "floor", plan.seconds),
        **{names[each]: submit_subject(bench, each, plan.seconds) for each in revisions},
    }
    results = measure_in_turns(subjects, CLIENTS, ROUNDS * plan.rounds)
    say(tables.intake_table(results))
    with ExitStack() as apis:
        subjects = {}
        for each, revision in revisions.items():
            api = apis.enter_context(running_api(bench.url(each), 2, revision))
            subjects[names[each]] = http_subject(bench, api, plan.seconds)
        posted = measure_in_turns(subjects, CONNECTIONS, ROUNDS * plan.rounds)
    say(tables.intake_table(posted))
    now, then = measure_rehearsals(
        bench, [f"{each}_light" for each in revisions], plan.rehearsed, plan.rounds
    )
    say(tables.rehearsal_table(now))
    say(tables.rehearsal_table(then))

    our_name, their_name = names.values()
    for clients in CLIENTS:
        pair = (our_name, clients), (their_name, clients)
        say(
            tables.ratio_line(
                f"CPU a lead, {clients} clients", compare(results, *pair, lambda one: one.cpu), CPU_AIM
            )
        )
        say(
            tables.ratio_line(
                f"time a lead, {clients} clients", compare(results, *pair, lambda one: 1 / one.rate)
            )
        )
    for count in CONNECTIONS:
        pair = (our_name, count), (their_name, count)
        what = f"over HTTP, {count} connections"
        server = compare(posted, *pair, lambda one: one.cpu)
        say(tables.ratio_line(f"CPU of the server a lead {what}", server, HTTP_CPU_AIM))
        both = compare(posted, *pair, lambda one: one.cpu + one.api)
        say(tables.ratio_line(f"CPU of server and API a lead {what}", both))
        say(tables.ratio_line(f"time a lead {what}", compare(posted, *pair, lambda one: 1 / one.rate)))
    say(
        tables.ratio_line(
            "time a lead of a what-if that moves all", spread([then.changed / now.changed]), WHAT_IF_AIM
        )
    )
