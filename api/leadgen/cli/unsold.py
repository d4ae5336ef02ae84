"""`leadgen unsold`: why leads of a period went unsold, and what that cost."""

from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from leadgen.cli.console import err
from leadgen.cli.offers import From, OfferName, To, find_offer, read_period
from leadgen.cli.target import database_url
from leadgen.db.session import connect
from leadgen.words import money, show_period

EXPLAIN_UNSOLD = """
select cause, leads, places, money_lost, held, money_held, nearest_buyer, detail
from leadgen.explain_unsold(%s::bigint, %s::timestamptz, %s::timestamptz)
"""


def unsold(offer: OfferName, start: From = None, end: To = None) -> None:
    """Show why leads of a period went unsold: by cause, the money lost, and the buyer who came nearest to buying.

    A lead that could have been sold to several buyers counts with each place. Leads that are still held may be sold:
    they are shown apart.

    Example: leadgen unsold austin-plumbing --from 2026-11-14
    """
    from leadgen.show.account import shorten_times
    from leadgen.show.console import make_console

    with connect(database_url()) as connection:
        found = find_offer(connection, offer)
        since, until = read_period(start, end, found.zone)
        causes = connection.execute(EXPLAIN_UNSOLD, [found.id, since, until]).fetchall()
    period = show_period(since, until, found.zone)
    if not causes:
        err.print(f"{found.slug}: no lead went unsold, {period}", soft_wrap=True)
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("cause")
    for name in (
        "leads",
        "places",
        f"money lost, {found.currency}",
        "held",
        f"money held, {found.currency}",
    ):
        table.add_column(name, justify="right", no_wrap=True)
    for name in ("nearest buyer", "detail"):
        table.add_column(name, overflow="fold")
    for cause, *numbers, nearest, detail in causes:
        table.add_row(
            Text(cause),
            *show_numbers(numbers, found.currency),
            Text(nearest or ""),
            Text(shorten_times(detail or "", until.isoformat())),
        )
    sums = [sum(column) for column in zip(*(row[1:6] for row in causes), strict=True)]
    table.add_row("all", *show_numbers(sums, found.currency), style="bold")
    console = make_console()
    console.print(f"{found.slug}, unsold, {period}", style="bold", markup=False)
    console.print(table)


def show_numbers(numbers: Sequence[Any], currency: str) -> list[str]:
    """Leads, places, money lost, leads held and money held, as a row shows them."""
    leads, places, lost, held, waiting = numbers
    return [f"{leads:,}", f"{places:,}", money(lost, currency), f"{held:,}", money(waiting, currency)]
