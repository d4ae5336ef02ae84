"""What Prometheus sees of the worker. No label is personal: buyers are numbers."""

from collections.abc import Iterable

from prometheus_client import Counter, Gauge, Histogram, start_http_server

attempts = Counter("leadgen_delivery_attempts", "Attempts at deliveries.", ["channel", "outcome"])
buyer_attempts = Counter("leadgen_buyer_attempts", "Attempts at deliveries, by buyer.", ["buyer", "outcome"])
fenced = Counter("leadgen_delivery_fenced", "Outcomes refused: the lease had passed to another worker.")
set_aside = Counter(
    "leadgen_delivery_set_aside",
    "Deliveries given back unsent: the worker stopped, or was late.",
)
in_flight = Gauge("leadgen_delivery_in_flight", "Deliveries claimed and not yet concluded.")
latency = Histogram(
    "leadgen_delivery_latency_seconds",
    "From the start of an attempt to its end.",
    ["channel"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
outbox = Gauge(
    "leadgen_outbox_deliveries",
    "Deliveries that are open or in trouble (dead: dead letters), of all workers.",
    ["channel", "status"],
)
outbox_age = Gauge("leadgen_outbox_oldest_seconds", "Age of the oldest of them.", ["channel", "status"])
is_copy = Gauge(
    "leadgen_database_is_copy", "1: the database is a copy, and nothing is sent until `leadgen adopt`."
)
served = False  # whether anybody can see them


def show_outbox(rows: Iterable[tuple[str, str, int, float | None]]) -> None:
    """Set the gauges of the outbox; what is no longer there disappears."""
    outbox.clear()
    outbox_age.clear()
    for channel, status, deliveries, oldest in rows:
        outbox.labels(channel, status).set(deliveries)
        outbox_age.labels(channel, status).set(oldest or 0)


def serve(port: int) -> None:
    """Serve /metrics on a port of every interface, from a thread of its own."""
    global served
    start_http_server(port)
    served = True
