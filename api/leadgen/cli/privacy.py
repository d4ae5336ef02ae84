"""`leadgen suppress`, `unsuppress` and `erase`: whom no lead may carry, and who is struck out."""

from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.text import Text

from leadgen.cli.console import err, plain_table, show_minute
from leadgen.cli.moments import read_moment
from leadgen.cli.rows import Row, call, read_rows
from leadgen.cli.target import MAX_ID

SUPPRESS = "select leadgen.suppress(%s::text, %s::text, %s::text, %s::timestamptz, %s::text)"
UNSUPPRESS = "select leadgen.unsuppress(%s::text, %s::text, %s::text)"
FIND = """
select lead_id, quarantine_id, created_at, offer, source, summary
from leadgen.find_person(%s::text, %s::text, %s::text)
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
ERASE_LEAD = "select leadgen.erase_lead(%s::bigint, %s::text)"
ERASE_SUBMISSION = "select leadgen.erase_submission(%s::bigint, %s::text)"

SHOWN_SHARING = 20  # ids on a line


class Contact(StrEnum):
    """The kinds of contacts that can be suppressed."""

    PHONE = "phone"
    EMAIL = "email"
    EMAIL_DOMAIN = "email_domain"


Kind = Annotated[Contact, typer.Argument(metavar="KIND", help="What the contact is.")]
Value = Annotated[
    str, typer.Argument(metavar="VALUE", help="+15125550123, name@example.com or example.com, by its kind.")
]
Country = Annotated[
    str | None,
    typer.Option(
        "--country", metavar="CODE", help="Read a phone without + as it is dialled in this country: US."
    ),
]


def suppress(
    kind: Kind,
    value: Value,
    reason: Annotated[str | None, typer.Option(help="Kept with it; no names in it.")] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="ISO 8601, UTC. Default: for ever.")
    ] = None,
    country: Country = None,
) -> None:
    """Reject every lead from now on that carries a phone, an e-mail or an e-mail domain.

    Again: the reason and the time are replaced. Only a hash of the contact is kept.

    Example: leadgen suppress phone +15125550123 --reason "asked us not to call"
    """
    end = read_moment(until, "--until", ZoneInfo("UTC")) if until else None
    call(SUPPRESS, [kind.value, value, reason, end, country])
    how_long = f"until {show_minute(end)} UTC" if end else "for ever"
    err.print(
        f"{value} is suppressed {how_long}: leads that carry it are rejected", markup=False, soft_wrap=True
    )


def unsuppress(kind: Kind, value: Value, country: Country = None) -> None:
    """Let leads carry a contact again.

    Example: leadgen unsuppress email name@example.com
    """
    was = call(UNSUPPRESS, [kind.value, value, country])
    err.print(
        f"{value} is no longer suppressed" if was else f"{value} was not suppressed",
        markup=False,
        soft_wrap=True,
    )


def erase(
    reason: Annotated[str, typer.Option(help="Why; kept in the events, so no names in it.")],
    lead: Annotated[
        int | None, typer.Argument(metavar="[LEAD]", min=1, max=MAX_ID, help="The id of a lead.")
    ] = None,
    phone: Annotated[str | None, typer.Option(metavar="NUMBER", help="The person with this phone.")] = None,
    email: Annotated[str | None, typer.Option(metavar="ADDRESS", help="The person with this e-mail.")] = None,
    country: Country = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Strike a person out: list what there is of a phone, an e-mail or one lead, ask, and erase it.

    Everything goes that says who a lead was: deliveries, replies, quarantined submissions included. It cannot be
    undone. Sales, prices and decisions stand. `leadgen explain` shows when a lead was erased, by whom and why.

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
    found = read_rows(FIND, [*given[0], country])
    if not found:
        err.print(f"no lead and no submission in quarantine has {given[0][1]}", markup=False)
        raise typer.Exit(1)
    list_found(found)
    name_sharing([row["lead_id"] for row in found if row["lead_id"]])
    if not yes:
        typer.confirm("Erase this? It cannot be undone", abort=True, err=True)
    for row in found:
        if row["lead_id"]:
            is_new = call(ERASE_LEAD, [row["lead_id"], reason])
            again = "was erased before; what came since is erased too"
            err.print(f"lead {row['lead_id']} {'is erased' if is_new else again}")
        else:
            call(ERASE_SUBMISSION, [row["quarantine_id"], reason])
            err.print(f"submission {row['quarantine_id']} in quarantine is erased")


def list_found(rows: list[Row]) -> None:
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
