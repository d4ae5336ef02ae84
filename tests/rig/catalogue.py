"""The catalogue of a test: a market, offers in it, buyers who take everything in it, and leads that pass.

Each call writes the rows that it names. What it is not told has a value that sells; further columns go by name.
Other tests write SQL only where those rows are what they are about: random worlds (tests/properties), data of real
size (tests/bench), databases of an earlier commit (tests/db/test_upgrade.py), what a DBA types (tests/onboarding).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

EVERYWHERE = ("postal_code", "*")

_numbers = count(1)


@dataclass(frozen=True)
class Offer:
    """An offer, and the source that sells into it."""

    id: int
    source_key: str


class Catalogue:
    """Writes into the first market of a database; where there is none, it makes one, and its vertical."""

    def __init__(self, connection: psycopg.Connection[Any], timezone: str | None = None) -> None:
        self.connection = connection
        found: tuple[int, int] | None = connection.execute(
            "select m.id, v.id from leadgen.markets m, leadgen.verticals v order by m.id, v.id limit 1"
        ).fetchone()
        self.market: int
        self.vertical: int
        self.market, self.vertical = found or (
            insert(
                connection,
                "markets",
                name="Austin",
                timezone=timezone or zone_at_noon(),
                region_code="US-TX",
            ),
            insert(connection, "verticals", slug="plumbing", name="Plumbing"),
        )

    def add_offer(
        self,
        routing: dict[str, Any] | None = None,
        rules: dict[str, Any] | None = None,
        source_key: str | None = None,
        **columns: object,
    ) -> Offer:
        """An offer at 45.00 with policies and a source of its own; leads that nobody takes are not held.

        A key of `routing` that is None is left out of the policy.
        """
        named: dict[str, object] = {"name": f"offer {next(_numbers)}", "default_price_per_lead": 45} | columns
        name = named["name"]
        config = {"strategy": "priority", "on_no_buyer": "reject"} | (routing or {})
        config = {key: value for key, value in config.items() if value is not None}
        offer = insert(
            self.connection,
            "offers",
            market_id=self.market,
            vertical_id=self.vertical,
            validation_policy_id=insert(
                self.connection,
                "validation_policies",
                name=name,
                rules=rules or {"duplicate_window_hours": 0},
            ),
            routing_policy_id=insert(self.connection, "routing_policies", name=name, config=config),
            **named,
        )
        return Offer(offer, self.add_source(offer, source_key))

    def add_source(self, offer_id: int, key: str | None = None, **columns: object) -> str:
        """A landing page that sells into the offer; returns its key."""
        key = key or f"source-{next(_numbers)}"
        named: dict[str, object] = {
            "kind": "landing_page",
            "name": key,
            "disclose_buyer": True,
        } | columns
        insert(self.connection, "sources", offer_id=offer_id, source_key=key, **named)
        return key

    def add_buyer(
        self,
        area: tuple[str, str] | None = EVERYWHERE,
        webhook_secret: str | None = None,
        **columns: object,
    ) -> int:
        """A buyer with a webhook who works in an area of the market (its type and value); returns the buyer's id.

        Its secret is one that the database makes, unless it brings its own.
        """
        number = next(_numbers)
        named: dict[str, object] = {
            "name": f"Buyer {number}",
            "email": f"buyer{number}@buyer.example",
            "phone": "+15125550100",
            "webhook_url": f"https://buyer{number}.example/leads",
        } | columns
        buyer = insert(self.connection, "buyers", **named)
        if webhook_secret:
            self.connection.execute("select leadgen.set_webhook_secret(%s, %s, '0')", [buyer, webhook_secret])
        if area:
            kind, value = area
            insert(
                self.connection,
                "buyer_service_areas",
                buyer_id=buyer,
                market_id=self.market,
                scope_type=kind,
                scope_value=value,
            )
        return buyer

    def enroll(self, offer: Offer, buyer: int | None = None, /, **columns: object) -> int:
        """A buyer in the offer, a new one unless it is named; returns the enrollment's id."""
        return insert(
            self.connection,
            "buyer_offers",
            buyer_id=buyer or self.add_buyer(),
            offer_id=offer.id,
            **columns,
        )


def insert(connection: psycopg.Connection[Any], table: str, **columns: object) -> int:
    """Insert one row into a table of schema leadgen; returns its id."""
    statement = sql.SQL("insert into leadgen.{} ({}) values ({}) returning id").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join(sql.Placeholder() * len(columns)),
    )
    values = [Jsonb(value) if isinstance(value, dict) else value for value in columns.values()]
    row = connection.execute(statement, values).fetchone()
    assert row
    return int(row[0])


def zone_at_noon() -> str:
    """A zone where it is about noon, so that no test about a day meets a midnight."""
    west = datetime.now(UTC).hour - 12
    return f"Etc/GMT{west:+d}" if west else "UTC"


def make_lead(source_key: str, **changes: object) -> dict[str, object]:
    """A lead that passes, from a person unlike any other."""
    number = next(_numbers)
    return {
        "source_key": source_key,
        "name": "John Smith",
        "email": f"person{number}@example.com",
        "phone": f"+1512{2_000_000 + number}",
        "postal_code": "78701",
        "message": f"Water everywhere {number}",
    } | changes
