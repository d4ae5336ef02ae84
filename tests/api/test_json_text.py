"""leadgen.app.json_text: what it refuses, by its exact place, and that PostgreSQL takes the rest."""

import json
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadgen.app import json_text
from leadgen.app.json_text import MAX_DEPTH, check_object
from leadgen.app.problems import Problem
from leadgen.escapes import mend_text


def fault_of(text: str) -> str | None:
    """The field at fault, None when the text is fine."""
    try:
        check_object(text, is_strict=True)
    except Problem as problem:
        return problem.errors[0]["field"]
    return None


def nested(levels: int) -> str:
    """An object with as many levels."""
    return '{"a":' * (levels - 1) + "{}" + "}" * (levels - 1)


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        ' {"a": [1, -2.5, "x", null, true]} \n',
        nested(MAX_DEPTH),
        '{"a": ' + ",".join(["[[]]"]).join("[]") + "}",
        '{"a": [' + ",".join(["[]"] * 100) + "]}",
        '{"brackets": "' + "[{" * 100 + '"}',
        '{"a": 1e99, "b": 1E-99, "c": 1.5e+10}',
        '{"a": ' + "1" * 40 + "}",
        '{"emoji": "\\ud83d\\ude00"}',
        '{"backslash": "\\\\u0000"}',
        '{"a": {"b": 1}, "c": {"b": 2}}',
        '{"a": 1, "A": 2}',
        '{"line": "a\\r\\nb"}',
    ],
)
def test_ordinary_objects_pass(text: str) -> None:
    assert fault_of(text) is None


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (nested(MAX_DEPTH + 1), ".".join("a" * MAX_DEPTH)),
        ('{"a": ' + "[" * MAX_DEPTH + "]" * MAX_DEPTH + "}", "a" + "[0]" * (MAX_DEPTH - 1)),
        ("[" * 60_000, "body"),
        ("[" * 30_000 + "]" * 30_000, "body"),
        ('{"a": ' + "1" * 41 + "}", "a"),
        ('{"a": [0, 1e100]}', "a[1]"),
        ('{"a": 1e-100}', "a"),
        ('{"a": 1e' + "9" * 30 + "}", "a"),
        ('{"a": 1' + "e" + "9" * 5_000 + "}", "a"),
        ('{"a": 0.' + "0" * 50 + "}", "a"),
        ('{"a": Infinity}', "a"),
        ('{"a": {"b": [{"c": 1, "d": 2, "c": 3}]}}', "a.b[0].c"),
        ('{"a": 1, "\\u0061": 2}', "a"),
        ('{"a": "\\udc00\\ud800"}', "a"),
        ('{"\\u0000": 1}', "?"),
        ('{"' + "k" * 100 + '": 1e999}', "k" * 60),
        ('"\\u0000"', "body"),
        ("NaN", "body"),
        ("1e999", "body"),
        ('{"a": 01}', "body"),
        ('{"a": "\n"}', "body"),
        ('{"a": 1,}', "body"),
        ("// x\n{}", "body"),
    ],
)
def test_traps_are_named(text: str, field: str) -> None:
    assert fault_of(text) == field


def test_a_value_is_never_repeated() -> None:
    with pytest.raises(Problem) as caught:
        check_object('{"name": "Jane Roe\\u0000", "a": 1}', is_strict=True)
    assert "Jane" not in caught.value.detail


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ('{"a": "roof \\ud83d"}', '{"a": "roof \\ufffd"}'),
        ('{"a": "\\ud83d\\ude00"}', '{"a": "\\ud83d\\ude00"}'),
        ('{"a": "\\ud83d\\ud83d\\ude00"}', '{"a": "\\ufffd\\ud83d\\ude00"}'),
        ('{"a": "\\ude00\\ud83d"}', '{"a": "\\ufffd\\ufffd"}'),
        ('{"a": ["\\u0000\\n", {"b": "x\\uD800"}]}', '{"a": ["\\ufffd\\n", {"b": "x\\ufffd"}]}'),
        ('{"a": "\\\\u0000 \\\\\\u0000"}', '{"a": "\\\\u0000 \\\\\\ufffd"}'),
        ('{"a": "\\\\ud83d\\ude00"}', '{"a": "\\\\ud83d\\ufffd"}'),
    ],
)
def test_a_character_that_is_no_text_is_replaced(
    shared_database: psycopg.Connection, text: str, mended: str
) -> None:
    check_object(text)
    assert mend_text(text) == mended
    assert shared_database.execute("select ref.mend_escapes(%s)", (text,)).fetchone() == (mended,)


@pytest.mark.parametrize("text", ['{"roof\\u0000": 1}', '{"a": {"\\ud83d": 1}}'])
def test_a_name_with_a_character_that_is_no_text_is_refused(text: str) -> None:
    with pytest.raises(Problem):
        check_object(text)


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.text(alphabet=st.characters(exclude_categories=()) | st.sampled_from("\x00\ud800\udc00\\u0"))
)
values = st.recursive(scalars, lambda v: st.lists(v) | st.dictionaries(st.text(), v), max_leaves=30)
texts = st.dictionaries(st.text(), values).map(json.dumps) | values.map(json.dumps)
broken = st.builds(
    lambda t, at, c: t[: at % (len(t) + 1)] + c + t[at % (len(t) + 1) :],
    texts,
    st.integers(0),
    st.text('{}[],:"\\u0eE9-N', max_size=3),
)


def check_quick_reader(text: str) -> None:
    """It lets through only what the careful one does."""

    def outcome(read: Any) -> object:
        try:
            return read(text)
        except (Problem, json.JSONDecodeError):
            return "refused"

    quick = outcome(json_text._reads_quickly)
    assert quick is None or quick == outcome(lambda text: json_text._read_carefully(text, is_strict=True))


def check_mended(connection: psycopg.Connection, text: str) -> None:
    """PostgreSQL takes it, and mends it as Python does."""
    try:
        check_object(text)
    except Problem:
        return
    query = "select jsonb_typeof(%s::jsonb), ref.mend_escapes(%s)"
    row = connection.execute(query, (mend_text(text), text)).fetchone()
    assert row == ("object", mend_text(text))


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=texts | broken)
def test_any_text(shared_database: psycopg.Connection, text: str) -> None:
    """Readers agree, and PostgreSQL takes what is let through: to make a text takes longer than to read it."""
    check_quick_reader(text)
    if fault_of(text) is None:
        row = shared_database.execute("select jsonb_typeof(%s::jsonb)", (text,)).fetchone()
        assert row == ("object",)
    check_mended(shared_database, text)
