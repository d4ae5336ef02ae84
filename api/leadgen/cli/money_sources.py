"""`leadgen money payables`, `payout` and `source-statement`: what sources are owed and paid."""

import difflib
from datetime import datetime
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo

import typer
from rich.table import Table
from rich.text import Text

from leadgen.cli.amounts import read_amount, show_amount, show_change
from leadgen.cli.console import err, out, plain_table
from leadgen.cli.moments import read_moment
from leadgen.cli.money import Key, Memo, Method, Way, new_key
from leadgen.cli.offers import From, To, read_period
from leadgen.cli.rows import AsJson, Row, call, print_json, read_rows
from leadgen.errors import LeadGenError

SOURCES = """
select s.id, s.source_key, m.timezone
from leadgen.sources s
join leadgen.offers o on o.id = s.offer_id
join leadgen.markets m on m.id = o.market_id
"""
PAYABLES = """
select p.source_id, p.source, p.account, p.payout_policy, p.earned, p.taken_back, p.paid, p.owed, p.currency,
  p.last_paid_at
from report.source_payables p
order by p.source, p.currency
"""
STATEMENT = """
select s.booked_at, s.kind, s.key, s.lead_id, s.assignment_id, s.amount, s.balance, s.currency, s.memo
from leadgen.list_source_statement(%s::bigint, %s::timestamptz, %s::timestamptz, %s::text) s
"""
PAY = """
select leadgen.pay_source(%s::bigint, %s::text, %s::numeric, %s::timestamptz, %s::text, %s::text, %s::text)
"""
PAID = """
select sum(e.amount) filter (where e.transaction_id = %(id)s) as paid, -sum(e.amount) as owed,
  min(e.currency) as currency
from leadgen.ledger_entries e
where e.source_id = %(source)s and e.account = 'source_payable'
  and e.currency = (select t.currency from leadgen.ledger_transactions t where t.id = %(id)s)
"""
WORDS = {"cost": "earned", "cost_reversal": "taken back"}

SourceName = Annotated[str, typer.Argument(metavar="SOURCE", help="A source's id or its source_key.")]
Currency = Annotated[
    str | None,
    typer.Option(
        metavar="CODE", help="Which of its currencies, if it had several. Default: that of its market."
    ),
]


class Source(NamedTuple):
    """A source as commands need it."""

    id: int
    key: str
    zone: ZoneInfo


def payables(as_json: AsJson = False) -> None:
    """List what each source earned, what of it was taken back, what it was paid, and what it is owed.

    Example: leadgen money payables
    """
    from leadgen.show.console import make_console

    rows = read_rows(PAYABLES)
    if as_json:
        print_json(rows)
        return
    if not rows:
        err.print("no source was ever owed anything")
        return
    numbers = ("id", "earned", "taken back", "paid", "owed")
    table = plain_table(
        "id", "source", "payout policy", *numbers[1:], "currency", "last paid", numbers=numbers
    )
    for row in rows:
        table.add_row(
            str(row["source_id"]),
            Text(row["source"]),
            Text(row["payout_policy"] or ""),
            *(show_amount(row[name], row["currency"]) for name in ("earned", "taken_back", "paid", "owed")),
            row["currency"],
            f"{row['last_paid_at']:%Y-%m-%d}" if row["last_paid_at"] else "",
        )
    make_console().print(table)


def payout(
    source: SourceName,
    amount: Annotated[
        str | None, typer.Option(metavar="AMOUNT", help="How much was paid. Default: all that it is owed.")
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Pay what was booked before this time, of the market's zone without an offset. Default: all.",
        ),
    ] = None,
    memo: Memo = None,
    method: Way = Method.MANUAL,
    key: Key = None,
    currency: Currency = None,
) -> None:
    """Book what a source was paid, at most what it is owed. Moves no money by itself.

    Example: leadgen money payout austin-plumbing-v1 --until 2026-12-01 --method bank_transfer
    """
    found = find_source(source)
    paid = None if amount is None else read_amount(amount, "--amount")
    end = read_moment(until, "--until", found.zone) if until else None
    booked = call(PAY, [found.id, key or new_key(), paid, end, memo, method, currency])
    (row,) = read_rows(PAID, {"id": booked, "source": found.id})
    out.print(
        f"source {found.key}: paid {show_amount(row['paid'], row['currency'])} {row['currency']}, "
        f"transaction {booked}, owed {show_amount(row['owed'], row['currency'])} {row['currency']}"
    )


def source_statement(
    source: SourceName,
    start: From = None,
    end: To = None,
    currency: Currency = None,
    as_json: AsJson = False,
) -> None:
    """Show what a source was owed and paid in a period: the balance before, each movement, the balance after.

    Example: leadgen money source-statement austin-plumbing-v1 --from 2026-11-01 --to 2026-12-01
    """
    from leadgen.show.console import make_console

    found = find_source(source)
    since, until = read_period(start, end, found.zone)
    rows = read_rows(STATEMENT, [found.id, since, until, currency])
    if as_json:
        print_json(rows)
        return
    make_console().print(statement_table(rows, found.zone))


def find_source(name: str) -> Source:
    """The source by id or source_key. Raises LeadGenError when there is none, with the one that was meant."""
    sources = [Source(row["id"], row["source_key"], ZoneInfo(row["timezone"])) for row in read_rows(SOURCES)]
    for source in sources:
        if name in (str(source.id), source.key):
            return source
    keys = sorted(source.key for source in sources)
    alike = difflib.get_close_matches(name.lower(), keys, n=1, cutoff=0.5)
    way_out = f"did you mean {alike[0]}?" if alike else f"there are {', '.join(keys[:20]) or 'none yet'}"
    raise LeadGenError(f"no source {name}: {way_out}")


def statement_table(rows: list[Row], zone: ZoneInfo) -> Table:
    """One row a movement, between the opening and the closing balance; times in the market's zone."""
    numbers = ("lead", "sale", "amount", "owed")
    table = plain_table(f"when ({zone.key})", "what", *numbers, "currency", "memo", numbers=numbers)
    for row in rows:
        table.add_row(
            show_moment(row["booked_at"], zone),
            WORDS.get(row["kind"], row["kind"]),
            str(row["lead_id"] or ""),
            str(row["assignment_id"] or ""),
            "" if row["amount"] is None else show_change(row["amount"], row["currency"]),
            show_amount(row["balance"], row["currency"]),
            row["currency"],
            Text(row["memo"] or ""),
        )
    return table


def show_moment(moment: datetime, zone: ZoneInfo) -> str:
    """`2026-11-20 08:00:00` in a zone."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}"
