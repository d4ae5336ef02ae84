"""`leadgen person`: what is held of a person, listed and exported."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer
from rich.text import Text

from leadgen.cli.console import err, out, plain_table, show_minute
from leadgen.cli.opening import OPEN, OPEN_FETCH, OPEN_SUBMISSION, find_hash_key, find_vault
from leadgen.cli.privacy import HOLDINGS, Country
from leadgen.cli.rows import AsJson, print_json, read_rows
from leadgen.cli.target import database_url
from leadgen.db.session import connect
from leadgen.errors import LeadGenError
from leadgen.sealing.leads import open_lead
from leadgen.sealing.vault import Vault
from leadgen.show.console import escape_json
from leadgen.show.readable import readable_lines
from leadgen.words import count_of

START = "select what, id from leadgen.start_person_export(%s::text, %s::text, %s::text, %s::text, %s::text)"
EXPORT = "select leadgen.export_holding(%s::text, %s::bigint)"
KINDS = ("lead", "submission", "fetch", "user", "buyer", "suppression")

Write = Callable[[str], object]

app = typer.Typer(no_args_is_help=True, help="Show a person what is held of it, as the person may ask.")

Phone = Annotated[str | None, typer.Option(metavar="NUMBER", help="The person with this phone.")]
Email = Annotated[str | None, typer.Option(metavar="ADDRESS", help="The person with this e-mail.")]


@app.command("list")
def list_holdings(
    phone: Phone = None, email: Email = None, country: Country = None, as_json: AsJson = False
) -> None:
    """List what is held of a person: leads, submissions in quarantine, fetches, users, buyers, suppressions.

    Example: leadgen person list --email name@example.com
    """
    from leadgen.show.console import make_console

    contact = read_contact(phone, email)
    rows = read_rows(HOLDINGS, [*contact, country, find_hash_key()])
    if as_json:
        print_json(rows)
        return
    if not rows:
        err.print("nothing is held")
        return
    table = plain_table("what", "id", "since, UTC", numbers=("id",))
    for row in rows:
        table.add_row(Text(row["what"]), str(row["id"]), show_minute(row["created_at"]))
    make_console().print(table)


@app.command("export")
def export_person(
    reason: Annotated[str, typer.Option(help="Why; kept in the events, so no names in it.")],
    phone: Phone = None,
    email: Email = None,
    country: Country = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="A new file, for its owner alone. Default: standard output."
        ),
    ] = None,
    readable: Annotated[
        bool, typer.Option("--readable", help="As text for a person instead of JSON.")
    ] = False,
) -> None:
    """Export everything that is held of a person.

    What was sent and stored, decisions, sales, deliveries, answers,
    returns, quarantine, consent, users with their sessions, suppressions.

    An event says by whom and why. Exit status 1 if nothing is held.

    Example: leadgen person export --email name@example.com --reason "asked for" --out person.json
    """
    kind, value = read_contact(phone, email)
    counts = dict.fromkeys(KINDS, 0)
    with (
        connect(database_url(), autocommit=True) as connection,
        open_new(file) as write,
    ):
        vault = find_vault(connection)
        key = vault.hash_key if vault else None
        holdings = connection.execute(START, [kind, value, country, reason, key]).fetchall()
        write_all = write_readable if readable else write_json
        write_all(write, {kind: value}, read_holdings(connection, vault, holdings, counts))
    held = ", ".join(count_of(number, what) for what, number in counts.items() if number)
    where = f" in {file}" if file else ""
    err.print(f"{held or 'nothing is held'}{where}", markup=False, soft_wrap=True)
    if not held:
        raise typer.Exit(1)


def read_contact(phone: str | None, email: str | None) -> tuple[str, str]:
    """Kind and value of the contact that was given; one of them must be."""
    if (phone is None) == (email is None):
        raise typer.BadParameter("give --phone or --email: one of them")
    return ("phone", phone) if phone is not None else ("email", str(email))


def read_holdings(
    connection: psycopg.Connection[Any],
    vault: Vault | None,
    holdings: list[tuple[str, int]],
    counts: dict[str, int],
) -> Iterator[tuple[str, dict[str, Any]]]:
    """One holding after another; only one is in memory. What went meanwhile is left out."""
    for what, number in holdings:
        try:
            row = connection.execute(EXPORT, [what, number]).fetchone()
        except psycopg.Error as error:
            if error.sqlstate == "LG404":
                continue
            raise
        counts[what] += 1
        holding: dict[str, Any] = row[0] if row else {}
        if vault is not None:
            holding |= open_holding(connection, vault, what, number, holding)
        yield what, holding


def open_holding(
    connection: psycopg.Connection[Any], vault: Vault, what: str, number: int, holding: dict[str, Any]
) -> dict[str, Any]:
    """What of a holding is sealed, opened; {} where nothing is. Raises SealError."""
    if what == "lead":
        row = connection.execute(OPEN, [[number], "person export", None]).fetchone()
        if row:
            contact, submitted = open_lead(vault, *row[1:])
            known = contact._asdict()
            message = known.pop("message")
            return {"contact": holding["contact"] | known, "message": message, "submitted": submitted}
    elif what == "submission":
        row = connection.execute(OPEN_SUBMISSION, [number, "person export"]).fetchone()
        if row and row[0]:
            return {"payload": json.loads(vault.open("submission", row[0]))}
    elif what == "fetch":
        row = connection.execute(OPEN_FETCH, [number, "person export"]).fetchone()
        if row and row[0]:
            return {"lead": json.loads(vault.open("post", row[0]))["lead"]}
    return {}


def write_json(write: Write, person: dict[str, str], holdings: Iterator[tuple[str, dict[str, Any]]]) -> None:
    """An object: the person, then a list for each kind of holding."""
    write(json.dumps({"person": person}, ensure_ascii=False)[:-1])
    opened = ""
    for what, holding in holdings:
        before = ",\n"
        if what != opened:
            before = f'{close_list(opened)},\n"{what}s": [\n'
            opened = what
        write(before + escape_json(json.dumps(holding, ensure_ascii=False, indent=2)))
    write(close_list(opened) + "}\n")


def close_list(opened: str) -> str:
    """The end of a list, if one was opened."""
    return "\n]" if opened else ""


def write_readable(
    write: Write, person: dict[str, str], holdings: Iterator[tuple[str, dict[str, Any]]]
) -> None:
    """Headings and lines of `name: value`, indented."""
    write(f"What is held of {next(iter(person.values()))}\n")
    for what, holding in holdings:
        write(f"\n{what}\n")
        for line in readable_lines(holding, 1):
            write(f"{line}\n")


@contextmanager
def open_new(file: Path | None) -> Iterator[Write]:
    """What writes to the file, made for its owner alone, or to standard output. A file that is there stays."""
    if file is None:
        yield out.file.write
        return
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise LeadGenError(f"--out: found {file}, which is there already, allowed a new file") from None
    except OSError as error:
        raise LeadGenError(f"{file}: {error.strerror}") from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as target:
            yield target.write
    except BaseException:
        file.unlink(missing_ok=True)
        raise
