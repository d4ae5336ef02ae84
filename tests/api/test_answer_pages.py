"""The links in e-mails: GET shows, POST does, and every failure is a page too."""

import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import psycopg
import pytest

from api.serving import Answer, Api, add_sale, lapse_sale
from leadgen.app.answer_pages import STYLE, STYLE_HASH

FORM = "application/x-www-form-urlencoded"
ONE_CLICK = "List-Unsubscribe=One-Click"
OUTSIDE = re.compile(r"url\(|@import|https?:|//\w", re.IGNORECASE)
EMPTY = {"meta", "br", "input"}


class Reader(HTMLParser):
    """The text, tags and attributes of a page, which must be well-formed."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page.decode())
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def sale(shared_database: psycopg.Connection) -> int:
    return add_sale(shared_database)


def make_link(database: psycopg.Connection, kind: str, number: int) -> str:
    """The path of a link."""
    row = database.execute("select identity.make_link(%s, %s::bigint)", [kind, number]).fetchone()
    assert row
    return f"/answers/{row[0]}"


def outcome_of(database: psycopg.Connection, sale: int) -> str:
    row = database.execute(
        "select outcome::text from leadgen.lead_assignments where id = %s", [sale]
    ).fetchone()
    assert row
    return str(row[0])


def count_reports(database: psycopg.Connection, sale: int) -> int:
    row = database.execute(
        "select count(*) from leadgen.outcome_reports where assignment_id = %s", [sale]
    ).fetchone()
    assert row
    return int(row[0])


def gets_notices(database: psycopg.Connection, buyer: int) -> bool:
    row = database.execute("select notice_emails from leadgen.buyers where id = %s", [buyer]).fetchone()
    assert row
    return bool(row[0])


def send(api: Api, path: str, fields: dict[str, str] | None = None, **headers: str) -> Answer:
    named = {"Content_Type": FORM} | headers
    return api.request("POST", path, urlencode(fields or {}), **named)


def read(answer: Answer, status: int = 200) -> Reader:
    """The page, after a look at what every page must be."""
    assert answer.status == status, answer.body
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert f"style-src 'sha256-{STYLE_HASH}'" in policy
    assert f"<style>{STYLE}</style>".encode() in answer.body
    page = Reader(answer.body)
    assert {tag for tag, _ in page.tags} & {"script", "img", "link", "iframe", "object", "a"} == set()
    for _, attributes in page.tags:
        assert not {"src", "href", "style", "action"} & attributes.keys()
        assert not any(name.startswith("on") for name in attributes)
    assert not OUTSIDE.search(STYLE)
    return page


def test_a_lead_is_accepted_in_two_steps(api: Api, sale: int, shared_database: psycopg.Connection) -> None:
    link = make_link(shared_database, "accept", sale)
    for _ in range(2):
        asked = read(api.get(link))
        assert "Accept this lead? You can accept this lead." in asked.text
        assert "45.00 USD" in asked.text
        assert asked.attributes("form") == [{"method": "post"}]
        assert outcome_of(shared_database, sale) == "pending"

    for _ in range(2):
        done = read(send(api, link))
        assert "You have accepted this lead." in done.text
        assert done.attributes("form") == []
        assert outcome_of(shared_database, sale) == "accepted"
    assert "Accepted" in read(api.get(link)).text


def test_a_lead_is_returned_for_a_reason(api: Api, sale: int, shared_database: psycopg.Connection) -> None:
    link = make_link(shared_database, "return", sale)
    asked = read(api.get(link))
    values = [option["value"] for option in asked.attributes("option")]
    assert "wrong_number" in values
    assert re.search(
        r"You can return this lead until \d{4}-\d\d-\d\d \d\d:\d\d America/Chicago\.", asked.text
    )
    assert outcome_of(shared_database, sale) == "pending"

    note = 'No <b>answer</b> & "more"'
    for _ in range(2):
        done = read(send(api, link, {"reason": "wrong_number", "note": note}))
        assert "You have returned this lead." in done.text
    query = "select reason_code, note, via, status from leadgen.sale_returns where assignment_id = %s"
    returned = shared_database.execute(query, [sale]).fetchall()
    assert returned == [("wrong_number", note, "link", "approved")]
    assert outcome_of(shared_database, sale) == "returned"


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({}, "reason"),
        ({"reason": ""}, "reason"),
        ({"reason": "because"}, "reason"),
        ({"reason": "duplicate", "note": "x" * 501}, "note"),
    ],
)
def test_what_is_missing_in_the_form_is_asked_again(
    api: Api, sale: int, shared_database: psycopg.Connection, fields: dict[str, str], fault: str
) -> None:
    link = make_link(shared_database, "return", sale)
    page = read(send(api, link, fields), 400)
    assert fault in page.text
    assert page.attributes("form")
    assert [o["value"] for o in page.attributes("option") if "selected" in o] == (
        ["duplicate"] if fault == "note" else []
    )
    assert outcome_of(shared_database, sale) == "pending"


def test_what_was_written_is_escaped(api: Api, sale: int, shared_database: psycopg.Connection) -> None:
    link = make_link(shared_database, "return", sale)
    hostile = "</textarea><script>alert(1)</script>"
    page = read(send(api, link, {"reason": hostile, "note": hostile}), 400)
    assert hostile in page.text


def test_a_sale_that_has_ended_says_so(api: Api, sale: int, shared_database: psycopg.Connection) -> None:
    accept, give_back = (make_link(shared_database, kind, sale) for kind in ("accept", "return"))
    send(api, give_back, {"reason": "duplicate"})
    assert "Accept this lead?" not in read(api.get(accept)).text
    late = read(send(api, accept), 409)
    assert late.attributes("form") == []
    assert outcome_of(shared_database, sale) == "returned"


def test_a_return_after_its_time_is_too_late(
    api: Api, sale: int, shared_database: psycopg.Connection
) -> None:
    with shared_database.transaction():
        shared_database.execute("set local session_replication_role = replica")
        shared_database.execute(
            "update leadgen.lead_assignments set return_by = now() - interval '1 minute' where id = %s",
            [sale],
        )
    link = make_link(shared_database, "return", sale)
    assert "Too late" in read(api.get(link)).text
    assert "time" in read(send(api, link, {"reason": "duplicate"}), 409).text
    assert outcome_of(shared_database, sale) == "pending"


def test_a_lapsed_sale_says_that_nobody_accepted_it(
    api: Api, sale: int, shared_database: psycopg.Connection
) -> None:
    lapse_sale(shared_database, sale)
    for kind in ("accept", "return"):
        page = read(api.get(make_link(shared_database, kind, sale))).text
        assert "Too late" in page
        assert "This sale has ended (not accepted in time); the lead is no longer yours." in page


def test_notices_are_stopped_by_the_page_and_by_one_click(
    api: Api, shared_database: psycopg.Connection
) -> None:
    query = "select id from leadgen.buyers where name = 'Bob'"
    row = shared_database.execute(query).fetchone()
    assert row
    buyer = row[0]
    link = make_link(shared_database, "unsubscribe", buyer)
    ways: list[tuple[Any, str]] = [
        ("", FORM),
        (ONE_CLICK, FORM),
        ('--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n',
         "multipart/form-data; boundary=x"),
    ]  # fmt: skip
    for body, content_type in ways:
        shared_database.execute("update leadgen.buyers set notice_emails = true where id = %s", [buyer])
        assert "Stop these e-mails?" in read(api.get(link)).text
        assert gets_notices(shared_database, buyer)
        done = read(api.request("POST", link, body, Content_Type=content_type))
        assert "no more e-mails" in done.text
        assert not gets_notices(shared_database, buyer)
    assert read(api.get(link)).attributes("form") == []


@pytest.mark.parametrize(
    "token",
    ["x", "%00", "a%20b", "%ff", "%c3%bc", "..", "'; drop table leads; --".replace(" ", "%20"), "A" * 86, "A" * 5_000],
)  # fmt: skip
def test_garbage_is_a_page_that_says_so(api: Api, token: str) -> None:
    for answer in (api.get(f"/answers/{token}"), send(api, f"/answers/{token}", {"reason": "duplicate"})):
        assert "This link does not work" in read(answer, 404).text


def test_a_link_is_of_one_kind_and_one_sale(api: Api, sale: int, shared_database: psycopg.Connection) -> None:
    link = make_link(shared_database, "accept", sale)
    for position in range(len("/answers/"), len(link)):
        other = link[:position] + ("A" if link[position] != "A" else "B") + link[position + 1 :]
        read(send(api, other), 404)
    for other in (link + "A", link + "=", link[:-1]):
        read(send(api, other), 404)
    assert outcome_of(shared_database, sale) == "pending"
    read(api.get(make_link(shared_database, "accept", 999_999_999)), 404)


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        ("reason=duplicate", "application/json", 415),
        ("reason=duplicate", "", 415),
        ("reason=duplicate&reason=other", FORM, 400),
        ("reason=duplicate&note=%00", FORM, 400),
        ("reason=duplicate&note=%ff", FORM, 400),
        ("note=" + "x" * 70_000, FORM, 413),
        ("x" * 70_000, "multipart/form-data; boundary=x", 413),
    ],
)
def test_another_body_changes_nothing(
    api: Api, sale: int, shared_database: psycopg.Connection, body: str, content_type: str, status: int
) -> None:
    link = make_link(shared_database, "return", sale)
    page = read(api.request("POST", link, body, Content_Type=content_type), status)
    assert "cannot be read" in page.text
    assert outcome_of(shared_database, sale) == "pending"


def test_a_failure_of_ours_is_a_page_with_its_reference(
    api: Api, sale: int, shared_database: psycopg.Connection
) -> None:
    link = make_link(shared_database, "accept", sale)
    shared_database.execute("revoke execute on function leadgen.read_link(text) from leadgen_api")
    try:
        page = read(api.get(link), 500)
    finally:
        shared_database.execute("grant execute on function leadgen.read_link(text) to leadgen_api")
    reference = re.search(r"urn:uuid:[0-9a-f-]{36}", page.text)
    assert reference
    assert reference[0] in api.log
    assert link.removeprefix("/answers/") not in api.log, "who has a link may answer"


def test_what_came_of_a_lead_is_reported_by_a_link(
    api: Api, sale: int, shared_database: psycopg.Connection
) -> None:
    link = make_link(shared_database, "report", sale)
    asked = read(api.get(link))
    assert "What came of this lead? Tell us what came of this lead" in asked.text
    assert [option["value"] for option in asked.attributes("option")][:3] == ["", "contacted", "appointment"]
    query = (
        "select stage, value::text, stars, comment, via from leadgen.outcome_reports where assignment_id = %s"
    )
    assert shared_database.execute(query, [sale]).fetchall() == []

    fields = {"stage": "won", "happened_at": "", "value": "950", "stars": "5", "comment": "<b>good</b>"}
    for _ in range(2):
        done = read(send(api, link, fields))
        assert "Thank you" in done.text
        assert "I won the job, 950.00 USD, 5 of 5 stars" in done.text
        assert done.attributes("form") == [{"method": "post"}], "the next report"
    assert shared_database.execute(query, [sale]).fetchall() == [("won", "950.00", 5, "<b>good</b>", "link")]


def test_a_report_that_cannot_be_keeps_what_was_filled_in(
    api: Api, sale: int, shared_database: psycopg.Connection
) -> None:
    link = make_link(shared_database, "report", sale)
    empty = read(send(api, link), 400)
    assert "What came of this lead?" in empty.text
    page = read(send(api, link, {"stage": "contacted", "value": "12", "comment": "kept"}), 400)
    assert "kept" in page.text
    chosen = [option["value"] for option in page.attributes("option") if "selected" in option]
    assert chosen == ["contacted"]
    assert count_reports(shared_database, sale) == 0


def test_a_link_of_another_kind_reports_nothing(
    api: Api, sale: int, shared_database: psycopg.Connection
) -> None:
    read(send(api, make_link(shared_database, "accept", sale), {"stage": "won"}))
    assert outcome_of(shared_database, sale) == "accepted"
    assert count_reports(shared_database, sale) == 0


def test_when_a_sale_has_ended_its_link_says_so(
    api: Api, sale: int, shared_database: psycopg.Connection
) -> None:
    lapse_sale(shared_database, sale)
    link = make_link(shared_database, "report", sale)
    assert "Too late" in read(api.get(link)).text
    assert read(send(api, link, {"stage": "won"}), 409).attributes("form") == []
