"""What is told of an attempt once it is recorded: counters, and a line for one that did not get through."""

import time
from datetime import datetime
from urllib.parse import urlsplit

import msgspec
import structlog

from leadgen import tracing
from leadgen.worker import metrics
from leadgen.worker.attempt import Delivery, Result
from leadgen.worker.queries import Recorded

# Names that the database gives to answers, as its log of attempts calls them.
AS_LOGGED = {"accepted": "delivered", "rejected": "delivered", "gone": "refused"}
QUIET = ("delivered", "sent")


class _Data(msgspec.Struct):
    lead_id: int


class _Assigned(msgspec.Struct):
    data: _Data


_LEAD = msgspec.json.Decoder(_Assigned)
log = structlog.get_logger("leadgen.worker")


def report(delivery: Delivery, result: Result, recorded: Recorded) -> None:
    """Count an attempt as it was judged, and log a failure.

    Of the target only a webhook's host is logged, of the lead and of the receiver's own words nothing.
    """
    if recorded.status == "fenced":
        metrics.fenced.inc()
        log.warning("fenced: the lease had passed to another worker", delivery_id=delivery.delivery_id)
        return
    judged = recorded.outcome or result["outcome"]
    outcome, milliseconds = AS_LOGGED.get(judged, judged), result["latency_ms"]
    metrics.attempts.labels(delivery.channel, outcome).inc()
    metrics.buyer_attempts.labels(str(delivery.buyer_id or "operators"), outcome).inc()
    metrics.latency.labels(delivery.channel).observe(milliseconds / 1000)
    _trace(delivery, result, outcome)
    if outcome in QUIET:
        return
    log.warning(
        "attempt failed",
        delivery_id=delivery.delivery_id,
        endpoint_id=delivery.endpoint_id,
        channel=delivery.channel,
        host=host_of(delivery),
        attempt=delivery.attempt,
        outcome=outcome,
        status=recorded.status,
        status_code=result["status_code"],
        latency_ms=milliseconds,
        reason=recorded.reason,
    )


def _trace(delivery: Delivery, result: Result, outcome: str) -> None:
    """The attempt as a part of its lead's trace, where somebody traces."""
    if (tracer := tracing.tracer()) is None or delivery.kind != "lead.assigned":
        return
    began = datetime.fromisoformat(result["started_at"]).timestamp()
    facts: dict[str, str | int | bool] = {
        "delivery_id": delivery.delivery_id,
        "channel": delivery.channel,
        "attempt": delivery.attempt,
        "outcome": outcome,
    }
    step = tracing.Step("deliver", began, began + result["latency_ms"] / 1000, facts)
    tracer.note_step(_LEAD.decode(delivery.body).data.lead_id, step, time.time())


def host_of(delivery: Delivery) -> str | None:
    """The host a webhook goes to."""
    try:
        return urlsplit(delivery.target).hostname if delivery.channel == "webhook" else None
    except ValueError:
        return None
