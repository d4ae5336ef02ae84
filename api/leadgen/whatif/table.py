"""The outcome of a what-if on the terminal: what happened beside what would have happened."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from leadgen.whatif.changes import Json, flatten, show_value
from leadgen.whatif.words import (
    MOVES,
    Number,
    count,
    headline,
    period,
    sales_of,
    side_by_side,
    signed,
    totals,
)
from leadgen.words import count_of, money, money_form

EXAMPLES = 5
BEFORE, AFTER, DIFFERENCE = "as it was", "what-if", "+/-"


def show_outcome(outcome: Json, zone: ZoneInfo) -> Group:
    """Everything, in at most 100 columns; the period in the market's zone."""
    return Group(*_parts(outcome, zone))


def _parts(outcome: Json, zone: ZoneInfo) -> Iterator[RenderableType]:
    yield Text(headline(outcome), style="bold")
    yield Text(f"{outcome['offer']}, {period(outcome, zone)}, {count_of(outcome['leads'], 'lead')}")
    for path, value in flatten(outcome["changes"]):
        yield Text(f"  {path} = {show_value(value)}", style="dim")
    yield ""
    yield totals_table(outcome)
    yield ""
    if outcome["buyers"]:
        yield buyers_table(outcome)
        yield ""
    counts = [
        counts_table(title, outcome["actual"][name], outcome["simulated"][name])
        for title, name in (
            ("Unsold or held, by cause", "unsold_by_cause"),
            ("Rejected, by code", "rejected_by_code"),
        )
        if outcome["actual"][name] != outcome["simulated"][name]
    ]
    for table in counts:
        yield table
        yield ""
    if outcome["leads"]:
        yield Text("What moved", style="bold cyan")
        yield Text(describe_moves(outcome["moved"]))
    if outcome["examples"]:
        yield ""
        yield examples_table(outcome)


def describe_moves(moved: Json) -> str:
    """How many leads would have gone the same way, and how many which other way."""
    return ", ".join(f"{count(moved[name])} {words}" for name, words in MOVES.items() if moved[name])


def make_table(title: str) -> Table:
    """A table without lines."""
    table = Table(title=title, title_justify="left", title_style="bold cyan", header_style="dim")
    table.box, table.pad_edge, table.padding = None, False, (0, 2, 0, 0)
    return table


def totals_table(outcome: Json) -> Table:
    """The totals."""
    table = make_table("In total")
    table.add_column("")
    for name in (BEFORE, AFTER, DIFFERENCE):
        table.add_column(name, justify="right")
    for name, *numbers in totals(outcome):
        table.add_row(name, *numbers, style="dim" if numbers[2] in ("0", "0.0", "0.00", "") else "")
    return table


def buyers_table(outcome: Json) -> Table:
    """One row a buyer: sales, revenue, share of the sales, part of the capacity used."""
    currency = outcome["currency"]
    table = make_table(f"By buyer, {BEFORE} > {AFTER}")
    table.add_column("buyer", overflow="fold", max_width=26)
    for name in ("sales", "", DIFFERENCE, "revenue", "", DIFFERENCE, "share, %", "fill, %"):
        table.add_column(name, justify="right", no_wrap=True)
    table.padding = (0, 1, 0, 0)
    for row in outcome["buyers"]:
        before, after = row["actual"], row["simulated"]
        sales, revenue = after["sales"] - before["sales"], after["revenue"] - before["revenue"]
        table.add_row(
            Text(row["buyer"]),
            count(before["sales"]),
            f"> {count(after['sales'])}",
            signed(sales),
            money(before["revenue"], currency),
            f"> {money(after['revenue'], currency)}",
            signed(revenue, money_form(currency)),
            _shares(before["share"], after["share"]),
            _shares(before["fill"], after["fill"]),
            style="" if sales or revenue else "dim",
        )
    return table


def _shares(before: Number | None, after: Number | None) -> str:
    """`29 > 44`; a dash where nothing limits the buyer."""
    if before is None and after is None:
        return "-"
    was, would = ("-" if share is None else f"{share * 100:.0f}" for share in (before, after))
    return f"{was} > {would}"


def counts_table(title: str, actual: Json, simulated: Json) -> Table:
    """Leads by name."""
    table = make_table(title)
    table.add_column("", overflow="fold")
    for name in (BEFORE, AFTER, DIFFERENCE):
        table.add_column(name, justify="right")
    for name, before, after in side_by_side(actual, simulated):
        style = "" if after != before else "dim"
        table.add_row(Text(name), count(before), count(after), signed(after - before), style=style)
    return table


def examples_table(outcome: Json) -> RenderableType:
    """A few leads that would have gone elsewhere."""
    table = make_table("For example")
    table.add_column("lead", justify="right")
    for name in (BEFORE, AFTER, "why"):
        table.add_column(name, overflow="fold")
    for example in outcome["examples"][:EXAMPLES]:
        table.add_row(
            str(example["lead_id"]),
            Text(sales_of(example["actual"], outcome["currency"])),
            Text(sales_of(example["simulated"], outcome["currency"])),
            Text(example["why"] or ""),
        )
    return Padding(table, 0)
