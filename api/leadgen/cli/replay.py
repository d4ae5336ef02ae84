"""`leadgen replay`: one lead computed again from its record."""

from typing import Annotated

import typer
from psycopg.types.json import Jsonb

from leadgen.cli.console import err, out
from leadgen.cli.opening import NO_KEYS, open_contact
from leadgen.cli.rows import AsJson, call, print_json
from leadgen.cli.target import MAX_ID

REPLAY = "select leadgen.replay_lead(%s::bigint, %s::jsonb)"


def replay(
    lead: Annotated[int, typer.Argument(metavar="LEAD", min=1, max=MAX_ID, help="The id of a lead.")],
    as_json: AsJson = False,
) -> None:
    """Compute a lead's validation, routing and prices again from its record. Exit status 1 if anything differs.

    Nothing is written or sent. `leadgen verify` does it for every lead.

    Example: leadgen replay 12345
    """
    from leadgen.cli.verify import faults_table

    _, contact = open_contact(lead, "replay")
    found = call(REPLAY, [lead, Jsonb(contact) if contact else None])
    if as_json:
        print_json(found)
    elif found["identical"]:
        err.print(f"lead {lead} replays as it was recorded")
        if "without" in found:
            err.print(f"without its validation: it is sealed, and {NO_KEYS}")
    else:
        out.print(faults_table([{"lead_id": lead, "differences": found["differences"]}]))
    if not found["identical"]:
        raise typer.Exit(1)
