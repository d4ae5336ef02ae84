"""`leadgen sealing`: keys that seal personal data, and how far that is; `leadgen unmask`: one sealed lead, opened."""

import json
from typing import Annotated, Any

import psycopg
import typer

from leadgen.cli.console import err, out
from leadgen.cli.opening import NO_KEYS, OPEN, find_ring
from leadgen.cli.rows import AsJson, call, no_lead, print_json, read_rows
from leadgen.cli.target import MAX_ID, database_url
from leadgen.db.session import connect
from leadgen.errors import LeadGenError
from leadgen.sealing.envelope import SealError
from leadgen.sealing.keyring import KEY_ID, KeyRing, make_key
from leadgen.sealing.leads import open_lead
from leadgen.sealing.store import load_vault
from leadgen.sealing.vault import LIST, Row
from leadgen.words import count_of

app = typer.Typer(no_args_is_help=True, help="Keys that seal personal data at rest, and how far that is.")

MEASURE = "select leadgen.measure_sealing()"
REWRAP = "select leadgen.rewrap_data_key(%s, %s, %s, %s)"
RETIRE = "select leadgen.retire_data_keys()"
IS_SEALED = "select l.id, l.sealed is not null as sealed from leadgen.leads l where l.id = %s"


@app.command("new-key")
def new_key(
    key_id: Annotated[
        str, typer.Argument(metavar="ID", help="A name for it, such as 2026-11: letters, digits, . _ -")
    ],
) -> None:
    """Print a new random key as PII_KEYS takes it. It is stored nowhere: whoever loses it loses what it seals.

    Example: leadgen sealing new-key 2026-11
    """
    if not KEY_ID.fullmatch(key_id) or key_id == "command":
        raise typer.BadParameter(
            f"ID: found {key_id}, allowed 1 to 64 letters, digits, dots, dashes and underscores, "
            "and not the word command"
        )
    out.print(make_key(key_id), markup=False, soft_wrap=True)


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show how far personal data is sealed: what waits, which walks are under way, and which keys wrap the data keys.

    Example: leadgen sealing status
    """
    found = call(MEASURE, [])
    if as_json:
        print_json(found)
        return
    for line in describe_sealing(found):
        out.print(line, markup=False, soft_wrap=True)


def describe_sealing(found: dict[str, Any]) -> list[str]:
    """The state of sealing, line by line."""
    if not found["seals"]:
        return ["personal data is stored clear: no program with PII_KEYS has started"]
    lines = [f"personal data is sealed; {count_of(found['waiting'], 'row')} to be sealed"]
    for kind, walk in found["walks"].items():
        what = "leads from before" if kind == "seal" else "leads of retired data keys"
        end = "not begun" if walk["last_id"] is None else f"at lead {walk['next_id']} of {walk['last_id']}"
        lines.append(f"workers walk over the {what}: {end}")
    wrapped = ", ".join(f"{number} by {key}" for key, number in sorted(found["wrapped_by"].items()))
    lines.append(f"data keys are wrapped: {wrapped}; {found['retired']} retired")
    return lines


@app.command()
def rotate(
    data: Annotated[
        bool,
        typer.Option("--data", help="Also retire the data keys: workers seal anew what they sealed."),
    ] = False,
) -> None:
    """Wrap the data keys by the first key of PII_KEYS. Old and new have to be in PII_KEYS; leads go on meanwhile.

    Stopped half-way, it goes on where it stopped when it is run again. Afterwards the old key may leave PII_KEYS.

    Example: leadgen sealing rotate
    """
    ring = find_ring()
    if ring is None:
        raise LeadGenError(f"there is no key to wrap by: {NO_KEYS}")
    with connect(database_url(), autocommit=True) as connection:
        rows = [Row(*row) for row in connection.execute(LIST).fetchall()]
        if not rows:
            raise LeadGenError("the database has no data keys yet: nothing was sealed")
        wrapped = rewrap(connection, ring, rows)
        err.print(
            f"{count_of(wrapped, 'data key')} wrapped anew by {ring.current}; {len(rows) - wrapped} had it"
        )
        if data:
            retired = call(RETIRE, [])
            err.print(
                f"{count_of(retired, 'data key')} retired: workers seal anew what they sealed. "
                "`leadgen sealing status` shows how far they are"
            )


def rewrap(connection: psycopg.Connection[Any], ring: KeyRing, rows: list[Row]) -> int:
    """Wrap each key that another wraps by the first of the ring, one transaction each. How many. Raises SealError."""
    done = 0
    for row in rows:
        if row.wrapped_by == ring.current:
            continue
        key = ring.unwrap(bytes(row.wrapped), row.wrapped_by, row.purpose)
        new = ring.wrap(key, row.purpose)
        answer = connection.execute(REWRAP, [row.id, row.wrapped, new, ring.current]).fetchone()
        done += bool(answer and answer[0])
    return done


def unmask(
    lead: Annotated[int, typer.Argument(metavar="LEAD", min=1, max=MAX_ID, help="The id of a lead.")],
    reason: Annotated[str, typer.Option(help="Why; an event keeps it, so no names in it.")],
    as_json: AsJson = False,
) -> None:
    """Open one sealed lead: who it is, and what was sent. An event keeps who asked and why.

    Example: leadgen unmask 12345 --reason "the buyer says the number is wrong"
    """
    ring = find_ring()
    if ring is None:
        raise LeadGenError(f"a sealed lead cannot be opened: {NO_KEYS}")
    with connect(database_url(), autocommit=True) as connection:
        rows = connection.execute(OPEN, [[lead], "unmask", reason]).fetchall()
        if not rows:
            refuse_clear(lead)
        try:
            contact, submitted = open_lead(load_vault(connection, ring), *rows[0][1:])
        except SealError as error:
            raise LeadGenError(f"lead {lead}: {error}") from None
    found = {"lead_id": lead, **contact._asdict(), "submitted": submitted}
    if as_json:
        print_json(found)
        return
    for name, value in found.items():
        shown = json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value
        if shown is not None:
            out.print(f"{name}: {shown}", markup=False, soft_wrap=True)


def refuse_clear(lead: int) -> None:
    """Raises LeadGenError: there is no such lead, or it is not sealed."""
    if not read_rows(IS_SEALED, [lead]):
        raise no_lead(lead)
    raise LeadGenError(f"lead {lead} is not sealed: its contact is in leadgen.leads, or was erased")
