"""The audit's chain under several sessions, in a copy of the database, and after a restore."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from leadgen.db.binaries import find_binaries
from leadgen.db.migrate import migrate
from leadgen.settings import Settings
from rig.cluster import Cluster, Connect

BROKEN = "select * from leadgen.list_broken_invariants() i where i.rule like 'audit%'"
WAITING = "select waiting from leadgen.find_audit_head()"
CHAIN = "select auditing.chain_audit()"
CHANGE = "update leadgen.settings set warn_at_percent = %s"
LIMIT = """
insert into leadgen.rate_limits (name, subject, amount, per_seconds) values ('key', %s, 1, 1) returning
  (select max(e.id) from leadgen.audit_entries e)
"""
ORDER = """
select array_agg(e.after ->> 'subject' order by c.position)
from leadgen.audit_chain c
join leadgen.audit_entries e on e.id = c.entry_id
where e.table_name = 'rate_limits' and e.after ->> 'subject' in ('early', 'late')
"""


def ask(session: psycopg.Connection, query: str, *parameters: object) -> Any:
    row = session.execute(query.encode(), parameters or None).fetchone()
    return row[0] if row else None


def chain(session: psycopg.Connection) -> None:
    while ask(session, CHAIN):
        pass


def test_what_is_committed_late_is_sealed_later_and_none_is_lost(connect: Connect) -> None:
    slow, quick, worker = connect(), connect(), connect()
    chain(worker)
    slow.execute("begin")
    slow.execute(LIMIT, ["late"])
    quick.execute(LIMIT, ["early"])
    chain(worker)
    assert ask(worker, WAITING) == 0, "what is not committed is not seen"
    slow.execute("commit")
    assert ask(worker, WAITING) == 1
    chain(worker)
    assert ask(worker, ORDER) == ["early", "late"]
    assert worker.execute(BROKEN).fetchall() == []


def test_a_change_waits_for_no_seal_and_a_seal_for_no_change(connect: Connect) -> None:
    chainer, person, other = connect(), connect(), connect()
    chain(chainer)
    person.execute(CHANGE, [60])
    chainer.execute("begin")
    assert ask(chainer, CHAIN) == 1
    for session in (person, other):
        session.execute("set lock_timeout = '100ms'")
    person.execute(CHANGE, [61])
    assert ask(other, CHAIN) == 0, "one at a time; whoever comes second leaves it"
    chainer.execute("rollback")
    assert ask(other, WAITING) == 2, "what was rolled back waits again"
    chain(other)
    assert other.execute(BROKEN).fetchall() == []


def test_what_is_rolled_back_leaves_nothing(connect: Connect) -> None:
    session = connect()
    chain(session)
    with session.transaction(force_rollback=True):
        session.execute(CHANGE, [62])
    assert ask(session, WAITING) == 0


def test_many_change_while_several_seal(connect: Connect) -> None:
    people, workers = [connect() for _ in range(4)], [connect() for _ in range(3)]
    chain(workers[0])
    before = ask(workers[0], "select count(*) from leadgen.audit_entries")

    def change(number: int) -> None:
        for n in range(50):
            people[number].execute(LIMIT, [f"{number} {n}"])

    def work(worker: psycopg.Connection) -> None:
        for _ in range(60):
            worker.execute(CHAIN)

    with ThreadPoolExecutor(7) as pool:
        for done in [
            *(pool.submit(change, n) for n in range(4)),
            *(pool.submit(work, one) for one in workers),
        ]:
            done.result()
    chain(workers[0])
    assert ask(workers[0], "select count(*) from leadgen.audit_entries") == before + 200
    assert ask(workers[0], "select count(*) = max(position) from leadgen.audit_chain")
    assert workers[0].execute(BROKEN).fetchall() == []


@pytest.mark.parametrize("form", ["plain", "custom"])
def test_what_a_dump_brings_is_proved(cluster: Cluster, database: str, connect: Connect, form: str) -> None:
    session = connect()
    session.execute(CHANGE, [63])
    chain(session)
    session.execute(CHANGE, [64])
    head = session.execute("select last_position, digest, waiting from leadgen.find_audit_head()").fetchone()
    programs = find_binaries()
    dump = subprocess.run(
        [programs["pg_dump"], f"--format={form}", database], capture_output=True, check=True
    ).stdout
    with cluster.clone("template0") as copy:
        program = (
            [programs["psql"], "-qX", "-v", "ON_ERROR_STOP=1"]
            if form == "plain"
            else [programs["pg_restore"], "-d"]
        )
        subprocess.run([*program, copy], input=dump, capture_output=True, check=True)
        with psycopg.connect(copy, autocommit=True) as restored:
            assert (
                restored.execute(
                    "select last_position, digest, waiting from leadgen.find_audit_head()"
                ).fetchone()
                == head
            )
            assert restored.execute(BROKEN).fetchall() == []
            assert ask(restored, "select leadgen.run_chore('chain_audit')") is False, (
                "no chore runs in a copy"
            )
            restored.execute(CHANGE, [65])
            assert ask(restored, WAITING) == 2
            with restored.transaction():
                restored.execute("set local session_replication_role = replica")
                restored.execute(
                    "update leadgen.audit_entries e set changed_at = changed_at - interval '1 day' "
                    "from leadgen.audit_waiting w where w.entry_id = e.id"
                )
            assert restored.execute(BROKEN).fetchall() == [], "in a copy nothing is late"


def test_a_deploy_that_declares_the_same_again_is_no_change(database: str, connect: Connect) -> None:
    session = connect()
    last = ask(session, "select max(id) from leadgen.audit_entries") or 0
    session.execute("delete from leadgen.schema_reloads")
    migrate(database, Settings(environment="development"), reference=False, say=lambda _: None)
    made = session.execute("select table_name, after from leadgen.audit_entries where id > %s", [last])
    assert made.fetchall() == []
