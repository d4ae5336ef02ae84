"""The feed: pages and streams, what each caller sees, and that nothing is missing between two ids."""

import asyncio
import http.client
import json
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, cast
from unittest.mock import AsyncMock

import psycopg
import pytest

from api.people import SESSION, add_session
from api.serving import (
    BUYER_KEY,
    OPERATOR_KEY,
    OTHER_BUYER_KEY,
    SOURCE_KEY,
    Api,
    add_catalogue,
    add_sale,
    digest,
    give_key,
    running_api,
)
from api.test_siege import HASTY
from leadgen.app.feed import Feed
from leadgen.app.queries import Queries
from rig.waiting import PATIENCE, wait_until

FILL = "select leadgen.run_chore('fill_feed')"


def fill(connection: psycopg.Connection[Any]) -> None:
    """As a worker does, until nothing is new."""
    while connection.execute(FILL).fetchone() == (True,):
        pass


class Stream:
    """A listener."""

    def __init__(
        self, api: Api, key: str, by: http.client.HTTPConnection | None = None, **headers: str
    ) -> None:
        self.connection = by or http.client.HTTPConnection("127.0.0.1", api.port, timeout=PATIENCE)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(
            "GET", "/api/events", headers={"Accept": "text/event-stream", "X-API-Key": key} | named
        )
        self.response = self.connection.getresponse()

    def read_block(self) -> dict[str, str]:
        """The next block, its fields by name; a comment has the name of nothing."""
        fields: dict[str, str] = {}
        while (line := self.response.readline().decode()) not in ("\n", ""):
            name, _, value = line.rstrip("\n").partition(": ")
            fields[name] = value
        return fields

    def read_items(self, count: int) -> list[dict[str, Any]]:
        """The next items; heartbeats and the head of the stream are passed over."""
        items: list[dict[str, Any]] = []
        while len(items) < count:
            block = self.read_block()
            assert block, "the stream ended"
            if "data" in block:
                items.append(json.loads(block["data"]))
                assert (block["id"], block["event"]) == (str(items[-1]["id"]), items[-1]["kind"])
        return items


@contextmanager
def listening(
    api: Api, key: str = OPERATOR_KEY, by: http.client.HTTPConnection | None = None, **headers: str
) -> Iterator[Stream]:
    """A stream that is open, perhaps through a proxy, its first block read."""
    stream = Stream(api, key, by, **headers)
    with closing(stream.connection):
        assert stream.response.status == 200, stream.response.read()
        assert stream.read_block()["retry"] == "3000"
        yield stream


def read_page(api: Api, query: str = "", key: str = OPERATOR_KEY) -> Any:
    answer = api.get(f"/api/events{query}", X_API_Key=key)
    assert answer.status == 200, answer.body
    return answer.json


def read_all(api: Api, after: int = 0, key: str = OPERATOR_KEY) -> list[Any]:
    """All items after one, page by page."""
    items: list[Any] = []
    while True:
        page = read_page(api, f"?after={after}&limit=500", key)
        items += page["items"]
        after = page["next_after"]
        if not page["has_more"]:
            return items


@pytest.fixture
def connection(api: Api) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(api.database, autocommit=True) as connection:
        fill(connection)
        yield connection


def head_of(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute("select leadgen.find_feed_head()").fetchone()
    assert row
    return int(row[0])


def mark_of(connection: psycopg.Connection[Any]) -> tuple[int, int]:
    """Up to where all events are in the feed, and up to where they were looked through."""
    row = connection.execute(
        "select settled_id, scanned_id from leadgen.feed_marks where origin = 'event'"
    ).fetchone()
    assert row
    return row[0], row[1]


def test_an_operator_sees_a_lead_and_its_sale_without_personal_data(
    api: Api, connection: psycopg.Connection[Any]
) -> None:
    before = head_of(connection)
    sale = add_sale(connection, email="secret.person@example.com", name="Secret Person")
    fill(connection)
    items = read_all(api, before)
    assert sorted(item["kind"] for item in items) == ["lead.received", "sale.made"]
    (sold,) = (item["data"] for item in items if item["kind"] == "sale.made")
    assert (sold["assignment_id"], sold["price"], sold["currency"]) == (sale, "45.00", "USD")
    assert "ecret" not in json.dumps(items)


def test_a_buyer_sees_its_own_items_alone(api: Api, connection: psycopg.Connection[Any]) -> None:
    before = head_of(connection)
    sale = add_sale(connection)
    fill(connection)
    own = read_all(api, before, BUYER_KEY)
    assert [(item["kind"], item["data"]["assignment_id"]) for item in own] == [("sale.made", sale)]
    assert read_all(api, before, OTHER_BUYER_KEY) == []
    assert read_page(api, f"?after={before}", OTHER_BUYER_KEY)["next_after"] == head_of(connection)


def test_a_buyer_does_not_see_the_words_for_operators(api: Api, connection: psycopg.Connection[Any]) -> None:
    before = head_of(connection)
    connection.execute(
        "insert into leadgen.events (kind, subject, buyer_id, message, facts) select 'endpoint_disabled', %s, b.id,"
        ' \'for operators\', \'{"endpoint_id": 3, "reason": "gone", "inside": "secret"}\''
        " from leadgen.buyers b where b.name = 'Ann'",
        [f"a test {time.time()}"],
    )
    fill(connection)
    (own,), (all_of_it,) = read_all(api, before, BUYER_KEY), read_all(api, before)
    assert own["kind"] == all_of_it["kind"] == "endpoint.disabled"
    assert own["data"].keys() == {"buyer_id", "endpoint_id", "reason"}
    assert all_of_it["data"]["facts"]["inside"] == "secret"


def test_a_signed_in_buyer_sees_what_its_key_does(api: Api, connection: psycopg.Connection[Any]) -> None:
    before = head_of(connection)
    token = add_session(connection, "member")
    sale = add_sale(connection)
    fill(connection)
    page = api.get(f"/api/events?after={before}", Cookie=f"{SESSION}={token}").json
    assert [item["data"]["assignment_id"] for item in page["items"] if item["kind"] == "sale.made"] == [sale]
    assert {item["kind"] for item in page["items"]} == {"sale.made"}


def test_the_key_of_a_source_reads_nothing(api: Api) -> None:
    assert api.get("/api/events", X_API_Key=SOURCE_KEY).status == 401


def test_kinds_and_limit_are_held_to(api: Api, connection: psycopg.Connection[Any]) -> None:
    before = head_of(connection)
    sales = [add_sale(connection) for _ in range(3)]
    fill(connection)
    first = read_page(api, f"?after={before}&kind=sale.made&limit=2")
    assert [item["data"]["assignment_id"] for item in first["items"]] == sales[:2]
    assert first["has_more"]
    rest = read_page(api, f"?after={first['next_after']}&kind=sale.made&limit=2")
    assert [item["data"]["assignment_id"] for item in rest["items"]] == sales[2:]
    assert not rest["has_more"]


@pytest.mark.parametrize(
    "query",
    ["?after=x", "?after=1&after=2", "?limit=0", "?limit=501", "?kind=no.such", "?kind=%00", "?after=-1"],
)
def test_what_is_malformed_is_refused(api: Api, query: str) -> None:
    assert api.get(f"/api/events{query}", X_API_Key=OPERATOR_KEY).status == 400


def test_a_place_of_another_database_is_gone(api: Api, connection: psycopg.Connection[Any]) -> None:
    answer = api.get(f"/api/events?after={head_of(connection) + 1}", X_API_Key=OPERATOR_KEY)
    assert answer.status == 410
    stream = Stream(api, OPERATOR_KEY, Last_Event_ID=str(head_of(connection) + 1))
    with closing(stream.connection):
        assert stream.response.status == 410


def test_a_stream_brings_what_comes_and_is_taken_up_where_it_broke(
    api: Api, connection: psycopg.Connection[Any]
) -> None:
    with listening(api) as stream:
        first = add_sale(connection)
        fill(connection)
        seen = stream.read_items(2)
    missed = add_sale(connection)
    fill(connection)
    with listening(api, Last_Event_ID=str(seen[-1]["id"])) as stream:
        then = stream.read_items(2)
    sales = [item["data"]["assignment_id"] for item in seen + then if item["kind"] == "sale.made"]
    assert sales == [first, missed]


def test_a_lead_that_commits_after_a_later_one_is_not_lost(
    api: Api, connection: psycopg.Connection[Any]
) -> None:
    """A transaction that is open has the lower ids; a watermark over ids would pass it by."""
    start = head_of(connection)
    with psycopg.connect(api.database) as slow:
        (early,) = slow.execute(
            "insert into leadgen.events (kind, subject, message) values ('a_test', %s, 'early') returning id",
            [f"early {time.time()}"],
        ).fetchone() or (0,)
        (late,) = connection.execute(
            "insert into leadgen.events (kind, subject, message) values ('a_test', %s, 'late') returning id",
            [f"late {time.time()}"],
        ).fetchone() or (0,)
        assert early < late
        for _ in range(3):
            fill(connection)
        (only,) = read_all(api, start)
        assert only["data"]["message"] == "late"
        settled, scanned = mark_of(connection)
        assert settled < early
        assert scanned >= late, "what is there is not read again and again while one is open"
        slow.commit()
    fill(connection)
    (other,) = read_all(api, only["id"])
    assert other["data"]["message"] == "early"
    fill(connection)
    assert mark_of(connection)[0] >= late


def test_an_id_that_was_taken_before_its_row_is_written_is_not_lost(
    api: Api, connection: psycopg.Connection[Any]
) -> None:
    """As a lead's is: its transaction has locked the sequence and not yet the table."""
    start = head_of(connection)
    add = (
        "insert into leadgen.events (id, kind, subject, message) overriding system value"
        " values (%s, 'a_test', %s, %s)"
    )
    take = "select nextval(pg_get_serial_sequence('leadgen.events', 'id'))"
    with psycopg.connect(api.database) as slow:
        (early,) = slow.execute(take).fetchone() or (0,)
        connection.execute(
            "insert into leadgen.events (kind, subject, message) values ('a_test', %s, 'late')",
            [f"late {time.time()}"],
        )
        for _ in range(3):
            fill(connection)
        slow.execute(add, [early, f"early {time.time()}", "early"])
        slow.commit()
    fill(connection)
    assert [item["data"]["message"] for item in read_all(api, start)] == ["late", "early"]


def test_a_rolled_back_row_does_not_stop_the_feed(api: Api, connection: psycopg.Connection[Any]) -> None:
    with psycopg.connect(api.database) as slow:
        slow.execute(
            "insert into leadgen.events (kind, subject, message) values ('a_test', 'undone', 'undone')"
        )
        fill(connection)
        slow.rollback()
    (row,) = connection.execute(
        "insert into leadgen.events (kind, subject, message) values ('a_test', %s, 'kept') returning id",
        [f"kept {time.time()}"],
    ).fetchone() or (0,)
    for _ in range(3):
        fill(connection)
    assert mark_of(connection) == (row, row)


def test_what_is_not_kept_any_more_is_told(database: str, tmp_path: Path) -> None:
    add_catalogue(database)
    with (
        running_api(database, tmp_path) as api,
        psycopg.connect(database, autocommit=True) as connection,
    ):
        for _ in range(3):
            add_sale(connection)
        for _ in range(3):
            fill(connection)
        connection.execute(
            "update leadgen.feed_items set created_at = now() - interval '8 days' where id <= 4"
        )
        connection.execute("select leadgen.forget_old('feed')")
        answer = api.get("/api/events?after=2", X_API_Key=OPERATOR_KEY)
        assert answer.status == 410
        assert "up to 4 are not kept" in answer.json["detail"]
        assert read_page(api, "?after=4")["items"][0]["id"] == 5
        assert read_page(api)["items"][0]["id"] == 5


def test_a_key_has_a_bounded_number_of_streams(database: str, tmp_path: Path) -> None:
    add_catalogue(database)
    with running_api(database, tmp_path, MAX_FEED_STREAMS_PER_KEY="2", MAX_FEED_STREAMS="3") as api:
        with listening(api), listening(api):
            third = Stream(api, OPERATOR_KEY)
            assert third.response.status == 429
            with listening(api, BUYER_KEY):
                full = Stream(api, OTHER_BUYER_KEY)
                assert full.response.status == 503
            third.connection.close()
            full.connection.close()
            assert api.metric("leadgen_feed_listeners") >= 2
        wait_until(lambda: api.metric("leadgen_feed_listeners") == 0, lambda: api.metrics())
        with listening(api):
            pass


def test_a_buyer_gets_no_more_streams_by_more_keys_and_sessions(database: str, tmp_path: Path) -> None:
    add_catalogue(database)
    with psycopg.connect(database, autocommit=True) as connection:
        row = connection.execute("select id from leadgen.buyers where name = 'Ann'").fetchone()
        assert row
        give_key(connection, "lg_second", "second", buyer_id=row[0])
    with running_api(database, tmp_path, MAX_FEED_STREAMS_PER_KEY="1") as api, listening(api, BUYER_KEY):
        second = Stream(api, "lg_second")
        assert second.response.status == 429
        second.connection.close()
        with listening(api, OTHER_BUYER_KEY):
            pass


def test_of_streams_that_are_asked_for_at_once_no_more_are_open_than_may_be() -> None:
    """All of them find room before the first has its place."""

    async def page(after: int) -> str:
        return json.dumps({"items": [], "next_after": after, "has_more": False})

    async def ask() -> list[bytes]:
        feed = Feed(
            cast(Queries, AsyncMock(find_feed_head=AsyncMock(return_value=0))), most=10, most_of_one=1
        )
        for _ in range(3):
            feed.check_room("buyer 1")
        streams = [feed.stream("buyer 1", 0, page) for _ in range(3)]
        first = [await anext(aiter(stream)) for stream in streams]
        await cast(Any, streams[0]).aclose()
        again = feed.stream("buyer 1", 0, page)
        first.append(await anext(aiter(again)))
        await cast(Any, again).aclose()
        return first

    opened = asyncio.run(ask())
    assert [block.startswith(b"retry:") for block in opened] == [True, False, False, True]
    assert all(b"event: end" in block and b"429" in block for block in opened[1:3])


def test_a_stream_ends_when_its_key_is_revoked(database: str, tmp_path: Path) -> None:
    add_catalogue(database)
    with psycopg.connect(database, autocommit=True) as connection, running_api(database, tmp_path) as api:
        give_key(connection, "lg_short", "short")
        with listening(api, "lg_short") as stream:
            connection.execute(
                "update leadgen.api_keys set revoked_at = now() where key_hash = %s", [digest("lg_short")]
            )
            add_sale(connection)
            fill(connection)
            block = stream.read_block()
            assert block["event"] == "end"
            assert json.loads(block["data"])["status"] == 401
            assert stream.read_block() == {}


def test_a_server_that_stops_ends_its_streams_at_once(database: str, tmp_path: Path) -> None:
    add_catalogue(database)
    with running_api(database, tmp_path) as api, listening(api) as stream:
        started = time.monotonic()
        api.process.terminate()
        assert stream.read_block() == {}
        api.process.wait(PATIENCE)
        assert time.monotonic() - started < 9, "it waited for the stream"


def test_a_listener_that_does_not_read_is_cut(database: str, tmp_path: Path) -> None:
    """Nothing is kept for it: what it is owed waits in the database, and its connection ends after write_seconds."""
    add_catalogue(database)
    with (
        psycopg.connect(database, autocommit=True) as connection,
        running_api(database, tmp_path, code=HASTY) as api,
        socket.socket() as slow,
    ):
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        slow.connect(("127.0.0.1", api.port))
        lines = (
            "GET /api/events HTTP/1.1",
            "Host: x",
            f"X-API-Key: {OPERATOR_KEY}",
            "Accept: text/event-stream",
        )
        head = "\r\n".join(lines) + "\r\n\r\n"
        slow.sendall(head.encode())
        wait_until(lambda: api.metric("leadgen_feed_listeners") == 1, lambda: api.metrics())
        connection.execute(
            "insert into leadgen.events (kind, subject, message)"
            " select 'a_test', 'many ' || n, repeat('x', 3000) from generate_series(1, 4000) n"
        )
        fill(connection)
        wait_until(lambda: api.metric("leadgen_http_refused_total", reason="not-read") == 1, lambda: api.log)
        wait_until(lambda: api.metric("leadgen_feed_listeners") == 0, lambda: api.metrics())
