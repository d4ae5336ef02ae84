"""The OpenAPI document against the routes, the database and the answers.

That every answer is described is a matter of all tests here: `Api.request` holds each against the document.
"""

import json
import re
from http.client import HTTPMessage
from typing import Any

import msgspec
import psycopg
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from api import contract
from api.contract import UndescribedError, check_answer, validator
from api.serving import OPERATOR_KEY, Api, make_lead
from leadgen.app import main
from leadgen.app.errors import TABLE
from leadgen.app.openapi.models import Accepted, Lead
from leadgen.settings import Settings

PROBLEM = "application/problem+json"
OPERATIONS = [operation for _, _, operation in contract.operations()]
WEBHOOKS = [item["post"] for item in contract.document()["webhooks"].values()]


@pytest.fixture(scope="module")
def document(api: Api) -> Any:
    """The document as it is served."""
    answer = api.get("/schema", X_API_Key=OPERATOR_KEY)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/vnd.oai.openapi+json")
    assert answer.body == api.get("/schema/openapi.json", X_API_Key=OPERATOR_KEY).body
    assert answer.json == contract.document()
    return answer.json


def test_nothing_else_is_served_there(api: Api) -> None:
    for path in ("/schema/", "/schema/openapi.json/"):
        assert api.get(path, X_API_Key=OPERATOR_KEY).status == 200
    for path in ("/schema/openapi.yaml", "/schema/swagger", "/schema/x/y"):
        answer = api.get(path, X_API_Key=OPERATOR_KEY)
        answer.check_problem()
        assert answer.status == 404


def test_it_is_openapi_3_1(document: Any) -> None:
    OpenAPIV31SpecValidator(document).validate()


def test_a_document_that_is_none_is_seen(document: Any) -> None:
    broken = document | {"info": {"title": 5}}
    assert {fault.json_path for fault in OpenAPIV31SpecValidator(broken).iter_errors()} == {
        "$.info",
        "$.info.title",
    }


def test_every_reference_leads_somewhere_and_every_schema_is_used(document: Any) -> None:
    references = set(re.findall(r"'#/components/schemas/(\w+)'", str(document)))
    assert references == document["components"]["schemas"].keys()


@pytest.mark.parametrize("operation", OPERATIONS + WEBHOOKS, ids=lambda one: one["operationId"])
def test_every_operation_says_what_it_is_for(operation: Any) -> None:
    assert operation["summary"]
    assert operation["description"]
    assert all(answer["description"] for answer in operation["responses"].values())
    assert all(parameter["description"] for parameter in operation.get("parameters", []))
    assert operation.get("requestBody", {"description": "no body"})["description"]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one["operationId"])
def test_every_error_has_an_example_that_fits(operation: Any) -> None:
    errors = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
    assert "500" in errors
    for status, answer in errors.items():
        content = answer["content"]
        assert content.keys() <= {PROBLEM, "text/html", "application/json"}
        if "text/html" in content:
            assert content["text/html"]["example"]
            continue
        check = validator(content[PROBLEM]["schema"])
        assert content[PROBLEM]["examples"]
        for example in content[PROBLEM]["examples"].values():
            check.validate(example["value"])
            assert str(example["value"]["status"]) == status


@pytest.mark.parametrize("name", sorted(contract.document()["components"]["schemas"]))
def test_every_schema_has_a_description_and_its_examples_fit(name: str) -> None:
    schema = contract.document()["components"]["schemas"][name]
    assert schema["description"]
    for example in schema.get("examples", []):
        validator({"$ref": f"#/components/schemas/{name}"}).validate(example)


ACCEPTED = {"lead_id": 1, "status": "accepted", "message": "m", "buyer_id": 7, "offer_id": 12, "price": 45.0}


@pytest.mark.parametrize(
    ("status", "kind", "body", "fault"),
    [
        (202, "application/json", ACCEPTED | {"price": "45"}, "price"),
        (202, "application/json", ACCEPTED | {"colour": "red"}, "colour"),
        (202, "application/json", ACCEPTED | {"status": "rejected"}, "status"),
        (202, "text/plain", ACCEPTED, "text/plain"),
        (204, "application/json", ACCEPTED, "204"),
        (401, PROBLEM, {"type": "urn:x", "title": "t", "status": 401, "detail": "d"}, "WWW-Authenticate"),
        (403, PROBLEM, {"title": "t", "status": 403, "detail": "d"}, "type"),
    ],
)
def test_an_answer_that_is_not_described_is_seen(status: int, kind: str, body: Any, fault: str) -> None:
    headers = HTTPMessage()
    headers["Content-Type"] = kind
    with pytest.raises(UndescribedError, match=fault):
        check_answer("POST", "/api/leads?x=1", status, headers, json.dumps(body).encode())
    check_answer("POST", "/api/nothing", status, headers, b"")


PAGES = re.compile(
    r"/(assets/.*|sign-in(/elsewhere)?|sign-out|(console|portal)(/.*)?|forms/.*|\.well-known/security\.txt)?"
)  # for people, not for programs


def test_it_lists_every_route(document: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "configure_logging", lambda *_: None)
    app = main.create_app(Settings(database_url="postgresql://nobody@127.0.0.1/nothing"))
    served = {
        (route.path_format, method.lower())
        for route in app.routes
        if not route.path_format.startswith("/schema") and not PAGES.fullmatch(route.path_format)
        for method in route.methods - {"OPTIONS"}
    }
    assert served == {(path, method) for path, item in document["paths"].items() for method in item}


def test_it_lists_every_status(document: Any) -> None:
    statuses = document["paths"]["/api/leads"]["post"]["responses"].keys()
    assert statuses == {"202", "303", "400", "401", "403", "413", "415", "422", "429", "500", "503"}
    table = {str(row.kind.status) for row in TABLE.values()}
    assert table - statuses == {"404", "409", "410"}, "only these are for other routes"


def test_the_database_accepts_exactly_the_fields_listed(api: Api) -> None:
    refusal = api.post({"no_such_field": 1}).json["errors"][0]
    assert sorted(refusal["allowed"].split(", ")) == sorted(Lead.__struct_fields__)


def test_the_lengths_are_the_database_s(document: Any, api: Api) -> None:
    fields = document["components"]["schemas"]["Lead"]["properties"]
    for name, schema in fields.items():
        if "maxLength" in schema:
            (error,) = api.post({name: "x" * (schema["maxLength"] + 1)}).json["errors"]
            assert (error["field"], error["allowed"]) == (
                name,
                f"text of at most {schema['maxLength']} characters",
            )


def test_texts_that_are_cut_say_where(document: Any, shared_database: psycopg.Connection) -> None:
    fields = document["components"]["schemas"]["Lead"]["properties"]
    said = {
        name: int(found[1])
        for name, schema in fields.items()
        if (found := re.search(r"Cut to (\d+) characters\.$", schema["description"]))
    }
    row = shared_database.execute("select intake.list_limits(), intake.list_tracking_fields()").fetchone()
    assert row
    limits, tracking = row
    assert said.keys() >= set(tracking)
    assert said == {name: limits[name] for name in said}


def test_the_example_works(document: Any, api: Api) -> None:
    (example,) = document["components"]["schemas"]["Lead"]["examples"]
    answer = api.post(example)
    assert answer.status == 202
    (shown,) = document["components"]["schemas"]["Accepted"]["examples"]
    assert answer.json.keys() == shown.keys()


def test_the_examples_of_the_fields_work_together(document: Any, api: Api) -> None:
    fields = document["components"]["schemas"]["Lead"]["properties"]
    example = {name: schema["examples"][0] for name, schema in fields.items()}
    example |= {name: make_lead()[name] for name in ("email", "message")} | {
        "idempotency_key": "of the fields"
    }
    assert api.post(example).status == 202


def test_the_answers_are_those_of_the_models(api: Api) -> None:
    answer = api.post(make_lead())
    assert msgspec.to_builtins(msgspec.json.decode(answer.body, type=Accepted)) == answer.json


def test_problems_are_described_where_no_operation_is(api: Api) -> None:
    problem = {"$ref": "#/components/schemas/Problem"}
    for answer in (api.post([]), api.post({"source_key": "nobody"}), api.get("/nothing")):
        validator(problem).validate(answer.json)


def test_a_decision_is_an_object(api: Api) -> None:
    lead_id = api.post(make_lead()).json["lead_id"]
    assert isinstance(api.get(f"/api/leads/{lead_id}/decision", X_API_Key=OPERATOR_KEY).json, dict)
