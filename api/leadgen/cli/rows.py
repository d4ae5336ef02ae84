"""Commands on rows: reading some, calling a function for one or for several, and the options they share."""

import json
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any

import psycopg
import typer
from psycopg.rows import dict_row

from leadgen.cli.console import err, out
from leadgen.cli.errors import OURS, describe_error
from leadgen.cli.target import MAX_ID, database_url
from leadgen.db.session import connect
from leadgen.errors import LeadGenError
from leadgen.show.console import escape_json

Id = Annotated[int, typer.Argument(metavar="ID", min=1, max=MAX_ID, help="The id, as `list` shows it.")]
Ids = Annotated[
    list[int], typer.Argument(metavar="ID...", min=1, max=MAX_ID, help="Ids, as `list` shows them.")
]
BuyerOption = Annotated[
    int | None, typer.Option("--buyer", min=1, max=MAX_ID, metavar="ID", help="Only those of this buyer.")
]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="At most this many.")]
Why = Annotated[
    str | None,
    typer.Option("--reason", metavar="TEXT", help="Why: `leadgen audit` shows it. At most 500 characters."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

Row = dict[str, Any]

LONGEST_REASON = 500  # in an entry of the audit

EXIST = """
select %(buyer)s::bigint is null or exists (select from leadgen.buyers b where b.id = %(buyer)s) as buyer,
  %(lead)s::bigint is null or exists (select from leadgen.leads l where l.id = %(lead)s) as lead
"""


def read_rows(query: str, parameters: Any = None) -> list[Row]:
    """What a query finds."""
    with connect(database_url(), row_factory=dict_row) as connection:
        return connection.execute(query.encode(), parameters).fetchall()


def refuse_unknown(buyer: int | None = None, lead: int | None = None) -> None:
    """Raises LeadGenError for a buyer or a lead that there is not; for commands that found nothing of it."""
    (known,) = read_rows(EXIST, {"buyer": buyer, "lead": lead})
    if not known["buyer"]:
        raise no_buyer(buyer)
    if not known["lead"]:
        raise no_lead(lead)


def no_buyer(buyer: int | None) -> LeadGenError:
    """The error for a buyer that there is not."""
    return LeadGenError(f"no buyer {buyer}: `leadgen buyers` lists them")


def no_lead(lead: int | None) -> LeadGenError:
    """The error for a lead that there is not."""
    return LeadGenError(f"no lead {lead}: `leadgen find` finds a lead by phone, e-mail, key or attribute")


def give_reason(connection: psycopg.Connection[Any], reason: str | None) -> None:
    """Say why this transaction changes what it changes. Raises LeadGenError for a reason that is too long."""
    if reason is None:
        return
    if len(reason) > LONGEST_REASON:
        raise LeadGenError(f"--reason: found {len(reason)} characters, allowed at most {LONGEST_REASON}")
    connection.execute("select set_config('leadgen.reason', %s, true)", [reason])


def call(query: str, parameters: Sequence[Any]) -> Any:
    """Call one function; returns its value."""
    with connect(database_url(), autocommit=True) as connection:
        row = connection.execute(query.encode(), parameters).fetchone()
    return row[0] if row else None


def call_each(
    ids: Sequence[int],
    query: str,
    parameters: Callable[[int], Sequence[Any]],
    describe: Callable[[Any], str] = str,
    noun: str = "",
) -> None:
    """Call a function for each id, each on its own, and print its answer; exit status 1 if one was refused."""
    refused = False
    with connect(database_url(), autocommit=True) as connection:
        for one in dict.fromkeys(ids):
            try:
                answer = connection.execute(query.encode(), parameters(one)).fetchone()
            except psycopg.Error as error:
                if not (error.sqlstate or "").startswith(OURS):
                    raise
                refused = True
                err.print(describe_refused(noun, one, error), markup=False, soft_wrap=True, style="red")
            else:
                said = f"{noun} {one} {describe(answer[0]) if answer else ''}".strip()
                out.print(said, markup=False, soft_wrap=True)
    if refused:
        raise typer.Exit(1)


def describe_refused(noun: str, one: int, error: psycopg.Error) -> str:
    """Why a row was refused; the row is named where the error does not name it."""
    said = describe_error(error)
    is_named = re.search(rf"\b(?:{re.escape(noun)}|\w+_id: found) {one}\b", said, re.IGNORECASE)
    return said if is_named else f"{noun} {one}: {said}".lstrip()


def print_json(value: Any) -> None:
    """Print rows as JSON, times in ISO 8601."""
    text = json.dumps(value, default=_as_text, ensure_ascii=False)
    out.print(escape_json(text), markup=False, soft_wrap=True)


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
