"""A DBA's open transaction: what a lead waits for, and what it does not."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import monotonic

import psycopg
import pytest

from api.serving import Api, running_api
from rig.catalogue import Catalogue, Offer, insert, make_lead
from rig.cluster import Cluster

LONGEST = 6.0  # seconds until a lead that has to wait hears 503: lock_timeout is 5

# None of them changes a row's id, and nothing else of these tables is a key that leads refer to.
FLOWS = {
    "a market's name and slug": "update leadgen.markets set name = name || 'x', slug = slug || '-x'",
    "a vertical's name and slug": "update leadgen.verticals set name = name || 'x', slug = slug || '-x'",
    "an offer's name, slug and price": "update leadgen.offers set name = name || 'x', slug = slug || '-x',"
    " default_price_per_lead = 46",
    "a source's name and key": "update leadgen.sources set name = name || 'x', source_key = source_key || 'x'",
    "a buyer's e-mail and credit": "update leadgen.buyers set email = 'x' || email, credit_limit = 7",
    "a buyer's address": "update leadgen.buyers set webhook_url = webhook_url || '/x'",
    "a buyer switched off": "update leadgen.buyers set is_active = false",
    "caps, prices and filters": "update leadgen.buyer_offers set capacity_per_day = 7, price_per_lead = 9,"
    " routing_priority = 3",
    "an enrollment's address": "update leadgen.buyer_offers set webhook_url_override = 'https://z.example/'",
    "areas": "update leadgen.buyer_service_areas set is_active = false",
    "exclusivities": "update leadgen.offer_exclusivities set scope_value = '78703'",
    "a validation policy": "update leadgen.validation_policies set rules = rules || '{\"min_message_length\": 1}'",
    "a routing policy": 'update leadgen.routing_policies set config = config || \'{"strategy": "round_robin"}\'',
    "a pricing policy": "update leadgen.pricing_policies set name = name || 'x'",
    "settings": "update leadgen.settings set warn_at_percent = 81",
    "rate limits": "update leadgen.rate_limits set amount = 7",
}
# Counts are made anew under the offer's lock, and a row that may go cannot be referred to.
WAITS = {
    "an enrollment's weight": "update leadgen.buyer_offers set weight = 7 where offer_id = %(offer)s",
    "an enrollment's zone": "update leadgen.buyer_offers set timezone = 'Europe/Rome' where offer_id = %(offer)s",
    "an offer's row for update": "select from leadgen.offers where id = %(offer)s for update",
}


@dataclass
class House:
    """An API of four connections, two offers in one market, one of which is edited."""

    api: Api
    database: str
    edited: Offer
    other: Offer

    def post(self, offer: Offer) -> tuple[int, float]:
        """Post a lead; its status and the seconds that it took."""
        begun = monotonic()
        return self.api.post(make_lead(offer.source_key)).status, monotonic() - begun


@pytest.fixture(scope="module")
def house(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with cluster.clone(template) as database:
        with psycopg.connect(database, autocommit=True) as admin:
            catalogue = Catalogue(admin)
            edited, other = catalogue.add_offer(), catalogue.add_offer()
            for offer in (edited, other):
                enrollment = catalogue.enroll(offer)
                row = admin.execute(
                    "select buyer_id from leadgen.buyer_offers where id = %s", [enrollment]
                ).fetchone()
                assert row
                insert(
                    admin,
                    "offer_exclusivities",
                    offer_id=offer.id,
                    buyer_id=row[0],
                    scope_type="postal_code",
                    scope_value="78702",
                )
            policy = insert(admin, "pricing_policies", name="plain", rules={})
            admin.execute("update leadgen.offers set pricing_policy_id = %s", [policy])
        with running_api(database, tmp_path_factory.mktemp("edits")) as api:
            yield House(api, database, edited, other)


@pytest.mark.parametrize("edit", FLOWS.values(), ids=FLOWS)
def test_leads_flow_beside_an_open_edit(house: House, edit: str) -> None:
    with psycopg.connect(house.database) as dba:
        assert dba.execute(edit.encode()).rowcount > 0
        assert [house.post(offer)[0] for offer in (house.edited, house.other)] == [202, 202]
        dba.rollback()


@pytest.mark.parametrize("edit", WAITS.values(), ids=WAITS)
def test_where_the_road_must_wait_it_is_503_soon_and_other_offers_flow(house: House, edit: str) -> None:
    with psycopg.connect(house.database) as dba, ThreadPoolExecutor(6) as pool:
        assert dba.execute(edit.encode(), {"offer": house.edited.id}).rowcount > 0
        held = [pool.submit(house.post, house.edited) for _ in range(6)]
        others = [house.post(house.other)[0] for _ in range(5)]
        assert others == [202] * 5
        answers = [one.result() for one in held]
        dba.rollback()
    assert {status for status, _ in answers} == {503}
    assert max(seconds for _, seconds in answers) < LONGEST
    assert house.post(house.edited)[0] == 202
