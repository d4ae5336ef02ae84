"""`leadgen quarantine`: submissions that no active source claimed, and resubmitting them."""

from collections.abc import Sequence
from typing import Annotated, Any

import psycopg
import typer
from rich.text import Text

from leadgen.cli.console import err, out, plain_table, show_minute
from leadgen.cli.errors import OURS
from leadgen.cli.rows import AsJson, Limit, call, describe_refused, print_json, read_rows
from leadgen.cli.target import MAX_ID

app = typer.Typer(
    no_args_is_help=True, help="Submissions that no active source claimed: look at them, resubmit them."
)

LIST = """
select q.id, q.created_at, q.last_seen_at, q.times_seen, q.failed_step, q.reason, q.payload ->> 'source_key' as source,
  q.resubmitted_at, q.lead_id
from leadgen.intake_quarantine q
where %(all)s or q.resubmitted_at is null
order by q.id desc
limit %(limit)s
"""
WAITING = "select q.id from leadgen.intake_quarantine q where q.resubmitted_at is null order by q.id"
RESUBMIT = "select leadgen.resubmit_quarantined(%s::bigint)"


@app.command("list")
def list_quarantine(
    everything: Annotated[bool, typer.Option("--all", help="Also those that were resubmitted.")] = False,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """List the submissions in quarantine, newest first: why, and how often each came. No personal data is shown.

    Example: leadgen quarantine list
    """
    from leadgen.show.console import make_console

    rows = read_rows(LIST, {"all": everything, "limit": limit})
    if as_json:
        print_json(rows)
        return
    if not rows:
        err.print("the quarantine is empty")
        return
    table = plain_table(
        "id", "came, UTC", "times", "source", "step", "why", "lead", numbers=("id", "times", "lead")
    )
    for row in rows:
        table.add_row(
            str(row["id"]),
            show_minute(row["created_at"]),
            str(row["times_seen"]),
            Text(row["source"] or ""),
            row["failed_step"],
            Text(row["reason"]),
            str(row["lead_id"] or ""),
        )
    make_console().print(table)


@app.command()
def resubmit(
    ids: Annotated[
        list[int] | None,
        typer.Argument(metavar="[ID]...", min=1, max=MAX_ID, help="Ids, as `list` shows them."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that wait, oldest first.")] = False,
) -> None:
    """Resubmit submissions in quarantine, once their source works. Exit status 1 if one is refused or still waits.

    Example: leadgen quarantine resubmit 3 4
    """
    if bool(ids) == everything:
        raise typer.BadParameter("give the ids of submissions, or --all")
    resubmit_each([row["id"] for row in read_rows(WAITING)] if everything else ids or [])


def resubmit_each(ids: Sequence[int]) -> None:
    """Resubmit each, one line each."""
    waits = False
    for one in dict.fromkeys(ids):
        try:
            answer = call(RESUBMIT, [one])
        except psycopg.Error as error:
            if not (error.sqlstate or "").startswith(OURS):
                raise
            waits = True
            err.print(describe_refused("submission", one, error), markup=False, soft_wrap=True, style="red")
        else:
            waits = waits or answer["status"] == "quarantined"
            out.print(f"submission {one}: {describe_answer(answer)}", markup=False, soft_wrap=True)
    if not ids:
        err.print("nothing waits in quarantine")
    if waits:
        raise typer.Exit(1)


def describe_answer(answer: dict[str, Any]) -> str:
    """What became of a submission."""
    if answer["status"] == "quarantined":
        return f"still in quarantine, at step {answer['step']}: {answer['message'].partition(': ')[2]}"
    reason = f": {answer['reason']}" if answer.get("reason") else ""
    return f"lead {answer['lead_id']} is {answer['status']}{reason}"
