"""No input ever gives a 5xx, whatever the body and the headers."""

import json
from typing import Any
from urllib.parse import urlencode

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.serving import BUYER_KEY, SOURCE_KEY, Answer, Api, make_lead
from leadgen.app.openapi.models import Lead

STATUSES = {202, 400, 401, 403, 413, 415, 422}

relaxed = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

texts = st.text(max_size=300)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
values = st.recursive(
    scalars, lambda v: st.lists(v, max_size=5) | st.dictionaries(texts, v, max_size=5), max_leaves=20
)
ODD_TEXTS = [
    "", " ", "\x00", "\r\n", "\u202e", "\ud800", "'; drop table leads; --", "%s", "{0}", "-0", "0",
    "1e400", "NaN", "a@b", "@", "a@[::1]", "a@" + "x." * 100 + "example", "+", "+1", "00", "+999" * 4,
    "()" * 10, "99999", "infinity", "\u0667\u0668\u0667\u0660\u0661", "\uff21\uff22", "ß@ß.ß", "xn--",
    "xn--a@xn--b.xn--", "http://", "https://[", "2026-02-30T00:00:00Z", "294277-01-01", "4714-01-01 BC",
    "9999999-01-01T00:00:00Z", "epoch", "now", "allballs", "24:00", "https://x:99999999/",
    "javascript:alert(1)", "//x", "http://%00/",
]  # fmt: skip
odd_texts = st.sampled_from(ODD_TEXTS)
answers = st.fixed_dictionaries(
    {}, optional={"reason": odd_texts | values, "note": odd_texts | texts | values}
).map(lambda v: json.dumps(v).encode())
FORM = "application/x-www-form-urlencoded"
changes = st.dictionaries(
    st.sampled_from(sorted(Lead.__struct_fields__)), odd_texts | texts | values, max_size=6
)
headers = st.dictionaries(
    st.sampled_from(
        [
            "Origin",
            "Referer",
            "User_Agent",
            "X_Forwarded_For",
            "Idempotency_Key",
            "X_API_Key",
            "Authorization",
        ]
    ),
    st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=200),
    max_size=4,
)


def check(answer: Answer) -> None:
    assert answer.status in STATUSES, answer
    if answer.status == 202:
        assert answer.json["status"] == "accepted"
    elif answer.headers["Content-Type"] == "application/json":
        assert answer.status == 400
        assert answer.json["detail"]["errors"]
    else:
        answer.check_problem()


@relaxed
@given(body=st.binary(max_size=2_000) | values.map(lambda v: json.dumps(v).encode()))
def test_any_body(api: Api, body: bytes) -> None:
    check(api.post(body))


@relaxed
@given(changes=changes)
def test_any_lead(api: Api, changes: dict[str, Any]) -> None:
    check(api.post(make_lead() | changes))


@settings(relaxed, max_examples=100)  # as many leads as test_any_lead sends
@given(
    leads=st.lists(
        values | changes.map(lambda lead: make_lead(source_key=None) | lead), min_size=1, max_size=6
    )
)
def test_any_batch(api: Api, leads: list[Any]) -> None:
    headers = {"X_API_Key": SOURCE_KEY, "Content_Type": "application/json"}
    answer = api.request("POST", "/api/leads/batch", json.dumps({"leads": leads}).encode(), **headers)
    assert answer.status == 200
    assert {one["status"] for one in answer.json["leads"]} <= STATUSES
    assert len(answer.json["leads"]) == len(leads)


@relaxed
@given(headers=headers, with_key=st.booleans())
def test_any_headers(api: Api, headers: dict[str, str], with_key: bool) -> None:
    key = {"X_API_Key": SOURCE_KEY} if with_key else {}
    check(api.post(make_lead(source_key=None), **headers | key))


@relaxed
@given(path=st.text(st.characters(codec="ascii", exclude_characters="\x00?#"), max_size=50))
def test_any_path(api: Api, path: str) -> None:
    quoted = "".join(c if c.isalnum() or c in "/-._~" else f"%{ord(c):02x}" for c in path)
    part = quoted.replace("/", "")
    for place in (
        f"/{quoted}",
        f"/api/leads/{part}/decision",
        f"/api/assignments/{part}",
        f"/answers/{part}",
    ):
        assert api.get(place).status < 500


@relaxed
@given(body=st.binary(max_size=500) | values.map(lambda v: json.dumps(v).encode()) | answers)
def test_any_answer(api: Api, body: bytes) -> None:
    headers = {"X_API_Key": BUYER_KEY, "Content_Type": "application/json"}
    for place in ("/api/assignments/999999999/return", "/api/assignments/999999999/accept"):
        answer = api.request("POST", place, body, **headers)
        answer.check_problem()
        assert answer.status in (400, 404), answer


@relaxed
@given(
    body=st.binary(max_size=500)
    | st.dictionaries(texts, texts, max_size=4).map(lambda v: urlencode(v, errors="replace").encode()),
    kind=st.sampled_from([FORM, "multipart/form-data; boundary=x", "text/plain"]),
)
def test_any_form(api: Api, body: bytes, kind: str) -> None:
    assert api.request("POST", "/answers/x", body, Content_Type=kind).status in (400, 404, 415)
