"""The files that take longest run first, so that the processes of a run end together.

`make test` hands whole files to its processes. If a long one came last, the others would wait for it.
"""

from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
# By the time that each takes alone, longest first; none under 8 s.
LONGEST = (
    "test_pgtap.py",
    "ops/test_doctor.py",
    "ops/test_recovery.py",
    "docs/test_runbooks.py",
    "sealing/test_rotation.py",
    "properties/test_fairness.py",
    "docs/test_readme.py",
    "db/test_copies.py",
    "ops/test_failover.py",
    "ops/test_upgrade.py",
    "demo/test_demo.py",
    "billing/test_conservation.py",
    "worker/test_process.py",
    "db/test_restore.py",
    "api/test_accounts.py",
    "api/test_posted_batches.py",
    "api/test_siege.py",
    "payments/test_orders.py",
    "db/test_records.py",
    "api/test_api_outages.py",
    "api/test_api_fuzz.py",
    "rehearsal/test_history.py",
    "test_pgtap_matrix.py",
    "test_postgres_18.py",
    "faults/test_kill_points.py",
    "faults/test_storm.py",
    "api/test_open_edits.py",
    "db/test_upgrade.py",
    "api/test_ad_networks.py",
    "test_cli.py",
    "db/test_volatility.py",
    "db/test_foreign_objects.py",
    "db/test_migrate.py",
    "db/test_phones.py",
    "faults/test_cold_leads.py",
    "worker/test_locked_rows.py",
    "concurrency/test_every_cap.py",
    "test_cli_rules.py",
    "api/test_rate_limits.py",
    "test_cli_users.py",
    "rehearsal/test_memory.py",
    "rehearsal/test_counterfactual.py",
    "worker/test_endpoints.py",
    "db/test_foreign_server.py",
    "db/test_plpython.py",
    "doors/test_doors.py",
    "api/test_deploys.py",
    "rehearsal/test_duplicates.py",
    "rehearsal/test_woken.py",
    "db/test_embedded.py",
    "concurrency/test_out_of_time.py",
    "test_cli_import.py",
    "payments/test_worker.py",
    "faults/test_stalls.py",
    "db/test_managed.py",
    "properties/test_market.py",
    "worker/test_copies.py",
    "db/test_schema.py",
    "test_cli_outbox.py",
    "concurrency/test_releases.py",
)
_PLACES = {TESTS / name: place for place, name in enumerate(LONGEST)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The order of all other files, and of the tests of a file, stays."""
    items.sort(key=lambda item: _PLACES.get(item.path, len(LONGEST)))
