"""POST and GET /api/sources/{source_key}/leads: Google Ads lead forms, Meta lead ads, a partner with its own shape."""

import asyncio
import hashlib
import hmac
import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api.graph_double import (
    BAD_TOKEN,
    NO_SUCH_LEAD,
    Graph,
    Handler,
    answers,
    drips,
    floods,
    hangs_up,
    running_graph,
    sleeps,
)
from api.serving import Answer, Api, add_catalogue, digest, make_lead, running_api
from leadgen.db.urls import with_role
from leadgen.mail_domains import MailDomains
from leadgen.worker.fetcher import Fetcher
from leadgen.worker.graph import GraphApi
from leadgen.worker.queries import Session
from rig.catalogue import Catalogue
from rig.cluster import Cluster
from rig.forks import WORKER, Fork
from rig.waiting import wait_until

GOOGLE_KEY = "lg_typed_into_google_ads"
PARTNER_KEY = "lg_acme"
APP_SECRET = "0123456789abcdef0123456789abcdef"
PAGE_TOKEN = "page-token"
VERIFY_TOKEN = "meatyhamhock & more"
TIMEOUT_SECONDS = 1.0

SOURCES = """
with acme as (insert into leadgen.field_maps (slug, name, body) values ('acme', 'Acme', '{
  "leads": ["$.batch[*]", "$ ? (!exists (@.batch))"], "is_test": "$.trial",
  "idempotency_key": {"path": "$.ref", "prefix": "acme:"},
  "fields": {"name": {"join": ["$.person.first", "$.person.last"]}, "email": "$.person.mail",
    "phone": ["$.person.mobile", "$.person.tel"], "postal_code": "$.zip", "consent": "$.ok"}}') returning id),
s as (select id, source_key from leadgen.sources where source_key = any (%(keys)s)),
mapped as (
  insert into leadgen.source_campaigns (source_id, utm_source, utm_campaign)
  select id, 'google', '60000000000' from leadgen.sources where source_key = 'night')
insert into leadgen.source_maps (source_id, field_map_id)
select s.id, coalesce(m.id, acme.id)
from s left join leadgen.field_maps m
  on m.slug = case s.source_key when 'google' then 'google-ads-lead-form' when 'acme' then '' else 'meta-lead-ads' end,
  acme
"""
SECRETS = """
select leadgen.set_network_secrets(s.id, %(secret)s, case s.source_key when 'meta' then %(token)s end,
  case s.source_key when 'meta' then %(verify)s end)
from leadgen.sources s where s.source_key like 'meta%%'
"""

SOURCE_KEYS = {"google": GOOGLE_KEY, "meta": None, "meta-without-token": None, "acme": PARTNER_KEY}

_numbers = count(1)


def add_sources(connection: psycopg.Connection) -> None:
    """The offer's sources by partners, and another offer, at night."""
    catalogue = Catalogue(connection)
    row = connection.execute("select id from leadgen.offers").fetchone()
    assert row
    for key, secret in SOURCE_KEYS.items():
        key_hash = digest(secret) if secret else None
        account = "home" if key == "google" else None
        catalogue.add_source(row[0], key, kind="partner_api", api_key_hash=key_hash, account=account)
    night = catalogue.add_offer(source_key="night", name="Austin at night", default_price_per_lead=60)
    for (buyer,) in connection.execute("select id from leadgen.buyers").fetchall():
        catalogue.enroll(night, buyer)
    connection.execute("update leadgen.sources set account = 'home' where source_key = 'night'")


@pytest.fixture(scope="module")
def graph() -> Iterator[Graph]:
    with running_graph(PAGE_TOKEN) as running:
        yield running


@pytest.fixture(scope="module")
def networks(
    cluster: Cluster, template: str, graph: Graph, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Api]:
    """An API whose Graph API is the double, with a source for each network."""
    with cluster.clone(template) as database:
        add_catalogue(database)
        with psycopg.connect(database) as connection:
            add_sources(connection)
            connection.execute(
                SECRETS.encode(), {"secret": APP_SECRET, "token": PAGE_TOKEN, "verify": VERIFY_TOKEN}
            )
            connection.execute(SOURCES.encode(), {"keys": list(SOURCE_KEYS)})
        with running_api(
            database,
            tmp_path_factory.mktemp("networks"),
            ENVIRONMENT="development",
            META_GRAPH_URL=graph.url,
            META_GRAPH_TIMEOUT_SECONDS=str(TIMEOUT_SECONDS),
        ) as running:
            yield running


@pytest.fixture
def database(networks: Api) -> Iterator[psycopg.Connection]:
    with psycopg.connect(networks.database, autocommit=True) as connection:
        yield connection


def leads_of(database: psycopg.Connection, key: str) -> list[tuple[Any, ...]]:
    """Status, offer's name, price and attributes of the leads under an idempotency key."""
    query = """
        select l.status::text, o.name, l.price::text, l.attributes
        from leadgen.leads l join leadgen.offers o on o.id = l.offer_id where l.idempotency_key = %s"""
    return database.execute(query, (key,)).fetchall()


def count_rows(database: psycopg.Connection) -> tuple[Any, ...] | None:
    return database.execute(
        "select (select count(*) from leadgen.leads), (select count(*) from leadgen.lead_assignments),"
        " (select count(*) from leadgen.intake_quarantine)"
    ).fetchone()


def post(api: Api, source: str, body: Any, **headers: str) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return api.request(
        "POST", f"/api/sources/{source}/leads", raw, **{"Content_Type": "application/json"} | headers
    )


# Google Ads


def google_lead(**changes: Any) -> dict[str, Any]:
    """A post in the shape of Google's documentation."""
    number = next(_numbers)
    columns = {
        "FULL_NAME": "Jane Roe",
        "EMAIL": f"jane{number}@example.com",
        "PHONE_NUMBER": f"+1512556{number:04}",
        "POSTAL_CODE": "78701",
        "CITY": "Austin",
    }
    lead = {
        "lead_id": f"TeSter-123-{number}",
        "user_column_data": [
            {"column_name": name.replace("_", " ").title(), "string_value": value, "column_id": name}
            for name, value in columns.items()
        ]
        + [{"column_name": "How urgent is it?", "string_value": "Today"}],
        "api_version": "1.0",
        "form_id": 40000000000,
        "campaign_id": 20000000000,
        "google_key": GOOGLE_KEY,
        "is_test": False,
        "gcl_id": "Cj0KCQjw",
        "adgroup_id": 20000000000,
        "creative_id": 30000000000,
    }
    return lead | changes


def test_a_google_lead_is_sold_and_answered_with_an_empty_object(
    networks: Api, database: psycopg.Connection
) -> None:
    lead = google_lead()
    answer = post(networks, "google", lead)
    assert (answer.status, answer.headers["Content-Type"], answer.body) == (200, "application/json", b"{}")
    ((status, offer, price, attributes),) = leads_of(database, f"google:{lead['lead_id']}")
    assert (status, offer, price) == ("validated", "Austin plumbing", "45.00")
    assert attributes == {
        "how_urgent_is_it": "Today",
        "form_id": 40000000000,
        "gcl_id": "Cj0KCQjw",
        "adgroup_id": 20000000000,
        "creative_id": 30000000000,
    }
    query = "select count(*) from leadgen.leads l where l::text like %s"
    assert database.execute(query, (f"%{GOOGLE_KEY}%",)).fetchone() == (0,), "the key is stored nowhere"


def test_google_s_retries_sell_once(networks: Api, database: psycopg.Connection) -> None:
    lead = google_lead()
    with ThreadPoolExecutor(20) as pool:
        posted = list(pool.map(lambda _: post(networks, "google", lead), range(20)))
    assert {(answer.status, answer.body) for answer in posted} == {(200, b"{}")}
    assert len(leads_of(database, f"google:{lead['lead_id']}")) == 1


def test_posts_for_a_held_offer_keep_one_connection(networks: Api, database: psycopg.Connection) -> None:
    """Their source posts for another offer, too."""
    in_lock = (
        "select count(*) from pg_stat_activity where usename = 'leadgen_api' and datname = current_database()"
        " and wait_event_type = 'Lock'"
    )
    with ThreadPoolExecutor(20) as pool, psycopg.connect(networks.database) as holder:
        holder.execute(
            "select pg_advisory_xact_lock(2, market.offer_lock_key(o.id)) from leadgen.offers o"
            " where o.name = 'Austin plumbing'"
        )
        held = [pool.submit(post, networks, "google", google_lead()) for _ in range(20)]
        wait_until(lambda: networks.metric("leadgen_leads_in_hand") == 20)
        for lead in (google_lead(campaign_id=60000000000) for _ in range(10)):
            assert post(networks, "google", lead).status == 200
            assert leads_of(database, f"google:{lead['lead_id']}")[0][1] == "Austin at night"
        assert database.execute(in_lock).fetchone() == (1,)
        holder.rollback()
        assert {posted.result().status for posted in held} <= {200, 503}, "a slow machine is out of time"


@pytest.mark.parametrize("source", ["google", "nobody", "austin-plumbing-v1"])
@pytest.mark.parametrize("key", ["wrong", "", None, [GOOGLE_KEY], {"a": 1}])
def test_a_wrong_key_is_refused_in_the_same_words_everywhere(
    networks: Api, database: psycopg.Connection, source: str, key: Any
) -> None:
    before = count_rows(database)
    answer = post(networks, source, google_lead(google_key=key))
    answer.check_problem()
    assert (answer.status, answer.json["detail"]) == (401, "No valid API key")
    assert answer.json["message"] == "No valid API key", "what Google shows the advertiser"
    assert count_rows(database) == before


@pytest.mark.parametrize("changes", [{}, {"user_column_data": []}, {"campaign_id": "9" * 101}])
def test_a_google_test_sells_and_stores_nothing(
    networks: Api, database: psycopg.Connection, changes: dict[str, Any]
) -> None:
    before = count_rows(database)
    answer = post(networks, "google", google_lead(is_test=True, **changes))
    assert (answer.status, answer.body) == (200, b"{}")
    assert count_rows(database) == before
    assert post(networks, "google", google_lead(is_test=True, google_key="wrong")).status == 401


def test_a_google_lead_that_fails_validation_is_stored_and_answered_as_done(
    networks: Api, database: psycopg.Connection
) -> None:
    lead = google_lead(user_column_data=[{"column_id": "EMAIL", "string_value": "nobody"}])
    answer = post(networks, "google", lead)
    assert (answer.status, answer.body) == (200, b"{}")
    ((status, *_),) = leads_of(database, f"google:{lead['lead_id']}")
    assert status == "rejected"


def test_a_google_lead_that_cannot_be_read_is_kept(networks: Api, database: psycopg.Connection) -> None:
    lead = google_lead()
    lead["user_column_data"][0]["string_value"] = "x" * 201
    assert post(networks, "google", lead).status == 200
    query = "select failed_step from leadgen.intake_quarantine where payload ->> 'idempotency_key' = %s"
    assert database.execute(query, (f"google:{lead['lead_id']}",)).fetchall() == [("field_map",)]


def test_a_google_lead_whose_id_is_no_text_is_kept(networks: Api, database: psycopg.Connection) -> None:
    lead_id = {"number": next(_numbers)}
    assert post(networks, "google", google_lead(lead_id=lead_id)).status == 200
    query = "select failed_step from leadgen.intake_quarantine where payload -> 'idempotency_key' = %s::jsonb"
    assert database.execute(query, (json.dumps(lead_id),)).fetchall() == [("field_map",)]


@pytest.mark.parametrize("mark", ["false", "False", 0, "0", "", []])
def test_a_google_lead_that_says_it_is_no_test_is_sold(
    networks: Api, database: psycopg.Connection, mark: Any
) -> None:
    lead = google_lead(is_test=mark)
    assert post(networks, "google", lead).status == 200
    assert [row[0] for row in leads_of(database, f"google:{lead['lead_id']}")] == ["validated"]


def test_a_campaign_that_is_mapped_sells_into_its_own_offer(
    networks: Api, database: psycopg.Connection
) -> None:
    lead = google_lead(campaign_id=60000000000)
    assert post(networks, "google", lead).status == 200
    assert [row[1:3] for row in leads_of(database, f"google:{lead['lead_id']}")] == [
        ("Austin at night", "60.00")
    ]


def test_the_source_of_a_network_is_closed_to_other_ways_in(networks: Api) -> None:
    for key in ("google", "meta"):
        assert networks.post(make_lead(source_key=key)).status == 401


# Meta


def meta_post(*values: Any) -> dict[str, Any]:
    """A notification in the shape of Meta's documentation."""
    changes = [{"field": "leadgen", "value": value} for value in values]
    return {"object": "page", "entry": [{"id": "153125381133", "time": 1438292065, "changes": changes}]}


def mention(lead_id: str, **more: Any) -> dict[str, Any]:
    """What a notification says of a lead."""
    return {
        "leadgen_id": lead_id,
        "page_id": "153125381133",
        "form_id": "12312312312",
        "adgroup_id": "6045645645645",
        "ad_id": "6045645645645",
        "created_time": 1440120384,
    } | more


def meta_lead(lead_id: str, **changes: Any) -> dict[str, Any]:
    """What the Graph API says of it."""
    number = int(lead_id)
    fields = {
        "full_name": "Max Müller 😀",
        "email": f"max{number}@example.com",
        "phone_number": f"+1512557{number:04}",
        "zip_code": "78701",
        "how_urgent_is_it?": "today",
    } | changes
    return {
        "id": lead_id,
        "created_time": "2026-11-20T16:00:00+0000",
        "field_data": [{"name": name, "values": [value]} for name, value in fields.items()],
    }


def new_lead(graph: Graph, **changes: Any) -> str:
    """A lead that the double knows; returns its id."""
    lead_id = str(next(_numbers))
    graph.leads[lead_id] = meta_lead(lead_id, **changes)
    return lead_id


def sign(body: bytes, secret: str = APP_SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def notify(api: Api, *values: Any, source: str = "meta") -> Answer:
    """Post a notification as Meta does, signed."""
    body = json.dumps(meta_post(*values)).encode()
    return post(api, source, body, X_Hub_Signature_256=sign(body))


def fetch(api: Api, graph: Graph, seconds: float = TIMEOUT_SECONDS) -> int:
    """What a worker does until nothing is due. How many leads it took."""

    async def work() -> int:
        name, mail = "worker of a test", MailDomains(TIMEOUT_SECONDS)
        url = with_role(api.database, "leadgen_worker")
        async with Session(url, name) as session, GraphApi(graph.url, seconds) as meta:
            fetcher, taken = Fetcher(session, meta, mail, asyncio.Event(), None), 0
            while done := await fetcher.take_turn():
                taken += done
            return taken

    return asyncio.run(work())


def make_due(database: psycopg.Connection) -> None:
    """As though the pauses were over."""
    database.execute("update leadgen.lead_fetches set next_fetch_at = now() where next_fetch_at is not null")


def waiting(database: psycopg.Connection, lead_id: str) -> tuple[Any, ...] | None:
    """Attempts and error of a lead that waits to be fetched; the step of its row in quarantine."""
    query = """
        select f.attempts, f.error, q.failed_step from leadgen.lead_fetches f
        left join leadgen.intake_quarantine q on q.id = f.quarantine_id where f.fetch_id = %s"""
    return database.execute(query, (lead_id,)).fetchone()


def test_a_character_that_is_no_text_costs_no_lead(
    networks: Api, database: psycopg.Connection, graph: Graph
) -> None:
    lead_id = new_lead(graph, how_urgent="roof \ud83d")
    assert notify(networks, mention(lead_id)).status == 200
    fetch(networks, graph)
    ((status, _, _, attributes),) = leads_of(database, f"meta:{lead_id}")
    assert (status, attributes["how_urgent"]) == ("validated", "roof \ufffd")

    lead = google_lead()
    answer = {"column_name": "What?", "string_value": "leak\x00 \ud83d", "column_id": "what"}
    lead["user_column_data"].append(answer)
    assert post(networks, "google", lead).status == 200
    ((status, _, _, attributes),) = leads_of(database, f"google:{lead['lead_id']}")
    assert (status, attributes["what"]) == ("validated", "leak\ufffd \ufffd")


def test_a_meta_lead_is_fetched_and_sold(networks: Api, database: psycopg.Connection, graph: Graph) -> None:
    lead_id = new_lead(graph)
    answer = notify(networks, mention(lead_id))
    assert (answer.status, answer.body) == (200, b"{}")
    assert leads_of(database, f"meta:{lead_id}") == [], "the post is answered before anything is fetched"
    fetch(networks, graph)
    proof = hmac.new(APP_SECRET.encode(), PAGE_TOKEN.encode(), hashlib.sha256).hexdigest()
    asked, parameters = graph.asked[-1]
    fields = parameters.pop("fields").split(",")
    assert (asked, parameters) == (lead_id, {"access_token": PAGE_TOKEN, "appsecret_proof": proof})
    assert {"campaign_id", "adset_id", "ad_id", "form_id", "platform", "custom_disclaimer_responses"} < set(
        fields
    )
    ((status, _, price, attributes),) = leads_of(database, f"meta:{lead_id}")
    assert (status, price) == ("validated", "45.00")
    assert attributes["how_urgent_is_it"] == "today"
    assert attributes["page_id"] == "153125381133"
    query = "select name, utm_source, utm_campaign from leadgen.leads where idempotency_key = %s"
    assert database.execute(query, (f"meta:{lead_id}",)).fetchone() == (
        "Max Müller 😀",
        "facebook",
        "12312312312",
    )


def test_meta_s_retries_sell_once(networks: Api, database: psycopg.Connection, graph: Graph) -> None:
    lead_id = new_lead(graph)

    with ThreadPoolExecutor(10) as pool:
        heard = list(pool.map(lambda _: notify(networks, mention(lead_id)).status, range(10)))
    assert set(heard) == {200}
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: fetch(networks, graph), range(4))) == 1
    graph.leads[lead_id]["is_organic"] = True
    assert notify(networks, mention(lead_id)).status == 200
    assert fetch(networks, graph) == 0, "a known lead is not asked for again"
    assert len(leads_of(database, f"meta:{lead_id}")) == 1


def test_several_leads_in_one_post_have_each_their_own_outcome(
    networks: Api, database: psycopg.Connection, graph: Graph
) -> None:
    sold, failed = new_lead(graph), new_lead(graph, zip_code="10001")
    other_change = {"field": "feed", "value": {"item": "post"}}
    body = meta_post(mention(sold), mention(failed))
    body["entry"].append({"id": "2", "time": 1438292065, "changes": [other_change]})
    raw = json.dumps(body).encode()
    assert post(networks, "meta", raw, X_Hub_Signature_256=sign(raw)).status == 200
    fetch(networks, graph)
    assert [leads_of(database, f"meta:{lead_id}")[0][0] for lead_id in (sold, failed)] == [
        "validated",
        "rejected",
    ]


def test_a_change_that_is_no_lead_is_answered_as_done(networks: Api, database: psycopg.Connection) -> None:
    before = count_rows(database)
    body = (
        b'{"object": "page", "entry": [{"id": "1", "time": 1, "changes": [{"field": "feed", "value": {}}]}]}'
    )
    assert post(networks, "meta", body, X_Hub_Signature_256=sign(body)).status == 200
    assert count_rows(database) == before


def test_a_lead_that_brings_its_answers_is_not_fetched(
    networks: Api, database: psycopg.Connection, graph: Graph
) -> None:
    lead_id = str(next(_numbers))
    answer = notify(networks, mention(lead_id) | {"field_data": meta_lead(lead_id)["field_data"]})
    assert (answer.status, graph.times_asked(lead_id)) == (200, 0)
    assert len(leads_of(database, f"meta:{lead_id}")) == 1


@pytest.mark.parametrize("signature", ["other secret", "other body", "sha1", "none", "two", "garbage"])
def test_a_post_that_meta_did_not_sign_is_refused(
    networks: Api, database: psycopg.Connection, graph: Graph, signature: str
) -> None:
    lead_id = new_lead(graph)
    body = json.dumps(meta_post(mention(lead_id))).encode()
    headers = {
        "other secret": [sign(body, "x" * 32)],
        "other body": [sign(body + b" ")],
        "sha1": ["sha1=" + hmac.new(APP_SECRET.encode(), body, hashlib.sha1).hexdigest()],
        "none": [],
        "two": [sign(body), sign(body)],
        "garbage": ["sha256=\xff" + "0" * 500],
    }[signature]
    head = b"".join(b"X-Hub-Signature-256: %b\r\n" % value.encode("latin-1") for value in headers)
    answer = networks.send(
        b"POST /api/sources/meta/leads HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"%bContent-Length: %d\r\n\r\n%b" % (head, len(body), body)
    )
    assert (answer.status, answer.json["detail"]) == (401, "No valid API key")
    assert (graph.times_asked(lead_id), leads_of(database, f"meta:{lead_id}")) == (0, [])


def test_the_signature_is_of_the_raw_bytes(networks: Api, database: psycopg.Connection, graph: Graph) -> None:
    lead_id = new_lead(graph)
    body = (
        json.dumps(meta_post(mention(lead_id)), indent=3).encode().replace(b"leadgen_id", b"leadgen\\u005fid")
    )
    assert post(networks, "meta", body, X_Hub_Signature_256=sign(body)).status == 200
    fetch(networks, graph)
    assert len(leads_of(database, f"meta:{lead_id}")) == 1


LEAD_WITHOUT_ANSWERS = {"id": "1", "created_time": "2026-11-20T16:00:00+0000"}


@pytest.mark.parametrize(
    "fault",
    [
        answers(400, NO_SUCH_LEAD),
        answers(401, BAD_TOKEN),
        answers(500, "<html>Sorry</html>"),
        answers(302, "", Location="/v23.0/elsewhere"),
        answers(200, "{"),
        answers(200, "[1]"),
        answers(200, '{"field_data": [], "field_data": []}'),
        answers(200, LEAD_WITHOUT_ANSWERS),
        answers(200, {"field_data": [{"name": "x", "values": ["x" * 300_000]}]}),
        hangs_up,
        sleeps(TIMEOUT_SECONDS * 3),
        drips(TIMEOUT_SECONDS * 3),
        floods(b"", b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n"),
        floods(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
        floods(b"HTTP/1.1 200 OK\r\nX-A: ", b"b"),
        floods(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n{\r\n"),
        floods(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x"),
    ],
    ids=[
        "no such lead",
        "bad token",
        "500",
        "redirect",
        "broken JSON",
        "a list",
        "repeated keys",
        "no answers",
        "too long",
        "hangs up",
        "silent",
        "drips",
        "1xx without end",
        "headers without end",
        "a header without end",
        "chunks without end",
        "a chunk extension without end",
    ],
)
def test_what_cannot_be_fetched_is_kept_and_tried_again(
    networks: Api, database: psycopg.Connection, graph: Graph, fault: Any, caplog: pytest.LogCaptureFixture
) -> None:
    lead_id, other = new_lead(graph), new_lead(graph)
    graph.leads["elsewhere"] = meta_lead(lead_id)
    graph.faults[lead_id] = fault
    started = time.monotonic()
    assert notify(networks, mention(lead_id), mention(other)).status == 200
    fetch(networks, graph)
    assert time.monotonic() - started < TIMEOUT_SECONDS * 4
    assert PAGE_TOKEN not in networks.log + caplog.text
    assert leads_of(database, f"meta:{lead_id}") == []
    assert len(leads_of(database, f"meta:{other}")) == 1, "the other lead does not wait for it"
    kept = waiting(database, lead_id)
    assert kept is not None
    assert (kept[0], kept[1] is not None) == (1, True)

    del graph.faults[lead_id]
    make_due(database)
    fetch(networks, graph)
    assert [len(leads_of(database, f"meta:{one}")) for one in (lead_id, other)] == [1, 1]
    assert waiting(database, lead_id) is None


def test_a_flood_of_interim_answers_ends_at_a_limit_and_not_at_the_deadline(
    networks: Api, database: psycopg.Connection, graph: Graph
) -> None:
    lead_id = new_lead(graph)
    graph.faults[lead_id] = floods(b"", b"HTTP/1.1 100 Continue\r\n\r\n")
    assert notify(networks, mention(lead_id)).status == 200
    fetch(networks, graph, seconds=60)
    assert waiting(database, lead_id) == (1, "TooMuch", None)
    database.execute("delete from leadgen.lead_fetches")


@pytest.mark.parametrize(
    ("code", "advice"),
    [(190, "make a new page token"), (10, "leads_retrieval"), (100, "Leads Access Manager")],
)
def test_a_lead_that_meta_refuses_for_good_is_in_quarantine_and_announced(
    networks: Api, database: psycopg.Connection, graph: Graph, code: int, advice: str
) -> None:
    database.execute("delete from leadgen.events where kind = 'fetch_refused'")
    lead_id = new_lead(graph)
    graph.faults[lead_id] = answers(400, {"error": {"message": f"secret {PAGE_TOKEN}", "code": code}})
    assert notify(networks, mention(lead_id)).status == 200
    fetch(networks, graph)
    assert waiting(database, lead_id) == (1, f"status 400, error {code}", "fetch")
    query = "select message from leadgen.events where kind = 'fetch_refused'"
    ((message,),) = database.execute(query).fetchall()
    assert advice in message
    assert "source meta" in message
    assert PAGE_TOKEN not in message

    del graph.faults[lead_id]
    make_due(database)
    fetch(networks, graph)
    assert len(leads_of(database, f"meta:{lead_id}")) == 1
    query = (
        "select lead_id is not null from leadgen.intake_quarantine where payload ->> 'idempotency_key' = %s"
    )
    assert database.execute(query, (f"meta:{lead_id}",)).fetchall() == [(True,)]


def test_a_token_that_may_not_read_ads_still_fetches_the_lead(
    networks: Api, database: psycopg.Connection, graph: Graph
) -> None:
    lead_id = new_lead(graph)

    def refuse_ads(handler: Handler) -> None:
        if "campaign_id" in handler.path:
            handler.send_json(400, {"error": {"message": "(#200) Requires ads_management", "code": 200}})
        else:
            handler.send_json(200, graph.leads[lead_id])

    graph.faults[lead_id] = refuse_ads
    assert notify(networks, mention(lead_id)).status == 200
    fetch(networks, graph)
    assert len(leads_of(database, f"meta:{lead_id}")) == 1


def test_a_post_of_a_thousand_leads_is_answered_in_time_and_each_is_sold(
    networks: Api, database: psycopg.Connection, graph: Graph
) -> None:
    ids = [new_lead(graph) for _ in range(1000)]
    started = time.monotonic()
    assert notify(networks, *map(mention, ids)).status == 200
    assert time.monotonic() - started < 10, "Meta waits for some seconds"
    query = "select count(*) from leadgen.lead_fetches where fetch_id = any (%s)"
    assert database.execute(query, (ids,)).fetchone() == (1000,)
    assert fetch(networks, graph, seconds=60) == 1000
    query = "select count(*) from leadgen.leads where idempotency_key = any (%s) and status = 'validated'"
    assert database.execute(query, ([f"meta:{one}" for one in ids],)).fetchone() == (1000,)


def test_a_post_that_is_not_signed_may_not_be_as_large(networks: Api) -> None:
    body = json.dumps(meta_post(*(mention(str(n)) for n in range(1000)))).encode()
    assert post(networks, "meta", body).status == 413
    assert post(networks, "meta", body, X_Hub_Signature_256=sign(body, "x" * 32)).status == 401


def test_a_source_without_a_token_fetches_nothing(
    networks: Api, database: psycopg.Connection, graph: Graph
) -> None:
    lead_id = new_lead(graph)
    assert notify(networks, mention(lead_id), source="meta-without-token").status == 200
    fetch(networks, graph)
    assert graph.times_asked(lead_id) == 0
    assert waiting(database, lead_id) == (1, "the source has no access token", "fetch")


@pytest.mark.parametrize("lead_id", ["../me", "1?fields=id", "", "1" * 65])
def test_an_id_that_is_none_is_not_asked_for_and_its_lead_kept(
    networks: Api, database: psycopg.Connection, graph: Graph, lead_id: str
) -> None:
    before, ad = len(graph.asked), f"ad-{next(_numbers)}"
    assert notify(networks, mention(lead_id, ad_id=ad)).status == 200
    assert len(graph.asked) == before
    query = "select failed_step from leadgen.intake_quarantine where payload -> 'attributes' ->> 'ad_id' = %s"
    assert database.execute(query, (ad,)).fetchall() == [("field_map",)]


@pytest.mark.parametrize(
    "value", [5, None, [], {"page_id": 1}, {"leadgen_id": {"a": 1}}, {"field_data": "x"}]
)
def test_a_lead_that_cannot_be_read_does_not_lose_the_others(
    networks: Api, database: psycopg.Connection, graph: Graph, value: Any
) -> None:
    first, last = new_lead(graph), new_lead(graph)
    query = (
        "select coalesce(sum(times_seen), 0) from leadgen.intake_quarantine where failed_step = 'field_map'"
    )
    before = database.execute(query).fetchone()
    assert before is not None
    assert notify(networks, mention(first), value, mention(last)).status == 200
    fetch(networks, graph)
    assert [leads_of(database, f"meta:{one}")[0][0] for one in (first, last)] == ["validated", "validated"]
    assert database.execute(query).fetchone() == (before[0] + 1,)


def test_meta_s_tests_sell_and_store_nothing(
    networks: Api, database: psycopg.Connection, graph: Graph
) -> None:
    before = count_rows(database)
    assert notify(networks, mention("444444444444")).status == 200
    assert graph.times_asked("444444444444") == 0, "its dashboard names a lead that is not there"
    tested = new_lead(graph, full_name="<test lead: dummy data for full_name>")
    assert notify(networks, mention(tested)).status == 200
    assert fetch(networks, graph) == 1
    assert count_rows(database) == before


def test_meta_s_verification_gets_its_challenge_back(networks: Api) -> None:
    answer = networks.get(
        "/api/sources/meta/leads?hub.mode=subscribe&hub.challenge=1158201444"
        "&hub.verify_token=meatyhamhock+%26+more"
    )
    assert (answer.status, answer.body) == (200, b"1158201444")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("source", "query"),
    [
        ("meta", "hub.mode=subscribe&hub.challenge=1&hub.verify_token=meatyhamhock"),
        ("meta", "hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=meatyhamhock+%26+more"),
        ("meta", "hub.mode=subscribe&hub.verify_token=meatyhamhock+%26+more"),
        ("meta", "hub.mode=subscribe&hub.challenge=1"),
        ("meta", "hub.mode=subscribe&hub.challenge=1&hub.verify_token="),
        ("meta", "hub.mode=subscribe&hub.challenge=1&hub.verify_token=%00"),
        ("meta", f"hub.mode=subscribe&hub.challenge={'1' * 201}&hub.verify_token=meatyhamhock+%26+more"),
        ("meta", ""),
        ("google", "hub.mode=subscribe&hub.challenge=1&hub.verify_token="),
        ("meta-without-token", "hub.mode=subscribe&hub.challenge=1&hub.verify_token="),
        ("nobody", "hub.mode=subscribe&hub.challenge=1&hub.verify_token=meatyhamhock+%26+more"),
        ("%00", "hub.mode=subscribe&hub.challenge=1&hub.verify_token=x"),
    ],
)
def test_anybody_else_s_verification_is_refused(networks: Api, source: str, query: str) -> None:
    answer = networks.get(f"/api/sources/{source}/leads?{query}")
    answer.check_problem()
    assert answer.status == 403


# A partner with a shape of its own


def acme_lead(**changes: Any) -> dict[str, Any]:
    number = next(_numbers)
    person = {
        "first": "Ann",
        "last": "Roe",
        "mail": f"ann{number}@example.com",
        "tel": f"+1512558{number:04}",
    }
    return {"ref": number, "person": person, "zip": "78701", "ok": "yes", "roof": "metal"} | changes


def test_a_partner_posts_in_its_shape_and_is_answered_as_api_leads(
    networks: Api, database: psycopg.Connection
) -> None:
    lead = acme_lead()
    answer = post(networks, "acme", lead, X_API_Key=PARTNER_KEY)
    assert answer.status == 202
    assert answer.json.keys() == {
        "lead_id",
        "status",
        "outcome",
        "message",
        "buyer_id",
        "offer_id",
        "price",
        "total_price",
    }
    assert post(networks, "acme", lead, X_API_Key=PARTNER_KEY).json == answer.json | {"repeated": True}
    assert leads_of(database, f"acme:{lead['ref']}")[0][3] == {"roof": "metal"}

    assert post(networks, "acme", acme_lead(zip="10001"), X_API_Key=PARTNER_KEY).status == 400
    other = post(networks, "acme", acme_lead(ref=lead["ref"]), X_API_Key=PARTNER_KEY)
    assert (other.status, other.json["type"]) == (422, "urn:leadgen:problem:idempotency-key-reused")
    tested = post(networks, "acme", acme_lead(trial=True), X_API_Key=PARTNER_KEY)
    assert (tested.status, tested.json["status"]) == (200, "test")
    assert tested.json["outcome"]["status"] == "accepted"


def test_a_partner_needs_its_own_key(networks: Api) -> None:
    for headers in ({}, {"X_API_Key": "wrong"}, {"X_API_Key": GOOGLE_KEY}, {"Authorization": "Basic x"}):
        assert post(networks, "acme", acme_lead(), **headers).status == 401
    assert post(networks, "google", acme_lead(), X_API_Key=PARTNER_KEY).status == 401


def test_what_a_partner_is_refused_is_kept_with_its_answer(
    networks: Api, database: psycopg.Connection
) -> None:
    batch = [acme_lead(person={"first": "x" * 201, "mail": "kept@example.com"}), acme_lead()]
    refused = post(networks, "acme", {"batch": batch}, X_API_Key=PARTNER_KEY).json["leads"][0]
    query = """
        select failed_step, payload ->> 'email', answered ->> 'detail', cut_bytes
        from leadgen.intake_quarantine where id = %s"""
    ((step, email, detail, _),) = database.execute(query, (refused["quarantine_id"],)).fetchall()
    assert (step, email, detail) == ("malformed", "kept@example.com", refused["message"])

    broken = post(networks, "acme", b'{"ref": 1, "person": ', X_API_Key=PARTNER_KEY)
    broken.check_problem()
    assert broken.status == 400
    row = database.execute(
        "select payload ->> 'body' from leadgen.intake_quarantine where id = %s",
        (broken.json["quarantine_id"],),
    ).fetchone()
    assert row == ('{"ref": 1, "person": ',)

    large = post(networks, "acme", b'{"a": "%b"}' % (b"x" * 70_000), X_API_Key=PARTNER_KEY)
    assert (large.status, large.json["quarantine_id"] > 0) == (413, True)
    row = database.execute(query, (large.json["quarantine_id"],)).fetchone()
    assert row is not None
    assert row[3] == 70_009 - 65_536


def test_what_nobody_s_source_is_refused_is_not_kept(networks: Api, database: psycopg.Connection) -> None:
    before = count_rows(database)
    for source, headers, status in (("nobody", {}, 400), ("acme", {"X_API_Key": "wrong"}, 401)):
        answer = post(networks, source, b'{"ref": 1, "person": ', **headers)
        assert (answer.status, "quarantine_id" in answer.json) == (status, False)
    assert count_rows(database) == before


def test_a_partner_s_batch_answers_for_each(networks: Api) -> None:
    batch = [acme_lead(), acme_lead(zip="10001"), acme_lead(person={"first": "x" * 201}), acme_lead(trial=1)]
    answer = post(networks, "acme", {"batch": batch}, X_API_Key=PARTNER_KEY)
    assert answer.status == 200
    outcomes = answer.json["leads"]
    assert [one["status"] for one in outcomes] == ["accepted", "rejected", "refused", "test"]
    assert outcomes[2]["errors"][0]["field"] == "name"


# What is the same for all


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", {}, 400),
        (b"[]", {}, 400),
        (b'{"lead_id": "1", "lead_id": "2"}', {}, 400),
        (b'{"lead_id": "\xff"}', {}, 400),
        (b'{"lead_id\\u0000": 1}', {}, 400),
        (b'{"a": "%b"}' % (b"x" * 65_536), {}, 413),
        (b"{}", {"Content_Type": "application/x-www-form-urlencoded"}, 415),
        (b"{}", {"Content_Encoding": "gzip"}, 415),
        (b"{}", {"Authorization": "Bearer a", "X_API_Key": "b"}, 400),
        (b"{}", {}, 401),
    ],
)
def test_a_body_is_checked_as_for_api_leads(
    networks: Api, body: bytes, headers: dict[str, str], status: int
) -> None:
    answer = post(networks, "google", body, **headers)
    answer.check_problem()
    assert (answer.status, answer.json["message"]) == (status, answer.json["detail"])


@pytest.mark.parametrize("source", ["%00", "%ff", "a%0Ab", "x" * 2000, "%27%3B--"])
def test_an_odd_source_is_nobody(networks: Api, source: str) -> None:
    assert post(networks, source, google_lead()).status == 401


# A worker that dies; last, for it delivers what the others have sold


@contextmanager
def running_worker(api: Api, graph: Graph) -> Iterator[Fork]:
    """A worker as operators run it, which fetches from the double."""
    own = {
        "DATABASE_URL": with_role(api.database, "leadgen_worker"),
        "ENVIRONMENT": "development",
        "META_GRAPH_URL": graph.url,
        "WORKER_POLL_SECONDS": "0.1",
    }
    with Path(os.devnull).open("wb") as nowhere:
        process = Fork(WORKER, ["worker"], os.environ | own, nowhere.fileno(), nowhere.fileno())
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_worker_that_is_killed_between_fetching_and_recording_loses_no_lead(
    networks: Api, database: psycopg.Connection, graph: Graph
) -> None:
    slow, *others = [new_lead(graph) for _ in range(40)]
    graph.faults[slow] = sleeps(60)
    with running_worker(networks, graph) as worker:
        assert notify(networks, *(mention(one) for one in (slow, *others))).status == 200
        wait_until(lambda: graph.times_asked(slow) == 1)
        worker.kill()
        worker.wait()
    del graph.faults[slow]
    make_due(database)
    with running_worker(networks, graph):
        wait_until(lambda: waiting(database, slow) is None)
        query = "select count(*) from leadgen.leads where idempotency_key = any (%s)"
        keys = [f"meta:{one}" for one in (slow, *others)]
        wait_until(lambda: database.execute(query, (keys,)).fetchone() == (40,))
