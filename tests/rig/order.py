"""The files that take longest run first, so that the processes of a run end together.

`make test` hands whole files to its processes. If a long one came last, the others would wait for it.
"""

from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
# By the time they take, in a run of the whole suite (pytest --junitxml).
LONGEST = (
    "docs/test_readme.py",
    "rehearsal/test_history.py",
    "test_pgtap.py",
    "properties/test_fairness.py",
    "db/test_restore.py",
    "worker/test_process.py",
    "demo/test_demo.py",
    "properties/test_market.py",
    "concurrency/test_every_cap.py",
    "faults/test_storm.py",
    "test_cli.py",
    "api/test_api_outages.py",
    "db/test_foreign_objects.py",
    "db/test_foreign_server.py",
    "db/test_migrate.py",
    "db/test_embedded.py",
    "worker/test_endpoints.py",
    "faults/test_kill_points.py",
    "rehearsal/test_woken.py",
    "faults/test_stalls.py",
)
_PLACES = {TESTS / name: place for place, name in enumerate(LONGEST)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The order of all other files, and of the tests of a file, stays."""
    items.sort(key=lambda item: _PLACES.get(item.path, len(LONGEST)))
