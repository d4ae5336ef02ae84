"""Receivers whose answers are made to cost: each costs its sender's sale at most, and nobody else anything."""

from collections import Counter
from pathlib import Path
from typing import Any

import psycopg
import pytest
from aiohttp import web

from worker.conftest import Outbox, Start
from worker.receivers import http_endpoint

NUMBERS = ",".join(["1e131071"] * 1000)
REPLIES = {
    "numbers of 131,072 digits": f'{{"accepted":0,"status":[{NUMBERS}]}}',
    "such a number as the status": '{"accepted":0,"status":1e131071}',
    "such numbers beside a status": f'{{"status":"accepted","n":[{NUMBERS}]}}',
    "such a number in two halves": '{"accepted":0,"status":[' + ",".join(["1e1\\u000031071"] * 1000) + "]}",
    "quotes that never end": '{"accepted":1e999,"a":"' + '\\"' * 32_000,
    "a number of 65,000 digits": '{"accepted":' + "1" * 65_000 + "}",
    "lists in lists": '{"accepted":' + "[" * 30_000,
    "32,000 members": '{"accepted":[' + ",".join("1" * 32_000) + "]}",
    "a word of 64,000 characters": '{"status":"rejected","reason":"' + "x " * 32_000 + '"}',
}
JUDGE = "select outcome from outbox.judge_answer(200, %s, null)"
MOST_GROWTH = 16_000  # kB


def peak_of(session: psycopg.Connection[Any]) -> int:
    """The most memory that a session's backend ever had, in kB."""
    status = Path(f"/proc/{session.info.backend_pid}/status").read_text(encoding="ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")))


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_answer_is_judged_within_memory(outbox: Outbox, reply: str) -> None:
    """A thousand numbers of 131,072 digits took 1.9 GB."""
    outbox.rows(JUDGE, '{"status": "accepted"}')
    before = peak_of(outbox.connection)
    assert outbox.rows(JUDGE, reply)
    assert peak_of(outbox.connection) - before < MOST_GROWTH


async def test_hostile_answers_cost_the_other_buyer_nothing(outbox: Outbox, start_worker: Start) -> None:
    """One buyer answers each of 20 leads with 9 kB that once were 130 MB; the other gets every lead once."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text=REPLIES["numbers of 131,072 digits"])

    async with http_endpoint(answer) as hostile, http_endpoint() as healthy:
        outbox.open_catalogue(hostile.url)
        outbox.add_buyer(healthy.url)
        outbox.set_policy(max_buyers=2)
        outbox.submit(20)
        async with start_worker():
            await outbox.wait_for(delivered=20, unknown=20)
    assert Counter(Counter(healthy.ids).values()) == {1: 20}
    assert Counter(Counter(hostile.ids).values()) == {1: 20}
    attempts = outbox.rows("select count(*), max(length(reply)) from leadgen.delivery_attempts")
    assert attempts == [(40, 500)]
