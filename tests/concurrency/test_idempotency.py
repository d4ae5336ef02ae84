"""One key, one lead (FAULTS 1 to 3), however many times and however concurrently it is sent."""

import http.client
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from api.serving import SERVE, Api
from concurrency.sessions import (
    PATIENCE,
    Answer,
    in_background,
    submit,
    submit_at_once,
    wait_until_blocked,
)
from leadgen.db.urls import with_role
from rig.catalogue import Catalogue, Offer, make_lead
from rig.cluster import Connect
from rig.forks import Fork
from rig.waiting import wait_until

TABLES = (
    "leads",
    "lead_decisions",
    "lead_assignments",
    "deliveries",
    "intake_quarantine",
    "enrollment_usage",
)


def everything(admin: psycopg.Connection) -> list[list[tuple[object, ...]]]:
    """All rows that a submission could leave behind."""
    return [admin.execute(f"select t::text from leadgen.{table} t order by 1").fetchall() for table in TABLES]


def count_leads(admin: psycopg.Connection) -> int:
    row = admin.execute("select count(*) from leadgen.leads").fetchone()
    assert row
    return int(row[0])


@pytest.mark.parametrize("key", ["a-key", None], ids=["client's key", "derived key"])
def test_fifty_at_once_are_one_lead(
    key: str | None, database: str, admin: psycopg.Connection, offer: Offer
) -> None:
    lead = make_lead(offer.source_key) | ({"idempotency_key": key} if key else {})

    answers = submit_at_once(database, [lead] * 50)

    first = [answer for answer in answers if "repeated" not in answer]
    assert len(first) == 1
    replays = [answer for answer in answers if "repeated" in answer]
    assert replays == [first[0] | {"repeated": True}] * 49
    assert count_leads(admin) == 1
    assert admin.execute("select count(*) from leadgen.lead_assignments").fetchone() == (1,)
    assert admin.execute("select sales[2] from leadgen.enrollment_usage").fetchone() == (1,)


def test_rejected_lead_is_answered_again_too(admin: psycopg.Connection, offer: Offer) -> None:
    lead = make_lead(offer.source_key, email="nonsense", idempotency_key="a-key")
    first = submit(admin, lead)
    assert first["status"] == "rejected"
    assert submit(admin, lead) == first | {"repeated": True}


def test_other_body_is_refused_and_nothing_stored(admin: psycopg.Connection, offer: Offer) -> None:
    lead = make_lead(offer.source_key, idempotency_key="a-key")
    first = submit(admin, lead)
    before = everything(admin)

    with pytest.raises(psycopg.Error) as refusal:
        submit(admin, lead | {"message": "Something else"})

    assert refusal.value.sqlstate == "LG422"
    assert json.loads(refusal.value.diag.message_detail or "")["field"] == "idempotency_key"
    assert everything(admin) == before
    assert submit(admin, lead) == first | {"repeated": True}


def test_two_bodies_of_one_key_at_once(database: str, admin: psycopg.Connection, offer: Offer) -> None:
    """Whoever comes first makes the lead; the other body is refused every time."""
    bodies = [make_lead(offer.source_key, idempotency_key="a-key") for _ in range(2)]

    def send(number: int) -> Answer | str | None:
        with psycopg.connect(with_role(database, "leadgen_api"), autocommit=True) as connection:
            try:
                return submit(connection, bodies[number % 2])
            except psycopg.Error as error:
                return error.sqlstate

    with in_background() as pool:
        outcomes = list(pool.map(send, range(20)))
    assert outcomes.count("LG422") == 10
    assert len({answer["lead_id"] for answer in outcomes if isinstance(answer, dict)}) == 1
    assert count_leads(admin) == 1


def test_sources_are_independent(admin: psycopg.Connection, catalogue: Catalogue, offer: Offer) -> None:
    sources = offer.source_key, catalogue.add_source(offer.id)
    answers = [submit(admin, make_lead(source, idempotency_key="a-key")) for source in sources]
    assert answers[0]["lead_id"] != answers[1]["lead_id"]
    assert [answer.get("repeated") for answer in answers] == [None, None]


def test_client_killed_before_it_reads_the_reply(
    database: str, admin: psycopg.Connection, connect: Connect, offer: Offer
) -> None:
    lead = make_lead(offer.source_key, idempotency_key="a-key")
    victim = connect("leadgen_api")
    victim.pgconn.send_query_params(b"select leadgen.submit_lead($1::jsonb)", [json.dumps(lead).encode()])
    wait_until(lambda: count_leads(admin) == 1)
    victim.pgconn.finish()  # the connection is torn down with the reply unread

    answer = submit(connect("leadgen_api"), lead)

    assert answer["repeated"] is True
    assert admin.execute("select id, buyer_id from leadgen.leads").fetchall() == [
        (answer["lead_id"], answer["buyer_id"])
    ]
    assert admin.execute("select count(*) from leadgen.lead_assignments").fetchone() == (1,)


@contextmanager
def doomed_api(database: str, directory: Path) -> Iterator[Api]:
    """An API process that the test will kill."""
    log_file = directory / "doomed.log"
    environment = os.environ | {"DATABASE_URL": with_role(database, "leadgen_api")}
    with log_file.open("wb") as log:
        process = Fork(SERVE, ["1"], environment, log.fileno(), log.fileno())
    api = Api(process, log_file, database)
    try:
        api.wait_until_running()
        yield api
    finally:
        process.kill()
        process.wait()


def test_api_killed_between_commit_and_reply(
    database: str, admin: psycopg.Connection, connect: Connect, offer: Offer, tmp_path: Path
) -> None:
    """The lead waits for the offer's lock while the API is frozen; it commits, and the API never answers."""
    lead = make_lead(offer.source_key)
    holder = connect()
    with doomed_api(database, tmp_path) as api, in_background() as pool:
        with holder.transaction():
            holder.execute("select pg_advisory_xact_lock(2, %s)", [offer.id])
            reply = pool.submit(api.post, lead, Idempotency_Key="a-key")
            wait_until(lambda: waiting_for_offer(admin))
            api.process.send_signal(signal.SIGSTOP)
        wait_until(lambda: count_leads(admin) == 1)
        api.process.kill()
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            reply.result(PATIENCE)

    with doomed_api(database, tmp_path) as api:
        answer = api.post(lead, Idempotency_Key="a-key")
    assert answer.status == 202
    assert answer.json["repeated"] is True
    assert answer.json["buyer_id"]
    assert count_leads(admin) == 1


def waiting_for_offer(admin: psycopg.Connection) -> list[tuple[object, ...]]:
    return admin.execute(
        "select from pg_locks where locktype = 'advisory' and classid = 2 and not granted"
    ).fetchall()


def test_key_taken_meanwhile_is_a_serialization_failure(
    admin: psycopg.Connection, connect: Connect, catalogue: Catalogue, offer: Offer
) -> None:
    """The source moves to another offer between two identical posts: no shared lock, still one lead."""
    elsewhere = catalogue.add_offer()
    lead = make_lead(offer.source_key, idempotency_key="a-key")
    first, second = connect("leadgen_api"), connect("leadgen_api")
    with in_background() as pool:
        with first.transaction():
            answer = submit(first, lead)
            admin.execute(
                "update leadgen.sources set offer_id = %s where source_key = %s",
                [elsewhere.id, offer.source_key],
            )
            late = pool.submit(submit, second, lead)
            wait_until_blocked(admin, second, first, late, "transactionid")
        with pytest.raises(errors.SerializationFailure):
            late.result(PATIENCE)
    assert submit(second, lead) == answer | {"repeated": True}
    assert count_leads(admin) == 1
