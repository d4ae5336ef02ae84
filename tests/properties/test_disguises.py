"""A lead in any disguise has the fate of the clean one, and whoever reads the decision is told what was mended."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rig.catalogue import Catalogue

CONTEXT = {"api_key_hash": "a" * 64, "ip_address": "198.51.100.7"}

RULES = {
    "consent_required": True,
    "duplicate_window_hours": 0,
    "allowed_cities": ["Winston-Salem"],
    "field_rules": {
        "attributes.rooms": {"type": "integer", "minimum": 2},
        "attributes.owner": {"type": "boolean"},
        "attributes.kind": {"enum": ["leak", 7]},
    },
}
CLEAN: dict[str, Any] = {
    "name": "Jane O'Neil",
    "email": "jane-o'neil@example.com",
    "phone": "+13365550123",
    "country_code": "US",
    "region_code": "US-NC",
    "postal_code": "27101",
    "city": "Winston-Salem",
    "message": "The roof leaks",
    "attributes": {"rooms": 3, "owner": True, "kind": "leak", "roof_age": 12},
    "utm_campaign": "spring",
    "landing_url": "https://roofs.example/quote",
    "consent": True,
    "gdpr_consent": False,
    "ip_address": "203.0.113.9",
}
MACHINE_READ = ("email", "phone", "country_code", "region_code", "postal_code", "city")
INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u17b4\u180b\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202e\u2060\u2066\u2069"
    "\u3164\ufe0f\ufeff\uffa0"
)
HIDDEN = st.sampled_from([*INVISIBLE, "\U000e0001", "\U000e0041", "\U000e0100"])
LOOK_ALIKES = {"-": "\u2010\u2011\u2012\u2013\u2014\u2212\uff0d", "'": "\u2019\u2018\u02bc\uff07"}
YES = ["on", "YES", " yes ", ["on"], "checked", "1", 1, "oui", "Sí", "si\u0301", "true", "Y"]
NO = ["off", "No", ["false"], 0, "0", "non", "NEIN", "não"]

Change = Callable[[dict[str, Any]], None]


def hide(field: str, marks: list[tuple[int, str]]) -> Change:
    """Put characters that nobody sees into a text."""

    def change(lead: dict[str, Any]) -> None:
        for at, mark in marks:
            place = at % (len(lead[field]) + 1)
            lead[field] = lead[field][:place] + mark + lead[field][place:]

    return change


def disguise(field: str, choice: int) -> Change:
    """Write a text in full width, with typographic dashes and quotes."""

    def as_other(letter: str) -> str:
        others = LOOK_ALIKES.get(letter, "")
        if others:
            return others[choice % len(others)]
        return chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter

    def change(lead: dict[str, Any]) -> None:
        lead[field] = "".join(map(as_other, lead[field]))

    return change


def replace(field: str, value: object) -> Change:
    """Send something else that says the same."""

    def change(lead: dict[str, Any]) -> None:
        lead[field] = value

    return change


def answer(name: str, value: object) -> Change:
    """Answer with something else that says the same."""

    def change(lead: dict[str, Any]) -> None:
        lead["attributes"] = lead["attributes"] | {name: value}

    return change


CHANGES = st.one_of(
    st.builds(
        hide,
        st.sampled_from(MACHINE_READ),
        st.lists(st.tuples(st.integers(0, 99), HIDDEN), min_size=1, max_size=3),
    ),
    st.builds(disguise, st.sampled_from(MACHINE_READ), st.integers(0, 99)),
    st.builds(replace, st.just("consent"), st.sampled_from(YES)),
    st.builds(replace, st.just("gdpr_consent"), st.sampled_from(NO)),
    st.builds(
        replace, st.just("postal_code"), st.sampled_from([27101, 27101.0, "27101.0", " 27101", "27101-1234"])
    ),
    st.builds(replace, st.just("phone"), st.sampled_from([3365550123, 13365550123, "(336) 555\u20110123"])),
    st.builds(
        replace, st.just("utm_campaign"), st.text(min_size=101, max_size=200, alphabet="x\u200b\ufffd")
    ),
    st.builds(replace, st.just("landing_url"), st.just("https://roofs.example/" + "x" * 5000)),
    st.builds(
        replace,
        st.sampled_from(["gclid", "sub_id", "referrer", "external_id", "utm_term"]),
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(alphabet="xy\u200b\ufffd ", max_size=300)
        | st.lists(st.text(alphabet="xy")),
    ),
    st.builds(replace, st.sampled_from(["consent_at", "idempotency_key"]), st.sampled_from(["", " ", None])),
    st.builds(
        replace,
        st.just("message"),
        st.sampled_from(["The roof\r\nleaks", "The roof leaks \ufffd", "\u200bThe roof leaks"]),
    ),
    st.builds(
        replace,
        st.just("ip_address"),
        st.sampled_from(["203.0.113.9:80", "unknown", "::ffff:203.0.113.9", ""]),
    ),
    st.builds(answer, st.just("rooms"), st.sampled_from(["3", " 3.0", "3\u200b", "\uff13", "\u0663"])),
    st.builds(answer, st.just("owner"), st.sampled_from([*YES, "yes\u200d", "\uff59\uff45\uff53"])),
    st.builds(answer, st.just("kind"), st.sampled_from(["leak\u200e", "\u200bleak", "7", 7])),
    st.builds(answer, st.just("roof_age"), st.sampled_from(["12", "12.0", "1\u200b2", "\uff11\uff12"])),
)


@pytest.fixture(scope="module")
def session(module_database: str) -> Iterator[psycopg.Connection]:
    """An offer whose buyers and prices ask for what a lead says."""
    with psycopg.connect(module_database, autocommit=True) as connection:
        catalogue = Catalogue(connection)
        offer = catalogue.add_offer(rules=RULES, source_key="roofs")
        connection.execute(
            "update leadgen.sources set kind = 'partner_api', api_key_hash = %s", (CONTEXT["api_key_hash"],)
        )
        catalogue.enroll(
            offer, filters=json.dumps({"attributes.owner": {"enum": [False]}}), routing_priority=9
        )
        catalogue.enroll(
            offer,
            filters=json.dumps({
                "attributes.owner": {"enum": [True]},
                "attributes.rooms": {"enum": [3]},
                "attributes.roof_age": {"minimum": 12, "maximum": 12},
                "attributes.kind": {"enum": ["leak", "7"]},
                "consent": {"enum": [True]},
            }),
            routing_priority=5,
        )  # fmt: skip
        connection.execute("select set_config('leadgen.clock', '2026-11-20 16:00Z', false)")
        yield connection


def fate_of(session: psycopg.Connection, lead: dict[str, Any]) -> tuple[Any, ...]:
    """The answer to a lead, and what it was read as."""
    row = session.execute(
        "select leadgen.dry_run_lead(%(lead)s, %(context)s), to_jsonb(r) - '{notes,tracking}'::text[], r.notes"
        " from intake.read_request(%(lead)s, %(context)s) r",
        {"lead": json.dumps(lead), "context": json.dumps(CONTEXT)},
    ).fetchone()
    assert row
    outcome, request, notes = row
    assert (
        outcome["decision"].pop("intake_notes") == (notes or [])
        or lead["postal_code"] != CLEAN["postal_code"]
    )
    for attempt in outcome["decision"]["attempts"]:
        for candidate in attempt["candidates"]:
            candidate["reason"] = (candidate["reason"] or "").partition(" is ")[
                0
            ]  # it says the number as it was sent
    return outcome | {"lead_id": 0}, request, notes


def test_the_clean_lead_is_sold_and_has_no_notes(session: psycopg.Connection) -> None:
    outcome, request, notes = fate_of(session, CLEAN)
    assert (outcome["status"], outcome["price"], notes) == ("accepted", 45, None)
    assert request["ip_address"] == "203.0.113.9"


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(CHANGES, min_size=1, max_size=4))
def test_a_lead_in_disguise_has_the_fate_of_the_clean_one(
    session: psycopg.Connection, changes: list[Change]
) -> None:
    lead = CLEAN | {"attributes": dict(CLEAN["attributes"])}
    for change in changes:
        try:
            change(lead)
        except TypeError:  # a text that is a number already
            continue
    outcome, request, _ = fate_of(session, lead)
    clean, clean_request, _ = fate_of(session, CLEAN)
    assert outcome == clean
    for field in ("email", "country_code", "region_code", "city", "consent", "gdpr_consent", "name"):
        assert request[field] == clean_request[field]


def test_an_unclear_consent_is_no_consent(session: psycopg.Connection) -> None:
    values: list[object] = ["maybe", "I will", ["yes", "no"], {}, "yes?", 2, "\ufffd"]
    for value in values:
        outcome, *_ = fate_of(session, CLEAN | {"consent": value})
        assert outcome["errors"][0]["code"] == "consent_missing", value
