"""`leadgen explain`: why a lead went where it went."""

import json
from typing import Annotated

import psycopg
import typer

from leadgen.cli.console import out
from leadgen.cli.rows import AsJson, call, no_lead
from leadgen.cli.target import MAX_ID, database_url
from leadgen.db.session import connect

EXPLAIN = "select jsonb_pretty(leadgen.explain_lead(%s::bigint))"
EXPLAIN_MISS = "select jsonb_pretty(leadgen.explain_miss(%s::bigint, %s::bigint))"
NO_SUCH_LEAD = "LG404"


def explain(
    lead: Annotated[int, typer.Argument(metavar="LEAD", min=1, max=MAX_ID, help="The id of a lead.")],
    buyer: Annotated[
        int | None,
        typer.Option(
            min=1, max=MAX_ID, metavar="ID", help="What would have to change for this buyer to get it."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show who won a lead, and why each other buyer lost.

    It shows the validation, each routing attempt with its candidates, and each sale with its deliveries. With --buyer
    it shows the smallest list of changes by which that buyer would have got it, by the decision about it.

    Example: leadgen explain 12345
    """
    from leadgen.show.account import show_account, show_miss
    from leadgen.show.console import make_console

    if buyer is not None:
        miss = str(call(EXPLAIN_MISS, [lead, buyer]))
        if as_json:
            out.print(miss, markup=False, soft_wrap=True)
        else:
            make_console().print(show_miss(json.loads(miss)))
        return
    account = read_account(lead)
    if as_json:
        out.print(account, markup=False, soft_wrap=True)
    else:
        make_console().print(show_account(json.loads(account)))


def read_account(lead_id: int) -> str:
    """The account as JSON. Raises LeadGenError when there is no such lead."""
    try:
        with connect(database_url()) as connection:
            row = connection.execute(EXPLAIN, [lead_id]).fetchone()
    except psycopg.Error as error:
        if error.sqlstate == NO_SUCH_LEAD:
            raise no_lead(lead_id) from None
        raise
    return str(row[0]) if row else ""
