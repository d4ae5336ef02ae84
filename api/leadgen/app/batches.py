"""Leads on their way to the database: at once while a connection is free, together while all are busy.

The database takes the leads of one offer one after the other, so a second call for the same offer would hold a
connection only to wait for the first. Leads of one offer are therefore a lane, and a lane is in one call at a time.
What comes meanwhile gathers for the next call, which takes whole lanes up to an even share of all leads.

Which offer a lead is for, only the database knows. A lead begins in the lane of the offer that its sender's leads
went to before (see Offers) or else of its sender: a guess. What holds is this: a lead is tried first, which never
waits for an offer. If somebody holds its offer, the answer is `busy` and names it; the lead is then of that offer's
lane, and goes in a call that may wait. Such a call has no other lane with it, and one connection is never theirs. So a
slow offer keeps one connection, several keep all but one, and neither depends on what senders say.

So many leads may be unanswered, and no more. Then whoever has most gives way, so that a flood refuses itself.
"""

import asyncio
from collections import Counter
from contextvars import Context
from dataclasses import dataclass, field
from typing import Protocol

import msgspec
import structlog
from psycopg import Error

from leadgen import tracing
from leadgen.app.errors import BUSY, is_undone, read_refusal, to_problem
from leadgen.app.metrics import LEAD_SECONDS, LEADS, LEADS_IN_HAND, name_outcome
from leadgen.app.problems import UNAVAILABLE, Problem
from leadgen.app.queries import Outcome, Queries
from leadgen.app.sealing import Sealer
from leadgen.app.senders import LONGEST_NAME
from leadgen.db.pool import WAIT_SECONDS, WAITING_PER_CONNECTION

MAX_LEADS = 32  # in one call: each is a subtransaction, of which a server process keeps only 64 at hand
MOST_SENDERS = 10_000  # whose offers are remembered
MEMORY_SECONDS = 600.0

Lane = int | str  # the id of an offer; the name of a sender as long as its offer is not known

log = structlog.get_logger()


class Statement(Protocol):
    """Submits a lead in its own transaction; `busy` if somebody holds its offer and it does not wait."""

    async def __call__(self, context: str, *, waits: bool) -> Outcome: ...


@dataclass(eq=False)
class _Lead:
    """A lead whose sender waits for the answer. `begin_by` is a time of the event loop."""

    sender: str
    lane: Lane
    payload: str
    context: str
    begin_by: float
    answer: asyncio.Future[Outcome]
    came: float
    statement: Statement | None = None  # else submit_lead's or submit_leads'
    waits: bool = False  # somebody held its offer: its call may wait for that
    is_alone: bool = False  # it may be what went wrong in a batch
    blobs: dict[str, str] = field(default_factory=dict)  # what of it is sealed, by digest
    called: float = 0.0  # when its latest call began; 0: none yet

    @property
    def queue(self) -> tuple[Lane, bool, bool]:
        """Leads of one queue may be in the same call."""
        return self.lane, self.waits, self.is_alone

    @property
    def share(self) -> Lane:
        """Whose share of the places it takes: its offer's, or as long as that is not known its key's or host's."""
        return self.lane if isinstance(self.lane, int) else self.lane.partition("/")[0]

    def settle(self, outcome: Outcome) -> None:
        if not self.answer.done():  # else its sender has gone
            self.answer.set_result(outcome)

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


@dataclass
class _Call:
    lanes: set[Lane]
    waits: bool


class _SaysOffer(msgspec.Struct):
    offer_id: int | None = None


class _SaysLead(msgspec.Struct):
    lead_id: int | None = None


_OFFER = msgspec.json.Decoder(_SaysOffer)
_LEAD = msgspec.json.Decoder(_SaysLead)


class Offers:
    """To which offer the leads of a sender went, by the database's answers: ten sources of an offer are one lane.

    A sender whose leads went to two offers is none's. What was learned is forgotten after a while, so that a source
    may move.
    """

    def __init__(self) -> None:
        # the offer, and until when it is known; those that end first come first
        self._known: dict[str, tuple[int | None, float]] = {}

    def find(self, sender: str, now: float) -> int | None:
        """The offer of a sender."""
        offer_id, until = self._known.get(sender, (None, 0.0))
        return offer_id if now < until else None

    def learn(self, sender: str, offer_id: int, now: float) -> None:
        """A lead of this sender went to this offer."""
        known, until = self._known.get(sender, (None, 0.0))
        if now < until:
            if known != offer_id:
                self._known[sender] = None, until
            return
        self._known.pop(sender, None)
        self._known[sender] = offer_id, now + MEMORY_SECONDS
        if len(self._known) > MOST_SENDERS:
            del self._known[next(iter(self._known))]


class LeadBatcher:
    """Submits leads in at most `slots` calls at a time."""

    def __init__(self, queries: Queries, slots: int, sealer: Sealer | None = None) -> None:
        self._queries = queries
        self._sealer = sealer
        self._slots = slots
        self._unanswered = 0
        self._waiting: dict[_Lead, None] = {}  # in the order they came
        self._calls: dict[asyncio.Task[None], _Call] = {}
        self._offers = Offers()

    async def submit(self, sender: str, payload: str, context: str, *, has_company: bool = False) -> Outcome:
        """Submit a lead; payload and context are JSON. Returns once it is committed. Raises Problem.

        Who cannot be begun within WAIT_SECONDS is refused, like one for whom no connection comes free.
        `has_company`: others are submitted in the same turn of the event loop, and go with it.
        """
        return await self._submit(sender, payload, context, None, has_company=has_company)

    async def submit_alone(self, sender: str, statement: Statement, context: str) -> Outcome:
        """Submit a lead by a statement of its own, which is in no batch. As submit in all else."""
        return await self._submit(sender[:LONGEST_NAME], "", context, statement)

    async def _submit(
        self,
        sender: str,
        payload: str,
        context: str,
        statement: Statement | None,
        *,
        has_company: bool = False,
    ) -> Outcome:
        loop = asyncio.get_running_loop()
        lane = self._offers.find(sender, loop.time()) or sender
        begin_by = loop.time() + WAIT_SECONDS
        lead = _Lead(sender, lane, payload, context, begin_by, loop.create_future(), loop.time(), statement)
        lead.is_alone = statement is not None
        if self._unanswered >= self._slots * WAITING_PER_CONNECTION:
            self._make_room(lead)
        timer = loop.call_at(lead.begin_by, self._give_up, lead)
        self._unanswered += 1
        self._waiting[lead] = None
        if has_company:
            loop.call_soon(self._start_calls)
        else:
            self._start_calls()
        try:
            with LEADS_IN_HAND.track_inprogress():
                outcome = await lead.answer
        except Problem as problem:
            LEADS.labels("unavailable" if problem.kind is UNAVAILABLE else "refused").inc()
            raise
        else:
            _note(lead, outcome, loop.time())
            return outcome
        finally:
            timer.cancel()
            self._waiting.pop(lead, None)
            self._unanswered -= 1

    def _make_room(self, lead: _Lead) -> None:
        """Refuse one lead: of the offer with most leads that wait, of its sender with most of them, the newest.

        Raises Problem if that is this lead.
        """
        newest = [lead, *reversed(self._waiting)]  # of two that have as many, the first gives way
        ((share, _),) = Counter(one.share for one in newest).most_common(1)
        ((sender, _),) = Counter(one.sender for one in newest if one.share == share).most_common(1)
        last = next(one for one in newest if (one.share, one.sender) == (share, sender))
        if last is lead:
            raise Problem(UNAVAILABLE, BUSY)
        self._give_up(last)

    async def drain(self) -> None:
        """Return when no call is under way and none can follow."""
        while self._calls:
            await asyncio.wait(self._calls)

    def _start_calls(self) -> None:
        while len(self._calls) < self._slots and (batch := self._take_batch()):
            task = asyncio.create_task(self._call(batch), context=Context())  # for many requests
            self._calls[task] = _Call({lead.lane for lead in batch}, batch[0].waits)
            task.add_done_callback(self._end_call)

    def _end_call(self, task: asyncio.Task[None]) -> None:
        del self._calls[task]
        self._start_calls()

    def _take_batch(self) -> list[_Lead]:
        """The leads of the next call; none when every lane that waits is in a call already."""
        in_call = set[Lane]().union(*(call.lanes for call in self._calls.values()))
        in_try = set[Lane]().union(*(call.lanes for call in self._calls.values() if not call.waits))
        may_wait = sum(call.waits for call in self._calls.values()) < max(1, self._slots - 1)
        queues: dict[tuple[Lane, bool, bool], list[_Lead]] = {}
        for lead in self._waiting:
            if may_wait and lead.lane not in in_call if lead.waits else lead.lane not in in_try:
                queues.setdefault(lead.queue, []).append(lead)

        share = self._unanswered / self._slots
        batch: list[_Lead] = []
        for (_, waits, is_alone), leads in queues.items():
            if batch and (waits or is_alone):
                continue
            batch += leads[:1] if is_alone else leads
            if waits or is_alone or len(batch) >= share:
                break
        del batch[MAX_LEADS:]
        for lead in batch:
            del self._waiting[lead]
        return batch

    async def _call(self, batch: list[_Lead]) -> None:
        now = asyncio.get_running_loop().time()
        for lead in batch:
            lead.called = now
        try:
            if self._sealer:
                await self._sealer.get_ready()
            if len(batch) == 1:
                self._hear([(batch[0], await self._submit_one(batch[0]))])
            else:
                await self._call_together(batch)
        except Exception as error:  # noqa: BLE001  whatever it is, those who wait have to hear of it
            for lead in batch:
                lead.fail(error)

    async def _submit_one(self, lead: _Lead) -> Outcome:
        if lead.statement:
            return await lead.statement(self._write_context(lead), waits=lead.waits)
        return await self._queries.submit_lead(lead.payload, self._write_context(lead), waits=lead.waits)

    def _write_context(self, lead: _Lead) -> str:
        """The context of a lead, with its sealed texts where personal data is sealed."""
        if self._sealer is None:
            return lead.context
        if lead.payload and not lead.blobs:
            lead.blobs = self._sealer.guess(lead.payload)
        return self._sealer.write_context(lead.context, lead.blobs)

    async def _call_together(self, batch: list[_Lead]) -> None:
        try:
            outcomes = await self._queries.submit_leads(
                [lead.payload for lead in batch],
                [self._write_context(lead) for lead in batch],
                waits=batch[0].waits,
            )
        except Error as error:
            if is_undone(error):
                log.warning("batch undone", leads=len(batch), sqlstate=error.sqlstate)
                for lead in batch:
                    lead.is_alone = True
                self._put_back(batch)
            else:
                for lead in batch:
                    problem = to_problem(error)
                    problem.__cause__ = error
                    lead.fail(problem)
            return
        self._hear(list(zip(batch, outcomes, strict=True)))

    def _hear(self, answers: list[tuple[_Lead, Outcome]]) -> None:
        """Tell senders what became of their leads; those that have to come again wait again."""
        now = asyncio.get_running_loop().time()
        back: list[_Lead] = []
        for lead, (status, outcome) in answers:
            if status in ("accepted", "busy") and (offer_id := _OFFER.decode(outcome).offer_id):
                self._offers.learn(lead.sender, offer_id, now)
                lead.lane = offer_id
            if status == "busy":
                lead.waits = True
                back.append(lead)
            elif status == "seal" and self._sealer:
                lead.blobs |= self._sealer.seal_wanted(outcome)
                back.append(lead)
            elif status == "alone":
                lead.is_alone = True
                back.append(lead)
            elif status == "refused":
                lead.fail(read_refusal(outcome))
            else:
                lead.settle((status, outcome))
        self._put_back(back)

    def _put_back(self, leads: list[_Lead]) -> None:
        """Let leads wait again, before all others; those whose time is up are refused."""
        now = asyncio.get_running_loop().time()
        for lead in leads:
            if now >= lead.begin_by:
                lead.fail(Problem(UNAVAILABLE, BUSY))
        self._waiting = {lead: None for lead in leads if not lead.answer.done()} | self._waiting

    def _give_up(self, lead: _Lead) -> None:
        """Refuse a lead whose time is up, unless it is in a call."""
        if lead in self._waiting:
            del self._waiting[lead]
            lead.fail(Problem(UNAVAILABLE, BUSY))


def _note(lead: _Lead, outcome: Outcome, now: float) -> None:
    """What became of a lead, and how long it waited and was in the database; a trace of it, where somebody traces."""
    status, text = outcome
    LEADS.labels(name_outcome(status)).inc()
    LEAD_SECONDS.labels("wait").observe(lead.called - lead.came)
    LEAD_SECONDS.labels("database").observe(now - lead.called)
    if (tracer := tracing.tracer()) and (lead_id := _LEAD.decode(text).lead_id) is not None:
        whole = tracing.Step("lead", lead.came, now, {"outcome": name_outcome(status)})
        parts = (
            tracing.Step("wait", lead.came, lead.called),
            tracing.Step("decide", lead.called, now, {"waited_for_offer": lead.waits}),
        )
        tracer.note_lead(lead_id, whole, parts, now)
