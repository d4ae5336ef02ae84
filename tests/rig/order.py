"""The files that take longest run first, so that the processes of a run end together.

`make test` hands whole files to its processes. If a long one came last, the others would wait for it.
"""

from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
# By the CPU time they take with their servers and processes: on two cores with three processes that decides.
LONGEST = (
    "docs/test_readme.py",
    "test_pgtap.py",
    "db/test_restore.py",
    "worker/test_process.py",
    "properties/test_fairness.py",
    "api/test_rate_limits.py",
    "demo/test_demo.py",
    "rehearsal/test_history.py",
    "concurrency/test_every_cap.py",
    "db/test_copies.py",
    "faults/test_kill_points.py",
    "properties/test_market.py",
    "db/test_records.py",
    "worker/test_endpoints.py",
    "db/test_phones.py",
    "test_pgtap_matrix.py",
    "test_cli.py",
    "test_cli_import.py",
    "api/test_posted_batches.py",
    "test_bench.py",
    "test_postgres_18.py",
    "api/test_ad_networks.py",
    "db/test_diff.py",
    "db/test_foreign_objects.py",
    "api/test_odd_servers.py",
    "api/test_api_fuzz.py",
    "faults/test_storm.py",
    "db/test_upgrade.py",
    "db/test_embedded.py",
    "api/test_siege.py",
    "api/test_open_edits.py",
    "api/test_api_outages.py",
    "worker/test_locked_rows.py",
    "db/test_migrate.py",
    "rehearsal/test_memory.py",
    "db/test_volatility.py",
    "db/test_managed.py",
    "api/test_json_text.py",
    "rehearsal/test_counterfactual.py",
    "db/test_foreign_server.py",
    "api/test_answer_browser.py",
)
_PLACES = {TESTS / name: place for place, name in enumerate(LONGEST)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The order of all other files, and of the tests of a file, stays."""
    items.sort(key=lambda item: _PLACES.get(item.path, len(LONGEST)))
