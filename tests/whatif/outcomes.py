"""Outcomes of a what-if in the shape of leadgen.what_if, written by hand."""

import copy
import json
from decimal import Decimal
from typing import Any

Json = dict[str, Any]

WHY = "Ace ranked first: weight 3 of 5; as it was, Bolt had the turn"


def make_outcome(**changes: object) -> Json:
    """An offer of four buyers in which Ace's weight goes from 1 to 3; any key may be given anew."""
    outcome: Json = json.loads(json.dumps(_OUTCOME), parse_float=Decimal)
    return outcome | copy.deepcopy(changes)


def make_identical() -> Json:
    """The same offer without any change."""
    outcome = make_outcome(changes={}, is_identical=True, examples=[])
    outcome["simulated"] = copy.deepcopy(outcome["actual"])
    outcome["moved"] = {"same": outcome["leads"], "other_buyer": 0, "other_price": 0, "gained": 0, "lost": 0}
    for row in (*outcome["buyers"], *outcome["days"]):
        row["simulated"] = copy.deepcopy(row["actual"])
    return outcome


def make_empty() -> Json:
    """A period without leads."""
    nothing: Json = {"sold": 0, "unsold": 0, "held": 0, "rejected": 0, "sales": 0, "revenue": 0, "fill": None}
    nothing |= {"cost": 0, "margin": 0}
    nothing |= {"unsold_by_cause": {}, "rejected_by_code": {}}
    moved = {"same": 0, "other_buyer": 0, "other_price": 0, "gained": 0, "lost": 0}
    empty: Json = {"buyers": [], "days": [], "examples": []}
    return make_outcome(leads=0, actual=nothing, simulated=nothing, moved=moved, **empty)


_DAYS = [
    ("2026-11-07", 41, "1842.50", 43, "1961.00"),
    ("2026-11-08", 33, "1490.00", 35, "1570.00"),
    ("2026-11-09", 58, "2631.25", 58, "2770.00"),
    ("2026-11-10", 61, "2760.00", 60, "2790.00"),
    ("2026-11-11", 63, "2835.00", 66, "3071.00"),
    ("2026-11-12", 60, "2715.00", 61, "2865.00"),
    ("2026-11-13", 57, "2565.00", 57, "2652.50"),
    ("2026-11-14", 39, "1755.00", 40, "1843.75"),
    ("2026-11-15", 30, "1350.00", 30, "1371.25"),
    ("2026-11-16", 60, "2700.00", 61, "2850.00"),
    ("2026-11-17", 62, "2790.00", 61, "2812.50"),
    ("2026-11-18", 64, "2880.00", 65, "3016.25"),
    ("2026-11-19", 61, "2745.00", 62, "2871.25"),
    ("2026-11-20", 59, "2655.00", 61, "2795.00"),
]


def _buyer(enrollment: int, name: str, before: tuple[Any, ...], after: tuple[Any, ...]) -> Json:
    names = ("sales", "revenue", "share", "fill")
    return {
        "buyer_offer_id": enrollment,
        "buyer_id": enrollment + 100,
        "buyer": name,
        "actual": dict(zip(names, before, strict=True)),
        "simulated": dict(zip(names, after, strict=True)),
    }


_OUTCOME: Json = {
    "offer_id": 1,
    "offer": "Austin Emergency Plumbing",
    "currency": "USD",
    "from": "2026-11-07T06:00:00+00:00",
    "to": "2026-11-21T06:00:00+00:00",
    "changes": {"enrollments": {"7": {"weight": 3}}},
    "leads": 1034,
    "is_identical": False,
    "actual": {
        "sold": 748,
        "unsold": 86,
        "held": 4,
        "rejected": 196,
        "sales": 748,
        "revenue": 33713.75,
        "cost": 0,
        "margin": 33713.75,
        "fill": 0.8926,
        "unsold_by_cause": {"cap_day": 41, "outside_service_area": 30, "paused": 15},
        "rejected_by_code": {"duplicate": 90, "phone_region_mismatch": 61, "consent_missing": 45},
    },
    "simulated": {
        "sold": 760,
        "unsold": 74,
        "held": 4,
        "rejected": 196,
        "sales": 760,
        "revenue": 35239.5,
        "cost": 0,
        "margin": 35239.5,
        "fill": 0.9069,
        "unsold_by_cause": {"cap_day": 27, "outside_service_area": 30, "paused": 15, "budget_month": 2},
        "rejected_by_code": {"duplicate": 90, "phone_region_mismatch": 61, "consent_missing": 45},
    },
    "moved": {"same": 812, "other_buyer": 171, "other_price": 26, "gained": 18, "lost": 7},
    "buyers": [
        _buyer(7, "Ace Plumbing", (214, 9630.0, 0.2861, 0.7643), (331, 15840.5, 0.4355, None)),
        _buyer(8, "Bolt & Sons", (262, 11790.0, 0.3503, 0.9357), (204, 9180.0, 0.2684, 0.7286)),
        _buyer(
            9, "Barton Creek Plumbing and Heating", (201, 9143.75, 0.2687, None), (163, 7335.0, 0.2145, None)
        ),
        _buyer(10, "Zilker Drains", (71, 3150.0, 0.0949, 1.0), (62, 2884.0, 0.0816, 0.8857)),
    ],
    "days": [
        {
            "day": day,
            "actual": {"sold": sold, "revenue": float(revenue)},
            "simulated": {"sold": would, "revenue": float(then)},
        }
        for day, sold, revenue, would, then in _DAYS
    ],
    "examples": [
        {
            "lead_id": 4011,
            "actual": [{"buyer_id": 108, "buyer": "Bolt & Sons", "price": 45.0}],
            "simulated": [{"buyer_id": 107, "buyer": "Ace Plumbing", "price": 47.5}],
            "why": WHY,
        },
        {
            "lead_id": 4019,
            "actual": [],
            "simulated": [{"buyer_id": 109, "buyer": "Barton Creek Plumbing and Heating", "price": 45.0}],
            "why": "Barton Creek Plumbing and Heating still had room: cap_day 11 of 12 instead of 12 of 12",
        },
        {
            "lead_id": 4102,
            "actual": [{"buyer_id": 107, "buyer": "Ace Plumbing", "price": 45.0}],
            "simulated": [],
            "why": "Ace Plumbing had spent its month: budget_month 15,000.00 of 15,000.00",
        },
    ],
}
