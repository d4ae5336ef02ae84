"""A lead waits for its offer while somebody edits the catalogue: it is decided by what it finds when its turn comes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg.errors import SerializationFailure

from concurrency.sessions import PATIENCE, Answer, in_background, submit, wait_until_blocked
from rig.catalogue import Catalogue, Offer, make_lead
from rig.cluster import Connect

TURN = "select pg_advisory_xact_lock(2, market.offer_lock_key(%s))"
INVARIANTS = "select rule, detail from leadgen.list_broken_invariants()"
OTHER_DAY = "Pacific/Kiritimati"  # its midnights are no other zone's of these tests


class Waiting:
    """A lead that waits for its offer, and its answer."""

    answer: Answer


@contextmanager
def waits(connect: Connect, admin: psycopg.Connection, offer: Offer) -> Iterator[Waiting]:
    """A lead waits while the block runs; afterwards it has its answer. Raises what the lead raises."""
    holder, sender = connect(), connect("leadgen_api")
    waiting = Waiting()
    with in_background() as pool:
        with holder.transaction():
            holder.execute(TURN, [offer.id])
            future = pool.submit(submit, sender, make_lead(offer.source_key))
            wait_until_blocked(admin, sender, holder, future)
            yield waiting
        waiting.answer = future.result(PATIENCE)


def the_policy(admin: psycopg.Connection, offer: Offer) -> int:
    row = admin.execute("select routing_policy_id from leadgen.offers where id = %s", [offer.id]).fetchone()
    assert row
    return int(row[0])


def reason(admin: psycopg.Connection, answer: Answer) -> Any:
    row = admin.execute(
        "select reasons from leadgen.lead_decisions where lead_id = %s", [answer["lead_id"]]
    ).fetchone()
    assert row
    return row[0]


def test_a_zone_that_moves_gives_no_place_twice(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue
) -> None:
    """The windows of the enrollments move with the zone, in the DBA's transaction, which holds the offer."""
    offer = catalogue.add_offer()
    catalogue.enroll(offer, capacity_per_month=1)
    assert submit(admin, make_lead(offer.source_key))["buyer_id"]
    dba, sender = connect(), connect("leadgen_api")
    with in_background() as pool:
        with dba.transaction():
            dba.execute(
                "update leadgen.markets set timezone = %s where id = %s", [OTHER_DAY, catalogue.market]
            )
            future = pool.submit(submit, sender, make_lead(offer.source_key))
            wait_until_blocked(admin, sender, dba, future)
        answer = future.result(PATIENCE)
    assert answer["buyer_id"] is None
    assert reason(admin, answer) == ["cap_month"]
    row = admin.execute("select timezone from leadgen.lead_decisions order by id desc limit 1").fetchone()
    assert row == (OTHER_DAY,)
    assert admin.execute(INVARIANTS).fetchall() == []


def test_a_cap_that_is_lifted_counts(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue
) -> None:
    """Else the lead would be held for a cap that is gone, and nobody would wake it."""
    offer = catalogue.add_offer({"caps": {"per_day": 0}, "on_no_buyer": "hold"})
    catalogue.enroll(offer)
    with waits(connect, admin, offer) as waiting:
        admin.execute(
            "update leadgen.routing_policies set config = config - 'caps' where id = %s",
            [the_policy(admin, offer)],
        )
    assert waiting.answer["buyer_id"]
    versions = admin.execute(
        "select routing_policy_version from leadgen.leads where id = %s", [waiting.answer["lead_id"]]
    ).fetchone()
    assert versions == (2,)


def test_a_cap_that_is_lowered_beneath_what_was_sold_takes_nothing_back_and_sells_no_more(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue
) -> None:
    offer = catalogue.add_offer()
    enrollment = catalogue.enroll(offer, capacity_per_day=9)
    sold = [submit(admin, make_lead(offer.source_key)) for _ in range(3)]
    with waits(connect, admin, offer) as waiting:
        admin.execute("update leadgen.buyer_offers set capacity_per_day = 2 where id = %s", [enrollment])
    assert waiting.answer["buyer_id"] is None
    assert reason(admin, waiting.answer) == ["cap_day"]
    standing = "select count(*) from leadgen.lead_assignments where outcome = 'pending'"
    assert admin.execute(standing).fetchone() == (len(sold),)
    assert admin.execute(INVARIANTS).fetchall() == []


def test_a_price_holds_from_its_change_on(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue
) -> None:
    """What waits is sold for the new one; what was sold keeps the old one."""
    offer = catalogue.add_offer()
    enrollment = catalogue.enroll(offer, price_per_lead=40)
    before = submit(admin, make_lead(offer.source_key))
    with waits(connect, admin, offer) as waiting:
        admin.execute("update leadgen.buyer_offers set price_per_lead = 55 where id = %s", [enrollment])
    prices = "select price::text from leadgen.lead_assignments order by id"
    assert admin.execute(prices).fetchall() == [("40.00",), ("55.00",)]
    assert (float(before["price"]), float(waiting.answer["price"])) == (40, 55)
    assert all(
        admin.execute("select leadgen.replay_lead(%s) ->> 'identical'", [answer["lead_id"]]).fetchone()
        == ("true",)
        for answer in (before, waiting.answer)
    )


def test_a_rule_judges_from_its_change_on(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue
) -> None:
    """What waits is judged by the new rules; what passed the old ones stays sold."""
    offer = catalogue.add_offer()
    catalogue.enroll(offer)
    assert submit(admin, make_lead(offer.source_key))["buyer_id"]
    edit = """
        update leadgen.validation_policies set rules = rules || '{"allowed_postal_codes": ["99999"]}'
        where id = (select validation_policy_id from leadgen.offers where id = %s)
    """
    with waits(connect, admin, offer) as waiting:
        admin.execute(edit, [offer.id])
    assert waiting.answer["status"] == "rejected"
    judged = "select status::text, validation_policy_version from leadgen.leads order by id"
    assert admin.execute(judged).fetchall() == [("validated", 1), ("rejected", 2)]


@pytest.mark.parametrize("table", ["offers", "markets", "verticals"])
def test_what_is_switched_off_sells_nothing_more(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue, offer: Offer, table: str
) -> None:
    """The lead is to be sent again, which the API does by itself; then it is turned away like any other."""
    row_id = {"offers": offer.id, "markets": catalogue.market, "verticals": catalogue.vertical}[table]
    with (
        pytest.raises(SerializationFailure, match="the offer was changed while the lead waited"),
        waits(connect, admin, offer),
    ):
        admin.execute(f"update leadgen.{table} set is_active = false where id = %s", [row_id])
    assert admin.execute("select count(*) from leadgen.leads").fetchone() == (0,)
    assert submit(admin, make_lead(offer.source_key))["status"] == "quarantined"


def test_a_contact_that_has_to_be_locked_first_sends_the_lead_back(
    connect: Connect, admin: psycopg.Connection, offer: Offer
) -> None:
    """Nobody who holds an offer locks a contact: the lead begins anew, by the new policy."""
    edit = """
        update leadgen.validation_policies
        set rules = '{"duplicate_window_hours": 1, "duplicate_scope": "market"}'
        where id = (select validation_policy_id from leadgen.offers where id = %s)
    """
    with pytest.raises(SerializationFailure), waits(connect, admin, offer):
        admin.execute(edit, [offer.id])
    assert submit(admin, make_lead(offer.source_key))["buyer_id"]


def test_a_source_that_is_moved_leaves_its_lead_where_it_waits(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue, offer: Offer
) -> None:
    """The lead came for the earlier offer; the next one comes for the other."""
    other = catalogue.add_offer()
    catalogue.enroll(other)
    move = "update leadgen.sources set offer_id = %s where source_key = %s"
    with waits(connect, admin, offer) as waiting:
        admin.execute(move, [other.id, offer.source_key])
    offers = "select offer_id from leadgen.leads where id = %s"
    assert admin.execute(offers, [waiting.answer["lead_id"]]).fetchone() == (offer.id,)
    later = submit(admin, make_lead(offer.source_key))
    assert admin.execute(offers, [later["lead_id"]]).fetchone() == (other.id,)


def test_an_enrollment_that_is_deleted_while_it_is_sold_to_stays(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue
) -> None:
    """Else a new one in its place would take the same cap again."""
    offer = catalogue.add_offer()
    enrollment = catalogue.enroll(offer, capacity_per_day=1)
    sender, dba = connect("leadgen_api"), connect()
    delete = "delete from leadgen.buyer_offers where id = %s"
    with in_background() as pool:
        with sender.transaction():
            assert submit(sender, make_lead(offer.source_key))["buyer_id"]
            future = pool.submit(dba.execute, delete, [enrollment])
            wait_until_blocked(admin, dba, sender, future)
        with pytest.raises(psycopg.Error, match="took leads cannot be deleted"):
            future.result(PATIENCE)
    assert submit(admin, make_lead(offer.source_key))["buyer_id"] is None
    assert admin.execute(INVARIANTS).fetchall() == []
