"""Whether everything became what it had to: each posting its answer and its fate, each sale its messages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import class_row

from leadgen.demo.buyers import Receipts
from leadgen.demo.leads import HTTP_STATUS
from leadgen.demo.posting import Answer

LEADS = """
select
  l.id,
  l.status::text as status,
  case
    when l.validation_reason is not null then 'rejected'
    when l.buyer_id is not null then 'sold'
    when l.hold_until is not null then 'held'
    else 'unsold'
  end as fate,
  l.answer #>> '{errors,0,code}' as code,
  l.answer #>> '{errors,0,field}' as field,
  array(
    select b.name::text
    from leadgen.lead_assignments a
    join leadgen.buyers b on b.id = a.buyer_id
    where a.lead_id = l.id
    order by a.id
  ) as buyers
from leadgen.leads l
"""
DELIVERIES = """
select
  d.id, d.lead_id, d.assignment_id, d.channel::text as channel, d.status::text as status, d.target,
  b.name as buyer,
  'msg_' || replace(d.message_id::text, '-', '') as message
from leadgen.deliveries d
join leadgen.buyers b on b.id = d.buyer_id
"""
RECORDS = """
select format('lead %s: %s', fault ->> 'lead_id', fault -> 'differences')
from leadgen.verify_leads(0, 1000000) verified
cross join lateral jsonb_array_elements(verified.faults) fault
union all
select format('%s: a what-if without changes is not what happened', o.slug)
from leadgen.offers o
where leadgen.what_if(o.id, now() - interval '1 day', now() + interval '1 day') -> 'is_identical' <> 'true'
"""
INVARIANTS = "select format('%s: %s', rule, detail) from leadgen.list_broken_invariants()"


@dataclass(frozen=True)
class StoredLead:
    """A lead as the database has it; code and field are those of its first failure."""

    id: int
    status: str
    fate: str
    code: str | None
    field: str | None
    buyers: list[str]


@dataclass(frozen=True)
class StoredDelivery:
    """A row of the outbox; `message` is its webhook-id or the left part of its Message-ID. A notice has no lead."""

    id: int
    lead_id: int | None
    assignment_id: int | None
    channel: str
    status: str
    target: str
    buyer: str
    message: str


@dataclass(frozen=True)
class Fates:
    """What does not hold of leads and deliveries; empty lists: all is well."""

    leads: list[str]
    deliveries: list[str]


@dataclass(frozen=True)
class Findings(Fates):
    """What does not hold, by kind of check."""

    invariants: list[str]
    records: list[str]

    def __bool__(self) -> bool:
        return bool(self.invariants or self.records or self.leads or self.deliveries)


def check_fates(connection: psycopg.Connection[Any], answers: Sequence[Answer], receipts: Receipts) -> Fates:
    """Check what became of the leads and of what was owed to the buyers."""
    leads = connection.cursor(row_factory=class_row(StoredLead)).execute(LEADS).fetchall()
    deliveries = connection.cursor(row_factory=class_row(StoredDelivery)).execute(DELIVERIES).fetchall()
    return Fates(
        check_leads(answers, {lead.id: lead for lead in leads}), check_deliveries(deliveries, receipts)
    )


def check_records(connection: psycopg.Connection[Any], fates: Fates) -> Findings:
    """Check the whole database, and add what was found before."""
    return Findings(
        fates.leads,
        fates.deliveries,
        [line for (line,) in connection.execute(INVARIANTS)],
        [line for (line,) in connection.execute(RECORDS)],
    )


def check_leads(answers: Sequence[Answer], leads: Mapping[int, StoredLead]) -> list[str]:
    """Compare each answer and each stored lead with what its posting expects."""
    complaints = []
    by_number = {answer.posting.number: answer for answer in answers}
    for answer in answers:
        posting = answer.posting
        first = by_number.get(posting.repeats or 0)
        fault = find_answer_fault(answer, first) or find_lead_fault(answer, leads)
        if fault:
            complaints.append(f"posting {posting.number} ({posting.kind}, {posting.offer}): {fault}")
    nobodys = leads.keys() - {answer.lead_id for answer in answers}
    return complaints + [f"lead {lead_id} belongs to no posting" for lead_id in sorted(nobodys)]


def find_answer_fault(answer: Answer, first: Answer | None) -> str | None:
    """What is wrong with an answer; `first` is the answer that it must repeat."""
    expected = answer.posting.expected
    if answer.status != HTTP_STATUS[expected.fate]:
        return f"HTTP {answer.status} instead of {HTTP_STATUS[expected.fate]}: {answer.body}"
    if first is not None and (answer.lead_id != first.lead_id or not answer.body.get("repeated")):
        return f"not the answer of posting {first.posting.number} again: {answer.body}"
    return None


def find_lead_fault(answer: Answer, leads: Mapping[int, StoredLead]) -> str | None:
    """What is wrong with what became of a posting's lead."""
    expected = answer.posting.expected
    if expected.fate == "quarantined":
        step = answer.body.get("step")
        return None if step == expected.code else f"stopped at {step} instead of {expected.code}"
    lead = leads.get(answer.lead_id or 0)
    if lead is None:
        return "its lead is not stored"
    found = (lead.fate, len(lead.buyers), lead.code, lead.field)
    wanted = (expected.fate, expected.sales, expected.code, expected.field)
    if found != wanted:
        return f"lead {lead.id} is {words(*found)} instead of {words(*wanted)}"
    if expected.buyer not in (None, *lead.buyers):
        return f"lead {lead.id} went to {lead.buyers[0]} instead of {expected.buyer}"
    if expected.fate == "sold" and lead.status != "accepted":
        return f"lead {lead.id} is sold, but its status is {lead.status}"
    return None


def words(fate: str, sales: int, code: str | None, at: str | None) -> str:
    """A fate for people: `sold to 3`, `rejected for duplicate (phone)`."""
    return fate + (f" to {sales}" if sales else "") + (f" for {code} ({at})" if code else "")


def check_deliveries(deliveries: Sequence[StoredDelivery], receipts: Receipts) -> list[str]:
    """Compare the outbox with what the buyers hold."""
    complaints = [
        f"delivery {owed.id} of lead {owed.lead_id} to {owed.buyer} by {owed.channel}: {fault}"
        for owed in deliveries
        if owed.lead_id and (fault := find_delivery_fault(owed, receipts))
    ]
    if receipts.forged:
        complaints.append(f"{receipts.forged} webhooks came with a signature that does not verify")
    strays = (receipts.webhooks.keys() | receipts.emails.keys()) - {owed.message for owed in deliveries}
    return complaints + [f"message {message} came, but was never owed" for message in sorted(strays)]


def find_delivery_fault(delivery: StoredDelivery, receipts: Receipts) -> str | None:
    """What is wrong with one delivery."""
    if delivery.status != "delivered":
        return f"{delivery.status} instead of delivered"
    if delivery.channel == "webhook":
        sale = (delivery.buyer, delivery.assignment_id)
        is_there = receipts.webhooks.get(delivery.message) == sale
    else:
        is_there = receipts.emails.get(delivery.message) == delivery.target
    return None if is_there else "recorded as delivered, but the buyer does not have it"
