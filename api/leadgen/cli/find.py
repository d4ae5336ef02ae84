"""`leadgen find`: leads by what a person knows of them."""

from typing import Annotated

import typer
from rich.text import Text

from leadgen.cli.console import err, plain_table, show_minute
from leadgen.cli.errors import EMBEDDED
from leadgen.cli.opening import find_hash_key, tell_what_is_left_out
from leadgen.cli.rows import AsJson, Limit, print_json, read_rows
from leadgen.settings import load_settings
from leadgen.words import count_of

FIND = """
select lead_id, quarantine_id, created_at, offer, source, status, matched, summary, deliveries
from leadgen.find_leads(%s::text, %s::integer, %s::text)
"""
SEARCHED = """
select current_database() as name, (select count(*) from leadgen.leads) as leads,
  (select count(*) from leadgen.intake_quarantine q where q.resubmitted_at is null) as quarantined
"""
NOTHING = """\
nothing found: no lead has {text} as its id, phone, e-mail, idempotency key, external_id or attribute,
and no submission in quarantine has it as its phone or e-mail, nor one of the latest 5,000 in any field
searched: {leads} and {quarantined} in quarantine, in the database {name}
A post that the API refused is stored nowhere: it was malformed (HTTP 400 without a lead_id), had no valid key (401,
403), was too large (413), reused an idempotency key (422), or met a server that was too busy (429, 503). The sender
has the answer. An erased lead is found by its id, and by its idempotency key unless the key named the person."""


def find(
    text: Annotated[
        str,
        typer.Argument(
            metavar="TEXT",
            help="A lead's id, a phone number, an e-mail, an idempotency key, an external_id, or an attribute's value.",
        ),
    ],
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """Find leads by id, phone, e-mail, idempotency key or a partner's id. Exit status 1 if nothing is found.

    The newest lead comes first, with what became of it. Phone and e-mail are read as the intake reads them. A partner's
    id may be an idempotency key or the value of an attribute. Submissions that wait in quarantine are found too.

    Example: leadgen find "(512) 555-0123"
    """
    from leadgen.show.account import shorten_times
    from leadgen.show.console import make_console

    tell_what_is_left_out()
    rows = read_rows(FIND, [text, limit, find_hash_key()])
    if as_json:
        print_json(rows)
    if not rows:
        tell_nothing_is_found(text)
        raise typer.Exit(1)
    if as_json:
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
        err.print(
            f"`leadgen explain {lead}` says why; `leadgen deliveries list --lead {lead}` shows what was sent"
        )
    waiting = next((row["quarantine_id"] for row in rows if row["quarantine_id"]), None)
    if waiting:
        err.print(f"`leadgen quarantine resubmit {waiting}` resubmits it")


def tell_nothing_is_found(text: str) -> None:
    """What was searched, and where else the lead may be."""
    (searched,) = read_rows(SEARCHED)
    leads = count_of(searched["leads"], "lead")
    quarantined = count_of(searched["quarantined"], "submission")
    words = NOTHING.format(text=text, leads=leads, quarantined=quarantined, name=searched["name"])
    err.print(words, markup=False, soft_wrap=True)
    if not load_settings().database_url:
        err.print(EMBEDDED)
