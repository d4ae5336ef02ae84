"""How leads gather for the database, with a database that answers when it is told to."""

import asyncio
import json
from collections.abc import Callable

import pytest
from psycopg import Error, OperationalError
from psycopg.errors import AdminShutdown, DeadlockDetected, DivisionByZero, LockNotAvailable

from leadgen.app.batches import (
    MAX_LEADS,
    MEMORY_SECONDS,
    MOST_SENDERS,
    LeadBatcher,
    Offers,
    _Lead,
)
from leadgen.app.problems import Problem
from leadgen.app.queries import Outcome, Queries
from leadgen.app.senders import name_sender
from leadgen.db.pool import WAIT_SECONDS, WAITING_PER_CONNECTION

Answers = Callable[[str], Outcome]
REFUSAL = '{"sqlstate": "LG403", "message": "No", "hint": "", "detail": "{\\"field\\": \\"source_key\\"}"}'


def accept(payload: str) -> Outcome:
    return "accepted", f'{{"to": "{payload}"}}'


class Database(Queries):
    """Stands for the SQL functions. Every call waits until it is ended, with answers or an error."""

    def __init__(self) -> None:
        self.begun: list[list[str]] = []  # the payloads of each call, from the first
        self.waits: list[bool] = []  # and whether it may wait for an offer
        self._ends: list[asyncio.Future[Answers]] = []

    async def submit_lead(self, payload: str, context: str, *, waits: bool) -> Outcome:
        """Stands for leadgen.submit_lead."""
        assert context == f"context of {payload}"
        return (await self._call([payload], waits))(payload)

    async def submit_leads(self, payloads: list[str], contexts: list[str], *, waits: bool) -> list[Outcome]:
        """Stands for leadgen.submit_leads."""
        assert len(payloads) > 1, "a lead by itself needs no subtransaction"
        assert contexts == [f"context of {payload}" for payload in payloads]
        answer = await self._call(payloads, waits)
        return [answer(payload) for payload in payloads]

    async def end(self, number: int, how: Answers | Exception = accept) -> None:
        """End one call, and let everybody go on who can."""
        if isinstance(how, Exception):
            self._ends[number].set_exception(how)
        else:
            self._ends[number].set_result(how)
        await settle()

    async def _call(self, payloads: list[str], waits: bool) -> Answers:
        self.begun.append(payloads)
        self.waits.append(waits)
        self._ends.append(asyncio.get_running_loop().create_future())
        return await self._ends[-1]


class Senders:
    """Those who submit leads; a payload is named by its sender and a number: `a1`."""

    def __init__(self, batcher: LeadBatcher) -> None:
        self.batcher = batcher
        self.sent: dict[str, asyncio.Task[Outcome]] = {}

    async def send(self, *payloads: str) -> None:
        """Submit leads at once, in this order."""
        for payload in payloads:
            submit = self.batcher.submit(payload[0], payload, f"context of {payload}")
            self.sent[payload] = asyncio.create_task(submit)
        await settle()

    async def send_together(self, *payloads: str) -> None:
        """Submit leads that belong together."""
        for payload in payloads:
            submit = self.batcher.submit(payload[0], payload, f"context of {payload}", has_company=True)
            self.sent[payload] = asyncio.create_task(submit)
        await settle()

    def check_accepted(self, *payloads: str) -> None:
        """Assert that these, and no others, have their own answers."""
        answered = {payload: task.result() for payload, task in self.sent.items() if task.done()}
        assert answered == {payload: accept(payload) for payload in payloads}

    def status_of(self, payload: str) -> int:
        """The status with which a lead was refused."""
        problem = self.sent.pop(payload).exception()
        assert isinstance(problem, Problem), problem
        return problem.kind.status


async def settle() -> None:
    """Let the event loop run until nothing is left to do."""
    for _ in range(10):
        await asyncio.sleep(0)


def of_offer(offer_id: int, *, held: str = "") -> Answers:
    """Leads of one offer, for which those of the senders `held` would have to wait."""

    def answer(payload: str) -> Outcome:
        status = "busy" if payload[0] in held else "accepted"
        return status, f'{{"to": "{payload}", "offer_id": {offer_id}}}'

    return answer


def answers(**words: str) -> Answers:
    """Some leads get another status; the others are accepted."""
    return lambda payload: (words[payload], REFUSAL) if payload in words else accept(payload)


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def one(database: Database) -> Senders:
    """Senders to a batcher of one call at a time."""
    return Senders(LeadBatcher(database, 1))


@pytest.fixture
def two(database: Database) -> Senders:
    """Senders to a batcher of two calls at a time."""
    return Senders(LeadBatcher(database, 2))


async def test_a_lead_that_finds_a_free_slot_goes_at_once_and_by_itself(
    two: Senders, database: Database
) -> None:
    await two.send("a1", "b1")
    assert database.begun == [["a1"], ["b1"]]
    await database.end(1)
    two.check_accepted("b1")
    await two.send("c1")
    assert database.begun[2:] == [["c1"]]


async def test_what_comes_while_all_slots_are_busy_is_one_call(one: Senders, database: Database) -> None:
    await one.send("a1", "b1", "c1", "b2", "a2")
    assert database.begun == [["a1"]]
    await database.end(0)
    assert database.begun[1:] == [["b1", "b2", "c1", "a2"]], "a lane at a time, the oldest first"
    one.check_accepted("a1")
    await database.end(1)
    one.check_accepted("a1", "b1", "b2", "c1", "a2")


async def test_leads_that_have_company_are_one_call(two: Senders, database: Database) -> None:
    await two.send_together("a1", "a2", "a3")
    assert database.begun == [["a1", "a2", "a3"]]
    await two.send("b1")
    assert database.begun[1:] == [["b1"]]
    await two.send_together("a4", "a5")
    assert database.begun[2:] == [], "their lane is in a call"
    await database.end(0)
    assert database.begun[2:] == [["a4", "a5"]]


async def test_a_lane_is_in_one_call_at_a_time(two: Senders, database: Database) -> None:
    await two.send("a1", "a2", "a3", "b1")
    assert database.begun == [["a1"], ["b1"]]
    await database.end(1)
    assert len(database.begun) == 2, "a slot is free, and would only wait for the other"
    await database.end(0)
    assert database.begun[2:] == [["a2", "a3"]]


async def test_a_call_takes_an_even_share(two: Senders, database: Database) -> None:
    await two.send("a1", "b1", *(f"{lane}{n}" for lane in "cdefghij" for n in (1, 2)))
    await database.end(0)
    await database.end(1)
    assert [len(call) for call in database.begun] == [1, 1, 10, 6]
    assert not {call[0] for call in database.begun[2]} & {call[0] for call in database.begun[3]}


async def test_a_call_takes_so_many_and_no_more(one: Senders, database: Database) -> None:
    await one.send("a1", *(f"b{n}" for n in range(40)))
    await database.end(0)
    await database.end(1)
    assert database.begun[1:] == [
        [f"b{n}" for n in range(MAX_LEADS)],
        [f"b{n}" for n in range(MAX_LEADS, 40)],
    ]


async def test_a_refused_lead_is_refused_alone(one: Senders, database: Database) -> None:
    await one.send("a1", "b1", "b2", "b3")
    await database.end(0)
    await database.end(1, answers(b2="refused"))
    assert one.status_of("b2") == 403
    one.check_accepted("a1", "b1", "b3")


async def test_leads_of_a_busy_offer_wait_for_it_without_other_lanes(
    one: Senders, database: Database
) -> None:
    await one.send("a1", "b1", "b2", "c1")
    await database.end(0)
    await one.send("c2", "b3", "d1")
    await database.end(1, answers(b1="busy", b2="busy"))
    one.check_accepted("a1", "c1")
    assert database.begun[2:] == [["b1", "b2"]]
    await database.end(2)
    assert database.begun[3:] == [["c2", "b3", "d1"]]
    assert database.waits == [False, False, True, False], "only what was tried may wait"


async def test_one_connection_is_never_that_of_leads_that_wait(database: Database) -> None:
    three = Senders(LeadBatcher(database, 3))
    await three.send("a1", "b1", "c1")
    for number in range(3):
        await database.end(number, of_offer(number, held="abc"))
    assert database.begun[3:] == [["a1"], ["b1"]]
    assert database.waits[3:] == [True, True]
    await three.send("d1")
    await database.end(5)
    await three.send("d2")
    assert database.begun[5:] == [["d1"], ["d2"]], "the third slot is free again and again"
    await database.end(3)
    assert database.begun[7:] == [["c1"]]
    assert database.waits[5:] == [False, False, True]


async def test_leads_of_a_held_offer_are_one_lane_whoever_sends_them(
    two: Senders, database: Database
) -> None:
    """Senders that nobody heard of, as many as there are leads."""
    await two.send("a1", "b1")
    await database.end(0, of_offer(7, held="a"))
    assert database.begun[2:] == [["a1"]]
    await database.end(1, of_offer(7, held="b"))
    await two.send("c1", "d1", "e1")
    assert database.begun[3:] == [["c1"]]
    await database.end(3, of_offer(7, held="c"))
    await database.end(4, of_offer(7, held="de"))
    await two.send("f1")
    assert database.begun[4:] == [["d1", "e1"], ["f1"]], "the slot is free for one of another offer"
    await database.end(5, of_offer(8))
    await database.end(2, of_offer(7))
    assert sorted(database.begun[6]) == ["b1", "c1", "d1", "e1"]
    assert database.waits[6]


async def test_the_sources_of_one_offer_become_one_lane(two: Senders, database: Database) -> None:
    await two.send("a1", "b1", "c1")
    await database.end(0, of_offer(7))
    await database.end(1, of_offer(7))
    await database.end(2, of_offer(8))
    await two.send("a2", "b2", "c2")
    assert database.begun[3:] == [["a2"], ["c2"]]
    await database.end(4)
    assert len(database.begun) == 5
    await database.end(3)
    assert database.begun[5:] == [["b2"]]


async def test_a_sender_of_a_held_offer_may_have_another(two: Senders, database: Database) -> None:
    """What is known of a sender is a guess: its next lead is tried, however long the last one waits."""
    await two.send("a1")
    await database.end(0, of_offer(7, held="a"))
    assert database.begun[1:] == [["a1"]]
    await two.send("a2")
    assert database.begun[2:] == [["a2"]]
    await database.end(2, of_offer(8))
    assert two.sent["a2"].done()
    assert not two.sent["a1"].done()


async def test_a_statement_of_its_own_is_in_no_batch_and_is_tried_first(
    one: Senders, database: Database
) -> None:
    said: list[tuple[str, bool]] = []

    async def statement(context: str, *, waits: bool) -> Outcome:
        said.append((context, waits))
        return ("accepted" if waits else "busy"), '{"offer_id": 7}'

    await one.send("a1", "b1")
    alone = asyncio.create_task(one.batcher.submit_alone("b", statement, "its context"))
    await one.send("b2")
    await database.end(0)
    assert database.begun[1:] == [["b1", "b2"]]
    assert said == []
    await database.end(1)
    assert said == [("its context", False), ("its context", True)]
    assert alone.result() == ("accepted", '{"offer_id": 7}')


def test_a_sender_of_two_offers_is_none_of_theirs() -> None:
    offers = Offers()
    offers.learn("a", 7, 0)
    offers.learn("a", 7, 1)
    assert offers.find("a", 2) == 7
    offers.learn("a", 8, 3)
    offers.learn("a", 8, 4)
    assert offers.find("a", 5) is None


def test_offers_of_senders_are_forgotten_after_a_while() -> None:
    offers = Offers()
    offers.learn("a", 7, 0)
    assert offers.find("a", MEMORY_SECONDS - 1) == 7
    assert offers.find("a", MEMORY_SECONDS) is None
    offers.learn("a", 8, MEMORY_SECONDS)
    assert offers.find("a", MEMORY_SECONDS + 1) == 8


def test_so_many_senders_are_remembered_and_no_more() -> None:
    offers = Offers()
    for number in range(MOST_SENDERS + 1):
        offers.learn(str(number), 7, 0)
    assert [offers.find(str(n), 1) for n in (0, 1, MOST_SENDERS)] == [None, 7, 7]


async def test_a_lead_at_fault_whose_offer_is_held_waits_by_itself(one: Senders, database: Database) -> None:
    await one.send("a1", "b1", "b2")
    await database.end(0)
    await database.end(1, answers(b1="alone"))
    await database.end(2, of_offer(7, held="b"))
    assert database.begun[2:] == [["b1"], ["b1"]]
    assert database.waits[2:] == [False, True]


async def test_a_lead_that_may_be_at_fault_is_submitted_by_itself(one: Senders, database: Database) -> None:
    await one.send("a1", "b1", "b2", "b3")
    await database.end(0)
    await database.end(1, answers(b2="alone"))
    one.check_accepted("a1", "b1", "b3")
    await one.send("b4")
    assert database.begun[2:] == [["b2"]]
    await database.end(2)
    assert database.begun[3:] == [["b4"]]


@pytest.mark.parametrize("error", [DeadlockDetected(), LockNotAvailable(), DivisionByZero()])
async def test_a_batch_that_fails_is_submitted_one_by_one(
    error: Error, one: Senders, database: Database
) -> None:
    await one.send("a1", "b1", "b2", "c1")
    await database.end(0)
    await database.end(1, error)
    await one.send("c2")
    for number in range(2, 6):
        await database.end(number)
    assert database.begun[2:] == [["b1"], ["b2"], ["c1"], ["c2"]]
    one.check_accepted("a1", "b1", "b2", "c1", "c2")


@pytest.mark.parametrize(
    "error", [OperationalError("the connection is lost"), AdminShutdown("by an operator")]
)
async def test_what_may_have_been_kept_is_not_submitted_again(
    error: Error, one: Senders, database: Database
) -> None:
    await one.send("a1", "b1", "b2")
    await database.end(0)
    await database.end(1, error)
    assert [one.status_of(payload) for payload in ("b1", "b2")] == [503, 503]
    assert len(database.begun) == 2


async def test_a_defect_is_heard_by_everybody(one: Senders, database: Database) -> None:
    await one.send("a1", "b1", "b2")
    await database.end(0, ValueError("odd"))
    await database.end(1, ValueError("odd"))
    assert [type(task.exception()) for task in one.sent.values()] == [ValueError] * 3
    await one.send("c1")
    assert database.begun[2:] == [["c1"]], "and the slot is free again"


async def test_a_sender_who_goes_takes_nobody_along(one: Senders, database: Database) -> None:
    await one.send("a1", "b1", "b2", "b3", "b4")
    one.sent.pop("b3").cancel()
    await database.end(0)
    assert database.begun[1:] == [["b1", "b2", "b4"]], "it had not begun"
    one.sent.pop("b1").cancel()
    await settle()
    await database.end(1)
    one.check_accepted("a1", "b2", "b4")


async def test_a_lead_whose_sender_has_gone_is_not_submitted_again(one: Senders, database: Database) -> None:
    await one.send("a1", "b1", "b2")
    await database.end(0)
    one.sent.pop("b1").cancel()
    await settle()
    await database.end(1, DeadlockDetected())
    assert database.begun[2:] == [["b2"]]


async def test_of_too_many_a_flood_is_refused_at_once(one: Senders, database: Database) -> None:
    flood = [f"a{n}" for n in range(WAITING_PER_CONNECTION)]
    await one.send(*flood, "a", "b1", "c1", "b2", "aa")
    for refused in ("a", *flood[-3:], "aa"):
        assert one.status_of(refused) == 503, "the newest of those who have most"
    assert not any(sent.done() for sent in one.sent.values())
    number = 0
    while number < len(database.begun):
        await database.end(number)
        number += 1
    one.check_accepted(*flood[:-3], "b1", "c1", "b2")
    await one.send("a100")
    assert not one.sent["a100"].done()


async def test_a_sender_who_has_no_more_than_others_is_refused_first_if_it_comes_last(one: Senders) -> None:
    names = [chr(ord("A") + n) for n in range(WAITING_PER_CONNECTION)]
    await one.send(*(f"{name}1" for name in names), "~1")
    assert one.status_of("~1") == 503
    assert not any(sent.done() for sent in one.sent.values())


async def test_a_flood_of_an_offer_is_refused_whatever_its_senders_are_called(
    one: Senders, database: Database
) -> None:
    """An honest sender of the same offer keeps its place, too."""
    await one.send("a1", "b1", "c1")
    await database.end(0, of_offer(7))
    await database.end(1, of_offer(7))
    half = WAITING_PER_CONNECTION // 2
    await one.send(*(f"a{n}" for n in range(2, half)), *(f"b{n}" for n in range(2, half)))
    await one.send("c2", "c3", "c4", "d1")
    assert not any(one.sent[f"{name}{n}"].done() for name in "ab" for n in range(2, half))
    await one.send("c5", "d2", "d3")
    for refused in (f"b{half - 1}", f"b{half - 2}", f"a{half - 1}"):
        assert one.status_of(refused) == 503
    assert not any(one.sent[payload].done() for payload in ("c2", "c3", "c4", "c5", "d1", "d2", "d3"))


def test_pages_of_one_host_have_one_share() -> None:
    loop = asyncio.new_event_loop()
    leads = [_Lead("", lane, "", "", 0, loop.create_future(), 0) for lane in ("h/a", "h/b", "h", 7)]
    assert [lead.share for lead in leads] == ["h", "h", "h", 7]
    loop.close()


async def test_a_lead_is_given_up_that_cannot_be_begun_in_time(
    one: Senders, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leadgen.app.batches.WAIT_SECONDS", 0)
    await one.send("a1", "b1")
    assert one.status_of("b1") == 503
    await database.end(0)
    one.check_accepted("a1")
    assert database.begun == [["a1"]]


@pytest.mark.parametrize("how", [DeadlockDetected(), answers(b1="busy", b2="busy")])
async def test_a_lead_is_not_begun_again_once_its_time_is_up(
    how: Answers | Exception, one: Senders, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await one.send("a1", "b1", "b2")
    await database.end(0)
    later = asyncio.get_running_loop().time() + WAIT_SECONDS
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: later)
    await settle()
    await database.end(1, how)
    assert [one.status_of(payload) for payload in ("b1", "b2")] == [503, 503]
    assert len(database.begun) == 2


async def test_draining_waits_for_every_call(two: Senders, database: Database) -> None:
    await two.send("a1", "b1", "a2", "a3")
    drained = asyncio.create_task(two.batcher.drain())
    for number in range(3):
        assert not drained.done()
        await database.end(number)
    await settle()
    assert drained.done()
    two.check_accepted("a1", "b1", "a2", "a3")


@pytest.mark.parametrize(
    ("payload", "context", "name"),
    [
        ('{"source_key": "s"}', {}, "s"),
        ('{"source_key": "s", "landing_url": "https://a.example/"}', {"api_key_hash": "k"}, "k"),
        (
            '{"landing_url": "https://A.example/roof/a1?gclid=1"}',
            {"referer": "https://b.example/"},
            "a.example/roof",
        ),
        ('{"landing_url": "a.example/roof#top"}', {}, "a.example/roof"),
        (
            '{"name": "Jo"}',
            {"referer": "https://b.example/y?z", "origin": "https://b.example"},
            "b.example/y",
        ),
        ('{"name": "Jo"}', {"origin": "https://b.example"}, "b.example"),
        ('{"source_key": 7, "landing_url": {}}', {}, "7"),
        ('{"landing_url": "http://[/?"}', {}, "[/"),
        ("{}", {}, ""),
        (json.dumps({"source_key": "x" * 1000}), {}, "x" * 200),
    ],
)
def test_a_sender_is_named_by_where_a_lead_comes_from(
    payload: str, context: dict[str, str], name: str
) -> None:
    assert name_sender(payload, context) == name
