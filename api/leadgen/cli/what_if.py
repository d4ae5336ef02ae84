"""`leadgen what-if`: real leads of a period under other rules, prices or buyers. Writes nothing."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from leadgen.cli.console import err, out
from leadgen.cli.offers import From, OfferName, To, find_offer, read_period
from leadgen.cli.target import database_url
from leadgen.db.session import connect
from leadgen.errors import LeadGenError

WHAT_IF = "select leadgen.what_if(%s::bigint, %s::timestamptz, %s::timestamptz, %s::jsonb)::text"


def what_if(
    offer: OfferName,
    start: From = None,
    end: To = None,
    changes: Annotated[
        Path | None, typer.Option("--changes", metavar="FILE", help="The changes, a JSON object.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="PATH=VALUE", help="One change: routing.strategy=weighted. May be repeated."
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Also write a page with charts.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Run an offer's real leads of a period through changed rules, and compare with what happened.

    Without any change it shows that the rules reproduce what happened.

    Example: leadgen what-if austin-plumbing --from 2026-11-14 --set routing.strategy=weighted
    """
    from leadgen.show.console import make_console
    from leadgen.whatif import make_page, read_changes, show_outcome

    given = json.dumps(read_changes(changes, settings or []))
    with connect(database_url()) as connection:
        found = find_offer(connection, offer)
        period = read_period(start, end, found.zone)
        with err.status("running the leads of the period"):
            row = connection.execute(WHAT_IF, [found.id, *period, given]).fetchone()
    text = row[0] if row else "{}"
    outcome = json.loads(text, parse_float=Decimal)
    if as_json:
        out.print(text, markup=False, soft_wrap=True)
    else:
        make_console().print(show_outcome(outcome, found.zone))
    if html:
        write_page(html, make_page(outcome, found.zone, datetime.now(UTC)))


def write_page(file: Path, page: str) -> None:
    """Write the page and say where it is. Raises LeadGenError when it cannot be written."""
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise LeadGenError(f"{file}: {error.strerror}") from None
    err.print(f"the page is in {file}", markup=False, soft_wrap=True)
