"""The README's onboarding, run as it is printed."""

import json
import re
from pathlib import Path

from rig.cluster import Connect

README = Path(__file__).parents[2] / "README.md"


def read_block(heading: str) -> str:
    """The first SQL block below a heading of the README."""
    found = re.search(rf"## {heading}\n.*?```sql\n(.*?)```", README.read_text(), re.DOTALL)
    assert found, f"README has no SQL block below {heading!r}"
    return found[1]


def test_the_rows_of_the_readme_make_leads_flow(connect: Connect) -> None:
    connect("leadgen_dba").execute(read_block("Onboard a market in rows").encode())
    lead = {
        "source_key": "boise-junk-v1",
        "name": "Ann Larsen",
        "email": "ann@example.org",
        "phone": "(208) 555-0123",
        "postal_code": "83702",
        "attributes": {"volume": "half a truck"},
    }
    row = connect("leadgen_api").execute("select leadgen.submit_lead(%s)", [json.dumps(lead)]).fetchone()
    assert row
    assert (row[0]["status"], row[0]["price"]) == ("accepted", 18.0)
    assert row[0]["buyer_id"] is not None
