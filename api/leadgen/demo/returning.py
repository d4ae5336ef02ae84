"""One buyer gives a lead back, as buyers do: by HTTP, with its own key. Who has the lead then?"""

import asyncio
from dataclasses import dataclass

import aiohttp
import psycopg
from psycopg.rows import class_row

from leadgen.api_keys import make_key
from leadgen.demo.processes import looking
from leadgen.errors import LeadGenError

WAIT_SECONDS = 20.0  # for the next buyer to have it
REASON = "wrong_number"

# The last lead of the first offer that one buyer has and for which another one stood by: the same in each run.
RETURNED = """
select a.id, a.buyer_id
from leadgen.lead_decisions d
join leadgen.lead_assignments a on a.decision_id = d.id
where d.max_buyers = 1 and cardinality(d.ranking) > 1 and a.outcome = 'accepted'
order by d.offer_id, d.id desc
limit 1
"""
GIVE_KEY = "select leadgen.create_key('buyer', %s, 'demo', '{answer}', null, %s, %s)"
STORY = """
select
  first.lead_id,
  giver.name::text as giver,
  taker.name::text as taker,
  next.price::text as price,
  next.currency::text as currency
from leadgen.lead_assignments first
join leadgen.buyers giver on giver.id = first.buyer_id
join leadgen.lead_assignments next
  on next.lead_id = first.lead_id and next.id > first.id and next.outcome = 'accepted'
join leadgen.buyers taker on taker.id = next.buyer_id
where first.id = %s and first.released_at is not null
"""


@dataclass(frozen=True)
class Story:
    """A lead that was returned, and who has it now."""

    lead_id: int
    giver: str
    taker: str
    price: str
    currency: str

    def __str__(self) -> str:
        return (
            f"Lead {self.lead_id}: {self.giver} returned it ({REASON}) and has its place in the caps back;"
            f" sold to {self.taker} for {self.price} {self.currency}."
        )


async def return_a_lead(database: str, api_url: str) -> Story:
    """Return one sale through the API and wait until the lead is with the next buyer.

    Raises LeadGenError when it is not taken back, or nobody else gets it.
    """
    key = make_key("buyer")
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        sale = await (await connection.execute(RETURNED)).fetchone()
        if sale is None:
            raise LeadGenError("no lead was sold that another buyer wanted too")
        assignment_id, buyer_id = sale
        await connection.execute(GIVE_KEY, [buyer_id, key.prefix, key.digest])
        await post_return(f"{api_url}/api/assignments/{assignment_id}/return", key.text)
        return await wait_for_next(connection, assignment_id)


async def post_return(url: str, key: str) -> None:
    """Ask for the return, as the buyer's own program would."""
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        aiohttp.ClientSession() as client,
        client.post(url, json={"reason": REASON}, headers=headers) as answer,
    ):
        if not answer.ok:
            raise LeadGenError(f"the return was answered {answer.status}: {await answer.text()}")


async def wait_for_next(connection: psycopg.AsyncConnection, assignment_id: int) -> Story:
    """Until another buyer has the lead."""
    cursor = connection.cursor(row_factory=class_row(Story))

    async def find_story() -> Story | None:
        return await (await cursor.execute(STORY, [assignment_id])).fetchone()

    try:
        async with asyncio.timeout(WAIT_SECONDS):
            return await looking(find_story)
    except TimeoutError:
        raise LeadGenError(f"nobody else got the lead of sale {assignment_id}") from None
