"""What Prometheus sees of the worker."""

from prometheus_client import Counter, Gauge, Histogram, start_http_server

attempts = Counter("leadgen_delivery_attempts", "Attempts at deliveries.", ["channel", "outcome"])
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


def serve(port: int) -> None:
    """Serve /metrics on a port of every interface, from a thread of its own."""
    start_http_server(port)
