"""The README's onboarding, run as it is printed."""

import json
import re
from pathlib import Path

from rig.cluster import Connect

README = Path(__file__).parents[2] / "README.md"


def read_blocks(heading: str) -> list[str]:
    """The SQL blocks below a heading of the README, as far as the next heading."""
    found = re.search(rf"^## {heading}\n(.*?)^## ", README.read_text(), re.DOTALL | re.MULTILINE)
    assert found, f"README has no heading {heading!r}"
    return re.findall(r"```sql\n(.*?)```", found[1], re.DOTALL)


def test_the_rows_of_the_readme_make_leads_flow(connect: Connect) -> None:
    rows, limits = read_blocks("Onboard a market")
    dba = connect("leadgen_dba")
    dba.execute(rows.encode())
    dba.execute("update leadgen.sources set disclose_buyer = true")  # the answers say who bought a lead
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

    dba.execute(limits.encode())
    dba.execute("update leadgen.buyer_offers set schedule = null")
    for volume, kind, is_sold in ((3, "wood", True), (1, "wood", False), (3, "hazardous", False)):
        attributes = {"volume": volume, "kind": kind}
        other = lead | {"email": f"{kind}{volume}@example.org", "phone": f"(208) 555-01{volume}{len(kind)}"}
        row = (
            connect("leadgen_api")
            .execute("select leadgen.submit_lead(%s)", [json.dumps(other | {"attributes": attributes})])
            .fetchone()
        )
        assert row
        assert (row[0]["buyer_id"] is not None) is is_sold, attributes
