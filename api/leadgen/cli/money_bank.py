"""`leadgen money payments import`, `unmatched`, `match`, `ignore`: what a bank says came in."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from psycopg.types.json import Jsonb
from rich.text import Text

from leadgen.cli.buyers import BuyerId
from leadgen.cli.console import err, out, plain_table
from leadgen.cli.money import Reason
from leadgen.cli.money_invoices import Paid, find_invoice
from leadgen.cli.rows import AsJson, Id, Limit, call, print_json, read_rows
from leadgen.cli.target import database_url
from leadgen.db.session import connect
from leadgen.errors import LeadGenError
from leadgen.words import count_of, money

AT_ONCE = 200  # lines of one transaction

IMPORT = "select status, found, is_new from leadgen.import_bank_lines(%s)"
WAITING = """
select b.id, b.booked_on, b.amount, b.currency, b.reference, b.payer, b.found
from leadgen.bank_lines b
where b.status = 'waiting'
order by b.id
limit %s
"""
MATCH = "select leadgen.match_bank_line(%s::bigint, %s::bigint, %s::bigint)"
IGNORE = "select leadgen.ignore_bank_line(%s::bigint, %s::text)"
REFERENCE = "select leadgen.buyer_reference(b.id) from leadgen.buyers b where b.id = %s"

app = typer.Typer()


@app.command("import")
def import_statement(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A statement of the bank: CSV with headings, or CAMT.053.")
    ],
    mapped: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="COLUMN=FIELD",
            help="Which field a column is, where its heading does not say it: date, amount, currency, reference, "
            "payer, id, account; credit and debit, or sign (CR or DR), where the amount has none; COLUMN= "
            "leaves it out. May be repeated.",
        ),
    ] = None,
    currency: Annotated[
        str | None, typer.Option(metavar="CODE", help="The currency of lines that name none.")
    ] = None,
    day_first: Annotated[
        bool | None,
        typer.Option("--day-first/--month-first", help="How 03/04/2026 is read.", show_default=False),
    ] = None,
) -> None:
    """Import what came into a bank account. Lines that name one buyer or its invoice are booked; others wait.

    A line is booked once, however often its file is imported.

    Example: leadgen money payments import statement.csv --map "Paid in=amount" --currency USD
    """
    from leadgen.imports.bank import name_lines, read_statement

    statement = read_statement(file, read_map(mapped or []), currency, day_first)
    lines = list(name_lines(statement.lines))
    fates: Counter[str] = Counter()
    with connect(database_url(), autocommit=True) as connection:
        for start in range(0, len(lines), AT_ONCE):
            part = lines[start : start + AT_ONCE]
            for status, _, is_new in connection.execute(IMPORT, [Jsonb(part)]).fetchall():
                fates[status if is_new else "known"] += 1
    told = f"{fates['matched']} booked, {fates['waiting']} wait, {fates['known']} known"
    out.print(f"{count_of(len(lines), 'line')}: {told}")
    if statement.left_out:
        err.print(
            f"{count_of(statement.left_out, 'line')} left out: money that went out, or is not booked yet"
        )
    if fates["waiting"]:
        err.print("`leadgen money payments unmatched` shows those that wait")


def read_map(given: list[str]) -> dict[str, str]:
    """Which field a column is. Raises LeadGenError."""
    from leadgen.imports.bank import SPELLINGS

    columns: dict[str, str] = {}
    for one in given:
        heading, sign, field = (part.strip() for part in one.rpartition("="))
        if not sign or not heading or (field and field not in SPELLINGS):
            raise LeadGenError(
                f"--map: found {one[:100]!r}, allowed COLUMN=FIELD with {', '.join(SPELLINGS)}, or COLUMN="
            )
        columns[heading] = field
    return columns


@app.command()
def unmatched(limit: Limit = 100, as_json: AsJson = False) -> None:
    """List the lines of statements that wait for a person, and why.

    Example: leadgen money payments unmatched
    """
    from leadgen.show.console import make_console

    rows = read_rows(WAITING, [limit])
    if as_json:
        print_json(rows)
        return
    if not rows:
        err.print("no line waits")
        return
    table = plain_table(
        "line", "booked", "amount", "payer", "reference", "why it waits", numbers=("line", "amount")
    )
    for row in rows:
        table.add_row(
            str(row["id"]),
            str(row["booked_on"]),
            f"{money(row['amount'], row['currency'])} {row['currency']}",
            Text(row["payer"] or ""),
            Text(row["reference"] or ""),
            Text(row["found"] or ""),
        )
    make_console().print(table)


@app.command()
def match(
    line: Id,
    buyer: BuyerId,
    invoice: Paid = None,
) -> None:
    """Book a line of a statement as a buyer's payment.

    Example: leadgen money payments match 31 7
    """
    payment = call(MATCH, [line, buyer, find_invoice(invoice, buyer)])
    out.print(f"line {line} is payment {payment} of buyer {buyer}")


@app.command()
def ignore(line: Id, reason: Reason) -> None:
    """Put a line of a statement away: it is no payment of a buyer.

    Example: leadgen money payments ignore 31 --reason "our own transfer"
    """
    call(IGNORE, [line, reason])
    out.print(f"line {line} is ignored")


@app.command()
def reference(buyer: BuyerId) -> None:
    """Print what a buyer writes on a bank transfer, so that it is matched.

    Example: leadgen money payments reference 7
    """
    found = call(REFERENCE, [buyer])
    if found is None:
        raise LeadGenError(f"no buyer {buyer}: `leadgen buyers` lists them")
    out.print(found)
