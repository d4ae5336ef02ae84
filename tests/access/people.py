"""Two buyers and two sources in one market, each with rows of every kind; Ann is the one who probes."""

import hashlib
from dataclasses import dataclass

import psycopg
from psycopg.types.json import Jsonb

from rig.catalogue import Catalogue, insert, make_lead


def digest(key: str) -> str:
    """The form in which the database keeps a key."""
    return hashlib.sha256(key.encode()).hexdigest()


ANN_KEY, BOB_KEY = digest("lg_ann"), digest("lg_bob")
PAGE_KEY, RIVAL_KEY = digest("lg_page"), digest("lg_rival")


@dataclass(frozen=True)
class Party:
    """A buyer and what it has: sales, the leads of those that stand, an invoice beside a draft, a payment."""

    id: int
    sales: list[int]
    leads: list[int]
    returned: int
    returned_lead: int
    invoice: str
    payment: int


@dataclass(frozen=True)
class Town:
    """Ann and Bob buy the shared leads both; Ann's own come from the source `page`, Bob's from `rival`."""

    ann: Party
    bob: Party
    page: int
    rival: int


def settle(session: psycopg.Connection) -> Town:
    """Write all of it, as the superuser: each buyer has one lead of its own, one shared, one returned."""
    catalogue = Catalogue(session)
    session.execute(
        "update leadgen.billing_settings set company = 'Acme Leads', address = 'Austin', sends_at_once = false"
    )
    ann = catalogue.add_buyer(name="Ann", email="ann@buyer.example", credit_limit=1_000_000)
    bob = catalogue.add_buyer(name="Bob", email="bob@buyer.example", credit_limit=1_000_000)
    shared = catalogue.add_offer({"max_buyers": 2}, source_key="shared")
    offers = {ann: catalogue.add_offer(source_key="page"), bob: catalogue.add_offer(source_key="rival")}
    payout = insert(session, "payout_policies", name="half", rules={"percent_of_revenue": 50})
    session.execute("update leadgen.sources set payout_policy_id = %s", [payout])
    for buyer, offer in offers.items():
        catalogue.enroll(offer, buyer)
        catalogue.enroll(shared, buyer)
    for buyer, key in ((ann, ANN_KEY), (bob, BOB_KEY)):
        insert(
            session, "api_keys", kind="buyer", buyer_id=buyer, name="portal", key_hash=key, scopes=["read"]
        )
    sources = []
    for name, key in (("page", PAGE_KEY), ("rival", RIVAL_KEY)):
        session.execute("update leadgen.sources set api_key_hash = %s where source_key = %s", [key, name])
        row = session.execute("select id from leadgen.sources where source_key = %s", [name]).fetchone()
        assert row
        sources.append(int(row[0]))
    for source, name in (
        ("page", "Own Of Ann"),
        ("rival", "Own Of Bob"),
        ("shared", "Shared"),
        ("page", "Back Of Ann"),
        ("rival", "Back Of Bob"),
    ):
        lead = make_lead(source, name=name, message="12345 of Bob" if "Bob" in name else "of Ann")
        session.execute("select leadgen.submit_lead(%s, %s)", [Jsonb(lead), Jsonb(_context(source))])
    return Town(_finish(session, ann, "Ann"), _finish(session, bob, "Bob"), *sources)


def _context(source: str) -> dict[str, str]:
    return {"api_key_hash": {"page": PAGE_KEY, "rival": RIVAL_KEY}[source]} if source != "shared" else {}


def _finish(session: psycopg.Connection, buyer: int, name: str) -> Party:
    rows = session.execute(
        """
        select a.id, l.id, l.name from leadgen.lead_assignments a join leadgen.leads l on l.id = a.lead_id
        where a.buyer_id = %s order by a.id
        """,
        [buyer],
    ).fetchall()
    sales = {who: (sale, lead) for sale, lead, who in rows}
    returned, returned_lead = sales[f"Back Of {name}"]
    payment = session.execute(
        "select leadgen.add_payment(%s, 20, 'check', %s)", [buyer, f"check:{name}:1"]
    ).fetchone()
    drafts = session.execute("select unnest(leadgen.invoice_buyer(%s, null, true))", [buyer]).fetchall()
    documents = [
        session.execute("select leadgen.send_invoice(%s)", [number]).fetchone() for (number,) in drafts[1:]
    ]
    session.execute("select leadgen.return_sale(%s, 'wrong_number', 'nobody there')", [returned])
    assert payment
    assert documents[-1]
    return Party(
        buyer,
        [sale for sale, _ in sales.values()],
        [lead for who, (_, lead) in sales.items() if not who.startswith("Back")],
        returned,
        returned_lead,
        documents[-1][0],
        payment[0],
    )
