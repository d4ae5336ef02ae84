"""The whole demo as its users run it: a process, on a server that DATABASE_URL names."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

import psycopg
import pytest

from leadgen.db.urls import with_database
from rig.cluster import Cluster
from rig.waiting import wait_until

DEMO = "from leadgen.cli import main; main()"
# A receiver that says 200 to its first webhook and then does not have it.
FORGETFUL = """
from leadgen.demo.buyers import Receiver
take = Receiver.take
def forget_once(*arguments):
    Receiver.take = take
Receiver.take = forget_once
"""
# What a demo that serves leaves for other terminals is written to another place than the developer's own.
ELSEWHERE = """
import pathlib
import leadgen.demo.invitation
leadgen.demo.invitation.state_dir = lambda: pathlib.Path({!r})
"""
BROKEN_WORKER = """
import leadgen.demo.run
leadgen.demo.run.WORK = "raise SystemExit('out of order')"
"""
# The database of a demo whose deploy is not what the test is about: a copy of one that is migrated.
DEPLOYED = """
import psycopg
import leadgen.demo.database
from leadgen.db.urls import with_database
def deploy(url, settings, say):
    with psycopg.connect(with_database(url, "postgres"), autocommit=True) as connection:
        connection.execute("drop database leadgen_demo")
        connection.execute("create database leadgen_demo template {}")
leadgen.demo.database.migrate = deploy
"""
STOP_SECONDS = 30


def command(*arguments: str, before: str = "") -> list[str]:
    return [sys.executable, "-c", before + DEMO, "demo", *arguments]


def sign_in(api: str, email: str, password: str) -> str:
    """Where somebody lands who signs in to the pages."""
    browser = build_opener(HTTPCookieProcessor())
    form = urlencode({"email": email, "password": password})
    place: str = browser.open(Request(f"{api}/sign-in", form.encode(), {"Origin": api})).url  # noqa: S310
    return place.removeprefix(api)


@pytest.fixture
def deployed(template: str) -> str:
    """What the demo runs first to have its database deployed at once."""
    return DEPLOYED.format(template)


@pytest.fixture
def environment(cluster: Cluster) -> Iterator[dict[str, str]]:
    """Points the demo at the tests' server; another database of it must stay as it is."""
    with cluster.clone("template0") as url:
        yield {**os.environ, "DATABASE_URL": url}
        with psycopg.connect(url) as connection:
            assert connection.execute("select from pg_namespace where nspname = 'leadgen'").fetchone() is None
    wait_for_quiet(cluster)
    cluster.drop("leadgen_demo")


def wait_for_quiet(cluster: Cluster) -> None:
    """Nothing of a demo is left that is connected to its database."""
    query = "select application_name from pg_stat_activity where datname = 'leadgen_demo'"
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:

        def list_left() -> object:
            return connection.execute(query).fetchall()

        wait_until(lambda: not list_left(), list_left, STOP_SECONDS)


def run(environment: dict[str, str], before: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(before=before), env=environment, capture_output=True, text=True, check=False, timeout=200
    )


def test_everything_holds(environment: dict[str, str]) -> None:
    done = run(environment)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert [line[:8] for line in lines[-4:]] == ["ok      "] * 4
    assert len(lines) <= 100
    assert max(map(len, lines)) <= 100
    assert "\x1b" not in done.stdout
    assert "200 requests: 194 leads, 4 repeats (same answer again), 2 of unknown source" in done.stdout
    assert re.search(r"Lone Star Plumbing +52.00 +6 +6 a day +312.00 +full", done.stdout)
    assert re.search(r"waited for a disabled endpoint +5\n.* Palmetto Storm Restoration +\n", done.stdout)
    assert re.search(r"dead letters +-\n", done.stdout)
    assert re.search(r"Lone Star Plumbing +lost +cap_day: 6 of 6, resets 00:00 America/Chicago", done.stdout)
    assert "With capacity per day 12 for Tampa Bay Air, revenue +60.0 %" in done.stdout
    assert "outside_service_area" in done.stdout
    assert re.search(r"Lead \d+: .+ returned it \(wrong_number\) .+;\s+sold to", done.stdout)


def test_a_webhook_that_a_buyer_does_not_have_is_told(environment: dict[str, str], deployed: str) -> None:
    done = run(environment, before=deployed + FORGETFUL)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "FAILED  each sale's webhook and email arrived" in done.stdout
    shown = " ".join(done.stdout.split())
    assert shown.count("recorded as delivered, but the buyer does not have it") == 1


def test_a_worker_that_dies_ends_the_demo_with_its_last_words(
    environment: dict[str, str], deployed: str
) -> None:
    done = run(environment, before=deployed + BROKEN_WORKER)
    assert (done.returncode, done.stderr) == (1, "leadgen: the worker ended with status 1\nout of order\n")


@contextmanager
def started(
    environment: dict[str, str], *arguments: str, before: str = ""
) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command(*arguments, before=before),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """Its output up to a line with this text."""
    read = ""
    for line in process.stdout or ():
        read += line
        if text in line:
            return read
    pytest.fail(f"{text!r} never came:\n{read}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything(
    environment: dict[str, str], deployed: str, number: signal.Signals
) -> None:
    with started(environment, before=deployed) as process:
        read_until(process, "on loopback: buyers' receivers")
        process.send_signal(number)
        assert process.wait(STOP_SECONDS) == 130


def test_it_serves_until_it_is_stopped(environment: dict[str, str], deployed: str, tmp_path: Path) -> None:
    before = deployed + ELSEWHERE.format(str(tmp_path))
    with started(environment, "--serve", before=before) as process:
        shown = read_until(process, "Serving until Ctrl-C")
        file = tmp_path / "demo.env"
        assert f"  source {file}\n" in shown
        assert file.stat().st_mode & 0o777 == 0o600
        named = dict(shlex.split(line)[1].split("=", 1) for line in file.read_text().splitlines())
        post, decision, explain = (
            shlex.split(line) for line in shown.splitlines() if re.match("  (curl|DATA)", line)
        )
        answer = json.loads(subprocess.check_output(post, text=True))
        assert (answer["status"], answer["price"]) == ("accepted", 56.25)
        assert "South Congress Plumbing received" in read_until(process, "South Congress Plumbing received")
        account = json.loads(subprocess.check_output(decision, text=True))
        assert account["summary"].startswith("Sold to ")
        database = with_database(environment["DATABASE_URL"], "leadgen_demo")
        assert explain[0] == f"DATABASE_URL={database}"
        assert (named["DATABASE_URL"], named["ENVIRONMENT"]) == (database, "development")
        assert f"Authorization: Bearer {named['OPERATOR_KEY']}" in decision
        assert f"{named['API']}/api/leads" in post

        people = re.findall(r"  (\S+@demo\.example)  (\S+)\n", shown)
        assert [(email, sign_in(named["API"], email, password)) for email, password in people] == [
            ("operator@demo.example", "/console"),
            ("owner@demo.example", "/portal"),
        ]

        second = run(environment)
        assert (second.returncode, second.stderr) == (
            1,
            "leadgen: another demo runs on this server: stop it first\n",
        )
        process.send_signal(signal.SIGINT)
        assert process.wait(STOP_SECONDS) == 0
        assert not file.exists()
