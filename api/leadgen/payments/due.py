"""A call that is due, as leadgen.claim_payment_calls hands it out, what it brought, and the queries for both."""

from datetime import datetime
from typing import Any, Literal, LiteralString, NamedTuple, Protocol, TypedDict

from psycopg.types.json import Jsonb

CLAIM_CALLS: LiteralString = (
    "select subject, id, asks, call, parameters, idempotency_key from leadgen.claim_payment_calls(%s, %s)"
)
RECORD_ANSWER: LiteralString = "select leadgen.record_payment_answer(%s, %s, %s, %s, %s, %s, %s)"


class Due(NamedTuple):
    """A call to Stripe. `asks` is its fence: a later claim of the same row has another one."""

    subject: str
    id: int
    asks: int
    call: str
    parameters: dict[str, Any]
    key: str


class Fault(TypedDict, total=False):
    """Why a call brought no object."""

    kind: Literal["refused", "later", "absent", "unknown"]
    code: str | None
    message: str


class Called(NamedTuple):
    """What a call brought, and when Stripe said it, by its own clock."""

    objects: list[Any]
    fault: Fault | None = None
    said_at: datetime | None = None


class Provider(Protocol):
    """Who makes the calls: leadgen.payments.stripe_api.StripeApi."""

    def call(self, name: str, parameters: dict[str, Any], key: str) -> Called:
        """Make one call under an idempotency key."""


def answer_arguments(due: Due, called: Called) -> tuple[Any, ...]:
    """The arguments of RECORD_ANSWER."""
    fault = Jsonb(called.fault) if called.fault else None
    return due.subject, due.id, due.asks, due.call, Jsonb(called.objects), fault, called.said_at
