"""`leadgen money`: what buyers have left and owe, and what is booked by hand."""

import uuid
from enum import StrEnum
from typing import Annotated

import typer
from rich.text import Text

from leadgen.cli import money_invoices
from leadgen.cli.amounts import read_amount, show_amount, show_change
from leadgen.cli.buyers import BuyerId
from leadgen.cli.console import err, out, plain_table
from leadgen.cli.rows import AsJson, Limit, Row, call, print_json, read_rows, refuse_unknown
from leadgen.cli.sales import Sale
from leadgen.cli.target import MAX_ID
from leadgen.errors import LeadGenError

BALANCES = """
select b.buyer_id, b.buyer, b.billing_mode, b.currency, b.balance, b.reserved, b.receivable, b.credit_limit,
  b.credit_left
from report.buyer_balances b
where (%(buyer)s::bigint is null or b.buyer_id = %(buyer)s)
  and (not %(low)s or exists (select from leadgen.buyers x where x.id = b.buyer_id and x.low_since is not null))
order by b.buyer, b.buyer_id
"""
LEDGER = """
select p.id, p.created_at, p.transaction_type, p.amount, p.currency, p.account, p.balance_after, p.assignment_id,
  p.lead_id, p.memo, p.created_by, p.key
from report.provider_ledger p
where p.provider_id = %s
order by p.id desc
limit %s
"""
BALANCE_OF = "select balance, receivable, currency from report.buyer_balances where buyer_id = %s"
WITHDRAW = "select leadgen.withdraw(%s::bigint, %s::numeric, %s::text, %s::text, %s::text)"
CREDIT = "select leadgen.credit_buyer(%s::bigint, %s::numeric, %s::text, %s::text)"
DEBIT = "select leadgen.debit_buyer(%s::bigint, %s::numeric, %s::text, %s::text)"
REFUND = "select leadgen.refund_sale(%s::bigint, %s::numeric, %s::text, %s::text)"
REFUND_LEAD = "select leadgen.refund_lead(%s::bigint, %s::text, %s::text)"

Amount = Annotated[
    str, typer.Argument(metavar="AMOUNT", help="In the buyer's currency, such as 250 or 99.50.")
]
Key = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT",
        help="One key for one event: booked again under its key, it books nothing. Default: a new one.",
    ),
]
Memo = Annotated[str | None, typer.Option(metavar="TEXT", help="Kept with the booking.")]
Reason = Annotated[
    str, typer.Option(metavar="TEXT", help="Why; kept with the booking. No names of leads in it.")
]


class Method(StrEnum):
    """How a payment came that a person books."""

    MANUAL = "manual"
    BANK_TRANSFER = "bank_transfer"
    CHECK = "check"
    PAYPAL = "paypal"


Way = Annotated[Method, typer.Option("--method", help="How it was paid.")]

app = typer.Typer(
    no_args_is_help=True, help="What buyers have left, owe and are billed, and what is booked by hand."
)
money_invoices.register(app)


@app.command()
def balance(
    buyer: Annotated[
        int | None,
        typer.Argument(metavar="[BUYER]", min=1, max=MAX_ID, help="Only this buyer. Default: all."),
    ] = None,
    low: Annotated[
        bool, typer.Option("--low", help="Only those that were told that their money runs low.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what buyers have left, what is reserved for sales they have not accepted, what they owe, and their credit.

    Example: leadgen money balance 7
    """
    from leadgen.show.console import make_console

    rows = read_rows(BALANCES, {"buyer": buyer, "low": low})
    if not rows:
        refuse_unknown(buyer=buyer)
    if as_json:
        print_json(rows)
        return
    if not rows:
        err.print("no buyer's money runs low" if low else "no buyers")
        return
    columns = {
        "balance": "balance",
        "reserved": "reserved",
        "owes": "owes",
        "paid too much": "overpaid",
        "credit limit": "credit_limit",
        "credit left": "credit_left",
    }
    for row in rows:
        row["owes"], row["overpaid"] = max(row["receivable"], 0), -min(row["receivable"], 0) or None
    if all(row["overpaid"] is None for row in rows):
        del columns["paid too much"]
    table = plain_table("id", "buyer", "billing", *columns, "currency", numbers=("id", *columns))
    for row in rows:
        table.add_row(
            str(row["buyer_id"]),
            Text(row["buyer"]),
            row["billing_mode"],
            *(show_amount(row[name], row["currency"]) for name in columns.values()),
            row["currency"] or "",
        )
    make_console().print(table)


@app.command()
def ledger(buyer: BuyerId, limit: Limit = 50, as_json: AsJson = False) -> None:
    """Show what was booked of a buyer, the latest first: deposits, leads, refunds, credits, debits.

    Example: leadgen money ledger 7 --limit 20
    """
    from leadgen.show.console import make_console

    rows = read_rows(LEDGER, [buyer, limit])
    if not rows:
        refuse_unknown(buyer=buyer)
    if as_json:
        print_json(rows)
        return
    if not rows:
        err.print(f"nothing is booked of buyer {buyer}")
        return
    numbers = ("amount", "after", "sale", "lead")
    table = plain_table("when (UTC)", "what", *numbers[:2], "account", *numbers[2:], "memo", numbers=numbers)
    for row in rows:
        table.add_row(
            f"{row['created_at']:%Y-%m-%d %H:%M:%S}",
            row["transaction_type"].replace("_", " "),
            show_change(row["amount"], row["currency"]),
            show_amount(row["balance_after"], row["currency"]),
            "balance" if row["account"] == "buyer_prepaid" else "owes",
            str(row["assignment_id"] or ""),
            str(row["lead_id"] or ""),
            Text(row["memo"] or ""),
        )
    make_console().print(table)


@app.command()
def withdraw(
    buyer: BuyerId, amount: Amount, memo: Memo = None, method: Way = Method.MANUAL, key: Key = None
) -> None:
    """Book what a buyer was paid back of its balance.

    Example: leadgen money withdraw 7 100 --memo "account closed"
    """
    book(WITHDRAW, buyer, amount, key, memo, method)


@app.command()
def credit(buyer: BuyerId, amount: Amount, reason: Reason, key: Key = None) -> None:
    """Credit a buyer: its balance rises, or it owes less.

    Example: leadgen money credit 7 25 --reason "late delivery on Monday"
    """
    book(CREDIT, buyer, amount, key, reason)


@app.command()
def debit(buyer: BuyerId, amount: Amount, reason: Reason, key: Key = None) -> None:
    """Debit a buyer: its balance falls, or it owes more; never beyond its balance or its credit limit.

    Example: leadgen money debit 7 25 --reason "set-up fee"
    """
    book(DEBIT, buyer, amount, key, reason)


@app.command()
def refund(
    sale: Sale,
    reason: Reason,
    amount: Annotated[
        str | None, typer.Option(metavar="AMOUNT", help="A part of its price. Default: all that is left.")
    ] = None,
    key: Key = None,
) -> None:
    """Give a sale's price back to its buyer, or a part of it. The sale stands; `leadgen return` ends it.

    Example: leadgen money refund 4711 --amount 20 --reason "half of the answers were wrong"
    """
    part = None if amount is None else read_amount(amount, "--amount")
    booked = call(REFUND, [sale, part, key or new_key(), reason])
    if booked is None:
        raise LeadGenError(f"sale {sale} was not booked: nothing to give back")
    out.print(f"sale {sale}: given back, transaction {booked}")


@app.command("refund-lead")
def refund_lead(
    lead: Annotated[int, typer.Argument(metavar="LEAD", min=1, max=MAX_ID, help="The id of a lead.")],
    reason: Annotated[str, typer.Option(metavar="CODE", help="A code that `leadgen returns reasons` lists.")],
    note: Annotated[str | None, typer.Option(help="Kept with each return; no names in it.")] = None,
) -> None:
    """A lead is bad: return all of its sales at once, and offer it to nobody else.

    Example: leadgen money refund-lead 12345 --reason spam
    """
    count = call(REFUND_LEAD, [lead, reason, note])
    out.print(f"lead {lead}: {count} {'sale' if count == 1 else 'sales'} given back")


def book(query: str, buyer: int, amount: str, key: str | None, *words: str | None) -> None:
    """Book an amount of a buyer, and say what it has then."""
    booked = call(query, [buyer, read_amount(amount, "AMOUNT"), key or new_key(), *words])
    (row,) = read_rows(BALANCE_OF, [buyer])
    out.print(f"buyer {buyer}: transaction {booked}, {describe_money(row)}")


def describe_money(row: Row) -> str:
    """`balance 250.00 USD`, with what it owes or has paid too much if that is anything."""
    owed, currency = row["receivable"], row["currency"]
    shown = f"{show_amount(abs(owed), currency)} {currency}"
    owes = f", owes {shown}" if owed > 0 else f", paid {shown} too much" if owed else ""
    return f"balance {show_amount(row['balance'], currency)} {currency}{owes}"


def new_key() -> str:
    """A key for an event that nobody gave one."""
    return f"manual:{uuid.uuid4()}"
