"""Commands on sealed leads: doctor, unmask, find, replay, erase, quarantine."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import psycopg
import pytest

from api.serving import Api, make_lead, running_api
from leadgen.db.urls import with_role
from leadgen.sealing.keyring import KeyRing, load_ring, make_key
from leadgen.sealing.store import VaultStore, load_vault
from leadgen.worker.queries import Session
from leadgen.worker.sealing import Sealer

KEYS = make_key("first")
Run = Callable[..., CompletedProcess[str]]


@pytest.fixture
def api(stocked_database: str, tmp_path: Path) -> Iterator[Api]:
    """An API that seals."""
    with running_api(stocked_database, tmp_path, PII_KEYS=KEYS) as api:
        yield api


@pytest.fixture
def run(stocked_database: str, leadgen_here: Run) -> Run:
    """A command on its database."""
    return lambda *arguments, **settings: leadgen_here(*arguments, DATABASE_URL=stocked_database, **settings)


def ask(database: str, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
    """What a query finds."""
    with psycopg.connect(database, autocommit=True) as session:
        return session.execute(query.encode(), arguments).fetchall()


def grades(done: CompletedProcess[str]) -> dict[str, tuple[str, str]]:
    """What doctor says, by subject."""
    return {one["subject"]: (one["verdict"], one["finding"]) for one in json.loads(done.stdout)}


def test_a_doctor_without_keys_warns(run: Run) -> None:
    done = run("doctor", "--quick")
    assert "warn sealing: personal data is stored clear: PII_KEYS is not set. Do: " in done.stdout
    assert "ok   schema: up to date\n" in done.stdout


def test_a_doctor_sees_what_is_sealed(run: Run, api: Api) -> None:
    early = grades(run("doctor", "--quick", "--json", PII_KEYS=KEYS))
    assert early["sealing"][1] == "PII_KEYS is set, and no API and no worker has started with it yet"
    assert api.post(make_lead()).status == 202
    assert (
        grades(run("doctor", "--quick", "--json", PII_KEYS=KEYS))["sealing"][0] == "warn"
    )  # the walk waits for a worker
    ask(api.database, "delete from leadgen.sealing_walks returning kind")
    well = grades(run("doctor", "--quick", "--json", PII_KEYS=KEYS))
    assert well["sealing"] == ("ok", "personal data is sealed under first")
    assert well["server log"][0] == "ok"
    later = grades(run("doctor", "--quick", "--json", PII_KEYS=f"{make_key('second')},{KEYS}"))
    assert later["sealing"][1] == "2 data keys wrapped by first, not by second"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, "the database seals personal data, and PII_KEYS is not set here"),
        (
            {"PII_KEYS": make_key("other")},
            "a data key is wrapped by first, which is not among the keys here (other)",
        ),
        ({"PII_KEYS": "x"}, "setting PII_KEYS: key 1 is not id:base64"),
        ({"PII_KEY": "x"}, "unknown setting PII_KEY"),
    ],
)
def test_a_doctor_names_a_fault(run: Run, api: Api, settings: dict[str, str], says: str) -> None:
    assert api.post(make_lead()).status == 202
    done = run("doctor", "--quick", **settings)
    assert done.returncode == 2
    assert says in done.stdout


def test_a_doctor_looks_at_the_servers_log(run: Run, api: Api) -> None:
    assert api.post(make_lead()).status == 202
    ((name,),) = ask(api.database, "select current_database()")
    of_this_database = (  # and gone with it
        (f"alter database {name} set log_statement = 'all'", "ok"),
        (f"alter role leadgen_api in database {name} set log_parameter_max_length = -1", "fail"),
    )
    for statement, grade in of_this_database:
        with psycopg.connect(api.database, autocommit=True) as session:
            session.execute(statement.encode())
        found = grades(run("doctor", "--quick", "--json", PII_KEYS=KEYS))["server log"]
        assert found[0] == grade, statement


def test_one_lead_is_unmasked_and_an_event_says_so(run: Run, api: Api) -> None:
    sent = make_lead(name="Zoë Quux", attributes={"roof_age": 7})
    lead = str(api.post(sent).json["lead_id"])
    done = run("unmask", lead, "--reason", "the buyer asks", "--json", PII_KEYS=KEYS)
    found = json.loads(done.stdout)
    assert (found["name"], found["phone"], found["submitted"]) == (sent["name"], sent["phone"], sent)
    assert "name: Zoë Quux\n" in run("unmask", lead, "--reason", "again", PII_KEYS=KEYS).stdout
    messages = ask(api.database, "select message from leadgen.events where kind = 'leads_opened' order by id")
    assert [message for (message,) in messages] == [
        "postgres opened 1 sealed lead for unmask: the buyer asks",
        "postgres opened 1 sealed lead for unmask: again",
    ]


def test_unmask_says_why_it_cannot(run: Run, api: Api, stocked_database: str) -> None:
    lead = str(api.post(make_lead()).json["lead_id"])
    assert "set PII_KEYS" in run("unmask", lead, "--reason", "x").stderr
    assert "no lead 999" in run("unmask", "999", "--reason", "x", PII_KEYS=KEYS).stderr
    other = run("unmask", lead, "--reason", "x", PII_KEYS=make_key("other"))
    assert f"lead {lead}: a data key is wrapped by first" in other.stderr
    ask(stocked_database, "update leadgen.leads set sealed = null where id = %s returning id", lead)
    assert f"lead {lead} is not sealed" in run("unmask", lead, "--reason", "x", PII_KEYS=KEYS).stderr


def test_a_sealed_lead_is_found_replayed_and_erased(run: Run, api: Api, stocked_database: str) -> None:
    sent = make_lead()
    lead = api.post(sent).json["lead_id"]
    for text in (sent["phone"], sent["email"]):
        assert run("find", str(text)).returncode == 1
        (found,) = json.loads(run("find", str(text), "--json", PII_KEYS=KEYS).stdout)
        assert found["lead_id"] == lead
    replayed = run("replay", str(lead))
    assert "without its validation" in replayed.stderr
    assert "without" not in run("replay", str(lead), PII_KEYS=KEYS).stderr
    assert "1 lead of them without validation: sealed, and set PII_KEYS" in run("verify").stderr
    verified = run("verify", PII_KEYS=KEYS)
    assert (verified.returncode, "without" in verified.stderr) == (0, False)
    changes = ("what-if", "austin-plumbing", "--set", "validation.min_message_length=1000", "--json")
    assert "1 sealed lead in the period" in run(*changes).stderr
    rehearsed = json.loads(run(*changes, PII_KEYS=KEYS).stdout)
    assert rehearsed["simulated"]["rejected_by_code"] == {"message_too_short": 1}
    (message,) = ask(
        stocked_database, "select message from leadgen.events where facts ->> 'purpose' = 'what-if'"
    )
    assert message == ("postgres opened 1 sealed lead for what-if",)
    contact = ("--email", str(sent["email"]))
    said = run("find", str(sent["email"])).stderr
    assert said.startswith("sealed leads and submissions are left out: set PII_KEYS")
    for command in (
        ("person", "list", *contact),
        ("person", "export", *contact, "--reason", "asked"),
        ("erase", *contact, "--reason", "asked", "--dry-run"),
        ("erase", *contact, "--reason", "asked", "--yes"),
    ):
        refused = run(*command)
        assert refused.returncode == 1, command
        assert "without its key no sealed person is found" in refused.stderr, command
        assert "with PII_KEYS, PII_KEYS_FILE or PII_KEY_COMMAND" in refused.stderr, command
    ((exported,),) = ask(
        stocked_database, "select count(*) from leadgen.events where kind = 'person_exported'"
    )
    assert exported == 0
    copy = json.loads(
        run("person", "export", "--email", str(sent["email"]), "--reason", "asked", PII_KEYS=KEYS).stdout
    )
    assert [
        (held["contact"]["name"], held["contact"]["phone"], held["message"], held["submitted"])
        for held in copy["leads"]
    ] == [(sent["name"], sent["phone"], sent["message"], sent)]
    erased = run("erase", "--email", str(sent["email"]), "--reason", "asked", "--yes", PII_KEYS=KEYS)
    assert f"lead {lead} is erased" in erased.stderr
    row = ask(stocked_database, "select name, email, phone, sealed from leadgen.leads where id = %s", lead)
    assert row == [("", "", "", None)]


def test_sealed_submissions_are_resubmitted_and_erased(run: Run, api: Api, stocked_database: str) -> None:
    lost = make_lead(source_key="lost")
    assert api.post(lost).status == 422
    malformed = make_lead(surname="an unknown field")
    assert api.post(malformed).status == 400
    rows = ask(
        stocked_database, "select id, payload ->> 'email', sealed is not null from leadgen.intake_quarantine"
    )
    assert [row[1:] for row in rows] == [(None, True)] * 2
    first, second = sorted(row[0] for row in rows)
    assert "is sealed" in run("quarantine", "resubmit", str(first)).stderr
    assert str(lost["email"]) not in run("quarantine", "show", str(first), PII_KEYS=KEYS).stdout
    for row, sent in ((first, lost), (second, malformed)):
        shown = run("quarantine", "show", str(row), "--unmask", "to mend its map", PII_KEYS=KEYS)
        assert str(sent["email"]) in shown.stdout
    assert "set PII_KEYS" in run("quarantine", "show", str(first), "--unmask", "x").stderr
    messages = ask(
        stocked_database, "select message from leadgen.events where kind = 'submission_opened' order by id"
    )
    assert messages[0] == (f"postgres opened submission {first}: to mend its map",)
    ask(
        stocked_database,
        "update leadgen.sources set source_key = 'lost' where source_key = 'austin-plumbing-v1' returning id",
    )
    done = run("quarantine", "resubmit", str(first), PII_KEYS=KEYS)
    assert (done.returncode, done.stdout.partition(" is ")[2]) == (0, "accepted\n"), done.stderr
    ((name, sealed),) = ask(stocked_database, "select name, sealed is not null from leadgen.leads")
    assert (name, sealed) == ("J*** S***", True)
    assert "Unknown field surname" in run("quarantine", "resubmit", str(second), PII_KEYS=KEYS).stderr
    erased = run("erase", "--phone", str(malformed["phone"]), "--reason", "asked", "--yes", PII_KEYS=KEYS)
    assert f"submission {second} in quarantine is erased" in erased.stderr
    ((payload, blob),) = ask(
        stocked_database, "select payload, sealed from leadgen.intake_quarantine where id = %s", second
    )
    assert (payload, blob) == ({}, None)


def test_a_new_key_is_printed(run: Run) -> None:
    key = run("sealing", "new-key", "2026-11").stdout.strip()
    assert "\nwarn sealing: PII_KEYS is set, and no API" in run("doctor", "--quick", PII_KEYS=key).stdout
    refused = run("sealing", "new-key", "a b")
    assert refused.returncode == 2
    assert "found a b, allowed" in refused.stderr
    assert "no key to wrap by" in run("sealing", "rotate").stderr
    assert "no data keys yet" in run("sealing", "rotate", PII_KEYS=key).stderr
    assert run("sealing", "status").stdout.startswith("personal data is stored clear")


def test_a_lead_is_erased_without_keys(run: Run, api: Api, stocked_database: str) -> None:
    """By its digests: its sealed submissions in quarantine go with it."""
    sent = make_lead()
    lead = str(api.post(sent).json["lead_id"])
    assert api.post({**sent, "source_key": "lost"}).status == 422
    assert api.post(make_lead(source_key="lost")).status == 422
    ask(stocked_database, "delete from leadgen.sealing_walks returning kind")
    erased = run("erase", lead, "--reason", "asked", "--yes")
    assert f"lead {lead} is erased" in erased.stderr, erased.stderr
    rows = ask(stocked_database, "select sealed is null from leadgen.intake_quarantine order by id")
    assert rows == [(True,), (False,)]


def test_a_sealed_post_is_exported_and_erased(run: Run, api: Api, stocked_database: str) -> None:
    """One that waits for its network, sealed by a release that kept no digests: a worker makes them first."""
    ring = load_ring(KEYS, None, None)
    assert ring
    assert api.post(make_lead()).status == 202
    with psycopg.connect(stocked_database, autocommit=True) as session:
        sealed = load_vault(session, ring).seal("post", b'{"lead": {"tel": "+17372055599"}}')
        session.execute(
            "insert into leadgen.lead_fetches (source_id, lead, sealed) "
            "select min(id), '{\"sealed\": true}', %s from leadgen.sources",
            [sealed],
        )
    phone = ("--phone", "+17372055599")
    assert run("person", "list", *phone, PII_KEYS=KEYS).stderr == "nothing is held\n"
    asyncio.run(seal_all(stocked_database, ring))
    copy = run("person", "export", *phone, "--reason", "asked", PII_KEYS=KEYS)
    assert json.loads(copy.stdout)["fetchs"][0]["lead"] == {"tel": "+17372055599"}
    assert "is erased" in run("erase", *phone, "--reason", "asked", "--yes", PII_KEYS=KEYS).stderr
    assert ask(stocked_database, "select id from leadgen.lead_fetches") == []


async def seal_all(database: str, ring: KeyRing) -> None:
    """What a worker does until nothing is left."""
    async with Session(with_role(database, "leadgen_worker"), "test") as worker:
        sealer = Sealer(worker, VaultStore(ring, worker.fetch))
        while await sealer.take_turn():
            pass
