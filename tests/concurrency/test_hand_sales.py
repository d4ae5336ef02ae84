"""Leads sold by hand while workers route them, new leads come and other operators sell the same ones."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psycopg
from psycopg.types.json import Jsonb

from concurrency.sessions import PATIENCE, in_background, submit, wait_until_blocked
from leadgen.db.urls import with_role
from rig.catalogue import Catalogue, make_lead

HELD = 24
NEW = 12
CAPS = (11, 7, 17)
PAID = 5  # leads that the prepaid buyer, of seventeen a day, has money for
SELL = "select leadgen.sell_lead(%s, %s, 'agreed by phone')"
BUYERS = "select array_agg(buyer_id order by id) from leadgen.buyer_offers"


def buyers_of(admin: psycopg.Connection) -> list[int]:
    """The buyers of the offer, in the order in which they were enrolled."""
    row = admin.execute(BUYERS).fetchone()
    assert row
    found: list[int] = row[0]
    return found


def sell_all(database: str, barrier: Barrier, leads: list[int], buyers: list[int]) -> tuple[int, set[str]]:
    """An operator sells each lead to each buyer; how many sales that made, and the first words of the refusals."""
    sales, refused = 0, set[str]()
    with psycopg.connect(database, autocommit=True) as connection:
        barrier.wait(PATIENCE)
        for lead in leads:
            for buyer in buyers:
                try:
                    row = connection.execute(SELL, [lead, buyer]).fetchone()
                except psycopg.Error as error:
                    if error.sqlstate != "LG409":
                        raise
                    refused.add(str(error.diag.message_primary).split()[0])
                    continue
                sales += bool(row and row[0]["is_new"])
    return sales, refused


def check_places(admin: psycopg.Connection, prepaid: int) -> None:
    """Every place is sold, none twice; the money is as the sales say, and each decision replays."""
    sold = admin.execute(
        "select array_agg(n order by buyer_id) from (select buyer_id, count(*) as n from leadgen.lead_assignments"
        " group by 1) s"
    ).fetchone()
    assert sold == ([CAPS[0], CAPS[1], PAID],)
    most = admin.execute(
        "select max(n), max(d) from (select count(*) as n, count(*) - count(distinct buyer_id) as d"
        " from leadgen.lead_assignments group by lead_id) s"
    ).fetchone()
    assert most == (2, 0)
    assert admin.execute("select balance from leadgen.buyers where id = %s", [prepaid]).fetchone() == (44,)
    different = admin.execute(
        "select l.id from leadgen.leads l where leadgen.replay_lead(l.id) <> %s", [Jsonb({"identical": True})]
    ).fetchall()
    assert different == []
    assert admin.execute("select * from leadgen.list_broken_invariants()").fetchall() == []


def test_no_place_is_sold_twice_by_hands_workers_and_new_leads(
    database: str, admin: psycopg.Connection, catalogue: Catalogue
) -> None:
    """Two buyers a lead; one has little money. Every place is sold once, and nobody waits in a circle."""
    offer = catalogue.add_offer({"on_no_buyer": "hold", "max_buyers": 2})
    for mode in ("none", "invoiced", "prepaid"):
        catalogue.enroll(offer, catalogue.add_buyer(billing_mode=mode), capacity_per_day=0)
    buyers = buyers_of(admin)
    admin.execute("select leadgen.top_up(%s, %s, 'test')", [buyers[2], PAID * 45 + 44])
    held = [submit(admin, make_lead(offer.source_key))["lead_id"] for _ in range(HELD)]
    for buyer, cap in zip(buyers, CAPS, strict=True):
        admin.execute(
            "update leadgen.buyer_offers set capacity_per_day = %s where buyer_id = %s", [cap, buyer]
        )
    barrier = Barrier(6)

    def route() -> None:
        with psycopg.connect(with_role(database, "leadgen_worker"), autocommit=True) as connection:
            barrier.wait(PATIENCE)
            for _ in range(HELD):
                connection.execute("select leadgen.follow_change()")
                connection.execute("select leadgen.route_held_lead()")

    def send() -> None:
        with psycopg.connect(with_role(database, "leadgen_api"), autocommit=True) as connection:
            barrier.wait(PATIENCE)
            for _ in range(NEW):
                submit(connection, make_lead(offer.source_key))

    with ThreadPoolExecutor(6) as pool:
        operators = [
            pool.submit(sell_all, database, barrier, held, buyers[turn:] + buyers[:turn]) for turn in range(3)
        ]
        others = [pool.submit(route), pool.submit(route), pool.submit(send)]
        by_hand = [operator.result(PATIENCE * 3) for operator in operators]
        for other in others:
            other.result(PATIENCE * 3)  # a deadlock would be raised here

    recorded = admin.execute(
        "select count(*) from leadgen.lead_decisions where (choice).buyer_id is not null"
    ).fetchone()
    assert recorded == (sum(sales for sales, _ in by_hand),)
    assert recorded > (0,)
    assert set().union(*(refused for _, refused in by_hand)) == {"Buyer", "Lead"}  # full, or the lead is
    check_places(admin, buyers[2])


def test_who_sells_the_same_lead_second_finds_it_sold(
    database: str, admin: psycopg.Connection, catalogue: Catalogue
) -> None:
    """Both wait for the offer; the one who comes second is told of the sale, or that there is no room."""
    offer = catalogue.add_offer({"on_no_buyer": "hold"})
    for _ in range(2):
        catalogue.enroll(offer, capacity_per_day=0)
    lead = submit(admin, make_lead(offer.source_key))["lead_id"]
    admin.execute("update leadgen.buyer_offers set capacity_per_day = null")
    first, second = buyers_of(admin)
    with (
        psycopg.connect(database) as one,
        psycopg.connect(database, autocommit=True) as other,
        in_background() as threads,
    ):
        assert one.execute(SELL, [lead, first]).fetchone()
        again = threads.submit(lambda: other.execute(SELL, [lead, first]).fetchone())
        wait_until_blocked(admin, other, one, again)
        one.commit()
        row = again.result(PATIENCE)
        assert row
        assert row[0]["is_new"] is False
        one.execute("select leadgen.return_sale(%s, 'spam')", [row[0]["assignment_id"]])
        late = threads.submit(lambda: other.execute(SELL, [lead, second]).fetchone())
        wait_until_blocked(admin, other, one, late)
        one.rollback()
        error = late.exception(PATIENCE)
        assert isinstance(error, psycopg.Error)
        assert error.sqlstate == "LG409"
    assert admin.execute("select buyer_id from leadgen.lead_assignments").fetchall() == [(first,)]
