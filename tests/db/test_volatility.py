"""No setting of a session changes what a function that is declared immutable returns, nor what becomes of a lead.

Values are compared in binary, where the settings have no part in how they are shown.
"""

import random
import re
from typing import NamedTuple

import psycopg
import pytest

from rig.cluster import Connect

PLAIN = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
}
STRANGE = {
    "TimeZone": "America/New_York",
    "DateStyle": "German",
    "IntervalStyle": "sql_standard",
    "extra_float_digits": "0",
    "bytea_output": "escape",
}
CALLS = 40  # of each function, with other arguments where there are so many

FUNCTIONS = """
select p.pronamespace::regnamespace || '.' || p.proname, p.oid::regprocedure::text,
  coalesce((p.proargnames)[1:p.pronargs], '{}'), p.proargtypes::oid[]::integer[]
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
where n.nspowner = 'leadgen_owner'::regrole and p.provolatile = 'i' and p.prokind = 'f'
  and p.prorettype <> 'trigger'::regtype
order by 2
"""
TYPES = """
select t.oid::integer, t.oid::regtype::text, t.typtype::text, t.typelem::integer, t.typcategory = 'A',
  array(select e.enumlabel::text from pg_enum e where e.enumtypid = t.oid order by e.enumsortorder),
  array(select a.attname::text from pg_attribute a
    where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped order by a.attnum),
  array(select a.atttypid::integer from pg_attribute a
    where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped order by a.attnum)
from pg_type t
"""

VALUES: dict[str, list[str]] = {
    "timestamp with time zone": [
        "2026-03-08 07:30:00.12345+00",
        "2026-11-20 16:20:00+00",
        "2026-11-01 06:10:00+00",
        "2026-11-21 03:00:00+00",
        "-infinity",
    ],
    "date": ["2026-03-08"],
    "time without time zone": ["07:00", "23:59:59.5"],
    "interval": ["1 mon 2 days 03:04:05.6", "-1 day"],
    "double precision": ["0.30000000000000004", "97.74306123456789", "1234567.8901234567"],
    "numeric": ["45.00", "0.1", "0"],
    "integer": ["0", "1", "2", "601"],
    "smallint": ["1", "2"],
    "bigint": ["1", "2", "30000000001"],
    "uuid": ["7f1d6a40-8c8e-4a57-9d2b-2f5d0c1b6a11"],
    "boolean": ["true", "false"],
    "bytea": [r"\x00ff5c22", r"\x7b7d"],
    "inet": ["203.0.113.7", "10.1.2.3", "2001:db8::1"],
    "jsonpath": ['$."attributes"."roof_age".double() >= 10', '$."consent_at" like_regex "T16:20"'],
    "int4multirange": ["{[0,600)}", "{[480,1080),[6400,6500)}"],
    "tstzrange": [
        "[2026-12-24 06:00:00+00,2026-12-27 06:00:00+00)",
        "(,infinity)",
        "(,2026-12-27 06:00:00+00)",
    ],
    "jsonb": [
        '{"consent_at": {"pattern": "T16"}, "attributes.roof_age": {"minimum": 10.50, "not": {"enum": ["x"]}}}',
        '{"mon": [["08:00", "18:00"]], "sat": [["22:00", "02:00"]]}',
        '{"strategy": "weighted", "max_buyers": 2, "hold_hours": 1.5, "caps": {"per_day": 3}}',
        '{"center": [-97.743061, 30.267153], "radius_miles": 12.5}',
        '{"type": "Polygon", "coordinates": [[[-98, 30], [-97, 30], [-97, 31], [-98, 30]]]}',
        '[{"when": {"status": {"enum": [200]}, "body.at": {"pattern": "^2026"}}, "outcome": "failed"}]',
        '{"name": "Ann", "email": "ann@example.com", "consent_at": "2026-11-20T16:20:00Z", "attributes": {"a": 0.10}}',
        '{"fields": {"name": "$.n"}, "idempotency_key": {"path": "$.id"}, "answers": {"items": "$.x[*]", '
        '"name": "$.k", "value": "$.v"}}',
        '{"n": "Ann", "id": 7.0, "x": [{"k": "EMAIL", "v": "a@b.example"}]}',
        '{"x-api-key": "b"}',
        '["Austin", "78701", "US-TX", "required", "consent_at"]',
        "[1, 2.50, null]",
        '{"minimum": 10.5, "maximum": 20}',
        '{"1 day": 1.5, "2026-11-20": 2}',
        '{"type": "number", "minimum": 1}',
        "24",
        '"2026-11-20T16:20:00+00:00"',
        "true",
    ],
    "text": [
        "consent_at",
        "attributes.roof_age",
        "day",
        "hour",
        "USD",
        "US",
        "US-TX",
        "78701",
        "Austin",
        "priority",
        "weighted",
        "round_robin",
        "cap_day",
        "paused",
        "outside_schedule",
        "budget_month",
        "postal_code",
        "explicit",
        "returned",
        "accepted",
        "hold",
        "routing",
        "a@b.example",
        "+15125550100",
        "$.n",
        "Bücher Straße",
        "(a|b)*",
        '{"result": "error", "at": "2026-11-20"}',
        "2026-11-20",
    ],
}
ZONES = ["America/Chicago", "Asia/Tokyo", "UTC"]
UNITS = ["hour", "day", "week", "month"]


class Type(NamedTuple):
    """A type of the catalogue; of a composite one the fields."""

    name: str
    kind: str
    element: int
    is_array: bool
    labels: list[str]
    fields: list[str]
    field_types: list[int]


class Function(NamedTuple):
    """A function that is declared immutable."""

    name: str
    signature: str
    parameters: list[str]
    types: list[int]


class Writer:
    """Writes SQL for values of any type, at random but the same each time."""

    def __init__(self, types: dict[int, Type], seed: str) -> None:
        self._types = types
        self._random = random.Random(seed)

    def write(self, oid: int, name: str) -> str:
        """An expression of a type, fit for a parameter or field of that name."""
        type_ = self._types[oid]
        if type_.name == "anyarray":  # of any type, so of this one
            return "array['consent_at', null, '2026-11-20']::text[]"
        if self._random.random() < 0.08:
            return f"null::{type_.name}"
        if type_.is_array:
            number = self._random.choice([0, 1, 2, 2])
            parts = [self.write(type_.element, name) for _ in range(number)]
            return f"array[{', '.join(parts)}]::{type_.name}"
        if type_.kind == "c":
            parts = [self.write(of, field) for field, of in zip(type_.fields, type_.field_types, strict=True)]
            return f"row({', '.join(parts)})::{type_.name}"
        return f"'{self._choose(type_, name).replace(chr(39), chr(39) * 2)}'::{type_.name}"

    def _choose(self, type_: Type, name: str) -> str:
        if type_.labels:
            return self._random.choice(type_.labels)
        values = VALUES["text"] if type_.name in ("character varying", "character") else VALUES[type_.name]
        if type_.name == "text" and "zone" in name:
            values = ZONES
        elif type_.name == "text" and "unit" in name:
            values = UNITS
        return self._random.choice(values)


# What a body of an immutable function may not say, by its parameters' names and types and our functions' volatility.
UNSTEADY = r"""
with ours as (
  select p.oid, p.oid::regprocedure::text as signature, p.pronamespace::regnamespace || '.' || p.proname as name,
    regexp_replace(p.prosrc, '--[^\n]*', '', 'g') as body, p.provolatile = 'i' as is_immutable,
    p.proargnames, p.proargtypes::oid[] as types
  from pg_proc p
  join pg_namespace n on n.oid = p.pronamespace
  where n.nspowner = 'leadgen_owner'::regrole and p.prokind = 'f'
), unsteady as (
  select o.name from ours o group by o.name having not bool_or(o.is_immutable)
)
select o.signature, found.what
from ours o
cross join lateral (
  select 'to_char without a zone: ' || m[1] as what
  from regexp_matches(o.body, '(to_char\s*\([^,]*,)', 'g') m where m[1] !~* ' at time zone '
  union all
  select m[1] from regexp_matches(o.body,
    '(current_(?:setting|date|time|timestamp|user)|session_user|localtime|clock_timestamp|\mnow\(|random\()', 'g') m
  union all
  select m[1] from regexp_matches(o.body, '((?:from|join|into|update)\s+leadgen\.\w+)', 'g') m
  union all
  select 'calls ' || m[1] from regexp_matches(o.body, '(\m[a-z]+\.[a-z_]+)\s*\(', 'g') m
  where m[1] in (select u.name from unsteady u)
  union all
  select a.name || '::text'
  from unnest(o.types) with ordinality t (oid, place)
  cross join lateral (select o.proargnames[t.place] as name) a
  where t.oid in ('timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype, 'time'::regtype, 'interval'::regtype,
    'float8'::regtype, 'float4'::regtype, 'bytea'::regtype, 'tstzrange'::regtype)
    and o.body ~ ('\m' || a.name || '::(?:text|varchar)')
) found
where o.is_immutable
order by 1, 2
"""
MINUTES = "to_char(time '00:00' + p_facts.local_minute * interval '1 minute',"
ALLOWED = {
    # a time of day made of minutes: there is no zone in it
    ("rules.business_hours(kernel.lead_facts,jsonb,jsonb)", f"to_char without a zone: {MINUTES}"),
    # infinity alone, which is written the same everywhere
    ("kernel.write_instant(timestamp with time zone)", "p_at::text"),
}


def read_types(session: psycopg.Connection) -> dict[int, Type]:
    return {row[0]: Type(*row[1:]) for row in session.execute(TYPES)}


def read_functions(session: psycopg.Connection) -> list[Function]:
    return [Function(*row) for row in session.execute(FUNCTIONS)]


def call(session: psycopg.Connection, statement: str) -> tuple[bool, object]:
    """Whether a statement works, and its rows in binary, or how it fails."""
    cursor = session.cursor(binary=True)
    try:
        cursor.execute(statement.encode())
    except psycopg.Error as error:
        return False, (error.sqlstate, error.diag.message_primary, error.diag.message_detail)
    result = cursor.pgresult
    assert result
    rows = range(result.ntuples)
    return True, [[result.get_value(row, column) for column in range(result.nfields)] for row in rows]


class Sweep(NamedTuple):
    """What came of calling every function under both settings."""

    differing: dict[str, str]  # by signature: a call that differed
    answering: set[str]  # functions of which a call worked
    called: int


def write_call(function: Function, writer: Writer) -> str:
    parameters = zip(function.types, function.parameters, strict=True)
    return f"select * from {function.name}({', '.join(writer.write(oid, name) for oid, name in parameters)})"


def sweep(connect: Connect, names: str = ".*") -> Sweep:
    plain, strange = connect(), connect()
    for session, settings in ((plain, PLAIN), (strange, STRANGE)):
        for name, value in settings.items():
            session.execute("select set_config(%s, %s, false)", [name, value])
    types = read_types(plain)
    functions = [one for one in read_functions(plain) if re.search(names, one.signature)]
    differing: dict[str, str] = {}
    answering: set[str] = set()
    for function in functions:
        writer = Writer(types, function.signature)
        statements = [write_call(function, writer) for _ in range(CALLS)]
        for statement in dict.fromkeys(statements):  # those of one small parameter come several times
            works, answer = call(plain, statement)
            if works:
                answering.add(function.signature)
            if (works, answer) != call(strange, statement):
                differing[function.signature] = statement
    return Sweep(differing, answering, len(functions))


def test_no_setting_changes_what_an_immutable_function_returns(connect: Connect) -> None:
    found = sweep(connect)
    assert found.differing == {}
    assert found.called > 150
    assert len(found.answering) > 0.9 * found.called


def test_no_immutable_function_says_what_depends_on_a_session(module_session: psycopg.Connection) -> None:
    assert set(module_session.execute(UNSTEADY.encode()).fetchall()) == ALLOWED


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("to_char(p_at, 'HH24')", "to_char without a zone: to_char(p_at,"),
        ("p_at::text", "p_at::text"),
        ("current_setting('TimeZone')", "current_setting"),
        ("(now() - p_at)::text", "now("),
        ("(select name from leadgen.buyers limit 1)", "from leadgen.buyers"),
        ("(leadgen.clock() > p_at)::text", "calls leadgen.clock"),
        ("to_char(p_at at time zone 'UTC', 'HH24') -- p_at::text", None),
    ],
)
def test_what_depends_on_a_session_is_seen(
    module_session: psycopg.Connection, body: str, what: str | None
) -> None:
    with module_session.transaction(force_rollback=True):
        module_session.execute(
            "create function kernel.planted(p_at timestamptz) returns text language plpgsql immutable"
            f" as $$ begin return {body}\n; end $$".encode()
        )
        found = set(module_session.execute(UNSTEADY.encode()).fetchall()) - ALLOWED
    assert found == ({("kernel.planted(timestamp with time zone)", what)} if what else set())


PLANTED = {
    "as_text(p_at timestamptz)": "p_at::text",
    "as_json(p_at timestamptz)": "to_jsonb(p_at)::text",
    "as_words(p_at timestamptz)": "to_char(p_at, 'HH24:MI')",
    "as_date(p_at timestamptz)": "extract(day from p_at)::text",
    "of_date(p_day date)": "p_day::text",
    "of_interval(p_time interval)": "p_time::text",
    "of_float(p_number double precision)": "p_number::text",
    "of_bytes(p_bytes bytea)": "p_bytes::text",
    "of_facts(p_facts kernel.lead_facts)": "(p_facts).consent_at::text",
    "of_list(p_candidates market.candidate_v1[])": "p_candidates::text",
}


def test_a_function_that_prints_a_setting_is_seen(connect: Connect) -> None:
    session = connect()
    for declaration, body in PLANTED.items():
        session.execute(
            f"create function kernel.planted_{declaration} returns text language plpgsql immutable"
            f" as $$ begin return {body}; end $$".encode()
        )
        session.execute(f"alter function kernel.planted_{declaration} owner to leadgen_owner".encode())
    found = sweep(connect, "planted")
    assert len(found.differing) == found.called == len(PLANTED)
