"""What it costs that personal data is sealed: `python -m tests.bench.sealing`.

In one run, in turns: leads posted to an API with PII_KEYS and to one without, each with a database of its own that has
the same catalogue, by themselves over 16 connections and in batches over one. The database that seals has had time to
seal what was there before. A share of 1 is the speed of clear leads; of CPU time it is the cost.
"""

from contextlib import ExitStack

import psycopg

from leadgen.sealing.keyring import make_key

from .catalogue import create_catalogue
from .http import BATCH, batch_subject, http_subject, running_api
from .intake import check_sold, compare, measure_in_turns
from .plan import MOST
from .revision import working_tree
from .server import running_bench

ROUNDS, SECONDS = 7, 3
CLEAR, SEALED = "clear", "sealed"
WAYS = {"single posts, 16 connections": MOST, f"batches of {BATCH}, one connection": 1}
SHARE = "select avg((sealed is not null)::integer) from leadgen.leads"


def main() -> None:
    """Measure and print."""
    with running_bench() as bench, ExitStack() as stack:
        create_catalogue(bench, CLEAR, working_tree())
        bench.create(SEALED, CLEAR)
        settings = {CLEAR: {}, SEALED: {"PII_KEYS": make_key("bench")}}
        apis = {
            name: stack.enter_context(running_api(bench.url(name), 2, working_tree(), **settings[name]))
            for name in settings
        }
        for way, connections in WAYS.items():
            subject = http_subject if connections == MOST else batch_subject
            subjects = {name: subject(bench, api, SECONDS) for name, api in apis.items()}
            results = measure_in_turns(subjects, (connections,), ROUNDS)
            sealed, clear = (SEALED, connections), (CLEAR, connections)
            print(f"{way}: sealed / clear")
            print(f"  leads per second   {compare(results, sealed, clear, lambda one: one.rate)}")
            print(f"  CPU of the server  {compare(results, sealed, clear, lambda one: one.cpu)}")
            print(f"  CPU of the API     {compare(results, sealed, clear, lambda one: one.api)}")
        for name in settings:
            check_sold(bench, name)
            with bench.connect(name) as admin:
                print(f"{name}: {share_of(admin):.0%} of the leads are sealed")


def share_of(admin: psycopg.Connection) -> float:
    """The share of leads that are sealed."""
    row = admin.execute(SHARE).fetchone()
    return float(row[0]) if row else 0.0


if __name__ == "__main__":
    main()
