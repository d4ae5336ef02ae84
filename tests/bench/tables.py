"""What was measured, as tables and lines to read."""

from collections.abc import Iterator

from rich.table import Table

from .deliveries import ONE_BUYERS_PLACES, Drained, Memory
from .intake import Results, Spread, spread
from .pgbench import Measured
from .profile import Function, Statement
from .rehearsal import Rehearsal
from .wakeup import Wakeup

SHOWN = 25  # functions and statements
HTTP_AIM = 0.50  # leads per second, of submit_lead
WHAT_IF_AIM = 2000  # leads per second
DELIVERY_AIM = 0.40  # of the bare client
BELL_AIM = 0.05  # of the leads per second without a bell
WAKE_UP_AIM = 8  # milliseconds


def intake_table(results: Results) -> Table:
    """CPU and leads per second of each subject at each number of clients."""
    counts = sorted({clients for _, clients in results})
    table = Table("for a lead, median of the rounds (lowest to highest)")
    for clients in counts:
        table.add_column(f"{clients} client{'s' * (clients > 1)}")
    for name in dict.fromkeys(name for name, _ in results):
        table.add_row(name, *(intake_cell(results[name, clients]) for clients in counts))
    return table


def intake_cell(found: list[Measured]) -> str:
    """The rounds of one subject at one number of clients."""
    cpu, api, rate = (spread(list(column)) for column in zip(*found, strict=True))
    lines = [f"CPU {cpu} ms", f"of the API {api} ms", f"{rate.middle:,.0f} a second"]
    return "\n".join(lines if api.middle else lines[::2])


def aim_line(what: str, ratio: Spread, aim: float) -> str:
    """A ratio, and whether it is as low as it should be."""
    return f"{what}: {ratio}, aim {aim:.2f}: {_met(ratio.middle <= aim)}"


def _met(is_met: bool) -> str:
    return "met" if is_met else "MISSED"


def function_table(functions: list[Function], whole: float) -> Table:
    """The functions that take most."""
    inside = sum(one.own for one in functions)
    calls = sum(one.calls for one in functions)
    table = Table(
        f"one client: {whole:.2f} ms a lead, {len(functions)} functions", "calls", "own ms", "share"
    )
    for one in functions[:SHOWN]:
        table.add_row(one.name, f"{one.calls:.1f}", f"{one.own:.3f}", f"{one.own / whole:.1%}")
    rest = functions[SHOWN:]
    own, count = sum(one.own for one in rest), sum(one.calls for one in rest)
    table.add_row(f"({len(rest)} others)", f"{count:.1f}", f"{own:.3f}", f"{own / whole:.1%}")
    table.add_row(
        "(parse, commit, client, waits)",
        f"{calls:.0f} in all",
        f"{whole - inside:.3f}",
        f"{1 - inside / whole:.1%}",
    )
    return table


def statement_table(statements: list[Statement]) -> Table:
    """The statements that take most."""
    calls, plans = sum(one.calls for one in statements), sum(one.plans for one in statements)
    planning = sum(one.planning for one in statements)
    table = Table(title=f"a lead: {calls:.0f} statements, {plans:.1f} of them planned in {planning:.2f} ms")
    for column in ("calls", "ms", "plans", "ms", "blocks"):
        table.add_column(column, justify="right", min_width=6)
    table.add_column("statement, with what it calls", no_wrap=True)
    for one in statements[:SHOWN]:
        numbers = f"{one.calls:.1f}", f"{one.execution:.3f}", f"{one.plans:.1f}", f"{one.planning:.3f}"
        table.add_row(*numbers, f"{one.blocks:.0f}", one.text[:100])
    return table


def rehearsal_table(found: Rehearsal) -> Table:
    """What-if and replay beside reading the same decisions."""
    head = f"{found.template}: {found.leads:,} leads of 20 candidates, one session"
    table = Table(head, "leads per second", "ratio")
    table.add_row("reading their decisions", f"{found.reading:,.0f}", "")
    for what, rate in (
        ("what-if, nothing changed", found.same),
        (f"what-if, {found.moved:,} leads moved", found.changed),
        ("replay", found.replay),
    ):
        table.add_row(what, f"{rate:,.0f}", f"{rate / found.reading:.3f} of reading")
    return table


def delivery_table(found: list[Drained], memory: Memory) -> Table:
    """One worker process beside the bare client."""
    receivers = (f"receiver of {each.milliseconds} ms" for each in found)
    table = Table(f"deliveries per second, {memory.many:,} queued", *receivers)
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


def delivery_lines(found: list[Drained], memory: Memory) -> Iterator[str]:
    """Whether the worker reached its aims."""
    for each in found:
        ratio = min(each.spread, each.single) / each.bare
        yield (
            f"one worker of bare at {each.milliseconds} ms: {ratio:.2f}, aim {DELIVERY_AIM:.2f}:"
            f" {_met(ratio >= DELIVERY_AIM)}"
        )
    yield (
        f"largest size of the worker: {memory.after_few:.0f} MB after {memory.few:,} deliveries,"
        f" {memory.after_many:.0f} MB after {memory.many:,}"
    )


def wakeup_lines(wakeup: Wakeup) -> Iterator[str]:
    """Whether the bell reached its aims."""
    lost = 1 - wakeup.rung / wakeup.polled
    yield (
        f"intake at 16 clients while a worker delivers: {wakeup.rung:,.0f} leads per second,"
        f" {wakeup.polled:,.0f} without the bell: {lost:+.1%} lost, aim below {BELL_AIM:.0%}: {_met(lost < BELL_AIM)}"
    )
    yield (
        f"from commit to webhook when idle: median {wakeup.middle:.1f} ms, 95 % within {wakeup.p95:.1f} ms,"
        f" aim {WAKE_UP_AIM} ms: {_met(wakeup.middle < WAKE_UP_AIM)}"
    )


def http_line(ratio: Spread) -> str:
    """Whether the API keeps up with direct calls."""
    return f"leads per second over HTTP / submit_lead: {ratio}, aim {HTTP_AIM:.2f}: {_met(ratio.middle >= HTTP_AIM)}"


def batch_line(leads: int, ratio: Spread) -> str:
    """What a lead costs in a batch, of one that is posted by itself."""
    return f"CPU of server and API a lead, batch of {leads} / single posts, one connection: {ratio}"


def what_if_line(found: Rehearsal) -> str:
    """Whether what-if reached its aim."""
    slowest = min(found.same, found.changed)
    return f"what-if: {slowest:,.0f} leads per second, aim {WHAT_IF_AIM:,}: {_met(slowest >= WHAT_IF_AIM)}"
