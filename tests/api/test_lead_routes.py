"""POST /api/leads and GET /api/leads/{id}/decision, as SPEC §4 and §9 say."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from api.serving import OPERATOR_KEY, REVOKED_KEY, SOURCE_KEY, Api, make_lead


def count_leads(database: psycopg.Connection, email: object) -> int:
    row = database.execute("select count(*) from leadgen.leads where email = %s", (email,)).fetchone()
    assert row
    return int(row[0])


def test_a_sold_lead_is_answered_as_the_seed_says(api: Api) -> None:
    answer = api.post(make_lead())
    assert (answer.status, answer.headers["Content-Type"]) == (202, "application/json")
    said = {"lead_id", "status", "outcome", "message", "buyer_id", "offer_id", "price", "total_price"}
    assert answer.json.keys() == said
    assert (answer.json["status"], answer.json["outcome"]) == ("accepted", "sold")
    assert answer.json["message"] == "Lead qualified and queued for delivery"
    assert answer.json["price"] == 45.00
    assert b'"price": 45.00' in answer.body, "the database's JSON goes out as it is"


def test_a_lead_that_fails_validation_is_stored_and_explained(
    api: Api, shared_database: psycopg.Connection
) -> None:
    lead = make_lead(postal_code="10001")
    answer = api.post(lead)
    assert (answer.status, answer.headers["Content-Type"]) == (400, "application/json")
    assert answer.json.keys() == {"detail"}
    detail = answer.json["detail"]
    assert detail["errors"][0]["field"] == "postal_code"
    assert detail["reason"]
    assert detail["message"]
    assert count_leads(shared_database, lead["email"]) == 1


def test_a_lead_that_no_source_claims_is_kept_and_the_failing_step_named(api: Api) -> None:
    answer = api.post(make_lead(source_key="nobody"))
    answer.check_problem()
    assert answer.status == 422
    assert answer.json["step"]
    assert answer.json["quarantine_id"]


def test_an_unknown_field_is_refused_by_name(api: Api) -> None:
    answer = api.post(make_lead(telephone="+15125550123"))
    assert (answer.status, answer.fields) == (400, ["telephone"])


@pytest.mark.parametrize("place", ["header", "body"])
def test_the_same_key_and_body_get_the_first_answer(api: Api, place: str) -> None:
    lead = make_lead()
    headers = {"Idempotency_Key": f"key {lead['email']}"} if place == "header" else {}
    if place == "body":
        lead["idempotency_key"] = f"key {lead['email']}"
    first, second = api.post(lead, **headers), api.post(lead, **headers)
    assert (first.status, second.status) == (202, 202)
    assert second.json == first.json | {"repeated": True}


def test_fifty_posts_at_once_with_one_key_make_one_lead(
    api: Api, shared_database: psycopg.Connection
) -> None:
    lead = make_lead()
    with ThreadPoolExecutor(50) as pool:
        posts = [pool.submit(api.post, lead, Idempotency_Key=f"once {lead['email']}") for _ in range(50)]
        answers = [post.result() for post in posts]
    assert {answer.status for answer in answers} == {202}
    assert len({answer.json["lead_id"] for answer in answers}) == 1
    assert sum("repeated" not in answer.json for answer in answers) == 1
    assert count_leads(shared_database, lead["email"]) == 1


def test_the_same_key_with_another_body_stores_nothing(api: Api, shared_database: psycopg.Connection) -> None:
    key = f"key {make_lead()['email']}"
    assert api.post(make_lead(), Idempotency_Key=key).status == 202
    other = make_lead()
    answer = api.post(other, Idempotency_Key=key)
    answer.check_problem()
    assert answer.status == 422
    assert answer.json["type"].endswith("idempotency-key-reused")
    assert count_leads(shared_database, other["email"]) == 0


def test_a_key_names_the_source(api: Api) -> None:
    for headers in ({"Authorization": f"Bearer {SOURCE_KEY}"}, {"X_API_Key": SOURCE_KEY}):
        assert api.post(make_lead(source_key=None), **headers).status == 202


def test_a_key_of_another_source_is_forbidden(api: Api) -> None:
    answer = api.post(make_lead(), X_API_Key=SOURCE_KEY)
    assert (answer.status, answer.fields) == (403, ["source_key"])


def test_two_different_keys_are_ambiguous(api: Api) -> None:
    answer = api.post(make_lead(), Authorization="Bearer one", X_API_Key="other")
    assert (answer.status, answer.fields) == (400, ["Authorization, X-API-Key"])


def test_the_client_is_recorded(api: Api, shared_database: psycopg.Connection) -> None:
    lead = make_lead()
    api.post(lead, User_Agent="probe/1", X_Forwarded_For="203.0.113.9")
    query = "select host(ip_address), user_agent from leadgen.leads where email = %s"
    assert shared_database.execute(query, (lead["email"],)).fetchone() == ("127.0.0.1", "probe/1")


def test_an_operator_reads_why(api: Api) -> None:
    lead_id = api.post(make_lead()).json["lead_id"]
    answer = api.get(f"/api/leads/{lead_id}/decision", Authorization=f"Bearer {OPERATOR_KEY}")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.headers["Cache-Control"] == "no-store"
    assert isinstance(answer.json, dict)


@pytest.mark.parametrize(
    "lead_id", ["999999999", str(2**63 - 1), str(-(2**63)), "9" * 30, "9" * 5000, "-1", "0"]
)
def test_the_decision_of_no_lead_is_not_found(api: Api, lead_id: str) -> None:
    answer = api.get(f"/api/leads/{lead_id}/decision", X_API_Key=OPERATOR_KEY)
    answer.check_problem()
    assert answer.status == 404


@pytest.mark.parametrize(
    "headers", [{}, {"X_API_Key": SOURCE_KEY}, {"X_API_Key": REVOKED_KEY}, {"Authorization": "Basic x"}]
)
def test_only_operators_read_decisions(api: Api, headers: dict[str, str]) -> None:
    answer = api.get("/api/leads/1/decision", **headers)
    answer.check_problem()
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_landing_page_may_post_from_its_visitors_browser(api: Api) -> None:
    asked = api.request(
        "OPTIONS",
        "/api/leads",
        Origin="https://austin.example",
        Access_Control_Request_Method="POST",
        Access_Control_Request_Headers="content-type,idempotency-key",
    )
    assert asked.status == 204
    assert asked.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in asked.headers["Access-Control-Allow-Methods"]

    answer = api.post(make_lead(), Origin="https://austin.example")
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (202, "*")
