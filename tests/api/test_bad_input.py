"""Bad input over HTTP: FAULTS 4, 5, 6, 8. One clear error each, and no lead; what was refused can be found."""

import gzip
from collections.abc import Iterator
from functools import partial

import psycopg
import pytest

from api.serving import OPERATOR_KEY, REVOKED_KEY, SOURCE_KEY, Answer, Api, check_same_time, make_lead

HEAD = b"POST /api/leads HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@pytest.fixture(autouse=True)
def _no_lead_is_stored(shared_database: psycopg.Connection) -> Iterator[None]:
    query = """
        select (select count(*) from leadgen.leads),
          (select count(*) from leadgen.intake_quarantine where failed_step <> 'malformed')"""
    before = shared_database.execute(query).fetchone()
    yield
    assert shared_database.execute(query).fetchone() == before


# Idempotency keys (4)


@pytest.mark.parametrize("key", ["", "   ", "k" * 129, "k" * 10_240, "a\x01b", "a\tb", "a\x7fb", "a\x85b"])
def test_a_bad_key_in_the_header_is_refused(api: Api, key: str) -> None:
    answer = api.send(HEAD + b"Content-Length: 2\r\nIdempotency-Key: " + key.encode() + b"\r\n\r\n{}")
    assert answer.status == 400
    if "\x01" not in key and "\x7f" not in key:  # those two the server refuses before the application
        assert answer.fields == ["Idempotency-Key"]


def test_two_keys_in_headers_are_refused(api: Api) -> None:
    answer = api.send(HEAD + b"Content-Length: 2\r\nIdempotency-Key: a\r\nIdempotency-Key: a\r\n\r\n{}")
    assert (answer.status, answer.fields) == (400, ["Idempotency-Key"])


@pytest.mark.parametrize("key", ["k" * 129, "k" * 10_240, "a\x01b", "a\nb", "a\x7fb"])
def test_a_bad_key_in_the_body_is_refused(api: Api, key: str) -> None:
    answer = api.post(make_lead(idempotency_key=key))
    assert (answer.status, answer.fields) == (400, ["idempotency_key"])


def test_keys_that_differ_between_header_and_body_are_refused(api: Api) -> None:
    answer = api.post(make_lead(idempotency_key="a"), Idempotency_Key="b")
    assert (answer.status, answer.fields) == (400, ["idempotency_key"])


# JSON (5); what counts as such is tested closely in test_json_text.py


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"null", "body"),
        (b"[]", "body"),
        (b'"x"', "body"),
        (b"{", "body"),
        (b"{} x", "body"),
        (b"{'a': 1}", "body"),
        (b"\xef\xbb\xbf{}", "body"),
        ("{}".encode("utf-16"), "body"),
        (b'{"name": "J\xf6rg"}', "body"),
        (b'{"name": "\xed\xa0\x80"}', "body"),
        (b"[" * 30_000 + b"]" * 30_000, "body"),
        (b'{"a":' * 1_200 + b"1" + b"}" * 1_200, "body"),
        (b'{"attributes": {"a\\u0000b": 1}}', "attributes.a?b"),
        (b'{"\\ud800": 1}', "?"),
        (b'{"name": "John", "name": "Jane"}', "name"),
        (b'{"attributes": {"a": 1, "a": 2}}', "attributes.a"),
        (b'{"attributes": {"n": 1e130000}}', "attributes.n"),
        (b'{"attributes": {"n": ' + b"9" * 5_000 + b"}}", "attributes.n"),
        (b'{"attributes": {"n": NaN}}', "attributes.n"),
        (b'{"attributes": {"n": -Infinity}}', "attributes.n"),
        (b'{"name": [5]}', "name"),
        (b'{"attributes": [1]}', "attributes"),
        (b'{"consent_at": "yesterday"}', "consent_at"),
    ],
)
def test_a_malformed_body_is_refused(api: Api, body: bytes, field: str) -> None:
    answer = api.post(body)
    assert (answer.status, answer.fields) == (400, [field])


def test_what_is_refused_is_kept_with_the_answer(api: Api, shared_database: psycopg.Connection) -> None:
    answer = api.post(b'{"source_key": "austin-plumbing-v1", "email": "kept@example.com", "telephone": 1}')
    answer.check_problem()
    query = "select payload ->> 'email', answered ->> 'detail' from leadgen.intake_quarantine where id = %s"
    row = shared_database.execute(query, (answer.json["quarantine_id"],)).fetchone()
    assert row == ("kept@example.com", answer.json["detail"])
    body = b'{"source_key": "austin-plumbing-v1", "message": "' + b"x" * 70_000 + b'"}'
    cut = api.post(body)
    assert cut.status == 413
    query = "select cut_bytes from leadgen.intake_quarantine where id = %s"
    assert shared_database.execute(query, (cut.json["quarantine_id"],)).fetchone() == (len(body) - 65_536,)


def test_what_is_refused_of_nobody_is_not_kept(api: Api) -> None:
    answer = api.post(b'{"telephone": 1}', X_API_Key="nobody's")
    assert answer.status in (400, 401)
    assert "quarantine_id" not in answer.json


# Size and type (6)


def test_a_body_of_64_kb_is_read_and_one_byte_more_is_not(api: Api) -> None:
    body = b'{"telephone": "' + b"x" * 65_520
    assert api.post(body + b'"}').status == 413
    assert api.post(body[:-1] + b'"}').fields == ["telephone"]


def test_an_announced_size_is_refused_before_the_body_is_sent(api: Api) -> None:
    answer = api.send(HEAD + b"Content-Length: 9999999999\r\n\r\n")
    assert (answer.status, answer.fields) == (413, ["body"])


def test_a_chunked_body_is_bounded_too(api: Api) -> None:
    chunk = b"1000\r\n" + b" " * 0x1000 + b"\r\n"
    answer = api.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 17)  # and no end
    assert (answer.status, answer.fields) == (413, ["body"])


def test_a_chunked_body_within_bounds_is_read(api: Api) -> None:
    assert api.post(
        iter([b'{"tele', b'phone": 1}']),
    ).fields == ["telephone"]


@pytest.mark.parametrize("encoding", ["gzip", "br", "identity", ""])
def test_a_compressed_body_is_refused(api: Api, encoding: str) -> None:
    answer = api.post(gzip.compress(b"{}"), Content_Encoding=encoding)
    assert (answer.status, answer.fields) == (415, ["Content-Encoding"])
    assert answer.headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/json",
        "text/plain",
        "application/json; charset=latin-1",
        "application/json; charset=utf-16",
        "application/jsonp",
        "json",
    ],
)
def test_another_type_is_refused(api: Api, content_type: str) -> None:
    answer = api.post(b"{}", Content_Type=content_type)
    assert (answer.status, answer.fields) == (415, ["Content-Type"])


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json; charset=utf-8",
        "application/json; charset=utf8",
        'Application/JSON;charset="UTF-8"',
        "application/ld+json",
        "application/json; v=1",
    ],
)
def test_json_has_many_names(api: Api, content_type: str) -> None:
    assert api.post(b'{"telephone": 1}', Content_Type=content_type).fields == ["telephone"]


# Keys (8)

BAD_KEYS: dict[str, dict[str, str]] = {
    "missing": {},
    "wrong": {"Authorization": "Bearer lg_wrong"},
    "wrong X-API-Key": {"X_API_Key": "lg_wrong"},
    "revoked": {"X_API_Key": REVOKED_KEY},
    "an operator's": {"X_API_Key": OPERATOR_KEY},
    "another scheme": {"Authorization": f"Basic {SOURCE_KEY}"},
    "no scheme": {"Authorization": SOURCE_KEY},
    "no token": {"Authorization": "Bearer "},
    "empty": {"X_API_Key": ""},
    "not ASCII": {"X_API_Key": "schlüssel"},
    "10 kB": {"X_API_Key": "k" * 10_240},
}


def post_as(api: Api, name: str) -> Answer:
    return api.post(make_lead(source_key="partner-austin"), **BAD_KEYS[name])


def test_every_bad_key_gets_the_same_answer(api: Api) -> None:
    answers = {name: post_as(api, name) for name in BAD_KEYS}
    assert {answer.status for answer in answers.values()} == {401}
    assert {answer.headers["WWW-Authenticate"] for answer in answers.values()} == {"Bearer"}
    assert len({str(answer.said) for answer in answers.values()}) == 1
    assert len({len(answer.body) for answer in answers.values()}) == 1


def test_every_bad_key_takes_about_the_same_time(api: Api) -> None:
    check_same_time({name: partial(post_as, api, name) for name in BAD_KEYS})


# Everything else that is not a route


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/api/leads/x/decision", 404),
        ("GET", "/api/leads/1%00/decision", 404),
        ("GET", "/%ff%fe", 404),
        ("GET", "/api/leads", 405),
        ("DELETE", "/api/leads", 405),
        ("POST", "/api/leads/1/decision", 405),
        ("POST", "/health/live", 405),
    ],
)
def test_what_is_not_there_is_a_problem_too(api: Api, method: str, path: str, status: int) -> None:
    answer = api.request(method, path)
    answer.check_problem()
    assert answer.status == status
    assert ("Allow" in answer.headers) == (status == 405)


def test_an_odd_host_header_is_refused(api: Api) -> None:
    answer = api.send(b"GET /health/live HTTP/1.1\r\nHost: <x>\r\n\r\n")
    answer.check_problem()
    assert answer.status == 400
