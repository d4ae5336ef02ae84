"""`leadgen quarantine`: submissions that are no lead and are kept, and resubmitting them."""

import json
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import psycopg
import typer
from psycopg.types.json import Jsonb
from rich.text import Text

from leadgen.cli.console import err, out, plain_table, show_minute
from leadgen.cli.errors import OURS
from leadgen.cli.opening import NO_KEYS, OPEN_SUBMISSION, find_ring
from leadgen.cli.rows import AsJson, Id, Limit, Row, describe_refused, print_json, read_rows
from leadgen.cli.target import MAX_ID, database_url
from leadgen.db.session import connect
from leadgen.errors import LeadGenError
from leadgen.sealing.leads import seal_wanted
from leadgen.sealing.store import fill_vault, load_vault
from leadgen.show.console import escape_json

app = typer.Typer(
    no_args_is_help=True, help="Submissions that are no lead and are kept: look at them, resubmit them."
)

LIST = """
select q.id, q.created_at, q.last_seen_at, q.times_seen, q.failed_step, q.reason, q.payload ->> 'source_key' as source,
  q.resubmitted_at, q.lead_id, q.answered ->> 'status' as answered, f.next_fetch_at
from leadgen.intake_quarantine q
left join leadgen.lead_fetches f on f.quarantine_id = q.id
where %(all)s or q.resubmitted_at is null
order by q.id desc
limit %(limit)s
"""
SHOW = """
select q.id, q.created_at, q.last_seen_at, q.times_seen, q.failed_step, q.reason, q.payload, q.context, q.answered,
  q.cut_bytes, q.resubmitted_at, q.lead_id, f.attempts as fetch_attempts, f.next_fetch_at
from leadgen.intake_quarantine q
left join leadgen.lead_fetches f on f.quarantine_id = q.id
where q.id = %s
"""
MOST_CALLS = 4  # to hand one in: a lead, or the submission, is sealed in between
WAITING = "select q.id from leadgen.intake_quarantine q where q.resubmitted_at is null order by q.id"
RESUBMIT = "select leadgen.resubmit_quarantined(%s::bigint, %s::jsonb)::text"


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
def show(
    one: Id,
    unmask: Annotated[
        str | None,
        typer.Option(metavar="REASON", help="Open it if it is sealed; an event keeps who asked and why."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show one submission: what was sent, and the error that its sender was answered.

    What is stored clear is shown whole, personal data included; what is sealed with --unmask.

    Example: leadgen quarantine show 3
    """
    rows = read_rows(SHOW, [one])
    if not rows:
        raise LeadGenError(f"no submission {one} in quarantine: `leadgen quarantine list` lists them")
    if unmask is not None:
        rows[0]["payload"] = open_payload(one, unmask) or rows[0]["payload"]
    if as_json:
        print_json(rows)
        return
    (row,) = rows
    for line in describe_submission(row):
        out.print(line, markup=False, soft_wrap=True, highlight=False)


def describe_submission(row: Row) -> Iterator[str]:
    """A submission in words, and what was sent as JSON or as text."""
    yield f"submission {row['id']}, step {row['failed_step']}: {row['reason']}"
    times = f"{row['times_seen']} times, last at " if row["times_seen"] > 1 else ""
    yield f"came {times}{show_minute(row['last_seen_at'])} UTC"
    if row["answered"]:
        yield f"its sender was answered: {_as_json(row['answered'])}"
    if row["fetch_attempts"]:
        again = (
            f"next at {show_minute(row['next_fetch_at'])} UTC"
            if row["next_fetch_at"]
            else "no more by itself"
        )
        yield f"tried {row['fetch_attempts']} times, {again}"
    if row["lead_id"] or row["resubmitted_at"]:
        yield f"resubmitted: lead {row['lead_id']}" if row["lead_id"] else "resubmitted, or erased"
    body = row["payload"].get("body") if row["failed_step"] == "malformed" else None
    if isinstance(body, str):
        missing = f", {row['cut_bytes']} more bytes were not kept" if row["cut_bytes"] else ""
        yield f"the body as it came{missing}:"
        yield from (escape_json(line) for line in body.splitlines())
    else:
        yield _as_json(row["payload"], indent=2)


def open_payload(one: int, reason: str) -> dict[str, Any] | None:
    """What a sealed submission says; None: it is clear. Raises LeadGenError without keys."""
    ring = find_ring()
    if ring is None:
        raise LeadGenError(f"a sealed submission cannot be opened: {NO_KEYS}")
    with connect(database_url(), autocommit=True) as connection:
        row = connection.execute(OPEN_SUBMISSION, [one, reason]).fetchone()
        if not row or row[0] is None:
            return None
        document = json.loads(load_vault(connection, ring).open("submission", row[0]))
    payload: dict[str, Any] = document.get("payload") or {"body": document["text"]}
    return payload


def _as_json(value: object, indent: int | None = None) -> str:
    return escape_json(json.dumps(value, ensure_ascii=False, indent=indent))


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
            answer = resubmit_one(one)
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


def resubmit_one(one: int) -> dict[str, Any]:
    """Resubmit a submission; one that is sealed is opened, and its lead is sealed again where there are keys."""
    ring = find_ring()
    with connect(database_url(), autocommit=True) as connection:
        vault = fill_vault(connection, ring) if ring else None
        opened: dict[str, Any] = {}
        if vault:
            row = connection.execute(OPEN_SUBMISSION, [one, "resubmitted"]).fetchone()
            if row and row[0]:
                opened["document"] = json.loads(vault.open("submission", row[0]))
            opened["sealing"] = {"hash_key": vault.hash_key, "blobs": {}}
        for _ in range(MOST_CALLS):
            found = connection.execute(RESUBMIT, [one, Jsonb(opened) if opened else None]).fetchone()
            text = found[0] if found else "{}"
            answer: dict[str, Any] = json.loads(text)
            if answer["status"] != "seal" or vault is None:
                break
            opened["sealing"]["blobs"] |= seal_wanted(vault, text)
    return answer


def describe_answer(answer: dict[str, Any]) -> str:
    """What became of a submission."""
    if answer["status"] == "fetching":
        return "a worker fetches it from its network again"
    if answer["status"] == "quarantined":
        return f"still in quarantine, at step {answer['step']}: {answer['message'].partition(': ')[2]}"
    reason = f": {answer['reason']}" if answer.get("reason") else ""
    return f"lead {answer['lead_id']} is {answer['status']}{reason}"
