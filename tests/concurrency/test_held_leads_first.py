"""Held leads that are due go before a new lead, in its transaction: what that may cost the one and the others."""

import psycopg
import pytest
from psycopg.errors import QueryCanceled

from concurrency.sessions import PATIENCE, in_background, submit
from rig.catalogue import Catalogue, Offer, make_lead
from rig.cluster import Connect

STATE = "select hold_until is not null, next_route_at > now() from leadgen.leads where id = %s"
SLOW = """
create function public.dawdle() returns trigger language plpgsql as
  $$ begin perform pg_sleep(600); return new; end $$;
create trigger dawdle before insert on leadgen.lead_decisions for each row when (new.lead_id = {id})
  execute function public.dawdle()
"""


@pytest.fixture
def offer(catalogue: Catalogue) -> Offer:
    return catalogue.add_offer({"on_no_buyer": "hold"})


def hold_lead(admin: psycopg.Connection, catalogue: Catalogue, offer: Offer) -> tuple[int, int]:
    """A held lead that is due, from where one buyer works who can take it by now; and the buyer's enrollment."""
    lead = submit(admin, make_lead(offer.source_key, postal_code="78745"))["lead_id"]
    enrollment = catalogue.enroll(offer, catalogue.add_buyer(("postal_code", "78745")))
    catalogue.enroll(offer, catalogue.add_buyer(("postal_code", "78701")))
    admin.execute("delete from leadgen.catalog_changes")
    admin.execute(
        "update leadgen.leads set next_route_at = now() - interval '1 minute' where id = %s", [lead]
    )
    return lead, enrollment


def test_a_new_lead_that_runs_out_of_time_puts_no_held_lead_off(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue, offer: Offer
) -> None:
    """The statement is the new lead's. A worker, whose statement is the held lead's own, puts that off."""
    held, _ = hold_lead(admin, catalogue, offer)
    admin.execute(SLOW.format(id=held).encode())
    sender = connect("leadgen_api", options="-c statement_timeout=1s")
    with pytest.raises(QueryCanceled):
        submit(sender, make_lead(offer.source_key, postal_code="78701"))
    assert admin.execute(STATE, [held]).fetchone() == (True, False)

    worker = connect("leadgen_worker", options="-c statement_timeout=1s")
    assert worker.execute("select leadgen.run_chore('route_held_lead')").fetchone() == (True,)
    assert admin.execute(STATE, [held]).fetchone() == (True, True)
    patient = connect("leadgen_api")
    assert submit(patient, make_lead(offer.source_key, postal_code="78701"))["status"] == "accepted"


def test_a_new_lead_does_not_wait_for_a_row_that_a_held_lead_needs(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue, offer: Offer
) -> None:
    """Whoever holds the row never lets it go, and the new lead's session would wait for ever."""
    held, enrollment = hold_lead(admin, catalogue, offer)
    holder, sender = connect(), connect("leadgen_api", options="-c lock_timeout=0 -c statement_timeout=0")
    with in_background() as pool, holder.transaction():
        holder.execute(
            "select from leadgen.enrollment_usage where buyer_offer_id = %s for update", [enrollment]
        )
        lead = make_lead(offer.source_key, postal_code="78701")
        assert pool.submit(submit, sender, lead).result(PATIENCE)["status"] == "accepted"
    assert admin.execute(STATE, [held]).fetchone() == (True, True)
