"""The parts of the loop that a whole process shows too slowly: room, batches, chores."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from leadgen.worker import metrics, recorder, tender
from leadgen.worker.attempt import Delivery, Result
from leadgen.worker.lane import Lane
from leadgen.worker.queries import CHORES, Recorded
from leadgen.worker.recorder import Recorder
from leadgen.worker.report import report
from leadgen.worker.tender import Tender
from leadgen.worker.webhook import WebhookSender
from worker.receivers import delivery

SENDER: WebhookSender = None  # type: ignore[assignment]  # a lane only keeps it
WORK = delivery("https://buyer.example/leads")


def result_of(work: Delivery, **changes: Any) -> Result:
    """A result that got through."""
    known = {"outcome": "answered", "status_code": 200, "latency_ms": 1.0, "reply": "{}", "error": None}
    return {"delivery_id": work.delivery_id, **known, **changes}


def test_room_is_asked_for_by_the_batch() -> None:
    lane = Lane(SENDER, places=4, ahead=10)
    asked = []
    while room := lane.room:
        asked.append(room)
        for _ in range(room):
            lane.take(WORK, 0)
    assert asked == [10]
    assert lane.held == 10
    freed = []
    for _ in range(10):
        lane.queue.get_nowait()
        freed.append(lane.let_go())
    assert freed.index(True) == 0, "said when there is half a batch again"
    assert freed.count(True) == 1, "and said once"


@pytest.mark.parametrize(("places", "ahead"), [(1, 1), (256, 100), (8, 8), (1, 100), (5000, 5000)])
def test_lane_never_holds_more_than_its_places_and_a_batch(places: int, ahead: int) -> None:
    lane = Lane(SENDER, places, ahead)
    while room := lane.room:
        assert room <= min(ahead, 1000)
        for _ in range(room):
            lane.take(WORK, 0)
    assert places <= lane.held <= places + ahead or lane.held >= ahead


class Database:
    """What a recorder and a tender ask of a session."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.released: list[int] = []
        self.refuse: set[int] = set()
        self.todo = dict.fromkeys(CHORES, 0)
        self.broken: dict[str, Exception] = {}
        self.asked: list[str] = []

    async def record(self, results: Sequence[Result], *_: object) -> list[Recorded]:
        """Refuses a whole batch for one bad result, as PostgreSQL does."""
        if any(result["delivery_id"] in self.refuse and result["reply"] for result in results):
            raise psycopg.DataError
        self.batches.append(len(results))
        return [Recorded(result["delivery_id"], "delivered", "delivered", None) for result in results]

    async def release(self, deliveries: Sequence[Delivery]) -> int:
        """Notes them."""
        self.released += [work.delivery_id for work in deliveries]
        return len(deliveries)

    async def do_chore(self, what: str) -> bool:
        """One of so many."""
        self.asked.append(what)
        if what in self.broken:
            raise self.broken[what]
        self.todo[what] -= 1
        return self.todo[what] >= 0


async def recording(database: Database, wake: asyncio.Event | None = None) -> Recorder:
    """A recorder at work."""
    made = Recorder(database, wake or asyncio.Event(), 3, timedelta(seconds=1))  # type: ignore[arg-type]
    task = asyncio.create_task(made.run())
    made.task = task  # type: ignore[attr-defined]  # else it is collected
    return made


def numbered(count: int) -> list[Delivery]:
    """Deliveries 1 to count."""
    return [replace(WORK, delivery_id=number) for number in range(1, count + 1)]


async def test_results_are_written_in_batches_and_the_loop_is_woken() -> None:
    database, wake = Database(), asyncio.Event()
    writer = await recording(database, wake)
    for work in numbered(20):
        writer.add(work, result_of(work))
    assert not wake.is_set()
    await writer.flush()
    assert database.batches == [20]
    assert wake.is_set(), "what was at an endpoint's limit may be claimed"


@pytest.mark.parametrize(("count", "hurry"), [(recorder.FULL_BATCH, False), (recorder.WAVE, True)])
async def test_full_batch_and_ended_wave_are_written_at_once(
    count: int, hurry: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "GATHER_SECONDS", 30)
    writer = await recording(Database())
    for work in numbered(count):
        writer.add(work, result_of(work))
    if hurry:
        writer.hurry()
    async with asyncio.timeout(2):
        await writer.flush()


async def test_result_that_the_database_refuses_costs_its_neighbours_nothing() -> None:
    database = Database()
    database.refuse = {7}
    writer = await recording(database)
    for work in numbered(10):
        writer.add(work, result_of(work))
    await writer.flush()
    assert sum(database.batches) == 10, "the outcome is kept, the receiver's words are not"
    assert writer.waiting == 0


async def test_what_is_set_aside_is_given_back() -> None:
    database = Database()
    writer = await recording(database)
    for work in numbered(3):
        writer.set_aside(work)
    await writer.flush()
    assert database.released == [1, 2, 3]


class Checker:
    """Nothing to look up."""

    async def check(self) -> int:
        """None."""
        return 0


def tend(database: Database) -> Tender:
    """A tender of this database."""
    return Tender(database, Checker(), asyncio.Event())  # type: ignore[arg-type]


async def test_chores_are_done_in_their_order_and_each_is_bounded() -> None:
    database = Database()
    database.todo = {**dict.fromkeys(CHORES, 2), "routing held leads": 1_000_000}
    await tend(database)._take_turn()
    assert list(dict.fromkeys(database.asked)) == list(CHORES)
    assert database.asked.count("routing held leads") == tender.MOST_A_TURN
    assert database.asked.count("settling answers") == 3


async def test_chore_that_fails_holds_up_no_other() -> None:
    database = Database()
    database.broken = {"releasing sales": psycopg.errors.RaiseException()}
    await tend(database)._take_turn()
    assert set(database.asked) == set(CHORES)


async def test_database_away_ends_the_turn() -> None:
    database = Database()
    database.broken = {"settling answers": psycopg.OperationalError()}
    with pytest.raises(psycopg.OperationalError):
        await tend(database)._take_turn()
    assert database.asked == ["settling answers"]


@pytest.mark.parametrize(
    ("judged", "counted"),
    [("accepted", "delivered"), ("rejected", "delivered"), ("gone", "refused"), ("failed", "failed")],
)
def test_attempt_is_counted_as_the_database_judged_it(judged: str, counted: str) -> None:
    work = replace(WORK, buyer_id=987)
    counter = metrics.buyer_attempts.labels("987", counted)
    before = counter._value.get()
    report(work, result_of(work), Recorded(work.delivery_id, "delivered", judged, "words"))
    assert counter._value.get() == before + 1


def test_gauges_forget_what_is_gone() -> None:
    metrics.show_outbox([("webhook", "dead", 3, 60.0), ("sms", "sent", 1, None)])
    metrics.show_outbox([("webhook", "dead", 2, 61.0)])
    values = {
        (*sample.labels.values(),): sample.value for sample in next(iter(metrics.outbox.collect())).samples
    }
    assert values == {("webhook", "dead"): 2.0}
