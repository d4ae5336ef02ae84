r"""Sessions and databases of other kinds, in which pgTAP has to pass as well.

An expectation may print a time as an ordinary session does. So a test that fails passes all the same if what it has
and what it wants are the same but for how times and numbers are written. The text of a test is read under the session's
own rules, too: where those make a backslash something else, its strings are written with E before they are run.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple


class Variant(NamedTuple):
    """A kind of session, or of database: `options` of a session (PGOPTIONS), or of `create database`."""

    name: str
    options: tuple[tuple[str, str], ...] = ()
    database: str = ""

    @property
    def pgoptions(self) -> str:
        """As libpq reads them."""
        return " ".join(f"-c {name}={value}" for name, value in self.options)


ICU = "locale_provider icu lc_collate 'C' lc_ctype 'C.UTF-8'"
VARIANTS = [
    Variant("zone", (("timezone", "Pacific/Chatham"),)),
    Variant("dates", (("datestyle", "German"), ("intervalstyle", "sql_standard"))),
    Variant("strings", (("standard_conforming_strings", "off"), ("escape_string_warning", "off"))),
    Variant(
        "odds", (("extra_float_digits", "-3"), ("bytea_output", "escape"), ("transform_null_equals", "on"))
    ),
    Variant("german", database=f"{ICU} icu_locale 'de-AT'"),
    Variant("numeric", database=f"{ICU} icu_locale 'en-US-u-ka-shifted-kn'"),
]
# Of each kind the ordinary suite runs these; `make test ARGS=--matrix` runs them all.
FEW = (
    "catalog/regex", "intake/field_maps", "intake/source", "kernel/windows", "outbox/outcomes", "ref/mail",
    "ref/places", "roads/lead_arrives",
)  # fmt: skip

# A comment, a quoted name, and strings; one that goes on in the next line is one string.
TEXT = re.compile(
    r"""--[^\n]*|"[^"]*"|\$(?P<tag>[A-Za-z_]+)\$.*?\$(?P=tag)\$
    |E'(?:[^'\\]|\\.|'')*'(?:\s*\n\s*'(?:[^'\\]|\\.|'')*')*
    |(?:U&)?'(?:[^']|'')*'(?:\s*\n\s*'(?:[^']|'')*')*""",
    re.DOTALL | re.VERBOSE,
)
TIMES = (
    # 2026-11-20 16:00:00+00, 2026-11-20T16:00:00+00:00, 2026-11-20T16:00:00Z
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d(?::\d\d)?)"), ""),
    (re.compile(r"\d\d\.\d\d\.\d{4} \d\d:\d\d:\d\d(?:\.\d+)? UTC"), "%d.%m.%Y %H:%M:%S UTC"),
    (re.compile(r"\d\d\.\d\d\.\d{4}"), "%d.%m.%Y"),
)


def escape_strings(sql: str) -> str:
    """The same statements, with E before each string that holds a backslash."""
    return TEXT.sub(lambda found: _escape(found[0]), sql)


def _escape(text: str) -> str:
    if text.startswith("U&"):
        return "E" + re.sub(r"\\([0-9A-Fa-f]{4})", r"\\u\1", text[2:])
    if text.startswith("'") and "\\" in text:
        return "E" + text.replace("\\", "\\\\")
    return text


def pardon(complaints: list[str]) -> list[str]:
    """What is left of the complaints about a file without tests that differ in how times and numbers are written."""
    kept: list[str] = []
    for test in _by_test(complaints):
        have, want = (_shown(test, word) for word in ("have", "want"))
        if have is None or want is None or _plain(have) != _plain(want):
            kept += test
    return kept


def _by_test(complaints: list[str]) -> Iterator[list[str]]:
    """The lines of each complaint: a failed test and what psql printed until the next, or a fault of the file."""
    test: list[str] = []
    for line in complaints:
        if line.startswith(("not ok", "planned", "no plan", "ran no", "psql:")):
            if test:
                yield test
            test = []
        test.append(line)
    if test:
        yield test


def _shown(test: list[str], word: str) -> str | None:
    shown = re.search(
        rf"^# +{word}: (.*(?:\n#      (?! *(?:have|want): ).*)*)", "\n".join(test), re.MULTILINE
    )
    return shown[1] if shown else None


def _plain(shown: str) -> Any:
    """A value without the ways of writing it: times in UTC, the numbers of JSON as numbers."""
    for pattern, form in TIMES:
        shown = pattern.sub(lambda found, form=form: _in_utc(found[0], form), shown)  # type: ignore[misc]
    try:
        return json.loads(shown)
    except ValueError:
        return shown


def _in_utc(text: str, form: str) -> str:
    time = datetime.strptime(text, form).replace(tzinfo=UTC) if form else datetime.fromisoformat(text)
    return (
        f"{time.astimezone(UTC):%Y-%m-%d}"
        if form == "%d.%m.%Y"
        else f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    )
