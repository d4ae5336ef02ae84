"""Which offer and which period a command is about."""

import difflib
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, NamedTuple
from zoneinfo import ZoneInfo

import psycopg
import typer

from leadgen.cli.moments import read_moment
from leadgen.errors import LeadGenError

OFFERS = """
select o.id, o.slug, m.timezone, m.currency
from leadgen.offers o
join leadgen.markets m on m.id = o.market_id
"""
DAYS = 30  # of a period without a start

OfferName = Annotated[str, typer.Argument(metavar="OFFER", help="An offer's id or slug.")]
From = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="TIME",
        help=f"The period begins at this time: 2026-11-20, 2026-11-20T08:00 or 2026-11-20T08:00Z. Without an offset it "
        f"is a time of the market's zone. Default: {DAYS} days before --to.",
    ),
]
To = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="TIME",
        help="The period ends before this time; a date means its first minute. Default: now.",
    ),
]


class Offer(NamedTuple):
    """An offer as commands need it."""

    id: int
    slug: str
    zone: ZoneInfo
    currency: str


def find_offer(connection: psycopg.Connection[Any], name: str) -> Offer:
    """The offer by id or slug. Raises LeadGenError when there is none, with the slug that was meant."""
    offers = [Offer(row[0], row[1], ZoneInfo(row[2]), row[3]) for row in connection.execute(OFFERS)]
    for offer in offers:
        if name in (str(offer.id), offer.slug):
            return offer
    slugs = [offer.slug for offer in offers]
    alike = difflib.get_close_matches(name.lower(), slugs, n=1, cutoff=0.5)
    way_out = f"did you mean {alike[0]}?" if alike else f"there are {', '.join(sorted(slugs)) or 'none yet'}"
    raise LeadGenError(f"no offer {name}: {way_out}")


def read_period(start: str | None, end: str | None, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The period of --from and --to. Raises LeadGenError for a time that is none, or an end before the start."""
    until = read_moment(end, "--to", zone) if end else datetime.now(UTC)
    since = read_moment(start, "--from", zone) if start else until - timedelta(days=DAYS)
    if since >= until:
        shown = [f"{moment.astimezone(zone):%Y-%m-%d %H:%M}" for moment in (since, until)]
        raise LeadGenError(f"--from {shown[0]} is not before --to {shown[1]} ({zone.key})")
    return since, until
