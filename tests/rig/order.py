"""The files that take longest run first, so that the processes of a run end together.

`make test` hands whole files to its processes. If a long one came last, the others would wait for it.
"""

from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
# By the time they take, in a run of the whole suite (pytest --junitxml).
LONGEST = (
    "rehearsal/test_history.py",
    "test_pgtap.py",
    "worker/test_process.py",
    "concurrency/test_every_cap.py",
    "docs/test_readme.py",
    "db/test_restore.py",
    "db/test_copies.py",
    "properties/test_market.py",
    "api/test_siege.py",
    "properties/test_fairness.py",
    "demo/test_demo.py",
    "test_postgres_18.py",
    "api/test_api_outages.py",
    "db/test_migrate.py",
    "test_pgtap_matrix.py",
    "worker/test_endpoints.py",
    "test_cli.py",
    "test_cli_import.py",
    "api/test_open_edits.py",
    "faults/test_storm.py",
    "worker/test_locked_rows.py",
    "db/test_embedded.py",
    "db/test_foreign_objects.py",
    "test_failures.py",
    "rehearsal/test_counterfactual.py",
    "rehearsal/test_memory.py",
    "db/test_upgrade.py",
    "faults/test_kill_points.py",
)
_PLACES = {TESTS / name: place for place, name in enumerate(LONGEST)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The order of all other files, and of the tests of a file, stays."""
    items.sort(key=lambda item: _PLACES.get(item.path, len(LONGEST)))
