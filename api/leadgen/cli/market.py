"""`leadgen offers` and `leadgen buyers`: what is sold, and who buys it."""

from typing import Annotated

import typer
from rich.text import Text

from leadgen.cli.console import err, plain_table
from leadgen.cli.offers import find_offer
from leadgen.cli.rows import AsJson, Row, print_json, read_rows
from leadgen.cli.target import database_url
from leadgen.db.session import connect

OFFERS = """
select o.id, o.slug as offer, o.name, m.slug as market, m.timezone, o.is_active, o.default_price_per_lead as price,
  m.currency, o.validation_policy_id, o.routing_policy_id, o.pricing_policy_id,
  (select count(*) from leadgen.sources s where s.offer_id = o.id and s.is_active) as sources,
  (select count(*) from leadgen.buyer_offers bo join leadgen.buyers b on b.id = bo.buyer_id
    where bo.offer_id = o.id and bo.is_active and b.is_active) as buyers
from leadgen.offers o
join leadgen.markets m on m.id = o.market_id
order by not o.is_active, o.slug
"""
BUYERS = """
select b.id, b.name, b.is_active, b.balance,
  array(select distinct e.channel::text from leadgen.buyer_offers bo
    join leadgen.enrollment_endpoints w on w.buyer_offer_id = bo.id
    join leadgen.endpoints e on e.id = w.endpoint_id and e.disabled_at is null
    where bo.buyer_id = b.id order by 1) as channels,
  array(select o.slug::text from leadgen.buyer_offers bo join leadgen.offers o on o.id = bo.offer_id
    where bo.buyer_id = b.id and bo.is_active order by 1) as offers
from leadgen.buyers b
order by not b.is_active, b.name, b.id
"""
ENROLLMENTS = """
select bo.id as enrollment_id, b.id as buyer_id, b.name as buyer, bo.is_active and b.is_active as is_active,
  bo.is_reachable, bo.routing_priority, bo.weight, coalesce(bo.price_per_lead, o.default_price_per_lead) as price,
  case when bo.pause_until > now() then case
    when bo.pause_until = 'infinity' then 'without end'
    else to_char(bo.pause_until at time zone 'UTC', '"until" YYYY-MM-DD HH24:MI "UTC"') end end as paused,
  bo.capacity_per_hour, bo.capacity_per_day, bo.capacity_per_week, bo.capacity_per_month, bo.budget_per_day,
  bo.budget_per_month, bo.schedule, bo.filters
from leadgen.buyer_offers bo
join leadgen.buyers b on b.id = bo.buyer_id
join leadgen.offers o on o.id = bo.offer_id
where bo.offer_id = %s
order by not (bo.is_active and b.is_active), bo.routing_priority desc, b.name
"""
LIMITS = ("capacity_per_hour", "capacity_per_day", "capacity_per_week", "capacity_per_month",
          "budget_per_day", "budget_per_month")  # fmt: skip


def offers(as_json: AsJson = False) -> None:
    """List the offers: id, slug, price, policies, and how many active sources and buyers each has.

    Example: leadgen offers
    """
    from leadgen.show.console import make_console

    rows = read_rows(OFFERS)
    if as_json:
        print_json(rows)
        return
    if not rows:
        err.print("no offers")
        return
    numbers = ("id", "price", "sources", "buyers", "validation", "routing", "pricing")
    table = plain_table("id", "offer", "market", "price", *numbers[2:], "state", numbers=numbers)
    for row in rows:
        table.add_row(
            str(row["id"]),
            Text(row["offer"]),
            Text(row["market"]),
            f"{row['price']:,.2f} {row['currency']}",
            str(row["sources"]),
            str(row["buyers"]),
            *(str(row[f"{kind}_policy_id"] or "") for kind in ("validation", "routing", "pricing")),
            "active" if row["is_active"] else "inactive",
        )
    make_console().print(table)


def buyers(
    offer: Annotated[
        str | None, typer.Option(metavar="OFFER", help="The enrollments of this offer, by its id or slug.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the buyers: id, channels in use, balance and offers. With --offer: its enrollments and their limits.

    Example: leadgen buyers --offer austin-plumbing
    """
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
            "active" if row["is_active"] else "inactive",
            Text(", ".join(row["offers"])),
        )
    make_console().print(table)


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
        return f"paused {row['paused']}"
    return "active"
