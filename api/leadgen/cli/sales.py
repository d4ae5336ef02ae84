"""`leadgen accept`, `return`, `sell` and `route`: what the operator does with a sale, and with a lead."""

import json
from typing import Annotated

import typer
from psycopg.types.json import Jsonb

from leadgen.cli.console import err
from leadgen.cli.opening import open_contact
from leadgen.cli.rows import call
from leadgen.cli.target import MAX_ID
from leadgen.errors import LeadGenError

ACCEPT = "select leadgen.accept_sale(%s::bigint)::text"
RETURN = "select leadgen.return_sale(%s::bigint, %s::text, %s::text, %s::jsonb)::text"
SELL = "select leadgen.sell_lead(%s::bigint, %s::bigint, %s::text, %s::jsonb)::text"
ROUTE = "select leadgen.route_again(%s::bigint)"

Lead = Annotated[int, typer.Argument(metavar="LEAD", min=1, max=MAX_ID, help="The id of a lead.")]
Sale = Annotated[
    int,
    typer.Argument(metavar="SALE", min=1, max=MAX_ID, help="The id of a sale; `leadgen explain` names it."),
]


def accept_sale(sale: Sale) -> None:
    """Accept a sale in the buyer's name.

    Example: leadgen accept 4711
    """
    err.print(f"sale {sale} is {call(ACCEPT, [sale])}")


def return_sale(
    sale: Sale,
    reason: Annotated[str, typer.Option(help="A code that `leadgen returns reasons` lists.")],
    note: Annotated[str | None, typer.Option(help="Kept with the return; no names in it.")] = None,
    evidence: Annotated[
        list[str] | None,
        typer.Option(
            metavar="JSON",
            help=(
                'A file that shows it, which nobody opens here: {"url": "https://…", "sha256": "…", "bytes": 2048, '
                '"media_type": "image/png"}, or with key in place of url. May be repeated.'
            ),
        ),
    ] = None,
) -> None:
    """Return a sale in the buyer's name, whatever the buyer's quota.

    The sale gives its place back. The lead goes to the next buyer if its policy says so.

    Example: leadgen return 4711 --reason wrong_number
    """
    files = json.dumps([read_file(text) for text in evidence]) if evidence else None
    err.print(f"sale {sale} is {call(RETURN, [sale, reason, note, files])}: {reason}", markup=False)


def sell_lead(
    lead: Lead,
    buyer: Annotated[
        int,
        typer.Argument(
            metavar="BUYER", min=1, max=MAX_ID, help="The id of a buyer; `leadgen buyers` lists them."
        ),
    ],
    reason: Annotated[str, typer.Option(help="Why; kept with the decision, so no names in it.")],
) -> None:
    """Sell a lead by hand to a buyer who is enrolled in its offer.

    The price is what the offer's policies make of it, and every check holds as for any sale: limits, money, area,
    filters, exclusivity. `leadgen explain LEAD --buyer BUYER` says what is in the way. The decision keeps who chose the
    buyer and why.

    Example: leadgen sell 12345 7 --reason "agreed by phone"
    """
    _, contact = open_contact(lead, "sell", reason)
    opened = Jsonb({"contact": contact}) if contact else None
    sale = json.loads(call(SELL, [lead, buyer, reason, opened]))
    again = "" if sale["is_new"] else "; it had it already"
    price = f"{sale['price']} {sale['currency']}"
    err.print(
        f"sale {sale['assignment_id']}: {sale['buyer']} has lead {lead} for {price}{again}", markup=False
    )


def route_again(lead: Lead) -> None:
    """Have a lead offered to buyers again now, by today's policies: a held one, or one that has room for a buyer.

    Example: leadgen route 12345
    """
    is_new = call(ROUTE, [lead])
    err.print(f"lead {lead} is offered again now" if is_new else f"lead {lead} was due already")


def read_file(text: str) -> object:
    """What --evidence says. Raises LeadGenError for what is no JSON; what is in it is the database's to judge."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise LeadGenError(
            "--evidence: found something else; allowed: a JSON object with url or key, sha256, bytes and media_type"
        ) from None
