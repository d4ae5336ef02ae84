"""`leadgen report`: reports that workers send, as rows that an operator writes."""

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

Run = Callable[..., Any]


@pytest.fixture
def database(stocked_database: str) -> str:
    """With a catalogue in it."""
    return stocked_database


@pytest.fixture
def session(database: str) -> Any:
    """An autocommit session of the superuser."""
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


def rows(session: psycopg.Connection, query: str) -> list[tuple[Any, ...]]:
    return session.execute(query.encode()).fetchall()


def test_a_report_is_added_listed_paused_resumed_and_removed(session: psycopg.Connection, run: Run) -> None:
    assert run("report", "list").stderr == "no scheduled reports\n"
    recipients = ["--to", "a@market.example", "--to", "b@market.example"]
    limits = ["--at", "06:30", "--offer", "austin-plumbing", "--buyer", "1", "--period", "last week"]
    done = run("report", "add", "daily", "sales", *recipients, *limits, "--format", "jsonl")
    assert (done.returncode, done.stderr) == (0, "daily is sent at 06:30 America/Chicago\n")
    (found,) = json.loads(run("report", "list", "--json").stdout)
    assert found["recipients"] == ["a@market.example", "b@market.example"]
    assert (found["view"], found["period"], found["format"]) == ("sales", "last week", "jsonl")
    assert (found["offer"], found["buyer_id"], found["send_at"]) == ("austin-plumbing", 1, "06:30")

    assert run("report", "pause", "daily", "--reason", "holidays").returncode == 0
    assert "paused" in run("report", "list").stdout
    assert rows(session, "select is_active from leadgen.report_schedules") == [(False,)]
    entry = "select reason from leadgen.audit_entries where table_name = 'report_schedules' order by id desc limit 1"
    assert rows(session, entry) == [("holidays",)]
    assert run("report", "resume", "daily").returncode == 0
    assert rows(session, "select is_active from leadgen.report_schedules") == [(True,)]
    assert run("report", "remove", "daily").returncode == 0
    assert rows(session, "select count(*) from leadgen.report_schedules") == [(0,)]


def test_a_report_is_sent_when_somebody_asks(session: psycopg.Connection, run: Run) -> None:
    run("report", "add", "daily", "sales", "--to", "a@market.example")
    assert "none yet" in run("report", "list").stdout
    done = run("report", "send", "daily")
    assert done.stderr == "daily will be sent by a worker (run 1): `leadgen report list` shows how it went\n"
    assert rows(session, "select is_manual, status from leadgen.report_runs") == [(True, "pending")]
    session.execute(
        "update leadgen.report_runs set status = 'failed', next_attempt_at = null, finished_at = now(),"
        " last_error = 'SMTP 550'"
    )
    assert "SMTP 550" in " ".join(run("report", "list").stdout.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "daily", "nothing", "--to", "a@b.example"), "view_name: found nothing"),
        (("add", "daily", "margin", "--to", "a@b.example", "--buyer", "1"), "view_name: found margin"),
        (("add", "daily", "sales", "--to", "nobody"), "recipients"),
        (("add", "daily", "sales", "--to", "a@b.example", "--zone", "Texas"), "--zone: found Texas"),
        (("add", "daily", "sales", "--to", "a@b.example", "--at", "26:00"), "--at: found 26:00"),
        (("add", "daily", "sales", "--to", "a@b.example", "--buyer", "99"), "no buyer 99"),
        (("add", "daily", "sales", "--to", "a@b.example", "--offer", "x"), "no offer x"),
        (("add", "daily", "sales", "--to", "a@b.example", "--format", "parquet"), "--format: found parquet"),
        (("add", "Not A Name", "sales", "--to", "a@b.example"), "report_schedules_name_shape"),
        (("pause", "nothing"), "no report nothing"),
        (("send", "nothing"), "There is no such report"),
    ],
)
def test_what_cannot_be_is_one_clear_line(
    session: Any, run: Run, arguments: tuple[str, ...], said: str
) -> None:
    done = run("report", *arguments)
    assert done.returncode == 1
    assert done.stderr.startswith("leadgen: ")
    assert said in done.stderr
    assert rows(session, "select count(*) from leadgen.report_schedules") == [(0,)]


def test_a_name_is_given_once(session: Any, run: Run) -> None:
    run("report", "add", "daily", "sales", "--to", "a@b.example")
    done = run("report", "add", "daily", "leads", "--to", "a@b.example")
    assert done.stderr == "leadgen: there is a report daily already: `leadgen report list`\n"
