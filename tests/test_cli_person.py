"""`leadgen person` and `leadgen erase`: what is held of a person, exported and struck out, and the books after it."""

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api.serving import add_sale, make_lead

Market = psycopg.Connection
Run = Callable[..., Any]

PHONE = "+15125550123"


@pytest.fixture
def database(stocked_database: str) -> str:
    """With a catalogue in it."""
    return stocked_database


@pytest.fixture
def market(database: str) -> Any:
    """A session on a fresh database with one offer and its buyer Ann; Zaphod's lead was sold to her."""
    with psycopg.connect(database, autocommit=True) as connection:
        add_sale(connection, phone=PHONE, name="Zaphod \u202ebeeblebrox", message="two\nheads")
        connection.execute(
            "select leadgen.submit_lead(%s, '{}')",
            [json.dumps(make_lead(phone=PHONE, source_key="nobody"))],
        )
        yield connection


def refused_by(done: Any) -> str:
    """The one line of a refusal."""
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert done.stderr.startswith("leadgen: ")
    return str(done.stderr)


@pytest.mark.usefixtures("market")
def test_a_person_has_a_copy(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "person.json"
    export = ("person", "export", "--phone", "(512) 555-0123", "--country", "US", "--reason", "asked for it")
    done = run(*export, "--out", str(file))
    assert (done.returncode, done.stderr) == (0, f"1 lead, 1 submission in {file}\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    person = json.loads(file.read_text(encoding="utf-8"))
    assert person["person"] == {"phone": "(512) 555-0123"}
    (lead,) = person["leads"]
    assert lead["contact"]["phone"] == PHONE
    assert lead["sales"][0]["buyer"] == "Ann"
    assert "price" not in lead["sales"][0]
    (decision,) = lead["decisions"]
    assert (sorted(decision), decision["sold_to"]) == (["attempt", "decided_at", "sold_to"], ["Ann"])
    assert person["submissions"][0]["payload"]["source_key"] == "nobody"

    assert json.loads(run(*export).stdout) == person
    text = run(*export, "--readable").stdout
    assert "lead\n  " in text
    assert "phone: +15125550123" in text
    assert "message: two / heads" in text
    assert "\u202e" not in text
    assert "allowed a new file" in refused_by(run(*export, "--out", str(file)))


@pytest.mark.usefixtures("market")
def test_what_is_held_is_listed(run: Run) -> None:
    listed = run("person", "list", "--phone", PHONE).stdout
    assert "lead" in listed
    assert "submission" in listed
    assert [row["what"] for row in json.loads(run("person", "list", "--phone", PHONE, "--json").stdout)] == [
        "lead",
        "submission",
    ]
    assert run("person", "list", "--email", "nobody@example.com").stderr == "nothing is held\n"
    done = run("person", "export", "--email", "nobody@example.com", "--reason", "asked")
    assert (done.returncode, done.stderr) == (1, "nothing is held\n")
    assert json.loads(done.stdout) == {"person": {"email": "nobody@example.com"}}


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["list"], 2, "give --phone or --email: one of them"),
        (["list", "--phone", PHONE, "--email", "a@b.example"], 2, "give --phone or --email: one of them"),
        (["list", "--phone", "5550123"], 1, "value: found another value, allowed a valid number"),
        (["export", "--phone", PHONE], 2, "Missing option '--reason'"),
        (["export", "--phone", PHONE, "--reason", " "], 1, "The reason for the erasure is missing"),
        (["export", "--phone", PHONE, "--reason", "x", "--out", "/nowhere/x"], 1, "/nowhere/x: No such file"),
    ],
)
@pytest.mark.usefixtures("market")
def test_what_cannot_be_asked_is_refused(arguments: list[str], status: int, words: str, run: Run) -> None:
    done = run("person", *arguments)
    assert done.returncode == status
    assert words in " ".join(done.stderr.split())


def test_a_dry_run_erases_nothing_and_an_erasure_everything(market: Market, run: Run) -> None:
    market.execute(
        "insert into leadgen.users (email, name, role, phone) values ('z@example.com', 'Zaphod', 'admin', %s)",
        [PHONE],
    )
    erase = ("erase", "--phone", PHONE, "--reason", "asked for it")
    dry = run(*erase, "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert [line.split("  ") for line in dry.stdout.splitlines()]
    assert "1  lead                  struck out" in dry.stdout
    assert "1  user                  struck out" in dry.stdout
    assert run("person", "list", "--phone", PHONE, "--json").stdout.count('"what"') == 3

    done = run(*erase, "--yes")
    assert done.returncode == 0, done.stderr
    assert "user 1 is erased" in done.stderr
    assert run("person", "list", "--phone", PHONE).stderr == "nothing is held\n"
    assert run("replay", "1").returncode == 0
    verified = run("verify")
    assert verified.returncode == 0, verified.stderr + verified.stdout
    assert "give the id" in run("erase", "--reason", "x", "--dry-run").stderr
    assert "--dry-run counts" in run("erase", "1", "--reason", "x", "--dry-run").stderr


def test_the_only_admin_is_not_erased(market: Market, run: Run) -> None:
    for name in ("zaphod", "trillian"):
        market.execute(
            "insert into leadgen.users (email, name, role, status, verified_at, approved_at)"
            " values (%s, %s, 'admin', 'active', now(), now())",
            [f"{name}@example.com", name],
        )
    assert run("erase", "--email", "zaphod@example.com", "--reason", "asked", "--yes").returncode == 0
    done = run("erase", "--email", "trillian@example.com", "--reason", "asked", "--yes")
    assert done.returncode == 1
    assert "User 2 is the only active admin" in done.stderr
    assert market.execute("select name from leadgen.users where id = 2").fetchone() == ("trillian",)


def test_a_dba_needs_no_more_rights(
    market: Market, run: Run, role_url: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    market.execute(
        "insert into leadgen.users (email, name, role, phone) values ('z@example.com', 'Zaphod', 'admin', %s)",
        [PHONE],
    )
    monkeypatch.setenv("DATABASE_URL", role_url("leadgen_dba"))
    for arguments in (
        ["person", "list", "--phone", PHONE],
        ["person", "export", "--phone", PHONE, "--reason", "asked"],
        ["erase", "--phone", PHONE, "--reason", "asked", "--dry-run"],
        ["erase", "--phone", PHONE, "--reason", "asked", "--yes"],
    ):
        done = run(*arguments)
        assert done.returncode == 0, done.stderr
