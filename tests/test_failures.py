"""What a run prints while it goes on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
import pytest

@pytest.fixture
def broken():
    raise OSError("no such thing")

def test_good(): pass
def test_bad(): assert 1 == 2, "numbers differ"
def test_unprepared(broken): pass
def test_skipped(): pytest.skip("not here")
"""
BAD = "FAILED test_some.py::test_bad: AssertionError: numbers differ"
UNPREPARED = "FAILED test_some.py::test_unprepared (setup): OSError: no such thing"


def run(directory: Path, *options: str) -> str:
    """The output of pytest up to its summary of failures."""
    (directory / "test_some.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-p", "xdist", "-p", "rig.failures", "-p", "no:cacheprovider"]
    # Of the plugins that are installed only xdist has a part in it; the others take longer than the tests.
    environment = os.environ | {
        "PYTHONPATH": str(Path(__file__).parent),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    done = subprocess.run(
        [*command, *options], cwd=directory, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    before, summary, _ = done.stdout.partition("= FAILURES =")
    assert summary, done.stdout
    return before


@pytest.mark.parametrize("options", [(), ("-q",), ("-n", "2")])
def test_a_failed_test_is_named_when_it_fails(tmp_path: Path, options: tuple[str, ...]) -> None:
    lines = run(tmp_path, *options).splitlines()
    assert [line for line in lines if line.startswith("FAILED ")] in ([BAD, UNPREPARED], [UNPREPARED, BAD])


def test_it_is_named_once_where_every_test_is(tmp_path: Path) -> None:
    assert "FAILED test_some.py" not in run(tmp_path, "-v")
