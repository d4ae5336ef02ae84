"""`leadgen doctor` on a server with planted faults: each is told, and gone once it is mended.

Faults that a transaction can plant are in pgtap/roads/market_is_diagnosed.sql and server_is_diagnosed.sql; a standby's
and a receiver's are in test_failover.py.
"""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from subprocess import CompletedProcess
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg.types.json import Jsonb

from api.serving import add_catalogue, make_lead
from concurrency.sessions import in_background
from leadgen.cli import doctor_host
from leadgen.cli.doctor_host import examine_zones, judge_clock, judge_disk
from leadgen.db.embedded import EmbeddedServer
from leadgen.db.urls import with_role
from ops.servers import ask, start_server
from rig.guard import server_directory
from rig.waiting import wait_until

Run = Callable[..., CompletedProcess[str]]
Examine = Callable[..., dict[str, tuple[str, str]]]
CONF = """\
max_prepared_transactions = 2
archive_mode = on
archive_command = 'false'
"""
SUBMIT = "select leadgen.submit_lead(%s)"
WAITS = """
select extract(epoch from clock_timestamp() - query_start) from pg_stat_activity where wait_event_type = 'Lock'
"""
BOOKS = "select d.verdict from leadgen.diagnose_books() d where d.subject = 'money'"
OLD = """
set session_replication_role = replica;
update leadgen.deliveries set next_attempt_at = now() - interval '1 hour'
"""


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    """One that faults are planted in."""
    with server_directory("leadgen-doctor-") as root:
        server = start_server(root / "server", CONF)
        add_catalogue(server.url)
        yield server


@pytest.fixture
def examine(server: EmbeddedServer, leadgen_here: Run, monkeypatch: pytest.MonkeyPatch) -> Examine:
    """What doctor says, by subject; it is as a superuser, or the role that is named."""

    def run(role: str = "postgres", *options: str) -> dict[str, tuple[str, str]]:
        monkeypatch.setenv("DATABASE_URL", with_role(server.url, role))
        done = leadgen_here("doctor", "--json", *(options or ["--quick"]))
        found = json.loads(done.stdout)
        worst = max({"ok": 0, "skip": 0, "warn": 1, "fail": 2}[one["verdict"]] for one in found)
        assert done.returncode == worst, done.stderr
        assert [one for one in found if one["verdict"] in ("warn", "fail") and not one["remedy"]] == []
        return {one["subject"]: (one["verdict"], one["finding"]) for one in found}

    return run


def test_a_server_that_is_well_has_no_fault(server: EmbeddedServer, examine: Examine) -> None:
    found = examine("postgres", "--json")
    well = {
        "version", "settings", "server", "schema", "clock", "deliveries", "dead letters", "endpoints", "held leads",
        "quarantine", "limits", "chores", "copy", "durability", "transactions", "locks", "connections", "wraparound",
        "dead rows", "indexes", "roles", "extensions", "replication", "slots", "server log", "money", "decisions",
        "zones", "drift",
    }  # fmt: skip
    assert {subject: found[subject] for subject in well if found[subject][0] != "ok"} == {}
    assert set(found) - well == {"archive", "backups", "configuration", "disk", "sealing"}


def test_a_login_with_few_rights_is_told_what_it_does_not_see(examine: Examine) -> None:
    few = examine("leadgen_reporting", "--json")
    assert {few[one][0] for one in ("schema", "market", "server", "books", "zones", "drift", "disk")} == {
        "skip"
    }
    assert few["market"][1].startswith("not visible to leadgen_reporting: permission denied")
    dba = examine("leadgen_dba", "--json")
    assert {subject for subject, (verdict, _) in dba.items() if verdict == "skip"} == {"disk", "drift"}


def test_durability_that_was_switched_off(server: EmbeddedServer, examine: Examine) -> None:
    ask(server.url, "alter role leadgen_api set synchronous_commit = off")
    assert examine()["durability"] == ("fail", "leadgen_api: synchronous_commit = off")
    ask(server.url, "alter role leadgen_api reset synchronous_commit")
    ask(server.url, "alter system set fsync = off")
    ask(server.url, "select pg_reload_conf()")
    wait_until(lambda: ask(server.url, "show fsync") == "off")
    assert examine()["durability"] == ("fail", "fsync = off")
    ask(server.url, "alter system reset fsync")
    ask(server.url, "select pg_reload_conf()")
    wait_until(lambda: ask(server.url, "show fsync") == "on")
    assert examine()["durability"][0] == "ok"


def test_an_archive_that_fails(server: EmbeddedServer, examine: Examine) -> None:
    ask(server.url, "select pg_switch_wal()")
    wait_until(lambda: ask(server.url, "select failed_count > 0 from pg_stat_archiver"))
    verdict, finding = examine()["archive"]
    assert (verdict, finding.startswith("archive_command fails since 20")) == ("fail", True)


def test_a_slot_that_nobody_reads(server: EmbeddedServer, examine: Examine) -> None:
    ask(server.url, "select pg_create_physical_replication_slot('forgotten', true)")
    verdict, finding = examine()["slots"]
    assert (verdict, "most is held by forgotten" in finding) == ("warn", True)
    ask(server.url, "select pg_drop_replication_slot('forgotten')")
    assert examine()["slots"] == ("ok", "there are none")


def test_a_lock_that_others_wait_for(server: EmbeddedServer, examine: Examine) -> None:
    """A wait of less than five seconds is no fault yet."""
    with (
        psycopg.connect(server.url) as holder,
        psycopg.connect(server.url) as waiter,
        in_background() as pool,
    ):
        pid = holder.info.backend_pid
        holder.execute("lock table leadgen.settings in access exclusive mode")
        waits = pool.submit(waiter.execute, "select 1 from leadgen.settings")
        wait_until(lambda: (ask(server.url, WAITS) or 0) > 5.2)
        with psycopg.connect(server.url, autocommit=True) as session:
            verdict, finding = ask_locks(session)
        holder.rollback()
        waits.result()
    assert verdict in ("warn", "fail")
    assert finding.endswith(f"behind session {pid}")
    assert examine()["locks"][0] == "ok"


def ask_locks(session: psycopg.Connection) -> tuple[str, str]:
    query = "select d.verdict, d.finding from roads.diagnose_locks() d"
    row = session.execute(query).fetchone()
    assert row
    return row


def test_an_index_that_is_invalid(server: EmbeddedServer, examine: Examine) -> None:
    ask(
        server.url,
        "insert into leadgen.events (kind, subject, message) values ('x', '1', 'm'), ('x', '2', 'm')",
    )
    with pytest.raises(psycopg.errors.UniqueViolation):
        ask(server.url, "create unique index concurrently broken on leadgen.events (message)")
    assert examine()["indexes"] == ("fail", "invalid: leadgen.broken")
    ask(server.url, "drop index leadgen.broken")
    assert examine()["indexes"][0] == "ok"


def test_rows_that_vacuum_left_behind_and_a_table_that_is_read_whole(
    server: EmbeddedServer, examine: Examine
) -> None:
    """In a table of nobody's: doctor looks at all of the schema."""
    with psycopg.connect(server.url, autocommit=True) as session:
        session.execute("create table leadgen.pile (n integer) with (autovacuum_enabled = off)")
        session.execute("insert into leadgen.pile select generate_series(1, 60000)")
        for _ in range(101):
            session.execute("select 1 from leadgen.pile where n < 0")
        session.execute("analyze leadgen.pile")
        session.execute("select pg_stat_force_next_flush()")
        assert examine()["indexes"] == ("warn", "read whole time and again: leadgen.pile")
        session.execute("update leadgen.pile set n = n + 1")
        session.execute("select pg_stat_force_next_flush()")
        verdict, finding = examine()["dead rows"]
        assert (
            verdict,
            finding.startswith("tables that vacuum has left behind: 1: leadgen.pile, 60000 dead"),
        ) == ("warn", True)
        session.execute("drop table leadgen.pile")
    assert examine()["dead rows"][0] == "ok"


def test_a_role_that_is_more_than_a_role(server: EmbeddedServer, examine: Examine) -> None:
    ask(server.url, "alter role leadgen_worker createdb")
    assert examine()["roles"] == ("fail", "leadgen_worker has rights over the whole server")
    ask(server.url, "alter role leadgen_worker nocreatedb")


def test_a_grant_that_no_policy_says_is_drift(server: EmbeddedServer, examine: Examine) -> None:
    ask(server.url, "grant delete on leadgen.leads to leadgen_dba")
    verdict, finding = examine("postgres", "--json")["drift"]
    assert (verdict, "TABLE leads" in finding) == ("warn", True)
    ask(server.url, "revoke delete on leadgen.leads from leadgen_dba")


def test_a_migration_that_has_not_run(server: EmbeddedServer, examine: Examine) -> None:
    with psycopg.connect(server.url, autocommit=True) as session:
        session.execute("create temp table row as select * from leadgen.schema_migrations where number = 73")
        session.execute("delete from leadgen.schema_migrations where number = 73")
        found = examine()
        assert found["schema"] == ("fail", "1 migration to run")
        assert "market" not in found
        session.execute("insert into leadgen.schema_migrations select * from pg_temp.row")
        session.execute(
            "insert into leadgen.schema_migrations (number, name, checksum) values (9999, 'x', 'x')"
        )
        assert examine()["schema"] == ("fail", "1 migration of a later version")
        session.execute("delete from leadgen.schema_migrations where number = 9999")


def test_money_that_was_tampered_with(server: EmbeddedServer, examine: Examine) -> None:
    assert ask(server.url, SUBMIT, Jsonb(make_lead()))["status"] == "accepted"
    assert ask(server.url, BOOKS) == "ok"
    with psycopg.connect(server.url, autocommit=True) as session:
        session.execute("set session_replication_role = replica")
        session.execute("update leadgen.lead_assignments set price = price + 1")
    assert ask(server.url, BOOKS) == "fail"
    assert examine()["deliveries"][0] == "ok"
    ask(server.url, OLD)
    assert examine()["deliveries"][0] == "fail"


def test_clocks_that_differ() -> None:
    assert judge_clock(0.4, 0.1).verdict == "ok"
    assert judge_clock(-3.0, 0.1)[:3] == ("clock", "warn", "the server is 3.0 s behind this machine")
    assert judge_clock(40.0, 0.1)[:3] == ("clock", "fail", "the server is 40.0 s ahead of this machine")
    assert judge_clock(2.5, 4.0).verdict == "ok", "a slow answer says little"


def test_a_clock_that_was_set_for_a_test(server: EmbeddedServer, examine: Examine) -> None:
    ask(server.url, "alter database leadgen set leadgen.clock = '2026-01-01T00:00:00Z'")
    verdict, finding = examine()["clock"]
    assert (verdict, finding) == ("fail", "leadgen.clock is set to 2026-01-01T00:00:00Z, as for a test")
    ask(server.url, "alter database leadgen reset leadgen.clock")


def test_zone_data_that_differs(server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine knows Austin by Tokyo's clock."""
    with psycopg.connect(server.url) as session:
        assert [one.verdict for one in examine_zones(session)] == ["ok"]
        monkeypatch.setattr(doctor_host, "ZoneInfo", lambda _: ZoneInfo("Asia/Tokyo"))
        (found,) = examine_zones(session)
    assert found[1:3] == ("warn", "the server and this machine differ about America/Chicago")


def test_a_disk_that_is_nearly_full(examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    gb = 1 << 30
    assert judge_disk("/d", 50 * gb, 100 * gb).verdict == "ok"
    assert judge_disk("/d", 12 * gb, 100 * gb).verdict == "warn"
    assert judge_disk("/d", gb // 2, 2 * gb).verdict == "fail"
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=4 * gb, total=100 * gb))
    assert examine()["disk"][0] == "fail"


def test_a_server_that_is_not_there(leadgen_here: Run) -> None:
    done = leadgen_here("doctor", DATABASE_URL="postgresql://postgres@/x?host=/nowhere")
    assert (done.returncode, "fail database: " in done.stdout) == (2, True)


def test_transactions_that_stay_open(server: EmbeddedServer) -> None:
    """Five minutes are not waited for: the function's own line is moved, and the rest is as it is."""
    with psycopg.connect(server.url) as session, psycopg.connect(server.url) as idle:
        idle.execute("select 1")
        row = session.execute("select prosrc from pg_proc where proname = 'diagnose_transactions'").fetchone()
        assert row
        moved = row[0].replace("interval '5 minutes'", "interval '0'")
        assert moved != row[0]
        found = session.execute(moved).fetchone()
        assert found
        assert found[1] == "warn"
        assert f"session {idle.info.backend_pid} of postgres" in found[2]
        assert "idle in transaction" in found[2]
        assert found[3].endswith(f"select pg_terminate_backend({idle.info.backend_pid})")
        idle.rollback()
        idle.execute("select pg_current_xact_id()")
        idle.execute("prepare transaction 'left behind'")
        found = session.execute(moved).fetchone()
        assert found
        assert found[1] == "fail"
        assert found[2].startswith("prepared transaction left behind of postgres")
    ask(server.url, "rollback prepared 'left behind'")


def test_wraparound_is_told_before_it_comes(server: EmbeddedServer, examine: Examine) -> None:
    """The last test: the server has used a billion and a half transactions since, and none is frozen."""
    server.stop()
    age_transactions(server, 1_500_000_000)
    server.start()
    verdict, finding = examine()["wraparound"]
    assert verdict == "fail"
    assert finding.startswith("the oldest unfrozen transaction is 149")


def age_transactions(server: EmbeddedServer, count: int) -> None:
    """Move the counter of transactions on. The commit log needs a file for where it is now."""
    segment = server.data / "pg_xact" / f"{count // 32768 // 32:04X}"
    segment.write_bytes(bytes(256 * 1024))
    server.user.own(segment)
    command = [server.binaries["pg_resetwal"], f"--next-transaction-id={count}", "-D", str(server.data)]
    subprocess.run(server.user.command(*command), check=True, cwd="/", capture_output=True)
