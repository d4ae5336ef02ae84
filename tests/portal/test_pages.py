"""The portal without JavaScript: each page for owners and members, and what is done on them."""

import re
from collections.abc import Callable, Iterator

import psycopg
import pytest

from api.serving import Api, add_sale
from console.people import Tab
from console.people import add_session as add_staff
from doubles.stripe_api import running_stripe
from leadgen.portal.site import PORTAL
from payments.conftest import Till
from portal.visitors import KINDS, PAGES, add_visitor, read_one
from rig.catalogue import Catalogue

Open = Callable[..., Tab]

OUTCOME = "select outcome::text from leadgen.lead_assignments where id = %s"
PAUSED = "select pause_until = 'infinity' from leadgen.buyer_offers"
ENROLLMENT = (
    "select e.id from leadgen.buyer_offers e join leadgen.buyers b on b.id = e.buyer_id where b.name = 'Ann'"
)
ENDPOINT = (
    "select e.id from leadgen.endpoints e join leadgen.buyers b on b.id = e.buyer_id where b.name = 'Ann'"
)
VERSION = "select version from leadgen.buyer_offers where id = %s"
TESTS = "select count(*) from leadgen.notices where kind = 'webhook.test'"


@pytest.mark.parametrize("kind", KINDS)
def test_each_page_is_open_to_whoever_buys(tab: Open, market: psycopg.Connection, kind: str) -> None:
    add_sale(market)
    visitor = tab(kind)
    for page in PAGES:
        assert visitor.open(page).status == 200, page
    assert {link.path for link in PORTAL.links if kind == "owner" or link.right == "buy"} <= visitor.links


def test_a_member_does_not_see_the_team(tab: Open) -> None:
    visitor = tab("member")
    assert visitor.open("/portal/team").status == 403
    assert "/portal/team" not in visitor.links


def test_nobody_sees_a_page_without_signing_in(site: Api) -> None:
    for page in (*PAGES, "/portal/account", "/portal/leads/1", "/portal/team"):
        visitor = Tab(site)
        visitor.open(page)
        assert visitor.place.startswith("/sign-in?next=/portal"), page


def test_who_runs_the_market_is_no_buyer(site: Api, market: psycopg.Connection) -> None:
    visitor = Tab(site, {"leadgen_session": add_staff(market, "admin")})
    for page in PAGES:
        assert visitor.open(page).status == 403, page


def test_a_buyer_is_no_operator(tab: Open) -> None:
    visitor = tab()
    for page in ("/console", "/console/leads", "/console/endpoints"):
        assert visitor.open(page).status == 403, page


def test_home_of_a_buyer_is_the_portal(tab: Open) -> None:
    visitor = tab()
    visitor.open("/")
    assert visitor.place == "/portal"


def test_a_lead_is_shown_with_its_contact(tab: Open, market: psycopg.Connection) -> None:
    attributes = {"owner": True, "rooms": ["attic", "hall"], "roof": {"age": 20, "kind": None}}
    sale = add_sale(
        market,
        name="Zoe Quick",
        email="zoe@example.com",
        message="A pipe <b>burst</b>",
        attributes=attributes,
    )
    visitor = tab("member")
    visitor.open("/portal/leads")
    assert "Zoe Quick" in visitor.text
    assert {"mailto:zoe@example.com", f"/portal/leads/{sale}"} <= visitor.links
    visitor.open(f"/portal/leads/{sale}")
    assert "A pipe <b>burst</b>" in visitor.text
    assert "A pipe &lt;b&gt;burst" in visitor.page
    told = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", visitor.page)
    assert {("owner", "yes"), ("rooms", "attic, hall"), ("roof age", "20")} <= set(told)
    assert not [value for _, value in told if "None" in value or "{" in value]


def test_a_lead_is_accepted_by_one_tap_and_again(tab: Open, market: psycopg.Connection) -> None:
    sale = add_sale(market)
    visitor = tab("member")
    visitor.open("/portal/leads")
    for _ in range(2):
        assert visitor.send(f"/portal/leads/{sale}/accept", back="/portal/leads").status == 200
        assert f"You have accepted sale {sale}." in visitor.text
    assert read_one(market, OUTCOME, sale) == "accepted"


def test_a_lead_is_returned_with_a_reason_and_a_note(tab: Open, market: psycopg.Connection) -> None:
    sale = add_sale(market)
    visitor = tab("member")
    visitor.open(f"/portal/leads/{sale}")
    for _ in range(2):
        assert visitor.send(f"/portal/leads/{sale}/return", reason="other", note="a test").status == 200
    query = "select (r.reason_code, r.note, r.via)::text from leadgen.sale_returns r where assignment_id = %s"
    assert market.execute(query, [sale]).fetchall() == [('(other,"a test",portal)',)]


def test_a_return_without_a_reason_says_so_beside_the_field(tab: Open, market: psycopg.Connection) -> None:
    sale = add_sale(market)
    visitor = tab()
    visitor.open(f"/portal/leads/{sale}")
    assert visitor.send(f"/portal/leads/{sale}/return", reason="", note="kept words").status == 400
    assert 'id="e-reason"' in visitor.page
    assert "kept words" in visitor.page
    assert read_one(market, OUTCOME, sale) == "pending"


def test_why_leads_were_missed_is_told_with_own_numbers(tab: Open, market: psycopg.Connection) -> None:
    enrollment = read_one(market, ENROLLMENT)
    market.execute("select leadgen.pause_enrollment(%s)", [enrollment])
    add_missed(market)
    market.execute("select leadgen.resume_enrollment(%s)", [enrollment])
    visitor = tab()
    visitor.open("/portal")
    assert "You had paused. 1 45.00 USD" in visitor.text


def test_a_cap_that_was_used_up_is_told_with_its_numbers(tab: Open, market: psycopg.Connection) -> None:
    enrollment = read_one(market, ENROLLMENT)
    used = read_one(
        market, "select sales[2] from leadgen.enrollment_usage where buyer_offer_id = %s", enrollment
    )
    market.execute("update leadgen.buyer_offers set capacity_per_day = %s where id = %s", [used, enrollment])
    add_missed(market)
    visitor = tab()
    visitor.open("/portal")
    market.execute("update leadgen.buyer_offers set capacity_per_day = null where id = %s", [enrollment])
    assert "Your cap of leads a day was used up." in visitor.text
    assert f"{used} of {used} used now" in visitor.text


def add_missed(market: psycopg.Connection) -> None:
    """A lead that nobody gets."""
    with pytest.raises(AssertionError):
        add_sale(market)


def test_an_owner_pauses_plans_and_resumes(tab: Open, market: psycopg.Connection) -> None:
    enrollment = read_one(market, ENROLLMENT)
    visitor = tab()
    visitor.open("/portal/terms")
    visitor.send(f"/portal/terms/{enrollment}/pause", **{"from": "", "until": ""})
    assert "Paused without end" in visitor.text
    assert read_one(market, PAUSED) is True
    visitor.send(
        f"/portal/terms/{enrollment}/pause", **{"from": "2099-12-24T08:00", "until": "2099-12-27T08:00"}
    )
    assert "Planned pause from 2099-12-24T14:00:00Z (08:00 America/Chicago)" in visitor.text
    assert "By the clock of America/Chicago: 2099-12-24 08:00 to 2099-12-27 08:00" in visitor.text
    visitor.send(f"/portal/terms/{enrollment}/resume")
    assert "The pause is over." in visitor.text
    assert read_one(market, "select pause_until is null from leadgen.buyer_offers where id = %s", enrollment)


@pytest.mark.parametrize(
    ("start", "until", "field"),
    [
        ("", "2001-01-01T00:00", "until"),
        ("no time", "", "from"),
        ("2099-01-02T00:00", "2099-01-01T00:00", "from"),
    ],
)
def test_a_pause_that_cannot_be_says_so_beside_the_field(
    tab: Open, market: psycopg.Connection, start: str, until: str, field: str
) -> None:
    enrollment = read_one(market, ENROLLMENT)
    visitor = tab()
    visitor.open("/portal/terms")
    answer = visitor.send(f"/portal/terms/{enrollment}/pause", **{"from": start, "until": until})
    assert answer.status == 400
    assert f'id="e-{field}-{enrollment}"' in visitor.page


def test_a_member_cannot_pause(tab: Open, market: psycopg.Connection) -> None:
    visitor = tab("member")
    visitor.open("/portal/terms")
    assert "/pause" not in visitor.page
    answer = visitor.send(f"/portal/terms/{read_one(market, ENROLLMENT)}/pause", until="")
    assert answer.status == 403
    assert read_one(market, "select count(*) from leadgen.buyer_offers where pause_until is not null") == 0


@pytest.fixture
def own_terms(market: psycopg.Connection) -> Iterator[object]:
    """The enrollment of Ann, of which she sets limits and hours."""
    enrollment = read_one(market, ENROLLMENT)
    market.execute(
        "update leadgen.buyer_offers set buyer_may_set = '{limits,hours}' where id = %s", [enrollment]
    )
    yield enrollment
    market.execute(
        "update leadgen.buyer_offers set buyer_may_set = '{}', capacity_per_day = null, schedule = null where id = %s",
        [enrollment],
    )


def test_an_owner_sets_limits_and_hours_where_the_enrollment_lets_it(
    tab: Open, market: psycopg.Connection, own_terms: object
) -> None:
    visitor, version = tab(), read_one(market, VERSION, own_terms)
    visitor.open("/portal/terms")
    visitor.send(f"/portal/terms/{own_terms}/limits", version=str(version), capacity_per_day="900")
    assert "The limits are set." in visitor.text
    assert re.search(r"cap day \d+ 900 ", visitor.text)
    version = read_one(market, VERSION, own_terms)
    visitor.send(f"/portal/terms/{own_terms}/hours", version=str(version), mon="8:00-12:00, 13:00-18:00")
    assert "Monday 08:00 to 12:00, 13:00 to 18:00 Tuesday closed" in visitor.text
    version = read_one(market, VERSION, own_terms)
    visitor.send(f"/portal/terms/{own_terms}/hours", version=str(version), always="yes")
    assert read_one(market, "select schedule is null from leadgen.buyer_offers where id = %s", own_terms)


def test_who_edits_the_limits_in_a_second_window_is_told_and_keeps_what_was_typed(
    tab: Open, market: psycopg.Connection, own_terms: object
) -> None:
    visitor, version = tab(), read_one(market, VERSION, own_terms)
    visitor.open("/portal/terms")
    visitor.send(f"/portal/terms/{own_terms}/limits", version=str(version), capacity_per_day="900")
    answer = visitor.send(f"/portal/terms/{own_terms}/limits", version=str(version), capacity_per_day="901")
    assert answer.status == 409
    assert "The terms were changed since this page was opened" in visitor.text
    assert 'name="capacity_per_day" value="901"' in visitor.page


@pytest.mark.parametrize(("form", "field"), [("limits", "capacity_per_day"), ("hours", "tue")])
def test_limits_and_hours_that_cannot_be_say_so_beside_the_field(
    tab: Open, market: psycopg.Connection, own_terms: object, form: str, field: str
) -> None:
    visitor, version = tab(), read_one(market, VERSION, own_terms)
    visitor.open("/portal/terms")
    answer = visitor.send(f"/portal/terms/{own_terms}/{form}", version=str(version), **{field: "<odd>"})
    assert answer.status == 400
    assert f'id="e-{field}-{own_terms}"' in visitor.page
    assert f'name="{field}" value="&lt;odd&gt;"' in visitor.page


def test_no_form_is_shown_for_what_the_operator_sets(tab: Open, market: psycopg.Connection) -> None:
    visitor, enrollment = tab(), read_one(market, ENROLLMENT)
    visitor.open("/portal/terms")
    assert "/limits" not in visitor.page
    assert "/hours" not in visitor.page
    assert visitor.send(f"/portal/terms/{enrollment}/limits", version="1").status == 409


def test_what_came_of_a_lead_is_said_by_one_tap(tab: Open, market: psycopg.Connection) -> None:
    sale = add_sale(market)
    visitor = tab("member")
    visitor.open(f"/portal/leads/{sale}")
    visitor.send(f"/portal/leads/{sale}/outcome", stage="contacted")
    visitor.send(f"/portal/leads/{sale}/outcome", stage="won", value="1200.50")
    visitor.send(f"/portal/leads/{sale}/outcome", stars="4")
    assert "Won, 1,200.50 USD" in visitor.text
    assert "4 of 5 stars" in visitor.text
    assert visitor.send(f"/portal/leads/{sale}/outcome", stage="quoted", value="a lot").status == 400
    assert 'id="e-value"' in visitor.page
    query = (
        "select (stage, value, stars, reports)::text from leadgen.reported_outcomes where assignment_id = %s"
    )
    assert read_one(market, query, sale) == "(won,1200.50,4,3)"


def test_a_return_brings_a_link_as_evidence(tab: Open, market: psycopg.Connection) -> None:
    sale = add_sale(market)
    visitor = tab("member")
    visitor.open(f"/portal/leads/{sale}")
    refused = visitor.send(
        f"/portal/leads/{sale}/return", reason="other", note="a test", evidence="ftp://a.example"
    )
    assert refused.status == 400
    assert "an https URL" in visitor.text
    assert 'value="ftp://a.example"' in visitor.page
    visitor.send(
        f"/portal/leads/{sale}/return", reason="other", note="a test", evidence="https://a.example/call"
    )
    assert "https://a.example/call" in visitor.text


def test_an_owner_tops_up_and_is_recharged(tab: Open, market: psycopg.Connection) -> None:
    """The whole way, by the double of Stripe: asked for, paid there, booked, and charged again by itself."""
    with running_stripe() as double:
        till = Till(market, double, name="Pia", email="pia@buyer.example")
        visitor = tab("owner", "Pia")
        visitor.open("/portal/money")
        assert "too low for a lead" in visitor.text
        asked = {"key": "one form", "top_up": "100.00", "save": "yes"}
        for _ in range(2):
            visitor.send("/portal/money/top-up", **asked)
        assert "Stripe's page is being opened." in visitor.text
        till.ask()
        visitor.open(visitor.place)
        assert double.url in str(visitor.links)
        double.pay(
            str(read_one(market, "select session_id from leadgen.payments where buyer_id = %s", till.buyer))
        )
        till.hear_all()
        till.ask()
        visitor.open(visitor.place)
        assert "The money has come" in visitor.text
        visitor.open("/portal/money")
        assert "Balance 100.00 USD enough" in visitor.text
        visitor.send("/portal/money/recharge", below="150", amount="200", budget="400.00")
        assert "below 150.00 USD your card is charged 200.00 USD , at most 400.00 USD a month" in visitor.text
        till.tend()
        till.ask()
        till.hear_all()
        visitor.open("/portal/money")
        assert "Balance 300.00 USD" in visitor.text
        visitor.send("/portal/money/recharge", off="yes")
        assert "Recharges are off." in visitor.text
        till.check()


def test_an_amount_that_cannot_be_says_so_beside_the_field(tab: Open, market: psycopg.Connection) -> None:
    if not market.execute("select from leadgen.buyers where name = 'Pia'").fetchall():
        Catalogue(market).add_buyer(name="Pia", billing_mode="prepaid", currency="USD")
    visitor = tab("owner", "Pia")
    visitor.open("/portal/money")
    assert visitor.send("/portal/money/top-up", key="a form", top_up="ten").status == 400
    assert 'id="e-top_up"' in visitor.page
    assert visitor.send("/portal/money/recharge", below="1", amount="2", budget="1").status == 400
    assert 'id="e-budget"' in visitor.page


def test_who_does_not_pay_in_advance_has_no_top_up(tab: Open) -> None:
    visitor = tab("owner")
    visitor.open("/portal/money")
    assert "/portal/money/top-up" not in visitor.page
    assert visitor.send("/portal/money/top-up", key="a form", top_up="10.00").status == 409


def test_a_member_tops_nothing_up(tab: Open) -> None:
    visitor = tab("member", "Bob")
    visitor.open("/portal/money")
    assert visitor.send("/portal/money/top-up", key="a form", top_up="10.00").status == 403
    assert visitor.open("/portal/notices").status == 403


def test_an_owner_chooses_who_is_told_of_what(tab: Open, market: psycopg.Connection) -> None:
    visitor = tab("owner", "Bob")
    visitor.open("/portal/notices")
    assert "Your account's address, bob@buyer.example" in visitor.text
    user = re.findall(r'<option value="(\d+)"', visitor.page)[0]
    visitor.send("/portal/notices", money="off", invoices=user, deliveries="account")
    assert "Your choice is kept." in visitor.text
    assert f'<option value="{user}" selected>' in visitor.page
    assert visitor.send("/portal/notices", money="mail@elsewhere.example").status == 400
    assert 'id="e-money"' in visitor.page
    query = (
        "select string_agg(concat_ws(' ', topic, is_wanted, user_id), ', ' order by topic)"
        " from leadgen.notice_choices"
    )
    assert read_one(market, query) == f"deliveries t, invoices t {user}, money f"


def test_two_clicks_send_one_test(tab: Open, market: psycopg.Connection) -> None:
    endpoint, before = read_one(market, ENDPOINT), read_one(market, TESTS)
    visitor = tab("member")
    visitor.open("/portal/endpoints")
    for _ in range(2):
        visitor.send(f"/portal/endpoints/{endpoint}/test")
        assert "A test is on its way" in visitor.text
    assert read_one(market, TESTS) == int(str(before)) + 1


def test_money_is_told_with_what_was_booked(tab: Open, market: psycopg.Connection) -> None:
    sale = add_sale(market)
    visitor = tab("member")
    visitor.open("/portal/money")
    assert f"/portal/leads/{sale}" in visitor.links
    visitor.open("/portal/statement?from=2020-01-01&to=2099-01-01")
    assert "Below zero" in visitor.text
    assert "45.00 USD" in visitor.text


def test_a_statement_of_no_period_says_so(tab: Open) -> None:
    visitor = tab()
    assert visitor.open("/portal/statement?from=2020-01-01&to=x").status == 400
    assert "2020-01-01" in visitor.page


def test_an_invoice_is_shown_and_comes_as_pdf(tab: Open, market: psycopg.Connection) -> None:
    add_sale(market)
    number = send_invoice(market)
    visitor = tab("member")
    visitor.open("/portal/invoices")
    assert number in visitor.text
    visitor.open(f"/portal/invoices/{number}")
    assert "45.00 USD" in visitor.text
    answer = visitor.fetch(f"/portal/invoices/{number}/pdf")
    assert answer.status == 200
    assert answer.body.startswith(b"%PDF")


def send_invoice(market: psycopg.Connection) -> str:
    """Bill Ann for what it bought; the invoice is sent."""
    market.execute("update leadgen.billing_settings set company = 'LeadGen', address = '1 Main Street'")
    query = "select unnest(leadgen.invoice_buyer(b.id, p_early => true)) from leadgen.buyers b where b.name = 'Ann'"
    return str(read_one(market, query))


def test_an_owner_invites_and_removes(tab: Open, market: psycopg.Connection) -> None:
    market.execute("update leadgen.settings set invitations_per_day = 1000")  # the file has made many users
    visitor = tab()
    visitor.open("/portal/team")
    visitor.send("/portal/team", email="new@people.example", name="New One", member_kind="member")
    assert "new@people.example is invited." in visitor.text
    user = read_one(market, "select id from leadgen.users where email = 'new@people.example'")
    visitor.send(f"/portal/team/{user}/remove", reason="left")
    assert "new@people.example is removed." in visitor.text
    assert read_one(market, "select status::text from leadgen.users where id = %s", user) == "deactivated"


def test_an_invitation_that_cannot_be_keeps_what_was_typed(tab: Open) -> None:
    visitor = tab()
    visitor.open("/portal/team")
    assert visitor.send("/portal/team", email="", name="Kept Name", member_kind="member").status == 400
    assert "Kept Name" in visitor.page
    assert 'id="e-email"' in visitor.page


def test_an_old_session_signs_in_again_and_keeps_what_was_typed(
    site: Api, market: psycopg.Connection
) -> None:
    email, token = add_visitor(market, "owner", "Ann")
    market.execute(
        "update leadgen.user_sessions s set created_at = now() - interval '20 minutes' from leadgen.users u"
        " where u.id = s.user_id and u.email = %s",
        [email],
    )
    visitor = Tab(site, {"leadgen_session": token})
    visitor.open("/portal/team")
    answer = visitor.send("/portal/team", email="late@people.example", name="Late", member_kind="member")
    assert answer.status == 403
    assert "late@people.example" in visitor.page
    assert 'name="password"' in visitor.page


def test_a_key_is_shown_once_and_works(tab: Open, site: Api) -> None:
    visitor = tab()
    visitor.open("/portal/keys")
    visitor.send("/portal/keys", name="crm", kind="buyer", scope_read="yes")
    key = visitor.page.split("<code>")[1].split("</code>")[0]
    assert site.get("/api/balance", X_API_Key=key).status == 200
    visitor.open("/portal/keys")
    assert key not in visitor.page
    assert "crm" in visitor.text


def test_a_member_makes_keys_of_its_own_only(tab: Open) -> None:
    visitor = tab("member")
    visitor.open("/portal/keys")
    assert visitor.send("/portal/keys", name="mine", kind="buyer", scope_read="yes").status == 400
    assert visitor.send("/portal/keys", name="mine", kind="user", scope_read="yes").status == 200
