"""`leadgen history` and `leadgen rollback`: the versions of a policy, of an enrollment's terms and of an offer."""

from datetime import UTC
from enum import StrEnum
from typing import Annotated, Any

import psycopg
import typer
from rich.table import Table
from rich.text import Text

from leadgen.cli.console import err, out
from leadgen.cli.offers import find_offer
from leadgen.cli.rows import Why, give_reason
from leadgen.cli.target import MAX_ID, database_url
from leadgen.db.session import connect
from leadgen.errors import LeadGenError

MAX_VERSION = 2**31 - 1  # of an integer


class Kind(StrEnum):
    """What has versions."""

    VALIDATION = "validation"
    ROUTING = "routing"
    PRICING = "pricing"
    PAYOUT = "payout"
    ENROLLMENT = "enrollment"
    OFFER = "offer"


POLICY_HISTORY = """
select version, changed_at, changed_by, changes from leadgen.policy_history(%(kind)s::text, %(id)s::bigint)
"""
HISTORY = {
    Kind.ENROLLMENT: """
select version, changed_at, changed_by, changes from leadgen.enrollment_history(%(id)s::bigint)
""",
    Kind.OFFER: "select version, changed_at, changed_by, changes from leadgen.offer_history(%(id)s::bigint)",
}
ROLL_BACK_POLICY = "select leadgen.roll_back_policy(%(kind)s::text, %(id)s::bigint, %(version)s::integer)"
ROLL_BACK = {
    Kind.ENROLLMENT: "select leadgen.roll_back_enrollment(%(id)s::bigint, %(version)s::integer)",
    Kind.OFFER: "select leadgen.roll_back_offer(%(id)s::bigint, %(version)s::integer)",
}

KindOfRow = Annotated[
    Kind, typer.Argument(metavar="KIND", help="What has the versions: a policy of a kind, or one of these.")
]
RowId = Annotated[str, typer.Argument(metavar="ID", help="Its id; of an offer also its slug.")]


def history(kind: KindOfRow, row_id: RowId) -> None:
    """Show the versions of a policy, an enrollment or an offer, newest first: when, by whom, and what changed.

    Of an enrollment these are its price, limits, hours, filters and pause; of an offer its price and its policies.

    Example: leadgen history enrollment 7
    """
    from leadgen.show.console import make_console

    with connect(database_url()) as connection:
        number = read_id(connection, kind, row_id)
        versions = connection.execute(
            HISTORY.get(kind, POLICY_HISTORY).encode(), {"kind": kind.value, "id": number}
        ).fetchall()
    if not versions:
        raise LeadGenError(f"no {name_of(kind)} {row_id}")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("version", justify="right")
    for name in ("changed, UTC", "by", "what"):
        table.add_column(name, overflow="fold")
    for version, changed_at, changed_by, changes in versions:
        when = f"{changed_at.astimezone(UTC):%Y-%m-%d %H:%M}"
        table.add_row(str(version), when, Text(changed_by or ""), Text(changes or ""))
    make_console().print(table)


def rollback(
    kind: KindOfRow,
    row_id: RowId,
    version: Annotated[
        int | None,
        typer.Argument(metavar="[VERSION]", min=1, max=MAX_VERSION, help="The version to go back to."),
    ] = None,
    to: Annotated[
        int | None,
        typer.Option(
            "--to",
            min=1,
            max=MAX_VERSION,
            metavar="VERSION",
            help="The version to go back to. It may stand behind the id, too.",
        ),
    ] = None,
    reason: Why = None,
) -> None:
    """Make a new version of a policy, an enrollment or an offer: what an old one was. Prints its number.

    Leads that were decided stay as they are: a decision names the versions that it was made by.

    Example: leadgen rollback enrollment 7 --to 3
    """
    if (version is None) == (to is None):
        raise typer.BadParameter("give the version to go back to, with --to or behind the id")
    wanted = to or version
    with connect(database_url()) as connection:
        number = read_id(connection, kind, row_id)
        give_reason(connection, reason)
        row = connection.execute(
            ROLL_BACK.get(kind, ROLL_BACK_POLICY).encode(),
            {"kind": kind.value, "id": number, "version": wanted},
        ).fetchone()
    out.print(row[0] if row else "")
    said = "terms" if kind in HISTORY else "body"
    err.print(f"{name_of(kind)} {row_id} has the {said} of version {wanted} again", markup=False)


def read_id(connection: psycopg.Connection[Any], kind: Kind, text: str) -> int:
    """The id that a text is; an offer's slug will do. Raises LeadGenError for anything else."""
    if kind is Kind.OFFER:
        return find_offer(connection, text).id
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_ID):
        raise LeadGenError(f"no {name_of(kind)} {text}: write its id, a number such as 7")
    return int(text)


def name_of(kind: Kind) -> str:
    """`pricing policy`, `enrollment`, `offer`."""
    return kind.value if kind in HISTORY else f"{kind.value} policy"
