"""docs/faults.md names tests that are there."""

import re
from collections.abc import Iterator

import pytest

from leadgen.paths import checkout

PAGE = checkout() / "docs" / "faults.md"
FILE = re.compile(r"`((?:tests|pgtap)/[\w/]+\.(?:py|sql))`([^`]*)")
TEST = re.compile(r"\btest_\w+")


def named() -> Iterator[tuple[str, list[str]]]:
    """Each file that the page names, with the tests named after it."""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("| "):
            for path, words in FILE.findall(line):
                yield path, TEST.findall(words)


def list_missing(path: str, tests: list[str]) -> list[str]:
    """What of it is not there."""
    file = checkout() / path
    if not file.exists():
        return [path]
    text = file.read_text(encoding="utf-8")
    return [f"{path} {test}" for test in tests if not re.search(rf"def {test}\(", text)]


@pytest.mark.parametrize(("path", "tests"), list(named()), ids=lambda part: part if isinstance(part, str) else "")
def test_a_test_that_the_page_names_is_there(path: str, tests: list[str]) -> None:
    assert list_missing(path, tests) == []


def test_a_test_that_is_gone_is_seen() -> None:
    assert list_missing("tests/no_such.py", []) == ["tests/no_such.py"]
    here = "tests/docs/test_faults.py"
    assert list_missing(here, ["test_a_test_that_is_gone_is_seen", "test_x"]) == [f"{here} test_x"]


def test_every_family_has_a_test() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if re.match(r"\| \d", line)]
    assert len(rows) >= 15
    assert [row for row in rows if not FILE.search(row)] == []
