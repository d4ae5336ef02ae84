"""`leadgen money payments`: what buyers pay, what is paid back, and who is recharged."""

from enum import StrEnum
from typing import Annotated, Any

import psycopg
import typer
from rich.text import Text

from leadgen.cli import money_bank
from leadgen.cli.amounts import read_amount, show_amount
from leadgen.cli.buyers import BuyerId
from leadgen.cli.console import err, out, plain_table, show_minute
from leadgen.cli.money import Amount, Key, Memo, Method, Reason, Way, describe_money, new_key
from leadgen.cli.money_invoices import SHOW, Number, Paid, find_invoice
from leadgen.cli.rows import AsJson, BuyerOption, Id, Limit, Row, call, print_json, read_rows, refuse_unknown
from leadgen.cli.target import database_url
from leadgen.db.session import connect
from leadgen.errors import LeadGenError
from leadgen.payments.due import CLAIM_CALLS, RECORD_ANSWER, Due, answer_arguments
from leadgen.settings import load_settings
from leadgen.words import money

LIST = """
select p.id, p.created_at, p.buyer_id, b.name as buyer, p.purpose, p.amount, p.currency, p.method, p.status, p.received,
  p.fee, (
    select coalesce(sum(r.booked), 0) from leadgen.payment_reversals r where r.payment_id = p.id
  ) as taken_back, p.invoice_id, p.provider_id, p.session_url, p.failure_code, p.failure_reason, p.key, p.memo,
  p.created_by
from leadgen.payments p
join leadgen.buyers b on b.id = p.buyer_id
where (%(id)s::bigint is null or p.id = %(id)s)
  and (%(buyer)s::bigint is null or p.buyer_id = %(buyer)s)
  and (%(status)s::text is null or p.status = %(status)s)
order by p.id desc
limit %(limit)s
"""
REVERSALS = """
select r.id, r.created_at, r.kind, r.amount, r.status, r.reason, r.fee, r.provider_id, r.failure_reason, r.created_by
from leadgen.payment_reversals r
where r.payment_id = %s
order by r.id
"""
EVENTS = """
select e.id, e.received_at, e.event_id, e.type, e.outcome, e.tries, e.error
from leadgen.payment_events e
where %(all)s or e.processed_at is null or e.outcome = 'gave_up'
order by e.id desc
limit %(limit)s
"""
MONEY_OF = """
select p.status, b.balance, b.receivable, b.currency
from leadgen.payments p join leadgen.buyers b on b.id = p.buyer_id
where p.id = %s
"""
ADD = "select leadgen.add_payment(%s::bigint, %s::numeric, %s::leadgen.payment_method, %s::text, %s::text, %s::bigint)"
CHECKOUT = (
    "select leadgen.start_checkout(%s::bigint, %s::numeric, %s::text, %s::boolean, %s::text, %s::bigint)"
)
ALLOCATE = "select leadgen.allocate_money(%s::text)"
REFUND = "select leadgen.refund_payment(%s::bigint, %s::numeric, %s::text, %s::text)"
WRITE_OFF = "select leadgen.write_off_receivable(%s::bigint, %s::numeric, %s::text, %s::text)"
READY = """
select b.billing_mode = 'prepaid' as mode, b.payment_method = 'stripe' and b.payment_method_id is not null as method
from leadgen.buyers b
where b.id = %s
"""
RECHARGE = "select leadgen.set_recharge(%s::bigint, %s::numeric, %s::numeric, %s::numeric)"

app = typer.Typer(no_args_is_help=True, help="What buyers pay, what is paid back, and who is recharged.")
app.add_typer(money_bank.app)


class Status(StrEnum):
    """The states of a payment."""

    PENDING = "pending"
    UNKNOWN = "unknown"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    DISPUTED = "disputed"


@app.command()
def add(
    buyer: BuyerId,
    amount: Amount,
    method: Way = Method.MANUAL,
    memo: Memo = None,
    invoice: Paid = None,
    key: Key = None,
) -> None:
    """Book a payment that has come. It pays what the buyer owes; what is over is its balance.

    What is over of an invoiced buyer's payment pays its next invoices. `leadgen money top-up` is the same command.

    Example: leadgen money payments add 7 250 --method bank_transfer --key "bank 2026-11-30 4"
    """
    booked = call(
        ADD,
        [buyer, read_amount(amount, "AMOUNT"), method, key or new_key(), memo, find_invoice(invoice, buyer)],
    )
    out.print(describe_payment(booked))


def top_up(
    buyer: BuyerId,
    amount: Amount,
    method: Way = Method.MANUAL,
    memo: Memo = None,
    invoice: Paid = None,
    key: Key = None,
) -> None:
    """Book a payment that has come: the same as `leadgen money payments add`.

    Leads that waited for the money are offered again.

    Example: leadgen money top-up 7 250 --method bank_transfer --memo "check 1042"
    """
    add(buyer, amount, method, memo, invoice, key)


@app.command()
def allocate(number: Number) -> None:
    """Pay this invoice first from what its buyer paid and no invoice has yet, though it is disputed.

    Without it the oldest invoice is paid first, and a disputed one is left out.

    Example: leadgen money payments allocate INV-2026-00017
    """
    call(ALLOCATE, [number])
    document = call(SHOW, [number])
    left = f"{show_amount(document['open'], document['currency'])} {document['currency']}"
    out.print(f"{number} is {document['status'].replace('_', ' ')}, {left} open")


@app.command()
def checkout(
    buyer: BuyerId,
    amount: Amount,
    save: Annotated[
        bool, typer.Option("--save", help="Keep the buyer's method at Stripe, for recharges.")
    ] = False,
    memo: Annotated[str | None, typer.Option(metavar="TEXT", help="What the page says it is for.")] = None,
    invoice: Paid = None,
    key: Key = None,
) -> None:
    """Ask for a payment on Stripe's page, and print its address for the buyer. Stripe keeps the card; we never see it.

    With STRIPE_SECRET_KEY in the environment the page is opened at once, else by a worker.

    Example: leadgen money payments checkout 7 250 --save
    """
    asked = call(
        CHECKOUT,
        [buyer, read_amount(amount, "AMOUNT"), key or new_key(), save, memo, find_invoice(invoice, buyer)],
    )
    ask_stripe(asked)
    (row,) = read_payments(asked)
    if row["session_url"]:
        out.print(row["session_url"], markup=False, soft_wrap=True)
        err.print(f"payment {asked} is {row['status']}: it is booked once Stripe says that it came")
    else:
        why = f" ({row['failure_reason']})" if row["failure_reason"] else ""
        err.print(
            f"payment {asked} is {row['status']}{why}: `leadgen money payments show {asked}` has its address "
            "once it is open"
        )


@app.command("list")
def list_payments(
    buyer: BuyerOption = None,
    status: Annotated[Status | None, typer.Option(help="Only those in this state.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List payments, the latest first.

    Example: leadgen money payments list --buyer 7
    """
    from leadgen.show.console import make_console

    rows = read_rows(LIST, {"id": None, "buyer": buyer, "status": status, "limit": limit})
    if not rows:
        refuse_unknown(buyer)
    if as_json:
        print_json(rows)
        return
    if not rows:
        err.print("no payments")
        return
    numbers = ("id", "amount", "taken back", "fee")
    table = plain_table(
        "id",
        "asked, UTC",
        "buyer",
        "amount",
        "taken back",
        "fee",
        "",
        "method",
        "for",
        "status",
        numbers=numbers,
    )
    for row in rows:
        table.add_row(
            str(row["id"]),
            show_minute(row["created_at"]),
            Text(row["buyer"]),
            *(
                "" if row[name] is None else money(row[name], row["currency"])
                for name in ("amount", "taken_back", "fee")
            ),
            row["currency"],
            row["method"],
            row["purpose"].replace("_", " "),
            row["status"],
        )
    make_console().print(table)


@app.command()
def show(payment: Id, as_json: AsJson = False) -> None:
    """Show a payment: its state, why it failed, its refunds and disputes, and where the buyer pays.

    Example: leadgen money payments show 12
    """
    (row,) = read_payments(payment)
    reversals = read_rows(REVERSALS, [payment])
    if as_json:
        print_json(row | {"reversals": reversals})
        return
    for name, value in row.items():
        if value is not None:
            shown = show_minute(value) if name == "created_at" else value
            out.print(f"{name.replace('_', ' '):<15} {shown}", markup=False, soft_wrap=True)
    for one in reversals:
        why = one["failure_reason"] or one["reason"]
        out.print(
            f"{one['kind']} {one['id']}: {money(one['amount'], row['currency'])} {row['currency']}, {one['status']}"
            + (f" ({why})" if why else ""),
            markup=False,
            soft_wrap=True,
        )


@app.command()
def refund(
    payment: Id,
    reason: Reason,
    amount: Annotated[
        str | None, typer.Option(metavar="AMOUNT", help="A part of it. Default: all that is left.")
    ] = None,
    key: Key = None,
) -> None:
    """Pay a payment back, at most a prepaid buyer's balance: by Stripe where it came from there; else a person does.

    Example: leadgen money payments refund 12 --amount 50 --reason "account closed"
    """
    part = None if amount is None else read_amount(amount, "--amount")
    made = call(REFUND, [payment, part, key or new_key(), reason])
    ask_stripe(payment)
    (one,) = [row for row in read_rows(REVERSALS, [payment]) if row["id"] == made]
    out.print(f"refund {made} is {one['status']}; {describe_payment(payment)}")


@app.command("write-off")
def write_off(buyer: BuyerId, amount: Amount, reason: Reason, key: Key = None) -> None:
    """Give up a part of what a buyer owes.

    Example: leadgen money payments write-off 7 15.50 --reason "insolvent"
    """
    booked = call(WRITE_OFF, [buyer, read_amount(amount, "AMOUNT"), key or new_key(), reason])
    out.print(f"buyer {buyer}: transaction {booked}, written off {amount}")


@app.command()
def recharge(
    buyer: BuyerId,
    below: Annotated[
        str | None, typer.Option(metavar="AMOUNT", help="Recharge when the balance is below this.")
    ] = None,
    amount: Annotated[str | None, typer.Option(metavar="AMOUNT", help="By how much.")] = None,
    budget: Annotated[
        str | None, typer.Option(metavar="AMOUNT", help="At most so much in a calendar month.")
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="No recharges any more.")] = False,
) -> None:
    """Recharge a prepaid buyer by its saved method when its balance is low. Ends the pause after a decline.

    Example: leadgen money payments recharge 7 --below 100 --amount 250 --budget 1000
    """
    given = {"--below": below, "--amount": amount, "--budget": budget}
    missing = [name for name, value in given.items() if value is None]
    if off and len(missing) < len(given):
        raise LeadGenError("--off: found amounts beside it, allowed --off alone")
    if not off and missing:
        raise LeadGenError(f"{', '.join(missing)}: found nothing, allowed an amount; --off ends recharges")
    amounts = [None if value is None else read_amount(value, name) for name, value in given.items()]
    call(RECHARGE, [buyer, *amounts])
    out.print(
        f"buyer {buyer}: "
        + ("no recharges" if off else f"recharged by {amount} below {below}, at most {budget} a month")
    )
    (ready,) = read_rows(READY, [buyer])
    if not off and not ready["mode"]:
        err.print("not yet: only a prepaid buyer is recharged; see buyers.billing_mode")
    elif not off and not ready["method"]:
        err.print(
            "not yet: the buyer has no saved method; `leadgen money payments checkout BUYER AMOUNT --save` saves one"
        )


@app.command()
def events(
    all_of_them: Annotated[bool, typer.Option("--all", help="Those that were followed, too.")] = False,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List events of payment providers that were not followed: they wait, failed, or were given up.

    Example: leadgen money payments events
    """
    rows = read_rows(EVENTS, {"all": all_of_them, "limit": limit})
    if as_json:
        print_json(rows)
        return
    if not rows:
        err.print("no event waits")
        return
    table = plain_table(
        "id", "received, UTC", "event", "type", "outcome", "tries", "error", numbers=("id", "tries")
    )
    for row in rows:
        table.add_row(
            str(row["id"]),
            show_minute(row["received_at"]),
            row["event_id"],
            row["type"],
            row["outcome"] or "new",
            str(row["tries"]),
            Text(row["error"] or ""),
        )
    out.print(table)


def read_payments(payment: int) -> list[Row]:
    """The one payment of this id. Raises LeadGenError when there is none."""
    rows = read_rows(LIST, {"id": payment, "buyer": None, "status": None, "limit": 1})
    if not rows:
        raise LeadGenError(f"no payment {payment}: `leadgen money payments list` shows them")
    return rows


def describe_payment(payment: int) -> str:
    """`payment 12 is completed: balance 250.00 USD`."""
    (row,) = read_rows(MONEY_OF, [payment])
    return f"payment {payment} is {row['status']}: {describe_money(row)}"


def ask_stripe(payment: int) -> None:
    """Make the calls to Stripe that are due for a payment, where this process may; else a worker makes them."""
    settings = load_settings()
    if settings.stripe_secret_key is None:
        return
    from leadgen.payments.stripe_api import StripeApi

    api = StripeApi(
        settings.stripe_secret_key,
        settings.stripe_api_url,
        settings.stripe_timeout_seconds,
        settings.stripe_return_url or settings.public_url,
    )
    with connect(database_url(), autocommit=True) as connection:
        for due in claim(connection, payment):
            called = api.call(due.call, due.parameters, due.key)
            connection.execute(RECORD_ANSWER, answer_arguments(due, called))


def claim(connection: psycopg.Connection[Any], payment: int) -> list[Due]:
    """The calls that are due for a payment."""
    return [Due(*row) for row in connection.execute(CLAIM_CALLS, (10, payment)).fetchall()]
