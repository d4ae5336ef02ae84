"""Random worlds: a catalogue, and what happens in it step by step. Plain values; nothing here knows the database.

The simulation writes its catalogue itself, not by rig.catalogue: the oracle needs each value that is written.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

# Zones with their next two clock changes (UTC): on the hour, at midnight (Cairo), half an hour (Lord Howe), none.
CHANGES = {
    "America/Chicago": ("2026-03-08T08:00", "2026-11-01T07:00"),
    "America/Denver": ("2026-03-08T09:00", "2026-11-01T08:00"),
    "Europe/Berlin": ("2026-03-29T01:00", "2026-10-25T01:00"),
    "Africa/Cairo": ("2026-04-23T22:00", "2026-10-29T21:00"),
    "Australia/Lord_Howe": ("2026-04-04T15:00", "2026-10-03T15:30"),
    "Asia/Kolkata": ("2026-05-31T18:30", "2026-12-31T18:30"),
}
UNITS = ("hour", "day", "week", "month")
POSTAL_CODES = {"78701": "Austin", "78704": "Austin", "78745": "Austin", "78613": "Cedar Park"}
AREAS = (
    ("postal_code", "*"),
    ("postal_code", "787*"),
    ("postal_code", "78704"),
    ("city", "AUSTIN"),
    ("city", "cedar park"),
)
OWNED = (("postal_code", "78704"), ("postal_code", "7870*"), ("city", "Austin"))
STRATEGIES = ("priority", "round_robin", "weighted", "highest_price", "least_filled")
WEBHOOK = "https://buyer.example/leads"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
JOBS = ("leak", "drain", "repair")
MESSAGES = ("Water everywhere", "No hot water")
Hours = dict[str, list[list[str]]]
Tests = dict[str, dict[str, Any]]


@dataclass
class Buyer:
    """A buyer and where it works."""

    is_active: bool
    has_webhook: bool
    wants_email: bool
    balance: Decimal
    areas: list[tuple[str, str]]


@dataclass
class Enrollment:
    """A buyer's part in an offer. `caps` by unit, `budgets` by day and month; None: unlimited."""

    buyer: int
    is_active: bool
    priority: int
    weight: Decimal
    caps: dict[str, int | None]
    zone: str | None
    price: Decimal | None
    min_balance: Decimal | None
    has_own_webhook: bool
    budgets: dict[str, Decimal | None] = field(default_factory=lambda: {"day": None, "month": None})
    schedule: Hours | None = None
    filters: Tests | None = None
    pause_from: datetime | None = None
    pause_until: datetime | None = None


@dataclass
class Offer:
    """An offer with its policies; `owners`: the buyer who owns a scope, by (type, value).

    `by_mailbox`: its people write another address of their mailbox, and another phone, each time.
    """

    price: Decimal
    routing: dict[str, Any]
    pricing: dict[str, Any] | None
    duplicate_hours: int
    by_mailbox: bool
    enrollments: list[Enrollment]
    owners: dict[tuple[str, str], int]


@dataclass
class World:
    """A market."""

    zone: str
    currency: str
    start: datetime
    buyers: list[Buyer]
    offers: list[Offer]


@dataclass(frozen=True)
class Step:
    """Something happens, after a time has passed. `numbers` choose among what there is, modulo its size."""

    what: str  # submit, resubmit, route_held, pause, switch, refill, give_back
    after: timedelta
    numbers: tuple[int, int, int]
    postal_code: str = "78701"
    until: timedelta = field(default=timedelta())
    attributes: dict[str, Any] = field(default_factory=dict)
    message: str = MESSAGES[0]


money = st.decimals(0, 200, places=2, allow_nan=False)
price = st.decimals("0.01", 500, places=2, allow_nan=False)
few = st.integers(0, 3)
cap = st.none() | st.integers(0, 4)
budget = st.none() | st.decimals(0, 800, places=2, allow_nan=False)
numbers = st.tuples(*[st.integers(0, 99)] * 3)

buyers = st.builds(
    Buyer,
    is_active=st.integers(0, 9).map(bool),
    has_webhook=st.booleans(),
    wants_email=st.booleans(),
    balance=money,
    areas=st.lists(st.sampled_from(AREAS), min_size=1, max_size=3, unique=True),
)

clock_times = st.sampled_from(
    ["00:00", "00:30", "01:00", "01:30", "02:00", "02:30", "03:00", "08:00", "12:00", "18:00", "22:00"]
)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """In a third of the cases; else None."""
    return st.sampled_from([True, False, False]).flatmap(lambda drawn: strategy if drawn else st.none())


def time_ranges() -> st.SearchStrategy[list[str]]:
    """From one time of day to another, past midnight when the second is the earlier one."""
    pairs = st.tuples(clock_times, clock_times | st.just("24:00"))
    return pairs.filter(lambda pair: pair[0] != pair[1]).map(list)


hours = st.dictionaries(
    st.sampled_from(DAYS), st.lists(time_ranges(), min_size=1, max_size=2), min_size=1, max_size=7
)

number_words = st.sampled_from([0, 5, 10, 10.5, 20])
bounds = st.fixed_dictionaries({}, optional={"minimum": number_words, "maximum": number_words}).filter(
    lambda found: bool(found) and found.get("minimum", 0) <= found.get("maximum", 99)
)
jobs = st.lists(st.sampled_from(JOBS), min_size=1, unique=True).map(lambda found: {"enum": found})


def negatable(positive: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """The words, or that they must not hold."""
    return positive | positive.map(lambda words: {"not": words})


tests = st.fixed_dictionaries(
    {},
    optional={
        "attributes.roof_age": negatable(bounds),
        "attributes.job": negatable(jobs),
        "postal_code": negatable(st.sampled_from([{"pattern": "^787"}, {"enum": ["78704", "78745"]}])),
        "city": negatable(st.just({"enum": ["AUSTIN"]})),
        "message": negatable(st.just({"pattern": "Water$|every"})),
    },
).filter(bool)


@st.composite
def enrollments(draw: st.DrawFn, buyer: int) -> Enrollment:
    """An enrollment of a buyer."""
    return Enrollment(
        buyer=buyer,
        is_active=bool(draw(st.integers(0, 9))),
        priority=draw(st.integers(1, 3)),
        weight=draw(st.sampled_from([Decimal(1), Decimal(2), Decimal("0.5"), Decimal(7)])),
        caps={unit: draw(cap) for unit in UNITS},
        zone=draw(st.none() | st.sampled_from(sorted(CHANGES))),
        price=draw(st.none() | price),
        min_balance=draw(st.none() | money),
        has_own_webhook=draw(st.booleans()),
        budgets={"day": draw(maybe(budget)), "month": draw(maybe(budget))},
        schedule=draw(maybe(hours)),
        filters=draw(maybe(tests)),
    )


steps_of_price = {
    "amount": st.integers(-10_000, 10_000).map(lambda cents: cents / 100),
    "percent": st.integers(-100_000, 200_000).map(lambda thousandths: thousandths / 1000),
}
premiums = st.sampled_from(sorted(steps_of_price)).flatmap(
    lambda word: steps_of_price[word].map(lambda value: {word: value})
)


def named_steps(**conditions: st.SearchStrategy[Any]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Price steps that hold under conditions."""
    step = st.builds(lambda value, when: value | when, premiums, st.fixed_dictionaries(conditions))
    return st.lists(step, min_size=1, max_size=2).map(
        lambda found: [{"name": f"step {n}"} | one for n, one in enumerate(found)]
    )


pricings = st.fixed_dictionaries(
    {},
    optional={
        "exclusivity_premium": premiums,
        "time_of_day": named_steps(hours=hours),
        "adjustments": named_steps(when=tests),
    },
)


@st.composite
def offer_caps(draw: st.DrawFn) -> dict[str, Any]:
    """Caps and budgets of an offer as a whole, a longer window never below a shorter one."""
    units = draw(st.lists(st.sampled_from(UNITS), unique=True, max_size=3))
    limits = sorted(draw(st.lists(st.integers(0, 7), min_size=len(units), max_size=len(units))))
    caps: dict[str, Any] = {
        f"per_{unit}": limit for unit, limit in zip(sorted(units, key=UNITS.index), limits, strict=True)
    }
    spans = draw(st.sampled_from([[], ["day"], ["month"], ["day", "month"]]))
    sums = sorted(draw(st.lists(st.integers(0, 1500), min_size=len(spans), max_size=len(spans))))
    caps |= {f"budget_per_{span}": most for span, most in zip(spans, sums, strict=True)}
    return caps or {"per_day": 3}


def make_sense(routing: dict[str, Any]) -> dict[str, Any]:
    """A strategy does not break its own ties; what is never held has no time to be held."""
    routing = dict(routing)
    left = [name for name in routing.pop("tie_breakers", []) if name != routing["strategy"]]
    if left:
        routing["tie_breakers"] = left
    waits = "hold" in (
        routing.get("on_no_buyer", "hold"),
        routing.get("exclusivity", {}).get("when_unavailable"),
    )
    if not waits:
        routing.pop("hold_hours", None)
    return routing


routings = st.fixed_dictionaries(
    {"strategy": st.sampled_from(STRATEGIES)},
    optional={
        "tie_breakers": st.lists(st.sampled_from(STRATEGIES), unique=True, min_size=1, max_size=3),
        "max_buyers": st.integers(1, 3),
        "on_no_buyer": st.sampled_from(["hold", "reject"]),
        "hold_hours": st.sampled_from([0.25, 1, 24, 72]),
        "contact_window_days": st.sampled_from([0, 0, 0.5, 30]),
        "caps": offer_caps(),
        "reroute": st.fixed_dictionaries({"on_return": st.booleans()}),
        "exclusivity": st.fixed_dictionaries(
            {},
            optional={
                "scopes": st.lists(st.sampled_from(["postal_code", "city"]), unique=True, min_size=1),
                "when_unavailable": st.sampled_from(["fall_through", "hold", "reject"]),
            },
        ),
    },
).map(make_sense)


@st.composite
def offers(draw: st.DrawFn, buyer_count: int) -> Offer:
    """An offer in which some of the buyers are enrolled."""
    everybody = st.integers(0, buyer_count - 1)
    enrolled = draw(st.lists(everybody, min_size=1, unique=True))
    hours, by_mailbox = draw(st.sampled_from([(0, False), (0, False), (24, False), (24, True)]))
    return Offer(
        price=draw(price),
        routing=draw(routings),
        pricing=draw(st.none() | pricings),
        duplicate_hours=hours,
        by_mailbox=by_mailbox,
        enrollments=[draw(enrollments(buyer)) for buyer in sorted(enrolled)],
        owners=draw(st.dictionaries(st.sampled_from(OWNED), st.sampled_from(enrolled), max_size=2)),
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A market some hours before a clock change."""
    zone = draw(st.sampled_from(sorted(CHANGES)))
    change = datetime.fromisoformat(draw(st.sampled_from(CHANGES[zone]))).replace(tzinfo=UTC)
    found = draw(st.lists(buyers, min_size=1, max_size=5))
    return World(
        zone=zone,
        currency=draw(st.sampled_from(["USD", "EUR", "JPY"])),
        start=change - timedelta(minutes=draw(st.integers(0, 36 * 60))),
        buyers=found,
        offers=draw(st.lists(offers(len(found)), min_size=1, max_size=2)),
    )


passing = st.sampled_from([timedelta(minutes=m) for m in (0, 0, 0, 1, 20, 45, 60, 180, 720, 1440, 7 * 1440)])
steps = st.builds(
    Step,
    what=st.sampled_from(
        ["submit"] * 9 + ["resubmit", "route_held", "route_held", "pause", "switch", "refill", "give_back"]
    ),
    after=passing,
    numbers=numbers,
    postal_code=st.sampled_from(sorted(POSTAL_CODES)),
    until=passing,
    attributes=st.fixed_dictionaries(
        {},
        optional={
            "roof_age": st.sampled_from([0, 7, 10, 10.5, 20, 31, "12", None]),
            "job": st.sampled_from(JOBS),
        },
    ),
    message=st.sampled_from(MESSAGES),
)
