"""Times on the command line: a date, a time, or how long ago."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from leadgen.cli.offers import read_moment

AGO = re.compile(r"(\d{1,6})([smhd])")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

Since = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Only those since then: 2h, 30m or 7d ago, or a date or time in UTC."),
]


def read_since(text: str | None) -> datetime | None:
    """The time that `2h` ago was, or a time of ISO 8601. Raises LeadGenError for anything else."""
    if text is None:
        return None
    if found := AGO.fullmatch(text):
        return datetime.now(UTC) - timedelta(**{UNITS[found[2]]: int(found[1])})
    return read_moment(text, "--since", ZoneInfo("UTC"), also="2h, 30m, 7d, ")
