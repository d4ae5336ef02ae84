"""Leads go on while a deploy waits for a session that somebody left open."""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from api.serving import Api, add_catalogue, make_lead, running_api
from leadgen.db.migrate import MigrateError, migrate
from leadgen.db.tree import SqlTree
from leadgen.paths import sql_dir
from leadgen.settings import Settings
from rig.waiting import PATIENCE

HELD_SECONDS = 4.0
SENDERS = 4
PAUSE = 0.1  # between two leads of a sender: a deploy takes many times that


@contextmanager
def posting_leads(api: Api) -> Iterator[list[object]]:
    """Senders who post one lead after the other; what they got so far: 202, or the body of a refusal."""
    answers: list[object] = []
    stop = threading.Event()

    def post() -> None:
        while not stop.wait(PAUSE):
            answer = api.post(make_lead())
            answers.append(answer.status if answer.status == 202 else answer.body)

    senders = [threading.Thread(target=post) for _ in range(SENDERS)]
    for sender in senders:
        sender.start()
    try:
        yield answers
    finally:
        stop.set()
        for sender in senders:
            sender.join()


def deploy(url: str, tree: SqlTree | None, wait: float, say: Callable[[str], None]) -> None:
    migrate(url, Settings(environment="development"), tree=tree, reference=False, wait=wait, say=say)


def read_and_stay(session: psycopg.Connection) -> None:
    """What somebody does who looks into a report and goes to lunch."""
    session.execute("select count(*) from report.funnel")
    session.execute("select count(*) from leadgen.buyers")


@pytest.fixture
def served(database: str, tmp_path: Path) -> Iterator[Api]:
    add_catalogue(database)
    with running_api(database, tmp_path) as api:
        yield api


def test_no_lead_is_refused_while_a_reload_waits(served: Api) -> None:
    said: list[str] = []
    with psycopg.connect(served.database) as reader, posting_leads(served) as answers:
        reader.execute("update leadgen.schema_reloads set fingerprint = 'of before'")
        reader.commit()
        read_and_stay(reader)
        with pytest.raises(MigrateError, match="a step waited too long for others") as refusal:
            deploy(served.database, None, HELD_SECONDS, said.append)
        pid = reader.info.backend_pid
        reader.rollback()
        deploy(served.database, None, PATIENCE, said.append)
    who = f"session {pid} of postgres, idle in transaction, since "
    assert len([line for line in said if line.startswith(f"waiting for {who}")]) == 1
    assert f"\n  {who}" in str(refusal.value)
    assert str(refusal.value).endswith("query: select count(*) from leadgen.buyers")
    assert said[-1].startswith("reloaded")
    assert answers
    assert [answer for answer in answers if answer != 202] == []


def test_no_lead_is_refused_while_a_migration_waits(served: Api, tmp_path: Path) -> None:
    """The reader comes between the migrations: one who was there before the first is waited for with nothing locked."""
    tree = SqlTree(tmp_path / "sql")
    shutil.copytree(sql_dir(), tree.root)
    number = max(migration.number for migration in tree.migrations())
    for name, text in (
        (f"{number + 1:04}_first.sql", "create table leadgen.more (id integer primary key);"),
        (f"{number + 2:04}_second.sql", "alter table leadgen.buyers add column more integer;"),
    ):
        (tree.root / "migrations" / name).write_text(text)
    said: list[str] = []
    with psycopg.connect(served.database) as reader, posting_leads(served) as answers:

        def hear(line: str) -> None:
            said.append(line)
            if line.endswith("_first.sql"):
                read_and_stay(reader)
                threading.Timer(HELD_SECONDS, reader.rollback).start()

        pid = reader.info.backend_pid
        deploy(served.database, tree, PATIENCE, hear)
    waited = [line for line in said if line.startswith("waiting") and " of leadgen_api" not in line]
    assert [line.partition(" of postgres")[0] for line in waited] == [f"waiting for session {pid}"]
    assert said[-1].startswith("reloaded")
    assert answers
    assert [answer for answer in answers if answer != 202] == []
