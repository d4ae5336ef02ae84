"""Anybody may say NOTIFY: no words, and no number of them, keep a delivery from being sent."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from threading import Event, Thread

import psycopg
import pytest
from aiohttp import web

from leadgen.worker import wakeup, withdrawals
from leadgen.worker.attempt import Delivery
from leadgen.worker.wakeup import MOST_NOTICES, Bell, Flood
from leadgen.worker.withdrawals import Withdrawals
from rig.cluster import Connect
from worker.conftest import Outbox, Start
from worker.receivers import accept, delivery, http_endpoint

WORK = delivery("https://buyer.example/leads")
TOGETHER = "begin; {} commit"
ONE_BY_ONE = {"worker_concurrency": 1, "worker_poll_seconds": 0.5}  # most claims wait for their turn


async def take_time(request: web.Request) -> web.StreamResponse:
    """A buyer whose answer takes a moment."""
    await asyncio.sleep(0.02)
    return await accept(request)


@contextmanager
def flood(stranger: psycopg.Connection, words: Sequence[str], pause: float) -> Iterator[None]:
    """Somebody says these words over and over, all of them at once and then after each pause."""
    said = "".join(f"notify leadgen_deliveries, '{one}';" for one in words)
    over = Event()

    def keep_saying() -> None:
        while not over.wait(pause):
            stranger.execute(TOGETHER.format(said).encode())

    talking = Thread(target=keep_saying)
    talking.start()
    try:
        yield
    finally:
        over.set()
        talking.join()


async def test_claims_that_a_stranger_calls_off_are_sent(
    outbox: Outbox, start_worker: Start, connect: Connect
) -> None:
    """Each id is said ten times a second, before and after it is claimed: every delivery takes one attempt."""
    ids = [str(number) for number in range(1, 61)]
    async with http_endpoint(take_time) as endpoint:
        outbox.open_catalogue(endpoint.url)
        async with start_worker(**ONE_BY_ONE) as worker:
            with flood(connect("leadgen_reporting"), ids, 0.1):
                for _ in range(3):
                    outbox.submit(20)
                    await asyncio.sleep(0.2)
                await outbox.wait_for(delivered=60)
            assert await worker.stop() == 0
    assert outbox.rows("select distinct attempts from leadgen.deliveries") == [(1,)]
    assert len(set(endpoint.ids)) == len(endpoint.ids) == 60


async def test_flood_of_notifications_is_not_listened_to(
    outbox: Outbox, start_worker: Start, connect: Connect
) -> None:
    """Some 40,000 a second: the worker says so, polls, and delivers each lead once."""
    words = [str(number) for number in range(1, 2_001)]
    async with http_endpoint(take_time) as endpoint:
        outbox.open_catalogue(endpoint.url)
        async with start_worker(**ONE_BY_ONE) as worker:
            with flood(connect("leadgen_reporting"), words, 0.05):
                await worker.wait_for_event("a flood of notifications: not listening, polling")
                outbox.submit(20)
                await outbox.wait_for(delivered=20)
            assert await worker.stop() == 0
    assert outbox.rows("select distinct attempts from leadgen.deliveries") == [(1,)]
    assert len(endpoint.ids) == 20


def make_bell(gone: set[int]) -> tuple[Bell, Withdrawals, asyncio.Event, list[list[int]]]:
    """A bell and what it tells; the database says that `gone` no longer hold, and what it was asked is noted."""
    asked: list[list[int]] = []
    wake = asyncio.Event()

    async def ask(claims: Sequence[Delivery]) -> set[int]:
        asked.append([claim.delivery_id for claim in claims])
        await asyncio.sleep(0)
        return gone & set(asked[-1])

    doubts = Withdrawals(ask, lease=30)
    return Bell(wake, doubts), doubts, wake, asked


def numbered(*ids: int) -> list[Delivery]:
    """Claims with these ids."""
    return [replace(WORK, delivery_id=number) for number in ids]


async def test_what_nobody_doubts_is_not_asked_for() -> None:
    _, doubts, _, asked = make_bell({1})
    assert not await doubts.is_called_off(*numbered(1))
    assert asked == []


async def test_doubtful_claims_are_asked_for_together() -> None:
    bell, doubts, _, asked = make_bell({2, 5})
    for number in (1, 2, 3, 4):
        bell.hear(str(number))
    found = await asyncio.gather(*(doubts.is_called_off(claim) for claim in numbered(1, 2, 3, 4, 5)))
    assert found == [False, True, False, False, False], "5 is gone, but nobody said so"
    assert asked == [[1, 2, 3, 4]]
    doubts.forget()
    assert not await doubts.is_called_off(*numbered(2))


async def test_more_than_can_be_remembered_makes_every_claim_doubtful(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(withdrawals, "MOST_DOUBTED", 3)
    _, doubts, _, asked = make_bell({9})
    for number in range(4):
        doubts.hear(number)
    assert await doubts.is_called_off(*numbered(9))
    assert asked == [[9]]


async def test_claim_is_in_doubt_while_the_database_cannot_be_asked() -> None:
    async def fail(_: Sequence[Delivery]) -> set[int]:
        raise psycopg.OperationalError("away")

    doubts = Withdrawals(fail, lease=30)
    doubts.hear(1)
    with pytest.raises(psycopg.OperationalError):
        await doubts.is_called_off(*numbered(1))


async def test_wakes_are_coalesced_and_the_last_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakeup, "QUIET_SECONDS", 0.5)
    bell, _, wake, _ = make_bell(set())
    bell.hear("")
    assert wake.is_set(), "the first at once"
    wake.clear()
    for words in ("", "0x1", "-1", "1.5", "9" * 40):
        bell.hear(words)
    assert not wake.is_set()
    async with asyncio.timeout(20):
        await wake.wait()


async def test_flood_is_more_than_anybody_has_reason_to_say() -> None:
    bell, doubts, _, asked = make_bell({7})
    for _ in range(MOST_NOTICES):
        bell.hear("1")
    with pytest.raises(Flood):
        bell.hear("1")
    bell.cover()
    assert await doubts.is_called_off(*numbered(7))
    assert asked == [[7]]
