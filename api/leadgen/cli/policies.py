"""`leadgen history` and `leadgen rollback`: the versions of a policy."""

from datetime import UTC
from enum import StrEnum
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from leadgen.cli.console import err, out
from leadgen.cli.target import database_url
from leadgen.db.session import connect
from leadgen.errors import LeadGenError

HISTORY = "select version, changed_at, changed_by, changes from leadgen.policy_history(%s::text, %s::bigint)"
ROLL_BACK = "select leadgen.roll_back_policy(%s::text, %s::bigint, %s::integer)"


class Kind(StrEnum):
    """The kinds of policies."""

    VALIDATION = "validation"
    ROUTING = "routing"
    PRICING = "pricing"


KindOfPolicy = Annotated[Kind, typer.Argument(metavar="KIND", help="Which kind of policy.")]
PolicyId = Annotated[int, typer.Argument(metavar="ID", help="The policy's id.")]


def history(kind: KindOfPolicy, policy_id: PolicyId) -> None:
    """Show the versions of a policy, newest first: when, by whom, and what changed.

    Example: leadgen history pricing 1
    """
    from leadgen.show.console import make_console

    with connect(database_url()) as connection:
        versions = connection.execute(HISTORY, [kind.value, policy_id]).fetchall()
    if not versions:
        raise LeadGenError(f"no {kind.value} policy {policy_id}")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("version", justify="right")
    for name in ("changed, UTC", "by", "what"):
        table.add_column(name, overflow="fold")
    for version, changed_at, changed_by, changes in versions:
        when = f"{changed_at.astimezone(UTC):%Y-%m-%d %H:%M}"
        table.add_row(str(version), when, Text(changed_by or ""), Text(changes or ""))
    make_console().print(table)


def rollback(
    kind: KindOfPolicy,
    policy_id: PolicyId,
    version: Annotated[int, typer.Argument(metavar="VERSION", help="The version to go back to.")],
) -> None:
    """Make a new version of a policy that says what an old one said. Prints its number.

    Example: leadgen rollback pricing 1 3
    """
    with connect(database_url()) as connection:
        row = connection.execute(ROLL_BACK, [kind.value, policy_id, version]).fetchone()
    out.print(row[0] if row else "")
    err.print(f"{kind.value} policy {policy_id} says again what version {version} said")
