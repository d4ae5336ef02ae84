"""One lead is one transaction (FAULTS 11 and 12): all of it happened, or nothing did."""

import psycopg
import pytest
from psycopg import errors
from psycopg.types.json import Jsonb

from concurrency.sessions import PATIENCE, in_background, submit, wait_until_blocked
from rig.catalogue import Catalogue, Offer, make_lead
from rig.cluster import Connect

WRITTEN = (
    "leads",
    "lead_decisions",
    "lead_assignments",
    "deliveries",
    "enrollment_usage",
    "intake_quarantine",
)


def everything(admin: psycopg.Connection) -> list[list[tuple[object, ...]]]:
    """All rows that a submission writes."""
    return [
        admin.execute(f"select t::text from leadgen.{table} t order by 1").fetchall() for table in WRITTEN
    ]


def claim(worker: psycopg.Connection) -> list[int]:
    """The ids of the deliveries that a worker is given."""
    rows = worker.execute(
        "select delivery_id from leadgen.claim_deliveries('w', %s, '1 minute') order by 1",
        [Jsonb({"webhook": 100, "email": 100})],
    )
    return [int(delivery) for (delivery,) in rows]


def deliveries_of(admin: psycopg.Connection, lead_id: object) -> list[int]:
    """The ids of a lead's deliveries."""
    rows = admin.execute("select id from leadgen.deliveries where lead_id = %s order by 1", [lead_id])
    return [int(delivery) for (delivery,) in rows]


def test_rolled_back_lead_leaves_nothing_and_is_not_delivered(
    connect: Connect, admin: psycopg.Connection, offer: Offer
) -> None:
    before = everything(admin)
    api, worker = connect("leadgen_api"), connect("leadgen_worker")
    with api.transaction(force_rollback=True):
        assert submit(api, make_lead(offer.source_key))["buyer_id"]
        assert claim(worker) == []
    assert claim(worker) == []
    assert everything(admin) == before


def test_lower_delivery_that_commits_later_is_claimed(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue, offer: Offer
) -> None:
    other = catalogue.add_offer()
    catalogue.enroll(other)
    slow, quick, worker = connect("leadgen_api"), connect("leadgen_api"), connect("leadgen_worker")
    with slow.transaction():
        first = submit(slow, make_lead(offer.source_key))
        second = submit(quick, make_lead(other.source_key))
        higher = claim(worker)
        assert higher == deliveries_of(admin, second["lead_id"])
    lower = claim(worker)
    assert lower == deliveries_of(admin, first["lead_id"])
    assert 0 < len(lower) == len(higher)
    assert max(lower) < min(higher)


def test_deadlock_leaves_nothing_of_the_loser(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue, offer: Offer
) -> None:
    """Two callers with several leads in a transaction, in opposite order of offers: one of them must lose whole."""
    other = catalogue.add_offer()
    catalogue.enroll(other)
    winner, loser = connect(), connect()
    winner.execute("set deadlock_timeout = '1min'")  # the loser looks first
    loser.execute("set deadlock_timeout = '50ms'")
    lost = [make_lead(other.source_key), make_lead(offer.source_key)]
    with in_background() as pool, winner.transaction():
        submit(winner, make_lead(offer.source_key))
        loser.execute("begin")
        submit(loser, lost[0])
        waiting = pool.submit(submit, winner, make_lead(other.source_key))
        wait_until_blocked(admin, winner, loser, waiting)
        with pytest.raises(errors.DeadlockDetected):
            submit(loser, lost[1])
        loser.execute("rollback")
        waiting.result(PATIENCE)
    assert admin.execute("select count(*) from leadgen.leads").fetchone() == (2,)
    assert admin.execute("select sum(sales[2]) from leadgen.enrollment_usage").fetchone() == (2,)

    answers = [submit(loser, lead) for lead in lost]  # the whole transaction again

    assert [answer.get("repeated") for answer in answers] == [None, None]
    assert admin.execute("select sum(sales[2]) from leadgen.enrollment_usage").fetchone() == (4,)
    assert admin.execute("select * from leadgen.list_broken_invariants()").fetchall() == []


def test_an_older_snapshot_is_refused_and_leaves_nothing(
    connect: Connect, admin: psycopg.Connection, offer: Offer
) -> None:
    """A caller that reads an old snapshot cannot take capacity by it."""
    late = connect("leadgen_api")
    lead = make_lead(offer.source_key)
    late.execute("begin isolation level repeatable read")
    late.execute("select 1")  # its snapshot is of now
    submit(admin, make_lead(offer.source_key))
    before = everything(admin)
    with pytest.raises(psycopg.Error) as refused:
        submit(late, lead)
    assert refused.value.sqlstate == "LG400"
    late.execute("rollback")
    assert everything(admin) == before

    assert submit(late, lead)["buyer_id"]
    assert admin.execute("select sales[2] from leadgen.enrollment_usage").fetchone() == (2,)


@pytest.mark.parametrize("table", WRITTEN[:4])
def test_failure_in_any_table_undoes_the_rest(
    table: str, connect: Connect, admin: psycopg.Connection, offer: Offer
) -> None:
    """Whichever of its inserts fails, a lead leaves nothing."""
    admin.execute(
        """
        create function public.break_down() returns trigger language plpgsql as
        $$ begin raise exception using errcode = 'disk_full'; end $$
        """
    )
    admin.execute(
        f"create trigger break_down after insert on leadgen.{table} execute function public.break_down()"
    )
    before = everything(admin)
    lead = make_lead(offer.source_key, idempotency_key="a-key")
    api = connect("leadgen_api")
    with pytest.raises(errors.DiskFull):
        submit(api, lead)
    assert everything(admin) == before

    admin.execute(f"drop trigger break_down on leadgen.{table}")
    answer = submit(api, lead)
    assert answer["buyer_id"]
    assert "repeated" not in answer


def test_channels_that_go_while_a_lead_is_sold_sell_nothing(
    connect: Connect, admin: psycopg.Connection, offer: Offer
) -> None:
    """The buyer is edited between gather and the writing of deliveries: no sale without a delivery.

    Who books for a buyer holds its row meanwhile; nothing is booked for this one.
    """
    admin.execute("update leadgen.buyers set billing_mode = 'none'")
    holder, editor, seller = connect(), connect("leadgen_dba"), connect("leadgen_api")
    holder.execute("begin")
    holder.execute("select from leadgen.enrollment_usage for update")  # gather reads it, reserve waits for it
    with in_background() as pool:
        sale = pool.submit(submit, seller, make_lead(offer.source_key))
        wait_until_blocked(admin, seller, holder, sale, lock="transactionid")
        editor.execute("update leadgen.buyers set email_notifications = false, webhook_url = null")
        holder.execute("commit")
        with pytest.raises(errors.SerializationFailure):
            sale.result(PATIENCE)
    assert admin.execute("select count(*) from leadgen.leads").fetchone() == (0,)
    assert admin.execute("select * from leadgen.list_broken_invariants()").fetchall() == []
