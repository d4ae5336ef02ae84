"""Plays a world in the database, step by step, and holds every decision against the oracle."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import psycopg
from psycopg import sql
from psycopg.rows import namedtuple_row
from psycopg.types.json import Jsonb

from properties import oracle
from properties.world import UNITS, WEBHOOK, Offer, Step, World

AT_MOST = 1000  # leads and wakes that one step routes
PEOPLE = 7
GREAT = 200_000  # bytes

DECISIONS = """
select d.id, d.lead_id, d.offer_id, d.decided_at, d.exclusive_buyer_id, d.unsold_reason, d.is_held, d.next_route_at,
  d.attempt, d.behind_lead_id, d.went_first, l.hold_until, l.next_route_at as lead_next_route_at
from leadgen.lead_decisions d join leadgen.leads l on l.id = d.lead_id
where d.id > %s order by d.id
"""
CANDIDATES = """
select c.buyer_offer_id, c.verdict, c.rank, c.reason
from leadgen.explain_candidates(%s) c where c.attempt = %s order by c.buyer_offer_id
"""
SALES = """
select a.id, a.buyer_offer_id, a.price, a.currency, a.is_exclusive, a.created_at,
  array(select d.channel::text from leadgen.deliveries d where d.assignment_id = a.id order by 1) as channels
from leadgen.lead_assignments a where a.decision_id = %s order by a.id
"""
WOKEN = """
select l.id, (select max(d.attempt) from leadgen.lead_decisions d where d.lead_id = l.id)
from leadgen.leads l
where l.hold_until > leadgen.clock() and l.offer_id in (
  select c.offer_id from leadgen.catalog_changes c
  union all
  select unnest(catalog.list_concerned_offers(c)) from leadgen.catalog_changes c where c.offer_id is null)
"""

DUE = "select count(*) from leadgen.leads where hold_until is not null and next_route_at <= leadgen.clock()"
BEFORE = "select behind_lead_id, went_first from leadgen.lead_decisions where lead_id = %s and attempt = 1"


PAY_IN = """
select billing.post('deposit', 'test:' || gen_random_uuid(), %s, array[
  ('cash', null, null, 'manual', %s)::billing.entry, ('buyer_prepaid', %s, null, null, %s)::billing.entry],
  leadgen.clock())
"""


@dataclass
class Sale:
    """A sale of a lead to an enrollment (by number)."""

    enrollment: int
    price: Decimal
    at: datetime
    stands: bool = True


@dataclass
class Sold:
    """A lead that passed validation, and its sales by id."""

    offer: int
    person: int
    created_at: datetime
    lead: oracle.Lead
    sales: dict[int, Sale] = field(default_factory=dict)


class Key(NamedTuple):
    """A calendar window of an enrollment, or of an offer as a whole (enrollment -1)."""

    offer: int
    enrollment: int
    unit: str
    window: oracle.Window


def plain(words: str | None) -> str | None:
    """Numbers without the zeros that scale adds."""
    if words is None:
        return None
    return re.sub(r"\d+\.\d+", lambda number: f"{Decimal(number[0]).normalize():f}", words)


class Simulation:
    """One world in one database, in the caller's transaction."""

    def __init__(self, connection: psycopg.Connection, world: World) -> None:
        self._connection = connection
        self.world = world
        self.now = world.start
        self.sold: Counter[Key] = Counter()
        self.spent: dict[Key, Decimal] = {}
        self.turns: dict[tuple[int, int], int] = {}  # by offer and enrollment: the number of its latest sale
        self.leads: list[tuple[dict[str, Any], dict[str, Any]]] = []  # each with its first answer
        self.valid: dict[int, Sold] = {}  # by id
        self._last_decision = 0
        self._last_valid: dict[tuple[int, int], datetime] = {}  # by offer and person
        self._tables = self._list_tables()
        self._write_catalogue()

    def play(self, step: Step) -> None:
        """Let the time pass, then do it."""
        self.now += step.after
        self._connection.execute("select set_config('leadgen.clock', %s, false)", [self.now.isoformat()])
        getattr(self, f"_{step.what}")(step)

    # what happens

    def _submit(self, step: Step) -> None:
        which, person, rehearsed = step.numbers
        index, person = which % len(self.world.offers), person % PEOPLE
        number = len(self.leads)
        lead = {
            "source_key": f"source-{index}",
            "idempotency_key": f"lead-{number}",
            "name": "John Smith",
            "email": f"person{person}@example.com",
            "phone": f"+1512555010{person}",
            **(self._disguise(person, number) if self.world.offers[index].by_mailbox else {}),
            "postal_code": step.postal_code,
            "message": step.message,
            "attributes": step.attributes,
        }
        dry = self._dry_run(lead) if rehearsed % 3 == 0 else None
        answer = self.submit(lead)
        self.leads.append((lead, answer))
        self._check_answer(answer, index, person)
        if answer["status"] == "accepted":
            self.valid[answer["lead_id"]] = Sold(
                index, person, self.now, oracle.Lead(step.postal_code, step.message, step.attributes)
            )
        if dry is not None:
            self._check_dry_run(dry, answer)
        self.check_decisions()
        if answer["status"] == "accepted":
            self._check_who_went_first(answer["lead_id"], self.offer_ids[index])

    def _disguise(self, person: int, number: int) -> dict[str, str]:
        """Another address of a person's mailbox, and another phone."""
        name = ("person", "per.son", "p.e.r.s.o.n", "Person")[number % 4]
        domain = ("gmail.com", "googlemail.com")[number // 4 % 2]
        tag = f"+{number}" if number % 3 else ""
        return {"email": f"{name}{person}{tag}@{domain}", "phone": f"+1512556{number:04}"}

    def _resubmit(self, step: Step) -> None:
        if self.leads:
            lead, answer = self.leads[step.numbers[0] % len(self.leads)]
            before = self.fingerprint()
            assert self.submit(lead) == answer | {"repeated": True}
            assert self._dry_run(lead) == answer | {"repeated": True, "dry_run": True}
            assert self.fingerprint() == before

    def _route_held(self, step: Step) -> None:
        woken: dict[int, int] = dict(self._connection.execute(WOKEN).fetchall())
        for _ in range(AT_MOST):
            if not self._value("select leadgen.follow_change() > 0 or leadgen.route_held_lead() is not null"):
                break
            self.check_decisions()
        assert self._value(DUE) == 0
        attempts = "select max(attempt) from leadgen.lead_decisions where lead_id = %s"
        for lead, attempt in woken.items():
            assert self._value(attempts, lead) > attempt

    def _pause(self, step: Step) -> None:
        offer, number = self._choose(step)
        enrollment = self.world.offers[offer].enrollments[number]
        enrollment.pause_from, enrollment.pause_until = None, self.now + step.until
        if step.until and step.numbers[2] % 2:  # planned: it begins after a while, and lasts as long
            enrollment.pause_from, enrollment.pause_until = self.now + step.until, self.now + 2 * step.until
        self._connection.execute(
            "update leadgen.buyer_offers set pause_from = %s, pause_until = %s where id = %s",
            [enrollment.pause_from, enrollment.pause_until, self.enrollment_ids[offer][number]],
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
        self._pay_in(self.buyer_ids[number], Decimal(step.numbers[1]))

    def _pay_in(self, buyer_id: int, amount: Decimal) -> None:
        """A buyer pays in advance; also cents of a currency that has none."""
        if amount:
            self._connection.execute(PAY_IN, [self.world.currency, amount, buyer_id, -amount])

    def _give_back(self, step: Step) -> None:
        """A buyer returns a lead, if it still may."""
        standing = [
            (sold, id_) for sold in self.valid.values() for id_, sale in sold.sales.items() if sale.stands
        ]
        if standing:
            sold, id_ = standing[step.numbers[0] % len(standing)]
            if not self._value(
                "select return_by > leadgen.clock() from leadgen.lead_assignments where id = %s", id_
            ):
                return
            assert self._value("select leadgen.return_sale(%s, 'other')", id_) == "returned"
            sale = sold.sales[id_]
            sale.stands = False
            self._count(sold.offer, sale, -1)

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

    def _check_who_went_first(self, lead_id: int, offer_id: int) -> None:
        """No held lead is due when a new one was routed; one that waits let ten go first."""
        behind, went_first = self._connection.execute(BEFORE, [lead_id]).fetchall()[0]
        if behind is None:
            assert self._value(f"{DUE} and offer_id = %s", offer_id) == 0
        else:
            assert len(went_first) == 10

    def _check_dry_run(self, dry: dict[str, Any], answer: dict[str, Any]) -> None:
        """It said what the lead was then told, and gave the same account."""
        assert {key: value for key, value in dry.items() if key not in ("dry_run", "decision")} == {
            key: value for key, value in answer.items() if key != "lead_id"
        }
        account = self._value("select leadgen.explain_lead(%s)", answer["lead_id"])
        assert dry["decision"] == {
            key: value for key, value in account.items() if key not in ("lead_id", "sales")
        }

    def check_decisions(self) -> None:
        """Hold the decisions since the last time against the oracle, which knows the world as it is now."""
        with self._connection.cursor(row_factory=namedtuple_row) as cursor:
            decisions: list[Any] = cursor.execute(DECISIONS, [self._last_decision]).fetchall()
            for decision in decisions:
                self._last_decision = decision.id
                sales = cursor.execute(SALES, [decision.id]).fetchall()
                self._check_decision(decision, sales)

    def _check_decision(self, decision: Any, sales: list[Any]) -> None:
        sold = self.valid[decision.lead_id]
        offer, ids = self.world.offers[sold.offer], self.enrollment_ids[sold.offer]
        assert decision.decided_at == self.now
        assert decision.offer_id == self.offer_ids[sold.offer]
        lead = self._lead_as_of_now(sold)
        usages = [self._usage(sold.offer, number) for number in range(len(ids))]
        whole = self._usage(sold.offer, -1)
        expected, holder = oracle.judge(
            self.world, offer, lead, self.now, usages, whole, decision.behind_lead_id
        )
        candidates = self._connection.execute(CANDIDATES, [decision.lead_id, decision.attempt]).fetchall()

        assert [id_ for id_, *_ in candidates] == ids
        for (_, verdict, _, reason), failed in zip(candidates, expected, strict=True):
            assert (verdict == "lost") == (failed is not None), (reason, failed)
            if failed is not None and failed.check == "filters":
                assert re.match(rf"{re.escape(failed.words)}( is \S+)?, wanted ", reason), (reason, failed)
            elif failed is not None:
                assert plain(reason) == plain(failed.words), (reason, failed)
        assert decision.exclusive_buyer_id == (None if holder is None else self.buyer_ids[holder])

        ranking = [ids.index(id_) for id_, _, rank, _ in sorted(candidates, key=lambda c: c[2] or 0) if rank]
        assert sorted(ranking) == [number for number, failed in enumerate(expected) if failed is None]
        self._check_ranking(offer, lead, ranking, usages)
        prices = [oracle.sale_price(self.world, offer, e, lead, self.now) for e in offer.enrollments]
        places = offer.routing.get("max_buyers", 1) - sum(sale.stands for sale in sold.sales.values())
        winners = oracle.choose_winners(offer, ranking, prices, whole, places)
        assert [ids.index(sale.buyer_offer_id) for sale in sales] == winners
        assert [id_ for id_, verdict, *_ in candidates if verdict == "won"] == [
            ids[n] for n in sorted(winners)
        ]
        if winners:
            assert (decision.unsold_reason, decision.is_held, decision.next_route_at) == (None, None, None)
        else:
            self._check_hold(decision, offer, expected, holder)
        for sale in sales:
            self._check_sale(sold, holder, sale, prices)

    def _check_ranking(
        self, offer: Offer, lead: oracle.Lead, ranking: list[int], usages: list[oracle.Usage]
    ) -> None:
        """The strategy, its tie-breakers, who waits longest, the id; shares by weight are for test_fairness."""
        names = [offer.routing["strategy"], *offer.routing.get("tie_breakers", [])]
        is_whole = "weighted" not in names
        names = [*names, "round_robin"] if is_whole else names[: names.index("weighted")]
        places = oracle.fill_places(offer.enrollments, usages, ranking)
        keys = [
            (
                *(
                    places[n]
                    if name == "least_filled"
                    else oracle.rank_key(
                        name, self.world, offer, offer.enrollments[n], lead, self.now, usages[n]
                    )
                    for name in names
                ),
                n if is_whole else 0,
            )
            for n in ranking
        ]
        assert keys == sorted(keys)

    def _check_hold(
        self, decision: Any, offer: Offer, expected: list[oracle.Failed | None], holder: int | None
    ) -> None:
        """Why it is unsold, and when it is offered again."""
        counts = Counter(failed.check if failed else "taken_meanwhile" for failed in expected)
        words = ", ".join(f"{name} {n}" for name, n in sorted(counts.items(), key=lambda c: (-c[1], c[0])))
        assert decision.unsold_reason == f"no buyer could take it: {words}"
        assert decision.is_held == oracle.is_held(offer, holder, expected)
        if decision.is_held:
            expected_at = oracle.next_offer(offer, expected, self.now)
            assert decision.next_route_at == expected_at
            assert decision.lead_next_route_at == min(expected_at, decision.hold_until)
        else:
            assert decision.next_route_at is None

    def _check_sale(self, sold: Sold, holder: int | None, sale: Any, prices: list[Decimal]) -> None:
        offer = self.world.offers[sold.offer]
        number = self.enrollment_ids[sold.offer].index(sale.buyer_offer_id)
        enrollment = offer.enrollments[number]
        assert sale.is_exclusive == (enrollment.buyer == holder)
        assert sale.price == prices[number]
        assert sale.currency == self.world.currency
        assert sale.created_at == self.now
        assert sale.channels == oracle.channels(self.world.buyers[enrollment.buyer], enrollment)
        made = sold.sales[sale.id] = Sale(number, sale.price, self.now)
        self.turns[sold.offer, number] = 1 + max(
            (turn for (index, _), turn in self.turns.items() if index == sold.offer), default=0
        )
        self._count(sold.offer, made, 1)
        self._check_limits(sold.offer, number, enrollment.caps, enrollment.budgets)
        self._check_limits(sold.offer, -1, *oracle.offer_limits(offer))

    def _check_limits(
        self, index: int, number: int, caps: dict[str, int | None], budgets: dict[str, Decimal | None]
    ) -> None:
        usage = self._usage(index, number)
        assert all(limit is None or usage.sold[unit] <= limit for unit, limit in caps.items())
        assert all(most is None or usage.spent[span] <= most for span, most in budgets.items())

    def _count(self, index: int, sale: Sale, sign: int) -> None:
        for number in (sale.enrollment, -1):
            for key in self._keys(index, number, sale.at):
                self.sold[key] += sign
                self.spent[key] = self.spent.get(key, Decimal(0)) + sign * sale.price

    def _usage(self, index: int, number: int) -> oracle.Usage:
        keys = {key.unit: key for key in self._keys(index, number, self.now)}
        return oracle.Usage(
            {unit: self.sold[key] for unit, key in keys.items()},
            {span: self.spent.get(keys[span], Decimal(0)) for span in oracle.SPANS},
            self.turns.get((index, number), -1),
        )

    def _keys(self, index: int, number: int, at: datetime) -> Iterator[Key]:
        """The windows that a moment lies in."""
        zone = self.world.offers[index].enrollments[number].zone if number >= 0 else None
        for unit in UNITS:
            yield Key(index, number, unit, oracle.window(unit, at, zone or self.world.zone))

    def _lead_as_of_now(self, sold: Sold) -> oracle.Lead:
        """The lead with the buyers who had it, and who bought its contact within the policy's days."""
        offer = self.world.offers[sold.offer]
        since = self.now - timedelta(days=offer.routing.get("contact_window_days", 30))
        others = [
            other
            for other in self.valid.values()
            if other is not sold and (other.offer, other.person) == (sold.offer, sold.person)
        ]
        return oracle.Lead(
            sold.lead.postal_code,
            sold.lead.message,
            sold.lead.attributes,
            {offer.enrollments[sale.enrollment].buyer for sale in sold.sales.values()},
            {
                offer.enrollments[sale.enrollment].buyer
                for other in others
                for sale in other.sales.values()
                if other.created_at > since
            },
        )

    # what the database says of it all

    def check_end(self) -> None:
        """Nothing is wrong, every lead comes out of its record, and nothing changed is what happened."""
        assert self._connection.execute("select * from leadgen.list_broken_invariants()").fetchall() == []
        assert (
            self._connection.execute(
                """
            select l.id, replay from leadgen.leads l cross join lateral leadgen.replay_lead(l.id) replay
            where replay <> '{"identical": true}'
            """
            ).fetchall()
            == []
        )
        for offer_id in self.offer_ids:
            report = self._value(
                "select leadgen.what_if(%s, %s, %s)", offer_id, self.world.start, self.now + timedelta(days=1)
            )
            assert report["is_identical"], report
            assert report["simulated"] == report["actual"]
            assert {report["moved"][how] for how in report["moved"] if how != "same"} == {0}
            assert report["actual"]["revenue"] == float(self._revenue(offer_id))

    def _revenue(self, offer_id: int) -> Decimal:
        """What an offer's sales that stand come to."""
        index = self.offer_ids.index(offer_id)
        return sum(
            (
                sale.price
                for sold in self.valid.values()
                if sold.offer == index
                for sale in sold.sales.values()
                if sale.stands
            ),
            Decimal(0),
        )

    # the database

    def submit(self, lead: dict[str, Any]) -> dict[str, Any]:
        """Hand in a lead."""
        answer: dict[str, Any] = self._value("select leadgen.submit_lead(%s)", Jsonb(lead))
        return answer

    def _dry_run(self, lead: dict[str, Any]) -> dict[str, Any]:
        """Rehearse a lead, which leaves every row as it is."""
        before = self.fingerprint()
        answer: dict[str, Any] = self._value("select leadgen.dry_run_lead(%s)", Jsonb(lead))
        assert self.fingerprint() == before
        return answer

    def _list_tables(self) -> sql.Composed:
        """A query for a digest of each table of the schema; of the great tables of reference data only the count."""
        tables = self._connection.execute(
            """
            select relname, pg_relation_size(oid) > %s from pg_class
            where relnamespace = 'leadgen'::regnamespace and relkind = 'r' order by 1
            """,
            [GREAT],
        ).fetchall()
        digest = sql.SQL("select {}::text, count(*), {} from leadgen.{} t")
        every_row, no_row = sql.SQL("sum(hashtextextended(t::text, 0))"), sql.SQL("0")
        return sql.SQL(" union all ").join(
            digest.format(sql.Literal(name), no_row if is_great else every_row, sql.Identifier(name))
            for name, is_great in tables
        )

    def fingerprint(self) -> list[tuple[Any, ...]]:
        """A digest of the rows of every table, by its name."""
        return sorted(self._connection.execute(self._tables), key=lambda row: row[0])

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
                currency=world.currency,
                billing_mode="none",  # tests/billing asks what a sale costs
            )
            for number, buyer in enumerate(world.buyers)
        ]
        for buyer_id, buyer in zip(self.buyer_ids, world.buyers, strict=True):
            self._pay_in(buyer_id, buyer.balance)
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
        for offer_id, offer in zip(self.offer_ids, world.offers, strict=True):
            self._write_owners(offer_id, offer)

    def _write_offer(self, number: int, offer: Offer) -> int:
        rules: dict[str, Any] = {"duplicate_window_hours": offer.duplicate_hours}
        if offer.by_mailbox:
            rules["duplicate_match"] = ["mailbox"]
        pricing = None
        if offer.pricing:
            pricing = self._insert("pricing_policies", name="p", rules=offer.pricing)
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
        return offer_id

    def _write_owners(self, offer_id: int, offer: Offer) -> None:
        for (kind, value), buyer in offer.owners.items():
            self._insert(
                "offer_exclusivities",
                offer_id=offer_id,
                scope_type=kind,
                scope_value=value,
                buyer_id=self.buyer_ids[buyer],
            )

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
            schedule=enrollment.schedule,
            filters=enrollment.filters,
            **{f"capacity_per_{unit}": limit for unit, limit in enrollment.caps.items()},
            **{f"budget_per_{span}": most for span, most in enrollment.budgets.items()},
        )
