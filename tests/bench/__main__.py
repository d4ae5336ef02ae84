"""Measures everything in one run, interleaved, and prints medians and their ratios."""

import argparse
import os
import platform
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from statistics import median
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from .deliveries import drain, post_bare, queue_deliveries, running_receiver
from .floor import copy_statements, function_script, plain_script
from .http import POOL, post_leads, running_api
from .pgbench import SUBMIT as SUBMIT_SCRIPT
from .pgbench import measure, submit_leads
from .profile import Share, profile
from .rehearsal import Rehearsal, measure_rehearsal
from .server import SETTINGS, Bench, running_bench

CLIENTS = (1, 8, 16)
FLOOR, FUNCTION, SUBMIT = "floor: plain statements", "floor: one PL/pgSQL call", "submit_lead"
SHORT = {FLOOR: "plain floor", FUNCTION: "one-call floor", SUBMIT: SUBMIT}
SUBMIT_AIM, HTTP_AIM = 0.40, 0.50  # of the plain floor and of submit_lead, at 16 clients
WHAT_IF_AIM = 2000  # leads per second
SHOWN = 14  # functions of the profile

Rates = dict[tuple[str, int], list[float]]  # by what was measured and clients


class Plan(NamedTuple):
    """How long and how often."""

    seconds: float
    rounds: int
    warm_up: int  # leads
    queued: int  # deliveries
    profiled: int  # leads
    rehearsed: int  # leads


FULL = Plan(seconds=3, rounds=3, warm_up=2000, queued=5000, profiled=2000, rehearsed=5000)
QUICK = Plan(seconds=1, rounds=1, warm_up=500, queued=2000, profiled=500, rehearsed=1000)


def http_name(workers: int) -> str:
    """What a number of API processes is called in the table."""
    return f"HTTP, {workers} worker{'s' if workers > 1 else ''} of {POOL} connections"


def measure_intake(bench: Bench, plan: Plan) -> Rates:
    """Floors, submit_lead and HTTP, in turns, at each number of clients."""
    url = bench.url("intake")
    submit_leads(url, 4, plan.warm_up)
    with bench.connect("intake") as admin:
        statements = copy_statements(admin)
        plain, function = plain_script(statements), function_script(admin, statements)
        admin.execute("vacuum analyze")
    with ExitStack() as apis:
        ports = {workers: apis.enter_context(running_api(url, workers)) for workers in (1, 2)}
        subjects: dict[str, Callable[[int], float]] = {
            FLOOR: lambda clients: measure(url, plain, clients, plan.seconds),
            FUNCTION: lambda clients: measure(url, function, clients, plan.seconds),
            SUBMIT: lambda clients: measure(url, SUBMIT_SCRIPT, clients, plan.seconds, "leadgen_api"),
            http_name(1): lambda clients: post_leads(ports[1], clients, plan.seconds),
            http_name(2): lambda clients: post_leads(ports[2], clients, plan.seconds),
        }
        rates: Rates = defaultdict(list)
        for _ in range(plan.rounds):
            for clients in CLIENTS:
                for name, rate in subjects.items():
                    rates[name, clients].append(rate(clients))
    return rates


def measure_deliveries(bench: Bench, plan: Plan) -> tuple[float, float]:
    """Medians per second: one worker process, and a bare client."""
    with running_receiver() as port:
        queue_deliveries(bench, "queued", "template_bench", port, plan.queued)
        pairs = [(drain(bench, "queued"), post_bare(bench, "queued")) for _ in range(plan.rounds)]
    return median(worker for worker, _ in pairs), median(bare for _, bare in pairs)


def intake_table(rates: Rates) -> Table:
    """Leads per second, with the ratios that count."""
    table = Table(
        "leads per second", *(f"{clients} client{'s' * (clients > 1)}" for clients in CLIENTS), "ratio"
    )
    middle = {key: median(found) for key, found in rates.items()}

    def ratios(name: str, base: str) -> str:
        return " / ".join(f"{middle[name, clients] / middle[base, clients]:.2f}" for clients in CLIENTS)

    for name in dict.fromkeys(name for name, _ in rates):
        base = {FLOOR: "", FUNCTION: FLOOR, SUBMIT: FLOOR}.get(name, SUBMIT)
        words = f"{ratios(name, base)} of {SHORT[base]}" if base else ""
        table.add_row(name, *(f"{middle[name, clients]:,.0f}" for clients in CLIENTS), words)
    table.add_row("", *[""] * len(CLIENTS), f"{ratios(SUBMIT, FUNCTION)} {SUBMIT} of {SHORT[FUNCTION]}")
    return table


def aims(rates: Rates) -> list[str]:
    """Whether the aims at the largest number of clients were reached."""
    most = CLIENTS[-1]
    middle = {name: median(found) for (name, clients), found in rates.items() if clients == most}
    http = max(middle[http_name(1)], middle[http_name(2)])
    found = [
        (f"submit_lead of the plain floor at {most} clients", middle[SUBMIT] / middle[FLOOR], SUBMIT_AIM),
        (f"HTTP of submit_lead at {most} clients", http / middle[SUBMIT], HTTP_AIM),
    ]
    return [
        f"{what}: {ratio:.2f}, aim {aim:.2f}: {'met' if ratio >= aim else 'MISSED'}"
        for what, ratio, aim in found
    ]


def profile_table(shares: list[Share], whole: float) -> Table:
    """The most expensive functions."""
    table = Table(f"one client: {whole:,.0f} µs a lead", "calls", "own µs", "share")
    for share in shares[:SHOWN]:
        table.add_row(share.name, f"{share.calls:.1f}", f"{share.self_us:.0f}", f"{share.share:.1%}")
    rest = shares[SHOWN:]
    table.add_row(
        f"{len(rest)} others", "", f"{sum(s.self_us for s in rest):.0f}", f"{sum(s.share for s in rest):.1%}"
    )
    return table


def rehearsal_table(found: Rehearsal) -> Table:
    """What-if and replay beside reading the same decisions."""
    table = Table(f"{found.leads:,} leads of 20 candidates, one session", "leads per second", "ratio")
    table.add_row("reading their candidates", f"{found.reading:,.0f}", "")
    for name, rate in (
        ("what-if, nothing changed", found.same),
        (f"what-if, {found.moved:,} leads moved", found.changed),
        ("replay", found.replay),
    ):
        table.add_row(name, f"{rate:,.0f}", f"{rate / found.reading:.3f} of reading")
    return table


def commit() -> str:
    """The commit that was measured, and whether anything was changed since."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown commit"
    return done.stdout.strip()


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round: under a minute, and noisy")
    plan = QUICK if parser.parse_args().quick else FULL
    console = Console(width=None if os.isatty(1) else 130)
    start = time.monotonic()
    with running_bench() as bench:
        for database in ("template_bench", "intake"):
            bench.create(database, "leadgen")
        bench.add_catalogue("intake", None, email=True)
        console.print(
            f"{commit()}, PostgreSQL {bench.version}, {platform.machine()}, {os.cpu_count()} cores shared by server and"
            f" clients; {', '.join(f'{name} {value}' for name, value in SETTINGS.items())}; 20 offers of 20 candidates,"
            f" ten rules; medians of {plan.rounds} rounds of {plan.seconds:g} s",
            highlight=False,
        )
        rates = measure_intake(bench, plan)
        console.print(intake_table(rates))
        shares, whole = profile(bench, "intake", plan.profiled)
        console.print(profile_table(shares, whole))
        worker, bare = measure_deliveries(bench, plan)
        console.print(
            f"deliveries per second to a receiver at 0 ms, {plan.queued:,} queued: one worker {worker:,.0f},"
            f" bare aiohttp {bare:,.0f}, ratio {worker / bare:.2f}",
            highlight=False,
        )
        rehearsal = measure_rehearsal(bench, plan.rehearsed, plan.rounds)
        console.print(rehearsal_table(rehearsal))
        for line in aims(rates):
            console.print(line, highlight=False)
        slowest = min(rehearsal.same, rehearsal.changed)
        console.print(
            f"what-if: {slowest:,.0f} leads per second, aim {WHAT_IF_AIM:,}:"
            f" {'met' if slowest >= WHAT_IF_AIM else 'MISSED'}",
            highlight=False,
        )
    console.print(f"{time.monotonic() - start:.0f} s", highlight=False)


if __name__ == "__main__":
    main()
