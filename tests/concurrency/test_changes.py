"""Changes of the catalogue and the workers that follow them: none is lost, and none holds up another."""

from functools import partial

import psycopg

from concurrency.sessions import PATIENCE, advisory_locks, in_background, submit
from rig.catalogue import Catalogue, Offer, make_lead
from rig.cluster import Connect
from rig.waiting import wait_until

FOLLOW = "select leadgen.follow_change() > 0"
HOLD = "select pg_advisory_xact_lock(2, market.offer_lock_key(%s))"
DUE = """
select offer_id from leadgen.leads where hold_until is not null and next_route_at <= clock_timestamp() order by 1
"""
RAISE = "update leadgen.offers set default_price_per_lead = default_price_per_lead + 1 where id = %s"
FUNDS = "select leadgen.credit_buyer(%s, 1, gen_random_uuid()::text, 'a test')"


def held_offers(admin: psycopg.Connection, catalogue: Catalogue, number: int) -> list[Offer]:
    """Offers with a held lead each; of what made them nothing is left to follow."""
    offers = [catalogue.add_offer({"on_no_buyer": "hold"}) for _ in range(number)]
    for offer in offers:
        catalogue.enroll(offer, capacity_per_day=0)
        assert submit(admin, make_lead(offer.source_key))["buyer_id"] is None
    while admin.execute(FOLLOW).fetchone() == (True,):
        pass
    admin.execute("update leadgen.leads set next_route_at = next_route_at + interval '1 hour'")
    return offers


def due(admin: psycopg.Connection) -> list[int]:
    return [offer for (offer,) in admin.execute(DUE)]


def test_an_offer_that_somebody_holds_keeps_no_other_offers_changes_waiting(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue
) -> None:
    busy, free = held_offers(admin, catalogue, 2)
    holder, worker = connect(), connect()
    for offer in (busy, free):
        admin.execute(RAISE, [offer.id])
    with holder.transaction():
        holder.execute(HOLD, [busy.id])
        assert worker.execute(FOLLOW).fetchone() == (True,)
        assert due(admin) == [free.id]
        assert worker.execute(FOLLOW).fetchone() == (False,)
        assert due(admin) == [free.id]
    assert worker.execute(FOLLOW).fetchone() == (True,)
    assert due(admin) == [busy.id, free.id]
    assert worker.execute(FOLLOW).fetchone() == (False,)


def test_a_change_that_commits_late_is_not_lost_in_another(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue
) -> None:
    """An edit with the lower id is still open while a later one of the same offer is followed."""
    (offer,) = held_offers(admin, catalogue, 1)
    late, worker = connect("leadgen_dba"), connect()
    with late.transaction():
        late.execute("update leadgen.buyer_offers set capacity_per_day = 1 where offer_id = %s", [offer.id])
        admin.execute(RAISE, [offer.id])
        assert worker.execute(FOLLOW).fetchone() == (True,)
        assert due(admin) == [offer.id]
        admin.execute("update leadgen.leads set next_route_at = next_route_at + interval '1 hour'")
        assert worker.execute(FOLLOW).fetchone() == (False,)
    assert worker.execute(FOLLOW).fetchone() == (True,)
    assert due(admin) == [offer.id]


def test_two_workers_take_two_changes(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue
) -> None:
    """What the one has taken the other passes over, and its offers are woken by both without a deadlock."""
    offers = held_offers(admin, catalogue, 3)
    buyers = [buyer for (buyer,) in admin.execute("select id from leadgen.buyers order by id")]
    first, second = connect(), connect()
    admin.execute(FUNDS, [buyers[0]])
    with first.transaction():
        assert first.execute(FOLLOW).fetchone() == (True,)
        admin.execute(FUNDS, [buyers[1]])
        assert second.execute(FOLLOW).fetchone() == (True,)
        assert due(admin) == [offers[1].id]
        assert second.execute(FOLLOW).fetchone() == (False,)
    assert due(admin) == [offers[0].id, offers[1].id]


def test_a_lead_that_is_judged_before_a_change_is_woken_by_it(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue
) -> None:
    """The lead's transaction is open while the cap is raised: the change waits for it, and then wakes it."""
    offer = catalogue.add_offer({"on_no_buyer": "hold"})
    enrollment = catalogue.enroll(offer, capacity_per_day=0)
    while admin.execute(FOLLOW).fetchone() == (True,):
        pass
    sender, worker = connect("leadgen_api"), connect()
    with sender.transaction():
        assert submit(sender, make_lead(offer.source_key))["buyer_id"] is None
        admin.execute("update leadgen.buyer_offers set capacity_per_day = 1 where id = %s", [enrollment])
        assert worker.execute(FOLLOW).fetchone() == (False,)
    assert worker.execute(FOLLOW).fetchone() == (True,)
    assert due(admin) == [offer.id]


MOVE = "update leadgen.buyer_offers set timezone = 'Asia/Tokyo' where id = any(%s)"


def waits_for(admin: psycopg.Connection, session: psycopg.Connection, offer: Offer) -> bool:
    """Whether a session waits for this offer, with none in hand."""
    return advisory_locks(admin, session) == {(2, offer.id): False}


def test_two_who_move_the_zones_of_enrollments_take_the_offers_in_one_order(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue
) -> None:
    """Written in the order of the rows: the second writes the later offer's enrollment first."""
    early, late = catalogue.add_offer(), catalogue.add_offer()
    first_rows = [catalogue.enroll(early), catalogue.enroll(late)]
    second_rows = [catalogue.enroll(late), catalogue.enroll(early)]
    holder, first, second = connect(), connect("leadgen_dba"), connect("leadgen_dba")
    with in_background() as pool:
        with holder.transaction():
            holder.execute(HOLD, [early.id])
            moves = []
            for session, rows in ((first, first_rows), (second, second_rows)):
                moves.append(pool.submit(session.execute, MOVE, [rows]))
                wait_until(partial(waits_for, admin, session, early))
        assert [move.result(PATIENCE).rowcount for move in moves] == [2, 2]
    zones = admin.execute("select distinct timezone from leadgen.buyer_offers").fetchall()
    assert zones == [("Asia/Tokyo",)]
