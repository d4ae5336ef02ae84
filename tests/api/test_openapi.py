"""The OpenAPI document against the routes, the database and the answers."""

import re
from typing import Any

import pytest

from api.serving import OPERATOR_KEY, Api, make_lead
from leadgen.app import main
from leadgen.app.errors import TABLE
from leadgen.settings import Settings


@pytest.fixture(scope="module")
def document(api: Api) -> Any:
    """The document as it is served."""
    answer = api.get("/schema")
    assert answer.status == 200
    assert answer.body == api.get("/schema/openapi.json").body
    return answer.json


def test_it_says_what_it_is(document: Any) -> None:
    assert document["openapi"].startswith("3.1")
    assert document["info"]["title"] == "LeadGen API"


def test_every_reference_leads_somewhere(document: Any) -> None:
    for reference in re.findall(r"'#/components/schemas/(\w+)'", str(document)):
        assert reference in document["components"]["schemas"]


def test_it_lists_every_route(document: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "configure_logging", lambda *_: None)
    app = main.create_app(Settings(database_url="postgresql://nobody@127.0.0.1/nothing"))
    served = {
        (route.path_format, method.lower())
        for route in app.routes
        if route.path_format not in ("/metrics", "/schema", "/schema/openapi.json")
        for method in route.methods - {"OPTIONS"}
    }
    assert served == {(path, method) for path, item in document["paths"].items() for method in item}


def test_it_lists_every_status(document: Any) -> None:
    statuses = document["paths"]["/api/leads"]["post"]["responses"].keys()
    assert statuses == {"202", "400", "401", "403", "413", "415", "422", "429", "500", "503"}
    table = {str(row.kind.status) for row in TABLE.values()}
    assert table - statuses == {"404", "409"}, "only these are for other routes"


def test_the_database_accepts_exactly_the_fields_listed(document: Any, api: Api) -> None:
    refusal = api.post({"no_such_field": 1}).json["errors"][0]
    fields = document["components"]["schemas"]["Lead"]["properties"]
    assert set(refusal["allowed"].split(", ")) == fields.keys()


def test_the_lengths_are_the_database_s(document: Any, api: Api) -> None:
    fields = document["components"]["schemas"]["Lead"]["properties"]
    for name, schema in fields.items():
        if "maxLength" in schema:
            (error,) = api.post({name: "x" * (schema["maxLength"] + 1)}).json["errors"]
            assert (error["field"], error["allowed"]) == (
                name,
                f"text of at most {schema['maxLength']} characters",
            )


def test_the_example_works(document: Any, api: Api) -> None:
    (example,) = document["components"]["schemas"]["Lead"]["examples"]
    answer = api.post(example)
    assert answer.status == 202
    assert answer.json.keys() == document["components"]["schemas"]["Accepted"]["examples"][0].keys()


def test_the_examples_of_the_fields_work_together(document: Any, api: Api) -> None:
    fields = document["components"]["schemas"]["Lead"]["properties"]
    example = {name: schema["examples"][0] for name, schema in fields.items()}
    example |= {name: make_lead()[name] for name in ("email", "message")} | {
        "idempotency_key": "of the fields"
    }
    assert api.post(example).status == 202


def test_the_rejection_has_its_shape(document: Any, api: Api) -> None:
    shape = document["components"]["schemas"]["Rejected"]["properties"]["detail"]
    answer = api.post(make_lead(postal_code="10001")).json["detail"]
    assert set(shape["required"]) <= answer.keys()


def test_problems_have_their_shape(document: Any, api: Api) -> None:
    shape = document["components"]["schemas"]["Problem"]
    for answer in (api.post([]), api.post({"source_key": "nobody"}), api.get("/nothing")):
        assert set(shape["required"]) <= answer.json.keys() <= shape["properties"].keys()


def test_a_decision_is_an_object(api: Api) -> None:
    lead_id = api.post(make_lead()).json["lead_id"]
    assert isinstance(api.get(f"/api/leads/{lead_id}/decision", X_API_Key=OPERATOR_KEY).json, dict)
