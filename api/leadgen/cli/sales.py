"""`leadgen accept` and `leadgen return`: what the operator does with a sale."""

import json
from typing import Annotated

import typer

from leadgen.cli.console import err
from leadgen.cli.rows import call
from leadgen.cli.target import MAX_ID
from leadgen.errors import LeadGenError

ACCEPT = "select leadgen.accept_sale(%s::bigint)::text"
RETURN = "select leadgen.return_sale(%s::bigint, %s::text, %s::text, %s::jsonb)::text"

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


def read_file(text: str) -> object:
    """What --evidence says. Raises LeadGenError for what is no JSON; what is in it is the database's to judge."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise LeadGenError(
            "--evidence: found something else; allowed: a JSON object with url or key, sha256, bytes and media_type"
        ) from None
