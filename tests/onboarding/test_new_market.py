"""A new niche in a new city is configuration, never code: seven kinds of rows by plain INSERTs, and leads flow."""

import json
from pathlib import Path

import psycopg
import pytest

from api.serving import running_api
from leadgen.db.urls import with_role
from rig.cluster import Connect

# Plain SQL, not rig.catalogue: it is what a DBA types.
# Only the columns of the first seed document; ids are read back as a DBA would, by name.
ROWS = """
insert into leadgen.markets (name, country_code, region_code, timezone, currency)
values ('Boise, ID', 'US', 'US-ID', 'America/Boise', 'USD');

insert into leadgen.verticals (slug, name) values ('bee-removal', 'Bee removal');

insert into leadgen.validation_policies (name, rules)
values ('Bee removal in Boise', '{
  "allowed_postal_codes": ["83702-83709", "837*"],
  "phone_region": "US",
  "duplicate_window_hours": 24,
  "required_fields": ["message"]
}');

insert into leadgen.routing_policies (name, config) values ('Bee removal', '{"strategy": "priority"}');

insert into leadgen.offers
  (market_id, vertical_id, name, default_price_per_lead, validation_policy_id, routing_policy_id)
select m.id, v.id, 'Bee removal - Boise', 32.50, vp.id, rp.id
from leadgen.markets m, leadgen.verticals v, leadgen.validation_policies vp, leadgen.routing_policies rp
where m.name = 'Boise, ID' and v.slug = 'bee-removal' and vp.name = 'Bee removal in Boise' and rp.name = 'Bee removal';

insert into leadgen.buyers (name, email, phone, webhook_url)
values
  ('Bench Bees', 'leads@bench-bees.example', '+12085550101', 'https://bench-bees.example/leads'),
  ('North End Hives', 'leads@north-end.example', '+12085550102', null);
insert into leadgen.buyer_offers (buyer_id, offer_id, routing_priority, capacity_per_day, price_per_lead)
select b.id, o.id, terms.priority, 5, terms.price
from (values ('Bench Bees', 1, null), ('North End Hives', 2, 40.00)) as terms (buyer, priority, price)
join leadgen.buyers b on b.name = terms.buyer
join leadgen.offers o on o.name = 'Bee removal - Boise';
insert into leadgen.buyer_service_areas (buyer_id, market_id, scope_type, scope_value)
select b.id, m.id, area.scope_type, area.scope_value
from (values
  ('Bench Bees', 'city', 'Boise'),
  ('North End Hives', 'postal_code', '83702')
) as area (buyer, scope_type, scope_value)
join leadgen.buyers b on b.name = area.buyer
join leadgen.markets m on m.name = 'Boise, ID';

insert into leadgen.sources (offer_id, kind, name, hostname, path_prefix)
select o.id, 'landing_page', 'Boise bees', 'boise-bees.example', '/swarm'
from leadgen.offers o where o.name = 'Bee removal - Boise';
"""
TELL = "update leadgen.sources set disclose_buyer = true"  # the answers say who bought a lead


def lead(postal_code: str, number: int) -> dict[str, str]:
    """What the landing page posts: it knows its own address and nothing of keys or offers."""
    return {
        "landing_url": "https://boise-bees.example/swarm/now?utm=x",
        "name": "Ada Marsh",
        "email": f"ada{number}@example.com",
        "phone": f"(208) 555-01{number:02}",
        "postal_code": postal_code,
        "message": "A swarm in the chimney",
    }


def test_new_niche_in_a_new_city(database: str, connect: Connect, tmp_path: Path) -> None:
    """Written by a DBA, with the API already running."""
    with running_api(database, tmp_path) as api:
        refused = api.post(lead("83702", 0))
        assert (refused.status, refused.json["step"]) == (422, "source")  # nothing claims it yet

        connect("leadgen_dba").execute(ROWS)
        connect("leadgen_dba").execute(TELL)

        north, bench, outside = (
            api.post(lead(code, n)) for n, code in enumerate(("83702", "83709", "78701"), 1)
        )
    admin = connect()
    buyers: dict[str, int] = dict(admin.execute("select name, id from leadgen.buyers").fetchall())
    assert (north.status, north.json["buyer_id"], north.json["price"]) == (
        202,
        buyers["North End Hives"],
        40.0,
    )
    assert (bench.status, bench.json["buyer_id"], bench.json["price"]) == (202, buyers["Bench Bees"], 32.5)
    assert outside.status == 400
    assert outside.json["detail"]["reason"] == "Invalid postal_code for offer"

    owed = admin.execute("select channel::text, target from leadgen.deliveries order by id").fetchall()
    assert owed == [
        ("email", "leads@north-end.example"),
        ("webhook", "https://bench-bees.example/leads"),
        ("email", "leads@bench-bees.example"),
    ]
    names = admin.execute(
        "select m.slug, o.slug, s.source_key from leadgen.markets m, leadgen.offers o, leadgen.sources s"
    )
    assert names.fetchall() == [("boise-id", "bee-removal-boise", "boise-bees")]
    assert admin.execute("select * from leadgen.list_broken_invariants()").fetchall() == []


def test_refused_lead_goes_through_once_the_rows_are_there(database: str, connect: Connect) -> None:
    """What came before the source existed is kept, and an operator resubmits it."""
    api, dba = connect("leadgen_api"), connect("leadgen_dba")
    row = api.execute("select leadgen.submit_lead(%s)", [json.dumps(lead("83702", 1))]).fetchone()
    assert row
    assert row[0]["status"] == "quarantined"
    dba.execute(ROWS)
    dba.execute(TELL)
    resubmitted = dba.execute("select leadgen.resubmit_quarantined(%s)", [row[0]["quarantine_id"]]).fetchone()
    assert resubmitted
    assert resubmitted[0]["status"] == "accepted"
    assert resubmitted[0]["buyer_id"]


@pytest.mark.parametrize("role", ["leadgen_api", "leadgen_worker", "leadgen_reporting"])
def test_only_those_who_may_onboard(role: str, database: str) -> None:
    with (
        psycopg.connect(with_role(database, role)) as session,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        session.execute("insert into leadgen.verticals (slug, name) values ('bee-removal', 'Bee removal')")
