"""What the demo shows at the end: short parts, read from the database and from the buyers."""

from collections import Counter
from collections.abc import Sequence
from statistics import median, quantiles
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from leadgen.demo.billing import Bill
from leadgen.demo.buyers import Receipts
from leadgen.demo.checks import Findings
from leadgen.demo.posting import Answer
from leadgen.demo.returning import Story
from leadgen.show.account import show_account
from leadgen.whatif.words import headline

Row = dict[str, Any]
Connection = psycopg.Connection[Any]

MOST_COMPLAINTS = 10  # shown of each kind

FUNNEL = """
select
  f.offer,
  r.config ->> 'strategy' as strategy,
  coalesce((r.config ->> 'max_buyers')::integer, 1) as max_buyers,
  sum(f.came_received)::integer as received,
  sum(f.came_received - f.came_valid)::integer as rejected,
  sum(f.came_sold)::integer as sold,
  sum(f.came_held)::integer as held,
  sum(f.came_valid - f.came_sold - f.came_held)::integer as unsold,
  (select count(*) from report.sales s where s.offer = f.offer and s.released_at is null)::integer as sales,
  sum(f.came_net) as revenue
from report.funnel f
join leadgen.offers o on o.slug = f.offer
join leadgen.routing_policies r on r.id = o.routing_policy_id
group by f.offer, r.config, o.id
order by o.id
"""
BUYERS = """
select
  o.slug as offer,
  b.name as buyer,
  coalesce(bo.price_per_lead, o.default_price_per_lead) as price,
  count(a.id)::integer as sold,
  bo.capacity_per_hour as per_hour,
  bo.capacity_per_day as per_day,
  bo.pause_until > current_timestamp as is_paused,
  b.balance < bo.min_balance_required as is_short,
  count(a.id) filter (where a.is_exclusive)::integer as owned,
  coalesce(sum(a.price), 0) as revenue
from leadgen.buyer_offers bo
join leadgen.offers o on o.id = bo.offer_id
join leadgen.buyers b on b.id = bo.buyer_id
left join leadgen.lead_assignments a on a.buyer_offer_id = bo.id
group by o.id, b.id, bo.id
order by o.id, bo.id
"""
REFUSALS = """
select code, field, count(*)::integer as leads
from report.rejections
where position = 1
group by code, field
order by leads desc, code, field
"""
DELIVERIES = """
select
  count(*) filter (where d.channel = 'webhook')::integer as webhooks,
  count(*) filter (where d.channel = 'email')::integer as emails,
  count(*) filter (where d.status = 'dead')::integer as dead,
  count(*) filter (where d.channel = 'webhook' and d.finished_at > away.since)::integer as waited,
  string_agg(distinct away.buyer, ', ') as away_buyers,
  sum(greatest(d.attempts - 1, 0))::integer as retries
from leadgen.deliveries d
left join (
  select e.buyer_id, b.name::text as buyer, min(e.created_at) as since
  from leadgen.events e
  join leadgen.buyers b on b.id = e.buyer_id
  where e.kind = 'endpoint_disabled'
  group by e.buyer_id, b.name
) away on away.buyer_id = d.buyer_id
"""
SOLD_AT = """
select 'msg_' || replace(message_id::text, '-', ''), extract(epoch from created_at)::double precision
from leadgen.deliveries
where channel = 'webhook'
"""
# Best where somebody won, somebody was over a cap, somebody outside the area, and losers had many reasons.
INTERESTING = """
select lead_id
from report.candidates
group by lead_id
having max(attempt) = 1
order by
  (bool_or(won) and bool_or(reason like 'cap_%') and bool_or(reason = 'outside_service_area')) is true desc,
  count(distinct reason) desc,
  count(rank) desc,
  lead_id
limit 1
"""
# By currency, and by how a buyer pays. What was given back is booked by itself: revenue is not taken back.
MONEY = """
select
  t.currency,
  case e.account when 'buyer_prepaid' then 'prepaid' else 'invoiced' end as mode,
  count(distinct t.buyer_id)::integer as buyers,
  coalesce(sum(-e.amount) filter (
    where t.kind in ('deposit', 'withdrawal', 'payment', 'payment_refund', 'chargeback')), 0) as paid_in,
  coalesce(sum(e.amount) filter (where t.kind = 'sale'), 0) as sold,
  coalesce(sum(-e.amount) filter (where t.kind in ('return', 'release', 'refund')), 0) as given_back,
  sum(case e.account when 'buyer_prepaid' then -e.amount else e.amount end) as at_the_end
from leadgen.ledger_transactions t
join leadgen.ledger_entries e on e.transaction_id = t.id and e.account in ('buyer_prepaid', 'buyer_receivable')
group by t.currency, e.account
order by t.currency, e.account
"""

# The enrollment whose daily cap kept the most money away, with twice that cap.
REHEARSED = """
select leadgen.what_if(c.offer_id, now() - interval '1 day', now() + interval '1 day',
  jsonb_build_object('enrollments', jsonb_build_object(
    c.buyer_offer_id, jsonb_build_object('capacity_per_day', 2 * c.cap_day))))
from (
  select d.offer_id, c.buyer_offer_id, c.cap_day
  from report.candidates c
  join leadgen.lead_decisions d on d.lead_id = c.lead_id and d.attempt = c.attempt
  where c.reason = 'cap_day' and d.winners = '{}'
  group by d.offer_id, c.buyer_offer_id, c.cap_day
  order by sum(c.price) desc, c.buyer_offer_id
  limit 1
) c
"""


def show_report(
    console: Console,
    connection: Connection,
    answers: Sequence[Answer],
    receipts: Receipts,
    findings: Findings,
    story: Story,
    bill: Bill,
) -> None:
    """Print the parts."""
    show_funnel(console, rows(connection, FUNNEL), answers)
    show_buyers(console, rows(connection, BUYERS))
    side_by_side = Table.grid(padding=(0, 6, 0, 0))
    side_by_side.add_row(
        refusals_table(rows(connection, REFUSALS), answers),
        deliveries_table(rows(connection, DELIVERIES)[0], receipts, latencies(connection, receipts)),
    )
    console.print(side_by_side)
    console.print()
    lead_id = find_interesting_lead(connection)
    if lead_id is not None:
        console.print(Text("One decision, candidate by candidate", style="bold cyan"))
        console.print(show_account(explain(connection, lead_id)))
        console.print()
    for (outcome,) in connection.execute(REHEARSED):
        console.print(Text("What if: one change, tried on these leads", style="bold cyan"))
        console.print(f"{headline(outcome)}.")
        console.print()
    console.print(Text("One lead, returned", style="bold cyan"))
    console.print(str(story))
    console.print()
    show_money(console, rows(connection, MONEY), bill)
    show_findings(console, findings, answers)


def show_money(console: Console, parts: Sequence[Row], bill: Bill) -> None:
    """What buyers paid in, bought and got back, and what they have left or owe. The ledger is proved below."""
    console.print(Text("The money", style="bold cyan"))
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("buyers", "currency"):
        table.add_column(name)
    for name in ("paid in advance", "bought", "given back", "left", "owed"):
        table.add_column(name, justify="right")
    for part in parts:
        is_prepaid = part["mode"] == "prepaid"
        amounts = [part["paid_in"] if is_prepaid else None, part["sold"], part["given_back"]]
        amounts += [part["at_the_end"], None] if is_prepaid else [None, part["at_the_end"]]
        table.add_row(
            f"{part['buyers']} {part['mode']}",
            part["currency"],
            *("" if amount is None else f"{amount:,.2f}" for amount in amounts),
        )
    console.print(table)
    console.print(f"Invoice {bill}", markup=False, soft_wrap=True)
    console.print()


def rows(connection: Connection, query: LiteralString) -> list[Row]:
    """The rows of a query, as {column: value}."""
    return connection.cursor(row_factory=dict_row).execute(query).fetchall()


def find_interesting_lead(connection: Connection) -> int | None:
    """A lead whose decision is worth reading; None when there was no decision."""
    row = connection.execute(INTERESTING).fetchone()
    return row[0] if row else None


def explain(connection: Connection, lead_id: int) -> Row:
    """The account of a lead."""
    row = connection.execute("select leadgen.explain_lead(%s)", [lead_id]).fetchone()
    account: Row = row[0] if row else {}
    return account


def titled(title: str, words: Sequence[str], numbers: Sequence[str]) -> Table:
    """An unboxed table, narrow enough for two beside one another: columns of words, then of numbers."""
    table = Table(title=title, title_justify="left", title_style="bold cyan", header_style="dim")
    table.box, table.pad_edge, table.padding = None, False, (0, 2, 0, 0)
    for name in words:
        table.add_column(name, no_wrap=True)
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def show_funnel(console: Console, offers: list[Row], answers: Sequence[Answer]) -> None:
    """What happened to the leads, by offer."""
    numbers = ("received", "rejected", "sold", "held", "unsold", "sales", "revenue")
    table = titled("What happened to the leads", ("offer", "routing"), numbers)
    for offer in offers:
        shared = f", shared by {offer['max_buyers']}" if offer["max_buyers"] > 1 else ""
        routing = offer["strategy"].replace("_", " ") + shared
        table.add_row(offer["offer"], routing, *(number(offer[name]) for name in numbers))
    totals = (number(sum(offer[name] for offer in offers)) for name in numbers)
    table.add_row("all", "", *totals, style="bold")
    console.print(table)
    repeats = sum(answer.posting.repeats is not None for answer in answers)
    quarantined = sum(answer.posting.expected.fate == "quarantined" for answer in answers)
    console.print(
        f"{len(answers)} requests: {len(answers) - repeats - quarantined} leads,"
        f" {repeats} repeats (same answer again), {quarantined} of unknown source (in quarantine)"
    )
    console.print()


def show_buyers(console: Console, enrollments: list[Row]) -> None:
    """Who got what at which price."""
    numbers = ("price", "sold", "cap", "revenue")
    table = titled("Who got what, at which price", ("offer", "buyer"), numbers)
    table.add_column("")
    offer = None
    for row in enrollments:
        is_same = row["offer"] == offer
        offer = row["offer"]
        table.add_row(
            "" if is_same else offer,
            row["buyer"],
            number(row["price"]),
            number(row["sold"]),
            describe_cap(row),
            number(row["revenue"]),
            describe_enrollment(row),
            style="dim" if not row["sold"] else "",
        )
    console.print(table)
    console.print()


def describe_cap(row: Row) -> str:
    """`6 a day`."""
    caps = (("per_hour", "an hour"), ("per_day", "a day"))
    return ", ".join(f"{row[name]} {unit}" for name, unit in caps if row[name] is not None)


def describe_enrollment(row: Row) -> str:
    """What is special about how it went."""
    if row["sold"] in (row["per_hour"], row["per_day"]):
        return "full"
    if row["is_paused"]:
        return "paused"
    if row["is_short"]:
        return "balance too low"
    return f"{row['owned']} at a premium" if row["owned"] else ""


def refusals_table(refusals: list[Row], answers: Sequence[Answer]) -> Table:
    """Why leads were refused, by the first failure."""
    table = titled("Why leads were refused", ("code", "field"), ("leads",))
    for row in refusals:
        table.add_row(row["code"], row["field"], number(row["leads"]))
    steps = Counter(answer.body.get("step") for answer in answers if answer.status == 422)
    for step, count in steps.items():
        table.add_row("quarantined", str(step), number(count))
    return table


def deliveries_table(totals: Row, receipts: Receipts, seconds: Sequence[float]) -> Table:
    """How the sales reached the buyers."""
    table = titled("How the sales reached the buyers", ("",), ("",))
    table.show_header = False
    table.add_row("webhooks owed", number(totals["webhooks"]))
    table.add_row("  received, signature verified", number(len(receipts.webhooks)))
    table.add_row("  signature invalid", number(receipts.forged))
    table.add_row("emails owed", number(totals["emails"]))
    table.add_row("  caught", number(len(receipts.emails)))
    table.add_row("retries", number(totals["retries"]))
    if totals["away_buyers"]:
        table.add_row("waited for a disabled endpoint", number(totals["waited"]))
        table.add_row(Text(f"  {totals['away_buyers']}", style="dim"))
    table.add_row("dead letters", number(totals["dead"]))
    if len(seconds) > 1:
        table.add_row("sale to webhook received, median", f"{median(seconds) * 1000:.1f} ms")
        table.add_row("  95 of 100 within", f"{quantiles(seconds, n=20)[-1] * 1000:.1f} ms")
    return table


def latencies(connection: Connection, receipts: Receipts) -> list[float]:
    """Seconds from each sale's decision, a little before its commit, to the first arrival of its webhook."""
    return [
        receipts.first_seen[message] - sold_at
        for message, sold_at in connection.execute(SOLD_AT)
        if message in receipts.first_seen
    ]


def show_findings(console: Console, findings: Findings, answers: Sequence[Answer]) -> None:
    """What holds, and what does not."""
    checks = (
        ("list_broken_invariants() over the whole database", findings.invariants),
        ("every lead replays from its record; a what-if without changes is what happened", findings.records),
        (f"each of {len(answers)} requests had the outcome its generator expected", findings.leads),
        ("each sale's webhook and email arrived, signatures verified", findings.deliveries),
    )
    for title, complaints in checks:
        verdict = Text("FAILED  ", style="bold red") if complaints else Text("ok      ", style="bold green")
        console.print(verdict + Text(title, style="bold"))
        for complaint in complaints[:MOST_COMPLAINTS]:
            console.print(Padding.indent(Text(complaint, style="red"), 8))
        if len(complaints) > MOST_COMPLAINTS:
            console.print(f"        and {len(complaints) - MOST_COMPLAINTS} more")


def number(value: Any) -> str:
    """A count as it is, 0 as a dash; money with its cents."""
    if isinstance(value, int):
        return str(value) if value else "-"
    return f"{value:,.2f}" if value else "-"
