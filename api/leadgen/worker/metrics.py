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
chore_at = Gauge(
    "leadgen_chore_last_run_timestamp_seconds", "When this worker last came to the end of a chore.", ["chore"]
)
chore_errors = Counter("leadgen_chore_errors", "Turns of a chore that failed.", ["chore"])
chore_seconds = Histogram(
    "leadgen_chore_seconds",
    "How long a turn of a chore took.",
    ["chore"],
    buckets=(0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 30),
)
recent_leads = Gauge(
    "leadgen_recent_leads", "Leads of the last ten minutes, by what became of them.", ["outcome"]
)
waiting_leads = Gauge(
    "leadgen_waiting_leads", "Leads that are held, and submissions in quarantine.", ["state"]
)
limits = Gauge(
    "leadgen_limits", "Caps and budgets that are nearly used up (near), or are (reached).", ["state"]
)
endpoints = Gauge("leadgen_endpoints", "Addresses by which buyers are sent leads.", ["state"])
hooks = Gauge("leadgen_hooks", "Webhooks of operators that are in use.", ["state"])
hook_lag = Gauge("leadgen_hook_lag_items", "How many items of the feed the slowest hook is behind.")
buyers_low = Gauge("leadgen_buyers_low", "Buyers whose balance or credit runs out.", ["billing_mode"])
receivable = Gauge("leadgen_receivable_amount", "What buyers owe, billed or not.", ["currency"])
unbilled = Gauge("leadgen_unbilled_amount", "What is charged and on no invoice, at most.", ["currency"])
overdue = Gauge("leadgen_overdue_amount", "What is open on invoices that are overdue.", ["currency"])
served = False  # whether anybody can see them


_chores: set[str] = set()


def note_chore(name: str) -> None:
    """A turn of a chore came to its end."""
    _chores.add(name)
    chore_at.labels(name).set_to_current_time()


def forget_chores(listed: Iterable[str]) -> None:
    """A chore that is switched off, or gone, is late for nothing."""
    for name in _chores - set(listed):
        _chores.discard(name)
        chore_at.remove(name)


def show_outbox(rows: Iterable[tuple[str, str, int, float | None]]) -> None:
    """Set the gauges of the outbox; what is no longer there disappears."""
    outbox.clear()
    outbox_age.clear()
    for channel, status, deliveries, oldest in rows:
        outbox.labels(channel, status).set(deliveries)
        outbox_age.labels(channel, status).set(oldest or 0)


# What leadgen.measure_market calls them; hook_lag has no label.
MEASURES = {
    "recent_leads": recent_leads,
    "waiting_leads": waiting_leads,
    "limits": limits,
    "endpoints": endpoints,
    "hooks": hooks,
    "buyers_low": buyers_low,
    "receivable": receivable,
    "unbilled": unbilled,
    "overdue": overdue,
}
# Words that a label may have, so that an alert sees 0 and not nothing.
STATES = {
    "recent_leads": ("sold", "unsold", "held", "rejected"),
    "waiting_leads": ("held", "quarantined"),
    "limits": ("near", "reached"),
    "endpoints": ("well", "failing", "resting", "disabled"),
    "hooks": ("well", "failing", "resting", "disabled"),
    "buyers_low": ("prepaid", "invoiced"),
}


def show_market(rows: Iterable[tuple[str, str, float]]) -> None:
    """Set the gauges of the market; what is no longer there disappears, or is 0."""
    for name, gauge in MEASURES.items():
        gauge.clear()
        for state in STATES.get(name, ()):
            gauge.labels(state).set(0)
    hook_lag.set(0)
    for name, label, value in rows:
        if name == "hook_lag":
            hook_lag.set(value)
        elif name in MEASURES:
            MEASURES[name].labels(label).set(value)


def serve(port: int) -> None:
    """Serve /metrics on a port of every interface, from a thread of its own."""
    global served
    start_http_server(port)
    served = True
