"""`leadgen erase` and `leadgen person`: who is struck out, and what is held of a person."""

from enum import StrEnum
from typing import Annotated

import typer
from psycopg.types.json import Jsonb
from rich.text import Text

from leadgen.cli.console import err, plain_table, show_minute
from leadgen.cli.opening import find_hash_key, open_contact
from leadgen.cli.rows import Row, call, read_rows
from leadgen.cli.target import MAX_ID

FIND = """
select lead_id, quarantine_id, created_at, offer, source, summary
from leadgen.find_person(%s::text, %s::text, %s::text, %s::jsonb)
"""
SHARING = """
select 'e-mail' as contact, array_agg(distinct o.id order by o.id) as leads
from leadgen.leads l join leadgen.leads o on o.email = l.email
where l.id = any(%(found)s) and l.email <> '' and o.id <> all(%(found)s)
union all
select 'phone', array_agg(distinct o.id order by o.id)
from leadgen.leads l join leadgen.leads o on o.phone = l.phone
where l.id = any(%(found)s) and l.phone <> '' and o.id <> all(%(found)s)
"""
ERASE_LEAD = "select leadgen.erase_lead(%s::bigint, %s::text, %s::jsonb)"
ERASE_SUBMISSION = "select leadgen.erase_submission(%s::bigint, %s::text)"
HOLDINGS = "select what, id, created_at from leadgen.list_holdings(%s::text, %s::text, %s::text, %s::text)"
COUNT = "select what, number, becomes from leadgen.count_holdings(%s::text, %s::text, %s::text, %s::text)"
ERASE_HOLDING = "select leadgen.erase_holding(%s::text, %s::bigint, %s::text)"

SHOWN_SHARING = 20  # ids on a line


class Contact(StrEnum):
    """The kinds of contacts that can be suppressed."""

    PHONE = "phone"
    EMAIL = "email"
    EMAIL_DOMAIN = "email_domain"


Country = Annotated[
    str | None,
    typer.Option(
        "--country", metavar="CODE", help="Read a phone without + as it is dialled in this country: US."
    ),
]


def erase(
    reason: Annotated[str, typer.Option(help="Why; kept in the events, so no names in it.")],
    lead: Annotated[
        int | None, typer.Argument(metavar="[LEAD]", min=1, max=MAX_ID, help="The id of a lead.")
    ] = None,
    phone: Annotated[str | None, typer.Option(metavar="NUMBER", help="The person with this phone.")] = None,
    email: Annotated[str | None, typer.Option(metavar="ADDRESS", help="The person with this e-mail.")] = None,
    country: Country = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    is_dry: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Count what is held and say what would become of it; nothing is erased."
        ),
    ] = False,
) -> None:
    """Strike a person out: list what there is of a phone, an e-mail or one lead, ask, and erase it.

    Everything goes that says who a person was: leads, deliveries, replies, quarantined submissions, leads that wait for
    their network, a user with its sessions. It cannot be undone. Sales, prices and decisions stand. `leadgen explain`
    shows when a lead was erased, by whom and why.

    Other leads that share a phone or an e-mail with what is listed are named, and are not erased. Exit status 1 if
    nothing is found.

    Example: leadgen erase --phone "(615) 555-0142" --country US --reason "asked for on 2026-11-20"
    """
    given = [
        (kind, str(value))
        for kind, value in (("lead", lead), ("phone", phone), ("email", email))
        if value is not None
    ]
    if len(given) != 1:
        raise typer.BadParameter("give the id of a lead, or --phone, or --email: one of them")
    if is_dry and lead is not None:
        raise typer.BadParameter("--dry-run counts what is held of a --phone or an --email")
    kind, value = given[0]
    opened = open_for_erasure(lead)
    found = read_rows(FIND, [kind, value, country, opened])
    others = (
        []
        if lead
        else [
            row
            for row in read_rows(HOLDINGS, [kind, value, country, find_hash_key()])
            if row["what"] in ("fetch", "user")
        ]
    )
    if not found and not others:
        err.print(f"no lead, no submission in quarantine and no user has {value}", markup=False)
        raise typer.Exit(1)
    if is_dry:
        show_counts(read_rows(COUNT, [kind, value, country, find_hash_key()]))
        return
    list_found(found, others)
    name_sharing([row["lead_id"] for row in found if row["lead_id"]])
    if not yes:
        typer.confirm("Erase this? It cannot be undone", abort=True, err=True)
    for row in found:
        if row["lead_id"]:
            is_new = call(ERASE_LEAD, [row["lead_id"], reason, open_for_erasure(row["lead_id"])])
            again = "was erased before; what came since is erased too"
            err.print(f"lead {row['lead_id']} {'is erased' if is_new else again}")
        else:
            call(ERASE_SUBMISSION, [row["quarantine_id"], reason])
            err.print(f"submission {row['quarantine_id']} in quarantine is erased")
    for row in others:
        call(ERASE_HOLDING, [row["what"], row["id"], reason])
        err.print(f"{row['what']} {row['id']} is erased")


def open_for_erasure(lead: int | None) -> Jsonb | None:
    """By what sealed leads and submissions of a person are found: the digest key, and the contact of a lead."""
    if lead is None:
        key = find_hash_key()
        return Jsonb({"hash_key": key}) if key else None
    key, contact = open_contact(lead, "erase")
    return Jsonb({"hash_key": key, "contact": contact}) if key else None


def show_counts(rows: list[Row]) -> None:
    """How much is held of a person, and what would become of it."""
    from leadgen.show.console import make_console

    table = plain_table("number", "what", "becomes", numbers=("number",))
    for row in rows:
        table.add_row(f"{row['number']:,}", Text(row["what"]), Text(row["becomes"]))
    make_console().print(table)


def list_found(rows: list[Row], others: list[Row]) -> None:
    """What is about to be erased, without what says who it is."""
    from leadgen.show.account import shorten_times
    from leadgen.show.console import make_console

    table = plain_table("what", "when, UTC", "offer or source", "what became of it")
    for row in rows:
        what = f"lead {row['lead_id']}" if row["lead_id"] else f"submission {row['quarantine_id']}"
        summary = shorten_times(row["summary"], row["created_at"].isoformat())
        table.add_row(
            what, show_minute(row["created_at"]), Text(row["offer"] or row["source"] or ""), Text(summary)
        )
    for row in others:
        waits = "it waits for its network" if row["what"] == "fetch" else "deactivated, and struck out"
        table.add_row(f"{row['what']} {row['id']}", show_minute(row["created_at"]), "", waits)
    make_console().print(table)


def name_sharing(found: list[int]) -> None:
    """Which other leads have a phone or an e-mail of the leads that are about to be erased."""
    for row in read_rows(SHARING, {"found": found}):
        others = row["leads"] or []
        if others:
            ids = ", ".join(map(str, others[:SHOWN_SHARING]))
            more = f" and {len(others) - SHOWN_SHARING:,} more" if len(others) > SHOWN_SHARING else ""
            noun, verb = ("lead", "has") if len(others) == 1 else ("leads", "have")
            err.print(f"not erased by this: {noun} {ids}{more}, which {verb} the same {row['contact']}")
