"""What-if where the keys of duplicates are changed, against what becomes of the same leads under them."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from rig.catalogue import Catalogue, Offer, insert, make_lead

MONDAY = datetime(2026, 11, 16, 14, tzinfo=UTC)
LEADS = 90
END = MONDAY + timedelta(days=30)
Rules = dict[str, Any]

# Who bought a contact before is not what this is about.
ROUTING = {"contact_window_days": 0}
PRIORITIES = ({"routing_priority": 2, "capacity_per_day": 4}, {"routing_priority": 1, "price_per_lead": 30})

EMAIL: Rules = {"duplicate_match": ["email"], "duplicate_window_hours": 6}
DAY: Rules = {"duplicate_window_hours": 24}
CHANGED: dict[str, tuple[Rules, Rules]] = {
    "email to mailbox": (EMAIL, {"duplicate_match": ["mailbox"]}),
    "mailbox to email": (EMAIL | {"duplicate_match": ["mailbox"]}, {"duplicate_match": ["email"]}),
    "mailbox beside the default": (DAY, {"duplicate_match": ["phone", "email", "mailbox"]}),
    "a longer window": (EMAIL, {"duplicate_window_hours": 30}),
    "no window": (EMAIL, {"duplicate_window_hours": 0, "duplicate_match": None}),
    "the platform's window": (EMAIL, {"duplicate_window_hours": None}),
    "any to all": (DAY, {"duplicate_match": ["phone", "mailbox"], "duplicate_match_mode": "all"}),
    "the same again": (EMAIL, {"duplicate_match": ["email"]}),
    "the same of the market": (
        DAY | {"duplicate_scope": "market", "duplicate_match": ["mailbox", "phone"]},
        {"duplicate_scope": "market"},
    ),
    "the same of all": (
        DAY | {"duplicate_match_mode": "all", "duplicate_match": ["phone", "mailbox"]},
        {"duplicate_match_mode": "all", "duplicate_window_hours": 24},
    ),
    "a wider scope": (EMAIL, {"duplicate_scope": "market", "duplicate_match": ["mailbox"]}),
    "another rule beside it": (EMAIL, {"duplicate_match": ["mailbox"], "min_message_length": 9}),
}


def make_leads(seed: int) -> list[tuple[datetime, int, dict[str, str]]]:
    """When, by which of two offers, and what: few mailboxes and phones, some minutes to hours apart."""
    rng = Random(seed)
    now = MONDAY
    leads = []
    for number in range(LEADS):
        now += timedelta(minutes=rng.choice([1, 7, 45, 200, 460]))
        person = f"p{rng.randrange(5)}"
        email = rng.choice(
            [f"{person}@gmail.com", f"{person[0]}.{person[1]}@gmail.com", f"{person}+{number}@googlemail.com"]
        )
        phone = f"+1512555{rng.randrange(200, 212):04}"
        message = rng.choice(["long enough to pass", "short"])
        leads.append((now, rng.randrange(4) // 3, {"email": email, "phone": phone, "message": message}))
    return leads


def open_market(session: psycopg.Connection, rules: Rules) -> tuple[Offer, Offer]:
    """A market of its own with two offers. The second has the default rules."""
    catalogue = Catalogue(session)
    number = catalogue.market
    catalogue.market = insert(
        session,
        "markets",
        name=f"Austin {number} {rules}"[:60],
        timezone="America/Chicago",
        region_code="US-TX",
    )
    offers = (catalogue.add_offer(ROUTING, rules), catalogue.add_offer(ROUTING, {"max_per_ip_per_hour": 999}))
    for offer in offers:
        for columns in PRIORITIES:
            catalogue.enroll(offer, **columns)
    return offers


def submit(session: psycopg.Connection, offers: tuple[Offer, Offer], seed: int) -> None:
    for at, which, fields in make_leads(seed):
        session.execute("select set_config('leadgen.clock', %s, true)", [at.isoformat()])
        lead = make_lead(offers[which].source_key) | fields | {"idempotency_key": f"{at}"}
        session.execute("select leadgen.submit_lead(%s)", [Jsonb(lead)])


def rehearse(session: psycopg.Connection, offer: Offer, changes: dict[str, Rules]) -> dict[str, Any]:
    session.execute("select set_config('leadgen.clock', %s, true)", [END.isoformat()])
    row = session.execute(
        "select leadgen.what_if(%s, %s, %s, %s)", [offer.id, MONDAY, END, Jsonb(changes)]
    ).fetchone()
    assert row
    report: dict[str, Any] = row[0]
    return report


def lay_over(rules: Rules, changed: Rules) -> Rules:
    return {key: value for key, value in (rules | changed).items() if value is not None}


@pytest.mark.parametrize("name", CHANGED)
def test_what_if_is_what_becomes_of_the_leads(name: str, module_session: psycopg.Connection) -> None:
    seed = list(CHANGED).index(name)
    rules, changed = CHANGED[name]
    with module_session.transaction(force_rollback=True):
        before = open_market(module_session, rules)
        after = open_market(module_session, lay_over(rules, changed))
        submit(module_session, before, seed)
        submit(module_session, after, seed)
        rehearsed = rehearse(module_session, before[0], {"validation": changed})
        happened = rehearse(module_session, after[0], {})
    assert happened["is_identical"]
    assert rehearsed["simulated"] == happened["actual"]
    assert rehearsed["is_identical"] == name.startswith("the same")
    assert rehearsed["actual"]["rejected_by_code"]["duplicate"]
    assert rehearsed["simulated"]["rejected_by_code"].get("duplicate") or name == "no window"
    assert [buyer["simulated"] for buyer in rehearsed["buyers"]] == [
        buyer["actual"] for buyer in happened["buyers"]
    ]


def test_a_change_that_changes_nothing_moves_no_duplicate_of_an_erased_lead(
    module_session: psycopg.Connection,
) -> None:
    """Nobody can be found again by what was erased; what history found counts."""
    with module_session.transaction(force_rollback=True):
        offers = open_market(module_session, EMAIL)
        submit(module_session, offers, 1)
        module_session.execute("select set_config('leadgen.clock', %s, true)", [END.isoformat()])
        erased = module_session.execute(
            """
            select leadgen.erase_lead(d.id, 'asked for')
            from (select distinct (l.signals).duplicate_lead_id as id from leadgen.leads l
              where l.offer_id = %s and l.answer -> 'errors' @> '[{"code": "duplicate"}]') d
            """,
            [offers[0].id],
        ).fetchall()
        assert erased
        report = rehearse(module_session, offers[0], {"validation": {"duplicate_match": ["email"]}})
        assert report["actual"]["rejected_by_code"]["duplicate"]
        assert report["is_identical"]
        report = rehearse(module_session, offers[0], {"validation": {"duplicate_match": ["mailbox"]}})
        assert not report["is_identical"]


def test_leads_that_were_sold_before_the_provider_had_a_row(module_session: psycopg.Connection) -> None:
    """The rehearsal reads old addresses by the rows of today."""
    with module_session.transaction(force_rollback=True):
        offers = open_market(module_session, EMAIL)
        for minute, email in enumerate(["j.doe@corp.example", "jdoe@corp.example"]):
            at = MONDAY + timedelta(minutes=minute)
            module_session.execute("select set_config('leadgen.clock', %s, true)", [at.isoformat()])
            lead = make_lead(offers[0].source_key) | {"email": email}
            module_session.execute("select leadgen.submit_lead(%s)", [Jsonb(lead)])
        changes = {"validation": {"duplicate_match": ["mailbox"]}}
        assert rehearse(module_session, offers[0], changes)["is_identical"]
        module_session.execute(
            "insert into leadgen.mail_providers (domain, mailbox_domain, ignored_marks)"
            " values ('corp.example', 'corp.example', '.')"
        )
        module_session.execute("select catalog.compile_mailboxes()")
        report = rehearse(module_session, offers[0], changes)
        assert report["simulated"]["rejected_by_code"] == {"duplicate": 1}
        assert report["moved"]["lost"] == 1
