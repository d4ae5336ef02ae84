"""Reports are read from a real streaming standby while it keeps up, and from the primary otherwise."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from leadgen.db.embedded import EmbeddedServer
from leadgen.reports.reader import Sources, describe_lag, open_reader
from leadgen.reports.rows import read_table
from leadgen.settings import Settings
from rig.cluster import FAST
from rig.deploys import deploy_small
from rig.guard import server_directory
from rig.waiting import wait_until

Run = Callable[..., Any]


class Pair:
    """A primary with LeadGen in it, and its standby."""

    def __init__(self, directory: Path) -> None:
        self.primary = EmbeddedServer(directory / "primary", conf=FAST)
        self.primary.start()
        deploy_small(self.primary.url, Settings())
        self.standby = EmbeddedServer(directory / "standby", conf=FAST)
        self.standby.state.mkdir(mode=0o755)
        self.standby.user.own(self.standby.state)
        program = Path(self.primary.binaries["initdb"]).parent / "pg_basebackup"
        host = f"host={self.primary.sockets} port=54321 user=postgres"
        command = self.primary.user.command(
            str(program), "-D", str(self.standby.data), "-R", "-X", "stream", "-c", "fast", "-d", host
        )
        subprocess.run(command, cwd="/", check=True, capture_output=True)
        self.standby.start()

    def sources(self, most_lag: float = 300) -> Sources:
        return Sources(self.primary.url, self.standby.url, most_lag)

    def write(self, statement: str, *arguments: Any) -> Any:
        with psycopg.connect(self.primary.url, autocommit=True) as session:
            cursor = session.execute(statement, arguments)
            return cursor.fetchone() if cursor.description else None

    def ask_standby(self, query: str) -> Any:
        with psycopg.connect(self.standby.url, autocommit=True) as session:
            row = session.execute(query).fetchone()
            return row and row[0]

    def catch_up(self) -> None:
        written = (self.write("select pg_current_wal_lsn()::text") or [""])[0]
        wait_until(lambda: self.ask_standby(f"select pg_last_wal_replay_lsn() >= '{written}'"))


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with server_directory() as directory:
        yield Pair(directory)


@pytest.fixture
def paused(pair: Pair) -> Iterator[Pair]:
    """The standby receives and does not replay, and a transaction is missing there."""
    pair.write("create table if not exists public.news (id integer)")
    pair.catch_up()
    pair.ask_standby("select pg_wal_replay_pause()")
    wait_until(lambda: pair.ask_standby("select pg_get_wal_replay_pause_state()") == "paused")
    pair.write("insert into public.news values (1)")
    yield pair
    pair.ask_standby("select pg_wal_replay_resume()")
    pair.catch_up()


def is_standby(connection: psycopg.Connection[Any]) -> bool:
    row = connection.execute("select pg_is_in_recovery()").fetchone()
    return bool(row and row[0])


def test_a_standby_that_is_level_is_read_however_old_its_last_transaction_is(pair: Pair) -> None:
    pair.catch_up()
    reader = open_reader(pair.sources(most_lag=0))
    with reader.connection:
        assert (reader.words, reader.lag) == ("read from the replica, 0 s behind", 0)
        assert is_standby(reader.connection)


def test_a_standby_that_is_behind_says_how_far(paused: Pair) -> None:
    reader = open_reader(paused.sources(most_lag=86_400))
    with reader.connection:
        assert is_standby(reader.connection)
        assert reader.lag is not None
        assert reader.lag > 0
        assert reader.words == f"read from the replica, {describe_lag(reader.lag)} behind"


def test_a_standby_that_is_too_far_behind_is_not_read(paused: Pair) -> None:
    reader = open_reader(paused.sources(most_lag=0))
    with reader.connection:
        assert not is_standby(reader.connection)
        assert reader.lag is None
        assert reader.words.startswith("read from the primary: the replica is ")
        assert reader.words.endswith(" behind, and REPORT_MAX_LAG_SECONDS is 0")


def test_what_is_no_standby_is_not_read(pair: Pair) -> None:
    reader = open_reader(Sources(pair.primary.url, pair.primary.url))
    with reader.connection:
        assert reader.words == "read from the primary: REPORT_DATABASE_URL is no standby"


def test_an_export_reads_the_standby(pair: Pair, leadgen_here: Run) -> None:
    pair.catch_up()
    settings = {"DATABASE_URL": pair.primary.url, "REPORT_DATABASE_URL": pair.standby.url}
    for form in ("csv", "jsonl"):
        done = leadgen_here("export", "events", "--format", form, **settings)
        assert done.returncode == 0, done.stderr
        assert done.stderr.endswith("; read from the replica, 0 s behind\n")


ADD = """
insert into leadgen.report_schedules (name, view_name, period, recipients, timezone)
values (%s, 'events', 'yesterday', '{a@example.com}', 'UTC') returning id
"""
PERIOD = ("2026-11-20T00:00:00+00:00", "2026-11-21T00:00:00+00:00")


def test_a_scheduled_report_reads_the_standby(pair: Pair) -> None:
    (schedule,) = pair.write(ADD, "known")
    pair.catch_up()
    table = read_table(pair.sources(), schedule, PERIOD, "test")
    assert (table.words, table.rows) == ("read from the replica, 0 s behind", [])
    assert "kind" in [column.name for column in table.columns]


def test_a_schedule_that_the_standby_does_not_know_yet_is_read_from_the_primary(paused: Pair) -> None:
    (schedule,) = paused.write(ADD, "new")
    table = read_table(paused.sources(), schedule, PERIOD, "test")
    assert table.words == "read from the primary: the replica could not answer"


def test_without_the_primary_the_standby_is_read_and_without_both_it_fails(pair: Pair) -> None:
    pair.primary.stop("fast")
    try:
        reader = open_reader(pair.sources(most_lag=86_400))
        with reader.connection:
            assert is_standby(reader.connection)
        with pytest.raises(psycopg.OperationalError):
            open_reader(pair.sources(most_lag=0))
    finally:
        pair.primary.start()


def test_a_standby_that_cannot_be_reached_is_not_read(pair: Pair) -> None:
    pair.standby.stop("fast")
    try:
        reader = open_reader(pair.sources())
        with reader.connection:
            assert reader.words == "read from the primary: the replica cannot be reached"
            assert not is_standby(reader.connection)
    finally:
        pair.standby.start()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-1, "0 s"), (0, "0 s"), (119, "119 s"), (120, "2 min"), (7_199, "120 min"), (9_000, "2.5 h")],
)
def test_lag_is_said_in_words(seconds: float, words: str) -> None:
    assert describe_lag(seconds) == words
