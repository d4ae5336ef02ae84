"""`leadgen suppress` and `unsuppress`: whom no lead, or no lead of a buyer or a vertical, may carry."""

import time
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import psycopg
import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from leadgen.cli.console import err, plain_table, show_minute
from leadgen.cli.errors import describe_error
from leadgen.cli.moments import read_moment
from leadgen.cli.privacy import Contact, Country
from leadgen.cli.rows import AsJson, Why, call, give_reason, print_json, read_rows
from leadgen.cli.target import MAX_ID, database_url
from leadgen.db.session import connect
from leadgen.errors import LeadGenError
from leadgen.imports.contact_file import ContactFile, Refused
from leadgen.words import count_of

SUPPRESS = "select leadgen.suppress(%s::text, %s::text, %s::text, %s::timestamptz, %s::text, %s::text)"
UNSUPPRESS = "select leadgen.unsuppress(%s::text, %s::text, %s::text, %s::text)"
ENSURE = "select leadgen.ensure_suppression_list(%s::text, %s::bigint, %s::bigint)"
FIND_LIST = """
select l.buyer_id, l.vertical_id, exists (select from leadgen.suppression_lists o where o.name = l.name) as is_there
from (select %(name)s::text as name) n
left join leadgen.suppression_lists l on l.name = n.name
"""
LISTS = "select * from leadgen.list_suppression_lists()"
DROP = "select leadgen.drop_suppression_list(%s::text)"
START = (
    "select * from leadgen.start_suppression_import(%s::text, %s::text, %s::text, %s::timestamptz, %s::boolean,"
    " %s::bytea)"
)
TAKE = "select line, reason from leadgen.import_suppressions(%s::integer, %s::bigint, %s::text[])"
FINISH = "select * from leadgen.finish_suppression_import(%s::integer)"

GLOBAL = "global"
PORTION = 10_000  # lines in one transaction
SAY_SECONDS = 5.0  # between two plain lines

app = typer.Typer(
    no_args_is_help=True,
    help="Keep people from being sold: one contact, or the contacts of a file, on a list of everybody, of a buyer or "
    "of a vertical.",
)

Value = Annotated[str, typer.Argument(metavar="VALUE", help="The contact.")]
ListOption = Annotated[
    str, typer.Option("--list", metavar="NAME", help="The list; `leadgen suppress lists` shows them.")
]
Buyer = Annotated[
    int | None,
    typer.Option(
        "--buyer",
        min=1,
        max=MAX_ID,
        metavar="ID",
        help="The list is this buyer's: it is not sold such leads.",
    ),
]
Vertical = Annotated[
    int | None,
    typer.Option(
        "--vertical", min=1, max=MAX_ID, metavar="ID", help="The list is about leads of this vertical."
    ),
]
Reason = Annotated[str | None, typer.Option(help="Kept with it; no names in it.")]
Until = Annotated[
    str | None, typer.Option("--until", "--expires", metavar="TIME", help="ISO 8601, UTC. Default: for ever.")
]


@app.command("phone")
def suppress_phone(
    value: Value,
    reason: Reason = None,
    until: Until = None,
    country: Country = None,
    list_name: ListOption = GLOBAL,
    buyer: Buyer = None,
    vertical: Vertical = None,
) -> None:
    """Reject every lead from now on that carries a phone; on a buyer's list: do not sell it to that buyer.

    Again: the reason and the time are replaced. Only a hash of the contact is kept. --buyer or --vertical makes the
    list if it is not there.

    Example: leadgen suppress phone +15125550123 --reason "asked us not to call"
    """
    _suppress(Contact.PHONE, value, reason, until, country, list_name, buyer, vertical)


@app.command("email")
def suppress_email(
    value: Value,
    reason: Reason = None,
    until: Until = None,
    list_name: ListOption = GLOBAL,
    buyer: Buyer = None,
    vertical: Vertical = None,
) -> None:
    """Reject every lead from now on that carries an e-mail address; on a buyer's list: do not sell it to that buyer.

    Example: leadgen suppress email name@example.com --until 2027-01-01
    """
    _suppress(Contact.EMAIL, value, reason, until, None, list_name, buyer, vertical)


@app.command("email_domain")
def suppress_domain(
    value: Value,
    reason: Reason = None,
    until: Until = None,
    list_name: ListOption = GLOBAL,
    buyer: Buyer = None,
    vertical: Vertical = None,
) -> None:
    """Reject every lead from now on whose e-mail address is of a domain; on a buyer's list: do not sell it to it.

    Example: leadgen suppress email_domain competitor.example --list rivals --buyer 3
    """
    _suppress(Contact.EMAIL_DOMAIN, value, reason, until, None, list_name, buyer, vertical)


def _suppress(
    kind: Contact,
    value: str,
    reason: str | None,
    until: str | None,
    country: str | None,
    list_name: str,
    buyer: int | None,
    vertical: int | None,
) -> None:
    end = read_moment(until, "--until", ZoneInfo("UTC")) if until else None
    if buyer or vertical:
        _refuse_global(list_name)
        call(ENSURE, [list_name, buyer, vertical])
    call(SUPPRESS, [kind.value, value, reason, end, country, list_name])
    how_long = f"until {show_minute(end)} UTC" if end else "for ever"
    err.print(f"{value} is suppressed {how_long}: {_what_happens(list_name)}", markup=False, soft_wrap=True)


def _refuse_global(list_name: str) -> None:
    if list_name == GLOBAL:
        raise LeadGenError(
            "--list: found nothing, allowed the name of a list, which --buyer or --vertical is about"
        )


def _what_happens(list_name: str) -> str:
    if list_name == GLOBAL:
        return "leads that carry it are rejected"
    (row,) = read_rows(FIND_LIST, {"name": list_name})
    leads = f"leads of vertical {row['vertical_id']}" if row["vertical_id"] else "leads"
    if row["buyer_id"]:
        return f"{leads} that carry it are not sold to buyer {row['buyer_id']}"
    return f"{leads} that carry it are rejected"


def unsuppress(
    kind: Annotated[Contact, typer.Argument(metavar="KIND", help="What the contact is.")],
    value: Annotated[
        str,
        typer.Argument(metavar="VALUE", help="+15125550123, name@example.com or example.com, by its kind."),
    ],
    country: Country = None,
    list_name: ListOption = GLOBAL,
) -> None:
    """Let leads carry a contact again. What a file put on a list stays until the list is replaced or dropped.

    Example: leadgen unsuppress email name@example.com
    """
    was = call(UNSUPPRESS, [kind.value, value, country, list_name])
    err.print(
        f"{value} is no longer suppressed" if was else f"{value} was not suppressed",
        markup=False,
        soft_wrap=True,
    )


@app.command("lists")
def lists(as_json: AsJson = False) -> None:
    """Show the suppression lists: whose each is, and how many contacts are on it.

    Example: leadgen suppress lists
    """
    from leadgen.show.console import make_console

    rows = read_rows(LISTS)
    if as_json:
        print_json(rows)
        return
    table = plain_table(
        "list",
        "of",
        "contacts",
        "by hand",
        "files",
        "latest file, UTC",
        numbers=("contacts", "by hand", "files"),
    )
    for row in rows:
        of = [
            f"buyer {row['buyer_id']}, {row['buyer']}" if row["buyer_id"] else "",
            f"vertical {row['vertical_id']}, {row['vertical']}" if row["vertical_id"] else "",
        ]
        loading = f", {row['loading']} unfinished" if row["loading"] else ""
        table.add_row(
            Text(row["name"]),
            Text("; ".join(filter(None, of)) or "everybody"),
            f"{row['contacts']:,}",
            f"{row['by_hand']:,}",
            f"{row['files']}{loading}",
            show_minute(row["latest_at"]) if row["latest_at"] else "",
        )
    make_console().print(table)


@app.command("drop")
def drop(
    name: Annotated[str, typer.Argument(metavar="LIST", help="The name of the list.")],
    reason: Why = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Drop a suppression list, all of it at one moment: whoever is only on it is let through again.

    Example: leadgen suppress drop dnc-2025 --reason "the list of 2026 is there" --yes
    """
    if not yes:
        typer.confirm(f"Drop the list {name}", abort=True, err=True)
    with connect(database_url()) as connection:
        give_reason(connection, reason)
        row = connection.execute(DROP, [name]).fetchone()
    contacts = count_of(row[0] if row else 0, "contact")
    err.print(f"the list {name} is dropped, with {contacts}", markup=False, soft_wrap=True)


@app.command("import")
def import_contacts(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="One contact a line, in the clear or as SHA-256.")
    ],
    list_name: ListOption = GLOBAL,
    kind: Annotated[
        Contact, typer.Option(metavar="KIND", help="phone, email or email_domain.")
    ] = Contact.PHONE,
    country: Country = None,
    buyer: Buyer = None,
    vertical: Vertical = None,
    until: Until = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="The file takes the place of what files put on the list before.")
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Where refused lines go. Default: beside FILE, named FILE.refused.csv."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Import a do-not-call file into a suppression list.

    The file counts as a whole, from one moment at the end on: no lead sees half of it. A run that was cut off goes on
    where it ended when the same command is run again; a file that was imported already is not imported twice. A line
    of 64 hexadecimal digits is SHA-256 of the phone in E.164, the e-mail in small letters, or the domain. Exit status
    1 if a line was refused.

    Example: leadgen suppress import dnc.txt --list dnc-2026 --country US --replace
    """
    end = read_moment(until, "--until", ZoneInfo("UTC")) if until else None
    if buyer or vertical:
        _refuse_global(list_name)
    refused = Refused(report or file.with_name(f"{file.name}.refused.csv"))
    with ContactFile(file) as contacts, connect(database_url(), autocommit=True) as connection, refused:
        if list_name != GLOBAL:
            (there,) = read_rows(FIND_LIST, {"name": list_name})
            if buyer or vertical or not there["is_there"]:
                connection.execute(ENSURE, [list_name, buyer, vertical])
        row = connection.execute(
            START, [list_name, kind.value, country, end, replace, contacts.digest]
        ).fetchone()
        part_id, done, is_live = row if row else (0, 0, False)
        if is_live:
            err.print("this file was imported before; nothing is read again", markup=False)
        else:
            _take(connection, part_id, done, contacts, refused)
        result = connection.execute(FINISH, [part_id]).fetchone()
    summary = dict(zip(("lines", "contacts", "refused", "replaced"), result or (0, 0, 0, 0), strict=True))
    _show_result(summary, list_name, None if is_live else refused.path, as_json=as_json)
    if summary["refused"]:
        raise typer.Exit(1)


def _show_result(summary: dict[str, int], list_name: str, report: Path | None, *, as_json: bool) -> None:
    if as_json:
        print_json({"list": list_name, **summary, "report": str(report) if report else None})
        return
    replaced = f", in the place of {summary['replaced']:,}" if summary["replaced"] else ""
    err.print(
        f"{count_of(summary['lines'], 'line')}: {count_of(summary['contacts'], 'contact')} on the list "
        f"{list_name}{replaced}; {_what_happens(list_name).replace('carry it', 'carry one')}",
        markup=False,
        soft_wrap=True,
    )
    if summary["refused"]:
        where = f"; see {report}" if report else ""
        are = "is no contact" if summary["refused"] == 1 else "are no contacts"
        err.print(f"{count_of(summary['refused'], 'line')} {are}{where}", markup=False, soft_wrap=True)


def _take(
    connection: psycopg.Connection[Any], part_id: int, done: int, contacts: ContactFile, refused: Refused
) -> None:
    """Hand the lines in by portions, each a transaction; those that were taken in before are read over."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    said_at = time.monotonic()
    if done:
        err.print(f"going on after {count_of(done, 'line')} that were taken in before")
    contacts.skip(done)
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("0 lines", total=1)
        try:
            while lines := contacts.read(PORTION):
                with connection.transaction():  # committed when the report has its lines: none is lost
                    for line, reason in connection.execute(TAKE, [part_id, done, lines]):
                        refused.add(line, reason, lines[line - done - 1])
                    refused.flush()
                done += len(lines)
                progress.update(task, completed=contacts.done, description=f"{done:,} lines")
                if not err.is_terminal and time.monotonic() - said_at > SAY_SECONDS:
                    err.print(f"{done:,} lines, {contacts.done:.0%} of the file")
                    said_at = time.monotonic()
        except KeyboardInterrupt:
            raise LeadGenError(
                f"stopped after line {done:,}: nobody is suppressed by it yet. Run the same command again to go on"
            ) from None
        except (psycopg.Error, OSError) as error:
            raise LeadGenError(
                f"{contacts.path}: stopped after line {done:,}: {describe_error(error)}. Run the same command again "
                "to go on"
            ) from error
