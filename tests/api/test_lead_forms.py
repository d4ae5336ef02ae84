"""POST /api/leads by a plain HTML form, and from a page with a script: what a visitor sees, and where it goes."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from urllib.parse import urlencode, urlsplit

import psycopg
import pytest
from playwright.sync_api import Page

from api.serving import Answer, Api, make_lead
from leadgen.paths import checkout
from rig.catalogue import insert
from rig.chromium import needs_chromium, running_chromium

URL_ENCODED = "application/x-www-form-urlencoded"
BOUNDARY = "----WebKitFormBoundary7MA4YWxkTrZu0gW"
SUCCESS = "https://page.example/thanks?from=form#top"
FAILURE = "https://page.example/quote?step=2#form"

PART = b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\n'
# The page stands on the internet, and the API of a test on this machine.
FROM_OUTSIDE = "--disable-features=LocalNetworkAccessChecks"

_numbers = count(1)


@dataclass
class Source:
    """A landing page of the API's offer."""

    database: psycopg.Connection
    key: str

    def latest(self) -> dict[str, object]:
        """Its last lead."""
        row = self.database.execute(
            "select to_jsonb(l) from leadgen.leads l join leadgen.sources s on s.id = l.source_id "
            "where s.source_key = %s order by l.id desc limit 1",
            [self.key],
        ).fetchone()
        assert row
        return dict(row[0])


@pytest.fixture
def source(shared_database: psycopg.Connection) -> Source:
    """A source without pages of its own."""
    return add_source(shared_database)


@pytest.fixture
def site(shared_database: psycopg.Connection) -> Source:
    """A source that sends its visitors on."""
    return add_source(shared_database, SUCCESS, FAILURE)


def add_source(
    database: psycopg.Connection, success_url: str | None = None, error_url: str | None = None
) -> Source:
    key = f"form-{next(_numbers)}"
    row = database.execute(
        "select offer_id from leadgen.sources where source_key = 'austin-plumbing-v1'"
    ).fetchone()
    assert row
    insert(
        database,
        "sources",
        offer_id=row[0],
        kind="landing_page",
        name=key,
        source_key=key,
        success_url=success_url,
        error_url=error_url,
    )
    return Source(database, key)


def post(api: Api, fields: list[tuple[str, str]], **headers: str) -> Answer:
    """Post a form as browsers do."""
    sent = {"Content_Type": URL_ENCODED, "Accept": "text/html,application/xhtml+xml,*/*;q=0.8"} | headers
    return api.post(urlencode(fields).encode(), **sent)


def fill(source_key: str, *more: tuple[str, str], **changes: object) -> list[tuple[str, str]]:
    """The fields of a form that is sold."""
    lead = make_lead(source_key=source_key, **changes)
    return [*((name, str(value)) for name, value in lead.items()), *more]


def part(name: str, value: str, filename: str | None = None) -> str:
    named = f'; filename="{filename}"' if filename is not None else ""
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n{value}\r\n'


def post_parts(api: Api, *parts: str, **headers: str) -> Answer:
    body = "".join(parts) + f"--{BOUNDARY}--\r\n"
    sent = {"Content_Type": f"multipart/form-data; boundary={BOUNDARY}", "Accept": "text/html"} | headers
    return api.post(body.encode(), **sent)


def read_page(answer: Answer) -> str:
    """A page without scripts, forms and addresses."""
    assert (answer.headers["Content-Type"] or "").startswith("text/html")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    text = answer.body.decode()
    assert not re.search(r"<script|<form|href=|src=", text)
    return text


def test_a_visitor_goes_to_the_sources_page(api: Api, site: Source) -> None:
    answer = post(api, fill(site.key))
    assert (answer.status, answer.headers["Location"], answer.body) == (303, SUCCESS, b"")
    assert answer.headers["Cache-Control"] == "no-store"
    assert post(api, fill(site.key, name="Ann Lee")).status == 303
    assert site.latest()["name"] == "Ann Lee"


def test_a_lead_that_fails_goes_to_the_error_page_with_the_first_failure(api: Api, site: Source) -> None:
    answer = post(api, fill(site.key, postal_code="10001"))
    assert answer.status == 303
    expected = "https://page.example/quote?step=2&error=postal_code_not_allowed&field=postal_code#form"
    assert answer.headers["Location"] == expected


@pytest.mark.parametrize(
    ("more", "field"),
    [
        (("telephone", "1"), "telephone"),
        (("attributes[a][b]", "1"), "attributes"),
        (("city", "Dallas"), "city"),
    ],
)
def test_a_form_that_is_malformed_goes_to_the_error_page(
    api: Api, site: Source, more: tuple[str, str], field: str
) -> None:
    answer = post(api, fill(site.key, more))
    assert answer.status == 303
    assert answer.headers["Location"].endswith(f"?step=2&error=malformed-request&field={field}#form")


def test_without_addresses_the_visitor_sees_a_page(api: Api, source: Source) -> None:
    taken, failed = post(api, fill(source.key)), post(api, fill(source.key, postal_code="10001"))
    assert (taken.status, failed.status) == (202, 400)
    assert "Thank you" in read_page(taken)
    assert "postal_code" in read_page(failed)
    unknown = post(api, fill(source.key, ("<b>", "<i>")))
    assert unknown.status == 400
    assert "<b>" not in read_page(unknown)


@pytest.mark.parametrize("name", ["success_url", "error_url", "redirect", "next"])
def test_a_form_cannot_name_where_its_visitor_goes(api: Api, site: Source, name: str) -> None:
    answer = post(api, fill(site.key, (name, "https://evil.example/")))
    assert answer.status == 303
    assert answer.headers["Location"].startswith("https://page.example/quote?")
    assert "evil" not in answer.headers["Location"]


def test_a_form_that_no_source_claims_is_kept(api: Api) -> None:
    answer = post(api, fill("nobody"))
    assert answer.status == 422
    assert "It is kept" in read_page(answer)


def test_attributes_lists_and_words(api: Api, source: Source) -> None:
    more = [
        ("attributes[roof_age]", "12"),
        ("attributes.job_type", "leak"),
        ("attributes[rooms][]", "kitchen"),
        ("attributes[days]", "Mon"),
        ("attributes[days]", "Tue"),
        ("attributes[note]", ""),
        ("consent", "on"),
        ("message", "Two\r\nlines"),
    ]
    fields = [one for one in fill(source.key) if one[0] != "message"]
    assert post(api, [*fields, *more]).status == 202
    lead = source.latest()
    answers = {"roof_age": "12", "job_type": "leak", "rooms": ["kitchen"], "days": ["Mon", "Tue"]}
    assert lead["attributes"] == answers
    assert lead["consent"] is True
    assert lead["message"] == "Two\nlines"


def test_the_same_form_again_is_one_lead(api: Api, site: Source) -> None:
    fields = fill(site.key)
    assert [post(api, fields).headers["Location"] for _ in range(2)] == [SUCCESS, SUCCESS]


def test_a_form_in_parts(api: Api, site: Source) -> None:
    fields = [part(name, value) for name, value in fill(site.key, name="Zoë Ñúñez")]
    answer = post_parts(api, *fields, part("attributes[job_type]", "leak"), part("photo", "", ""))
    assert (answer.status, answer.headers["Location"]) == (303, SUCCESS)
    lead = site.latest()
    assert (lead["name"], lead["attributes"]) == ("Zoë Ñúñez", {"job_type": "leak"})


def test_a_file_is_refused_by_the_name_of_its_field(api: Api, source: Source) -> None:
    fields = [part(name, value) for name, value in fill(source.key)]
    answer = post_parts(api, *fields, part("photo", "GIF89a", "roof.gif"), Accept="application/json")
    assert (answer.status, answer.fields) == (400, ["photo"])


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b'{"name": "John"}', URL_ENCODED, 415),
        (b"name=%ff", URL_ENCODED, 400),
        ("name=é".encode(), URL_ENCODED, 400),
        (b"name=a", URL_ENCODED + "; charset=iso-8859-1", 415),
        (b"&".join(b"a%d=1" % n for n in range(300)), URL_ENCODED, 400),
        (b"nothing", "multipart/form-data; boundary=x", 400),
        (b"nothing", "multipart/form-data", 400),
        (PART + b"\xff\r\n--x--\r\n", "multipart/form-data; boundary=x", 400),
        (PART + b"cut", "multipart/form-data; boundary=x", 400),
        (b"name=" + b"a" * 70_000, URL_ENCODED, 413),
    ],
)  # fmt: skip
def test_what_is_no_form(api: Api, body: bytes, kind: str, status: int) -> None:
    """A program hears what is wrong, a visitor sees a page."""
    told = api.post(body, Content_Type=kind, Accept="application/json")
    told.check_problem()
    shown = api.post(body, Content_Type=kind)
    assert (told.status, shown.status) == (status, status)
    read_page(shown)


def test_a_program_that_posts_a_form_gets_json(api: Api, site: Source) -> None:
    sold = post(api, fill(site.key), Accept="application/json")
    assert (sold.status, sold.json["outcome"]) == (202, "sold")
    failed = post(api, fill(site.key, postal_code="10001"), Accept="application/json")
    assert (failed.status, failed.json["detail"]["outcome"]) == (400, "rejected")


def test_a_page_is_told_neither_buyer_nor_price(api: Api, source: Source) -> None:
    answer = api.post(make_lead(source_key=source.key)).json
    assert (answer["outcome"], answer["buyer_id"], answer["price"], answer["total_price"]) == (
        "sold",
        None,
        None,
        None,
    )


def test_a_nul_and_half_a_pair_are_mended_as_in_json(api: Api, source: Source) -> None:
    fields = [one for one in fill(source.key) if one[0] != "message"]
    assert post(api, [*fields, ("message", "a\x00b")]).status == 202
    assert source.latest()["message"] == "a\ufffdb"


def test_every_origin_may_call_and_read_when_to_come_back(api: Api) -> None:
    asked = {
        "Origin": "https://page.example",
        "Access_Control_Request_Method": "POST",
        "Access_Control_Request_Headers": "content-type,idempotency-key",
    }
    assert api.request("OPTIONS", "/api/leads", **asked).headers["Access-Control-Allow-Origin"] == "*"
    answer = api.post(make_lead(), Origin="https://page.example")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Expose-Headers"] == "retry-after, x-request-id"


@pytest.fixture
def browser_page() -> Iterator[Page]:
    with running_chromium(FROM_OUTSIDE) as running:
        yield running.new_page()


def read_snippets() -> list[str]:
    text = ((checkout() or pytest.fail("no checkout")) / "docs/senders.md").read_text(encoding="utf-8")
    return re.findall(r"```html\n(.*?)```", text, re.DOTALL)


def open_snippet(page: Page, html: str, api: Api, source_key: str) -> None:
    """A page of page.example with the snippet, as a visitor fills it in."""
    pasted = html.replace("https://leads.example", f"http://127.0.0.1:{api.port}")
    pasted = pasted.replace("austin-plumbing-v1", source_key)
    site = {"/quote": f"<!doctype html><meta charset=utf-8>{pasted}", "/thanks": "<h1>Thanks</h1>"}
    page.route(
        "https://page.example/**",
        lambda route: route.fulfill(content_type="text/html", body=site[urlsplit(route.request.url).path]),
    )
    page.goto("https://page.example/quote")
    lead = make_lead()
    for name in ("name", "email", "phone", "postal_code"):
        page.fill(f"[name={name}]", str(lead[name]))


@needs_chromium
def test_the_form_of_the_docs(api: Api, site: Source, browser_page: Page) -> None:
    open_snippet(browser_page, read_snippets()[0], api, site.key)
    browser_page.check("[name='attributes[rooms][]'][value=kitchen]")
    browser_page.check("[name=consent]")
    browser_page.click("button")
    browser_page.wait_for_url("https://page.example/thanks**")
    lead = site.latest()
    assert json.dumps(lead["attributes"], sort_keys=True) == '{"job_type": "leak", "rooms": ["kitchen"]}'
    assert lead["consent"] is True


@needs_chromium
def test_the_script_of_the_docs(api: Api, source: Source, browser_page: Page) -> None:
    open_snippet(browser_page, read_snippets()[1], api, source.key)
    browser_page.click("button")
    browser_page.locator("#said", has_text="Thank you").wait_for()
    assert source.latest()["landing_url"] == "https://page.example/quote"
