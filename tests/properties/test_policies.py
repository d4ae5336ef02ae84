"""Whatever is written as a policy is taken, or refused with the path of what is wrong: never another error."""

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rig.cluster import Cluster, Connect

BODIES: dict[str, dict[str, Any]] = {
    "validation": {
        "required_fields": ["email", "attributes.job_type"],
        "field_rules": {"attributes.age": {"type": "integer", "minimum": 1, "maximum": 9, "enum": [1, 5]}},
        "allowed_country_codes": ["US"],
        "allowed_region_codes": ["US-TX"],
        "allowed_postal_codes": ["78701", "787*", "78701-78799"],
        "allowed_area": {"type": "Polygon", "coordinates": [[[-98, 30], [-97, 30], [-97, 31], [-98, 30]]]},
        "phone_region": "US-TX",
        "blocked_email_domains": ["example.com"],
        "mx_lookup_enabled": True,
        "mx_unknown": "fail",
        "duplicate_window_hours": 24,
        "duplicate_match": ["phone", "email"],
        "consent_max_age_hours": 24,
        "business_hours": {"mon": [["08:00", "18:00"]], "sat": [["22:00", "02:00"]]},
        "max_per_ip_per_hour": 5,
        "blocked_words": ["test"],
        "min_message_length": 5,
    },
    "routing": {
        "strategy": "weighted",
        "tie_breakers": ["priority"],
        "max_buyers": 2,
        "exclusivity": {"scopes": ["city"], "when_unavailable": "hold"},
        "on_no_buyer": "hold",
        "hold_hours": 24,
        "caps": {"per_hour": 1, "per_day": 2, "budget_per_day": 10, "budget_per_month": 100},
        "contact_window_days": 30,
        "reroute": {"on_return": True, "max_attempts": 3},
        "acceptance": {"mode": "explicit", "window_hours": 24},
        "delivery": {"timeout_seconds": 5, "retry_seconds": [1, 2], "resell_on_unknown": False},
    },
    "payout": {
        "per": "sale",
        "price": 5.5,
        "percent_of_revenue": 10,
        "prices": [
            {
                "name": "urgent",
                "when": {"attributes.urgency": {"enum": ["today"]}},
                "hours": {"fri": [["18:00", "24:00"]]},
                "price": 12,
            }
        ],
        "min_margin": 3,
        "min_margin_percent": 10,
    },
    "pricing": {
        "exclusivity_premium": {"percent": 25},
        "time_of_day": [{"name": "late", "hours": {"fri": [["18:00", "24:00"]]}, "amount": 5}],
        "adjustments": [
            {
                "name": "old roof",
                "when": {
                    "attributes.roof_age": {"minimum": 20, "maximum": 90},
                    "message": {"pattern": "^[a-z]+", "not": {"enum": ["repair"]}},
                },
                "percent": 15,
            }
        ],
    },
}
KINDS = sorted(BODIES)
ROOT = {"validation": "rules", "routing": "config", "pricing": "rules", "payout": "rules"}

words = st.sampled_from(
    [
        "",
        "mon",
        "24:00",
        "00:00",
        "a|",
        "(",
        "[a-",
        "(a)\\1",
        "city",
        "enum",
        "not",
        "amount",
        "Polygon",
        "\n",
        "é",
    ]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words
json_values = st.recursive(
    scalars | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value inside a value."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from places(one, (*path, key))


@st.composite
def changed_policies(draw: st.DrawFn) -> tuple[str, Any]:
    """A good policy in which one to three values were replaced, taken out or misspelt."""
    kind = draw(st.sampled_from(KINDS))
    body = json.loads(json.dumps(BODIES[kind]))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(places(body))))
        if not path:
            continue
        parent = body
        for key in path[:-1]:
            parent = parent[key]
        how = draw(st.sampled_from(["replace", "remove", "misspell"]))
        if how == "replace":
            parent[path[-1]] = draw(json_values)
        else:
            value = parent.pop(path[-1])
            if how == "misspell" and isinstance(parent, dict):
                parent[path[-1][:-1]] = value
    return kind, body


@pytest.fixture(scope="module")
def session(cluster: Cluster, template: str) -> Iterator[psycopg.Connection]:
    with cluster.clone(template) as url, psycopg.connect(url, autocommit=True) as connection:
        yield connection


def write(session: psycopg.Connection, kind: str, body: Any) -> str | None:
    """Write a policy; the path with which it is refused, None when it is taken."""
    statement = f"insert into leadgen.{kind}_policies (name, {ROOT[kind]}) values ('tried', %s)"
    try:
        session.execute(statement.encode(), [json.dumps(body)])
    except psycopg.Error as error:
        if error.sqlstate != "LG423":
            raise
        return str(error.diag.column_name)
    return None


@pytest.mark.parametrize("kind", KINDS)
def test_the_good_policies_are_taken(session: psycopg.Connection, kind: str) -> None:
    assert write(session, kind, BODIES[kind]) is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_misspelt_key_is_refused_wherever_it_is(connect: Connect, kind: str) -> None:
    key = next(iter(BODIES[kind]))
    assert write(connect(), kind, {key[:-1]: BODIES[kind][key]}) == f"{ROOT[kind]}.{key[:-1]}"


@given(changed_policies())
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_changed_policy_is_taken_or_refused_with_its_path(
    session: psycopg.Connection, policy: tuple[str, Any]
) -> None:
    kind, body = policy
    refused_at = write(session, kind, body)
    assert refused_at is None or refused_at.split(".")[0].split("[")[0] == ROOT[kind]


@given(st.sampled_from(KINDS), json_values)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_json_is_no_other_error(session: psycopg.Connection, kind: str, body: Any) -> None:
    write(session, kind, body)
