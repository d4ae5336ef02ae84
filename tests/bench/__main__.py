"""Runs what the arguments ask for; see the package."""

import argparse
import os
import platform
import time

from rich.console import Console

from .comparison import measure_against
from .everything import measure_everything
from .plan import FULL, QUICK
from .plans import show_plans
from .revision import taken_out, working_tree
from .server import SETTINGS, running_bench


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round: some two minutes, and noisy")
    parser.add_argument("--stored", type=int, metavar="N", help="leads that are stored before (200,000)")
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument("--against", metavar="REV", help="compare with a revision in git, in turns")
    kinds.add_argument("--plans", action="store_true", help="print the plans of one lead instead")
    arguments = parser.parse_args()
    plan = QUICK if arguments.quick else FULL
    if arguments.stored is not None:
        plan = plan._replace(stored=arguments.stored)

    console = Console(width=None if os.isatty(1) else 160, highlight=False, markup=False)
    start = time.monotonic()
    with running_bench() as bench:
        console.print(
            f"{working_tree().name}, PostgreSQL {bench.version}, {platform.machine()}, {os.cpu_count()} cores that"
            f" server and clients share; {', '.join(f'{name} {value}' for name, value in SETTINGS.items())};"
            " 20 markets, each with 50 buyers of 300 areas and an offer of 20 to 50 candidates;"
            f" {plan.stored:,} leads stored; rounds of {plan.seconds} s: {plan.rounds}"
        )
        if arguments.plans:
            show_plans(bench, plan, console.print)
        elif arguments.against:
            with taken_out(arguments.against) as theirs:
                measure_against(bench, plan, theirs, console.print)
        else:
            measure_everything(bench, plan, console.print)
        cpu = bench.cpu_seconds()
    console.print(f"{time.monotonic() - start:.0f} s; {cpu:.0f} s of CPU of the server")


if __name__ == "__main__":
    main()
