"""Catalogues of tests are written by rig.catalogue, in one way."""

import re

from rig.order import TESTS

BY_HAND = re.compile(r"insert\s+into\s+leadgen\.(?:markets|verticals|offers|sources|buyers)\b", re.IGNORECASE)
MAY = {
    "bench/money.py": "one buyer, or a hundred, of a catalogue of real size",
    "db/test_secrets.py": "what a refused statement of a DBA prints",
    "db/test_upgrade.py": "SQL of an earlier commit",
    "form/test_pgtap_form.py": "plants what the form of pgTAP files forbids",
    "onboarding/test_new_market.py": "what a DBA types",
    "onboarding/test_seed_columns.py": "what a DBA types",
}


def test_no_test_inserts_a_catalogue_by_hand() -> None:
    found = {
        str(path.relative_to(TESTS))
        for path in TESTS.rglob("*.py")
        if BY_HAND.search(path.read_text("utf-8"))
    }
    assert found == MAY.keys()
