"""The routes of a sale's buyer: SPEC §10, "Buyers answer", over HTTP."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, get_args, get_type_hints

import psycopg
import pytest

from api.serving import (
    BUYER_KEY,
    OPERATOR_KEY,
    OTHER_BUYER_KEY,
    REVOKED_BUYER_KEY,
    SOURCE_KEY,
    Answer,
    Api,
    add_sale,
    check_same_time,
    lapse_sale,
)
from leadgen.app.openapi.document import make_schemas
from leadgen.app.openapi.models import LastReturn, Sale

RETURN = {"reason": "duplicate", "note": "She called us last week."}
NO_SALE = ["0", "999999999", str(2**63 - 1), str(2**63), "9" * 30, "9" * 5000, "-1"]


@pytest.fixture
def sale(shared_database: psycopg.Connection) -> int:
    """A sale to Ann, who holds BUYER_KEY."""
    return add_sale(shared_database)


def send(api: Api, path: str, body: Any = None, **headers: str) -> Answer:
    """POST as the buyer; a body that is no bytes is sent as JSON."""
    raw = json.dumps(body).encode() if isinstance(body, dict | list) else body
    named = {"X_API_Key": BUYER_KEY, "Content_Type": "application/json"} | headers
    return api.request("POST", path, raw, **named)


def test_a_buyer_sees_its_sale(api: Api, sale: int) -> None:
    for headers in ({"X_API_Key": BUYER_KEY}, {"Authorization": f"Bearer {BUYER_KEY}"}):
        answer = api.get(f"/api/assignments/{sale}", **headers)
        assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.json["assignment_id"] == sale
        assert (answer.json["outcome"], answer.json["return"]) == ("pending", None)
        assert answer.json["price"] == "45.00"


def test_a_sale_is_accepted_and_stays_so(api: Api, sale: int) -> None:
    for _ in range(2):
        answer = send(api, f"/api/assignments/{sale}/accept")
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.json == {"assignment_id": sale, "outcome": "accepted", "return": None}


def test_a_sale_is_returned_for_a_reason_and_stays_so(
    api: Api, sale: int, shared_database: psycopg.Connection
) -> None:
    expected = {
        "assignment_id": sale,
        "outcome": "returned",
        "return": {"status": "approved", "reason": "duplicate", "gives": "money", "evidence": []},
    }
    for _ in range(2):
        answer = send(api, f"/api/assignments/{sale}/return", RETURN)
        assert (answer.status, answer.json) == (200, expected)
        assert answer.headers["Cache-Control"] == "no-store"
    query = "select reason_code, note, via from leadgen.sale_returns where assignment_id = %s"
    assert shared_database.execute(query, [sale]).fetchall() == [("duplicate", RETURN["note"], "api")]

    refused = send(api, f"/api/assignments/{sale}/accept")
    refused.check_problem()
    assert refused.status == 409


def test_a_sale_that_was_not_accepted_in_time_has_lapsed(
    api: Api, sale: int, shared_database: psycopg.Connection
) -> None:
    lapse_sale(shared_database, sale)
    shown = api.get(f"/api/assignments/{sale}", X_API_Key=BUYER_KEY)
    assert (shown.json["outcome"], shown.json["return"], shown.json["lead"]) == ("lapsed", None, None)
    for answer_to, body in (("accept", None), ("return", RETURN)):
        refused = send(api, f"/api/assignments/{sale}/{answer_to}", body)
        refused.check_problem()
        assert (refused.status, refused.fields) == (409, ["outcome"])
        assert "it is lapsed" in refused.json["detail"]


def test_a_sale_of_an_erased_lead_is_erased(api: Api, sale: int, shared_database: psycopg.Connection) -> None:
    erase = "select leadgen.erase_lead(lead_id, 'asked for') from leadgen.lead_assignments where id = %s"
    shared_database.execute(erase, [sale])
    shown = api.get(f"/api/assignments/{sale}", X_API_Key=BUYER_KEY)
    assert (shown.json["outcome"], shown.json["lead"]) == ("erased", None)


def test_the_words_for_a_sale_are_the_database_s(shared_database: psycopg.Connection) -> None:
    sale, returned = get_type_hints(Sale), get_type_hints(LastReturn)
    words = """
        select enum_range(null::leadgen.assignment_outcome)::text[],
          (select array(select jsonb_array_elements_text(value_schema #> '{properties,mode,enum}'))
           from leadgen.policy_keys where kind = 'routing' and key = 'acceptance'),
          (select pg_get_constraintdef(oid) from pg_constraint where conname = 'sale_returns_status_valid')"""
    outcomes, acceptance, status = shared_database.execute(words).fetchone() or (None, None, "")
    assert outcomes == list(get_args(sale["outcome"]))
    assert acceptance == list(get_args(sale["acceptance"]))
    assert re.findall(r"'(\w+)'", status) == list(get_args(returned["status"]))


def test_the_limit_of_a_note_is_the_database_s(api: Api, shared_database: psycopg.Connection) -> None:
    limit = make_schemas()["Return"]["properties"]["note"]["maxLength"]
    path = f"/api/assignments/{add_sale(shared_database)}/return"
    refused = send(api, path, RETURN | {"note": "x" * (limit + 1)})
    assert (refused.status, refused.fields) == (400, ["note"])
    assert str(limit) in refused.json["errors"][0]["allowed"]
    assert send(api, path, RETURN | {"note": "x" * limit}).status == 200


FILE = {
    "url": "https://files.example.com/call.mp3",
    "sha256": "ab" * 32,
    "bytes": 2048,
    "media_type": "audio/mpeg",
}
KEPT = {key: value for key, value in FILE.items() if key != "url"} | {"reference": FILE["url"]}


def test_files_come_with_a_return_and_are_shown_with_it(api: Api, sale: int) -> None:
    answer = send(api, f"/api/assignments/{sale}/return", RETURN | {"evidence": [FILE]})
    assert (answer.status, answer.json["return"]["evidence"]) == (200, [KEPT])
    shown = api.get(f"/api/assignments/{sale}", X_API_Key=BUYER_KEY)
    assert shown.json["return"]["evidence"] == [KEPT]


@pytest.mark.parametrize(
    ("evidence", "field"),
    [
        ({}, "evidence"),
        ("https://files.example.com/call.mp3", "evidence"),
        ([FILE] * 11, "evidence"),
        ([7], "evidence[0]"),
        ([FILE | {"url": "http://files.example.com/call.mp3"}], "evidence[0].url"),
        ([FILE | {"url": "https://user:secret@files.example.com/call.mp3"}], "evidence[0].url"),
        ([FILE | {"url": f"https://a.example/{'x' * 2_000}"}], "evidence[0].url"),
        ([FILE | {"url": "https://a.example/\u202e"}], "evidence[0].url"),
        ([FILE | {"bytes": 10**12}], "evidence[0].bytes"),
        ([FILE | {"bytes": True}], "evidence[0].bytes"),
        ([FILE | {"sha256": "x"}], "evidence[0].sha256"),
        ([FILE, FILE | {"media_type": "text/html;charset=x"}], "evidence[1].media_type"),
        ([FILE | {"key": "a"}], "evidence[0]"),
        ([FILE | {"path": "/etc/passwd"}], "evidence[0]"),
    ],
)
def test_what_is_no_file_is_refused_by_its_field(api: Api, sale: int, evidence: Any, field: str) -> None:
    answer = send(api, f"/api/assignments/{sale}/return", RETURN | {"evidence": evidence})
    assert (answer.status, answer.fields) == (400, [field])
    assert "secret" not in json.dumps(answer.json)
    assert api.get(f"/api/assignments/{sale}", X_API_Key=BUYER_KEY).json["return"] is None


def test_the_limits_of_a_file_are_the_database_s(api: Api, shared_database: psycopg.Connection) -> None:
    schema = make_schemas()["EvidenceFile"]["properties"]
    longest = f"https://a.example/{'x' * (schema['url']['maxLength'] - 18)}"
    fitting = FILE | {"url": longest, "bytes": schema["bytes"]["maximum"]}
    path = f"/api/assignments/{add_sale(shared_database)}/return"
    for field, value in (("url", f"{longest}x"), ("bytes", schema["bytes"]["maximum"] + 1)):
        refused = send(api, path, RETURN | {"evidence": [fitting | {field: value}]})
        assert (refused.status, refused.fields) == (400, [f"evidence[0].{field}"])
    most = make_schemas()["Return"]["properties"]["evidence"]["maxItems"]
    files = [fitting | {"sha256": f"{n:064x}"} for n in range(most)]
    assert len(send(api, path, RETURN | {"evidence": files}).json["return"]["evidence"]) == most


def test_a_note_may_be_left_out_or_null(api: Api, shared_database: psycopg.Connection) -> None:
    for body in ({"reason": "duplicate"}, {"reason": "duplicate", "note": None}):
        sale = add_sale(shared_database)
        assert send(api, f"/api/assignments/{sale}/return", body).status == 200


def test_the_reasons_are_listed(api: Api) -> None:
    answer = api.get("/api/return-reasons")
    assert answer.status == 200
    codes = [reason["code"] for reason in answer.json]
    assert "wrong_number" in codes
    assert all(reason["description"] for reason in answer.json)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"duplicate"',
        b'{"reason": "duplicate", "reason": "other"}',
        b'{"reason": "duplicate", "note": "\\u0000"}',
        b'{"reason": "duplicate", "note": "\xff"}',
        b'{"reason": "duplicate", "note": "\\ud800"}',
        b'{"reason": 7}',
        b'{"reason": ["duplicate"]}',
        b'{"reason": null}',
        b'{"reason": ""}',
        b'{"reason": "no such reason"}',
        b'{"reason": "Duplicate"}',
        b'{"note": "x"}',
        b"{}",
        b'{"reason": "duplicate", "note": 1}',
        b'{"reason": "duplicate", "note": ' + b"[" * 2_000 + b"]" * 2_000 + b"}",
        b'{"reason": "duplicate", "note": "' + b"x" * 501 + b'"}',
        b'{"reason": "duplicate", "reson": "x"}',
        b'{"reason": "duplicate", "n\\u0000": "x"}',
    ],
)
def test_a_return_that_is_malformed_changes_nothing(api: Api, sale: int, body: bytes) -> None:
    answer = send(api, f"/api/assignments/{sale}/return", body)
    assert answer.status == 400
    assert len(answer.fields) == 1
    assert api.get(f"/api/assignments/{sale}", X_API_Key=BUYER_KEY).json["outcome"] == "pending"


def test_an_unknown_field_is_named_with_those_there_are(api: Api, sale: int) -> None:
    answer = send(api, f"/api/assignments/{sale}/return", {"reason": "duplicate", "notes": "x"})
    assert (answer.status, answer.fields) == (400, ["notes"])
    assert answer.json["errors"][0]["allowed"] == "reason, note, evidence"


def test_an_unknown_reason_is_answered_with_those_there_are(api: Api, sale: int) -> None:
    answer = send(api, f"/api/assignments/{sale}/return", {"reason": "dupe"})
    assert (answer.status, answer.fields) == (400, ["reason"])
    assert "wrong_number" in answer.json["errors"][0]["allowed"]


def test_to_accept_no_body_is_needed_and_nothing_is_in_it(api: Api, sale: int) -> None:
    path = f"/api/assignments/{sale}/accept"
    assert send(api, path, {"note": "fine"}).fields == ["note"]
    assert send(api, path, b"x=1", Content_Type="application/x-www-form-urlencoded").status == 415
    assert send(api, path, b"[]").status == 400
    assert send(api, path, {}).json["outcome"] == "accepted"


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_another_type_is_refused(api: Api, sale: int, content_type: str) -> None:
    answer = send(api, f"/api/assignments/{sale}/return", RETURN, Content_Type=content_type)
    assert (answer.status, answer.fields) == (415, ["Content-Type"])


@pytest.mark.parametrize("answer_to", ["accept", "return"])
def test_a_body_that_is_too_long_or_compressed_is_refused(api: Api, sale: int, answer_to: str) -> None:
    path = f"/api/assignments/{sale}/{answer_to}"
    assert send(api, path, b'{"note": "' + b"x" * 65_536 + b'"}').status == 413
    assert send(api, path, iter([b" " * 40_000, b" " * 40_000])).status == 413
    assert send(api, path, RETURN, Content_Encoding="gzip").status == 415


@pytest.mark.parametrize("number", NO_SALE)
def test_what_is_no_sale_is_not_found(api: Api, number: str) -> None:
    for answer in (
        api.get(f"/api/assignments/{number}", X_API_Key=BUYER_KEY),
        send(api, f"/api/assignments/{number}/accept"),
        send(api, f"/api/assignments/{number}/return", RETURN),
    ):
        answer.check_problem()
        assert answer.status == 404


def test_anothers_sale_is_no_sale(api: Api, sale: int) -> None:
    missing = api.get("/api/assignments/0", X_API_Key=OTHER_BUYER_KEY).json["detail"]
    for answer in (
        api.get(f"/api/assignments/{sale}", X_API_Key=OTHER_BUYER_KEY),
        send(api, f"/api/assignments/{sale}/accept", X_API_Key=OTHER_BUYER_KEY),
        send(api, f"/api/assignments/{sale}/return", RETURN, X_API_Key=OTHER_BUYER_KEY),
    ):
        answer.check_problem()
        assert (answer.status, answer.json["detail"]) == (404, missing)
    assert api.get(f"/api/assignments/{sale}", X_API_Key=BUYER_KEY).json["outcome"] == "pending"


def test_answers_at_once_are_one_answer(api: Api, sale: int, shared_database: psycopg.Connection) -> None:
    path = f"/api/assignments/{sale}"

    def answer(number: int) -> Answer:
        return send(api, f"{path}/accept") if number % 2 else send(api, f"{path}/return", RETURN)

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(answer, range(32)))
    assert {one.status for one in answers} <= {200, 409}
    assert [one.status for one in answers[::2]] == [200] * 16, "what is accepted may still be returned"
    assert api.get(path, X_API_Key=BUYER_KEY).json["outcome"] == "returned"
    query = "select count(*) from leadgen.sale_returns where assignment_id = %s"
    assert shared_database.execute(query, [sale]).fetchone() == (1,)


# Keys (FAULTS 8)

BAD_KEYS: dict[str, dict[str, str]] = {
    "missing": {},
    "wrong": {"Authorization": "Bearer lg_wrong"},
    "wrong X-API-Key": {"X_API_Key": "lg_wrong"},
    "revoked": {"X_API_Key": REVOKED_BUYER_KEY},
    "a source's": {"X_API_Key": SOURCE_KEY},
    "an operator's": {"X_API_Key": OPERATOR_KEY},
    "another scheme": {"Authorization": f"Basic {BUYER_KEY}"},
    "no scheme": {"Authorization": BUYER_KEY},
    "empty": {"X_API_Key": ""},
    "10 kB": {"X_API_Key": "k" * 10_240},
}
ROUTES = [("GET", ""), ("POST", "/accept"), ("POST", "/return")]


def call_as(api: Api, name: str, method: str, path: str) -> Answer:
    body = json.dumps(RETURN).encode() if path.endswith("return") else None
    return api.request(method, path, body, **{"Content_Type": "application/json"} | BAD_KEYS[name])


@pytest.mark.parametrize(("method", "route"), ROUTES)
def test_every_bad_key_gets_the_same_answer(api: Api, sale: int, method: str, route: str) -> None:
    paths = [f"/api/assignments/{number}{route}" for number in (sale, 999_999_999, 2**70)]
    answers = [call_as(api, name, method, path) for name in BAD_KEYS for path in paths]
    assert {answer.status for answer in answers} == {401}
    assert {answer.headers["WWW-Authenticate"] for answer in answers} == {"Bearer"}
    assert all(answer.said == answers[0].said for answer in answers)
    assert len({len(answer.body) for answer in answers}) == 1


def test_every_bad_key_takes_about_the_same_time(api: Api, sale: int) -> None:
    path = f"/api/assignments/{sale}"
    check_same_time({name: partial(call_as, api, name, "GET", path) for name in BAD_KEYS})


def test_two_different_keys_are_ambiguous(api: Api, sale: int) -> None:
    answer = api.get(
        f"/api/assignments/{sale}", X_API_Key=BUYER_KEY, Authorization=f"Bearer {OTHER_BUYER_KEY}"
    )
    assert (answer.status, answer.fields) == (400, ["Authorization, X-API-Key"])


def test_a_buyers_key_opens_nothing_else(api: Api, sale: int, shared_database: psycopg.Connection) -> None:
    query = "select lead_id from leadgen.lead_assignments where id = %s"
    row = shared_database.execute(query, [sale]).fetchone()
    assert row
    assert api.get(f"/api/leads/{row[0]}/decision", X_API_Key=BUYER_KEY).status == 401
    assert api.post({"source_key": "partner-austin"}, X_API_Key=BUYER_KEY).status == 401


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/assignments", 404),
        ("GET", "/api/assignments/x", 404),
        ("GET", "/api/assignments/1%00", 404),
        ("DELETE", "/api/assignments/1", 405),
        ("GET", "/api/assignments/1/accept", 405),
        ("GET", "/api/assignments/1/return", 405),
        ("POST", "/api/return-reasons", 405),
    ],
)
def test_what_is_not_there_is_a_problem(api: Api, method: str, path: str, status: int) -> None:
    answer = api.request(method, path, X_API_Key=BUYER_KEY)
    answer.check_problem()
    assert answer.status == status


REPORT = {"stage": "won", "happened_at": None, "value": "1200.50", "stars": 4, "comment": "A good one."}


def test_what_came_of_a_lead_is_reported(api: Api, sale: int, shared_database: psycopg.Connection) -> None:
    path = f"/api/assignments/{sale}/outcome"
    for _ in range(2):
        answer = send(api, path, REPORT)
        assert answer.status == 200, answer.body
        assert answer.headers["Cache-Control"] == "no-store"
        reported = answer.json["reported"]
        assert (reported["stage"], reported["value"], reported["stars"]) == ("won", "1200.50", 4)
        assert reported["reports"] == 1, "the same report again is the same report"
    query = (
        "select stage, value::text, stars, comment, via from leadgen.outcome_reports where assignment_id = %s"
    )
    assert shared_database.execute(query, [sale]).fetchall() == [("won", "1200.50", 4, "A good one.", "api")]
    shown = api.get(f"/api/assignments/{sale}", X_API_Key=BUYER_KEY)
    assert shown.json["reported"] == reported
    assert send(api, path, {"stage": "lost"}).json["reported"]["stage"] == "lost"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "stage"),
        ({"stage": "sold"}, "stage"),
        ({"stage": "won", "when": "now"}, "when"),
        ({"stage": "won", "happened_at": "2999-01-01"}, "happened_at"),
        ({"stage": "contacted", "value": 5}, "value"),
        ({"stage": "won", "value": 1e39}, "value"),
        ({"stars": 6}, "stars"),
        ({"comment": "x" * 501}, "comment"),
        ([], "body"),
    ],
)
def test_what_cannot_be_reported_is_refused_by_field(api: Api, sale: int, body: Any, field: str) -> None:
    refused = send(api, f"/api/assignments/{sale}/outcome", body)
    refused.check_problem()
    assert (refused.status, refused.fields) == (400, [field])


def test_only_its_buyer_reports_of_a_sale(api: Api, sale: int) -> None:
    path = f"/api/assignments/{sale}/outcome"
    assert send(api, path, {"stars": 1}, X_API_Key=OTHER_BUYER_KEY).status == 404
    assert send(api, path, {"stars": 1}, X_API_Key=REVOKED_BUYER_KEY).status == 401


def test_of_a_sale_that_was_returned_nothing_more_is_reported(api: Api, sale: int) -> None:
    path = f"/api/assignments/{sale}/outcome"
    assert send(api, path, {"stage": "contacted"}).status == 200
    assert send(api, f"/api/assignments/{sale}/return", RETURN).status == 200
    refused = send(api, path, {"stage": "won"})
    refused.check_problem()
    assert (refused.status, refused.fields) == (409, ["outcome"])
    assert send(api, path, {"stage": "contacted"}).json["reported"]["reports"] == 1, "it was said before"


def test_two_reports_at_the_same_time_are_both_summed_up(
    api: Api, sale: int, shared_database: psycopg.Connection
) -> None:
    path = f"/api/assignments/{sale}/outcome"
    with ThreadPoolExecutor(8) as pool:
        bodies = [{"stars": n % 5 + 1, "comment": f"{n}"} for n in range(8)]
        assert {answer.status for answer in pool.map(partial(send, api, path), bodies)} == {200}
    query = """
        select reports, market.sum_up_reports(o.assignment_id) = o
        from leadgen.reported_outcomes o where assignment_id = %s"""
    assert shared_database.execute(query, [sale]).fetchall() == [(8, True)]
