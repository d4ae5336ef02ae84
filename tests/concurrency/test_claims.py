"""Claims of several workers: exact limits an endpoint, nothing twice, and nobody waits for a row (FAULTS 22)."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
from psycopg.types.json import Jsonb

from concurrency.sessions import PATIENCE, in_background, submit, wait_until_blocked
from rig.catalogue import Catalogue, make_lead
from rig.cluster import Connect

WORKERS = 6
LIMIT = 25


def claim(worker: psycopg.Connection, room: int) -> list[int]:
    """The ids of the webhooks that a worker is given."""
    rows = worker.execute(
        "select delivery_id from leadgen.claim_deliveries('w', %s, '1 minute')", [Jsonb({"webhook": room})]
    )
    return [int(delivery) for (delivery,) in rows]


def queue(admin: psycopg.Connection, catalogue: Catalogue, leads: int) -> None:
    """So many webhooks due at one endpoint."""
    offer = catalogue.add_offer()
    catalogue.enroll(offer)
    for _ in range(leads):
        submit(admin, make_lead(offer.source_key))
    admin.execute("update leadgen.endpoints set max_in_flight = %s", [LIMIT])


def test_second_claim_waits_for_the_first_and_keeps_the_limit(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue
) -> None:
    queue(admin, catalogue, LIMIT + 10)
    first, second = connect("leadgen_worker"), connect("leadgen_worker")
    first.autocommit = False
    assert len(claim(first, LIMIT - 5)) == LIMIT - 5
    with in_background() as pool:
        waiting = pool.submit(claim, second, 100)
        wait_until_blocked(admin, second, first, waiting)
        first.commit()
        assert len(waiting.result(PATIENCE)) == 5


def test_claim_that_waited_while_the_database_was_disowned_leases_nothing(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue
) -> None:
    queue(admin, catalogue, 2)
    first, second = connect("leadgen_worker"), connect("leadgen_worker")
    first.autocommit = False
    assert len(claim(first, 1)) == 1
    with in_background() as pool:
        waiting = pool.submit(claim, second, 100)
        wait_until_blocked(admin, second, first, waiting)
        assert admin.execute("select leadgen.disown_database()").fetchone() == (True,)
        first.commit()
        assert waiting.result(PATIENCE) == []
    assert admin.execute("select leadgen.adopt_database() is not null").fetchone() == (True,)
    assert len(claim(second, 100)) == 1


def test_many_workers_together_stay_within_the_limit(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue
) -> None:
    queue(admin, catalogue, LIMIT * 2)
    workers = [connect("leadgen_worker") for _ in range(WORKERS)]
    with ThreadPoolExecutor(WORKERS) as pool:
        claimed = [one for batch in pool.map(lambda worker: claim(worker, 7), workers) for one in batch]
    assert len(claimed) == len(set(claimed)) == LIMIT


def test_claim_waits_for_no_row(connect: Connect, admin: psycopg.Connection, catalogue: Catalogue) -> None:
    """Rows that somebody has locked (a sale being returned) are left for the next claim."""
    queue(admin, catalogue, 4)
    holder = connect("leadgen_dba")
    holder.autocommit = False
    held = holder.execute(
        "select leadgen.return_sale(min(id), 'other') from leadgen.lead_assignments"
    ).fetchone()
    assert held == ("returned",)
    assert len(claim(connect("leadgen_worker"), 10)) == 3
    holder.rollback()
    assert len(claim(connect("leadgen_worker"), 10)) == 1
