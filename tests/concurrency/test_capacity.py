"""Caps under a crowd (FAULTS 9): exactly the places there are get sold, and the rest is explained."""

import re
from collections import Counter

from psycopg import Connection

from concurrency.sessions import submit, submit_at_once
from rig.catalogue import Catalogue, make_lead

CROWD = 200
PLACES = 7


def complaints(admin: Connection) -> list[tuple[object, ...]]:
    """What the database says must never be."""
    return admin.execute("select * from leadgen.list_broken_invariants()").fetchall()


def test_last_seven_places_of_a_cap(database: str, admin: Connection, catalogue: Catalogue) -> None:
    offer = catalogue.add_offer()
    catalogue.enroll(offer, capacity_per_day=10)
    for _ in range(3):
        assert submit(admin, make_lead(offer.source_key))["buyer_id"]

    answers = submit_at_once(database, [make_lead(offer.source_key) for _ in range(CROWD)])

    sold = [answer for answer in answers if answer["buyer_id"]]
    unsold = [answer for answer in answers if not answer["buyer_id"]]
    assert (len(sold), len(unsold)) == (PLACES, CROWD - PLACES)
    assert {str(answer["price"]) for answer in sold} == {"45.0"}
    assert {answer["price"] for answer in unsold} == {None}
    reasons = admin.execute(
        """
        select l.unsold_reason, c.reason
        from leadgen.leads l
        cross join lateral leadgen.explain_candidates(l.id) c
        where l.id = any (%s)
        """,
        [[answer["lead_id"] for answer in unsold]],
    ).fetchall()
    assert len(reasons) == CROWD - PLACES
    for unsold_reason, reason in reasons:
        assert unsold_reason == "no buyer could take it: cap_day 1"
        assert re.fullmatch(
            r"cap_day: 10 of 10, resets \d{4}-\d\d-\d\dT\d\d:00:00Z \(00:00 (UTC|Etc/GMT[+-]\d+)\)", reason
        )
    assert admin.execute("select sales[2] from leadgen.enrollment_usage").fetchall() == [(10,)]
    assert complaints(admin) == []


def test_shared_sales_fill_every_cap_exactly(database: str, admin: Connection, catalogue: Catalogue) -> None:
    """Three buyers with seven places each, two buyers a lead: 21 sales, and never the same buyer twice."""
    offer = catalogue.add_offer({"strategy": "round_robin", "max_buyers": 2})
    enrollments = [catalogue.enroll(offer, capacity_per_day=PLACES) for _ in range(3)]

    answers = submit_at_once(database, [make_lead(offer.source_key) for _ in range(CROWD)])

    sales = admin.execute("select lead_id, buyer_offer_id from leadgen.lead_assignments").fetchall()
    assert Counter(enrollment for _, enrollment in sales) == Counter(dict.fromkeys(enrollments, PLACES))
    buyers_of_leads = Counter(lead for lead, _ in sales)
    assert sorted(buyers_of_leads.values()) == [1] + [2] * 10
    assert set(buyers_of_leads) == {answer["lead_id"] for answer in answers if answer["buyer_id"]}
    unsold = admin.execute(
        "select distinct unsold_reason from leadgen.leads where buyer_id is null"
    ).fetchall()
    assert unsold == [("no buyer could take it: cap_day 3",)]
    assert complaints(admin) == []


def test_offers_at_once_keep_to_their_own_caps(
    database: str, admin: Connection, catalogue: Catalogue
) -> None:
    """One buyer in two offers with a cap in each; leads for both, mixed."""
    offers = [catalogue.add_offer() for _ in range(2)]
    for offer, cap in zip(offers, (5, 9), strict=True):
        catalogue.enroll(offer, capacity_per_week=cap, capacity_per_month=cap + 1)

    submit_at_once(database, [make_lead(offers[n % 2].source_key) for n in range(100)])

    sold = admin.execute(
        "select offer_id, count(*) from leadgen.lead_assignments group by 1 order by 1"
    ).fetchall()
    assert sold == [(offers[0].id, 5), (offers[1].id, 9)]
    assert complaints(admin) == []
