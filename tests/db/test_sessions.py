"""The same day, played by sessions with other settings: the same keys, the same decisions, the same answers."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import psycopg
import pytest
from psycopg.types.json import Jsonb

from rig.cluster import Cluster, Connect

PLAIN = "-c TimeZone=UTC -c DateStyle=ISO,MDY -c IntervalStyle=postgres -c extra_float_digits=1 -c bytea_output=hex"
STRANGE = {
    "another zone": "-c TimeZone=America/New_York",
    "another date": "-c DateStyle=German",
    "all of it": "-c TimeZone=Asia/Kolkata -c DateStyle=SQL,DMY -c IntervalStyle=sql_standard -c extra_float_digits=0"
    " -c bytea_output=escape",
}
RULES = {
    "consent_required": True,
    "consent_max_age_hours": 48,
    "field_rules": {"consent_at": {"pattern": "^2026-11-(19|20|21)T"}},
    "business_hours": {"fri": [["06:00", "23:30"]], "sat": [["00:00", "12:00"]]},
    "duplicate_window_hours": 24,
    "max_per_phone_per_day": 3,
}
ROUTING = {
    "strategy": "weighted",
    "max_buyers": 2,
    "hold_hours": 6,
    "caps": {"per_day": 9, "budget_per_day": 2000},
}
PRICING = {
    "time_of_day": [{"name": "evening", "hours": {"fri": [["18:00", "24:00"]]}, "percent": 10}],
    "adjustments": [{"name": "fresh", "when": {"consent_at": {"pattern": "T0[0-9]"}}, "amount": 3.5}],
}
SEATS: list[dict[str, Any]] = [
    {"weight": 0.3, "capacity_per_day": 2, "timezone": "Asia/Tokyo"},
    {"weight": 0.7, "budget_per_day": 150, "filters": {"consent_at": {"pattern": "[+]00:00$"}}},
    {
        "weight": 1.1,
        "capacity_per_hour": 1,
        "schedule": {"fri": [["08:00", "18:30"]]},
        "min_balance_required": 10,
    },
]
# When each lead comes, whose it is, and the consent that it says it has.
LEADS = [
    ("2026-11-20T14:05:00Z", 1, "2026-11-20T08:05:00-06:00"),
    ("2026-11-20T15:10:00Z", 1, "2026-11-20T15:09:59.123456Z"),
    ("2026-11-20T15:20:00Z", 2, "2026-11-20T00:30:00+05:30"),
    ("2026-11-20T16:30:00Z", 3, None),
    ("2026-11-20T23:59:59Z", 4, "2026-11-19T01:00:00+01"),
    ("2026-11-21T00:15:00Z", 5, "2026-11-20T08:15:00.5-0600"),
    ("2026-11-21T00:25:00Z", 6, "2026-11-20T09:15:00-06"),
    ("2026-11-21T05:15:00Z", 7, "2026-11-20T23:10:00-06:00"),
    ("2026-11-21T05:45:00Z", 8, "2026-11-20T23:15:00-0600"),
    ("2026-11-21T06:10:00Z", 9, "2026-11-18T05:00:00Z"),
    ("2026-11-21T06:15:00Z", 10, "2026-11-18T23:00:00Z"),
]
TABLES = {
    "leads": "updated_at",
    "lead_decisions": "",
    "lead_assignments": "updated_at",
    "deliveries": "message_id,lease_token,created_at,next_attempt_at",
    "events": "subject",  # of what operators did it carries the machine's time; the message says the rest
    "enrollment_usage": "",
    "offer_usage": "",
    "intake_quarantine": "",
    "suppressions": "",
}
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")


def in_utc(value: object) -> object:
    """The same JSON with its ISO times in UTC: an answer may show them in the session's zone."""
    text = INSTANT.sub(
        lambda found: datetime.fromisoformat(found[0].replace("Z", "+00:00")).astimezone(UTC).isoformat(),
        json.dumps(value, default=str, sort_keys=True),
    )
    return json.loads(text)


class Played(NamedTuple):
    """What a day was told, and what it left in the tables."""

    told: list[object]
    tables: dict[str, list[tuple[Any, ...]]]


class Day:
    """A day of an offer, in one session; what it was told."""

    def __init__(self, session: psycopg.Connection) -> None:
        self._session = session
        self.told: list[object] = []

    def ask(self, query: str, *arguments: object) -> Any:
        """The one value of a query, noted."""
        row = self._session.execute(query.encode(), arguments).fetchone()
        assert row
        self.told.append(in_utc(row[0]))
        return row[0]

    def at(self, instant: str) -> None:
        self._session.execute("select set_config('leadgen.clock', %s, false)", [instant])

    def play(self) -> None:
        self.at("2026-11-20T13:00:00Z")
        offer = self.ask(
            "select testkit.make_offer(%s, %s, %s)", Jsonb(RULES), Jsonb(ROUTING), Jsonb(PRICING)
        )
        seats = [self.ask("select testkit.enroll(%s, %s)", offer, Jsonb(seat)) for seat in SEATS]
        self.ask("select count(*) from leadgen.buyers b, testkit.set_balance(b.id, 90.5)")
        self._session.execute("update leadgen.buyers set webhook_url = 'https://b.example/' || id")
        self.ask("select testkit.work_holds()")
        leads: list[int] = []
        for at, person, consent_at in LEADS:
            self.at(at)
            payload = self._session.execute(
                "select testkit.given_lead(%s, %s, %s)",
                [offer, Jsonb({"consent_at": consent_at}), person],
            ).fetchone()
            assert payload
            self.ask("select leadgen.dry_run_lead(%s)", Jsonb(payload[0]))
            answer = self.ask("select leadgen.submit_lead(%s)", Jsonb(payload[0]))
            assert self.ask("select leadgen.submit_lead(%s)", Jsonb(payload[0])) == answer | {
                "repeated": True
            }
            leads.append(answer["lead_id"])
            self.ask("select leadgen.explain_lead(%s)", leads[-1])
            self.ask("select testkit.work_holds()")
        self.ask("select count(*) from leadgen.buyers b, testkit.set_balance(b.id, 11)")
        self._session.execute(
            "update leadgen.buyer_offers set pause_until = '2026-11-21T09:00:00Z' where id = %s", seats[:1]
        )
        sales = self._session.execute("select id from leadgen.lead_assignments order by id").fetchall()
        self.ask("select leadgen.return_sale(%s, 'other')", sales[0][0])
        self.at("2026-11-21T06:30:00Z")
        self.ask("select testkit.work_holds()")
        for lead in leads:
            self.ask("select leadgen.replay_lead(%s)", lead)
        self.ask(
            "select leadgen.what_if(%s, '2026-11-20T00:00:00Z', '2026-11-22T00:00:00Z', %s)",
            offer,
            Jsonb({"routing": {"max_buyers": 1}, "enrollments": {str(seats[2]): {"weight": 3}}}),
        )
        self.ask(
            "select jsonb_agg(to_jsonb(u)) from leadgen.explain_unsold(%s, '-infinity', 'infinity') u", offer
        )
        self.ask("select jsonb_agg(to_jsonb(c) - 'message_id' - 'lease_token' - 'secrets' - 'body')"
                 " from leadgen.claim_deliveries('w', testkit.room(99), '30 seconds') c")  # fmt: skip
        self.ask("select jsonb_agg(to_jsonb(i)) from leadgen.list_broken_invariants() i")


def dump(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """What the day left in the tables, but what is random or by the machine's clock."""
    with psycopg.connect(url, options=PLAIN) as session:
        return {
            table: session.execute(
                f"select to_jsonb(t) - %s::text[] from leadgen.{table} t order by 1".encode(),
                [f"{{{random}}}"],
            ).fetchall()
            for table, random in TABLES.items()
        }


@pytest.fixture(scope="module")
def plain_day(cluster: Cluster, pgtap_template: str) -> Iterator[Played]:
    with cluster.clone(pgtap_template) as url:
        yield play(url, PLAIN)


def play(url: str, options: str) -> Played:
    with psycopg.connect(url, autocommit=True, options=options) as session:
        day = Day(session)
        day.play()
    return Played(day.told, dump(url))


def test_the_plain_day_has_something_of_everything(
    plain_day: Played,
) -> None:
    """Else the comparison would prove little."""
    told, tables = plain_day
    text = json.dumps(told)
    for word in (
        "consent_expired",
        "duplicate",
        "field_invalid",
        "outside",
        "no buyer could take it",
        "fresh",
        "evening",
    ):
        assert word in text, word
    assert {name for name, rows in tables.items() if not rows} <= {"intake_quarantine", "suppressions"}


@pytest.mark.parametrize("name", STRANGE)
def test_settings_change_nothing(name: str, cluster: Cluster, pgtap_template: str, plain_day: Played) -> None:
    with cluster.clone(pgtap_template) as url:
        told, tables = play(url, STRANGE[name])
    for strange, plain in zip(told, plain_day.told, strict=True):
        assert strange == plain
    assert tables == plain_day.tables


def test_a_lead_is_the_same_lead_in_every_session(cluster: Cluster, pgtap_template: str) -> None:
    """One payload without a key, sent again under another zone; and the key that a session in UTC gave it before."""
    with cluster.clone(pgtap_template) as url:
        with psycopg.connect(url, autocommit=True, options=PLAIN) as session:
            session.execute("select testkit.make_offer()")
            payload = Jsonb({
                "source_key": session.execute("select source_key from leadgen.sources").fetchone()[0],  # type: ignore[index]
                "name": "Ann Lee", "email": "ann@example.com", "phone": "+15125550123", "postal_code": "78701",
                "city": "Austin", "message": "Roof", "consent": True, "consent_at": "2026-11-20T15:09:59.120-01:00",
            })  # fmt: skip
            first = session.execute("select leadgen.submit_lead(%s)", [payload]).fetchone()
            assert first
        for options in STRANGE.values():
            with psycopg.connect(url, autocommit=True, options=options) as session:
                again = session.execute("select leadgen.submit_lead(%s)", [payload]).fetchone()
                assert again == (first[0] | {"repeated": True},)


@pytest.mark.parametrize(
    "instant",
    ["2026-11-20T16:20:00Z", "2026-11-20T16:20:00.5Z", "2026-11-20T16:20:00.123450+05:30", "0001-01-01T00:00:00+10:00",
     "9999-12-31T23:59:59.999999Z", "infinity", "-infinity"],
)  # fmt: skip
def test_an_instant_is_written_as_a_session_in_utc_wrote_it(connect: Connect, instant: str) -> None:
    """Keys of leads were made of that text: they stay what they were."""
    written = (
        connect(options=PLAIN).execute("select to_jsonb(%s::timestamptz) #>> '{}'", [instant]).fetchone()
    )
    for options in STRANGE.values():
        query = "select kernel.write_instant(%s::timestamptz)"
        assert connect(options=options).execute(query, [instant]).fetchone() == written
