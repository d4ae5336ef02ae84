"""`leadgen suppress`, `unsuppress` and `erase`: whom no lead may carry, and who is struck out."""

from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from leadgen.cli.console import err, show_minute
from leadgen.cli.offers import read_moment
from leadgen.cli.rows import call
from leadgen.cli.target import MAX_ID

SUPPRESS = "select leadgen.suppress(%s::text, %s::text, %s::text, %s::timestamptz)"
UNSUPPRESS = "select leadgen.unsuppress(%s::text, %s::text)"
ERASE = "select leadgen.erase_lead(%s::bigint, %s::text)"


class Contact(StrEnum):
    """The kinds of contacts that can be suppressed."""

    PHONE = "phone"
    EMAIL = "email"
    EMAIL_DOMAIN = "email_domain"


Kind = Annotated[Contact, typer.Argument(metavar="KIND", help="What the contact is.")]
Value = Annotated[
    str, typer.Argument(metavar="VALUE", help="+15125550123, name@example.com or example.com, by its kind.")
]


def suppress(
    kind: Kind,
    value: Value,
    reason: Annotated[str | None, typer.Option(help="Kept with it; no names in it.")] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="ISO 8601, UTC. Default: for ever.")
    ] = None,
) -> None:
    """Reject every lead from now on that carries a phone, an e-mail or an e-mail domain.

    Again: the reason and the time are replaced. Only a hash of the contact is kept.

    Example: leadgen suppress phone +15125550123 --reason "asked us not to call"
    """
    end = read_moment(until, "--until", ZoneInfo("UTC")) if until else None
    call(SUPPRESS, [kind.value, value, reason, end])
    how_long = f"until {show_minute(end)} UTC" if end else "for ever"
    err.print(
        f"{value} is suppressed {how_long}: leads that carry it are rejected", markup=False, soft_wrap=True
    )


def unsuppress(kind: Kind, value: Value) -> None:
    """Let leads carry a contact again.

    Example: leadgen unsuppress email name@example.com
    """
    was = call(UNSUPPRESS, [kind.value, value])
    err.print(
        f"{value} is no longer suppressed" if was else f"{value} was not suppressed",
        markup=False,
        soft_wrap=True,
    )


def erase(
    lead: Annotated[int, typer.Argument(metavar="LEAD", min=1, max=MAX_ID, help="The id of a lead.")],
    reason: Annotated[str, typer.Option(help="Why; kept in the events, so no names in it.")],
) -> None:
    """Strike a person out: everything that says who a lead was, deliveries and quarantined copies included.

    It cannot be undone. Sales, prices and decisions stand. `leadgen find` lists the leads of a person.

    Example: leadgen erase 12345 --reason "asked for on 2026-11-20"
    """
    erased = call(ERASE, [lead, reason])
    err.print(
        f"lead {lead} is erased"
        if erased
        else f"lead {lead} was erased before; what came since is erased too"
    )
