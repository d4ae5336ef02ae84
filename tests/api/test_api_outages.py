"""The API when its database is away, busy or broken, and when the API itself is killed (FAULTS 3, 15)."""

import http.client
import json
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg.types.json import Jsonb

from api.serving import Answer, Api, add_catalogue, make_lead, running_api
from rig.catalogue import Catalogue
from rig.cluster import Cluster
from rig.waiting import wait_until

PATIENCE_SECONDS = 15
API_SESSIONS = "pg_stat_activity where usename = 'leadgen_api' and datname = current_database()"


@pytest.fixture(scope="module")
def lasting_api(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """An API with one connection, on a database that each test makes and drops."""
    directory = tmp_path_factory.mktemp("outages")
    with running_api(cluster.url("outages"), directory, DB_POOL_SIZE="1") as running:
        yield running


@pytest.fixture
def own_api(lasting_api: Api, cluster: Cluster, stocked_template: str) -> Iterator[Api]:
    """The API on a database of this test's own, and what it logs of this test."""
    cluster.create("outages", stocked_template)
    wait_until(lambda: lasting_api.get("/health/ready").status == 200)
    yield replace(lasting_api, log_start=len(lasting_api.log))
    cluster.drop("outages")


@contextmanager
def leads_locked(database: str) -> Iterator[None]:
    """Nobody can insert a lead meanwhile."""
    with psycopg.connect(database) as session:
        session.execute("lock table leadgen.leads in exclusive mode")
        yield


def ask(database: str, query: str) -> int:
    with psycopg.connect(database, autocommit=True) as session:
        row = session.execute(query.encode()).fetchone()
        assert row
        return int(row[0])


def is_waiting(database: str) -> bool:
    """Whether the API waits for a lock."""
    return ask(database, f"select count(*) from {API_SESSIONS} and wait_event_type = 'Lock'") > 0


def hang_up(database: str) -> int:
    """End the API's connections on the server's side; returns when they have ended."""
    return ask(database, f"select count(pg_terminate_backend(pid, 5000)) from {API_SESSIONS}")


def check_unavailable(answer: Answer) -> None:
    answer.check_problem()
    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json["instance"].startswith("urn:uuid:")


def check_unavailable_page(answer: Answer) -> None:
    assert (answer.status, answer.headers["Content-Type"]) == (503, "text/html; charset=utf-8")
    assert int(answer.headers["Retry-After"]) > 0
    assert b"Try again in a minute" in answer.body


def test_the_api_starts_before_its_database(cluster: Cluster, template: str, tmp_path: Path) -> None:
    with running_api(cluster.url("late"), tmp_path) as api:
        assert api.get("/health/live").json == {"status": "live"}
        check_unavailable(api.get("/health/ready"))
        check_unavailable(api.post(make_lead()))
        check_unavailable(api.get("/api/assignments/1", X_API_Key="lg_buyer"))
        check_unavailable_page(api.get("/answers/x"))
        cluster.create("late", template)
        wait_until(lambda: api.get("/health/ready").status == 200)
        assert api.get("/health/ready").json == {"status": "ready"}
    cluster.drop("late")


def test_a_database_that_is_not_migrated_is_not_ready(cluster: Cluster, tmp_path: Path) -> None:
    with cluster.clone("template0") as empty, running_api(empty, tmp_path) as api:
        check_unavailable(api.get("/health/ready"))


def test_connections_lost_while_idle_are_replaced_without_an_error(own_api: Api) -> None:
    for _ in range(3):
        assert own_api.post(make_lead()).status == 202
        assert hang_up(own_api.database) == 1
        time.sleep(0.05)  # until the goodbye is here


def test_a_connection_lost_at_work_is_503_and_stores_nothing(own_api: Api) -> None:
    with ThreadPoolExecutor() as pool, leads_locked(own_api.database):
        post = pool.submit(own_api.post, make_lead())
        wait_until(lambda: is_waiting(own_api.database))
        hang_up(own_api.database)
        check_unavailable(post.result())
    assert ask(own_api.database, "select count(*) from leadgen.leads") == 0
    assert own_api.post(make_lead()).status == 202


def test_an_exhausted_pool_is_503_and_the_lead_at_work_is_kept(own_api: Api) -> None:
    with ThreadPoolExecutor() as pool:
        with leads_locked(own_api.database):
            post = pool.submit(own_api.post, make_lead())
            wait_until(lambda: is_waiting(own_api.database))
            check_unavailable(own_api.post(make_lead()))
            assert own_api.get("/health/live").status == 200
        assert post.result().status == 202
    assert ask(own_api.database, "select count(*) from leadgen.leads") == 1


def test_a_defect_is_a_problem_too(own_api: Api) -> None:
    with psycopg.connect(own_api.database) as session:
        session.execute(
            "revoke execute on function leadgen.submit_lead(jsonb, jsonb, boolean) from leadgen_api"
        )
    answer = own_api.post(make_lead())
    answer.check_problem()
    assert answer.status == 500
    assert "submit_lead" not in answer.body.decode()
    assert answer.json["instance"] in own_api.log


def test_a_source_that_is_deleted_while_its_lead_is_on_its_way_is_503(own_api: Api) -> None:
    lead = make_lead()
    with ThreadPoolExecutor() as pool:
        with psycopg.connect(own_api.database) as session:
            session.execute("delete from leadgen.sources where source_key = %s", [lead["source_key"]])
            post = pool.submit(own_api.post, lead)
            wait_until(lambda: is_waiting(own_api.database))
        check_unavailable(post.result())
    assert read_failures(own_api) == [(503, "23503")]
    again = own_api.post(lead)
    assert (again.status, again.json["step"]) == (422, "source")
    assert ask(own_api.database, "select count(*) from leadgen.intake_quarantine") == 1


def test_a_key_that_comes_by_two_offers_at_once_is_one_lead(own_api: Api) -> None:
    """Its source is moved to another offer in between: the two leads do not wait for one another."""
    lead = make_lead(idempotency_key="once")
    with ThreadPoolExecutor() as pool:
        with psycopg.connect(own_api.database) as session:
            session.execute("select leadgen.submit_lead(%s)", [Jsonb(lead)])
            with psycopg.connect(own_api.database) as dba:
                moved = Catalogue(dba).add_offer()
                dba.execute("update leadgen.sources set offer_id = %s", [moved.id])
            post = pool.submit(own_api.post, lead)
            wait_until(lambda: is_waiting(own_api.database))
        answer = post.result()
    assert (answer.status, answer.json["repeated"]) == (202, True)
    assert ask(own_api.database, "select count(*) from leadgen.leads") == 1


def read_failures(api: Api) -> list[tuple[int, str]]:
    """The requests that failed: status and SQLSTATE, as they were logged."""
    lines = (json.loads(line) for line in api.log.splitlines() if line.startswith("{"))
    return [(line["status"], line["sqlstate"]) for line in lines if line["event"] == "request failed"]


def read_definition(database: str, name: str) -> str:
    """The statement that makes a function again."""
    with psycopg.connect(database) as session:
        row = session.execute("select pg_get_functiondef(to_regproc(%s))", [name]).fetchone()
        assert row
        return str(row[0])


def test_a_function_that_a_deploy_drops_and_declares_anew_is_503_meanwhile(own_api: Api) -> None:
    definition = read_definition(own_api.database, "leadgen.submit_lead")
    lead = make_lead()
    assert own_api.post(make_lead()).status == 202
    with psycopg.connect(own_api.database, autocommit=True) as session:
        session.execute("drop function leadgen.submit_lead(jsonb, jsonb, boolean)")
        answer = own_api.post(lead)
        check_unavailable(answer)
        assert "submit_lead" not in answer.body.decode()
        assert answer.json["instance"] in own_api.log
        session.execute("set role leadgen_owner")
        session.execute(definition.encode())
        session.execute("grant execute on function leadgen.submit_lead(jsonb, jsonb, boolean) to leadgen_api")
    assert own_api.post(lead).status == 202
    assert read_failures(own_api) == [(503, "42883")]


@pytest.mark.parametrize(
    ("code", "change", "undo"),
    [
        (
            "42P01",
            "alter table leadgen.leads rename to leads_before",
            "alter table leadgen.leads_before rename to leads",
        ),
        (
            "42703",
            "alter table leadgen.leads rename postal_code to zip",
            "alter table leadgen.leads rename zip to postal_code",
        ),
        (
            "42704",
            "alter type kernel.snapshot rename to picture",
            "alter type kernel.picture rename to snapshot",
        ),
        (
            "42846",
            "alter type kernel.lead_facts add attribute zodiac text",
            "alter type kernel.lead_facts drop attribute zodiac",
        ),
        (
            "3F000",
            "alter schema leadgen rename to leadgen_before",
            "alter schema leadgen_before rename to leadgen",
        ),
    ],
)
def test_a_migration_whose_functions_are_not_there_yet_is_503_meanwhile(
    own_api: Api, code: str, change: str, undo: str
) -> None:
    """The API's connection is a new one: one that knows the earlier functions may even go on."""
    lead = make_lead()
    with psycopg.connect(own_api.database, autocommit=True) as session:
        session.execute(change.encode())
        hang_up(own_api.database)
        check_unavailable(own_api.post(lead))
        check_unavailable(own_api.post(lead))
        session.execute(undo.encode())
    answer = own_api.post(lead)
    assert (answer.status, "repeated" in answer.json) == (202, False), "nothing of it was kept"
    assert read_failures(own_api) == [(503, code)] * 2


@pytest.mark.parametrize("code", ["0A000", "42804", "42809", "XX000", "53100"])
def test_what_a_stale_plan_or_a_full_disk_raises_is_503_meanwhile(own_api: Api, code: str) -> None:
    definition = read_definition(own_api.database, "roads.submit_lead")
    with psycopg.connect(own_api.database, autocommit=True) as session:
        session.execute(
            f"""
            create or replace function roads.submit_lead(
              payload jsonb, context jsonb default '{{}}', p_waits boolean default true
            ) returns jsonb language plpgsql as $$
            begin raise exception using errcode = '{code}', message = 'planted'; end $$
            """.encode()
        )
        check_unavailable(own_api.post(make_lead()))
        session.execute(definition.encode())
    assert own_api.post(make_lead()).status == 202
    assert read_failures(own_api) == [(503, code)]


def test_killed_between_commit_and_reply_the_retry_gets_the_first_answer(
    database: str, tmp_path: Path
) -> None:
    add_catalogue(database)
    lead = make_lead()
    with ThreadPoolExecutor() as pool, running_api(database, tmp_path) as doomed:
        with leads_locked(database):
            post = pool.submit(doomed.post, lead)
            wait_until(lambda: is_waiting(database))
            doomed.process.send_signal(signal.SIGSTOP)
        wait_until(lambda: ask(database, "select count(*) from leadgen.leads") == 1)
        doomed.process.kill()
        doomed.process.wait()
        assert isinstance(post.exception(), http.client.HTTPException | ConnectionError)
    with running_api(database, tmp_path) as second:
        answer = second.post(lead)
    assert (answer.status, answer.json["repeated"]) == (202, True)
    assert ask(database, "select count(*) from leadgen.leads") == 1
