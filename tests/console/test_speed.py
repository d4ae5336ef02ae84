"""A page costs the database one call, or two; counted in the process of the test."""

import asyncio
from collections.abc import Sequence

import psycopg
import pytest
from litestar.testing import AsyncTestClient

from api.serving import Api, add_sale
from console.people import SESSION, add_session
from console.test_actions import lead_of
from console.test_money import add_invoice
from leadgen.app import main
from leadgen.app.cookies import hash_token
from leadgen.app.queries import LIST_RATE_LIMITS, Queries
from leadgen.console.site import CONSOLE
from leadgen.db.urls import with_role
from leadgen.pages.visitor import LONG_READS, MOST_OF_ONE
from leadgen.settings import Settings

MOST = 2
HOUSE = [
    "/console/account",
    "/console/users/1",
    "/console/audit/1",
    "/console/audit/proof",
    "/console/settings/settings?key=true",
]
CATALOGUE = [f"/console/{kind}s/1" for kind in ("buyer", "enrollment", "offer", "source")]
BOOKS = [
    f"/console/{place}"
    for place in ("payments/bank", "payments/1", "statements/1", "payouts/1", "reports/funnel")
]


def add_money(market: psycopg.Connection) -> str:
    """A payment, and an invoice: the place of its page."""
    number = add_invoice(market)
    market.execute(
        "select leadgen.add_payment(b.id, 5, 'check', 'a check') from leadgen.buyers b where b.name = 'Ann'"
    )
    return f"/console/invoices/{number}"


def test_a_page_is_one_call_or_two(
    site: Api, market: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead, token = lead_of(market, add_sale(market)), add_session(market, "admin")
    books = [add_money(market), *BOOKS]
    asked: list[str] = []
    once = Queries._rows

    async def count(self: Queries, query: str, parameters: Sequence[object]) -> object:
        asked.append(query)
        return await once(self, query, parameters)

    monkeypatch.setattr(Queries, "_rows", count)
    monkeypatch.setattr(main, "configure_logging", lambda *_: None)
    settings = Settings(database_url=with_role(site.database, "leadgen_api"), environment="development")

    async def visit() -> dict[str, int]:
        calls = {}
        async with AsyncTestClient(main.create_app(settings), cookies={SESSION: token}) as client:
            places = [*(link.path for link in CONSOLE.links), f"/console/leads/{lead}"]
            places += [*CATALOGUE, *HOUSE, *books]
            for place in [*places, "/console/policies/routing/1", "/console/leads?q=1"]:
                asked.clear()
                answer = await client.get(place)
                assert answer.status_code == 200, place
                calls[place] = len([query for query in asked if query != LIST_RATE_LIMITS])
            LONG_READS._asked[hash_token(token)] = MOST_OF_ONE
            assert (await client.get("/console/reports/funnel")).status_code == 429
            del LONG_READS._asked[hash_token(token)]
            assert (await client.get("/console/reports/funnel")).status_code == 200
        return calls

    calls = asyncio.run(visit())
    assert len(calls) == len(CONSOLE.links) + len(CATALOGUE) + len(HOUSE) + len(books) + 3
    assert {place: number for place, number in calls.items() if not 1 <= number <= MOST} == {}
