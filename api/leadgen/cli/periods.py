"""Times on the command line: a date, a time, or how long ago."""

import re
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from leadgen.cli.moments import read_moment, read_span
from leadgen.errors import LeadGenError

AGO = re.compile(r"\d{1,6}[smhd]", re.ASCII)

Since = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Only those since then: 2h, 30m or 7d ago, or a date or time in UTC."),
]


def read_since(text: str | None) -> datetime | None:
    """The time that `2h` ago was, or a time of ISO 8601. Raises LeadGenError for anything else."""
    if text is None:
        return None
    if AGO.fullmatch(text):
        try:
            return datetime.now(UTC) - read_span(text, "--since")
        except OverflowError:
            raise LeadGenError(f"--since: found {text}, allowed a time since the year 1") from None
    return read_moment(text, "--since", ZoneInfo("UTC"), also="2h, 30m, 7d, ")
