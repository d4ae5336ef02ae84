"""A small catalogue: a market, offers in it, buyers who take everything in it, and leads that pass."""

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

_numbers = count(1)


@dataclass(frozen=True)
class Offer:
    """An offer, and the source that sells into it."""

    id: int
    source_key: str


def insert(connection: psycopg.Connection, table: str, **columns: object) -> int:
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


class Catalogue:
    """Writes catalogue rows into one market. Where nothing is said, everything passes and nothing is capped."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        self.market = insert(
            connection, "markets", name="Austin", timezone=zone_at_noon(), region_code="US-TX"
        )
        self.vertical = insert(connection, "verticals", slug="plumbing", name="Plumbing")

    def add_offer(self, routing: dict[str, Any] | None = None, rules: dict[str, Any] | None = None) -> Offer:
        """An offer at 45.00 with a source of its own; leads that nobody takes are not held."""
        name = f"offer {next(_numbers)}"
        config = {"strategy": "priority", "on_no_buyer": "reject"} | (routing or {})
        offer = insert(
            self.connection,
            "offers",
            market_id=self.market,
            vertical_id=self.vertical,
            name=name,
            default_price_per_lead=45,
            validation_policy_id=insert(
                self.connection,
                "validation_policies",
                name=name,
                rules=rules or {"duplicate_window_hours": 0},
            ),
            routing_policy_id=insert(self.connection, "routing_policies", name=name, config=config),
        )
        return Offer(offer, self.add_source(offer))

    def add_source(self, offer_id: int) -> str:
        """A landing page that sells into the offer; returns its key."""
        key = f"source-{next(_numbers)}"
        insert(self.connection, "sources", offer_id=offer_id, kind="landing_page", name=key, source_key=key)
        return key

    def enroll(self, offer: Offer, **columns: object) -> int:
        """A new buyer in the offer, who works in the whole market; returns the enrollment's id."""
        number = next(_numbers)
        buyer = insert(
            self.connection,
            "buyers",
            name=f"Buyer {number}",
            email=f"buyer{number}@buyer.example",
            phone="+15125550100",
            webhook_url=f"https://buyer{number}.example/leads",
        )
        insert(
            self.connection,
            "buyer_service_areas",
            buyer_id=buyer,
            market_id=self.market,
            scope_type="postal_code",
            scope_value="*",
        )
        return insert(self.connection, "buyer_offers", buyer_id=buyer, offer_id=offer.id, **columns)


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
