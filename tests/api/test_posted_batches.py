"""POST /api/leads/batch: each lead as if it were posted by itself, whatever its neighbours are."""

import json
import signal
import socket
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api.serving import (
    BUYER_KEY,
    SERVE,
    SOURCE_KEY,
    Answer,
    Api,
    digest,
    make_lead,
    running_api,
)
from api.test_batches import BREAK_DOWN, LONG_WAITS, hang_up
from api.test_siege import POST, connect, memory, read_answer
from concurrency.sessions import PATIENCE
from leadgen.app.openapi.models import MOST_LEADS
from leadgen.app.posted_batches import PORTION, _read_lead
from leadgen.db.urls import with_database
from rig.catalogue import Catalogue
from rig.waiting import wait_until

KEYED = {"X_API_Key": SOURCE_KEY}
MEGABYTE = 1_048_576
MOST_BYTES = 4 * MEGABYTE
JSON = {"Content_Type": "application/json"}
HEAD = POST.replace(b"/api/leads", b"/api/leads/batch") + f"X-API-Key: {SOURCE_KEY}\r\n".encode()
Lead = dict[str, object]


def make_leads(count: int, **changes: object) -> list[Lead]:
    """Leads of the partner."""
    return [make_lead(source_key=None, **changes) for _ in range(count)]


def make_keyed_leads(count: int) -> list[Lead]:
    return [lead | {"idempotency_key": f"key {lead['email']}"} for lead in make_leads(count)]


def post(api: Api, leads: Sequence[object], **headers: str) -> Answer:
    """Post a batch."""
    return post_text(api, json.dumps({"leads": leads}).encode(), **headers)


def post_text(api: Api, body: Any, **headers: str) -> Answer:
    """Post what may be no batch."""
    return api.request("POST", "/api/leads/batch", body, **JSON | KEYED | headers)


def items(answer: Answer) -> list[Any]:
    """What was answered to each lead."""
    assert answer.status == 200, answer.body
    leads: list[Any] = answer.json["leads"]
    assert [one["index"] for one in leads] == list(range(len(leads)))
    statuses = [one["status"] for one in leads]
    assert answer.json["statuses"] == {str(one): statuses.count(one) for one in dict.fromkeys(statuses)}
    return leads


def statuses(answer: Answer) -> list[int]:
    """The status of each lead."""
    return [one["status"] for one in items(answer)]


def ask(session: psycopg.Connection, query: str, *parameters: object) -> Any:
    row = session.execute(query.encode(), parameters).fetchone()
    assert row
    return row[0]


def find_lead(session: psycopg.Connection, lead: Lead) -> list[Any]:
    """The ids of the leads of somebody."""
    query = "select id from leadgen.leads where email = %s order by id"
    return [row[0] for row in session.execute(query, [lead["email"]])]


@pytest.fixture
def database(stocked_database: str) -> str:
    """With a catalogue in it."""
    return stocked_database


# What a sender gets


def test_each_lead_has_the_answer_that_it_would_have_had_by_itself(
    api: Api, shared_database: psycopg.Connection
) -> None:
    leads = make_leads(40)
    for lead, given in zip(leads, items(post(api, leads)), strict=True):
        assert given["status"] == 202
        assert given["body"]["outcome"] == "sold"
        assert find_lead(shared_database, lead) == [given["body"]["lead_id"]]
    ids = [given["body"]["lead_id"] for given in items(post(api, leads))]
    assert ids == sorted(ids), "in the order of the batch"


def test_one_bad_lead_of_each_kind_among_good_ones(api: Api, shared_database: psycopg.Connection) -> None:
    good = make_leads(12)
    used = make_lead(source_key=None, idempotency_key=f"used {good[0]['email']}")
    assert api.post(used, **KEYED).status == 202
    deep = json.loads("[" * 40 + "]" * 40)
    bad: list[tuple[object, int, list[str]]] = [
        (make_lead(source_key=None, postal_code="10001"), 400, ["postal_code"]),
        (make_lead(source_key=None, telephone="1"), 400, ["telephone"]),
        (make_lead(source_key="austin-plumbing-v1"), 403, ["source_key"]),
        (make_lead(source_key=None, idempotency_key=used["idempotency_key"]), 422, ["idempotency_key"]),
        (make_lead(source_key=None, attributes={"deep": deep}), 400, ["attributes.deep" + "[0]" * 30]),
        (make_lead(source_key=None, message="x" * 70_000), 413, ["body"]),
        (None, 400, ["body"]),
        (5, 400, ["body"]),
        ("lead", 400, ["body"]),
        ([], 400, ["body"]),
        ({}, 400, ["email", "name", "phone", "postal_code"]),
    ]
    mixed: list[object] = []

    for number, lead in enumerate(good):
        mixed += [lead, *(one for one, *_ in bad[number : number + 1])]
    given = items(post(api, mixed))
    for taken, one in zip(good, [*given[:22:2], given[22]], strict=True):
        assert find_lead(shared_database, taken) == [one["body"]["lead_id"]]
    for (wrong, status, fields), one in zip(bad, given[1:22:2], strict=True):
        alone = api.request("POST", "/api/leads", json.dumps(wrong).encode(), **JSON | KEYED)
        assert (one["status"], alone.status) == (status, status)
        errors = one["body"].get("errors") or one["body"].get("detail", {}).get("errors")
        assert sorted(error["field"] for error in errors) == fields
        if "quarantine_id" in alone.json:
            of_the_batch = {name: value for name, value in one["body"].items() if name != "instance"}
            assert of_the_batch == alone.said, "even the row in quarantine is the same"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"NaN", 400),
        (b"tru", 400),
        (b"", 400),
        (b'{"name": "a" "email": "b"}', 400),
        (b'{"name": "two\nlines"}', 400),
        (b'{"name": "\xff"}', 400),
        (b'{"name": "a", "name": "b"}', 400),
        (b'{"attributes": {"n": 1e9999}}', 400),
        (b'{"attributes": {"n": ' + b"9" * 41 + b"}}", 400),
        (b"[" * 100_000 + b"]" * 100_000, 413),
        (b"[" * 30_000 + b"]" * 30_000, 400),
        (b'{"a": 1]', 400),
        (b'{"\\ud83d": 1}', 400),
    ],
)
def test_a_lead_that_nobody_can_read_fails_alone(
    api: Api, shared_database: psycopg.Connection, text: bytes, status: int
) -> None:
    first, last = make_leads(2)
    body = b'{"leads": [%b, %b , %b]}' % (json.dumps(first).encode(), text, json.dumps(last).encode())
    answer = post_text(api, body)
    assert statuses(answer) == [202, status, 202]
    for lead in (first, last):
        assert len(find_lead(shared_database, lead)) == 1
    odd = answer.json["leads"][1]["body"]
    if text:
        kept = ask(
            shared_database,
            "select failed_step from leadgen.intake_quarantine where id = %s",
            odd["quarantine_id"],
        )
        assert kept == "malformed"


def test_what_is_mended_of_a_single_lead_is_mended_of_one_in_a_batch(api: Api) -> None:
    text = json.dumps(make_lead(source_key=None)).encode()[:-1] + b', "message": "roof \\ud83d \\u0000"}'
    text = text.replace(b'"message"', b'"sub_id"', 1)
    assert statuses(post_text(api, b'{ "leads" :\n[' + text + b"\n]\t}\r\n")) == [202]


def test_brackets_and_quotes_in_texts_cut_no_lead(api: Api, shared_database: psycopg.Connection) -> None:
    odd = ['],}"', "\\", '\\"', "[{", "]}", ",", '"leads": [', "é☃\U0001f600"]
    leads = [make_lead(source_key=None, message=text) for text in odd]
    for ascii_only in (True, False):
        body = json.dumps({"leads": leads}, ensure_ascii=ascii_only).encode()
        assert statuses(post_text(api, body)) == [202] * len(odd)
    for lead, text in zip(leads, odd, strict=True):
        assert (
            ask(shared_database, "select message from leadgen.leads where email = %s", lead["email"]) == text
        )


def test_the_same_key_twice_is_two_posts_one_after_the_other(
    api: Api, shared_database: psycopg.Connection
) -> None:
    lead, other = make_leads(2)
    key = {"idempotency_key": f"twice {lead['email']}"}
    given = items(post(api, [lead | key, other, lead | key, other | key, lead | {"idempotency_key": " "}]))
    assert [one["status"] for one in given] == [202, 202, 202, 422, 202]
    first = given[0]["body"]
    assert given[2]["body"] == first | {"repeated": True}
    assert "repeated" not in first
    assert len(find_lead(shared_database, other)) == 1


def test_a_batch_that_comes_again_gets_the_same_answers(
    api: Api, shared_database: psycopg.Connection
) -> None:
    leads = [lead | {"idempotency_key": f"again {lead['email']}"} for lead in make_leads(20)]
    leads[3]["postal_code"] = "10001"
    first, again = post(api, leads), post(api, leads)
    assert statuses(first) == statuses(again) == [202] * 3 + [400] + [202] * 16
    for one, two in zip(items(first), items(again), strict=True):
        (kept,) = [body.get("detail", body)["lead_id"] for body in (one["body"],)]
        assert (two["body"].get("detail", two["body"])) == one["body"].get("detail", one["body"]) | {
            "repeated": True
        }
        assert kept
    assert (
        ask(shared_database, "select count(*) from leadgen.leads where idempotency_key like 'again %%'") >= 20
    )


# What is no batch


@pytest.mark.parametrize(
    ("body", "field", "found", "allowed"),
    [
        (b"", "body", "nothing", "an object"),
        (b"null", "body", "something else", "an object"),
        (b"[{}]", "body", "an array", '{"leads": […]}'),
        (b"{}", "body", "no leads", '{"leads": […]}'),
        (b'{"leads": []}', "leads", "no lead", "1 to 1000 leads"),
        (b'{"leads": [ ]}', "leads", "no lead", "1 to 1000 leads"),
        (b'{"leads": {}}', "leads", "no array", "an array of 1 to 1000 leads"),
        (b'{"leads": null}', "leads", "no array", "an array of 1 to 1000 leads"),
        (b'{"name": "John"}', "name", "an unknown field", "a single lead goes to /api/leads"),
        (b'{"name": "John"}\n{"name": "Ann"}', "name", "an unknown field", "a single lead"),
        (b'{"data": []}', "data", "an unknown field", "leads"),
        (b'{"leads": [{}], "test": true}', "test", "an unknown field", "leads"),
        (b'{"leads": [{}], "leads": [{}]}', "leads", "the same member twice", "an array"),
        (b'{"leads": [{}]} {}', "body", "something else behind the leads", "an object"),
        (b'{"leads": [{}]', "body", "JSON that breaks off behind the leads", "an object"),
        (b'{"leads": [{}, {"name": "Jo', "body", "JSON that breaks off in leads[1]", "an object"),
        (b'{"leads": [{}, {"a": [}]', "body", "JSON that breaks off in leads[1]", "an object"),
        (b"\xef\xbb\xbf" + b'{"leads": [{}]}', "body", "a byte order mark", "UTF-8 without one"),
        (b"\xff", "body", "bytes that are not UTF-8 at byte 0", "UTF-8"),
        ('{"leads": [{}]}'.encode("utf-16"), "body", "a byte order mark", "UTF-8 without one"),
    ],
)
def test_what_is_no_batch_is_refused_whole(
    api: Api, body: bytes, field: str, found: str, allowed: str
) -> None:
    answer = post_text(api, body)
    assert (answer.status, answer.fields) == (400, [field])
    (error,) = answer.json["errors"]
    assert error["found"] == found
    assert allowed in error["allowed"]


def test_what_is_no_batch_is_kept(api: Api, shared_database: psycopg.Connection) -> None:
    body = b'{"leads": [{"email": "jo@batch.example", "note": "%b"' % (b"x" * 100_000)
    answer = post_text(api, body)
    assert answer.status == 400
    kept = shared_database.execute(
        "select payload ->> 'body', cut_bytes from leadgen.intake_quarantine where id = %s",
        [answer.json["quarantine_id"]],
    ).fetchone()
    assert kept == (body[:65_536].decode(), len(body) - 65_536)


def test_a_thousand_leads_and_no_more(api: Api, shared_database: psycopg.Connection) -> None:
    many = post(api, [{}] * MOST_LEADS)
    assert many.json["statuses"] == {"400": MOST_LEADS}
    answer = post(api, [{}] * (MOST_LEADS + 1))
    assert (answer.status, answer.fields) == (413, ["leads"])
    assert answer.json["detail"] == "leads: found more than 1000 leads; allowed: 1 to 1000 leads"


def test_a_thousand_leads_are_taken(api: Api, shared_database: psycopg.Connection) -> None:
    before = ask(shared_database, "select count(*) from leadgen.leads")
    rest = make_keyed_leads(MOST_LEADS)
    while rest:  # as a sender does; a slow machine runs out of a batch's time
        given = statuses(post(api, rest))
        assert set(given) <= {202, 503}
        rest = [lead for lead, status in zip(rest, given, strict=True) if status == 503]
    assert ask(shared_database, "select count(*) from leadgen.leads") == before + MOST_LEADS


def test_the_head_is_held_to_what_it_says(api: Api) -> None:
    lead = make_leads(1)
    answer = post(api, lead, Idempotency_Key="one for all")
    assert (answer.status, answer.fields) == (400, ["Idempotency-Key"])
    assert "idempotency_key in each lead" in answer.json["detail"]
    assert post(api, lead, Content_Type="text/csv").status == 415
    assert post(api, lead, Content_Encoding="gzip").status == 415
    assert post(api, lead, Authorization="Bearer another").status == 400
    assert api.get("/api/leads/batch", **KEYED).status in (404, 405)


@pytest.mark.parametrize("key", [None, "wrong", "", BUYER_KEY])
def test_a_batch_needs_the_key_of_a_source(
    api: Api, shared_database: psycopg.Connection, key: str | None
) -> None:
    leads = [make_lead() for _ in range(3)]
    headers = JSON | ({} if key is None else {"X_API_Key": key})
    body = json.dumps({"leads": leads}).encode()
    answer = api.request("POST", "/api/leads/batch", body, **headers)
    answer.check_problem()
    assert answer.status == 401
    assert not any(find_lead(shared_database, lead) for lead in leads)


# Attacks


def test_leads_of_60_kb_are_refused_by_their_size_together(api: Api) -> None:
    before = memory(api)
    lead = json.dumps(make_lead(message="x" * 60_000)).encode()
    body = b'{"leads": [' + b", ".join([lead] * MOST_LEADS) + b"]}"
    head = HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode()
    with closing(connect(api, first=head)) as sender:
        sent = 0
        with suppress(ConnectionError):
            while sent < len(body):
                sent += sender.send(body[sent : sent + 65_536])
        assert sent < len(body), "the server reads no further"
        answer = read_answer(sender)
    assert (answer.status, answer.fields) == (413, ["body"])
    assert answer.json["errors"][0]["allowed"] == f"at most {MOST_BYTES} bytes"
    assert memory(api) - before < 40
    fitting = [make_lead(source_key=None, message="x" * 60_000) for _ in range(65)]
    given = items(post(api, fitting))
    assert {(one["status"], one["body"]["errors"][0]["field"]) for one in given} == {(400, "message")}


@pytest.mark.parametrize(
    "body",
    [
        b'{"leads": [' + b"[" * (MOST_BYTES - 100),
        b'{"leads": [' + b"[]," * (MOST_BYTES // 3 - 100) + b"0]}",
        b'{"leads": ["' + b'\\"' * (MOST_BYTES // 2 - 100),
        b'{"leads": [' + b'"",' * (MOST_BYTES // 3 - 100),
        b'{"leads": [' + b" " * (MOST_BYTES - 100),
        b" " * (MOST_BYTES - 100),
        b'{"leads": [[' + b'"",' * (MOST_BYTES // 3 - 100) + b"0]]}",
    ],
    ids=["deep", "many", "quotes", "texts", "blanks", "nothing but blanks", "one large lead"],
)
def test_a_large_odd_body_keeps_nobody_waiting(api: Api, body: bytes) -> None:
    before = memory(api)
    with ThreadPoolExecutor(1) as pool:
        posted = pool.submit(post_text, api, body)
        slowest = 0.0
        while not posted.done():
            start = time.monotonic()
            assert api.get("/health/live").status == 200
            slowest = max(slowest, time.monotonic() - start)
        answer = posted.result()
    assert answer.status in (200, 400, 413)
    assert memory(api) - before < 60
    assert slowest < 2, "each step is short; a busy machine makes it longer"


def test_a_body_that_comes_slowly_ends(database: str, tmp_path: Path) -> None:
    """A byte now and then is enough for the connection's own deadline when much came before."""
    hasty = "from leadgen.app import posted_batches; posted_batches.BODY_SECONDS = 1; " + SERVE
    with running_api(database, tmp_path, code=hasty) as api, closing(connect(api)) as sender:
        sender.sendall(HEAD + b"Content-Length: 200000\r\n\r\n" + b" " * 100_000)
        answer = read_answer(sender)
        assert answer.status == 408
        answer.check_problem()
        assert statuses(post(api, make_leads(1))) == [202], "its place is free"


@contextmanager
def half_posted(api: Api, count: int) -> Iterator[list[socket.socket]]:
    """So many batches of the partner that are being read."""
    with ExitStack() as stack:
        senders = []
        for _ in range(count):
            sender = stack.enter_context(closing(connect(api)))
            sender.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: 14\r\n\r\n")
            assert sender.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
            sender.sendall(b'{"leads": ')
            senders.append(sender)
        yield senders


def test_two_batches_of_a_key_are_under_way_and_no_more(database: str, tmp_path: Path) -> None:
    with running_partners(database, tmp_path) as (api, _):
        with half_posted(api, 2) as senders:
            refused = post(api, make_leads(1))
            assert (refused.status, refused.headers["Retry-After"]) == (429, "2")
            assert "2 batches of this API key are under way" in refused.json["detail"]
            other = post(api, make_leads(1), X_API_Key="lg_other")
            assert statuses(other) == [202], "another key has its own"
            assert api.post(make_leads(1)[0], **KEYED).status == 202, "and single leads go on"
            for sender in senders:
                sender.sendall(b"[5]}")
                assert read_answer(sender).status == 200
        assert statuses(post(api, make_leads(1))) == [202], "their places are free again"
        with half_posted(api, 2):
            assert post(api, make_leads(1)).status == 429
        wait_until(lambda: post(api, make_leads(1)).status == 200)  # those of who hung up are free, too


@contextmanager
def running_partners(
    database: str, directory: Path, code: str = SERVE, **settings: str
) -> Iterator[tuple[Api, psycopg.Connection]]:
    """An API with two partners of one offer, and the session that watches and hinders it."""
    with psycopg.connect(database, autocommit=True) as admin:
        query = "select offer_id from leadgen.sources where source_key = 'partner-austin'"
        (offer,) = admin.execute(query).fetchone() or (0,)
        Catalogue(admin).add_source(offer, "other", kind="partner_api", api_key_hash=digest("lg_other"))
        with running_api(database, directory, 1, code, **settings) as api:
            yield api, admin


# Rate limits


def limit_key(admin: psycopg.Connection, amount: int) -> None:
    """So many leads of a key at once, and hardly any more today; no limit of another kind."""
    admin.execute("update leadgen.rate_limits set is_active = name in ('key', 'address')")
    admin.execute("update leadgen.rate_limits set amount = 5, per_seconds = 86400 where name = 'address'")
    admin.execute(
        "update leadgen.rate_limits set amount = %s, per_seconds = 86400 where name = 'key'", [amount]
    )


def test_each_lead_counts_and_those_that_fit_are_taken(database: str, tmp_path: Path) -> None:
    with running_partners(database, tmp_path) as (api, admin):
        limit_key(admin, 40)
        leads = make_leads(60)
        given = items(post(api, leads))
        taken = [one["status"] for one in given].index(429)
        assert 40 <= taken <= 42, "forty, and what a process gives away by itself"
        assert [one["status"] for one in given] == [202] * taken + [429] * (60 - taken)
        for one in given[taken:]:
            assert 1 <= one["retry_after"] <= 3600
            assert one["body"]["type"] == "urn:leadgen:problem:too-many-requests"
        assert "retry_after" not in given[0]
        assert ask(admin, "select count(*) from leadgen.leads") == taken
        assert api.metric("leadgen_posts_limited_total", limit="key") == 60 - taken
        whole = post(api, leads[taken:])
        assert whole.status == 429, "with no lead taken, the batch is answered so"
        assert 1 <= int(whole.headers["Retry-After"]) <= 3600


def test_invented_keys_count_for_their_address(database: str, tmp_path: Path) -> None:
    with running_partners(database, tmp_path) as (api, admin):
        limit_key(admin, 1000)
        assert statuses(post(api, make_leads(300))) == [202] * 300, "a valid key is not held to its address"
        answers = [post(api, make_leads(1), X_API_Key=f"invented-{n}").status for n in range(10)]
        assert answers == [401] * 4 + [429] * 6 or answers == [401] * 5 + [429] * 5


def test_a_revoked_key_is_refused_at_once(database: str, tmp_path: Path) -> None:
    with running_partners(database, tmp_path) as (api, admin):
        assert statuses(post(api, make_leads(1))) == [202]
        admin.execute("update leadgen.sources set api_key_hash = null where source_key = 'partner-austin'")
        leads = make_leads(100)
        before = api.metric("leadgen_leads_per_call_sum")
        answer = post(api, leads)
        assert answer.status == 401
        assert api.metric("leadgen_leads_per_call_sum") == before + 16, "the rest is not tried"


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({"idempotency_key": "a 1"}, {"idempotency_key": " a  1"}),
        ({"idempotency_key": "///"}, {"idempotency_key": "/// "}),
        ({"idempotency_key": 10**39}, {"idempotency_key": str(10**39)}),
        ({"idempotency_key": 1e21}, {"idempotency_key": str(10**21)}),
        ({"email": "Jo@example.com"}, {"email": "jo@example.com\u200e"}),
        ({"email": "j.doe+roof@googlemail.com"}, {"email": "JDoe@gmail.com"}),
        ({"email": "jd-roof@yahoo.com"}, {"email": "jd-car@yahoo.com"}),
        ({"phone": "(737) 200-0123"}, {"phone": "+1 737 200 0123"}),
        ({"phone": "(737) 200-0123 x45"}, {"phone": "tel. 737 200 0123"}),
        ({"phone": 7372000123}, {"phone": "\uff11-737-200-0123"}),
        ({"email": "a@example.com", "phone": "1234567"}, {"email": "b@example.com", "phone": "1234567"}),
    ],
)
def test_leads_that_may_be_one_are_in_two_portions(one: Lead, two: Lead) -> None:
    names = [
        _read_lead(json.dumps(lead).encode(), 65_536).names for lead in (one, two, {"email": "c@d.example"})
    ]
    assert names[0] & names[1]
    assert not names[0] & names[2]
    assert _read_lead(b'{"email": null, "phone": "", "idempotency_key": " "}', 65_536).names == frozenset()


def test_a_text_that_takes_long_to_normalise_names_nobody() -> None:
    marks = "a" + "\u0315\u0300" * 5_000
    lead = {"email": marks, "phone": marks, "idempotency_key": marks}
    assert _read_lead(json.dumps(lead, ensure_ascii=False).encode(), 65_536).names == {"email odd", "key odd"}


# What breaks down


def test_a_lead_that_breaks_down_takes_nobody_along(database: str, tmp_path: Path) -> None:
    with running_partners(database, tmp_path) as (api, admin):
        admin.execute(BREAK_DOWN.encode())
        leads = make_leads(40)
        leads[5]["name"], leads[25]["name"] = "poison", "disk"
        given = items(post(api, leads))
        assert [one["status"] for one in given] == [202] * 5 + [500] + [202] * 19 + [503] + [202] * 14
        assert given[25]["retry_after"] == 2
        for number in (5, 25):
            assert given[number]["body"]["instance"] in api.log
            assert find_lead(admin, leads[number]) == []
        assert admin.execute("select * from leadgen.list_broken_invariants()").fetchall() == []
        admin.execute("drop trigger break_down on leadgen.leads")
        again = items(post(api, leads))
        assert [one["status"] for one in again] == [202] * 40
        assert sum("repeated" not in one["body"] for one in again) == 2


def test_a_defect_of_ours_is_one_lead_s(database: str, tmp_path: Path) -> None:
    broken = (
        "from leadgen.app import posted_batches\n"
        "name_sender = posted_batches.name_sender\n"
        "def fail(payload, context):\n"
        "    assert 'poison' not in payload\n"
        "    return name_sender(payload, context)\n"
        "posted_batches.name_sender = fail\n" + SERVE
    )
    with running_partners(database, tmp_path, broken) as (api, _):
        answer = post(api, [*make_leads(2), make_lead(source_key=None, name="poison"), *make_leads(2)])
        assert statuses(answer) == [202, 202, 500, 202, 202]


def test_while_the_database_is_away_a_batch_is_503(database: str, tmp_path: Path) -> None:
    with running_partners(database, tmp_path) as (api, admin):
        assert statuses(post(api, make_leads(1))) == [202]
        allow = f"alter database {admin.info.dbname} with allow_connections"
        with psycopg.connect(with_database(database, "postgres"), autocommit=True) as other:
            other.execute(f"{allow} false".encode())
            hang_up(admin)
            try:
                answer = post(api, make_leads(500))
                broken = post_text(api, b'{"leads": [' + b"{]," * (PORTION - 1) + b"{]]}")
            finally:
                other.execute(f"{allow} true".encode())
            assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
            assert api.log.count("request failed") == 1
            assert statuses(broken) == [400] * PORTION
            assert api.log.count("refused submission not kept") == 1, "one waits for a connection in vain"
        wait_until(lambda: post(api, make_leads(1)).status == 200)


# Others


def test_a_batch_keeps_single_leads_no_longer_than_a_portion(database: str, tmp_path: Path) -> None:
    """Single leads of the same offer are answered while the batch is under way, with one connection."""
    with running_partners(database, tmp_path, DB_POOL_SIZE="1") as (api, _), ThreadPoolExecutor(1) as pool:
        posted = pool.submit(post, api, make_leads(300))
        wait_until(lambda: api.metric("leadgen_leads_in_hand") > 0)
        answered = 0
        while not posted.done():
            assert api.metric("leadgen_leads_in_hand") <= 17
            assert api.post(make_lead()).status == 202
            answered += 1
        assert statuses(posted.result()) == [202] * 300
        assert answered > 5


def test_a_batch_waits_for_an_offer_that_somebody_holds(database: str, tmp_path: Path) -> None:
    patient = "from leadgen.app import batches; batches.WAIT_SECONDS = 60; " + SERVE
    with running_partners(database, tmp_path, patient) as (api, admin), ThreadPoolExecutor(1) as pool:
        admin.execute(LONG_WAITS.format(admin.info.dbname).encode())
        admin.execute(
            "select pg_advisory_lock(2, market.offer_lock_key(offer_id)) from leadgen.sources limit 1"
        )
        leads = make_leads(40)
        posted = pool.submit(post, api, leads)
        wait_until(lambda: api.metric("leadgen_leads_in_hand") == 16)
        admin.execute("select pg_advisory_unlock_all()")
        given = items(posted.result(PATIENCE))
        assert [one["status"] for one in given] == [202] * 40
        ids = [one["body"]["lead_id"] for one in given]
        assert ids == sorted(ids)


def test_an_offer_that_stays_held_costs_a_batch_one_portion(database: str, tmp_path: Path) -> None:
    hasty = "from leadgen.app import batches; batches.WAIT_SECONDS = 0.5; " + SERVE
    with running_partners(database, tmp_path, hasty) as (api, admin):
        admin.execute(
            "select pg_advisory_lock(2, market.offer_lock_key(offer_id)) from leadgen.sources limit 1"
        )
        answer = post(api, make_leads(200))
        admin.execute("select pg_advisory_unlock_all()")
        assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
        assert ask(admin, "select count(*) from leadgen.leads") == 0
        assert api.metric("leadgen_leads_per_call_sum") < 200, "the other portions are not tried"


def test_a_batch_that_runs_out_of_time_says_so_of_the_rest(database: str, tmp_path: Path) -> None:
    hasty = "from leadgen.app import posted_batches; posted_batches.BATCH_SECONDS = 0; " + SERVE
    with running_partners(database, tmp_path, hasty) as (api, _):
        leads = make_leads(50)
        given = items(post(api, leads))
        assert [one["status"] for one in given] == [202] * 16 + [503] * 34
        assert "ran out of time" in given[-1]["body"]["detail"]
        assert given[-1]["retry_after"] == 2
        assert api.log.count("request failed") == 1, "what is answered to many is logged once"
        rest = [lead for lead, one in zip(leads, given, strict=True) if one["status"] == 503]
        assert statuses(post(api, rest[:16])) == [202] * 16


# Cut off


def check_cut_off(api: Api, admin: psycopg.Connection, leads: list[Lead]) -> None:
    """Some of the leads were taken; the sender repeats the batch, and has each lead once."""
    wait_until(lambda: api.metric("leadgen_leads_in_hand") == 0)
    taken = ask(admin, "select count(*) from leadgen.leads")
    given = items(post(api, leads))
    assert [one["status"] for one in given] == [202] * len(leads)
    assert sum("repeated" in one["body"] for one in given) >= taken
    assert ask(admin, "select count(*) from leadgen.leads") == len(leads)
    for lead, one in zip(leads, given, strict=True):
        assert find_lead(admin, lead) == [one["body"]["lead_id"]]
    assert admin.execute("select * from leadgen.list_broken_invariants()").fetchall() == []


def begin(api: Api, leads: Sequence[Lead]) -> socket.socket:
    """Post a batch and do not wait for its answer."""
    body = json.dumps({"leads": leads}).encode()
    return connect(api, first=HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)


def test_a_sender_that_hangs_up_repeats_its_batch(database: str, tmp_path: Path) -> None:
    with running_partners(database, tmp_path) as (api, admin):
        leads = make_keyed_leads(300)
        sender = begin(api, leads)
        wait_until(lambda: ask(admin, "select count(*) from leadgen.leads") > 0)
        sender.close()
        check_cut_off(api, admin, leads)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_a_batch_that_a_deploy_or_a_crash_cuts_off_is_repeated(
    database: str, tmp_path: Path, end: signal.Signals
) -> None:
    leads = make_keyed_leads(300)
    impatient = "from leadgen.app import server; server.STOP_SECONDS = 0; " + SERVE
    with running_partners(database, tmp_path, impatient) as (api, admin):
        with closing(begin(api, leads)):
            wait_until(lambda: ask(admin, "select count(*) from leadgen.leads") > 0)
            api.process.send_signal(end)
            wait_until(lambda: api.process.poll() is not None)
        assert 0 < ask(admin, "select count(*) from leadgen.leads") < len(leads)
        with running_api(database, tmp_path) as other:
            check_cut_off(other, admin, leads)


def test_sessions_killed_under_a_batch_lose_no_lead_and_double_none(database: str, tmp_path: Path) -> None:
    with running_partners(database, tmp_path) as (api, admin), ThreadPoolExecutor(1) as pool:
        leads = make_keyed_leads(200)
        posted = pool.submit(post, api, leads)
        wait_until(lambda: ask(admin, "select count(*) from leadgen.leads") > 20)
        hang_up(admin)
        answer = posted.result(PATIENCE)
        assert {one["status"] for one in items(answer)} <= {202, 503}
        check_cut_off(api, admin, leads)
