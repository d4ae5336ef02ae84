"""`leadgen buyers`: who buys leads, on which terms, and pausing them."""

from datetime import datetime
from typing import Annotated, Any, NamedTuple
from zoneinfo import ZoneInfo

import psycopg
import typer
from rich.text import Text

from leadgen.cli.console import err, plain_table
from leadgen.cli.moments import HOW_TIMES_ARE_READ, read_moment, show_moment
from leadgen.cli.offers import find_offer
from leadgen.cli.rows import AsJson, Row, Why, give_reason, no_buyer, print_json, read_rows
from leadgen.cli.target import MAX_ID, database_url
from leadgen.db.session import connect
from leadgen.errors import LeadGenError

BUYERS = """
select b.id, b.name, b.is_active, b.balance,
  array(select distinct e.channel::text from leadgen.buyer_offers bo
    join leadgen.enrollment_endpoints w on w.buyer_offer_id = bo.id
    join leadgen.endpoints e on e.id = w.endpoint_id and e.disabled_at is null
    where bo.buyer_id = b.id order by 1) as channels,
  array(select o.slug::text from leadgen.buyer_offers bo join leadgen.offers o on o.id = bo.offer_id
    where bo.buyer_id = b.id and bo.is_active order by 1) as offers,
  (select coalesce(jsonb_agg(jsonb_build_object('offer', o.slug, 'timezone', coalesce(bo.timezone, m.timezone),
      'from', bo.pause_from, 'until', nullif(bo.pause_until, 'infinity'), 'is_planned',
      coalesce(bo.pause_from > now(), false)) order by o.slug), '[]')
    from leadgen.buyer_offers bo
    join leadgen.offers o on o.id = bo.offer_id
    join leadgen.markets m on m.id = o.market_id
    where bo.buyer_id = b.id and bo.is_active and bo.pause_until > now()) as pauses
from leadgen.buyers b
order by not b.is_active, b.name, b.id
"""
ENROLLMENTS = """
select bo.id as enrollment_id, b.id as buyer_id, b.name as buyer, bo.is_active and b.is_active as is_active,
  bo.is_reachable, bo.routing_priority, bo.weight, coalesce(bo.price_per_lead, o.default_price_per_lead) as price,
  case when bo.pause_until > now() then concat_ws(' ',
    case when bo.pause_from > now() then to_char(bo.pause_from at time zone 'UTC', '"from" YYYY-MM-DD HH24:MI') end,
    case when bo.pause_until = 'infinity' then 'without end'
      else to_char(bo.pause_until at time zone 'UTC', '"until" YYYY-MM-DD HH24:MI "UTC"') end) end as paused,
  coalesce(bo.pause_from > now(), false) as is_pause_planned,
  bo.capacity_per_hour, bo.capacity_per_day, bo.capacity_per_week, bo.capacity_per_month, bo.budget_per_day,
  bo.budget_per_month, bo.schedule, bo.filters
from leadgen.buyer_offers bo
join leadgen.buyers b on b.id = bo.buyer_id
join leadgen.offers o on o.id = bo.offer_id
where bo.offer_id = %s
order by not (bo.is_active and b.is_active), bo.routing_priority desc, b.name
"""
TAKEN_PART = """
select bo.id, o.slug, coalesce(bo.timezone, m.timezone) as zone, b.name
from leadgen.buyers b
left join leadgen.buyer_offers bo on bo.buyer_id = b.id and (%(offer)s::bigint is null or bo.offer_id = %(offer)s)
left join leadgen.offers o on o.id = bo.offer_id
left join leadgen.markets m on m.id = o.market_id
where b.id = %(buyer)s
order by bo.offer_id
"""
BEGINS = "select pause_from from leadgen.buyer_offers where id = %s"
PAUSE = "select leadgen.pause_enrollment(%s::bigint, %s::timestamptz, %s::timestamptz)"
RESUME = "select leadgen.resume_enrollment(%s::bigint)"
LIMITS = ("capacity_per_hour", "capacity_per_day", "capacity_per_week", "capacity_per_month",
          "budget_per_day", "budget_per_month")  # fmt: skip


BuyerId = Annotated[int, typer.Argument(metavar="BUYER", min=1, max=MAX_ID, help="The id of a buyer.")]
OneOffer = Annotated[
    str | None,
    typer.Option("--offer", metavar="OFFER", help="Only in this offer, by its id or slug. Default: in all."),
]

app = typer.Typer()


@app.callback(invoke_without_command=True)
def buyers(
    context: typer.Context,
    offer: Annotated[
        str | None, typer.Option(metavar="OFFER", help="The enrollments of this offer, by its id or slug.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the buyers: id, channels in use, balance and offers. With --offer: its enrollments and their limits.

    `leadgen pause` and `leadgen resume` stop and start the leads of one.

    Example: leadgen buyers --offer austin-plumbing
    """
    if context.invoked_subcommand:
        return
    if offer is not None:
        list_enrollments(offer, as_json=as_json)
        return
    from leadgen.show.console import make_console

    rows = read_rows(BUYERS)
    if as_json:
        print_json(rows)
        return
    if not rows:
        err.print("no buyers")
        return
    table = plain_table("id", "buyer", "channels", "balance", "state", "offers", numbers=("id", "balance"))
    for row in rows:
        table.add_row(
            str(row["id"]),
            Text(row["name"]),
            ", ".join(row["channels"]) or "none",
            f"{row['balance']:,.2f}",
            Text(describe_buyer(row)),
            Text(", ".join(row["offers"])),
        )
    make_console().print(table)


def describe_buyer(row: Row) -> str:
    """`active`, `paused until 2026-12-27 18:00 America/Chicago`, `paused in 1 of 2 offers`."""
    if not row["is_active"]:
        return "inactive"
    begun = [describe_pause(pause) for pause in row["pauses"] if not pause["is_planned"]]
    planned = [describe_pause(pause) for pause in row["pauses"] if pause["is_planned"]]
    parts = []
    for verb, pauses in (("paused", begun), ("pause planned", planned)):
        if pauses and len(pauses) == len(row["offers"]) and len(set(pauses)) == 1:
            parts.append(f"{verb} {pauses[0]}")
        elif pauses:
            parts.append(f"{verb} in {len(pauses)} of {len(row['offers'])} offers")
    if len(begun) < len(row["offers"]) or not begun:
        parts.insert(0, "active")
    return ", ".join(parts)


def describe_pause(pause: Row) -> str:
    """`from …` of a pause to come, `until …` of one that has begun, by the clock of its enrollment."""
    name = "from" if pause["is_planned"] else "until"
    if pause[name] is None:
        return "until it is resumed"
    zone = ZoneInfo(pause["timezone"])
    return f"{name} {datetime.fromisoformat(pause[name]).astimezone(zone):%Y-%m-%d %H:%M} {zone.key}"


def list_enrollments(offer: str, *, as_json: bool) -> None:
    """The enrollments of an offer, in the order of their priority."""
    from leadgen.show.console import make_console

    with connect(database_url()) as connection:
        found = find_offer(connection, offer)
    rows = read_rows(ENROLLMENTS, [found.id])
    if as_json:
        print_json(rows)
        return
    if not rows:
        err.print(f"{found.slug} has no enrollments", markup=False)
        return
    numbers = ("enrollment", "buyer id", "priority", "weight", "price")
    table = plain_table("enrollment", "buyer id", "buyer", *numbers[2:], "limits", "state", numbers=numbers)
    for row in rows:
        table.add_row(
            str(row["enrollment_id"]),
            str(row["buyer_id"]),
            Text(row["buyer"]),
            str(row["routing_priority"]),
            f"{row['weight']:g}",
            f"{row['price']:,.2f}",
            describe_limits(row),
            describe_state(row),
        )
    make_console().print(table)


def describe_limits(row: Row) -> str:
    """`20 a day, 300.00 a day`: caps in leads, budgets in money."""
    parts = []
    for name in LIMITS:
        value = row[name]
        if value is not None:
            kind, window = name.split("_per_")
            amount = f"{value:,.2f}" if kind == "budget" else f"{value:,}"
            parts.append(f"{amount} {'an' if window == 'hour' else 'a'} {window}")
    return ", ".join(parts)


def describe_state(row: Row) -> str:
    """`active`, or why it gets no lead now."""
    if not row["is_active"]:
        return "inactive"
    if not row["is_reachable"]:
        return "no channel"
    if row["paused"]:
        return f"{'active, pause planned' if row['is_pause_planned'] else 'paused'} {row['paused']}"
    return "active"


@app.command(hidden=True)
def pause(
    buyer: BuyerId,
    start: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="TIME", help=f"When the pause begins. {HOW_TIMES_ARE_READ} Default: now."
        ),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option(
            "--to",
            "--until",
            metavar="TIME",
            help="When leads flow again, read likewise. Default: after `resume`.",
        ),
    ] = None,
    offer: OneOffer = None,
    reason: Why = None,
) -> None:
    """Pause a buyer: from a time on, until another, it gets no leads. A pause that it had is replaced.

    All its enrollments are paused, or with --offer the one in an offer. Leads that wait for it are offered again
    when the pause ends.

    Example: leadgen pause 7 --from 2026-12-24 --to 2026-12-27
    """
    said = []
    with connect(database_url()) as connection:
        give_reason(connection, reason)
        for enrollment in find_enrollments(connection, buyer, offer):
            starts = read_moment(start, "--from", enrollment.zone) if start else None
            ends = read_moment(end, "--until", enrollment.zone) if end else None
            connection.execute(PAUSE, [enrollment.id, starts, ends])
            row = connection.execute(BEGINS, [enrollment.id]).fetchone()
            begun = show_moment(row[0], enrollment.zone) if row and row[0] else "now"
            ended = show_moment(ends, enrollment.zone) if ends else "it is resumed"
            said.append(
                f"enrollment {enrollment.id} in {enrollment.offer} is paused from {begun} until {ended}"
            )
    err.print("\n".join(said), markup=False, soft_wrap=True)


@app.command(hidden=True)
def resume(buyer: BuyerId, offer: OneOffer = None, reason: Why = None) -> None:
    """End the pause of a buyer, or take back one that was planned, in all its offers or in one.

    Example: leadgen resume 7 --offer austin-plumbing
    """
    said = []
    with connect(database_url()) as connection:
        give_reason(connection, reason)
        for enrollment in find_enrollments(connection, buyer, offer):
            row = connection.execute(RESUME, [enrollment.id]).fetchone()
            state = "is resumed" if row and row[0] else "was not paused"
            said.append(f"enrollment {enrollment.id} in {enrollment.offer} {state}")
    err.print("\n".join(said), markup=False, soft_wrap=True)


class Enrollment(NamedTuple):
    """One enrollment of a buyer, and the zone of its limits, hours and pauses."""

    id: int
    offer: str
    zone: ZoneInfo


def find_enrollments(connection: psycopg.Connection[Any], buyer: int, offer: str | None) -> list[Enrollment]:
    """The enrollments of a buyer, or the one in an offer, by the offer's id. Raises LeadGenError when there is none."""
    found = find_offer(connection, offer) if offer is not None else None
    rows = connection.execute(TAKEN_PART, {"buyer": buyer, "offer": found and found.id}).fetchall()
    if not rows:
        raise no_buyer(buyer)
    enrollments = [Enrollment(row[0], row[1], ZoneInfo(row[2])) for row in rows if row[0]]
    if not enrollments:
        raise LeadGenError(
            f"buyer {buyer}, {rows[0][3]}, has no enrollment in {found.slug if found else 'any offer'}"
        )
    return enrollments
