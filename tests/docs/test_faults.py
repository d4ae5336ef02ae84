"""docs/faults.md and docs/security.md name tests that are there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "faults.md"
PAGES = (PAGE, PAGE.with_name("security.md"))
FILE = re.compile(r"`((?:tests|pgtap)/[\w/]+\.(?:py|sql))`([^`]*)")
TEST = re.compile(r"\btest_\w+")


def named() -> Iterator[tuple[str, list[str]]]:
    """Each file that a table of the pages names, with the tests named after it."""
    for line in (line for page in PAGES for line in page.read_text(encoding="utf-8").splitlines()):
        if line.startswith("| "):
            for path, words in FILE.findall(line):
                yield path, TEST.findall(words)


def list_missing(path: str, tests: list[str]) -> list[str]:
    """What of it is not there."""
    file = ROOT / path
    if not file.exists():
        return [path]
    text = file.read_text(encoding="utf-8")
    return [f"{path} {test}" for test in tests if not re.search(rf"def {test}\(", text)]


@pytest.mark.parametrize(
    ("path", "tests"), list(named()), ids=lambda part: part if isinstance(part, str) else ""
)
def test_a_test_that_a_page_names_is_there(path: str, tests: list[str]) -> None:
    assert list_missing(path, tests) == []


def test_a_test_that_is_gone_is_seen() -> None:
    assert list_missing("tests/no_such.py", []) == ["tests/no_such.py"]
    here = "tests/docs/test_faults.py"
    assert list_missing(here, ["test_a_test_that_is_gone_is_seen", "test_x"]) == [f"{here} test_x"]


def test_every_family_has_a_test() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if re.match(r"\| \d", line)]
    assert len(rows) >= 15
    assert [row for row in rows if not FILE.search(row)] == []
