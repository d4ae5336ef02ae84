"""Bob, who buys nothing, asks for what is Ann's on every page: he learns not even whether it is there."""

import re
from collections.abc import Callable
from urllib.parse import quote

import psycopg
import pytest

from api.serving import Api, add_sale
from console.people import Tab
from portal.visitors import PAGES, add_visitor, open_tab, read_one

Open = Callable[..., Tab]
ABSENT = 999_999_999
OF_ANN = """
select a.id, a.lead_id, e.id, p.id, u.id, k.id
from leadgen.lead_assignments a
join leadgen.buyers b on b.id = a.buyer_id and b.name = 'Ann'
join leadgen.buyer_offers e on e.buyer_id = b.id
join leadgen.endpoints p on p.buyer_id = b.id
join leadgen.users u on u.buyer_id = b.id
join leadgen.api_keys k on k.buyer_id = b.id and k.revoked_at is null
where a.id = %s
"""
SECRETS = ("Zoe Hidden", "zoe.hidden@example.com", "https://buyer.example/", "78701", "45.00")


@pytest.fixture(scope="module")
def of_ann(site: Api) -> dict[str, int]:
    """The ids of what is Ann's, by the word that stands for each in a path."""
    with psycopg.connect(site.database, autocommit=True) as market:
        sale = add_sale(market, name="Zoe Hidden", email="zoe.hidden@example.com")
        add_visitor(market, "member", "Ann")
        row = market.execute(OF_ANN, [sale]).fetchone()
        assert row
    return dict(zip(("sale", "lead", "enrollment", "endpoint", "user", "key"), row, strict=True))


@pytest.fixture
def bob(site: Api, market: psycopg.Connection) -> Tab:
    """An owner of Bob, with the token of a form."""
    visitor = open_tab(site, market, "owner", "Bob")
    visitor.open("/portal/keys")
    return visitor


def test_no_page_says_anything_of_another_buyer(bob: Tab, of_ann: dict[str, int]) -> None:
    for page in (*PAGES, "/portal/account", "/portal/team", f"/portal/leads?before={of_ann['sale'] + 1}"):
        assert bob.open(page).status == 200, page
        assert not [secret for secret in SECRETS if secret in bob.page], page


def test_another_buyers_lead_is_as_good_as_none(bob: Tab, of_ann: dict[str, int]) -> None:
    pages = []
    for sale in (of_ann["sale"], ABSENT):
        assert bob.open(f"/portal/leads/{sale}").status == 404
        pages.append(bob.page)
    assert pages[0] == pages[1]


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/portal/leads/{sale}/accept", {}),
        ("/portal/leads/{sale}/return", {"reason": "other", "note": "mine"}),
        ("/portal/terms/{enrollment}/pause", {"until": ""}),
        ("/portal/terms/{enrollment}/resume", {}),
        ("/portal/terms/{enrollment}/limits", {"version": "1"}),
        ("/portal/terms/{enrollment}/hours", {"version": "1", "always": "yes"}),
        ("/portal/leads/{sale}/outcome", {"stage": "won"}),
        ("/portal/endpoints/{endpoint}/test", {}),
        ("/portal/team/{user}/remove", {"reason": "mine"}),
        ("/portal/team/{user}/admit", {"reason": "mine"}),
        ("/portal/keys/{key}/revoke", {}),
    ],
)
def test_nothing_is_done_to_what_is_another_buyers(
    bob: Tab, market: psycopg.Connection, of_ann: dict[str, int], path: str, fields: dict[str, str]
) -> None:
    before = state_of(market, of_ann)
    pages = []
    for ids in (of_ann, dict.fromkeys(of_ann, ABSENT)):
        assert bob.send(path.format(**ids), **fields).status == 404
        pages.append(re.sub(r"\d+", "N", bob.page))
    assert pages[0] == pages[1]
    assert state_of(market, of_ann) == before


def state_of(market: psycopg.Connection, ids: dict[str, int]) -> object:
    """What Bob would change."""
    return read_one(
        market,
        "select (a.outcome, e.pause_until, u.status, k.revoked_at,"
        " (select count(*) from leadgen.notices), (select count(*) from leadgen.sale_returns), e.version,"
        " (select count(*) from leadgen.outcome_reports))::text"
        " from leadgen.lead_assignments a, leadgen.buyer_offers e, leadgen.users u, leadgen.api_keys k"
        " where a.id = %s and e.id = %s and u.id = %s and k.id = %s",
        *(ids[name] for name in ("sale", "enrollment", "user", "key")),
    )


@pytest.mark.parametrize("odd", ["0", "-1", "1x", "9" * 30, "%00", "1%2F2", "٣"])
def test_what_is_no_id_is_not_found(bob: Tab, odd: str) -> None:
    place = odd if odd.isascii() else quote(odd)
    pages = ("leads/{}", "invoices/{}", "invoices/{}/pdf", "payments/{}")
    for page in (f"/portal/{one.format(place)}" for one in pages):
        assert bob.open(page).status == 404, page


def test_a_form_of_another_session_does_nothing(
    tab: Open, bob: Tab, market: psycopg.Connection, of_ann: dict[str, int]
) -> None:
    ann = tab("owner")
    ann.csrf = bob.csrf
    assert ann.send(f"/portal/leads/{of_ann['sale']}/accept", origin="https://evil.example").status == 403
    assert ann.send(f"/portal/leads/{of_ann['sale']}/accept", origin=None).status == 403
    assert (
        read_one(market, "select outcome::text from leadgen.lead_assignments where id = %s", of_ann["sale"])
        == "pending"
    )


def test_an_ended_sale_shows_no_contact(tab: Open, market: psycopg.Connection) -> None:
    sale = add_sale(market, name="Yan Gone", email="yan.gone@example.com")
    market.execute("select leadgen.return_sale(%s, 'other', 'a test')", [sale])
    ann = tab("owner")
    for page in ("/portal/leads", f"/portal/leads/{sale}"):
        assert ann.open(page).status == 200
        assert "Yan Gone" not in ann.page
        assert "yan.gone@example.com" not in ann.page
