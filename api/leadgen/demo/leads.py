"""200 leads, the same for the same seed, and what must become of each.

The generator knows the catalogue as its author does: who owns which area, which caps run out, who is paused.
It does not route. Leads of one offer are posted in order, those of different offers at once, so each outcome
is certain; which of several fitting buyers wins is left to the system and to its invariants.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Literal

from leadgen.demo.people import (
    DISPOSABLE_DOMAINS,
    FAR_AWAY,
    FIRST_NAMES,
    JOBS,
    LAST_NAMES,
    MAIL_DOMAINS,
    MARKETS,
    NO_PHONES,
    OTHER_AREA_CODE,
    Place,
)

Kind = Literal[
    "good", "owned_area", "held", "capped_out", "duplicate", "repeat", "wrong_area", "bad_phone",
    "wrong_region", "disposable", "no_consent", "no_job_type", "odd_job_type", "unknown_source",
]  # fmt: skip
Fate = Literal["sold", "held", "unsold", "rejected", "quarantined"]
Payload = dict[str, Any]

HTTP_STATUS: dict[Fate, int] = {"sold": 202, "held": 202, "unsold": 202, "rejected": 400, "quarantined": 422}
NUMBERS_AN_AREA = 99  # 555-0100 to 555-0198 are nobody's; 0199 is left for whoever tries the API by hand


@dataclass(frozen=True)
class Expected:
    """What must become of a lead: to how many buyers it is sold, or the first failure's code and field."""

    fate: Fate
    sales: int = 0
    buyer: str | None = None  # None: any that fits
    code: str | None = None
    field: str | None = None


@dataclass(frozen=True)
class Posting:
    """One request. `repeats`: the number of the posting whose answer it must get again."""

    number: int
    kind: Kind
    offer: str | None  # slug; None: no source claims it
    payload: Payload
    expected: Expected
    by_partner: bool = False
    idempotency_key: str | None = None
    repeats: int | None = None


@dataclass(frozen=True)
class Stream:
    """The leads of one offer: how its source is recognised, and how many of each kind."""

    offer: str | None
    market: str
    trade: str
    source: Payload
    kinds: Mapping[Kind, int]
    by_partner: bool = False
    sales: int = 1
    owned: tuple[Place, ...] = ()
    owner: str | None = None


STREAMS = (
    Stream(
        "austin-plumbing", "austin", "plumbing",
        {"landing_url": "https://austin.homehelp.example/plumbing/emergency?ref=fall"},
        {"good": 22, "owned_area": 4, "duplicate": 2, "repeat": 2, "wrong_area": 2, "bad_phone": 1,
         "disposable": 1, "no_job_type": 1},
        owned=(("78704", "Austin"),), owner="South Congress Plumbing",
    ),
    Stream(
        "austin-hvac", "austin", "hvac", {"source_key": "austin-hvac-form"},
        {"good": 17, "duplicate": 1, "wrong_area": 1, "bad_phone": 1, "disposable": 1},
    ),
    Stream(
        "austin-roofing", "austin", "roofing",
        {"landing_url": "https://austin.homehelp.example/roofing"},
        {"good": 14, "no_consent": 2, "wrong_area": 1, "repeat": 1},
    ),
    Stream(
        "tampa-plumbing", "tampa", "plumbing", {"source_key": "tampa-plumbing-v2"},
        {"good": 17, "duplicate": 2, "wrong_area": 1, "wrong_region": 1, "bad_phone": 1},
    ),
    Stream(
        "tampa-roofing", "tampa", "roofing",
        {"landing_url": "https://tampa.homehelp.example/storm/free-inspection"},
        {"good": 19, "no_consent": 2, "duplicate": 1, "disposable": 1},
        sales=3,
    ),
    Stream(  # its two buyers take 6 a day and 4 an hour: 10 good leads, and no more
        "tampa-hvac", "tampa", "hvac", {},
        {"good": 10, "capped_out": 7, "duplicate": 1, "wrong_area": 1},
        by_partner=True,
    ),
    Stream(
        "denver-plumbing", "denver", "plumbing",
        {"landing_url": "https://denver.homehelp.example/plumbing"},
        {"good": 16, "owned_area": 4, "bad_phone": 1, "disposable": 1, "repeat": 1},
        owned=(("80002", "Arvada"), ("80003", "Arvada"), ("80004", "Arvada")), owner="Arvada Plumbing Co",
    ),
    Stream(
        "denver-roofing", "denver", "roofing", {"utm_source": "google", "utm_campaign": "denver-hail"},
        {"good": 15, "no_consent": 1, "wrong_region": 1, "wrong_area": 1},
    ),
    Stream(  # who serves Golden is paused
        "denver-hvac", "denver", "hvac", {"source_key": "denver-furnace-form"},
        {"good": 14, "held": 3, "duplicate": 1, "odd_job_type": 1},
        owned=(("80401", "Golden"),),
    ),
    Stream(None, "austin", "plumbing", {"source_key": "boise-plumbing-v1"}, {"unknown_source": 2}),
)  # fmt: skip

REFUSED: dict[Kind, tuple[str, str]] = {
    "duplicate": ("duplicate", "phone"),
    "bad_phone": ("field_invalid", "phone"),
    "wrong_region": ("phone_region_mismatch", "phone"),
    "disposable": ("email_disposable", "email"),
    "no_consent": ("consent_missing", "consent"),
    "no_job_type": ("field_required", "attributes.job_type"),
    "odd_job_type": ("field_invalid", "attributes.job_type"),
}


@dataclass
class Contacts:
    """Hands out people; no two share a phone number or an address."""

    rng: Random
    numbers: dict[str, list[int]] = field(default_factory=dict)
    count: int = 0

    def make(self, area_codes: tuple[str, ...]) -> Payload:
        """Name, email and phone of somebody new."""
        self.count += 1
        first, last = self.rng.choice(FIRST_NAMES), self.rng.choice(LAST_NAMES)
        plain = f"{first}.{last}".lower().translate(str.maketrans("áéíóúñ", "aeioun", "'"))
        return {
            "name": f"{first} {last}",
            "email": f"{plain}{self.count}@{self.rng.choice(MAIL_DOMAINS)}",
            "phone": self._phone(self.rng.choice(area_codes)),
        }

    def _phone(self, area: str) -> str:
        if area not in self.numbers:
            self.numbers[area] = self.rng.sample(range(NUMBERS_AN_AREA), NUMBERS_AN_AREA)
        line = f"{100 + self.numbers[area].pop():04}"
        shapes = (f"({area}) 555-{line}", f"{area}-555-{line}", f"+1 {area} 555 {line}", f"{area}555{line}")
        return self.rng.choice(shapes)


def make_leads(seed: int) -> list[list[Posting]]:
    """The streams of postings, each to be posted in order; 200 in all."""
    rng = Random(seed)  # noqa: S311 - not for secrets
    contacts = Contacts(rng)
    streams, number = [], 1
    for stream in STREAMS:
        postings: list[Posting] = []
        for kind in order_kinds(rng, stream.kinds):
            postings.append(make_posting(rng, contacts, stream, kind, number, postings))
            number += 1
        streams.append(postings)
    return streams


def order_kinds(rng: Random, kinds: Mapping[Kind, int]) -> list[Kind]:
    """Any order, but a good lead first, as later ones may repeat it, and last those that find caps full."""
    first, *mixed = (kind for kind, count in kinds.items() for _ in range(count))
    rng.shuffle(mixed)
    return [first, *sorted(mixed, key=lambda kind: kind == "capped_out")]


def make_posting(
    rng: Random, contacts: Contacts, stream: Stream, kind: Kind, number: int, earlier: list[Posting]
) -> Posting:
    """One posting of a kind; `earlier` are those of its stream so far."""
    good = [posting for posting in earlier if posting.kind == "good"]
    if kind == "repeat":
        index = earlier.index(rng.choice(good))
        first = earlier[index] = replace(earlier[index], idempotency_key=f"form-{earlier[index].number:04}")
        return replace(first, number=number, kind=kind, repeats=first.number)
    payload = make_payload(rng, contacts, stream, kind)
    if kind == "duplicate":
        known = rng.choice(good).payload
        payload |= {name: known[name] for name in ("name", "email", "phone")}
        payload["message"] += " Asked before, nobody called back yet."
    return Posting(number, kind, stream.offer, payload, expect(stream, kind), stream.by_partner)


def make_payload(rng: Random, contacts: Contacts, stream: Stream, kind: Kind) -> Payload:
    """The body of a request: a good lead of the stream, spoilt as its kind says."""
    market = MARKETS[stream.market]
    job_type, message = rng.choice(JOBS[stream.trade])
    places = {"owned_area": stream.owned, "held": stream.owned, "wrong_area": FAR_AWAY}
    postal_code, city = rng.choice(places.get(kind, market.places))
    attributes: Payload = {"job_type": job_type, "owner": rng.random() < 0.8}
    payload: Payload = {
        **stream.source,
        **contacts.make((OTHER_AREA_CODE,) if kind == "wrong_region" else market.area_codes),
        "postal_code": postal_code,
        "city": city,
        "message": message,
        "attributes": attributes,
    }
    if stream.trade == "roofing":
        attributes["roof_age_years"] = rng.randint(2, 35)
        payload["consent"] = kind != "no_consent"
    if kind == "bad_phone":
        payload["phone"] = rng.choice(NO_PHONES)
    elif kind == "disposable":
        payload["email"] = payload["email"].partition("@")[0] + "@" + rng.choice(DISPOSABLE_DOMAINS)
    elif kind == "no_job_type":
        del attributes["job_type"]
    elif kind == "odd_job_type":
        attributes["job_type"] = "swimming_pool"
    return payload


def expect(stream: Stream, kind: Kind) -> Expected:
    """What must become of it."""
    if kind == "good":
        return Expected("sold", stream.sales)
    if kind == "owned_area":
        return Expected("sold", 1, buyer=stream.owner)
    if kind == "held":
        return Expected("held")
    if kind == "capped_out":
        return Expected("unsold")
    if kind == "unknown_source":
        return Expected("quarantined", code="source")
    if kind == "wrong_area":  # Tampa's policy for homes lists cities, all others postal codes
        by_city = stream.market == "tampa" and stream.trade != "roofing"
        name = "city" if by_city else "postal_code"
        return Expected("rejected", code=f"{name}_not_allowed", field=name)
    code, at = REFUSED[kind]
    return Expected("rejected", code=code, field=at)
