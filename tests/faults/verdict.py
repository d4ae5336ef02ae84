"""What must hold after a run, however it went: rules over the journals, the receivers' requests and the database.

Each rule takes the evidence and says in words what is wrong; nothing: all is well.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from faults.crew import LEASE, Crew
from faults.market import Answer, Ending, Market
from faults.receivers import Receivers, Request

AWARDED = ("delivered", "accepted")


@dataclass(frozen=True)
class Claim:
    """A worker had leased a delivery: it asked, and had the answer."""

    asked: float
    answered: float
    worker: int
    delivery_id: int
    token: str
    timeout: float


@dataclass(frozen=True)
class Send:
    """A worker began an attempt."""

    at: float
    worker: int
    delivery_id: int
    token: str
    message_id: str


@dataclass(frozen=True)
class Record:
    """The database's answer to a result: the delivery's new status, or fenced."""

    asked: float
    worker: int
    delivery_id: int
    token: str
    started_at: datetime
    status: str


@dataclass(frozen=True)
class Delivery:
    """A row of the outbox at the end."""

    id: int
    message_id: str
    status: str
    attempts: int
    buyer: int  # its place among the receivers
    lead_id: int
    assignment_id: int
    outcome: str  # of the sale
    released: bool
    passed_on: bool  # its sale was not delivered in time


@dataclass
class Evidence:
    """All that is known of a run."""

    claims: list[Claim] = field(default_factory=list)
    sends: list[Send] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    forged: int = 0
    acknowledged: list[Answer] = field(default_factory=list)
    erased: set[int] = field(default_factory=set)
    endings: list[Ending] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    attempts: list[tuple[int, datetime]] = field(default_factory=list)  # delivery, started_at
    answers: dict[int, Answer] = field(default_factory=dict)  # by lead
    broken_invariants: list[tuple[Any, ...]] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


async def gather(market: Market, crew: Crew, receivers: Receivers) -> Evidence:
    """Read everything, once nothing happens any more."""
    found = Evidence(
        requests=list(receivers.requests),
        refused=Counter(receivers.refused),
        forged=receivers.forged,
        acknowledged=list(market.acknowledged),
        erased=set(market.erased),
        endings=list(market.endings),
        complaints=crew.complaints(),
    )
    for number, worker in enumerate(crew.workers):
        for line in worker.lines():
            read_line(found, number, line)
    rows = await market.rows(
        """
        select d.id, 'msg_' || replace(d.message_id::text, '-', ''), d.status::text, d.attempts, d.buyer_id, d.lead_id,
          a.id, a.outcome::text, a.released_at is not null,
          a.undelivered_seconds is not null
        from leadgen.deliveries d join leadgen.lead_assignments a on a.id = d.assignment_id
        """
    )
    found.deliveries = [
        Delivery(row[0], row[1], row[2], row[3], market.buyers.index(row[4]), *row[5:]) for row in rows
    ]
    found.attempts = [
        (delivery, started)
        for delivery, started in await market.rows(
            "select delivery_id, started_at from leadgen.delivery_attempts"
        )
    ]
    found.answers = dict(await market.rows("select id, answer from leadgen.leads"))
    found.broken_invariants = await market.rows("select * from leadgen.list_broken_invariants()")
    return found


def read_line(found: Evidence, worker: int, line: dict[str, Any]) -> None:
    """Take in one line of a journal."""
    match line["what"]:
        case "claim":
            for row in line["rows"]:
                claim = Claim(
                    line["asked"], line["at"], worker, row["delivery_id"], row["token"], float(row["timeout"])
                )
                found.claims.append(claim)
        case "send":
            found.sends.append(
                Send(line["at"], worker, line["delivery_id"], line["token"], line["message_id"])
            )
        case "record":
            for result in line["results"]:
                number = result["delivery_id"]
                started = datetime.fromisoformat(result["started_at"])
                status = line["statuses"][str(number)]
                found.records.append(
                    Record(line["asked"], worker, number, str(result["lease_token"]), started, status)
                )


def acknowledged_leads_are_kept(found: Evidence) -> Iterator[str]:
    for answer in found.acknowledged:
        lead = answer["lead_id"]
        kept = found.answers.get(lead, {})  # an answer given once more says that it is
        same = all(answer.get(name) == value for name, value in kept.items())
        if not kept or not (same or lead in found.erased):
            yield f"lead {lead} was acknowledged, the database has {found.answers.get(lead)}"
    for lead, times in Counter(answer["lead_id"] for answer in found.acknowledged).items():
        if times > 1:
            yield f"lead {lead} was acknowledged {times} times"


def every_standing_sale_was_received(found: Evidence) -> Iterator[str]:
    received = {(r.message_id, r.buyer, r.data["assignment_id"], r.data["lead_id"]) for r in found.requests}
    for d in found.deliveries:
        due = d.outcome in AWARDED and not d.released
        if (due or d.status == "delivered") and (
            d.message_id,
            d.buyer,
            d.assignment_id,
            d.lead_id,
        ) not in received:
            yield f"delivery {d.id} is {d.status}, its sale {d.outcome}, its buyer never had it"


def nothing_stays_open_or_fails(found: Evidence) -> Iterator[str]:
    """The receivers are well at the end, so whatever was not cancelled got through."""
    for d in found.deliveries:
        if d.status not in ("delivered", "cancelled"):
            yield f"delivery {d.id} ended as {d.status} after {d.attempts} attempts"


def what_may_have_arrived_is_not_passed_on(found: Evidence) -> Iterator[str]:
    """A sale passes on only if its buyer refused every request that it was sent."""
    received = Counter(request.message_id for request in found.requests)
    for d in found.deliveries:
        if d.passed_on and received[d.message_id] > found.refused[d.message_id]:
            yield f"delivery {d.id} may have arrived, and its lead went to the next buyer"


def names_are_stable(found: Evidence) -> Iterator[str]:
    """A webhook-id belongs to one delivery, and comes with the same body each time."""
    names = {d.message_id: d for d in found.deliveries}
    if len(names) != len(found.deliveries):
        yield "deliveries share a webhook-id"
    bodies: dict[str, str] = {}
    for request in found.requests:
        delivery = names.get(request.message_id)
        if delivery is None or delivery.buyer != request.buyer:
            yield f"buyer {request.buyer} was sent {request.message_id}, which is no delivery to it"
        if bodies.setdefault(request.message_id, request.body) != request.body:
            yield f"{request.message_id} came with two bodies"
    if found.forged:
        yield f"{found.forged} requests had a wrong signature"


def attempts_begin_under_a_lease(found: Evidence) -> Iterator[str]:
    claims = {(c.worker, c.delivery_id, c.token): c for c in found.claims}
    for send in found.sends:
        claim = claims.get((send.worker, send.delivery_id, send.token))
        if claim is None:
            yield f"delivery {send.delivery_id} was sent by a worker that had not claimed it"
        elif send.at > claim.answered + LEASE + claim.timeout:
            yield f"delivery {send.delivery_id} was sent {send.at - claim.answered:.2f} s after its claim"


def nothing_is_claimed_after_its_end(found: Evidence) -> Iterator[str]:
    """Cancelled or erased: what waits in a worker's queue may still go out, under the lease it has (the rule above)."""
    now = {d.id: d for d in found.deliveries}
    claims = group((c.delivery_id, c) for c in found.claims)
    for ending in found.endings:
        if now[ending.delivery_id].attempts != ending.attempts:
            yield f"delivery {ending.delivery_id} was counted another attempt after it was cancelled"
        for claim in claims[ending.delivery_id]:
            if claim.asked > ending.at:
                yield f"delivery {ending.delivery_id} was claimed after it was cancelled"


def late_results_are_refused(found: Evidence) -> Iterator[str]:
    """A result is refused when somebody else had claimed the delivery before it was handed in."""
    claims = group((c.delivery_id, c) for c in found.claims)
    own = {(c.delivery_id, c.token): c for c in found.claims}
    for record in found.records:
        mine = own[record.delivery_id, record.token]
        later = [
            c for c in claims[record.delivery_id] if mine.answered < c.asked and c.answered < record.asked
        ]
        if later and record.status not in ("fenced", "cancelled", "locked"):
            yield f"delivery {record.delivery_id} took a late result: {record.status}"


def recorded_results_are_kept(found: Evidence) -> Iterator[str]:
    kept = Counter(found.attempts)
    for (delivery, started), times in kept.items():
        if times > 1:
            yield f"delivery {delivery} has the attempt of {started} {times} times"
    for record in found.records:
        if record.status not in ("fenced", "locked") and not kept[record.delivery_id, record.started_at]:
            yield f"delivery {record.delivery_id} lost the attempt of {record.started_at}"


def invariants_hold(found: Evidence) -> Iterator[str]:
    for rule, detail in found.broken_invariants:
        yield f"{rule}: {detail}"


def workers_end_well(found: Evidence) -> Iterator[str]:
    yield from found.complaints


RULES: tuple[Callable[[Evidence], Iterator[str]], ...] = (
    acknowledged_leads_are_kept,
    every_standing_sale_was_received,
    nothing_stays_open_or_fails,
    what_may_have_arrived_is_not_passed_on,
    names_are_stable,
    attempts_begin_under_a_lease,
    nothing_is_claimed_after_its_end,
    late_results_are_refused,
    recorded_results_are_kept,
    invariants_hold,
    workers_end_well,
)


def judge(found: Evidence) -> list[str]:
    """Everything that is wrong, with the rule's name before it."""
    return [f"{rule.__name__}: {fault}" for rule in RULES for fault in rule(found)]


def group(pairs: Iterable[tuple[int, Claim]]) -> dict[int, list[Claim]]:
    """By delivery."""
    groups: dict[int, list[Claim]] = defaultdict(list)
    for key, claim in pairs:
        groups[key].append(claim)
    return groups
