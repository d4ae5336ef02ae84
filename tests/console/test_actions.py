"""What is done on the console's pages: by whom it may be done, what follows, and that it is done once."""

import re
from collections.abc import Callable

import psycopg
import pytest

from api.serving import Api, add_sale
from console.people import Tab

Open = Callable[[str], Tab]


def lead_of(market: psycopg.Connection, sale: int) -> int:
    row = market.execute("select lead_id from leadgen.lead_assignments where id = %s", [sale]).fetchone()
    assert row
    return int(row[0])


def value(market: psycopg.Connection, query: str, *parameters: object) -> object:
    row = market.execute(query.encode(), parameters).fetchone()
    return row[0] if row else None


WORK_IN_AUSTIN = """
insert into leadgen.buyer_service_areas (market_id, buyer_id, scope_type, scope_value)
select m.id, %s, 'city', 'Austin' from leadgen.markets m
"""


def enroll_bob(market: psycopg.Connection) -> object:
    """Bob takes part in the offer, which has two buyers a lead now; he works nowhere yet."""
    market.execute("update leadgen.routing_policies set config = config || '{\"max_buyers\": 2}'")
    market.execute(
        "insert into leadgen.buyer_offers (offer_id, buyer_id, is_active)"
        " select o.id, b.id, true from leadgen.offers o, leadgen.buyers b where b.name = 'Bob'"
    )
    return value(market, "select id from leadgen.buyers where name = 'Bob'")


def key_of(visitor: Tab) -> str:
    """The key of the form that credits a sale."""
    found = re.search(r'name="key" value="([^"]+)"', visitor.page)
    assert found
    return found[1]


def request_return(market: psycopg.Connection) -> tuple[int, int]:
    """A sale whose buyer asks to return it, and the return, which waits for somebody."""
    market.execute(
        'update leadgen.routing_policies set config = config || \'{"returns": {"auto_approve": false}}\''
    )
    sale = add_sale(market)
    market.execute("select roads.request_return(%s, 'not_interested', 'They <b>hung</b> up', 'api')", [sale])
    found = value(
        market, "select id from leadgen.sale_returns where assignment_id = %s and status = 'requested'", sale
    )
    assert isinstance(found, int)
    return sale, found


def test_a_lead_is_explained_candidate_by_candidate_without_its_contact(
    tab: Open, market: psycopg.Connection
) -> None:
    lead = lead_of(market, add_sale(market))
    visitor = tab("analyst")
    assert visitor.open(f"/console/leads/{lead}").status == 200
    assert "Sold to Ann for 45.00 USD" in visitor.text
    assert "1 Ann won ranked 1 of 1 45.00 USD" in visitor.text
    assert "J*** S***" in visitor.text
    assert "John" not in visitor.page
    assert "@example.com" not in visitor.page


def test_who_reads_a_contact_says_why_and_is_written_down(tab: Open, market: psycopg.Connection) -> None:
    lead = lead_of(market, add_sale(market))
    visitor = tab("operator")
    visitor.open(f"/console/leads/{lead}")
    assert visitor.send(f"/console/leads/{lead}/contact", reason=" ").status == 400
    assert "Found nothing; allowed: 1 to 500 characters, without names" in visitor.text
    assert visitor.send(f"/console/leads/{lead}/contact", reason="the buyer cannot reach them").status == 200
    assert "John Smith" in visitor.text
    said = value(
        market, "select message from leadgen.events where kind = 'leads_opened' order by id desc limit 1"
    )
    assert str(said).startswith("user ")
    assert str(said).endswith(f"read the contact of lead {lead}: the buyer cannot reach them")
    visitor.open(f"/console/leads/{lead}")
    assert "John Smith" not in visitor.page


@pytest.mark.parametrize(
    ("role", "action", "status"),
    [
        ("analyst", "contact", 403),
        ("finance", "contact", 403),
        ("analyst", "erase", 403),
        ("operator", "erase", 403),
        ("finance", "route", 403),
        ("finance", "sell", 403),
        ("analyst", "credit", 403),
        ("analyst", "return", 403),
    ],
)
def test_what_a_role_may_not_do_the_database_refuses(
    tab: Open, market: psycopg.Connection, role: str, action: str, status: int
) -> None:
    sale = add_sale(market)
    lead = lead_of(market, sale)
    visitor = tab(role)
    visitor.open(f"/console/leads/{lead}")
    assert f"/console/leads/{lead}/{action}" not in visitor.page
    fields = {
        "reason": "a test",
        "sale": str(sale),
        "reason_code": "wrong_number",
        "buyer": "1",
        "key": "a test",
    }
    assert visitor.send(f"/console/leads/{lead}/{action}", **fields).status == status
    assert value(market, "select erased_at from leadgen.leads where id = %s", lead) is None
    assert (
        value(market, "select outcome::text from leadgen.lead_assignments where id = %s", sale) == "pending"
    )


def test_a_sale_is_returned_in_the_name_of_who_did_it(tab: Open, market: psycopg.Connection) -> None:
    sale = add_sale(market)
    lead = lead_of(market, sale)
    visitor = tab("finance")
    visitor.open(f"/console/leads/{lead}")
    assert visitor.send(f"/console/leads/{lead}/return", sale=str(sale), reason_code="").status == 400
    visitor.send(f"/console/leads/{lead}/return", sale=str(sale), reason_code="wrong_number", note="a bakery")
    assert f"Sale {sale} is returned." in visitor.text
    by = value(market, "select decided_by from leadgen.sale_returns where assignment_id = %s", sale)
    assert str(by).startswith("user ")


def test_a_lead_is_sold_by_hand_once_nothing_is_in_the_way(tab: Open, market: psycopg.Connection) -> None:
    bob = enroll_bob(market)
    lead = lead_of(market, add_sale(market))
    here, visitor = f"/console/leads/{lead}", tab("operator")
    visitor.open(f"{here}?buyer={bob}")
    assert "Bob : one thing would have to change, at a price of 45.00 USD" in visitor.text
    assert "Add the postal code 78701 or the city Austin to its areas." in visitor.text
    assert visitor.send(f"{here}/sell", buyer=str(bob), reason="agreed by phone").status == 409
    assert "Found outside_service_area; allowed: a buyer who passes every check" in visitor.text
    assert "agreed by phone" in visitor.page
    assert visitor.send(f"{here}/sell", buyer=str(bob), reason=" ").status == 400
    assert visitor.send(f"{here}/sell", buyer="", reason="agreed").status == 404
    market.execute(WORK_IN_AUSTIN, [bob])
    visitor.open(here)
    for said in ("Bob has the lead for 45.00 USD.", "It had it already."):
        visitor.send(f"{here}/sell", buyer=str(bob), reason="agreed by phone")
        assert said in visitor.text
    assert value(market, "select count(*) from leadgen.lead_assignments where lead_id = %s", lead) == 2
    assert re.search(r"sold by hand by user \d+: agreed by phone", visitor.text)
    market.execute("update leadgen.buyer_offers set is_active = false where buyer_id = %s", [bob])
    market.execute("update leadgen.routing_policies set config = config - 'max_buyers'")


def test_a_sale_is_credited_once_in_part_and_then_whole(tab: Open, market: psycopg.Connection) -> None:
    sale = add_sale(market)
    here, visitor = f"/console/leads/{lead_of(market, sale)}", tab("finance")
    visitor.open(here)
    fields = {"sale": str(sale), "amount": "5.00", "key": key_of(visitor), "reason": "a week late"}
    for _ in range(2):
        visitor.send(f"{here}/credit", **fields)
        assert f"Sale {sale} is credited: 5.00." in visitor.text
    fields["key"] = key_of(visitor)
    for amount, status in (("five", 400), ("40.01", 409), ("0", 400)):
        assert visitor.send(f"{here}/credit", **{**fields, "amount": amount}).status == status
    assert visitor.send(f"{here}/credit", **{**fields, "reason": ""}).status == 400
    visitor.send(f"{here}/credit", **{**fields, "amount": ""})
    assert f"Sale {sale} is credited: what was left of its price." in visitor.text
    booked = market.execute(
        "select e.amount, t.memo from leadgen.ledger_entries e"
        " join leadgen.ledger_transactions t on t.id = e.transaction_id"
        " where t.assignment_id = %s and t.kind = 'refund' and e.account = 'buyer_receivable' order by t.id",
        [sale],
    ).fetchall()
    assert [(float(amount), memo) for amount, memo in booked] == [(-5, "a week late"), (-40, "a week late")]


def test_a_person_is_erased_once_and_the_page_says_so(tab: Open, market: psycopg.Connection) -> None:
    lead = lead_of(market, add_sale(market))
    visitor = tab("admin")
    visitor.open(f"/console/leads/{lead}")
    visitor.send(f"/console/leads/{lead}/erase", reason="asked for")
    assert "The lead is erased." in visitor.text
    assert value(market, "select name from leadgen.leads where id = %s", lead) != "John Smith"
    visitor.send(f"/console/leads/{lead}/erase", reason="asked for")
    assert "The lead was erased before" in visitor.text


@pytest.mark.parametrize("text", ["", "0", "-1", "abc", "9" * 30, "1%00", "%F0%9F%92%A9"])
def test_what_is_no_lead_is_no_page(tab: Open, text: str) -> None:
    assert tab("analyst").open(f"/console/leads/{text}" if text else "/console/leads/x").status == 404


def test_a_lead_is_found_by_its_phone(tab: Open, market: psycopg.Connection) -> None:
    lead = lead_of(market, add_sale(market, phone="+17375550199", email="find.me@example.com"))
    visitor = tab("analyst")
    visitor.open("/console/leads?q=%28737%29+555-0199")
    assert f"/console/leads/{lead}" in visitor.links
    visitor.open("/console/leads?q=%3Cscript%3Ealert%281%29%3C%2Fscript%3E")
    assert "<script>alert" not in visitor.page
    assert "No lead has it." in visitor.text


def test_leads_are_paged_without_gap_or_repetition(tab: Open, market: psycopg.Connection) -> None:
    for _ in range(60):
        add_sale(market)
    visitor, found, place = tab("analyst"), list[str](), "/console/leads"
    for _ in range(20):
        visitor.open(place)
        found += [link for link in sorted(visitor.links) if link.removeprefix("/console/leads/").isdigit()]
        further = [link for link in visitor.links if "before=" in link]
        if not further:
            break
        (place,) = further
    assert len(found) == len(set(found)) == value(market, "select count(*) from leadgen.leads")


def test_returns_wait_until_somebody_decides(tab: Open, market: psycopg.Connection) -> None:
    _, one = request_return(market)
    visitor = tab("finance")
    visitor.open("/console/returns")
    assert f"Return {one}" in visitor.text
    assert "They <b>hung</b> up" in visitor.text
    for _ in range(2):
        visitor.send(f"/console/returns/{one}", answer="approve", note="agreed")
        assert f"Return {one} is approved." in visitor.text
    assert visitor.send(f"/console/returns/{one}", answer="refuse").status == 409
    assert f"Return {one} was decided already: it is approved" in visitor.text
    assert visitor.send(f"/console/returns/{one}", answer="maybe").status == 400


def test_a_dead_delivery_is_sent_again(tab: Open, market: psycopg.Connection) -> None:
    sale = add_sale(market)
    delivery = value(market, "select id from leadgen.deliveries where assignment_id = %s", sale)
    with market.transaction():
        market.execute("set local session_replication_role = replica")
        market.execute(
            "update leadgen.deliveries set status = 'dead', next_attempt_at = null, finished_at = now(),"
            " last_error = 'HTTP 500' where id = %s",
            [delivery],
        )
    reader = tab("analyst")
    reader.open("/console/deliveries")
    assert "HTTP 500" in reader.text
    assert "Send again" not in reader.text
    assert reader.send(f"/console/deliveries/{delivery}/resend").status == 403
    visitor = tab("operator")
    visitor.open("/console/deliveries")
    for _ in range(2):
        visitor.send(f"/console/deliveries/{delivery}/resend", back="/console/deliveries?status=dead")
        assert f"Delivery {delivery} is sent again." in visitor.text
    assert value(market, "select status::text from leadgen.deliveries where id = %s", delivery) == "pending"


def test_an_endpoint_is_tested_disabled_and_taken_into_use(tab: Open, market: psycopg.Connection) -> None:
    one = value(market, "select id from leadgen.endpoints where channel = 'webhook' order by id limit 1")
    visitor = tab("operator")
    visitor.open("/console/endpoints")
    visitor.send(f"/console/endpoints/{one}/test")
    assert "A test is on its way" in visitor.text
    assert visitor.send(f"/console/endpoints/{one}/disable", reason="").status == 400
    visitor.send(f"/console/endpoints/{one}/disable", reason="it moves")
    assert "disabled" in visitor.text
    assert visitor.send(f"/console/endpoints/{one}/test").status == 409
    visitor.send(f"/console/endpoints/{one}/enable", reason="it has moved")
    assert f"Endpoint {one} is in use." in visitor.text
    reasons = market.execute(
        "select actor, reason from leadgen.audit_entries where table_name = 'endpoints' and reason = 'it has moved'"
    ).fetchall()
    assert [reason for actor, reason in reasons if actor.startswith("user ")] == ["it has moved"]


def test_a_submission_leaves_quarantine_once_its_source_works(
    site: Api, tab: Open, market: psycopg.Connection
) -> None:
    site.post({"source_key": "unknown-page", "name": "A", "email": "q@example.com", "phone": "+17375550123"})
    one = value(market, "select max(id) from leadgen.intake_quarantine")
    visitor = tab("operator")
    visitor.open("/console/quarantine")
    assert "unknown-page" in visitor.text
    assert "q@example.com" not in visitor.page
    visitor.send(f"/console/quarantine/{one}")
    assert f"Submission {one} is still in quarantine" in visitor.text
    assert visitor.send("/console/quarantine/999999").status == 404


def test_a_held_lead_is_offered_now(tab: Open, market: psycopg.Connection) -> None:
    lead = lead_of(market, add_sale(market))
    visitor = tab("operator")
    visitor.open(f"/console/leads/{lead}")
    assert visitor.send(f"/console/leads/{lead}/route").status == 409
    assert f"Lead {lead} has all the buyers that it may have" in visitor.text
    with market.transaction():
        market.execute("set local session_replication_role = replica")
        market.execute(
            "update leadgen.leads set hold_until = now() + interval '1 day', unsold_reason = 'cap_day',"
            " next_route_at = now() + interval '3 hours' where id = %s",
            [lead],
        )
    visitor.open("/console/held")
    assert f"/console/leads/{lead}" in visitor.links
    visitor.send(f"/console/leads/{lead}/route")
    assert "The lead is offered again now." in visitor.text
    assert value(market, "select next_route_at <= now() from leadgen.leads where id = %s", lead) is True
    market.execute("update leadgen.leads set hold_until = null, next_route_at = null where id = %s", [lead])
