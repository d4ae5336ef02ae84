"""Plays a world in the database, step by step, and holds every decision against the oracle."""

import hashlib
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from properties import oracle
from properties.world import UNITS, WEBHOOK, Offer, Step, World

GROWING = (
    "leads",
    "lead_decisions",
    "lead_assignments",
    "deliveries",
    "enrollment_usage",
    "intake_quarantine",
)
HELD_AT_ONCE = 20

DECISIONS = """
select d.id, d.lead_id, d.offer_id, d.decided_at, d.exclusive_buyer_id, d.unsold_reason, l.postal_code
from leadgen.lead_decisions d join leadgen.leads l on l.id = d.lead_id
where d.id > %s order by d.id
"""
CANDIDATES = """
select c.buyer_offer_id, c.verdict, c.rank, c.reason
from leadgen.explain_candidates(%s) c join leadgen.lead_decisions d on d.lead_id = %s and d.attempt = c.attempt
where d.id = %s order by c.buyer_offer_id
"""
SALES = """
select a.buyer_offer_id, a.price, a.currency, a.is_exclusive, a.created_at,
  array(select d.channel::text from leadgen.deliveries d where d.assignment_id = a.id order by 1)
from leadgen.lead_assignments a where a.decision_id = %s order by a.id
"""


class Simulation:
    """One world in one database, in the caller's transaction."""

    def __init__(self, connection: psycopg.Connection, world: World) -> None:
        self._connection = connection
        self.world = world
        self.now = world.start
        self.sold: Counter[tuple[int, str, oracle.Window]] = Counter()  # sales by enrollment and window
        self.leads: list[tuple[dict[str, Any], dict[str, Any]]] = []  # each with its first answer
        self._last_decision = 0
        self._last_valid: dict[tuple[int, int], datetime] = {}  # by offer and person
        self._write_catalogue()

    def play(self, step: Step) -> None:
        """Let the time pass, then do it."""
        self.now += step.after
        self._connection.execute("select set_config('leadgen.clock', %s, false)", [self.now.isoformat()])
        getattr(self, f"_{step.what}")(step)

    # what happens

    def _submit(self, step: Step) -> None:
        which, person, _ = step.numbers
        index = which % len(self.world.offers)
        number = len(self.leads)
        lead = {
            "source_key": f"source-{index}",
            "idempotency_key": f"lead-{number}",
            "name": "John Smith",
            "email": f"person{person % 7}@example.com",
            "phone": f"+1512555010{person % 7}",
            "postal_code": step.postal_code,
            "message": f"Lead {number}",
        }
        answer = self.submit(lead)
        self.leads.append((lead, answer))
        self._check_answer(answer, index, person % 7)
        self.check_decisions()

    def _resubmit(self, step: Step) -> None:
        if self.leads:
            lead, answer = self.leads[step.numbers[0] % len(self.leads)]
            before = self.fingerprint()
            assert self.submit(lead) == answer | {"replayed": True}
            assert self.fingerprint() == before

    def _route_held(self, step: Step) -> None:
        for _ in range(HELD_AT_ONCE):
            if self._value("select leadgen.route_held_lead()") is None:
                break
            self.check_decisions()

    def _pause(self, step: Step) -> None:
        offer, enrollment = self._choose(step)
        self.world.offers[offer].enrollments[enrollment].pause_until = self.now + step.until
        self._connection.execute(
            "update leadgen.buyer_offers set pause_until = %s where id = %s",
            [self.now + step.until, self.enrollment_ids[offer][enrollment]],
        )

    def _switch(self, step: Step) -> None:
        offer, number = self._choose(step)
        enrollment = self.world.offers[offer].enrollments[number]
        enrollment.is_active = not enrollment.is_active
        self._connection.execute(
            "update leadgen.buyer_offers set is_active = %s where id = %s",
            [enrollment.is_active, self.enrollment_ids[offer][number]],
        )

    def _refill(self, step: Step) -> None:
        number = step.numbers[0] % len(self.world.buyers)
        self.world.buyers[number].balance += step.numbers[1]
        self._connection.execute(
            "update leadgen.buyers set balance = %s where id = %s",
            [self.world.buyers[number].balance, self.buyer_ids[number]],
        )

    def _choose(self, step: Step) -> tuple[int, int]:
        offer = step.numbers[0] % len(self.world.offers)
        return offer, step.numbers[1] % len(self.world.offers[offer].enrollments)

    # what must hold

    def _check_answer(self, answer: dict[str, Any], index: int, person: int) -> None:
        window = timedelta(hours=self.world.offers[index].duplicate_hours)
        earlier = self._last_valid.get((index, person))
        if earlier is not None and window and earlier > self.now - window:
            assert [error["code"] for error in answer["errors"]] == ["duplicate"]
        else:
            assert answer["status"] == "accepted"
            self._last_valid[index, person] = self.now

    def check_decisions(self) -> None:
        """Hold the decisions since the last time against the oracle, which knows the world as it is now."""
        for decision in self._connection.execute(DECISIONS, [self._last_decision]).fetchall():
            self._last_decision = decision[0]
            self._check_decision(*decision)

    def _check_decision(
        self,
        decision: int,
        lead: int,
        offer_id: int,
        decided_at: datetime,
        exclusive: int | None,
        unsold: str | None,
        postal_code: str,
    ) -> None:
        index = self.offer_ids.index(offer_id)
        offer, ids = self.world.offers[index], self.enrollment_ids[index]
        assert decided_at == self.now
        used = [self._used(offer, number, id_) for number, id_ in enumerate(ids)]
        expected, holder = oracle.judge(self.world, offer, postal_code, self.now, used)
        candidates = self._connection.execute(CANDIDATES, [lead, lead, decision]).fetchall()
        sales = self._connection.execute(SALES, [decision]).fetchall()

        assert [id_ for id_, *_ in candidates] == ids
        passed = [reason is None for reason in expected]
        ranks = sorted(rank for _, _, rank, _ in candidates if rank)
        assert ranks == list(range(1, sum(passed) + 1))
        assert [reason if verdict == "lost" else None for _, verdict, _, reason in candidates] == expected
        assert exclusive == (None if holder is None else self.buyer_ids[holder])
        winners = [id_ for id_, verdict, *_ in candidates if verdict == "won"]
        assert sorted(id_ for id_, *_ in sales) == winners
        assert len(winners) == min(sum(passed), offer.routing.get("max_buyers", 1))
        assert (unsold is None) == bool(winners)
        best = sorted((rank, id_) for id_, _, rank, _ in candidates if rank)
        assert [id_ for id_, *_ in sales] == [id_ for _, id_ in best[: len(winners)]]
        if offer.routing["strategy"] == "priority":
            priorities = dict(zip(ids, (e.priority for e in offer.enrollments), strict=True))
            order = [-priorities[id_] for _, id_ in best]
            assert order == sorted(order)
        for sale in sales:
            self._check_sale(offer, ids.index(sale[0]), holder, sale)

    def _check_sale(self, offer: Offer, number: int, holder: int | None, sale: tuple[Any, ...]) -> None:
        id_, price, currency, is_exclusive, created_at, channels = sale
        enrollment = offer.enrollments[number]
        assert is_exclusive == (enrollment.buyer == holder)
        assert price == oracle.sale_price(self.world, offer, enrollment, is_exclusive)
        assert currency == self.world.currency
        assert created_at == self.now
        assert channels == oracle.channels(self.world.buyers[enrollment.buyer], enrollment)
        for unit in UNITS:
            key = id_, unit, oracle.window(unit, self.now, enrollment.zone or self.world.zone)
            self.sold[key] += 1
            limit = enrollment.caps[unit]
            assert limit is None or self.sold[key] <= limit

    def _used(self, offer: Offer, number: int, id_: int) -> dict[str, int]:
        zone = offer.enrollments[number].zone or self.world.zone
        return {unit: self.sold[id_, unit, oracle.window(unit, self.now, zone)] for unit in UNITS}

    # the database

    def submit(self, lead: dict[str, Any]) -> dict[str, Any]:
        """Hand in a lead."""
        answer: dict[str, Any] = self._value("select leadgen.submit_lead(%s)", Jsonb(lead))
        return answer

    def fingerprint(self) -> str:
        """A digest of every row that grows with leads."""
        digest = hashlib.sha256()
        for table in GROWING:
            for row in self._connection.execute(f"select t::text from leadgen.{table} t order by 1"):
                digest.update(row[0].encode())
        return digest.hexdigest()

    def complaints(self) -> list[tuple[Any, ...]]:
        """What the database itself says must never be."""
        return self._connection.execute("select * from leadgen.check_invariants()").fetchall()

    def _value(self, query: str, *parameters: object) -> Any:
        row = self._connection.execute(query.encode(), parameters).fetchone()
        assert row
        return row[0]

    def _insert(self, table: str, **columns: object) -> int:
        names, places = ", ".join(columns), ", ".join(["%s"] * len(columns))
        values = [Jsonb(value) if isinstance(value, dict) else value for value in columns.values()]
        return int(
            self._value(f"insert into leadgen.{table} ({names}) values ({places}) returning id", *values)
        )

    def _write_catalogue(self) -> None:
        world = self.world
        self._market = self._insert("markets", name="Market", timezone=world.zone, currency=world.currency)
        self._vertical = self._insert("verticals", slug="plumbing", name="Plumbing")
        self.buyer_ids = [
            self._insert(
                "buyers",
                name=f"Buyer {number}",
                email=f"buyer{number}@buyer.example",
                phone="+15125550100",
                is_active=buyer.is_active,
                webhook_url=WEBHOOK if buyer.has_webhook else None,
                email_notifications=buyer.wants_email,
                balance=buyer.balance,
            )
            for number, buyer in enumerate(world.buyers)
        ]
        for buyer_id, buyer in zip(self.buyer_ids, world.buyers, strict=True):
            for kind, value in buyer.areas:
                self._insert(
                    "buyer_service_areas",
                    buyer_id=buyer_id,
                    market_id=self._market,
                    scope_type=kind,
                    scope_value=value,
                )
        self.offer_ids = [self._write_offer(number, offer) for number, offer in enumerate(world.offers)]
        self.enrollment_ids = [
            [self._write_enrollment(offer_id, offer, number) for number in range(len(offer.enrollments))]
            for offer_id, offer in zip(self.offer_ids, world.offers, strict=True)
        ]

    def _write_offer(self, number: int, offer: Offer) -> int:
        rules = {"duplicate_window_hours": offer.duplicate_hours}
        pricing = None
        if offer.premium is not None:
            pricing = self._insert("pricing_policies", name="p", rules={"exclusivity_premium": offer.premium})
        offer_id = self._insert(
            "offers",
            market_id=self._market,
            vertical_id=self._vertical,
            name=f"Offer {number}",
            default_price_per_lead=offer.price,
            validation_policy_id=self._insert("validation_policies", name="v", rules=rules),
            routing_policy_id=self._insert("routing_policies", name="r", config=offer.routing),
            pricing_policy_id=pricing,
        )
        self._insert("sources", offer_id=offer_id, kind="embed_form", name="s", source_key=f"source-{number}")
        for (kind, value), buyer in offer.owners.items():
            self._insert(
                "offer_exclusivities",
                offer_id=offer_id,
                scope_type=kind,
                scope_value=value,
                buyer_id=self.buyer_ids[buyer],
            )
        return offer_id

    def _write_enrollment(self, offer_id: int, offer: Offer, number: int) -> int:
        enrollment = offer.enrollments[number]
        return self._insert(
            "buyer_offers",
            buyer_id=self.buyer_ids[enrollment.buyer],
            offer_id=offer_id,
            is_active=enrollment.is_active,
            routing_priority=enrollment.priority,
            weight=enrollment.weight,
            timezone=enrollment.zone,
            price_per_lead=enrollment.price,
            min_balance_required=enrollment.min_balance,
            webhook_url_override=WEBHOOK if enrollment.has_own_webhook else None,
            **{f"capacity_per_{unit}": limit for unit, limit in enrollment.caps.items()},
        )
