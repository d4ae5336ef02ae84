"""A deploy keeps a lock in its session: through a pooler, and where another session holds that lock."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import psycopg
import pytest

from leadgen.db.exclusive import ADVISORY_LOCK
from leadgen.db.migrate import MigrateError, migrate
from leadgen.db.tree import SqlTree
from leadgen.db.urls import database_name, with_role
from leadgen.settings import Settings
from rig.bouncer import running_bouncer
from rig.cluster import Cluster
from rig.programs import needs

LOCK = f"select pg_advisory_lock({ADVISORY_LOCK})"


def run(url: str, tree: SqlTree | None, wait: float = 30) -> list[str]:
    """Migrate and return what was said."""
    said: list[str] = []
    migrate(url, Settings(), tree=tree, reference=False, wait=wait, say=said.append)
    return said


@contextmanager
def bouncer(cluster: Cluster, url: str, mode: str, size: int = 5) -> Iterator[str]:
    directory = Path(mkdtemp(prefix="bouncer-", dir=cluster.shelf))
    with running_bouncer(cluster.server, database_name(url), directory, mode, size) as pooled:
        yield pooled


@needs("pgbouncer")
@pytest.mark.parametrize("size", [1, 5])
def test_pooler_in_transaction_mode_is_refused(
    size: int, cluster: Cluster, empty: str, tree: SqlTree
) -> None:
    """Before a lock is taken or a setting of the session changed: both would stay with whoever comes next."""
    with bouncer(cluster, empty, "transaction", size) as url, psycopg.connect(url, autocommit=True) as other:
        other.execute("select 1")
        with pytest.raises(MigrateError, match="direct connection needed: a pooler gives each transaction"):
            run(url, tree)
        assert other.execute("show search_path").fetchone() == ('"$user", public',)
        held = "select count(*) from pg_locks where locktype = 'advisory'"
        with psycopg.connect(empty) as session:
            assert session.execute(held).fetchone() == (0,)
            assert session.execute("select to_regnamespace('leadgen')").fetchone() == (None,)


@needs("pgbouncer")
def test_pooler_in_transaction_mode_is_found_while_others_use_it(
    cluster: Cluster, empty: str, tree: SqlTree
) -> None:
    with bouncer(cluster, empty, "transaction") as url:
        stop = threading.Event()

        def use() -> None:
            with psycopg.connect(url, autocommit=True, prepare_threshold=None) as session:
                while not stop.is_set():
                    session.execute("select 1")

        users = [threading.Thread(target=use) for _ in range(4)]
        for user in users:
            user.start()
        try:
            for _ in range(5):
                with pytest.raises(MigrateError, match="direct connection needed"):
                    run(url, tree)
        finally:
            stop.set()
            for user in users:
                user.join()


@needs("pgbouncer")
def test_pooler_in_session_mode_works(cluster: Cluster, empty: str) -> None:
    with bouncer(cluster, empty, "session") as url:
        assert run(url, None)[-1].startswith("reloaded")
        assert run(url, None) == []


@contextmanager
def holding_the_lock(url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url, autocommit=True, application_name="stranded") as session:
        session.execute(LOCK.encode())
        session.execute("select 'it''s  a\n secret', E'a \\' b', $x$ another $x$")
        yield session


def test_who_holds_the_lock_is_named(empty: str, tree: SqlTree) -> None:
    run(empty, tree)
    policies = tree.root / "policies/items.sql"
    policies.write_text(policies.read_text() + "-- reload\n")
    for role in ("postgres", "leadgen_migrator"):
        said: list[str] = []
        with holding_the_lock(empty) as session:
            pid = session.info.backend_pid
            with pytest.raises(MigrateError, match="another deploy holds the lock") as refusal:
                migrate(with_role(empty, role), Settings(), tree=tree, wait=1.5, say=said.append)
        who = f"session {pid} of postgres, stranded"
        assert f"nothing was changed, because another deploy holds the lock for it:\n  {who}" in str(
            refusal.value
        )
        assert "leadgen migrate --wait SECONDS. If it is not at work any more, end it" in str(refusal.value)
        assert [line.partition(", idle")[0] for line in said] == [
            f"another deploy is at work; waiting for {who}"
        ]
        if role == "postgres":
            assert ", stranded, idle, query: select '…', E'…', $…$" in str(refusal.value)
    assert run(empty, tree) == ["reloaded 6 files"]


def test_the_lock_is_waited_for(empty: str, tree: SqlTree) -> None:
    said: list[str] = []
    with holding_the_lock(empty) as session:

        def hear(line: str) -> None:
            said.append(line)
            if line.startswith("another deploy"):
                session.close()

        migrate(empty, Settings(), tree=tree, reference=False, wait=60, say=hear)
    assert said[1:] == ["applied 0001_settings.sql", "applied 0002_items.sql", "reloaded 6 files"]


def test_a_step_without_the_lock_is_refused(empty: str, tree: SqlTree) -> None:
    """A pooler that was not found out, or somebody who unlocked all."""
    first = tree.root / "migrations/0001_settings.sql"
    first.write_text(first.read_text() + "select pg_advisory_unlock_all();")
    with pytest.raises(MigrateError, match="direct connection needed: the lock of this deploy is not held"):
        run(empty, tree)
    with psycopg.connect(empty) as session:
        assert session.execute("select to_regclass('leadgen.items')").fetchone() == (None,)


def test_role_that_may_not_lock_is_told_so(database: str) -> None:
    with pytest.raises(MigrateError, match="the role leadgen_api is no member of leadgen_owner"):
        run(with_role(database, "leadgen_api"), None)
