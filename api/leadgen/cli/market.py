"""`leadgen offers`: what is sold."""

from rich.text import Text

from leadgen.cli.console import err, plain_table
from leadgen.cli.rows import AsJson, print_json, read_rows

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
