"""The catalogue's pages without JavaScript: what is edited, what is refused beside its field, two tabs on one row."""

import re
from collections.abc import Callable
from html import unescape

import psycopg
import pytest

from console.people import Tab
from console.test_actions import value
from leadgen.console.area_map import draw_map

Open = Callable[[str], Tab]


@pytest.fixture
def buyer(market: psycopg.Connection) -> int:
    found = value(market, "select id from leadgen.buyers where name = 'Ann'")
    assert isinstance(found, int)
    return found


@pytest.fixture
def enrollment(market: psycopg.Connection, buyer: int) -> int:
    found = value(
        market, "select id from leadgen.buyer_offers where buyer_id = %s order by id limit 1", buyer
    )
    assert isinstance(found, int)
    return found


def stamp_of(page: str, action: str) -> str:
    """The state that a form of the page shows."""
    found = re.search(rf'action="{action}">.*?name="stamp" value="(\w*)"', page, re.DOTALL)
    assert found, action
    return unescape(found[1])


def test_a_buyer_is_added_and_changed_with_who_and_why(tab: Open, market: psycopg.Connection) -> None:
    visitor = tab("operator")
    visitor.open("/console/buyers/new")
    fields = {
        "name": "Zoe <b>",
        "email": "zoe@buyer.example",
        "phone": "+15125550177",
        "billing_mode": "barter",
    }
    assert visitor.send("/console/buyers", reason="signed", **fields).status == 422
    assert "Found barter; allowed: one of none, prepaid, invoiced" in visitor.text
    assert 'value="Zoe &lt;b&gt;"' in visitor.page
    assert (
        visitor.send("/console/buyers", reason="signed", **fields | {"billing_mode": "prepaid"}).status == 200
    )
    assert "Zoe <b>" in visitor.text
    assert "To spend 0.00" in visitor.text
    place = visitor.place
    visitor.send(
        f"{place}/save",
        stamp=stamp_of(visitor.page, f"{place}/save"),
        low_balance_at="250",
        reason="as agreed",
    )
    assert "It is saved." in visitor.text
    said = market.execute(
        "select actor like 'user %%', reason from leadgen.audit_entries"
        " where table_name = 'buyers' and reason is not null order by id desc limit 2"
    ).fetchall()
    assert said == [(True, "as agreed"), (True, "signed")]


def test_the_second_of_two_tabs_is_told_and_keeps_what_was_typed(
    tab: Open, market: psycopg.Connection, buyer: int
) -> None:
    place = f"/console/buyers/{buyer}"
    one, other = tab("operator"), tab("admin")
    one.open(place)
    other.open(place)
    stamp = stamp_of(one.page, f"{place}/save")
    assert stamp == stamp_of(other.page, f"{place}/save")
    one.send(f"{place}/save", stamp=stamp, company="First Co", reason="renamed")
    assert other.send(f"{place}/save", stamp=stamp, company="Second Co", reason="renamed").status == 409
    assert "Somebody else has changed it meanwhile" in other.text
    assert "Now: First Co" in other.text
    assert 'value="Second Co"' in other.page
    other.send(
        f"{place}/save", stamp=stamp_of(other.page, f"{place}/save"), company="Second Co", reason="renamed"
    )
    assert value(market, "select company from leadgen.buyers where id = %s", buyer) == "Second Co"


def test_a_pause_is_planned_by_the_clock_of_the_market_and_taken_back(
    tab: Open, market: psycopg.Connection, buyer: int, enrollment: int
) -> None:
    place, visitor = f"/console/buyers/{buyer}", tab("operator")
    visitor.open(place)
    times = {"from": "2099-12-24T18:00", "until": "2099-12-20T08:00"}
    refused = visitor.send(f"{place}/pause", enrollment=str(enrollment), reason="holidays", **times)
    assert refused.status == 400
    assert "The pause would end before it begins" in visitor.text
    visitor.send(
        f"{place}/pause",
        enrollment=str(enrollment),
        reason="holidays",
        **times | {"until": "2099-12-27T08:00"},
    )
    assert "Planned pause from 2099-12-25T00:00:00Z (18:00 America/Chicago)" in visitor.text
    visitor.send(f"{place}/resume", enrollment=str(enrollment), reason="back")
    assert "The pause is over, in 1 of its enrollments." in visitor.text


def test_the_hours_of_a_week_are_a_plain_form(tab: Open, market: psycopg.Connection, enrollment: int) -> None:
    place, visitor = f"/console/enrollments/{enrollment}", tab("operator")
    visitor.open(place)
    assert visitor.page.count('type="checkbox"') == 168
    stamp = stamp_of(visitor.page, f"{place}/hours")
    assert visitor.send(f"{place}/hours", stamp=stamp, reason="closed").status == 422
    assert "allowed: at least one hour of the week" in visitor.text
    ticked = {f"hour-{24 + hour}": "yes" for hour in range(8, 18)}
    visitor.send(f"{place}/hours", stamp=stamp, reason="Tuesdays", **ticked)
    assert "It is saved." in visitor.text
    schedule = value(market, "select schedule from leadgen.buyer_offers where id = %s", enrollment)
    assert schedule == {"tue": [["08:00", "18:00"]]}
    market.execute("update leadgen.buyer_offers set schedule = null where id = %s", [enrollment])


def test_a_pasted_list_is_counted_and_its_bad_lines_are_named_before_it_is_saved(
    tab: Open, market: psycopg.Connection, buyer: int, enrollment: int
) -> None:
    place, visitor = f"/console/enrollments/{enrollment}", tab("operator")
    visitor.open(place)
    stamp = stamp_of(visitor.page, f"{place}/areas/check")
    visitor.send(f"{place}/areas/check", stamp=stamp, areas="78701\r\n7870l\r\nAustin, 787*")
    assert "4 entries: 1 postal code, 1 prefix, 1 city. 2 new, 0 gone" in visitor.text
    assert "Line 2: 7870l ; allowed: a postal code of US" in visitor.text
    assert "Save these areas" not in visitor.text
    visitor.send(f"{place}/areas/check", stamp=stamp, areas="78701\r\nAustin, 787*")
    assert "Save these areas" in visitor.text
    visitor.send(f"{place}/areas", stamp=stamp, areas="78701\r\nAustin, 787*", reason="all of Austin")
    assert "The areas are saved: 2 are new, 0 are gone." in visitor.text
    assert visitor.send(f"{place}/areas", stamp=stamp, areas="78701", reason="an old tab").status == 409
    count = "select count(*) from leadgen.buyer_service_areas where buyer_id = %s"
    assert value(market, count, buyer) == 3
    market.execute(
        "delete from leadgen.buyer_service_areas where buyer_id = %s and scope_type = 'postal_code'", [buyer]
    )


def test_a_source_gets_a_key_that_is_shown_once(tab: Open, market: psycopg.Connection) -> None:
    visitor = tab("operator")
    visitor.open("/console/sources/new")
    offer = value(market, "select min(id) from leadgen.offers")
    fields = {"offer_id": str(offer), "kind": "partner_api", "name": "Partner Nine"}
    visitor.send("/console/sources", reason="a new partner", **fields)
    assert "a partner needs a key to post" in visitor.text
    place = visitor.place
    visitor.send(f"{place}/keys", name="production", reason="a new partner")
    key = re.search(r"lg_s_\w+", visitor.text)
    assert key
    visitor.open(place)
    assert key[0] not in visitor.page
    known = value(
        market, "select id from leadgen.api_keys where key_hash = encode(sha256(%s), 'hex')", key[0].encode()
    )
    visitor.send(f"{place}/keys/{known}/revoke", reason="it leaked")
    assert "The key is revoked." in visitor.text


def test_an_offer_links_to_its_policies_and_says_what_cannot_work(
    tab: Open, market: psycopg.Connection
) -> None:
    visitor = tab("analyst")
    offer = value(market, "select id from leadgen.offers where name = 'Austin plumbing'")
    visitor.open(f"/console/offers/{offer}")
    assert any(link.startswith("/console/policies/routing/") for link in visitor.links)
    assert any(link.startswith("/console/enrollments/") for link in visitor.links)
    assert "Change it" not in visitor.text
    assert (
        visitor.send(f"/console/offers/{offer}/save", stamp="", name="Mine", reason="no right").status == 403
    )


@pytest.mark.parametrize(
    "place", ["buyers/999999", "enrollments/999999", "offers/999999", "sources/999999", "buyers/x"]
)
def test_what_is_not_there_is_not_found(tab: Open, place: str) -> None:
    assert tab("analyst").open(f"/console/{place}").status == 404


def test_a_map_has_north_above_and_its_true_proportions() -> None:
    drawn = draw_map([(-98, 30), (-98, 31), (-97, 30)])
    assert drawn
    dots = sorted((int(x), int(y)) for x, y in re.findall(r"M(\d+) (\d+)h0", drawn.path))
    north, south, east = dots
    assert north[0] == south[0]
    assert east[1] == south[1] > north[1]
    assert 0.8 < (east[0] - south[0]) / (south[1] - north[1]) < 0.9
    assert draw_map([]) is None
