"""docs/policy-keys.md and the comments on policy bodies are what the registry says."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from leadgen.cli.docs import DIRECTORY, POLICY_KEYS, REFERENCE, read_page
from leadgen.docs import INDEX, PAGES
from leadgen.paths import checkout
from rig.cluster import Connect

COMMENTS = """
select c.relname::text, col_description(c.oid, a.attnum)
from pg_class c
join pg_attribute a on a.attrelid = c.oid
where c.oid in (
  'leadgen.validation_policies'::regclass, 'leadgen.routing_policies'::regclass,
  'leadgen.pricing_policies'::regclass, 'leadgen.payout_policies'::regclass
)
and a.attname in ('rules', 'config')
"""


@pytest.fixture(scope="module")
def page(module_database: str) -> str:
    """The page of the database as it is deployed."""
    return read_page(module_database)


def test_the_page_is_what_the_registry_says(page: str) -> None:
    root = checkout()
    assert root is not None
    assert (root / DIRECTORY / POLICY_KEYS).read_text(encoding="utf-8") == page, "run `leadgen docs`"


def test_the_page_names_every_key_with_its_description(module_session: psycopg.Connection, page: str) -> None:
    keys = module_session.execute("select kind, key, description from leadgen.policy_keys").fetchall()
    assert {kind for kind, _, _ in keys} == {"validation", "routing", "pricing", "payout"}
    assert [key for _, key, text in keys if f"\n### `{key}`\n\n{text}\n" not in page] == []


@pytest.mark.parametrize(
    "line",
    [
        "Value: a whole number from 1 to 20.",
        "Value: a list, at least 1 long, without repetition; each entry is one of `phone`, `email`, `mailbox`.",
        "- `minLength`: a whole number from 0 to 10000",
        "- `when` (required): [conditions](#conditions)",
        "Value: an object with exactly one of `amount`, `percent`:",
        "Value: an [area](#areas).",
        "Fails with `field_invalid`, `field_required`.",
        "Fails with `city_not_allowed`.",
        "Needs `plpython3u` on the server.",
    ],
)
def test_the_page_says_schemas_in_words(page: str, line: str) -> None:
    assert f"\n{line}\n" in page


def test_a_changed_registry_changes_the_page(connect: Connect, database: str) -> None:
    before = read_page(database)
    connect().execute(
        "update leadgen.policy_keys set value_schema = value_schema || '{\"maximum\": 7}' where key = 'max_buyers'"
    )
    after = read_page(database)
    assert "a whole number from 1 to 7" in after
    assert after != before


def test_comments_on_the_bodies_are_made_from_the_registry(module_session: psycopg.Connection) -> None:
    comments: dict[str, str] = dict(module_session.execute(COMMENTS).fetchall())
    keys = module_session.execute(
        "select kind || '_policies', key, description, value_schema = '{}' from leadgen.policy_keys"
    )
    for table, key, description, is_not_written in keys:
        assert (f"{key}: {description}" in comments[table].splitlines()) is not is_not_written


def test_leadgen_docs_writes_the_page_and_the_reference(
    module_database: str, page: str, tmp_path: Path
) -> None:
    target = tmp_path / "new"
    code = "from leadgen.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "docs", str(target)],
        capture_output=True, text=True, check=False, env={"DATABASE_URL": module_database, "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (target / POLICY_KEYS).read_text(encoding="utf-8") == page
    assert {path.name for path in (target / REFERENCE).iterdir()} == {INDEX, *PAGES}
