"""The `webhooks` of the OpenAPI document against the bodies that a worker is given to send."""

import json
from typing import Any

import psycopg
import pytest
from jsonschema import ValidationError

from api.contract import document, validator
from api.serving import BUYER_KEY, Api, add_catalogue, add_sale
from rig.cluster import Cluster

CLAIM = """
select kind, body, message_id from leadgen.claim_deliveries('w', '{"webhook": 100}', '1 minute')
order by delivery_id
"""
ODD_LEADS: list[dict[str, Any]] = [
    {},
    {"message": None, "city": None},
    {"attributes": {"rooms": [1, 2.5, None], "ünï": {"deep": "\u202e"}}, "city": "Áustin"},
    {"name": 'O\'Brien "Bob" <b@x>', "phone": "(512) 555-0177", "postal_code": "78701-1234"},
]

# Ann has bought on credit: its limit is nearly used; then she pays in advance, and too little.
LOW = [
    "update leadgen.buyers set credit_limit = receivable + 1 where receivable > 0",
    "update leadgen.buyers set billing_mode = 'prepaid', low_since = null where receivable > 0",
]

Json = dict[str, Any]


@pytest.fixture(scope="module")
def bodies(cluster: Cluster, template: str) -> list[tuple[str, Json, str]]:
    """What is sent for odd leads and for a test of the endpoint: kind, body and webhook-id."""
    with cluster.clone(template) as database:
        add_catalogue(database)
        with psycopg.connect(database, autocommit=True) as connection:
            for lead in ODD_LEADS:
                add_sale(connection, **lead)
            query = "select leadgen.send_test(id) from leadgen.endpoints where channel = 'webhook'"
            connection.execute(query)
            for change in LOW:
                connection.execute(change)
                connection.execute("select leadgen.run_chore('warn_of_money')")
            return [(kind, json.loads(body), name) for kind, body, name in connection.execute(CLAIM)]


def schema_of(kind: str) -> Json:
    """The schema of an event's body."""
    content = document()["webhooks"][kind]["post"]["requestBody"]["content"]
    schema: Json = content["application/json"]["schema"]
    return schema


def test_every_kind_is_described_and_sent(bodies: list[tuple[str, Json, str]]) -> None:
    assert {kind for kind, _, _ in bodies} == document()["webhooks"].keys()
    assert len(bodies) == len(ODD_LEADS) + 1 + len(LOW)


def test_real_bodies_fit_and_nothing_in_them_is_undescribed(bodies: list[tuple[str, Json, str]]) -> None:
    for kind, body, _ in bodies:
        validator(schema_of(kind)).validate(body)


@pytest.mark.parametrize("member", ["data", "version"])
def test_nothing_in_them_may_be_missing_or_undescribed(
    bodies: list[tuple[str, Json, str]], member: str
) -> None:
    for kind, body, _ in bodies:
        less = {name: value for name, value in body.items() if name != member}
        for changed in (less, body | {f"{member}_2": body[member]}):
            with pytest.raises(ValidationError):
                validator(schema_of(kind)).validate(changed)


def test_a_test_says_nothing_of_any_lead(bodies: list[tuple[str, Json, str]]) -> None:
    (test,) = (body for kind, body, _ in bodies if kind == "webhook.test")
    assert "lead" not in test["data"]


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"type": "lead.returned"},
        {"timestamp": 5},
        {"data": {}},
        {"data": {"price": 45}},
        {"data": {"lead": {"phone": "512 555 0123"}}},
    ],
)
def test_a_body_that_is_otherwise_does_not_fit(bodies: list[tuple[str, Json, str]], change: Json) -> None:
    body = next(body for kind, body, _ in bodies if kind == "lead.assigned")
    changed = body | change
    if change.get("data"):
        changed["data"] = body["data"] | change["data"]
    with pytest.raises(ValidationError):
        validator(schema_of("lead.assigned")).validate(changed)


def test_the_headers_fit(bodies: list[tuple[str, Json, str]]) -> None:
    for kind, _, message_id in bodies:
        headers = {one["name"]: one["schema"] for one in document()["webhooks"][kind]["post"]["parameters"]}
        assert headers.keys() == {"webhook-id", "webhook-timestamp", "webhook-signature"}
        validator(headers["webhook-id"]).validate(message_id)


def test_answers_of_the_buyers_routes_fit(api: Api, shared_database: psycopg.Connection) -> None:
    # `api` holds every answer against the document.
    sale = add_sale(shared_database)
    path = f"/api/assignments/{sale}"
    key = {"X_API_Key": BUYER_KEY}
    body = b'{"reason": "duplicate"}'
    for answer in (
        api.get(path, **key),
        api.get("/api/return-reasons"),
        api.request("POST", f"{path}/accept", **key),
        api.request("POST", f"{path}/return", body, Content_Type="application/json", **key),
        api.get(path, **key),
    ):
        assert answer.status == 200
