"""Webhooks of operators: the feed through the outbox, signed, in order, nothing lost."""

import asyncio
import json
import re
from itertools import pairwise
from typing import Any

import psycopg
import pytest
from aiohttp import web

from worker.conftest import Outbox, Start
from worker.receivers import Endpoint, http_endpoint


def add_hook(outbox: Outbox, url: str, *kinds: str) -> tuple[int, str]:
    """A hook's id and secret."""
    query = "select hook_id, secret from leadgen.add_hook('ops', %s, %s)"
    ((hook, secret),) = outbox.rows(query, url, list(kinds))
    return hook, secret


def items_of(endpoint: Endpoint) -> list[dict[str, Any]]:
    """What came, message by message."""
    return [item for _, body in endpoint.requests for item in body["data"].get("items", [])]


def sales_of(endpoint: Endpoint) -> list[int]:
    return [item["data"]["assignment_id"] for item in items_of(endpoint) if item["kind"] == "sale.made"]


def all_sales(outbox: Outbox) -> list[int]:
    return [row[0] for row in outbox.rows("select id from leadgen.lead_assignments order by id")]


async def test_a_hook_is_sent_what_happens_signed_and_without_personal_data(
    outbox: Outbox, start_worker: Start
) -> None:
    async with http_endpoint() as buyer, http_endpoint(secret=None) as ops:
        outbox.open_catalogue(buyer.url)
        _, ops.secret = add_hook(outbox, ops.url)
        async with start_worker(worker_poll_seconds=0.1):
            outbox.submit(3)
            await outbox.wait_until("sent to the hook", lambda: len(sales_of(ops)) == 3)
    assert sales_of(ops) == all_sales(outbox)
    assert all(body["type"] == "feed.items" for _, body in ops.requests)
    ids = [item["id"] for item in items_of(ops)]
    assert ids == sorted(set(ids))
    said = json.dumps([body for _, body in ops.requests])
    assert "jane" not in said.lower()
    assert "5125550123" not in said


async def test_a_hook_gets_the_kinds_it_asked_for(outbox: Outbox, start_worker: Start) -> None:
    async with http_endpoint() as buyer, http_endpoint(secret=None) as ops:
        outbox.open_catalogue(buyer.url)
        add_hook(outbox, ops.url, "sale.made")
        async with start_worker(worker_poll_seconds=0.1):
            outbox.submit(2)
            await outbox.wait_until("sent to the hook", lambda: len(sales_of(ops)) == 2)
    assert {item["kind"] for item in items_of(ops)} == {"sale.made"}


async def test_nothing_is_lost_while_the_receiver_is_down(outbox: Outbox, start_worker: Start) -> None:
    """Each message says after which item it begins: whoever has all of them can see it."""
    is_down = True

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=503 if is_down else 200)

    async with http_endpoint() as buyer, http_endpoint(answer, secret=None) as ops:
        outbox.open_catalogue(buyer.url)
        add_hook(outbox, ops.url, "sale.made")
        outbox.rows("update leadgen.endpoints set disable_after = 1000 where hook_id is not null returning 1")
        async with start_worker(worker_poll_seconds=0.1, webhook_max_retries=20, webhook_retry_delay=0.1):
            for _ in range(3):
                outbox.submit(2)
                await asyncio.sleep(0.5)
            await ops.wait_for(2)
            ops.requests.clear()
            is_down = False
            await outbox.wait_until("all sales", lambda: set(sales_of(ops)) == set(all_sales(outbox)))
    spans = sorted((body["data"]["after"], body["data"]["items"][-1]["id"]) for _, body in ops.requests)
    assert all(before[1] <= after[0] or before == after for before, after in pairwise(spans))


async def test_a_paused_hook_is_sent_afterwards_what_it_missed(outbox: Outbox, start_worker: Start) -> None:
    async with http_endpoint() as buyer, http_endpoint(secret=None) as ops:
        outbox.open_catalogue(buyer.url)
        hook, _ = add_hook(outbox, ops.url, "sale.made")
        outbox.rows("select leadgen.pause_hook(%s)", hook)
        async with start_worker(worker_poll_seconds=0.1):
            outbox.submit(2)
            await outbox.wait_until("sold", lambda: outbox.statuses().get("delivered", 0) == 2)
            await asyncio.sleep(0.5)
            assert ops.requests == []
            outbox.rows("select leadgen.resume_hook(%s)", hook)
            await outbox.wait_until("sent to the hook", lambda: sales_of(ops) == all_sales(outbox))


async def test_a_removed_hook_is_sent_nothing_more(outbox: Outbox, start_worker: Start) -> None:
    async with http_endpoint() as buyer, http_endpoint(secret=None) as ops:
        outbox.open_catalogue(buyer.url)
        hook, _ = add_hook(outbox, ops.url)
        outbox.rows("select leadgen.test_hook(%s)", hook)
        outbox.rows("select leadgen.remove_hook(%s)", hook)
        async with start_worker(worker_poll_seconds=0.1):
            outbox.submit()
            await outbox.wait_until("sold", lambda: outbox.statuses() == {"delivered": 1, "cancelled": 1})
            await asyncio.sleep(0.5)
    assert ops.requests == []
    with pytest.raises(psycopg.Error, match="no such hook"):
        outbox.rows("select leadgen.test_hook(%s)", hook)


async def test_a_rotated_secret_signs_beside_the_old_one(outbox: Outbox, start_worker: Start) -> None:
    async with http_endpoint() as buyer, http_endpoint(secret=None) as ops:
        outbox.open_catalogue(buyer.url)
        hook, old = add_hook(outbox, ops.url)
        ((new,),) = outbox.rows("select leadgen.rotate_hook_secret(%s)", hook)
        async with start_worker(worker_poll_seconds=0.1):
            for secret in (old, new):
                ops.secret = secret
                before = len(ops.requests)
                outbox.rows("select leadgen.test_hook(%s)", hook)
                await ops.wait_for(before + 1)
    assert old != new


async def test_a_copy_of_the_database_sends_nothing_to_hooks(outbox: Outbox, start_worker: Start) -> None:
    async with http_endpoint() as buyer, http_endpoint(secret=None) as ops:
        outbox.open_catalogue(buyer.url)
        hook, _ = add_hook(outbox, ops.url)
        outbox.rows("select leadgen.test_hook(%s)", hook)
        outbox.rows("select leadgen.disown_database()")
        async with start_worker(worker_poll_seconds=0.1):
            outbox.submit()
            await asyncio.sleep(1.5)
            assert ops.requests == []
            outbox.rows("select leadgen.adopt_database()")
            await outbox.wait_until("sent after it was adopted", lambda: len(sales_of(ops)) == 1)


@pytest.mark.parametrize(
    ("status", "reason"),
    [(500, "2 failed attempts in a row: HTTP 500"), (410, "HTTP 410: the receiver wants no more")],
)
async def test_a_receiver_that_takes_nothing_is_disabled_and_told_of_and_resumed(
    outbox: Outbox, start_worker: Start, status: int, reason: str
) -> None:
    is_down = True

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status if is_down else 200)

    async with http_endpoint() as buyer, http_endpoint(answer, secret=None) as ops:
        outbox.open_catalogue(buyer.url)
        hook, _ = add_hook(outbox, ops.url, "sale.made")
        outbox.rows("update leadgen.endpoints set disable_after = 2 where hook_id is not null returning 1")
        async with start_worker(worker_poll_seconds=0.1, webhook_max_retries=20, webhook_retry_delay=0.1):
            outbox.submit()
            announced = "select notes ->> 'message' from leadgen.feed_items where kind = 'endpoint.disabled'"
            await outbox.wait_until("announced", lambda: bool(outbox.rows(announced)))
            ((said,),) = outbox.rows(announced)
            assert re.fullmatch(rf"endpoint \d+ \(hook {hook}\) is disabled: {re.escape(reason)}", said)
            is_down = False
            outbox.rows("select leadgen.resume_hook(%s)", hook)
            await outbox.wait_until("sent", lambda: len(sales_of(ops)) >= 1)
        assert outbox.rows("select 1 from leadgen.list_broken_invariants()") == []


@pytest.mark.parametrize(
    ("url", "kinds", "sqlstate"),
    [
        ("https://10.0.0.1/", [], "LG423"),
        ("ftp://ops.example.com/", [], "LG423"),
        ("https://ops.example.com/", ["no.such"], "LG400"),
        (None, [], "LG400"),
    ],
)
def test_a_hook_that_cannot_work_is_refused(
    outbox: Outbox, url: str | None, kinds: list[str], sqlstate: str
) -> None:
    with pytest.raises(psycopg.Error) as error:
        outbox.rows("select * from leadgen.add_hook('ops', %s, %s)", url, kinds)
    assert error.value.sqlstate == sqlstate
