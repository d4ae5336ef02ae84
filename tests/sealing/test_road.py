"""A lead's way while personal data is sealed: in by every door, stored without the person, out to its buyer."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg
import pytest
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from api.serving import BUYER_KEY, Api, make_lead, running_api
from console.people import Tab
from leadgen.db.urls import with_role
from leadgen.sealing.keyring import load_ring, make_key
from leadgen.sealing.store import VaultStore
from leadgen.worker.queries import Session
from leadgen.worker.sealing import Opener, Sealer
from worker.conftest import Worker, running_worker
from worker.receivers import http_endpoint

KEYS = make_key("first")
LEAD = "select * from leadgen.leads where id = %s"


@pytest.fixture
def api(stocked_database: str, tmp_path: Path) -> Iterator[Api]:
    """An API that seals."""
    with running_api(stocked_database, tmp_path, PII_KEYS=KEYS) as api:
        yield api


@pytest.fixture
def session(stocked_database: str) -> Iterator[psycopg.Connection[Any]]:
    """The superuser's session on its database."""
    with psycopg.connect(stocked_database, autocommit=True, row_factory=dict_row) as session:
        yield session


@asynccontextmanager
async def worker_of(database: str) -> AsyncIterator[Worker]:
    """A worker of that database, with the keys."""
    async with running_worker(with_role(database, "leadgen_worker"), pii_keys=KEYS) as worker:
        yield worker


def test_a_sealed_lead_has_no_clear_contact(api: Api, session: psycopg.Connection[Any]) -> None:
    answer = api.post(make_lead(name="Zebulon Quux", email="zebulon@quux.example", phone="(737) 205-5501"))
    assert answer.status == 202, answer.body
    lead = session.execute(LEAD, [answer.json["lead_id"]]).fetchone()
    assert lead
    assert lead["sealed"]
    assert lead["name"] == "Z*** Q***"
    assert re.fullmatch(r"#\S{24} z\*{3}@q\*{3}\.example", lead["email"])
    assert re.fullmatch(r"#\S{16}\*01", lead["phone"])
    assert (lead["message"], lead["submitted"], lead["phone_extension"], lead["seal_due"]) == (None,) * 4


def test_what_the_public_form_takes_is_sealed(api: Api, session: psycopg.Connection[Any]) -> None:
    session.execute(
        "insert into leadgen.lead_forms (source_id, title)"
        " select s.id, 'Find a plumber' from leadgen.sources s where s.source_key = 'austin-plumbing-v1'"
    )
    lead = make_lead(name="Zebulon Quux", email="zebulon@quux.example", message="Call Quux")
    fields = urlencode({name: value for name, value in lead.items() if name != "city"})
    kind = "application/x-www-form-urlencoded"
    assert api.request("POST", "/forms/austin-plumbing-v1", fields, Content_Type=kind).status == 303
    kept = session.execute("select l.sealed, l::text as whole from leadgen.leads l").fetchone()
    assert kept
    assert kept["sealed"]
    assert "quux" not in kept["whole"].lower()


def test_a_guess_that_is_wrong_costs_a_second_call(api: Api, session: psycopg.Connection[Any]) -> None:
    answer = api.post(make_lead(phone="737 205 5502 ext. 17", country_code="usa", message="a\n\n\n\nb"))
    assert answer.status == 202, answer.body
    lead = session.execute(LEAD, [answer.json["lead_id"]]).fetchone()
    assert lead
    assert lead["sealed"]
    assert lead["phone"].endswith("*02")
    assert lead["phone_extension"] == "*"
    account = session.execute("select leadgen.explain_lead(%s) as account", [lead["id"]]).fetchone()
    assert account
    assert account["account"]["has_phone_extension"]


def test_the_same_person_is_a_duplicate(api: Api, session: psycopg.Connection[Any]) -> None:
    session.execute(
        "update leadgen.validation_policies set rules = rules || '{\"duplicate_window_hours\": 24}'"
    )
    person = make_lead()
    clear = session.execute("select leadgen.submit_lead(%s) as answer", [Jsonb(person)]).fetchone()
    assert clear
    assert clear["answer"]["status"] == "accepted"
    again = api.post({**person, "message": "another"})
    assert again.json["detail"]["errors"][0]["code"] == "duplicate", again.body
    other = make_lead()
    assert api.post(other).status == 202
    again = api.post({**other, "email": "else@example.com", "message": "another"})
    assert again.json["detail"]["errors"][0]["code"] == "duplicate", again.body


def test_a_lead_that_is_repeated_gets_its_answer(api: Api) -> None:
    lead = make_lead(idempotency_key="k1")
    first, second = api.post(lead), api.post(lead)
    assert first.json["lead_id"] == second.json["lead_id"]
    assert api.post({**lead, "name": "Another"}).status == 422


def test_its_buyer_reads_it_where_there_are_keys(
    api: Api, session: psycopg.Connection[Any], tmp_path: Path
) -> None:
    sent = make_lead(attributes={"roof_age": 7.5}, phone="+17372055503")
    lead = api.post(json.dumps(sent).replace("7.5", "7.50").encode()).json["lead_id"]
    row = session.execute("select id from leadgen.lead_assignments where lead_id = %s", [lead]).fetchone()
    assert row
    path = f"/api/assignments/{row['id']}"
    shown = api.get(path, X_API_Key=BUYER_KEY)
    assert {name: shown.json["lead"][name] for name in ("name", "email", "phone", "message")} == {
        name: sent[name] for name in ("name", "email", "phone", "message")
    }
    assert b"7.50" in shown.body
    with running_api(api.database, tmp_path) as without_keys:
        answer = without_keys.get(path, X_API_Key=BUYER_KEY)
        assert (answer.status, answer.json["detail"]) == (
            503,
            "The lead's personal data cannot be opened",
        )


async def test_a_filled_body_is_what_a_clear_lead_has(stocked_database: str) -> None:
    """Byte for byte, so that an attempt before and one after the sealing are the same message."""
    odd = make_lead(name='Zoë "Q" \\ Quux', message="one\ntwo \u0001\u2028 \U0001f600 </script>")
    ring = load_ring(KEYS, None, None)
    assert ring
    url = with_role(stocked_database, "leadgen_worker")
    with psycopg.connect(stocked_database, autocommit=True) as session:
        session.execute("select leadgen.submit_lead(%s)", [Jsonb(odd)])
        bodies = []
        async with Session(url, "test") as worker:
            store = VaultStore(ring, worker.fetch)
            for _ in range(2):
                claimed = await worker.claim("test", {"webhook": 1}, timedelta(seconds=30), [])
                (opened,) = await Opener(store).open(claimed)
                bodies.append(opened.body)
                await worker.release(claimed)
                while not session.execute("select from leadgen.leads where sealed is not null").fetchall():
                    await store.get()
                    await Sealer(worker, store).take_turn()
    assert bodies[0] == bodies[1]
    assert "Zoë" in bodies[0]


async def test_its_buyer_gets_it_whole(stocked_database: str, tmp_path: Path) -> None:
    async with http_endpoint() as endpoint:
        with psycopg.connect(stocked_database, autocommit=True) as session:
            session.execute("update leadgen.settings set allows_local_webhooks = true")
            session.execute("update leadgen.buyers set webhook_url = %s where name = 'Ann'", [endpoint.url])
            secret = session.execute("select secret from leadgen.webhook_secrets").fetchone()
            assert secret
            endpoint.secret = secret[0]
        with running_api(stocked_database, tmp_path, PII_KEYS=KEYS) as api:
            sent = make_lead(name='Zoë "Q" \\ Quux', message="line one\nline \u0001two")
            assert api.post(sent).status == 202
        async with worker_of(stocked_database):
            await endpoint.wait_for(1)
    ((_, body),) = endpoint.requests
    lead = body["data"]["lead"]
    assert (lead["name"], lead["email"], lead["phone"]) == (sent["name"], sent["email"], sent["phone"])
    assert lead["message"].startswith("line one\nline")


async def test_sold_by_hand_it_is_opened_and_delivered_whole(stocked_database: str, tmp_path: Path) -> None:
    """Where nobody opens it, it may be of somebody who asked not to be contacted: it is not sold."""
    async with http_endpoint() as endpoint:
        with (
            psycopg.connect(stocked_database, autocommit=True) as session,
            running_api(stocked_database, tmp_path, PII_KEYS=KEYS, ENVIRONMENT="development") as api,
        ):
            session.execute("update leadgen.settings set allows_local_webhooks = true")
            session.execute("update leadgen.buyers set webhook_url = %s where name = 'Ann'", [endpoint.url])
            session.execute("update leadgen.buyer_offers set capacity_per_day = 0")
            leads = [make_lead(), make_lead()]
            ids = [api.post(lead).json["lead_id"] for lead in leads]
            session.execute("update leadgen.buyer_offers set capacity_per_day = null")
            (ann, secret) = session.execute(
                "select b.id, s.secret from leadgen.buyers b, leadgen.webhook_secrets s where b.name = 'Ann'"
            ).fetchone() or (0, "")
            endpoint.secret = secret
            with pytest.raises(psycopg.Error, match="is sealed, and may be suppressed by now"):
                session.execute("select leadgen.sell_lead(%s, %s, 'agreed')", [ids[0], ann])
            session.execute("select leadgen.suppress('phone', %s)", [leads[1]["phone"]])
            visitor = Tab.of(api, session, "operator")
            for lead, said in zip(ids, ("Ann has the lead for ", "may not be sold any more"), strict=True):
                visitor.open(f"/console/leads/{lead}")
                visitor.send(f"/console/leads/{lead}/sell", buyer=str(ann), reason="agreed by phone")
                assert said in visitor.text
        async with worker_of(stocked_database):
            await endpoint.wait_for(1)
    ((_, body),) = endpoint.requests
    assert {body["data"]["lead"][name] == leads[0][name] for name in ("name", "email", "phone")} == {True}
