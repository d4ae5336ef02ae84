"""`leadgen dry-run`: the answer and the account that a lead would get now; nothing is kept."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer

from leadgen.cli.console import err, out
from leadgen.cli.errors import OURS
from leadgen.cli.opening import find_vault
from leadgen.cli.target import database_url
from leadgen.db.refusals import describe_refusal
from leadgen.db.session import connect
from leadgen.errors import LeadGenError
from leadgen.sealing.leads import add_sealing, seal_wanted

MOST_CALLS = 4  # a lead, or a submission for quarantine, is sealed in between
# Numbers stay as the database writes them: 48.00.
DRY_RUN = """
select a::text, (a - 'decision')::text, (a -> 'decision')::text, a ? 'repeated'
from leadgen.dry_run_lead(%s::jsonb, %s::jsonb, %s::boolean) a
"""


def dry_run(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The lead as JSON; - reads standard input.")],
    context: Annotated[
        str,
        typer.Option(metavar="JSON", help='What the API would add, as JSON: {"ip_address": "192.0.2.1"}.'),
    ] = "{}",
    as_new: Annotated[
        bool,
        typer.Option(
            "--as-new", help="Decide as if no lead of the same key, phone or e-mail had come before."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show which answer a lead would get now, and why. The live rules decide; nothing is kept.

    Example: leadgen dry-run lead.json --as-new
    """
    from leadgen.show.account import show_account
    from leadgen.show.console import escape_json, make_console

    payload = read_object(read_text(file), file)
    said = read_object(context, "--context")
    with connect(database_url()) as connection:
        try:
            row = try_lead(connection, payload, said, as_new=as_new)
        except psycopg.Error as error:
            if not (error.sqlstate or "").startswith(OURS):
                raise
            raise LeadGenError(describe_refusal(error)) from None  # a field of a lead is no option
        connection.rollback()
    whole, answer, account, came_before = row or ("{}", "{}", None, False)
    if as_json:
        out.print(escape_json(whole), markup=False, soft_wrap=True)
        return
    console = make_console()
    console.print(escape_json(answer), markup=False, soft_wrap=True)
    if account and (decision := json.loads(account)):
        console.print(show_account(decision))
    elif came_before:
        err.print("this lead came before and has this answer; --as-new judges it anew")


def try_lead(
    connection: psycopg.Connection[Any], payload: str, context: str, *, as_new: bool
) -> tuple[Any, ...] | None:
    """The row of DRY_RUN. Where personal data is sealed the lead is, too: a row that is undone is still on the disk."""
    vault = find_vault(connection)
    if vault is None:
        return connection.execute(DRY_RUN, [payload, context, as_new]).fetchone()
    blobs = dict[str, str]()
    for _ in range(MOST_CALLS):
        row = connection.execute(DRY_RUN, [payload, add_sealing(context, vault, blobs), as_new]).fetchone()
        if not row or json.loads(row[0])["status"] != "seal":
            break
        blobs |= seal_wanted(vault, row[0])
    return row


def read_text(file: str) -> str:
    """The text of a file, or of standard input for `-`."""
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LeadGenError(
            f"{file}: {getattr(error, 'strerror', None) or 'it is not text in UTF-8'}"
        ) from None


def read_object(text: str, name: str) -> str:
    """The text of a JSON object as it is. Raises LeadGenError for anything else."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise LeadGenError(f"{name} is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise LeadGenError(f"{name} is not a JSON object")
    return text
