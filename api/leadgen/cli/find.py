"""`leadgen find`: leads by what a person knows of them."""

from typing import Annotated

import typer
from rich.text import Text

from leadgen.cli.console import err, plain_table, show_minute
from leadgen.cli.rows import AsJson, Limit, print_json, read_rows

FIND = """
select lead_id, quarantine_id, created_at, offer, source, status, matched, summary, deliveries
from leadgen.find_leads(%s::text, %s::integer)
"""


def find(
    text: Annotated[
        str,
        typer.Argument(
            metavar="TEXT", help="A lead's id, a phone number, an e-mail, or a partner's id or key."
        ),
    ],
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """Find leads by id, phone, e-mail, idempotency key or a partner's id, newest first, and say what became of each.

    Phone and e-mail are compared as the intake stores them. Submissions that wait in quarantine are found too.

    Example: leadgen find "(512) 555-0123"
    """
    from leadgen.show.account import shorten_times
    from leadgen.show.console import make_console

    rows = read_rows(FIND, [text, limit])
    if as_json:
        print_json(rows)
        return
    if not rows:
        err.print(
            f"no lead and no submission in quarantine has {text} as its id, phone, e-mail or key",
            markup=False,
        )
        return
    table = plain_table(
        "lead", "when, UTC", "offer", "status", "found by", "what became of it", numbers=("lead",)
    )
    for row in rows:
        summary = shorten_times(row["summary"], row["created_at"].isoformat())
        table.add_row(
            str(row["lead_id"] or ""),
            show_minute(row["created_at"]),
            Text(row["offer"] or row["source"] or ""),
            row["status"],
            row["matched"],
            Text("; ".join(filter(None, (summary, row["deliveries"])))),
        )
    make_console().print(table)
    lead = next((row["lead_id"] for row in rows if row["lead_id"]), None)
    if lead:
        err.print(f"`leadgen explain {lead}` says why; `leadgen deliveries list --lead {lead}` what was sent")
    waiting = next((row["quarantine_id"] for row in rows if row["quarantine_id"]), None)
    if waiting:
        err.print(f"`leadgen quarantine resubmit {waiting}` resubmits it")
