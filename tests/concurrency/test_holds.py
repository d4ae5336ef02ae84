"""Held leads under a crowd: workers, new leads and an operator who changes things, all at once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psycopg

from concurrency.sessions import PATIENCE, in_background, submit, wait_until_blocked
from leadgen.db.urls import with_role
from rig.catalogue import Catalogue, Offer, make_lead

HELD = 60
NEW = 60
WORKERS = 3


def route_all(database: str, barrier: Barrier, rounds: int) -> list[int]:
    """A worker: routes what is due, again and again; the ids it was given."""
    with psycopg.connect(with_role(database, "leadgen_worker"), autocommit=True) as connection:
        barrier.wait(PATIENCE)
        found = []
        for _ in range(rounds):
            connection.execute("select leadgen.follow_change()")
            found.append(connection.execute("select leadgen.route_held_lead()").fetchone())
    return [row[0] for row in found if row and row[0]]


def test_workers_leads_and_an_operator_at_once(
    database: str, admin: psycopg.Connection, catalogue: Catalogue
) -> None:
    """Nobody waits in a circle, no lead is lost, and none is sold or routed twice for one time that it was due."""
    offers = [catalogue.add_offer({"on_no_buyer": "hold", "strategy": "round_robin"}) for _ in range(2)]
    for offer in offers:
        for cap in (11, 17, 23):
            catalogue.enroll(offer, min_balance_required=50, capacity_per_day=cap)
    admin.execute("update leadgen.buyers set billing_mode = 'none'")  # an invoiced buyer has no balance
    for n in range(HELD):
        assert submit(admin, make_lead(offers[n % 2].source_key))["buyer_id"] is None
    barrier = Barrier(WORKERS + 3)

    def send(start: int) -> list[int]:
        with psycopg.connect(with_role(database, "leadgen_api"), autocommit=True) as connection:
            barrier.wait(PATIENCE)
            leads = [
                submit(connection, make_lead(offers[(start + n) % 2].source_key)) for n in range(NEW // 2)
            ]
        return [lead["lead_id"] for lead in leads]

    def operate() -> int:
        """Funds come, one buyer after the other, a little at a time; each time the offers' held leads are woken."""
        with psycopg.connect(database, autocommit=True) as connection:
            barrier.wait(PATIENCE)
            for balance in (20, 40, 60, 80, 100):
                for (buyer,) in connection.execute("select id from leadgen.buyers order by id").fetchall():
                    connection.execute(
                        "select leadgen.top_up(%s, 20, %s)", [buyer, f"test:{buyer}:{balance}"]
                    )
        return balance

    with ThreadPoolExecutor(WORKERS + 3) as pool:
        workers = [pool.submit(route_all, database, barrier, 120) for _ in range(WORKERS)]
        senders = [pool.submit(send, start) for start in range(2)]
        operator = pool.submit(operate)
        routed = [worker.result(PATIENCE * 3) for worker in workers]  # a deadlock would be raised here
        sent = [lead for sender in senders for lead in sender.result(PATIENCE)]
        operator.result(PATIENCE)
    rest = []
    while admin.execute("select leadgen.follow_change() > 0").fetchone() == (True,):
        pass
    while (row := admin.execute("select leadgen.route_held_lead()").fetchone()) and row[0] is not None:
        rest.append(row[0])

    assert len(sent) == NEW
    assert any(routed)
    leads, sold, held = admin.execute(
        """
        select count(*), count(*) filter (where buyer_id is not null),
          count(*) filter (where buyer_id is null and hold_until is not null and next_route_at > leadgen.clock())
        from leadgen.leads
        """
    ).fetchone() or (0, 0, 0)
    assert (leads, sold, held) == (HELD + NEW, 102, HELD + NEW - 102)  # two offers of 11 + 17 + 23 places
    per_buyer = admin.execute(
        "select sales[2] from leadgen.enrollment_usage order by buyer_offer_id"
    ).fetchall()
    assert [count for (count,) in per_buyer] == [11, 17, 23] * 2
    # A worker that came second for a lead returns its id without routing it: attempts are never more than calls. Others
    # went before a new lead, in its transaction.
    attempts = admin.execute(
        """
        select count(*) filter (where attempt > 1) - coalesce(sum(cardinality(went_first)), 0)
        from leadgen.lead_decisions
        """
    ).fetchone()
    assert attempts
    assert attempts[0] <= sum(map(len, routed)) + len([lead for lead in rest if lead])
    again = admin.execute(
        "select lead_id from leadgen.lead_decisions group by lead_id, decided_at having count(*) > 1"
    ).fetchall()
    assert again == []
    assert admin.execute("select * from leadgen.list_broken_invariants()").fetchall() == []


def test_two_workers_route_each_lead_once_a_due_time(
    database: str, admin: psycopg.Connection, catalogue: Catalogue
) -> None:
    """Thirty leads are due and nobody can take them: each gets one more attempt, whoever makes it."""
    offer = catalogue.add_offer({"on_no_buyer": "hold"})
    catalogue.enroll(offer, capacity_per_day=0)
    for _ in range(30):
        submit(admin, make_lead(offer.source_key))
    while admin.execute(
        "select leadgen.follow_change() > 0 or leadgen.route_held_lead() is not null"
    ).fetchone() != (False,):
        pass
    attempts: dict[int, int] = dict(
        admin.execute("select lead_id, max(attempt) from leadgen.lead_decisions group by 1").fetchall()
    )
    admin.execute("update leadgen.leads set next_route_at = now()")
    barrier = Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        for worker in [pool.submit(route_all, database, barrier, 40) for _ in range(2)]:
            worker.result(PATIENCE)
    assert dict(
        admin.execute("select lead_id, max(attempt) from leadgen.lead_decisions group by 1").fetchall()
    ) == {lead: attempt + 1 for lead, attempt in attempts.items()}


def hold_one(admin: psycopg.Connection, catalogue: Catalogue) -> tuple[Offer, int]:
    """An offer, and a lead that it held until its only buyer takes one a day: an edit that nobody has followed yet."""
    offer = catalogue.add_offer({"on_no_buyer": "hold"})
    enrollment = catalogue.enroll(offer, capacity_per_day=0)
    held = submit(admin, make_lead(offer.source_key))["lead_id"]
    admin.execute("update leadgen.buyer_offers set capacity_per_day = 1 where id = %s", [enrollment])
    return offer, held


def winners(admin: psycopg.Connection) -> list[int]:
    """The leads that were sold."""
    return [lead for (lead,) in admin.execute("select lead_id from leadgen.lead_assignments order by id")]


def test_a_held_lead_goes_before_a_new_one_in_the_same_moment(
    database: str, admin: psycopg.Connection, catalogue: Catalogue
) -> None:
    """The new lead waits for the offer, and the held one is due by then: the held one is sold."""
    offer, held = hold_one(admin, catalogue)
    with (
        psycopg.connect(database) as holder,
        psycopg.connect(with_role(database, "leadgen_api"), autocommit=True) as sender,
        in_background() as threads,
    ):
        holder.execute("select pg_advisory_xact_lock(2, market.offer_lock_key(%s))", [offer.id])
        new = threads.submit(submit, sender, make_lead(offer.source_key))
        wait_until_blocked(admin, sender, holder, new)
        holder.commit()
        assert new.result(PATIENCE)["buyer_id"] is None
    assert winners(admin) == [held]


def test_a_new_lead_waits_for_no_row_of_a_held_one(
    database: str, admin: psycopg.Connection, catalogue: Catalogue
) -> None:
    """Somebody has the held lead locked, an erasure for example: it is passed over, and woken by a worker later."""
    offer, held = hold_one(admin, catalogue)
    with psycopg.connect(database) as holder:
        holder.execute("select from leadgen.leads where id = %s for update", [held])
        new = submit(admin, make_lead(offer.source_key))["lead_id"]
    assert winners(admin) == [new]
    assert admin.execute("select catalog.has_changes_of(%s)", [offer.id]).fetchone() == (True,)
