"""Keys are rotated while leads come; whoever is killed meanwhile has lost nothing, and whoever has no key says so."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from api.serving import make_lead, running_api
from leadgen.db.urls import with_role
from leadgen.sealing.keyring import load_ring, make_key
from leadgen.sealing.leads import MOVED, open_lead
from leadgen.sealing.store import load_vault
from leadgen.sealing.vault import LIST, Row
from rig.waiting import wait_until_async
from worker.conftest import running_worker
from worker.receivers import http_endpoint

OLD, NEW = make_key("old"), make_key("new")
Run = Callable[..., CompletedProcess[str]]
SEALED = "select l.id, l.sealed from leadgen.leads l where l.sealed is not null order by l.id"
WITH_DIGESTS = (
    "select l.id, l.sealed, array[l.phone, l.email] from leadgen.leads l where l.sealed is not null"
)
LEFT = "select count(*) filter (where sealed is null), count(*) from leadgen.leads"
WRAPPED = "select wrapped_by, count(*)::int from leadgen.data_keys group by 1 order by 1"


@pytest.fixture
def session(stocked_database: str) -> Iterator[psycopg.Connection[Any]]:
    """The superuser's session on its database."""
    with psycopg.connect(stocked_database, autocommit=True) as session:
        yield session


@pytest.fixture
def run(stocked_database: str, leadgen_here: Run) -> Run:
    """A command on its database."""
    return lambda *arguments, **settings: leadgen_here(*arguments, DATABASE_URL=stocked_database, **settings)


def post(database: str, directory: Path, keys: str, count: int) -> dict[int, dict[str, Any]]:
    """Post leads to an API with these keys; each lead by its id."""
    with running_api(database, directory, PII_KEYS=keys) as api:
        leads = [make_lead() for _ in range(count)]
        answers = [api.post(lead) for lead in leads]
    assert {answer.status for answer in answers} == {202}
    return {answer.json["lead_id"]: lead for answer, lead in zip(answers, leads, strict=True)}


def open_all(session: psycopg.Connection[Any], keys: str) -> dict[int, tuple[str | None, str | None]]:
    """Name and phone of each sealed lead, by these keys alone."""
    ring = load_ring(keys, None, None)
    assert ring
    vault = load_vault(session, ring)
    rows = session.execute(WITH_DIGESTS).fetchall()
    contacts = {lead_id: open_lead(vault, sealed, digests)[0] for lead_id, sealed, digests in rows}
    return {lead_id: (contact.name, contact.phone) for lead_id, contact in contacts.items()}


def expect(leads: dict[int, dict[str, Any]]) -> dict[int, tuple[Any, Any]]:
    """What open_all gives when nothing was lost."""
    return {lead_id: (lead["name"], lead["phone"]) for lead_id, lead in leads.items()}


def test_a_rotation_that_was_stopped_goes_on(
    session: psycopg.Connection[Any], stocked_database: str, tmp_path: Path, run: Run
) -> None:
    leads = post(stocked_database, tmp_path, OLD, 3)
    ring = load_ring(f"{NEW},{OLD}", None, None)
    assert ring
    first = Row(*session.execute(LIST).fetchall()[0])
    wrapped = ring.wrap(ring.unwrap(bytes(first.wrapped), "old", first.purpose), first.purpose)
    session.execute("select leadgen.rewrap_data_key(%s, %s, %s, 'new')", [first.id, first.wrapped, wrapped])
    assert dict(session.execute(WRAPPED).fetchall()) == {"new": 1, "old": 1}
    assert open_all(session, f"{OLD},{NEW}") == expect(leads)

    refused = run("sealing", "rotate", PII_KEYS=NEW)
    assert refused.returncode == 1
    assert "wrapped by old, which is not among the keys here (new)" in refused.stderr
    done = run("sealing", "rotate", PII_KEYS=f"{NEW},{OLD}")
    assert (done.returncode, done.stderr) == (0, "1 data key wrapped anew by new; 1 had it\n")
    assert dict(session.execute(WRAPPED).fetchall()) == {"new": 2}
    leads |= post(stocked_database, tmp_path, NEW, 1)
    assert open_all(session, NEW) == expect(leads)


async def test_retired_keys_are_replaced_by_a_worker(
    session: psycopg.Connection[Any], stocked_database: str, tmp_path: Path, run: Run
) -> None:
    leads = post(stocked_database, tmp_path, OLD, 5)
    before = dict(session.execute(SEALED).fetchall())
    done = run("sealing", "rotate", "--data", PII_KEYS=OLD)
    assert "1 data key retired" in done.stderr, done.stderr
    assert "workers walk over the leads of retired data keys: not begun" in run("sealing", "status").stdout

    def is_done() -> bool:
        now = dict(session.execute(SEALED).fetchall())
        return all(blob[:9] != before[key][:9] for key, blob in now.items())

    async with running_worker(with_role(stocked_database, "leadgen_worker"), pii_keys=OLD) as worker:
        await wait_until_async(is_done, lambda: "".join(worker.lines))
    assert open_all(session, OLD) == expect(leads)


async def test_an_altered_text_stops_no_rotation(
    session: psycopg.Connection[Any], stocked_database: str, tmp_path: Path, run: Run
) -> None:
    """One of another row, one cut off, one altered: the others are sealed anew, and an event says how many are not."""
    leads = post(stocked_database, tmp_path, OLD, 4)
    torn = sorted(leads)[:3]
    blob = session.execute("select sealed from leadgen.leads where id = %s", [torn[1]]).fetchone()
    assert blob
    for lead_id, text in zip(torn, (blob[0][:20], blob[0][:-1] + b"x", blob[0][:40]), strict=True):
        session.execute("update leadgen.leads set sealed = %s where id = %s", [text, lead_id])
    before = dict(session.execute(SEALED).fetchall())
    assert run("sealing", "rotate", "--data", PII_KEYS=OLD).returncode == 0
    well = max(leads)

    def is_done() -> bool:
        return bytes(dict(session.execute(SEALED).fetchall())[well][:9]) != bytes(before[well][:9])

    async with running_worker(with_role(stocked_database, "leadgen_worker"), pii_keys=OLD) as worker:
        await wait_until_async(is_done, lambda: "".join(worker.lines))
        await wait_until_async(
            lambda: session.execute(
                "select from leadgen.events where kind = 'sealed_texts_altered'"
            ).fetchall(),
            lambda: "".join(worker.lines),
        )
        lines = "".join(worker.lines)
    now = dict(session.execute(SEALED).fetchall())
    assert [now[lead_id] for lead_id in torn] == [before[lead_id] for lead_id in torn]
    messages = session.execute(
        "select message from leadgen.events where kind = 'sealed_texts_altered'"
    ).fetchall()
    assert messages == [("3 sealed texts cannot be opened: altered, or of another row",)]
    assert all(str(leads[lead_id]["email"]) not in lines for lead_id in leads)


async def test_a_worker_that_is_killed_while_it_seals_loses_nothing(
    session: psycopg.Connection[Any], stocked_database: str, run: Run
) -> None:
    leads: dict[int, dict[str, Any]] = {}
    for lead in [make_lead() for _ in range(450)]:
        row = session.execute("select leadgen.submit_lead(%s) ->> 'lead_id'", [Jsonb(lead)]).fetchone()
        assert row
        leads[int(row[0])] = lead
    seen = 0

    def has_more() -> bool:
        clear, stored = session.execute(LEFT).fetchone() or (0, 0)
        return bool(stored - clear > seen or clear == 0)

    url = with_role(stocked_database, "leadgen_worker")
    for _ in range(3):
        async with running_worker(url, wait=False, pii_keys=OLD) as worker:
            await wait_until_async(has_more, lambda: "".join(worker.lines))
            await worker.stop(signal.SIGKILL)
        clear, stored = session.execute(LEFT).fetchone() or (0, 0)
        seen = stored - clear
    async with running_worker(url, pii_keys=OLD) as worker:
        await wait_until_async(
            lambda: session.execute(LEFT).fetchone() == (0, 450), lambda: "".join(worker.lines)
        )
    assert open_all(session, OLD) == expect(leads)
    assert (run("verify", PII_KEYS=OLD).returncode, run("verify").returncode) == (0, 0)


async def test_a_worker_without_keys_leaves_a_sealed_lead_to_others(
    session: psycopg.Connection[Any], stocked_database: str, tmp_path: Path
) -> None:
    url = with_role(stocked_database, "leadgen_worker")
    async with http_endpoint(secret=None) as endpoint:
        session.execute("update leadgen.buyers set webhook_url = %s where name = 'Ann'", [endpoint.url])
        ((_, lead),) = post(stocked_database, tmp_path, OLD, 1).items()
        async with running_worker(url, webhook_retry_delay=0.1) as worker:
            await worker.wait_for_event("attempt failed")
        (reason,) = {
            event["reason"] for event in worker.events("attempt failed") if event["channel"] == "webhook"
        }
        assert reason == "the lead is sealed, and this worker has no PII_KEYS"
        assert not endpoint.requests
        async with running_worker(url, pii_keys=f"{NEW},{OLD}", webhook_retry_delay=0.1):
            await endpoint.wait_for(1)
        assert endpoint.requests[0][1]["data"]["lead"]["name"] == lead["name"]


async def test_a_torn_lead_and_one_of_another_row_are_named_and_hold_up_no_other(
    session: psycopg.Connection[Any], stocked_database: str, tmp_path: Path
) -> None:
    url = with_role(stocked_database, "leadgen_worker")
    async with http_endpoint(secret=None) as endpoint:
        session.execute("update leadgen.buyers set webhook_url = %s where name = 'Ann'", [endpoint.url])
        torn, moved, well = sorted(leads := post(stocked_database, tmp_path, OLD, 3))
        copy = (
            "update leadgen.leads l set sealed = w.sealed from leadgen.leads w where l.id = %s and w.id = %s"
        )
        session.execute(copy, [moved, well])
        session.execute("update leadgen.leads set sealed = substr(sealed, 1, 60) where id = %s", [torn])
        async with running_worker(url, pii_keys=OLD) as worker:
            await endpoint.wait_for(1)
            await wait_until_async(
                lambda: len(worker.events("a sealed lead cannot be opened")) >= 2,
                lambda: "".join(worker.lines),
            )
        causes = {event["cause"] for event in worker.events("a sealed lead cannot be opened")}
        assert MOVED in causes
        assert any(cause.startswith("a sealed lead cannot be opened by data key ") for cause in causes)
        assert [body["data"]["lead"]["name"] for _, body in endpoint.requests] == [leads[well]["name"]]


def test_an_api_with_another_key_takes_no_lead(
    session: psycopg.Connection[Any], stocked_database: str, tmp_path: Path
) -> None:
    post(stocked_database, tmp_path, OLD, 1)
    with running_api(stocked_database, tmp_path, PII_KEYS=make_key("old")) as api:
        answer = api.post(make_lead())
        assert (answer.status, answer.json["detail"]) == (503, "Personal data cannot be sealed now")
        assert "key old is another than the one of that id" in api.log
    (count,) = session.execute("select count(*) from leadgen.leads").fetchone() or (0,)
    assert count == 1


def test_a_worker_with_keys_that_cannot_be_read_does_not_start(run: Run) -> None:
    refused = run("worker", PII_KEYS="x")
    assert (refused.returncode, refused.stderr) == (
        2,
        "leadgen worker: setting PII_KEYS: key 1 is not id:base64 of 32 random bytes, "
        "as `leadgen sealing new-key` prints it\n",
    )
