"""The API on a server that a DBA set up oddly, that takes no writes, or whose notifications others have used up."""

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from api.serving import BUYER_KEY, Api, add_sale, make_lead, running_api
from leadgen.db.urls import database_name, with_role
from rig.odd import ODD, make_odd, set_database
from rig.waiting import wait_until

SETTINGS = ODD | {
    "statement_timeout": "1ms",
    "lock_timeout": "1ms",
    "idle_session_timeout": "1s",
}
POOL = 2


@pytest.fixture
def database(stocked_database: str) -> str:
    """With a catalogue in it."""
    return stocked_database


@pytest.fixture
def admin(database: str) -> Iterator[psycopg.Connection]:
    """A superuser's session that began before anything was set."""
    with psycopg.connect(database, autocommit=True) as session:
        yield session


@pytest.fixture
def own_api(database: str, tmp_path: Path) -> Iterator[Api]:
    """An API on a database of its own."""
    with running_api(database, tmp_path, DB_POOL_SIZE=str(POOL)) as running:
        yield running


def replace_connections(admin: psycopg.Connection) -> None:
    """End the API's connections: it opens others."""
    admin.execute(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
        " where usename = 'leadgen_api' and datname = current_database()"
    )


def test_settings_of_the_database_change_no_answer(
    database: str, admin: psycopg.Connection, tmp_path: Path
) -> None:
    sale = add_sale(admin)
    lead = make_lead(
        name="Łukasz Ångström", email="o.neil+x@bücher.example", attributes={"path": r"C:\new\d"}
    )
    with running_api(database, tmp_path, DB_POOL_SIZE="1") as plain:
        wanted = plain.post(lead)
        shown = plain.get(f"/api/assignments/{sale}", X_API_Key=BUYER_KEY).json
    make_odd(database, SETTINGS)
    with running_api(database, tmp_path, DB_POOL_SIZE="1") as odd:
        time.sleep(1.5)  # longer than a session may be idle
        again = odd.post(lead)
        new = odd.post(lead | {"email": "someone.else@example.com", "phone": "+15125559999"})
        assert odd.get(f"/api/assignments/{sale}", X_API_Key=BUYER_KEY).json == shown
    assert (wanted.status, new.status) == (202, 202), new.body
    assert (again.status, again.json["repeated"]) == (202, True), again.body
    assert again.json | {"repeated": False} == wanted.json | {"repeated": False}
    rows = admin.execute(
        "select distinct name, attributes ->> 'path' from leadgen.leads where name like 'Ł%'"
    ).fetchall()
    assert rows == [("Łukasz Ångström", r"C:\new\d")]


def test_settings_of_the_role_are_kept(own_api: Api, admin: psycopg.Connection) -> None:
    """A DBA who gives the API more time than we do knows why."""
    assert own_api.post(make_lead()).status == 202
    database = sql.Identifier(database_name(own_api.database))
    admin.execute(sql.SQL("alter role leadgen_api in database {} set lock_timeout = '1ms'").format(database))
    replace_connections(admin)
    with psycopg.connect(own_api.database) as holder:
        holder.execute("lock table leadgen.leads in exclusive mode")
        begun = time.monotonic()
        assert own_api.post(make_lead()).status == 503
    assert time.monotonic() - begun < 4, "not after our 5 s"


def test_connections_to_a_server_that_takes_no_writes_are_given_up(
    own_api: Api, admin: psycopg.Connection
) -> None:
    """As after a failover: the old primary still answers, and the API has to go to the new one by itself."""
    set_database(admin, "default_transaction_read_only", "on")
    replace_connections(admin)
    for _ in range(3):
        answer = own_api.post(make_lead())
        answer.check_problem()
        assert answer.status == 503
        assert int(answer.headers["Retry-After"]) > 0
    assert own_api.get("/health/ready").status == 503
    set_database(admin, "default_transaction_read_only", None)
    wait_until(lambda: own_api.get("/health/ready").status == 200, lambda: own_api.log)
    statuses = [own_api.post(make_lead()).status for _ in range(3 * POOL)]
    assert statuses[POOL:] == [202] * 2 * POOL, "each connection is given up at its first refusal"


def test_queue_of_notifications_that_is_full_fails_no_lead(own_api: Api, admin: psycopg.Connection) -> None:
    """Another application lets it fill up: a worker naps, and the lead is stored without a bell."""
    admin.execute("select leadgen.take_nap('w', '1 hour')")
    admin.execute(
        "create or replace function pg_catalog.pg_notification_queue_usage() returns double precision"
        " language sql volatile as 'select 0.99'"
    )
    with psycopg.connect(own_api.database, autocommit=True) as listener:
        listener.execute("listen leadgen_deliveries")
        assert own_api.post(make_lead()).status == 202
        assert list(listener.notifies(timeout=0.5)) == []
        admin.execute(
            "create or replace function pg_catalog.pg_notification_queue_usage() returns double precision"
            " language sql volatile as 'select 0.5'"
        )
        assert own_api.post(make_lead()).status == 202
        assert [notice.payload for notice in listener.notifies(timeout=5, stop_after=1)] == [""]


def test_lead_that_meets_a_full_queue_at_its_commit_is_tried_again(
    own_api: Api, admin: psycopg.Connection
) -> None:
    """The queue filled up between the look and the commit: by a trigger that fails once as the commit does."""
    admin.execute(
        """
        create sequence public.tries;
        grant usage on sequence public.tries to public;
        create function public.fill_once() returns trigger language plpgsql as $$
        begin
          if nextval('public.tries') = 1 then
            raise exception using errcode = '54000', message = 'too many notifications in the NOTIFY queue';
          end if;
          return null;
        end $$;
        create constraint trigger fill_once after insert on leadgen.leads deferrable initially deferred
          for each row execute function public.fill_once()
        """
    )
    answer = own_api.post(make_lead())
    assert answer.status == 202
    assert admin.execute("select count(*) from leadgen.leads").fetchone() == (1,)


@pytest.mark.parametrize("role", ["leadgen_api", "leadgen_worker", "leadgen_dba", "leadgen_reporting"])
def test_no_login_takes_our_locks(role: str, own_api: Api, admin: psycopg.Connection) -> None:
    """The attack: `pg_advisory_lock(2, offer)` for every offer. It is refused, and leads go on."""
    with psycopg.connect(with_role(own_api.database, role), autocommit=True) as login:
        for statement in (
            "select pg_advisory_lock(2, 1)",
            "select pg_try_advisory_xact_lock_shared(4, 0)",
            "select pg_notify('leadgen_deliveries', '1')",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                login.execute(statement.encode())
        assert own_api.post(make_lead()).status == 202
