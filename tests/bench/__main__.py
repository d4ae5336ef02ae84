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

from .deliveries import FEW, ONE_BUYERS_PLACES, Drained, Memory, measure_deliveries
from .floor import copy_statements, function_script, plain_script
from .http import POOL, post_leads, running_api
from .pgbench import SUBMIT as SUBMIT_SCRIPT
from .pgbench import measure, submit_leads
from .profile import Share, profile
from .rehearsal import Rehearsal, measure_rehearsal
from .server import SETTINGS, Bench, running_bench
from .wakeup import Wakeup, measure_wakeup

CLIENTS = (1, 8, 16)
FLOOR, FUNCTION, SUBMIT = "floor: plain statements", "floor: one PL/pgSQL call", "submit_lead"
SHORT = {FLOOR: "plain floor", FUNCTION: "one-call floor", SUBMIT: SUBMIT}
SUBMIT_AIM, HTTP_AIM = 0.40, 0.50  # of the plain floor and of submit_lead, at 16 clients
WHAT_IF_AIM = 2000  # leads per second
DELIVERY_AIM = 0.40  # of the bare client
BELL_AIM = 0.05  # of the leads per second without a bell
WAKE_UP_AIM = 8  # milliseconds
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
    singles: int  # leads


FULL = Plan(seconds=3, rounds=3, warm_up=2000, queued=10_000, profiled=2000, rehearsed=5000, singles=200)
QUICK = Plan(seconds=1, rounds=1, warm_up=500, queued=2000, profiled=500, rehearsed=1000, singles=40)


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


def delivery_table(found: list[Drained], queued: int) -> Table:
    """One worker process beside the bare client."""
    receivers = (f"receiver of {each.milliseconds} ms" for each in found)
    table = Table(f"deliveries per second, {queued:,} queued", *receivers)
    table.add_row("bare aiohttp", *(f"{each.bare:,.0f} ({each.concurrency} at once)" for each in found))
    table.add_row(
        "one worker, all buyers",
        *(f"{each.spread:,.0f}, {each.spread / each.bare:.2f} of bare" for each in found),
    )
    table.add_row(
        f"one worker, one buyer, {ONE_BUYERS_PLACES} at once",
        *(f"{each.single:,.0f}, {each.single / each.bare:.2f} of bare" for each in found),
    )
    return table


def delivery_aims(found: list[Drained], memory: Memory, wakeup: Wakeup, queued: int) -> list[str]:
    """Whether deliveries reached their aims."""
    lines = []
    for each in found:
        ratio = min(each.spread, each.single) / each.bare
        met = "met" if ratio >= DELIVERY_AIM else "MISSED"
        lines.append(
            f"one worker of bare at {each.milliseconds} ms: {ratio:.2f}, aim {DELIVERY_AIM:.2f}: {met}"
        )
    lost = 1 - wakeup.rung / wakeup.polled
    return [
        *lines,
        f"largest size of the worker: {memory.few:.0f} MB after {FEW:,} deliveries,"
        f" {memory.many:.0f} MB after {queued:,}",
        f"intake at 16 clients while a worker delivers: {wakeup.rung:,.0f} leads per second,"
        f" {wakeup.polled:,.0f} without the bell: {lost:+.1%} lost, aim below {BELL_AIM:.0%}:"
        f" {'met' if lost < BELL_AIM else 'MISSED'}",
        f"from commit to webhook when idle: median {wakeup.middle:.1f} ms, 95 % within {wakeup.p95:.1f} ms,"
        f" aim {WAKE_UP_AIM} ms: {'met' if wakeup.middle < WAKE_UP_AIM else 'MISSED'}",
    ]


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
        drained, memory = measure_deliveries(bench, plan.queued, plan.rounds)
        console.print(delivery_table(drained, plan.queued))
        wakeup = measure_wakeup(bench, plan.seconds, plan.rounds, plan.singles)
        rehearsal = measure_rehearsal(bench, plan.rehearsed, plan.rounds)
        console.print(rehearsal_table(rehearsal))
        for line in aims(rates) + delivery_aims(drained, memory, wakeup, plan.queued):
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
