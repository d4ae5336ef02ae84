"""`leadgen retention`: shown, said, tried and done."""

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from api.serving import add_sale

Market = psycopg.Connection
Run = Callable[..., Any]

AGE = "update leadgen.leads set created_at = created_at - interval '4 years'"


@pytest.fixture
def database(stocked_database: str) -> str:
    """With a catalogue in it."""
    return stocked_database


@pytest.fixture
def market(database: str) -> Any:
    """A session on a fresh database with one sale."""
    with psycopg.connect(database, autocommit=True) as connection:
        add_sale(connection)
        yield connection


def test_rules_are_shown_and_said(market: Market, run: Run) -> None:
    rules = {row["name"]: row for row in json.loads(run("retention", "show", "--json").stdout)}
    assert (rules["leads"]["keep"], rules["leads"]["is_active"]) == ("3 years", False)
    assert (rules["quarantine"]["keep"], rules["quarantine"]["becomes"]) == ("90 days", "deleted")
    done = run("retention", "set", "answers", "--keep", "6 months", "--on", "--reason", "our notice")
    assert (done.returncode, done.stderr) == (0, "answers keeps 6 months, and is on\n")
    assert "answers          6 months  on" in run("retention", "show").stdout
    query = "select reason from leadgen.audit_entries where table_name = 'retention_rules' order by id desc limit 1"
    assert market.execute(query).fetchone() == ("our notice",)


def test_old_leads_are_counted_and_struck_out(market: Market, run: Run) -> None:
    market.execute(AGE.encode())
    dry = run("retention", "run", "--dry-run")
    assert "leads: 1 row of leads would be struck out; the rule is off\n" in dry.stderr
    assert market.execute("select count(*) from leadgen.leads where erased_at is not null").fetchone() == (0,)
    assert "The rule leads is off" in run("retention", "run", "leads").stderr
    assert run("retention", "set", "leads", "--on").stderr == "leads keeps 3 years, and is on\n"
    done = run("retention", "run")
    assert done.returncode == 0, done.stderr
    assert "leads: 1 row struck out\n" in done.stderr
    assert run("retention", "run", "leads").stderr == "leads: 0 rows struck out\n"
    assert market.execute("select count(*) from leadgen.leads where erased_at is not null").fetchone() == (1,)
    assert run("verify").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["set", "leads"], "give --keep, or --on or --off"),
        (["set", "leads", "--keep", "soon"], "--keep: found soon, allowed a number with hours"),
        (
            ["set", "leads", "--keep", "0 days"],
            '--keep: found 0 days, allowed a number with hours, days, weeks, months or years, above 0: "90 days"',
        ),
        (["set", "leads", "--keep", "0 days"], "--keep: found 0 days"),
        (["set", "nothing", "--on"], "no retention rule nothing: `leadgen retention show` lists them"),
        (["run", "nothing"], "no retention rule nothing"),
    ],
)
@pytest.mark.usefixtures("market")
def test_what_cannot_be_is_refused(arguments: list[str], words: str, run: Run) -> None:
    done = run("retention", *arguments)
    assert done.returncode != 0
    assert words in " ".join(done.stderr.split())


def test_a_dba_needs_no_more_rights(
    market: Market, run: Run, role_url: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    market.execute(AGE.encode())
    monkeypatch.setenv("DATABASE_URL", role_url("leadgen_dba"))
    for arguments in (["show"], ["set", "leads", "--on"], ["run", "--dry-run"], ["run"]):
        done = run("retention", *arguments)
        assert done.returncode == 0, done.stderr
