"""`leadgen money replacements`: leads that are owed to buyers for returns."""

from typing import Annotated

import typer
from rich.text import Text

from leadgen.cli.amounts import show_amount
from leadgen.cli.console import err, out, plain_table, show_minute
from leadgen.cli.money import Reason
from leadgen.cli.rows import AsJson, BuyerOption, Id, Limit, call, print_json, read_rows, refuse_unknown

LIST = """
select r.id, r.created_at, r.buyer_id, b.name as buyer, o.slug as offer, r.assignment_id, a.lead_id, r.amount,
  r.currency, r.status, r.used_by, r.ended_at, r.ended_by, r.reason
from leadgen.replacements r
join leadgen.buyers b on b.id = r.buyer_id
join leadgen.offers o on o.id = r.offer_id
join leadgen.lead_assignments a on a.id = r.assignment_id
where (%(buyer)s::bigint is null or r.buyer_id = %(buyer)s) and (%(all)s or r.status = 'owed')
order by r.id desc
limit %(limit)s
"""
END = "select leadgen.end_replacement(%s::bigint, %s::text)"
MONEY_OF = """
select b.name as buyer, r.currency
from leadgen.replacements r
join leadgen.buyers b on b.id = r.buyer_id
where r.id = %s
"""

app = typer.Typer(
    no_args_is_help=True,
    help="Leads that buyers are owed for returns: look at them, or give the money instead.",
)


@app.command("list")
def list_replacements(
    buyer: BuyerOption = None,
    every: Annotated[bool, typer.Option("--all", help="Those that were used or ended, too.")] = False,
    limit: Limit = 100,
    as_json: AsJson = False,
) -> None:
    """List leads that are owed for returns, newest first: of which sale, and which sale replaced it.

    Example: leadgen money replacements list --buyer 7
    """
    from leadgen.show.console import make_console

    rows = read_rows(LIST, {"buyer": buyer, "all": every, "limit": limit})
    if not rows:
        refuse_unknown(buyer=buyer)
    if as_json:
        print_json(rows)
        return
    if not rows:
        err.print("no replacements" if every else "no lead is owed")
        return
    numbers = ("id", "sale", "amount", "replaced by")
    table = plain_table(
        "id",
        "since, UTC",
        "buyer",
        "offer",
        "sale",
        "amount",
        "currency",
        "status",
        "replaced by",
        numbers=numbers,
    )
    for row in rows:
        table.add_row(
            str(row["id"]),
            show_minute(row["created_at"]),
            Text(row["buyer"]),
            row["offer"],
            str(row["assignment_id"]),
            show_amount(row["amount"], row["currency"]),
            row["currency"],
            row["status"],
            str(row["used_by"] or ""),
        )
    make_console().print(table)


@app.command()
def end(replacement: Id, reason: Reason) -> None:
    """Give a buyer its money instead of the lead that it is owed.

    Example: leadgen money replacements end 3 --reason "the buyer leaves"
    """
    amount = call(END, [replacement, reason])
    (row,) = read_rows(MONEY_OF, [replacement])
    out.print(
        f"{row['buyer']} gets {show_amount(amount, row['currency'])} {row['currency']} in place of a lead",
        markup=False,
    )
