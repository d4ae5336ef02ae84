"""`leadgen audit` and `leadgen verify audit`, as an operator uses them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from rig.cluster import Connect

Run = Callable[..., Any]


@pytest.fixture
def database(stocked_database: str) -> str:
    """With a catalogue in it."""
    return stocked_database


@pytest.fixture
def session(connect: Connect) -> psycopg.Connection:
    """A superuser's session on it, in which all that the catalogue left is chained."""
    session = connect()
    chain(session)
    return session


def chain(session: psycopg.Connection) -> None:
    while session.execute("select leadgen.run_chore('chain_audit')").fetchone() == (True,):
        pass


def plant(session: psycopg.Connection, statement: str) -> None:
    """Change what nobody may, as a superuser with the triggers off."""
    with session.transaction():
        session.execute("set local session_replication_role = replica")
        session.execute(statement.encode())


def words(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def lines_of(run: Run, *arguments: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(run("audit", *arguments, "--json").stdout)
    return rows


def test_what_a_command_changed_and_why(run: Run, session: psycopg.Connection) -> None:
    assert run("buyers", "pause", "1", "--reason", "asked by phone").returncode == 0
    (entry,) = lines_of(run, "--table", "buyer_offers", "--actor", "leadgen buyers")
    assert (entry["actor"], entry["action"], entry["reason"]) == (
        "leadgen buyers pause",
        "update",
        "asked by phone",
    )
    assert (entry["before"]["pause_until"], entry["after"]["pause_until"]) == (None, "infinity")
    assert (entry["row"], entry["position"]) == ("1", None)
    chain(session)
    (entry,) = lines_of(run, "--table", "buyer_offers", "--row", "1", "--limit", "1")
    assert entry["position"] > 0
    assert entry["description"] == "pause_until from null to infinity"
    said = words(run("audit", "--limit", "1").stdout)
    assert said[0] == "when, UTC who table row what why"
    assert "leadgen buyers pause buyer_offers 1 pause_until" in said[1]


def test_what_a_dba_changed_by_hand(run: Run, connect: Connect, session: psycopg.Connection) -> None:
    dba = connect("leadgen_dba")
    with dba.transaction():
        dba.execute("set local leadgen.reason = 'a quiet week'")
        dba.execute("update leadgen.offers set default_price_per_lead = 44")
    (entry,) = lines_of(run, "--actor", "leadgen_dba")
    assert (entry["actor"], entry["login"], entry["reason"]) == ("leadgen_dba", "leadgen_dba", "a quiet week")
    assert (entry["before"], entry["after"]) == (
        {"default_price_per_lead": 45.0},
        {"default_price_per_lead": 44.0},
    )


def test_a_key_is_made_and_revoked_and_never_shown(run: Run, session: psycopg.Connection) -> None:
    key = run("key", "create", "--operator", "ann", "--reason", "new").stdout.strip()
    run("key", "revoke", "--operator", "ann", "--reason", "she left")
    revoked, made = lines_of(run, "--table", "api_keys", "--limit", "2")
    assert (made["action"], made["reason"], made["after"]["key_hash"]) == ("insert", "new", "(hidden)")
    assert (revoked["action"], revoked["reason"], list(revoked["after"])) == (
        "update",
        "she left",
        ["revoked_at"],
    )
    stored = session.execute("select key_hash from leadgen.api_keys").fetchone()
    assert stored
    everything = run("audit", "--limit", "10000", "--json").stdout
    assert key not in everything
    assert stored[0] not in everything


def test_wrong_options_say_what_is_allowed(run: Run, session: psycopg.Connection) -> None:
    for arguments, said in (
        (["--table", "buyer_offer"], "--table: found buyer_offer, allowed"),
        (["--table", "buyer_offer"], "Did you mean buyer_offers?"),
        (["--table", "leads"], "--table: leads is not audited. Leads: their history is"),
        (["--row", "3"], "--row: found without --table, allowed with it"),
        (["--since", "yesterday"], "--since: found yesterday, allowed"),
        (["--export", "x", "--table", "offers"], "--export takes no other option"),
        (["--export", "/no/such/place"], "--export: /no/such/place cannot be written: No such file"),
    ):
        done = run("audit", *arguments)
        assert done.returncode == 1
        assert said in " ".join(done.stderr.split())
    assert "no such change" in run("audit", "--table", "offers", "--row", "999").stderr
    assert "--reason: found 501 characters, allowed at most 500" in (
        run("buyers", "pause", "1", "--reason", "x" * 501).stderr
    )


def test_the_audit_is_proved_and_its_head_kept(run: Run, session: psycopg.Connection) -> None:
    done = run("verify", "audit")
    assert done.returncode == 0, done.stdout
    assert done.stderr.endswith("every entry is what was chained\n")
    head = done.stdout.strip()
    run("buyers", "pause", "1")
    chain(session)
    assert run("verify", "audit", "--head", head).returncode == 0
    # Whoever rewrites the chain from an entry on makes it right again, but not the head that was kept.
    plant(
        session,
        """
        update leadgen.audit_entries set login = 'somebody' where id = (select min(id) from leadgen.audit_entries);
        with recursive made as (
          select c.position, sha256(convert_to(auditing.write_text(e), 'UTF8')) as digest
          from leadgen.audit_chain c join leadgen.audit_entries e on e.id = c.entry_id where c.position = 1
          union all
          select c.position, sha256(m.digest || convert_to(auditing.write_text(e), 'UTF8'))
          from made m join leadgen.audit_chain c on c.position = m.position + 1
          join leadgen.audit_entries e on e.id = c.entry_id
        )
        update leadgen.audit_chain c set digest = m.digest from made m where m.position = c.position
        """,
    )
    assert run("verify", "audit").returncode == 0
    done = run("verify", "audit", "--head", head)
    assert done.returncode == 1
    assert "audit_head_kept" in done.stdout


def test_what_was_tampered_with_is_named(run: Run, session: psycopg.Connection) -> None:
    plant(session, "update leadgen.audit_entries set reason = 'x' where id = 3")
    plant(session, "delete from leadgen.audit_entries where id = 5")
    done = run("verify", "audit")
    assert done.returncode == 1
    assert "entry 3 (" in done.stdout
    assert "entry 5 is gone" in done.stdout
    assert "is gone: `leadgen verify audit` says more" in run("audit", "--export", "/dev/null").stderr


def test_an_export_proves_itself(run: Run, session: psycopg.Connection, tmp_path: Path) -> None:
    run("buyers", "pause", "1", "--reason", "ünïcode \u2028 and\nlines")
    chain(session)
    run("buyers", "resume", "1")
    file = tmp_path / "audit.jsonl"
    done = run("audit", "--export", str(file))
    assert done.stderr.endswith(f" entries written to {file}; 1 entry not chained yet\n")
    text = file.read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True) if "\u2028" not in text else text.split("\n")
    last = json.loads([line for line in lines if line.strip()][-1])
    assert last["entry"]["reason"] == "ünïcode \u2028 and\nlines"
    proved = run("verify", "audit", "--file", str(file))
    assert proved.stdout == f"{last['position']}:{last['digest']}\n"
    assert run("verify", "audit").stdout == proved.stdout

    file.write_text(text.replace('"leadgen buyers pause"', '"leadgen"', 1))
    done = run("verify", "audit", "--file", str(file))
    assert done.returncode == 1
    assert f"position {last['position']} is not what was chained" in done.stderr
    file.write_text(text.split("\n", 1)[1])
    assert "line 1: position 2 is not what was chained after position 0" in (
        run("verify", "audit", "--file", str(file)).stderr
    )
    file.write_text("[]\n")
    assert (
        "line 1: not a line of `leadgen audit --export`" in run("verify", "audit", "--file", str(file)).stderr
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["verify", "audit", "--head", "12"], "--head: found 12, allowed a head as verify audit prints it"),
        (["verify", "money", "--head", "1:" + "0" * 64], "--head and --file are of `leadgen verify audit`"),
        (["verify", "audit", "--from-lead", "2"], "verify audit takes no --from-lead"),
        (["verify", "audit", "--file", "/no/such"], "--file: /no/such cannot be read"),
    ],
    ids=["head", "money", "lead", "file"],
)
def test_verify_says_what_it_takes(
    run: Run, session: psycopg.Connection, arguments: list[str], said: str
) -> None:
    done = run(*arguments)
    assert done.returncode == 1
    assert said in " ".join(done.stderr.split())
