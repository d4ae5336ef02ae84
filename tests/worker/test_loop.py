"""The parts of the loop that a whole process shows too slowly: room, batches, chores."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
import structlog
from psycopg import errors
from psycopg.errors import AdminShutdown, QueryCanceled, RaiseException

from leadgen.worker import metrics, recorder, tender
from leadgen.worker.attempt import Attempt, Delivery, Result
from leadgen.worker.lane import Lane
from leadgen.worker.loop import ClaimTerms, Loop
from leadgen.worker.queries import Chore, Recorded
from leadgen.worker.recorder import Recorder
from leadgen.worker.report import report
from leadgen.worker.sealing import Opener
from leadgen.worker.tender import Tender
from leadgen.worker.webhook import WebhookSender
from rig.waiting import PATIENCE
from worker.receivers import delivery

SENDER: WebhookSender = None  # type: ignore[assignment]  # a lane only keeps it
WORK = delivery("https://buyer.example/leads")
CHORES = ("answer", "release", "route")


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
    assert asked == [10, 4]
    assert lane.held == 14
    freed = []
    for _ in range(14):
        lane.queue.get_nowait()
        freed.append(lane.let_go(WORK))
    assert freed.index(True) == 2, "said when there is a quarter of a batch again"
    assert freed.count(True) == 1, "and said once"


@pytest.mark.parametrize(("places", "ahead"), [(1, 1), (256, 100), (8, 8), (1, 100), (5000, 5000)])
def test_lane_never_holds_more_than_its_places_and_a_batch(places: int, ahead: int) -> None:
    lane = Lane(SENDER, places, ahead)
    while room := lane.room:
        assert room <= min(ahead, 1000)
        for _ in range(room):
            lane.take(WORK, 0)
    assert places <= lane.held <= places + ahead or lane.held >= ahead


async def test_endpoint_of_which_fewer_are_held_goes_first() -> None:
    """A fast buyer's lead does not stand behind a slow one's hundred."""
    lane = Lane(SENDER, places=1, ahead=10)
    for number in range(1, 6):
        lane.take(replace(WORK, delivery_id=number, endpoint_id=1), 0)
    lane.take(replace(WORK, delivery_id=6, endpoint_id=2), 0)

    def send() -> int:
        work = lane.queue.get_nowait().delivery
        lane.let_go(work)
        return work.delivery_id

    assert [send() for _ in range(3)] == [1, 6, 2], "who came first, then who has fewer here"
    lane.take(replace(WORK, delivery_id=7, endpoint_id=2), 0)
    assert [send() for _ in range(4)] == [7, 3, 4, 5], "what is done no longer counts"


class SlowClaims:
    """A session whose first claim's rows arrive only when they are let through."""

    def __init__(self, rows: list[Delivery]) -> None:
        self.rows = rows
        self.asked, self.arrives = asyncio.Event(), asyncio.Event()

    async def claim(self, *_: object) -> list[Delivery]:
        """Committed at once, on the wire for long."""
        self.asked.set()
        await self.arrives.wait()
        rows, self.rows = self.rows, []
        return rows

    async def list_withdrawn(self, claims: Sequence[Delivery]) -> set[int]:
        """The first was called off, whatever else is said."""
        return {1} & {claim.delivery_id for claim in claims}

    async def nap(self, *_: object) -> None:
        """Nobody rings."""


class Outgoing:
    """A sender that notes what it sends."""

    deadline = 1.0

    def __init__(self) -> None:
        self.sent: list[int] = []
        self.is_done = asyncio.Event()

    async def send(self, work: Delivery, attempt: Attempt) -> None:
        """It gets through."""
        self.sent.append(work.delivery_id)
        attempt.conclude("delivered")
        self.is_done.set()


async def test_delivery_that_is_withdrawn_while_its_claim_is_under_way_is_not_sent() -> None:
    session, sender = SlowClaims(numbered(2)), Outgoing()
    writer = await recording(Database())
    lane = Lane(sender, places=1, ahead=10)  # type: ignore[arg-type]
    terms = ClaimTerms("w", timedelta(seconds=30), timedelta(seconds=5))
    loop = Loop(session, terms, {WORK.channel: lane}, writer, asyncio.Event(), Opener(None))  # type: ignore[arg-type]
    stop = asyncio.Event()
    running = asyncio.create_task(loop.run(stop))
    async with asyncio.timeout(PATIENCE):
        await session.asked.wait()
        loop.withdrawals.hear(1)
        session.arrives.set()
        await sender.is_done.wait()
        stop.set()
        await running
    assert sender.sent == [2]
    assert lane.held == 0


class Database:
    """What a recorder and a tender ask of a session."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.released: list[int] = []
        self.refuse: set[int] = set()
        self.slow: set[int] = set()
        self.poison: type[psycopg.Error] = QueryCanceled
        self.outages = 0
        self.outage: type[psycopg.Error] = psycopg.OperationalError
        self.chores = [Chore(name, 0.0) for name in CHORES]
        self.listed = 0
        self.todo = dict.fromkeys(CHORES, 0)
        self.broken: dict[str, Exception] = {}
        self.asked: list[str] = []

    async def record(self, results: Sequence[Result], *_: object) -> list[Recorded]:
        """Refuses a whole batch for one bad result, as PostgreSQL does."""
        if self.outages:
            self.outages -= 1
            raise self.outage
        if any(result["delivery_id"] in self.slow and result["reply"] for result in results):
            raise self.poison
        if any(result["delivery_id"] in self.refuse and result["reply"] for result in results):
            raise psycopg.DataError
        self.batches.append(len(results))
        return [Recorded(result["delivery_id"], "delivered", "delivered", None) for result in results]

    async def is_copy(self) -> bool:
        """It is the original."""
        return False

    async def release(self, deliveries: Sequence[Delivery]) -> int:
        """Notes them."""
        self.released += [work.delivery_id for work in deliveries]
        return len(deliveries)

    async def list_chores(self) -> list[Chore]:
        """What there is to do, and that it was asked."""
        self.listed += 1
        if "listing" in self.broken:
            raise self.broken["listing"]
        return self.chores

    async def run_chore(self, name: str) -> bool:
        """One of so many."""
        self.asked.append(name)
        if name in self.broken:
            raise self.broken[name]
        self.todo[name] -= 1
        return self.todo[name] >= 0


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
    async with asyncio.timeout(20):
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


# What a deploy, a restart, a failover or another session may raise, whatever the results are.
PASSING = [
    errors.UndefinedFunction,
    errors.UndefinedTable,
    errors.UndefinedColumn,
    errors.UndefinedObject,
    errors.InvalidSchemaName,
    errors.DatatypeMismatch,
    errors.WrongObjectType,
    errors.CannotCoerce,
    errors.FeatureNotSupported,  # cached plan must not change result type
    errors.InternalError_,  # cache lookup failed for function
    errors.LockNotAvailable,
    errors.DeadlockDetected,
    errors.SerializationFailure,
    errors.ReadOnlySqlTransaction,
    errors.DiskFull,
    errors.AdminShutdown,
]


@pytest.mark.parametrize("error", PASSING)
async def test_results_outlive_a_deploy_in_one_piece(error: type[psycopg.Error]) -> None:
    database = Database()
    database.outage, database.outages = error, 2
    writer = await recording(database)
    for work in numbered(10):
        writer.add(work, result_of(work))
    async with asyncio.timeout(PATIENCE):
        await writer.flush()
    assert (database.batches, database.outages) == ([10], 0)
    assert writer.flowing.is_set()


@pytest.mark.parametrize("error", [QueryCanceled, errors.DataCorrupted, errors.IndexCorrupted])
@pytest.mark.parametrize("outages", [0, 1])
async def test_batch_that_takes_too_long_or_cannot_be_read_is_halved(
    error: type[psycopg.Error], outages: int
) -> None:
    """One result that cannot be judged in time: the others are recorded, and so is its outcome."""
    database = Database()
    database.slow, database.poison, database.outages = {7}, error, outages
    writer = await recording(database)
    for work in numbered(64):
        writer.add(work, result_of(work))
    async with asyncio.timeout(PATIENCE):
        await writer.flush()
    assert sum(database.batches) == 64
    assert max(database.batches) == 32, "halves, not one by one"
    assert writer.flowing.is_set(), "the database is not away"


async def test_what_is_set_aside_is_given_back() -> None:
    database = Database()
    writer = await recording(database)
    for work in numbered(3):
        writer.set_aside(work)
    await writer.flush()
    assert database.released == [1, 2, 3]


def tend(database: Database) -> Tender:
    """A tender of this database."""
    return Tender(database, asyncio.Event())  # type: ignore[arg-type]


async def test_chores_are_done_in_their_order_and_each_is_bounded() -> None:
    database = Database()
    database.todo = {**dict.fromkeys(CHORES, 2), "route": 1_000_000}
    await tend(database)._take_turn()
    assert list(dict.fromkeys(database.asked)) == list(CHORES)
    assert database.asked.count("route") == tender.MOST_A_TURN
    assert database.asked.count("answer") == 3


async def test_chore_with_a_pause_is_left_alone_after_its_turn() -> None:
    database = Database()
    database.chores = [Chore("answer", 0.0), Chore("release", 3600.0)]
    busy = tend(database)
    for _ in range(3):
        await busy._take_turn()
    assert database.asked == ["answer", "release", "answer", "answer"]


async def test_list_of_chores_is_read_again_after_a_while() -> None:
    """A chore that a deploy adds is found, one that it takes away is asked for no more."""
    database = Database()
    database.chores = [Chore("answer", 0.0)]
    busy = tend(database)
    for _ in range(2):
        await busy._take_turn()
    assert database.listed == 1
    database.chores = [Chore("route", 0.0)]
    busy._rests["listing chores"] = 0.0
    await busy._take_turn()
    assert (database.listed, database.asked) == (2, ["answer", "answer", "route"])


class NoSuchChore(psycopg.DatabaseError):
    """What run_chore raises for a name that is not in leadgen.chores."""

    sqlstate = "LG404"


async def test_list_of_chores_is_read_again_when_one_is_gone() -> None:
    """A deploy that renames a chore costs one turn, and no error is logged."""
    database = Database()
    database.broken = {"release": NoSuchChore()}
    busy = tend(database)
    await busy._list()
    busy._rests["listing chores"] = asyncio.get_running_loop().time() + 60
    database.chores = [Chore(name, 0.0) for name in ("answer", "resend", "route")]
    database.todo["resend"] = 0
    with structlog.testing.capture_logs() as logged:
        for _ in range(2):
            await busy._take_turn()
    assert logged == []
    assert database.listed == 2
    assert database.asked == ["answer", "release", "route", "answer", "resend", "route"]


async def test_listed_chore_that_misses_something_is_a_chore_that_fails() -> None:
    database = Database()
    database.broken = {"release": NoSuchChore()}
    with structlog.testing.capture_logs() as logged:
        await tend(database)._take_turn()
    assert [(entry["event"], entry["doing"]) for entry in logged] == [("chore failed", "release")]
    assert database.asked == list(CHORES)


async def test_list_that_cannot_be_read_is_asked_for_again() -> None:
    database = Database()
    database.broken = {"listing": RaiseException()}
    busy = tend(database)
    await busy._take_turn()
    database.broken = {}
    await busy._take_turn()
    assert database.asked == list(CHORES)


async def test_something_done_wakes_the_loop() -> None:
    database = Database()
    busy = tend(database)
    await busy._take_turn()
    assert not busy._wake.is_set()
    database.todo["route"] = 1
    await busy._take_turn()
    assert busy._wake.is_set(), "there may be something to deliver"


@pytest.mark.parametrize(
    "error",
    [
        RaiseException,
        QueryCanceled,
        errors.IdleInTransactionSessionTimeout,
        errors.TransactionTimeout,
        *(error for error in PASSING if error is not AdminShutdown),
    ],
)
async def test_chore_that_fails_holds_up_no_other(error: type[psycopg.Error]) -> None:
    database = Database()
    database.broken = {"release": error()}
    await tend(database)._take_turn()
    assert set(database.asked) == set(CHORES)


@pytest.mark.parametrize("error", [psycopg.OperationalError, psycopg.InterfaceError, AdminShutdown])
async def test_database_away_ends_the_turn(error: type[psycopg.Error]) -> None:
    database = Database()
    database.broken = {"answer": error()}
    with pytest.raises(error):
        await tend(database)._take_turn()
    assert database.asked == ["answer"]


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
