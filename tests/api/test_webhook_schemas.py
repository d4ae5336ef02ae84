"""The `webhooks` of the OpenAPI document against the bodies that a worker is given to send."""

import json
from typing import Any

import psycopg
import pytest
from jsonschema import Draft202012Validator, ValidationError

from api.serving import BUYER_KEY, Api, add_catalogue, add_sale
from leadgen.app.openapi import DOCUMENT
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
            return [(kind, json.loads(body), name) for kind, body, name in connection.execute(CLAIM)]


def schema_of(kind: str) -> Json:
    """The schema of an event's body, with what it refers to."""
    content = DOCUMENT["webhooks"][kind]["post"]["requestBody"]["content"]
    return {**content["application/json"]["schema"], "components": DOCUMENT["components"]}


def validator(schema: Json) -> Draft202012Validator:
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def resolve(schema: Json) -> Json:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    found: Json = DOCUMENT["components"]["schemas"][reference.removeprefix("#/components/schemas/")]
    return found


def test_every_kind_is_described_and_sent(bodies: list[tuple[str, Json, str]]) -> None:
    assert {kind for kind, _, _ in bodies} == DOCUMENT["webhooks"].keys()
    assert len(bodies) == len(ODD_LEADS) + 1


def test_real_bodies_fit_and_nothing_in_them_is_undescribed(bodies: list[tuple[str, Json, str]]) -> None:
    for kind, body, _ in bodies:
        validator(schema_of(kind)).validate(body)
        check_described(resolve(schema_of(kind)), body)


def check_described(schema: Json, value: Any) -> None:
    """Each member of an object is described, and what is described is there."""
    if "properties" not in schema:
        return
    assert schema["properties"].keys() == value.keys() == set(schema["required"])
    for name, member in schema["properties"].items():
        check_described(resolve(member), value[name])


def test_a_test_says_nothing_of_any_lead(bodies: list[tuple[str, Json, str]]) -> None:
    (test,) = (body for kind, body, _ in bodies if kind == "webhook.test")
    assert "lead" not in test["data"]


@pytest.mark.parametrize("name", sorted(DOCUMENT["webhooks"]))
def test_the_examples_fit(name: str) -> None:
    schema = resolve(
        DOCUMENT["webhooks"][name]["post"]["requestBody"]["content"]["application/json"]["schema"]
    )
    for example in schema["examples"]:
        validator(schema_of(name)).validate(example)


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
        headers = {one["name"]: one["schema"] for one in DOCUMENT["webhooks"][kind]["post"]["parameters"]}
        assert headers.keys() == {"webhook-id", "webhook-timestamp", "webhook-signature"}
        validator(headers["webhook-id"]).validate(message_id)


def test_answers_of_the_buyers_routes_fit(api: Api, shared_database: psycopg.Connection) -> None:
    sale = add_sale(shared_database)
    path = f"/api/assignments/{sale}"
    for answer, schema in (
        (api.get(path, X_API_Key=BUYER_KEY), "Sale"),
        (api.get("/api/return-reasons"), "ReturnReasons"),
        (api.request("POST", f"{path}/accept", X_API_Key=BUYER_KEY), "Answer"),
        (
            api.request(
                "POST",
                f"{path}/return",
                b'{"reason": "duplicate"}',
                X_API_Key=BUYER_KEY,
                Content_Type="application/json",
            ),
            "Answer",
        ),
        (api.get(path, X_API_Key=BUYER_KEY), "Sale"),
    ):
        assert answer.status == 200
        described = DOCUMENT["components"]["schemas"][schema]
        validator(described | {"components": DOCUMENT["components"]}).validate(answer.json)
        if "properties" in described:
            assert described["properties"].keys() == answer.json.keys()


@pytest.mark.parametrize("name", sorted(DOCUMENT["components"]["schemas"]))
def test_every_schema_is_one_and_its_examples_fit(name: str) -> None:
    schema = DOCUMENT["components"]["schemas"][name]
    check = validator(schema | {"components": DOCUMENT["components"]})
    for example in schema.get("examples", []):
        check.validate(example)
