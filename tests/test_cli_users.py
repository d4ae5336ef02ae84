"""`leadgen user`: the first admin, invitations, approvals, and who is stopped and signed out."""

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import psycopg
import pytest
import typer

from api.people import CHEAP, make_passwords_cheap
from leadgen import passwords
from leadgen.cli import users
from leadgen.passwords import Challenge, compute_digest

Run = Callable[..., Any]
PASSWORD = "correct horse battery"
ANN = ("ann@example.com", "--name", "Ann Smith")
SECOND = ("bob@example.com", "--name", "Bob Jones", "--role", "admin")
PROOF = """
select p.salt, p.memory_kib, p.passes, p.lanes, p.verifier from leadgen.user_passwords p
join leadgen.users u on u.id = p.user_id where u.email = 'ann@example.com'
"""
SIGN_IN = """
insert into leadgen.user_sessions (created_at, user_id, token_hash, seen_at, expires_at, address, network, agent)
select now(), u.id, repeat('a', 64), now(), now() + interval '1 hour', '192.0.2.1', '192.0.2.1', 'Firefox'
from leadgen.users u where u.email = 'ann@example.com'
"""


@pytest.fixture
def database(stocked_database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """With a catalogue in it; passwords are cheap there, and for commands."""
    for name, cost in zip(("MEMORY_KIB", "PASSES", "LANES"), CHEAP, strict=True):
        monkeypatch.setattr(passwords, name, cost)
    make_passwords_cheap(stocked_database)
    return stocked_database


@pytest.fixture
def rows(database: str) -> Any:
    """A session on it."""
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


def said_by(done: Any) -> str:
    """What a command said that did it."""
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    return str(done.stderr.strip())


def refused_by(done: Any) -> str:
    """What a command said that was refused."""
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    return str(done.stderr.strip())


@pytest.fixture
def ann(run: Run) -> str:
    """The first admin; her id."""
    said = said_by(run("user", "create", *ANN, "--role", "admin", stdin=f"{PASSWORD}\n"))
    assert said.endswith("is admin and may sign in")
    return said.split()[1]


def is_password(rows: psycopg.Connection, password: str) -> bool:
    """Whether Ann's password is this one."""
    row = rows.execute(PROOF).fetchone()
    assert row
    *challenge, verifier = row
    return bool(sha256(compute_digest(password, Challenge(*challenge))).digest() == verifier)


def test_the_first_admin_is_made_with_a_password_of_standard_input(
    ann: str, rows: psycopg.Connection, run: Run
) -> None:
    assert is_password(rows, PASSWORD)
    assert not is_password(rows, PASSWORD + " ")
    (row,) = json.loads(run("user", "list", "--json").stdout)
    assert (str(row["id"]), row["email"], row["role"], row["status"]) == (
        ann,
        "ann@example.com",
        "admin",
        "active",
    )
    assert "ann@example.com" in run("user", "list", "--role", "admin").stdout
    assert said_by(run("user", "list", "--status", "suspended")) == "no users"


def test_a_password_is_asked_for_on_a_terminal(
    run: Run, rows: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []

    def prompt(_text: str, **options: Any) -> str:
        asked.append(options)
        return PASSWORD

    monkeypatch.setattr(typer, "prompt", prompt)
    monkeypatch.setattr(users, "is_terminal", lambda: True)
    said_by(run("user", "create", *ANN, "--role", "admin"))
    assert asked == [{"hide_input": True, "confirmation_prompt": True, "err": True}]
    assert is_password(rows, PASSWORD)


@pytest.mark.parametrize(
    ("password", "found"),
    [
        ("short", "5 characters"),
        ("", "0 characters"),
        ("x" * 20, "one character over and over"),
        ("ann@example.com", "the e-mail address"),
    ],
)
def test_a_weak_password_is_refused(run: Run, password: str, found: str) -> None:
    said = refused_by(run("user", "create", *ANN, "--role", "admin", stdin=f"{password}\n"))
    assert said.startswith(f"leadgen: password: found {found}; allowed: 12 to 128 characters")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["x", "--name", "X", "--role", "admin"], "email: found another text"),
        (["a@b.example", "--name", "X", "--role", "buyer"], "buyer_id"),
        (["a@b.example", "--name", "X", "--role", "buyer", "--buyer", "999"], "There is no such buyer"),
        (
            ["a@b.example", "--name", "X", "--role", "source", "--source", "none"],
            "no source has the source_key 'none'",
        ),
        (["a@b.example", "--name", "X", "--role", "admin", "--member", "owner"], "member_kind"),
        (["ANN@example.com", "--name", "X", "--role", "admin"], "The e-mail address has a user"),
    ],
)
def test_who_cannot_be_invited_is_named(ann: str, run: Run, arguments: list[str], said: str) -> None:
    assert ann
    assert said in refused_by(run("user", "invite", *arguments))


def test_users_are_invited(run: Run, rows: psycopg.Connection) -> None:
    assert "a worker sends the link" in said_by(
        run("user", "invite", "bob@example.com", "--name", "Bob", "--role", "buyer", "--buyer", "1")
    )
    assert rows.execute("select kind from leadgen.user_mails").fetchall() == [("invite",)]
    shown = run("user", "list", "--status", "pending").stdout
    assert "buyer 1, owner" in " ".join(shown.split())
    assert "pending: not verified" in " ".join(shown.split())


def test_a_sign_up_is_approved(run: Run, rows: psycopg.Connection) -> None:
    rows.execute(
        "select leadgen.sign_up('sid@example.com', 'Sid', 'Sid & Co.', null, %s, %s, '192.0.2.1')",
        [b"s" * 16, b"d" * 32],
    )
    assert "may sign in once its address is verified" in said_by(
        run("user", "approve", "sid@example.com", "--buyer", "1")
    )
    assert "is no sign-up that waits" in refused_by(run("user", "approve", "sid@example.com", "--buyer", "1"))
    assert "no user 'nobody'" in refused_by(run("user", "approve", "nobody", "--buyer", "1"))


def test_users_are_stopped_and_let_in_again(ann: str, run: Run, rows: psycopg.Connection) -> None:
    rows.execute(SIGN_IN)
    said_by(run("user", "create", *SECOND, stdin=f"{PASSWORD}\n"))
    assert (
        said_by(run("user", "disable", ann, "--reason", "a test", "--suspend")) == f"user {ann} is suspended"
    )
    assert said_by(run("user", "sessions", ann)) == "no sessions"
    assert said_by(run("user", "enable", ann, "--reason", "a test")) == f"user {ann} is active"
    assert said_by(run("user", "enable", ann, "--reason", "a test")) == f"user {ann} is active already"
    assert said_by(run("user", "disable", ann, "--reason", "a test")) == f"user {ann} is deactivated"
    assert "reason" in refused_by(run("user", "enable", ann, "--reason", " "))
    told = rows.execute(
        "select facts ->> 'is', facts ->> 'reason' from leadgen.events where kind = 'user_status_changed' order by id"
    ).fetchall()
    assert told == [("suspended", "a test"), ("active", "a test"), ("deactivated", "a test")]


def test_an_invitation_is_taken_back_and_stands_again(run: Run) -> None:
    run("user", "invite", "bob@example.com", "--name", "Bob", "--role", "analyst")
    assert "is deactivated" in said_by(run("user", "disable", "bob@example.com", "--reason", "a test"))
    assert "is pending" in said_by(run("user", "enable", "bob@example.com", "--reason", "a test"))
    assert "is not verified" in refused_by(run("user", "enable", "bob@example.com", "--reason", "a test"))


def test_a_new_password_does_not_verify_an_address(run: Run) -> None:
    run("user", "invite", "bob@example.com", "--name", "Bob", "--role", "analyst")
    done = run("user", "reset", "bob@example.com", "--password", stdin="another long password\n")
    assert done.returncode == 0
    assert done.stderr.endswith("\nit may not sign in yet: it is pending: not verified\n")


def test_sessions_are_listed_and_revoked(ann: str, run: Run, rows: psycopg.Connection) -> None:
    rows.execute(SIGN_IN)
    shown = run("user", "sessions", "ann@example.com").stdout
    assert "192.0.2.1" in shown
    assert "Firefox" in shown
    assert "aaaa" not in shown
    assert said_by(run("user", "revoke", ann)) == f"user {ann}: 1 session ended"
    assert said_by(run("user", "revoke", ann)) == f"user {ann}: 0 sessions ended"
    (row,) = json.loads(run("user", "sessions", ann, "--all", "--json").stdout)
    assert row["ended_because"] == "revoked"


def test_a_password_is_reset_by_a_link_or_here(ann: str, run: Run, rows: psycopg.Connection) -> None:
    assert said_by(run("user", "reset", ann)) == f"user {ann} gets a link: a worker sends it"
    assert rows.execute("select kind from leadgen.user_mails").fetchall() == [("reset",)]
    said = said_by(run("user", "reset", ann, "--password", stdin="another long password\n"))
    assert said == f"user {ann} has a new password, and is signed out everywhere"
    assert is_password(rows, "another long password")
    assert "reason" in refused_by(run("user", "reset", ann, "--app"))
    assert (
        said_by(run("user", "reset", ann, "--app", "--reason", "lost"))
        == f"user {ann} signs in without a code"
    )


def test_a_dba_makes_no_user_with_a_password(
    ann: str, run: Run, role_url: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", role_url("leadgen_dba"))
    assert "permission denied" in refused_by(
        run("user", "create", "eve@example.com", "--name", "Eve", "--role", "admin", stdin=f"{PASSWORD}\n")
    )
    assert "permission denied" in refused_by(run("user", "reset", ann, "--password", stdin=f"{PASSWORD}\n"))
    assert run("user", "list").returncode == 0
    assert run("user", "sessions", ann).returncode == 0
    assert run("user", "reset", ann).returncode == 0


def test_an_invited_user_comes_in_by_a_link_that_is_printed(
    run: Run, rows: Any, ann: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said_by(run("user", "invite", "bob@example.com", "--name", "Bob Jones", "--role", "finance"))
    assert "PUBLIC_URL" in refused_by(run("user", "link", "bob@example.com"))
    monkeypatch.setenv("PUBLIC_URL", "https://leads.example.com")
    done = run("user", "link", "bob@example.com")
    assert done.returncode == 0
    url, _, token = done.stdout.strip().rpartition("/")
    assert url == "https://leads.example.com/account/password"
    assert "7 days" in done.stderr
    digest = sha256(token.encode()).hexdigest()
    find = "select purpose, used_at from leadgen.user_tokens where token_hash = %s"
    assert rows.execute(find, [digest]).fetchone() == ("invite", None)
    assert rows.execute("select count(*) from leadgen.user_mails where due_at is not null").fetchone() == (0,)
    said_by(run("user", "disable", "bob@example.com", "--reason", "a test"))
    assert "cannot set a password" in refused_by(run("user", "link", "bob@example.com"))


def test_the_only_admin_stays(run: Run, ann: str) -> None:
    assert "is the only active admin" in refused_by(run("user", "disable", ann, "--reason", "has left"))
    said_by(run("user", "create", *SECOND, stdin=f"{PASSWORD}\n"))
    assert said_by(run("user", "disable", ann, "--reason", "has left")).endswith("is deactivated")


def test_lost_passkeys_are_removed(run: Run, rows: Any, ann: str) -> None:
    rows.execute(
        "insert into leadgen.user_passkeys (created_at, user_id, name, credential_id, public_key, sign_count) "
        "values (now(), %s, 'phone', sha256('a'), sha256('a'), 0)",
        [ann],
    )
    assert "--reason" in refused_by(run("user", "reset", ann, "--passkeys"))
    done = run("user", "reset", ann, "--passkeys", "--reason", "lost the phone")
    assert said_by(done) == f"user {ann}: 1 passkey removed"
    assert rows.execute("select count(*) from leadgen.user_passkeys").fetchone() == (0,)
    both = run("user", "reset", ann, "--passkeys", "--app", "--reason", "lost the phone")
    assert (both.returncode, "give one of" in both.stderr) == (2, True)


def test_a_binding_is_shown_and_removed(run: Run, rows: Any, ann: str) -> None:
    rows.execute(
        "insert into leadgen.user_bindings (created_at, user_id, issuer, subject) "
        "values (now(), %s, 'https://id.example.com', 'a')",
        [ann],
    )
    assert "admin, binding" in run("user", "list").stdout
    (listed,) = json.loads(run("user", "list", "--json").stdout)
    assert listed["issuers"] == ["https://id.example.com"]
    assert "--reason" in refused_by(run("user", "reset", ann, "--binding"))
    done = run("user", "reset", ann, "--binding", "--reason", "a new account")
    assert said_by(done) == f"user {ann}: 1 binding removed"
    assert rows.execute("select count(*) from leadgen.user_bindings").fetchone() == (0,)
    assert "binding" not in run("user", "list").stdout
