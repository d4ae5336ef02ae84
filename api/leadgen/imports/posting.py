"""Leads on their way from a file to the database: in small portions, each a transaction; or tried, one by one.

They take the road that the API's leads take, leadgen.submit_leads. A portion keeps its offer for some ten
milliseconds, and whoever waits for the offer meanwhile goes before the next portion. So live leads are not held up. The
rate limits of the API do not count here: an operator runs it.
"""

import asyncio
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import redirect_stdout
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
from psycopg.errors import DeadlockDetected, LockNotAvailable, ProgramLimitExceeded, SerializationFailure
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from leadgen.db.refusals import OURS, describe_parts, describe_refusal
from leadgen.errors import LeadGenError
from leadgen.escapes import mend_text
from leadgen.imports.lead import Lead, Reader, RowError
from leadgen.imports.table import Row
from leadgen.sealing.leads import add_sealing, guess_lead, seal_wanted

if TYPE_CHECKING:
    from leadgen.mail_domains import MailDomains
    from leadgen.sealing.vault import Vault

PORTION = 4  # leads in a transaction: a live lead of the offer waits for all of them
PATIENCE = 60.0  # seconds for which an offer may be held, or a deadlock come again

SUBMIT = "select r::text from leadgen.submit_leads(%s::jsonb[], %s::jsonb[], true) r"
SUBMIT_ALONE = "select leadgen.submit_lead(%s::jsonb, %s::jsonb, true)::text"
DRY_RUN = "select leadgen.dry_run_lead(%s::jsonb, %s::jsonb)::text"
RECORD_MAIL_DOMAIN = "select leadgen.record_mail_domain(%s, %s)"
# An answer to a source need not name prices. Later sales of a lead are not counted for its import.
PRICES = """
select a.lead_id, sum(a.price)
from leadgen.lead_assignments a
join leadgen.lead_decisions d on d.id = a.decision_id and d.attempt = 1
where a.lead_id = any (%s::bigint[])
group by a.lead_id
"""
_PASSING = (DeadlockDetected, LockNotAvailable, ProgramLimitExceeded, SerializationFailure)
_OF_ROW = ("22", "23", "54001")  # SQLSTATEs of a lead that the database cannot store, whatever its rules say
_OF_SOURCE = ("LG401", "LG403")

_again = Retrying(
    retry=retry_if_exception_type(_PASSING),
    stop=stop_after_delay(PATIENCE),
    wait=wait_random_exponential(multiplier=0.02, max=1),
    reraise=True,
)

Answer = dict[str, Any]


class Fate(NamedTuple):
    """What became of a row: sold, held, unsold, rejected (failed validation) or refused (it cannot be a lead).

    `came_before`: a lead of this key was there, and this is what was answered first. `sales`: buyers and prices of a
    dry run.
    """

    row: Row
    outcome: str
    reason: str = ""
    lead_id: int | None = None
    came_before: bool = False
    price: Decimal = Decimal(0)
    sales: tuple[tuple[str, Decimal], ...] = ()


class Poster:
    """Hands rows in, on an autocommit connection."""

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        make_mail_domains: "Callable[[], MailDomains]",
        runner: asyncio.Runner,
        vault: "Vault | None" = None,
    ) -> None:
        self._connection = connection
        self._vault = vault
        self._blobs: dict[int, dict[str, str]] = {}  # what of a row is sealed, by its line
        self._make_mail_domains = make_mail_domains
        self._runner = runner

    @cached_property
    def _mail_domains(self) -> "MailDomains":
        return self._make_mail_domains()

    def post(self, reader: Reader, rows: Iterable[Row]) -> Iterator[list[Fate]]:
        """Hand rows in, portion by portion; each portion is committed when its fates are given."""
        refused: list[Fate] = []
        leads: list[Lead] = []
        for row in rows:
            try:
                leads.append(reader.read(row))
            except RowError as error:
                refused.append(Fate(row, "refused", str(error)))
            if len(leads) + len(refused) >= PORTION:
                yield self._post_portion(leads, refused)
                leads, refused = [], []
        if leads or refused:
            yield self._post_portion(leads, refused)

    def _post_portion(self, leads: Sequence[Lead], refused: list[Fate]) -> list[Fate]:
        answers = {lead.row.line: answer for lead, answer in self._submit(leads)}
        self._blobs.clear()
        fates = [read_answer(lead.row, answers[lead.row.line]) for lead in leads]
        if sold := [fate.lead_id for fate in fates if fate.outcome == "sold"]:
            prices = dict(self._connection.execute(PRICES, [sold]).fetchall())
            fates = [fate._replace(price=prices.get(fate.lead_id, Decimal(0))) for fate in fates]
        return sorted(fates + refused, key=lambda fate: fate.row.line)

    def _submit(self, leads: Sequence[Lead]) -> Iterator[tuple[Lead, Answer]]:
        """Submit leads until each has its answer."""
        waiting = [(lead, True) for lead in leads]
        while waiting:
            domains: dict[str, list[Lead]] = {}
            again = []
            for (lead, can_look_up), answer in zip(waiting, self._submit_once(waiting), strict=True):
                if answer["status"] == "alone":
                    answer = self._submit_alone(lead, can_look_up=can_look_up)
                if answer["status"] == "seal":
                    self._seal(lead, answer)
                if answer["status"] in ("busy", "seal"):
                    again.append((lead, can_look_up))
                elif answer["status"] == "lookup":
                    domains.setdefault(answer["domain"], []).append(lead)
                else:
                    yield lead, answer
            self._look_up(list(domains))
            waiting = again + [(lead, False) for of_domain in domains.values() for lead in of_domain]

    def _submit_once(self, leads: Sequence[tuple[Lead, bool]]) -> list[Answer]:
        payloads = [lead.payload for lead, _ in leads]
        contexts = [self._write_context(lead, can_look_up=can_look_up) for lead, can_look_up in leads]
        rows = _again(lambda: self._connection.execute(SUBMIT, [payloads, contexts]).fetchall())
        return [_read_json(text) for (text,) in rows]

    def _submit_alone(self, lead: Lead, *, can_look_up: bool) -> Answer:
        context = self._write_context(lead, can_look_up=can_look_up)
        return self._ask(SUBMIT_ALONE, lead, context)

    def _write_context(self, lead: Lead, *, can_look_up: bool) -> str:
        """The context of a row, with its sealed texts where personal data is sealed."""
        context = _write_context(lead, can_look_up=can_look_up)
        if self._vault is None:
            return context
        line = lead.row.line
        if line not in self._blobs:
            self._blobs = {line: guess_lead(self._vault, lead.payload), **self._blobs}
        return add_sealing(context, self._vault, self._blobs[line])

    def _seal(self, lead: Lead, answer: Answer) -> None:
        if self._vault is None:
            raise LeadGenError(
                f"line {lead.row.line}: the database asks for a sealed text, and there are no keys"
            )
        self._blobs[lead.row.line] |= seal_wanted(self._vault, answer["text"])

    def _ask(self, query: str, lead: Lead, context: str) -> Answer:
        try:
            rows = _again(
                lambda: self._connection.execute(query.encode(), [lead.payload, context]).fetchall()
            )
        except psycopg.Error as error:
            state = error.sqlstate or ""
            if state.startswith(OURS):
                diagnosis = error.diag
                return {
                    "status": "refused",
                    "sqlstate": state,
                    "message": diagnosis.message_primary,
                    "detail": diagnosis.message_detail,
                    "hint": diagnosis.message_hint,
                }
            if state.startswith(_OF_ROW):
                return {"status": "refused", "sqlstate": state, "message": describe_refusal(error)}
            raise
        ((text,),) = rows
        return _read_json(text)

    def _look_up(self, domains: Sequence[str]) -> None:
        async def ask() -> list[str]:
            return await asyncio.gather(*map(self._mail_domains.look_up, domains))

        if not domains:
            return
        with redirect_stdout(sys.stderr):  # what is logged is no result
            found = self._runner.run(ask())
        for domain, status in zip(domains, found, strict=True):
            self._connection.execute(RECORD_MAIL_DOMAIN, [domain, status])

    def rehearse(self, reader: Reader, rows: Iterable[Row]) -> Iterator[list[Fate]]:
        """Try rows one by one; nothing is kept. Each is judged as though it came alone, and now."""
        for row in rows:
            try:
                lead = reader.read(row)
            except RowError as error:
                yield [Fate(row, "refused", str(error))]
                continue
            answer = self._ask(DRY_RUN, lead, self._write_context(lead, can_look_up=False))
            while answer["status"] == "seal":
                self._seal(lead, answer)
                answer = self._ask(DRY_RUN, lead, self._write_context(lead, can_look_up=False))
            fate = read_answer(row, answer)
            if fate.came_before and fate.outcome == "sold":
                prices = dict(self._connection.execute(PRICES, [[fate.lead_id]]).fetchall())
                fate = fate._replace(price=prices.get(fate.lead_id, Decimal(0)))
            yield [fate]


def read_answer(row: Row, answer: Answer) -> Fate:
    """What became of a row. Raises LeadGenError where the source is at fault, so that the next row would fare alike."""
    status = answer["status"]
    if status in ("quarantined", "limited") or answer.get("sqlstate") in _OF_SOURCE:
        raise LeadGenError(f"line {row.line}: {answer['message']}")
    if status == "refused":
        return Fate(
            row, "refused", describe_parts(answer["message"], answer.get("detail"), answer.get("hint"))
        )
    sales = _list_sales(answer)
    is_rejected = status == "rejected"
    outcome = answer.get("outcome") or (
        "rejected" if is_rejected else "sold" if answer.get("buyer_id") else "held"
    )
    return Fate(
        row,
        outcome if is_rejected or outcome != "rejected" else "unsold",
        "; ".join(map(_describe_failure, answer.get("errors", ()))),
        answer.get("lead_id"),
        "repeated" in answer,
        sum((price for _, price in sales), Decimal(0)),
        sales,
    )


def _describe_failure(failure: dict[str, Any]) -> str:
    field, reason = failure.get("field"), str(failure["reason"])
    return reason if not field or re.search(rf"\b{re.escape(field)}\b", reason) else f"{field}: {reason}"


def _list_sales(answer: Answer) -> tuple[tuple[str, Decimal], ...]:
    """Buyers and prices of a dry run."""
    attempts = (answer.get("decision") or {}).get("attempts") or []
    return tuple(
        (candidate["buyer_name"], Decimal(candidate["price"]))
        for attempt in attempts[:1]
        for candidate in attempt["candidates"]
        if candidate["verdict"] == "won"
    )


def _write_context(lead: Lead, *, can_look_up: bool) -> str:
    context: dict[str, object] = dict(lead.context)
    if can_look_up:
        context["can_look_up_mail"] = True
    return mend_text(json.dumps(context))


def _read_json(text: str) -> Answer:
    answer: Answer = json.loads(text, parse_float=Decimal)
    return answer if answer["status"] != "seal" else {"status": "seal", "text": text}
