"""Leads on their way to the database: at once while a connection is free, together while all are busy.

The database takes the leads of one offer one after the other, so a second call for the same sender would hold a
connection only to wait for the first. The leads of a sender are therefore a lane, and a lane is in one call at a
time. What comes meanwhile gathers for the next call, which takes whole lanes up to an even share of all leads.
A lane is only a guess at the offer: the database decides which offer a lead is for, and who waits.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import msgspec
import structlog
from psycopg import Error

from leadgen.app.errors import BUSY, is_undone, read_refusal, to_problem
from leadgen.app.metrics import LEADS_IN_HAND
from leadgen.app.problems import UNAVAILABLE, Problem
from leadgen.app.queries import Outcome, Queries
from leadgen.db.pool import WAIT_SECONDS, WAITING_PER_CONNECTION

MAX_LEADS = 32  # in one call: each is a subtransaction, of which a server process keeps only 64 at hand

log = structlog.get_logger()


class _Company(Enum):
    """Who may be in the same call."""

    ANYBODY = auto()
    ITS_LANE = auto()  # somebody held its offer: the call waits for that, and no other lane with it
    NOBODY = auto()  # it may be what went wrong in a batch


@dataclass(eq=False)
class _Lead:
    """A lead whose sender waits for the answer. `begin_by` is a time of the event loop."""

    lane: str
    payload: str
    context: str
    begin_by: float
    answer: asyncio.Future[Outcome]
    company: _Company = _Company.ANYBODY

    def settle(self, outcome: Outcome) -> None:
        if not self.answer.done():  # else its sender has gone
            self.answer.set_result(outcome)

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


class _Sender(msgspec.Struct):
    source_key: Any = None
    landing_url: Any = None


_SENDER = msgspec.json.Decoder(_Sender)


def name_lane(payload: str, context: Mapping[str, str]) -> str:
    """The lane of a lead: the key, source or page that it comes from, as far as that can be told here."""
    sender = _SENDER.decode(payload)
    page = sender.landing_url or context.get("referer") or context.get("origin")
    return str(context.get("api_key_hash") or sender.source_key or page).partition("?")[0]


class LeadBatcher:
    """Submits leads in at most `slots` calls at a time."""

    def __init__(self, queries: Queries, slots: int) -> None:
        self._queries = queries
        self._slots = slots
        self._unanswered = 0
        self._waiting: dict[_Lead, None] = {}  # in the order they came
        self._calls: dict[asyncio.Task[None], set[str]] = {}  # and the lanes of each

    async def submit(self, lane: str, payload: str, context: str) -> Outcome:
        """Submit a lead; payload and context are JSON. Returns once it is committed. Raises Problem.

        Who cannot be begun within WAIT_SECONDS is refused, like one for whom no connection comes free.
        """
        if self._unanswered >= self._slots * WAITING_PER_CONNECTION:
            raise Problem(UNAVAILABLE, BUSY)
        loop = asyncio.get_running_loop()
        lead = _Lead(lane, payload, context, loop.time() + WAIT_SECONDS, loop.create_future())
        timer = loop.call_at(lead.begin_by, self._give_up, lead)
        self._unanswered += 1
        self._waiting[lead] = None
        self._start_calls()
        try:
            with LEADS_IN_HAND.track_inprogress():
                return await lead.answer
        finally:
            timer.cancel()
            self._waiting.pop(lead, None)
            self._unanswered -= 1

    async def drain(self) -> None:
        """Return when no call is under way and none can follow."""
        while self._calls:
            await asyncio.wait(self._calls)

    def _start_calls(self) -> None:
        while len(self._calls) < self._slots and (batch := self._take_batch()):
            task = asyncio.create_task(self._call(batch))
            self._calls[task] = {lead.lane for lead in batch}
            task.add_done_callback(self._end_call)

    def _end_call(self, task: asyncio.Task[None]) -> None:
        del self._calls[task]
        self._start_calls()

    def _take_batch(self) -> list[_Lead]:
        """The leads of the next call; none when every lane that waits is in a call already."""
        in_call = set[str]().union(*self._calls.values())
        lanes: dict[str, list[_Lead]] = {}
        for lead in self._waiting:
            if lead.lane not in in_call:
                lanes.setdefault(lead.lane, []).append(lead)

        share = self._unanswered / self._slots
        batch: list[_Lead] = []
        for lane in lanes.values():
            company = lane[0].company
            batch += lane[:1] if company is _Company.NOBODY else lane
            if company is not _Company.ANYBODY or len(batch) >= share:
                break
        del batch[MAX_LEADS:]
        for lead in batch:
            del self._waiting[lead]
        return batch

    async def _call(self, batch: list[_Lead]) -> None:
        try:
            if len(batch) == 1:
                batch[0].settle(await self._queries.submit_lead(batch[0].payload, batch[0].context))
            else:
                await self._call_together(batch)
        except Exception as error:  # noqa: BLE001  whatever it is, those who wait have to hear of it
            for lead in batch:
                lead.fail(error)

    async def _call_together(self, batch: list[_Lead]) -> None:
        try:
            outcomes = await self._queries.submit_leads(
                [lead.payload for lead in batch], [lead.context for lead in batch]
            )
        except Error as error:
            if is_undone(error):
                log.warning("batch undone", leads=len(batch), sqlstate=error.sqlstate)
                self._put_back(dict.fromkeys(batch, _Company.NOBODY))
            else:
                for lead in batch:
                    problem = to_problem(error)
                    problem.__cause__ = error
                    lead.fail(problem)
            return

        back: dict[_Lead, _Company] = {}
        for lead, (status, outcome) in zip(batch, outcomes, strict=True):
            if status == "busy":
                back[lead] = _Company.ITS_LANE
            elif status == "alone":
                back[lead] = _Company.NOBODY
            elif status == "refused":
                lead.fail(read_refusal(outcome))
            else:
                lead.settle((status, outcome))
        self._put_back(back)

    def _put_back(self, leads: dict[_Lead, _Company]) -> None:
        """Let leads wait again, before all others; those whose time is up are refused."""
        now = asyncio.get_running_loop().time()
        for lead, company in leads.items():
            lead.company = company
            if now >= lead.begin_by:
                lead.fail(Problem(UNAVAILABLE, BUSY))
        self._waiting = {lead: None for lead in leads if not lead.answer.done()} | self._waiting

    def _give_up(self, lead: _Lead) -> None:
        """Refuse a lead whose time is up, unless it is in a call."""
        if lead in self._waiting:
            del self._waiting[lead]
            lead.fail(Problem(UNAVAILABLE, BUSY))
