"""What every answer carries, whoever gave it: headers for browsers and the id of the request; and who reads the OpenAPI
document."""

import json
import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api.people import SESSION, Browser
from api.serving import (
    BUYER_KEY,
    OPERATOR_KEY,
    REVOKED_KEY,
    SOURCE_KEY,
    Answer,
    Api,
    make_lead,
    running_api,
)
from leadgen.app.every_answer import SECURITY_HEADERS

FORM = {"Content_Type": "application/x-www-form-urlencoded"}
STRICT = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

ANSWERS: dict[str, Callable[[Api], Answer]] = {
    "a lead": lambda api: api.post(make_lead()),
    "a lead that is rejected": lambda api: api.post(make_lead(postal_code="99999")),
    "malformed": lambda api: api.post(b"{"),
    "a wrong key": lambda api: api.post(make_lead(), X_API_Key="lg_wrong"),
    "no key": lambda api: api.get("/api/balance"),
    "a balance": lambda api: api.get("/api/balance", X_API_Key=BUYER_KEY),
    "no such path": lambda api: api.get("/nothing/here"),
    "no such method": lambda api: api.request("PUT", "/api/leads"),
    "a preflight": lambda api: api.request(
        "OPTIONS", "/api/leads", Origin="https://a.example", Access_Control_Request_Method="POST"
    ),
    "health": lambda api: api.get("/health/live"),
    "the document": lambda api: api.get("/schema", X_API_Key=OPERATOR_KEY),
    "the document, refused": lambda api: api.get("/schema"),
    "a page that is not there": lambda api: api.get("/answers/nothing"),
    "a page that asks": lambda api: api.get("/account/verify/token"),
    "a page with a form": lambda api: api.get("/account/password/token"),
    "a form's answer": lambda api: api.request("POST", "/api/leads", b"name=", **FORM),
    "sign-in": lambda api: api.request("POST", "/api/v1/auth/login", b"{}", Content_Type="application/json"),
    "not HTTP": lambda api: api.send(b"nonsense\r\n\r\n"),
    "a long URL": lambda api: api.send(b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n"),
    "an odd host": lambda api: api.send(b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
}


@pytest.mark.parametrize("what", ANSWERS)
def test_no_browser_does_anything_with_it(api: Api, what: str) -> None:
    headers = ANSWERS[what](api).headers
    for name, value in SECURITY_HEADERS.items():
        assert len(headers.get_all(name) or []) == 1, name
        if name != "Content-Security-Policy":
            assert headers[name] == value
    policy = headers["Content-Security-Policy"]
    if policy != STRICT:
        assert headers["Content-Type"].startswith("text/html")
        assert re.fullmatch(
            r"default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]{44}'; form-action 'self'; base-uri 'none'; "
            r"frame-ancestors 'none'",
            policy,
        )


@pytest.mark.parametrize("what", [what for what in ANSWERS if what not in ("not HTTP", "a long URL")])
def test_each_has_the_id_of_its_request(api: Api, what: str) -> None:
    first, second = ANSWERS[what](api), ANSWERS[what](api)
    ids = [uuid.UUID(answer.headers["X-Request-Id"]) for answer in (first, second)]
    assert ids[0] != ids[1]
    if first.headers["Content-Type"] == "application/problem+json":
        assert [answer.json["instance"] for answer in (first, second)] == [one.urn for one in ids]


def test_a_lead_is_named_for_the_edge(api: Api) -> None:
    taken = api.post(make_lead(message='"lead_id": 4711'))
    assert taken.headers["X-Lead-Id"] == str(taken.json["lead_id"])
    rejected = api.post(make_lead(postal_code="99999"))
    assert rejected.headers["X-Lead-Id"] == str(rejected.json["detail"]["lead_id"])


def test_the_id_of_the_edge_is_kept_and_nobody_elses(api: Api, tmp_path: Path) -> None:
    given = "0af7651916cd43dd8448eb211c80319c"
    assert api.get("/nothing", X_Request_Id=given).headers["X-Request-Id"] != given
    with running_api(api.database, tmp_path, TRUSTED_PROXIES="127.0.0.1") as behind:
        answer = behind.get("/nothing", X_Request_Id=given)
        assert answer.headers.get_all("X-Request-Id") == [given]
        assert answer.json["instance"] == f"urn:leadgen:request:{given}"
        for odd in (
            "short",
            "a" * 65,
            "a b c d e f g",
            "a\tb\tc\td",
            "é" * 10,
            '"quoted-id"',
            "<script>alert",
        ):
            assert uuid.UUID(behind.get("/nothing", X_Request_Id=odd).headers["X-Request-Id"])


def test_what_is_logged_of_a_request_has_its_id(stocked_database: str, tmp_path: Path) -> None:
    with running_api(stocked_database, tmp_path) as api:
        with psycopg.connect(stocked_database) as session:
            session.execute("alter function leadgen.show_balance(text) rename to show_no_balance")
        answer = api.get("/api/balance", X_API_Key=BUYER_KEY)
        (line,) = [
            json.loads(one) for one in api.log.splitlines() if json.loads(one)["event"] == "request failed"
        ]
    assert answer.status == 503
    assert line["request_id"] == answer.headers["X-Request-Id"]
    assert line["reference"] == answer.json["instance"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"X_API_Key": OPERATOR_KEY}, 200),
        ({"Authorization": f"Bearer {BUYER_KEY}"}, 200),
        ({"X_API_Key": SOURCE_KEY}, 200),
        ({"X_API_Key": REVOKED_KEY}, 401),
        ({"X_API_Key": "lg_wrong"}, 401),
        ({"Cookie": f"{SESSION}=wrong"}, 401),
        ({"Cookie": f"{SESSION}={'a' * 300}"}, 401),
    ],
)
def test_the_document_is_for_who_has_a_key(api: Api, headers: dict[str, str], status: int) -> None:
    for path in ("/schema", "/schema/openapi.json"):
        answer = api.get(path, **headers)
        assert answer.status == status
        if status != 200:
            answer.check_problem()
            assert b"openapi" not in answer.body


def test_the_document_is_for_who_is_signed_in(api: Api, browser: Browser, add_user: Any) -> None:
    browser.log_in(add_user("analyst"))
    assert browser.get("/schema").status == 200
    browser.post("logout")
    assert browser.get("/schema").status == 401
    token = Browser(api).log_in(add_user("analyst"), session="bearer").json["data"]["token"]
    assert api.get("/schema", Authorization=f"Bearer {token}").status == 200


def test_the_document_is_open_in_development(api: Api, tmp_path: Path) -> None:
    with running_api(api.database, tmp_path, ENVIRONMENT="development") as here:
        assert here.get("/schema").status == 200
