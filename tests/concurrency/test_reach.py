"""Who enrolls a buyer while its channels change: whoever comes later sees what the other left (refresh_reach)."""

import psycopg
import pytest

from concurrency.sessions import PATIENCE, in_background, submit, wait_until_blocked
from rig.catalogue import Catalogue, Offer, make_lead
from rig.cluster import Connect

ENROLL = "insert into leadgen.buyer_offers (buyer_id, offer_id) select %s, o.id from leadgen.offers o"
CHANGE = "update leadgen.buyers set email_notifications = %s where id = %s"
REACH = "select is_reachable from leadgen.buyer_offers where buyer_id = %s"


@pytest.mark.parametrize("enrolls_first", [True, False])
@pytest.mark.parametrize("turned_on", [True, False])
def test_enrolling_a_buyer_while_its_channels_change(
    connect: Connect,
    admin: psycopg.Connection,
    catalogue: Catalogue,
    offer: Offer,
    turned_on: bool,
    enrolls_first: bool,
) -> None:
    buyer = catalogue.add_buyer(webhook_url=None, email_notifications=not turned_on)
    first, second = connect("leadgen_dba"), connect("leadgen_dba")
    statements = [(ENROLL, [buyer]), (CHANGE, [turned_on, buyer])]
    if not enrolls_first:
        statements.reverse()
    with in_background() as pool:
        with first.transaction():
            first.execute(statements[0][0].encode(), statements[0][1])
            waiting = pool.submit(second.execute, statements[1][0].encode(), statements[1][1])
            wait_until_blocked(
                admin, second, first, waiting, "transactionid" if enrolls_first else "advisory"
            )
        waiting.result(PATIENCE)
    assert admin.execute(REACH, [buyer]).fetchone() == (turned_on,)
    assert submit(admin, make_lead(offer.source_key))["status"] == "accepted"
    assert admin.execute("select * from leadgen.list_broken_invariants()").fetchall() == []
