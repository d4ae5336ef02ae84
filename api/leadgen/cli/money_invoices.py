"""`leadgen money invoice …`, `credit-note`, `statement`, `close`: what buyers are billed."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from leadgen.cli.amounts import read_amount, show_amount
from leadgen.cli.console import err, out, plain_table
from leadgen.cli.moments import read_day
from leadgen.cli.rows import AsJson, BuyerOption, Limit, call, print_json, read_rows, refuse_unknown
from leadgen.cli.target import MAX_ID
from leadgen.errors import LeadGenError

DUE = "select b.id from leadgen.list_due_buyers(%s::timestamptz) b (id)"
INVOICE = "select leadgen.invoice_buyer(%s::bigint, %s::timestamptz, %s::boolean)"
SEND = "select leadgen.send_invoice(%s::text)"
CREDIT = "select leadgen.credit_invoice(%s::text, %s::text, %s::integer, %s::numeric, %s::text)"
CANCEL = "select leadgen.cancel_invoice(%s::text, %s::text)"
DISPUTE = "select leadgen.dispute_invoice(%s::text, %s::text)"
RESOLVE = "select leadgen.resolve_dispute(%s::text, %s::text)"
SHOW = "select leadgen.show_invoice(%s::text)"
LIST = "select i.invoice from leadgen.list_invoices(%(buyer)s, %(status)s, null, %(limit)s) i"
STATEMENT = "select leadgen.make_statement(%s::bigint, %s::date, %s::date)"
CLOSE = "select leadgen.close_month(%s::text)"
TOTAL = "select leadgen.total_month(%s::text)"
ID = "select i.id from leadgen.invoices i where i.kind = 'invoice' and (i.invoice_number, i.buyer_id) = (%s, %s)"
CLOSED = "select exists (select from leadgen.closed_periods c where c.period = %s) as closed"

app = typer.Typer(
    no_args_is_help=True,
    help="Invoices and credit notes: make, send, look at, print, cancel.",
)

Number = Annotated[
    str, typer.Argument(metavar="NUMBER", help="As `list` shows it: INV-2026-00017, CN-2026-00001, DRAFT-5.")
]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why; it is kept. No names of leads in it.")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to. Default: NUMBER.pdf here.")
]

Paid = Annotated[
    str | None,
    typer.Option(
        "--invoice", metavar="NUMBER", help="The invoice that it pays first, such as INV-2026-00017."
    ),
]


def find_invoice(number: str | None, buyer: int) -> int | None:
    """The id of the buyer's invoice of this number; none of none. Raises LeadGenError."""
    if number is None:
        return None
    rows = read_rows(ID, [number, buyer])
    if not rows:
        refuse_unknown(buyer=buyer)
        raise LeadGenError(
            f"no invoice {number} of buyer {buyer}: `leadgen money invoice list --buyer {buyer}` lists them"
        )
    found: int = rows[0]["id"]
    return found


def register(money: typer.Typer) -> None:
    """Put the commands of this file into `leadgen money`."""
    money.add_typer(app, name="invoice")
    money.command("credit-note")(credit_note)
    money.command()(statement)
    money.command()(close)


@app.command()
def run(
    until: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"],
            metavar="TIME",
            help="Bill periods that have ended by this time, UTC. Default: now.",
        ),
    ] = None,
    buyer: BuyerOption = None,
    early: Annotated[
        bool, typer.Option("--early", help="Bill what is unbilled of the open period, too. Needs --buyer.")
    ] = False,
) -> None:
    """Bill buyers whose period has ended, each in a transaction of its own. Workers do the same every minute.

    Example: leadgen money invoice run --buyer 7 --early
    """
    if early and buyer is None:
        raise LeadGenError("--early bills one buyer: add --buyer ID")
    moment = f"{until:%Y-%m-%dT%H:%M:%S}Z" if until else None
    due = [buyer] if buyer is not None else [row["id"] for row in read_rows(DUE, [moment or "now"])]
    count, drafts = 0, False
    for one in due:
        for number in call(INVOICE, [one, moment, early]):
            out.print(number)
            count += 1
            drafts = drafts or number.startswith("DRAFT-")
    err.print(
        f"{count} document{'' if count == 1 else 's'} for {len(due)} buyer{'' if len(due) == 1 else 's'}"
    )
    if drafts:
        err.print(
            "drafts are sent once billing_settings.company is set and sends_at_once is true, "
            "or by `leadgen money invoice send`"
        )


@app.command()
def send(number: Number) -> None:
    """Send a draft: it gets its number and date, is frozen, and its buyer gets it by e-mail.

    Example: leadgen money invoice send DRAFT-5
    """
    out.print(call(SEND, [number]))


@app.command("list")
def list_invoices(
    buyer: BuyerOption = None,
    status: Annotated[
        str | None,
        typer.Option(metavar="STATE", help="draft, sent, partly_paid, paid, overdue, disputed or cancelled."),
    ] = None,
    limit: Limit = 100,
    as_json: AsJson = False,
) -> None:
    """List invoices, credit notes and drafts, newest first.

    Example: leadgen money invoice list --status overdue
    """
    from leadgen.show.console import make_console

    found = read_rows(LIST, {"buyer": buyer, "status": status, "limit": min(limit, 1000)})
    rows = [row["invoice"] for row in found]
    if not rows:
        refuse_unknown(buyer=buyer)
    if as_json:
        print_json(rows)
        return
    if not rows:
        err.print("no invoices")
        return
    numbers = ("buyer", "leads", "net", "tax", "total", "open")
    fixed = ("number", "date", "due")
    table = plain_table("number", "state", "date", "due", *numbers, "currency", numbers=numbers)
    for column in table.columns:
        column.no_wrap = column.header in (*fixed, *numbers)
    for row in rows:
        table.add_row(
            Text(row["number"]),
            row["status"].replace("_", " "),
            row["issued_on"] or "",
            row["due_on"] if row["kind"] == "invoice" else "",
            str(row["buyer_id"]),
            str(row["leads"]),
            *(show_amount(row[name], row["currency"]) for name in ("net", "tax", "total", "open")),
            row["currency"],
        )
    make_console().print(table)


@app.command()
def show(
    number: Number,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print its lines as CSV.")] = False,
    as_html: Annotated[bool, typer.Option("--html", help="Print it as a page.")] = False,
) -> None:
    """Show an invoice, a credit note or a draft with its lines.

    Example: leadgen money invoice show INV-2026-00017 --csv
    """
    document = call(SHOW, [number])
    if as_json:
        print_json(document)
    elif as_csv:
        from leadgen.invoices.page import make_csv

        typer.echo(make_csv([document]), nl=False)
    elif as_html:
        from leadgen.invoices.page import make_page

        typer.echo(make_page(document))
    else:
        _print_document(document)


@app.command()
def pdf(number: Number, output: Output = None) -> None:
    """Write an invoice, a credit note or a draft as PDF.

    Example: leadgen money invoice pdf INV-2026-00017 -o invoice.pdf
    """
    from leadgen.invoices.pdf import make_pdf

    document = call(SHOW, [number])
    file = output or Path(f"{document['number']}.pdf")
    written = make_pdf(document)
    try:
        file.write_bytes(written)
    except OSError as error:
        raise LeadGenError(f"{file} cannot be written: {error.strerror}") from None
    err.print(f"{file}: {len(document['lines'])} lines, {len(written):,} bytes")


@app.command()
def cancel(number: Number, reason: Reason) -> None:
    """Cancel a draft, or an open invoice by a credit note for all that is left of it. Prints the credit note.

    Example: leadgen money invoice cancel INV-2026-00017 --reason "billed twice"
    """
    _print_numbers(call(CANCEL, [number, reason]))


@app.command()
def dispute(number: Number, reason: Reason) -> None:
    """Note that a buyer disputes an open invoice: no reminder goes out until `resolve`.

    Example: leadgen money invoice dispute INV-2026-00017 --reason "says that 3 leads never came"
    """
    call(DISPUTE, [number, reason])


@app.command()
def resolve(
    number: Number, notes: Annotated[str | None, typer.Option(metavar="TEXT", help="How it ended.")] = None
) -> None:
    """End a dispute: the invoice is to be paid. Where the buyer was right, credit or cancel it.

    Example: leadgen money invoice resolve INV-2026-00017 --notes "credited line 3"
    """
    call(RESOLVE, [number, notes])


def credit_note(
    number: Number,
    reason: Reason,
    line: Annotated[
        int | None, typer.Option(min=1, max=1_000_000, help="Only this line. Default: all lines.")
    ] = None,
    amount: Annotated[
        str | None, typer.Option(metavar="AMOUNT", help="Only so much of the line, without tax. Needs --key.")
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="One key for one credit: sent again it credits nothing."),
    ] = None,
) -> None:
    """Correct an invoice that was sent: give back what is left of it, or of a line, and send a credit note.

    Example: leadgen money credit-note INV-2026-00017 --line 3 --reason "wrong area"
    """
    part = None if amount is None else read_amount(amount, "--amount")
    _print_numbers(call(CREDIT, [number, reason, line, part, key]))


def statement(
    buyer: Annotated[int, typer.Argument(metavar="BUYER", min=1, max=MAX_ID, help="The buyer's id.")],
    start: Annotated[str, typer.Option("--from", metavar="DATE", help="The first day.")],
    end: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="The last day. Default: today.")
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what a buyer owed, what was booked, and what it owes: opening, movements, closing.

    Example: leadgen money statement 7 --from 2026-11-01 --to 2026-11-30 --csv
    """
    first, last = read_day(start, "--from"), read_day(end, "--to") if end else date.today()
    if last < first:
        raise LeadGenError(f"--to: found {last}, allowed a day from {first} on, which is that of --from")
    found = call(STATEMENT, [buyer, first, last])
    if as_json:
        print_json(found)
    elif as_csv:
        from leadgen.invoices.page import make_statement_csv

        typer.echo(make_statement_csv(found), nl=False)
    else:
        _print_statement(found)


def close(
    month: Annotated[str, typer.Argument(metavar="MONTH", help="A year and a month: 2026-11.")],
) -> None:
    """Close a month: nothing is booked into it any more, and `leadgen verify` proves its totals.

    Example: leadgen money close 2026-10
    """
    if not read_rows(CLOSED, [month])[0]["closed"]:
        call(CLOSE, [month])
    count = call(TOTAL, [month])
    err.print(f"{month} is closed: {count} total{'' if count == 1 else 's'} of accounts")


def _print_numbers(numbers: list[str]) -> None:
    for number in numbers:
        out.print(number)
    if not numbers:
        err.print("no credit note")


def _print_document(document: dict[str, Any]) -> None:
    from leadgen.show.console import make_console

    currency = document["currency"]
    table = plain_table("#", "when", "what", "net", "tax %", "tax", numbers=("#", "net", "tax %", "tax"))
    for line in document["lines"]:
        corrected = f" (of {line['corrects']})" if line["corrects"] else ""
        table.add_row(
            str(line["position"]),
            line["booked_at"],
            Text(line["description"] + corrected),
            show_amount(line["amount"], currency),
            line["tax_percent"],
            show_amount(line["tax_amount"], currency),
        )
    console = make_console()
    console.print(Text(f"{document['kind'].replace('_', ' ')} {document['number']}, {document['status']}"))
    console.print(Text(f"{document['to']['name']}, {document['from_day']} to {document['to_day']}"))
    console.print(table)
    for name in ("net", "tax", "total", "paid", "credited", "open"):
        console.print(Text(f"{name:9}{show_amount(document[name], currency):>14} {currency}"))


def _print_statement(found: dict[str, Any]) -> None:
    from leadgen.show.console import make_console

    table = plain_table("when", "what", "invoice", "amount", "owes", numbers=("amount", "owes"))
    currency = found["currency"]
    table.add_row(found["from"], "opening", "", "", show_amount(found["opening"], currency))
    for line in found["movements"]:
        table.add_row(
            line["booked_at"],
            Text(line["description"]),
            line["invoice"] or "",
            show_amount(line["amount"], currency),
            show_amount(line["balance"], currency),
        )
    table.add_row(found["to"], "closing", "", "", show_amount(found["closing"], currency))
    console = make_console()
    console.print(Text(f"{found['buyer']['name']}, in {found['currency']}, times of {found['timezone']}"))
    console.print(table)
