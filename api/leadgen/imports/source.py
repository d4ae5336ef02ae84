"""The source that leads are imported for."""

import difflib
from typing import Any, NamedTuple

import psycopg

from leadgen.errors import LeadGenError

FIND = """
select s.source_key, leadgen.find_posting_key(s.source_key), o.slug, m.currency, s.kind,
  case
    when not o.is_active then 'offer'
    when not m.is_active then 'market'
    when not v.is_active then 'vertical'
    when not vp.is_active then 'validation policy'
    when not rp.is_active then 'routing policy'
    when not pp.is_active then 'pricing policy'
    when not s.is_active then 'source'
  end
from leadgen.sources s
join leadgen.offers o on o.id = s.offer_id
join leadgen.markets m on m.id = o.market_id
join leadgen.verticals v on v.id = o.vertical_id
join leadgen.validation_policies vp on vp.id = o.validation_policy_id
join leadgen.routing_policies rp on rp.id = o.routing_policy_id
left join leadgen.pricing_policies pp on pp.id = o.pricing_policy_id
where s.source_key = %s
"""
MOST_NAMES = 20
NAMES = "select s.source_key from leadgen.sources s order by s.source_key"


class Source(NamedTuple):
    """A source that takes leads now, its offer and that offer's currency."""

    source_key: str
    api_key_hash: str | None
    offer: str
    currency: str


def find_source(connection: psycopg.Connection[Any], source_key: str) -> Source:
    """The source of this source_key. Raises LeadGenError unless it takes leads."""
    row = connection.execute(FIND, [source_key]).fetchone()
    if row is None:
        names = [name for (name,) in connection.execute(NAMES)]
        close = difflib.get_close_matches(source_key, names, n=1)
        shown = ", ".join(names[:MOST_NAMES]) + (", …" if names[MOST_NAMES:] else "")
        hint = f"did you mean {close[0]}?" if close else f"there are {shown or 'none'}"
        raise LeadGenError(f"--source: no source has the source_key {source_key!r}; {hint}")
    name, api_key_hash, offer, currency, kind, inactive = row
    if inactive:
        raise LeadGenError(
            f"--source: the {inactive} of {source_key} is not active, so no lead of it is taken. Make it active first"
        )
    if kind == "partner_api" and api_key_hash is None:
        raise LeadGenError(
            f"--source: {source_key} is a partner without an API key, so no lead of it is taken. Make a key by "
            f"`leadgen key create --source {source_key}`"
        )
    return Source(name, api_key_hash, offer, currency)
