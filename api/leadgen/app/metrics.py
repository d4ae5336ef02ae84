"""Prometheus metrics.

They are served on a port of their own, which is not for the world. With several worker processes they are
summed through files in PROMETHEUS_MULTIPROC_DIR, which `leadgen.app.server` provides.
"""

import asyncio
import os
from time import perf_counter
from typing import cast

from litestar import Litestar
from litestar.enums import ScopeType
from litestar.types import (
    HTTPScope,
    LifeSpanReceive,
    LifeSpanScope,
    LifeSpanSend,
    Message,
    Receive,
    Scope,
    Send,
)
from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    multiprocess,
    start_http_server,
)

from leadgen.app.every_answer import REQUEST_ID, add_security_headers, open_request
from leadgen.app.headers import Networks
from leadgen.db.pool import Pool

REQUESTS = Counter("leadgen_http_requests", "Answered requests.", ["route", "status"])
SECONDS = Histogram(
    "leadgen_http_request_seconds",
    "Time from the request's head to its last byte of answer.",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
CONNECTIONS_IN_USE = Gauge(
    "leadgen_pool_connections_in_use", "Database connections at work now.", multiprocess_mode="livesum"
)
LEADS_IN_HAND = Gauge(
    "leadgen_leads_in_hand", "Leads that wait for a call or are in one now.", multiprocess_mode="livesum"
)
CONNECTIONS = Gauge(
    "leadgen_http_connections", "Connections of clients open now.", multiprocess_mode="livesum"
)
REFUSED = Counter(
    "leadgen_http_refused", "Connections and requests refused before the application.", ["reason"]
)
LEADS_PER_CALL = Histogram(
    "leadgen_leads_per_call", "Leads handed to the database in one call.", buckets=(1, 2, 4, 8, 16, 32)
)
LEADS = Counter("leadgen_leads", "Leads that were submitted, by what became of the call.", ["outcome"])
LEAD_SECONDS = Histogram(
    "leadgen_lead_step_seconds",
    "How long a step took: wait (for a call), database (the whole decision), mail_domain (the look-up before).",
    ["step"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
POOL_SIZE = Gauge(
    "leadgen_pool_connections", "Database connections that there are.", multiprocess_mode="livesum"
)
POOL_WAITING = Gauge(
    "leadgen_pool_waiting", "Calls that wait for a database connection now.", multiprocess_mode="livesum"
)
FEED_LISTENERS = Gauge("leadgen_feed_listeners", "Streams of the feed open now.", multiprocess_mode="livesum")
POSTS_LIMITED = Counter(
    "leadgen_posts_limited", "Requests refused because a rate limit was reached.", ["limit"]
)


OUTCOMES = ("accepted", "rejected", "quarantined", "lookup")


def name_outcome(status: str) -> str:
    """A status of leadgen.submit_lead as a label: one of a closed list."""
    return status if status in OUTCOMES else "other"


class MeasuredApp(Litestar):
    """Litestar that counts and times every answer, those to unknown paths (`unmatched`) too, and gives each what every
    answer carries."""

    trusted_proxies: Networks = ()

    async def __call__(
        self, scope: Scope | LifeSpanScope, receive: Receive | LifeSpanReceive, send: Send | LifeSpanSend
    ) -> None:
        """Serve one connection."""
        if scope["type"] != ScopeType.HTTP:
            await super().__call__(scope, receive, send)
            return
        started = perf_counter()
        request_id = open_request(cast(HTTPScope, scope), self.trusted_proxies)
        status = 0
        is_stream = False

        async def observe(message: Message) -> None:
            nonlocal status, is_stream
            if message["type"] == "http.response.start":
                status = message["status"]
                is_stream = (b"content-type", b"text/event-stream; charset=utf-8") in message["headers"]
                headers = add_security_headers(message["headers"])
                message["headers"] = [*headers, (REQUEST_ID, request_id)]
            await send(message)  # type: ignore[arg-type]

        try:
            await super().__call__(scope, receive, observe)
        finally:
            route = scope.get("path_template") or "unmatched"
            REQUESTS.labels(route, status).inc()
            if not is_stream:  # it lasts as long as its client likes
                SECONDS.labels(route).observe(perf_counter() - started)


async def watch_pool(pool: Pool) -> None:
    """Show how full the pool is, each second. Runs until cancelled."""
    while True:
        stats = pool.get_stats()
        POOL_SIZE.set(stats.get("pool_size", 0))
        POOL_WAITING.set(stats.get("requests_waiting", 0))
        await asyncio.sleep(1)


def serve(port: int, directory: str | None) -> None:
    """Serve /metrics on a port of every interface, from a thread of its own.

    `directory` is where worker processes add up theirs; without one they are this process's.
    """
    registry = REGISTRY
    if directory:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry, directory)  # type: ignore[no-untyped-call]
    start_http_server(port, registry=registry)


def forget_process() -> None:
    """Take this process out of the gauges."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        multiprocess.mark_process_dead(os.getpid())  # type: ignore[no-untyped-call]
