"""Operators who click twice or against each other: one resend run, and nothing of a sale that is ending."""

from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from concurrency.sessions import PATIENCE, in_background, submit, wait_until_blocked
from rig.catalogue import Offer, make_lead
from rig.cluster import Connect

RESEND = "select leadgen.start_resend('{\"per_minute\": 60}', %s)"
RETRY = "select leadgen.retry_delivery(%s)"
RETURN = "select leadgen.return_sale(%s, 'wrong_number')::text"
ERASE = "select leadgen.erase_lead(%s, 'asked for')"


@pytest.fixture
def dead(admin: psycopg.Connection, offer: Offer) -> tuple[int, int, int]:
    """A dead webhook of a sale that its e-mail brought: delivery, sale, lead."""
    submit(admin, make_lead(offer.source_key))
    claims = admin.execute(
        """
        select delivery_id, lease_token, channel
        from leadgen.claim_deliveries('w', '{"webhook": 9, "email": 9}', '1 minute')
        """
    ).fetchall()
    outcomes = {"webhook": "refused", "email": "delivered"}
    results = [
        {"delivery_id": delivery, "lease_token": str(token), "outcome": outcomes[channel]}
        for delivery, token, channel in claims
    ]
    admin.execute("select from leadgen.record_attempts(%s, 0, '1 second')", [Jsonb(results)])
    row = admin.execute(
        "select id, assignment_id, lead_id from leadgen.deliveries where status = 'dead'"
    ).fetchone()
    assert row
    return row


def ask(session: psycopg.Connection, statement: str, *values: object) -> Any:
    """The one value that a statement gives."""
    row = session.execute(statement.encode(), values).fetchone()
    assert row
    return row[0]


@pytest.mark.parametrize("keys", [("monday", "monday"), (None, None), ("monday", "tuesday")])
def test_two_who_ask_for_a_resend_at_once_get_one_run(
    connect: Connect,
    admin: psycopg.Connection,
    dead: tuple[int, int, int],
    keys: tuple[str | None, str | None],
) -> None:
    first, second = connect("leadgen_dba"), connect("leadgen_dba")
    with in_background() as pool:
        with first.transaction():
            resend = ask(first, RESEND, keys[0])
            waiting = pool.submit(ask, second, RESEND, keys[1])
            wait_until_blocked(admin, second, first, waiting, "transactionid")
        assert waiting.result(PATIENCE) == resend
    assert ask(admin, "select count(*) from leadgen.resends") == 1


def test_two_workers_take_no_step_twice(
    connect: Connect, admin: psycopg.Connection, dead: tuple[int, int, int]
) -> None:
    first, second = connect("leadgen_worker"), connect("leadgen_worker")
    resend = ask(admin, RESEND, None)
    with first.transaction():
        assert ask(first, "select leadgen.advance_resend()") == resend
        assert ask(second, "select leadgen.advance_resend()") is None
    assert admin.execute("select resent, skipped from leadgen.resends").fetchone() == (1, 0)


def test_second_click_waits_and_changes_nothing(
    connect: Connect, admin: psycopg.Connection, dead: tuple[int, int, int]
) -> None:
    first, second = connect("leadgen_dba"), connect("leadgen_dba")
    delivery, _, _ = dead
    with in_background() as pool:
        with first.transaction():
            assert ask(first, RETRY, delivery) == "pending"
            waiting = pool.submit(ask, second, RETRY, delivery)
            wait_until_blocked(admin, second, first, waiting, "transactionid")
        assert waiting.result(PATIENCE) == "pending"
    query = "select status::text, attempts, attempts_before from leadgen.deliveries where id = %s"
    assert admin.execute(query, [delivery]).fetchone() == ("pending", 1, 1)


@pytest.mark.parametrize(
    ("ending", "place", "reason"), [(RETURN, 1, "its sale was returned"), (ERASE, 2, "its lead was erased")]
)
def test_resend_waits_for_what_ends_its_sale(
    connect: Connect,
    admin: psycopg.Connection,
    dead: tuple[int, int, int],
    ending: str,
    place: int,
    reason: str,
) -> None:
    ender, clicker = connect("leadgen_dba"), connect("leadgen_dba")
    with in_background() as pool:
        with ender.transaction():
            ask(ender, ending, dead[place])
            waiting = pool.submit(ask, clicker, RETRY, dead[0])
            wait_until_blocked(admin, clicker, ender, waiting, "transactionid")
        with pytest.raises(psycopg.Error, match=reason) as refused:
            waiting.result(PATIENCE)
    assert refused.value.sqlstate == "LG409"
    assert admin.execute("select * from leadgen.list_broken_invariants()").fetchall() == []


@pytest.mark.parametrize(("ending", "place"), [(RETURN, 1), (ERASE, 2)])
def test_what_is_sent_again_is_cancelled_with_its_sale(
    connect: Connect, admin: psycopg.Connection, dead: tuple[int, int, int], ending: str, place: int
) -> None:
    ender, clicker = connect("leadgen_dba"), connect("leadgen_dba")
    with in_background() as pool:
        with clicker.transaction():
            assert ask(clicker, RETRY, dead[0]) == "pending"
            waiting = pool.submit(ask, ender, ending, dead[place])
            wait_until_blocked(admin, ender, clicker, waiting, "transactionid")
        waiting.result(PATIENCE)
    query = "select status::text from leadgen.deliveries where id = %s"
    assert admin.execute(query, [dead[0]]).fetchone() == ("cancelled",)
    assert admin.execute("select * from leadgen.list_broken_invariants()").fetchall() == []


def test_addresses_of_a_buyer_that_change_at_once_leave_its_reach_right(
    connect: Connect, admin: psycopg.Connection, offer: Offer
) -> None:
    """One endpoint is disabled while the other is: nothing reaches the buyer, whoever looked first."""
    first, second = connect("leadgen_dba"), connect("leadgen_dba")
    endpoints = [row[0] for row in admin.execute("select id from leadgen.endpoints order by id")]
    assert len(endpoints) == 2
    disable = "select leadgen.disable_endpoint(%s, 'asked to')"
    with in_background() as pool:
        with first.transaction():
            assert ask(first, disable, endpoints[0])
            waiting = pool.submit(ask, second, disable, endpoints[1])
            wait_until_blocked(admin, second, first, waiting)
        assert waiting.result(PATIENCE)
    assert admin.execute("select is_reachable from leadgen.buyer_offers").fetchall() == [(False,)]
    assert ask(first, "select leadgen.enable_endpoint(%s)", endpoints[0])
    assert admin.execute("select is_reachable from leadgen.buyer_offers").fetchall() == [(True,)]


def test_a_resend_run_locks_deliveries_by_id_whatever_the_order_in_which_they_were_made(
    connect: Connect, admin: psycopg.Connection, offer: Offer, dead: tuple[int, int, int]
) -> None:
    earlier = dead[0]
    submit(admin, make_lead(offer.source_key))
    later = ask(admin, "select id from leadgen.deliveries where channel = 'webhook' and status = 'pending'")
    admin.execute("set session_replication_role = replica")
    admin.execute(
        """
        update leadgen.deliveries
        set created_at = created_at - interval '1 hour', status = 'dead', next_attempt_at = null
        where id = %s
        """,
        [later],
    )
    admin.execute("reset session_replication_role")
    ask(admin, RESEND, None)
    holder, worker = connect(), connect("leadgen_worker")
    with in_background() as pool:
        with holder.transaction():
            holder.execute("select from leadgen.deliveries where id = %s for no key update", [earlier])
            step = pool.submit(ask, worker, "select leadgen.advance_resend()")
            wait_until_blocked(admin, worker, holder, step, lock="transactionid")
            admin.execute("select from leadgen.deliveries where id = %s for no key update nowait", [later])
        assert step.result(PATIENCE) is not None
    resent = admin.execute("select id from leadgen.deliveries where resend_id is not null").fetchall()
    assert resent == [(later,)], "one a second, the one that was made first"
