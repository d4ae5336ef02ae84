"""The portal in a real browser: accessible, at home on a phone, by one tap, with and without JavaScript."""

from collections.abc import Iterator

import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Request, ViewportSize

from api.serving import Api, add_sale
from console.people import SESSION
from portal.visitors import KINDS, PAGES, add_visitor, read_one
from rig.chromium import needs_chromium, running_chromium

PHONE: ViewportSize = {"width": 320, "height": 640}
DESK: ViewportSize = {"width": 1280, "height": 800}
WIDER = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
OUTCOME = "select outcome::text from leadgen.lead_assignments where id = %s"

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for the file."""
    with running_chromium() as running:
        yield running


def sign_in(
    context: BrowserContext, site: Api, market: psycopg.Connection, kind: str, buyer: str = "Ann"
) -> Page:
    """A page of somebody of a buyer's."""
    _, token = add_visitor(market, kind, buyer)
    context.add_cookies([{"name": SESSION, "value": token, "url": f"http://127.0.0.1:{site.port}"}])
    return context.new_page()


def check_accessible(page: Page) -> None:
    """No violation of WCAG that axe finds, and nothing wider than the screen."""
    assert page.evaluate(WIDER) is False, page.url
    found = Axe().run(page)
    assert found.violations_count == 0, f"{page.url}: {found.generate_report()}"


@pytest.mark.parametrize("kind", KINDS)
def test_each_page_is_accessible_and_fits_a_phone(
    browser: Browser, site: Api, market: psycopg.Connection, kind: str
) -> None:
    sale = add_sale(market)
    context = (
        browser.new_context(viewport=PHONE, color_scheme="light")
        if kind == "owner"
        else browser.new_context(viewport=DESK, color_scheme="dark")
    )
    page, complaints = sign_in(context, site, market, kind), list[str]()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    market.execute("update leadgen.buyer_offers set buyer_may_set = '{limits,hours}'")
    team = ("/portal/team", "/portal/notices") if kind == "owner" else ()
    for place in (*PAGES, "/portal/account", *team, f"/portal/leads/{sale}"):
        page.goto(f"http://127.0.0.1:{site.port}{place}")
        check_accessible(page)
    assert complaints == []
    context.close()


def test_a_double_tap_accepts_once(browser: Browser, site: Api, market: psycopg.Connection) -> None:
    sale = add_sale(market)
    context = browser.new_context(viewport=PHONE)
    page, asked = sign_in(context, site, market, "member"), list[Request]()
    page.on("request", lambda one: asked.append(one))
    page.goto(f"http://127.0.0.1:{site.port}/portal/leads")
    page.get_by_role("button", name=f"Accept sale {sale}", exact=True).dblclick()
    page.get_by_text(f"You have accepted sale {sale}.").wait_for()
    assert [one.method for one in asked].count("POST") == 1
    assert read_one(market, OUTCOME, sale) == "accepted"
    context.close()


def test_without_javascript_what_came_of_a_lead_is_said_by_one_tap(
    browser: Browser, site: Api, market: psycopg.Connection
) -> None:
    sale = add_sale(market)
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)
    page = sign_in(context, site, market, "member")
    page.goto(f"http://127.0.0.1:{site.port}/portal/leads/{sale}")
    page.get_by_role("button", name="Contacted").click()
    page.get_by_text("Thank you. It is kept.").wait_for()
    page.get_by_label("Value in USD").fill("950")
    page.get_by_role("button", name="Quoted").click()
    page.get_by_text("Quoted, 950.00 USD").wait_for()
    page.get_by_role("button", name="5 stars").click()
    page.get_by_text("5 of 5 stars").wait_for()
    context.close()


def test_an_owner_tops_up_on_a_phone(browser: Browser, site: Api, market: psycopg.Connection) -> None:
    """With the script a payment's page waits for Stripe by itself."""
    market.execute("update leadgen.buyers set billing_mode = 'prepaid', currency = 'USD' where name = 'Bob'")
    context = browser.new_context(viewport=PHONE)
    page = sign_in(context, site, market, "owner", "Bob")
    page.goto(f"http://127.0.0.1:{site.port}/portal/money")
    check_accessible(page)
    page.get_by_label("Amount in USD").fill("50.00")
    page.get_by_role("button", name="Top up").click()
    page.get_by_text("Stripe's page is being opened.").wait_for()
    market.execute("update leadgen.payments set session_url = 'https://stripe.example/pay' where amount = 50")
    page.get_by_role("link", name="Pay 50.00 USD").wait_for()
    check_accessible(page)
    context.close()


def test_without_javascript_a_lead_is_returned(
    browser: Browser, site: Api, market: psycopg.Connection
) -> None:
    sale = add_sale(market)
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)
    page = sign_in(context, site, market, "member")
    page.goto(f"http://127.0.0.1:{site.port}/portal/leads")
    page.get_by_role("link", name=f"Return sale {sale}", exact=True).click()
    page.get_by_label("Why").select_option("other")
    page.get_by_label("Note").fill("the person did not ask for this")
    page.get_by_role("button", name="Return it").click()
    page.get_by_text(f"Your return of sale {sale} was received.").wait_for()
    assert read_one(market, "select via from leadgen.sale_returns where assignment_id = %s", sale) == "portal"
    context.close()
