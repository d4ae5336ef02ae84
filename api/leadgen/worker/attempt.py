"""One attempt at one delivery: run under a deadline, judged by what is known when it ends."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple, Protocol
from uuid import UUID

# answered: the receiver's status is there, and the database judges it; sent: handed to a provider that reports later
Outcome = Literal["answered", "delivered", "sent", "failed", "refused", "unknown"]
Result = dict[str, Any]  # one element of what `leadgen.record_attempts` takes

LONGEST_ERROR = 300  # characters kept of an error
LONGEST_REPLY = 16_384  # characters of a receiver's answer that are judged; the record keeps fewer


class Fault(NamedTuple):
    """What went wrong: words without personal data, secrets or query strings, and a class of trouble."""

    words: str
    kind: str  # one of those that delivery_attempts.error_class names


class Refused(Exception):  # noqa: N818
    """This delivery can never succeed as it stands; the words say why, without personal data."""

    def __init__(self, words: str, kind: str = "message") -> None:
        super().__init__(words)
        self.fault = Fault(words, kind)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A claimed row of the outbox; the fields are the columns of `leadgen.claim_deliveries`."""

    delivery_id: int
    lease_token: UUID
    attempt: int
    channel: str
    kind: str
    target: str
    message_id: str
    secrets: list[str] | None
    headers: dict[str, Any] | None
    body: str
    details: dict[str, Any] | None
    timeout_seconds: float | None  # of the routing policy, in total; None: the sender's deadline
    buyer_id: int | None  # None: a hook of operators
    endpoint_id: int
    sealed: bytes | None = None  # the lead's contact, as long as the body has still none
    contact_digests: list[str] | None = None  # phone and e-mail of its row
    fault: str | None = None  # why it could not be opened
    personal: tuple[str, ...] = ()  # what no record of an answer may repeat


@dataclass(slots=True)
class Attempt:
    """What is known of one attempt. The sender notes it as it happens, so that a timeout loses nothing."""

    body_sent: bool = False
    outcome: Outcome | None = None
    status_code: int | None = None
    fault: Fault | None = None
    reply: str | None = None
    retry_after_seconds: float | None = None
    provider_id: str | None = None
    disables: bool = False  # the receiver wants nothing more

    def conclude(self, outcome: Outcome, status_code: int | None = None, fault: Fault | None = None) -> None:
        """The receiver has answered, or it is certain that it never will."""
        self.outcome, self.status_code, self.fault = outcome, status_code, fault

    def broke_off(self, fault: Fault) -> None:
        """It ended without an answer: a clean failure while the body was unsent, unknown ever after."""
        if self.outcome is None:
            self.conclude("unknown" if self.body_sent else "failed", fault=fault)


class Sender(Protocol):
    """Sends deliveries of one channel."""

    @property
    def deadline(self) -> float:
        """Seconds that one attempt may take in total, where the delivery says nothing else."""

    async def send(self, delivery: Delivery, attempt: Attempt) -> None:
        """Send, and fill in the attempt. May raise: Refused, or anything that breaks a connection."""

    def describe(self, error: Exception) -> Fault:
        """What an error of this channel is."""


async def attempt_delivery(sender: Sender, delivery: Delivery) -> Result:
    """Make one attempt and return its result. Never raises but for cancellation."""
    attempt = Attempt()
    started_at, started = datetime.now(UTC), time.perf_counter()
    deadline = sender.deadline if delivery.timeout_seconds is None else delivery.timeout_seconds
    try:
        async with asyncio.timeout(deadline):
            if delivery.fault:
                attempt.conclude("failed", fault=Fault(delivery.fault, "setup"))
            else:
                await sender.send(delivery, attempt)
    except Refused as error:
        attempt.conclude("refused", fault=error.fault)
    except TimeoutError:
        what = "no answer" if attempt.body_sent else "not sent"
        attempt.broke_off(Fault(f"{what} within {deadline:g} s", "timeout"))
    except Exception as error:  # noqa: BLE001  a poison row must not stop its neighbours
        attempt.broke_off(sender.describe(error))
    else:
        attempt.broke_off(Fault("the sender reported no result", "protocol"))
    return {
        "delivery_id": delivery.delivery_id,
        "lease_token": str(delivery.lease_token),
        "started_at": started_at.isoformat(),
        "outcome": attempt.outcome,
        "status_code": attempt.status_code,
        "latency_ms": round((time.perf_counter() - started) * 1000, 2),
        "error": attempt.fault and _clip(attempt.fault.words, LONGEST_ERROR),
        "error_class": attempt.fault and attempt.fault.kind,
        "reply": _clip(attempt.reply, LONGEST_REPLY),
        "retry_after_seconds": attempt.retry_after_seconds,
        "provider_id": _clip(attempt.provider_id, LONGEST_ERROR),
        "disables": attempt.disables,
        **({"personal": delivery.personal} if delivery.personal and attempt.reply else {}),
    }


def _clip(text: str | None, length: int) -> str | None:
    """At most `length` characters, none that PostgreSQL's text cannot hold."""
    if text is None:
        return None
    return text[:length].encode("utf-8", "replace").decode().replace("\x00", "\ufffd")
