"""GET /api/form-token, and the page of docs/keep-bots-out.md in a browser."""

import re
from collections.abc import Iterator
from itertools import count

import psycopg
import pytest
from playwright.sync_api import Page

from api.serving import Answer, Api, make_lead
from api.test_lead_forms import FROM_OUTSIDE, open_snippet
from leadgen.paths import checkout
from rig.catalogue import Catalogue
from rig.chromium import needs_chromium, running_chromium

_numbers = count(1)

PAGE = "docs/keep-bots-out.md"
RULES = {"form_token": {"max_minutes": 60}, "honeypot": "company_fax", "duplicate_window_hours": 0}


@pytest.fixture
def source_key(shared_database: psycopg.Connection) -> str:
    """The page of an offer that asks for a token and has a honeypot."""
    key = f"guarded-{next(_numbers)}"
    Catalogue(shared_database, timezone="America/Chicago").add_offer({}, RULES, source_key=key)
    return key


def codes_of(answer: Answer) -> list[str]:
    return [error["code"] for error in answer.json["detail"]["errors"]]


def test_a_page_gets_a_token(api: Api) -> None:
    answer = api.get("/api/form-token?source_key=austin-plumbing-v1", Origin="https://page.example")
    assert answer.status == 200
    assert answer.json.keys() == {"form_token", "issued_at"}
    assert re.fullmatch(r"v1\.\d{13}\.[\w-]{43}", answer.json["form_token"])
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    ("query", "status", "fields"),
    [
        ("", 400, ["source_key"]),
        ("?source_key=", 400, ["source_key"]),
        ("?source_key=nobody", 404, ["source_key"]),
        ("?source_key=%00", 404, ["source_key"]),
        ("?source_key=%ff%fe", 404, ["source_key"]),
        (f"?source_key={'x' * 5000}", 404, ["source_key"]),
    ],
)
def test_there_is_no_token_of_no_source(api: Api, query: str, status: int, fields: list[str]) -> None:
    answer = api.get(f"/api/form-token{query}")
    assert (answer.status, answer.fields) == (status, fields)


def test_the_rules_judge_a_form(api: Api, source_key: str) -> None:
    token = api.get(f"/api/form-token?source_key={source_key}").json["form_token"]
    other = api.get("/api/form-token?source_key=austin-plumbing-v1").json["form_token"]
    assert api.post(make_lead(source_key=source_key, form_token=token)).status == 202
    assert codes_of(api.post(make_lead(source_key=source_key))) == ["form_token_missing"]
    assert codes_of(api.post(make_lead(source_key=source_key, form_token=other))) == ["form_token_invalid"]
    assert codes_of(api.post(make_lead(source_key=source_key, form_token="x" * 300))) == [
        "form_token_invalid"
    ]
    filled = make_lead(source_key=source_key, form_token=token, attributes={"company_fax": "spam"})
    assert codes_of(api.post(filled)) == ["honeypot_filled"]


@needs_chromium
def test_the_page_of_the_documentation_works(
    api: Api, shared_database: psycopg.Connection, source_key: str, browser_page: Page
) -> None:
    text = ((checkout() or pytest.fail("no checkout")) / PAGE).read_text(encoding="utf-8")
    (html,) = re.findall(r"```html\n(.*?)```", text, re.DOTALL)
    with browser_page.expect_response("**/api/form-token*"):
        open_snippet(browser_page, html, api, source_key)
    browser_page.wait_for_function("document.getElementById('quote').elements.form_token.value !== ''")
    for label, value in (
        ("Name", "Ann Smith"),
        ("Email", "ann@example.com"),
        ("Phone", "737 200 0000"),
        ("ZIP", "78701"),
    ):
        browser_page.get_by_label(label, exact=True).fill(value)
    browser_page.get_by_role("button").click()
    browser_page.wait_for_url("**/api/leads")
    row = shared_database.execute(
        "select (l.signals).form_status, l.validation_reason, l.attributes from leadgen.leads l "
        "join leadgen.sources s on s.id = l.source_id where s.source_key = %s",
        [source_key],
    ).fetchone()
    assert row == ("valid", None, {})


@pytest.fixture
def browser_page() -> Iterator[Page]:
    with running_chromium(FROM_OUTSIDE) as running:
        yield running.new_page()
