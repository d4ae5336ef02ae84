"""The console in a real browser: by day and by night, on a desk and on a phone, with and without JavaScript."""

from collections.abc import Callable, Iterator

import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from api.people import PASSWORD
from api.serving import Api, add_sale, running_api
from console.people import SESSION, add_person, add_session
from console.test_actions import lead_of
from console.test_speed import CATALOGUE, HOUSE
from doubles.provider import CLIENT_ID, CLIENT_SECRET, Provider, running_provider
from leadgen.console.site import CONSOLE
from rig.chromium import needs_chromium, running_chromium
from rig.ports import free_port

pytestmark = needs_chromium

NARROW: ViewportSize = {"width": 320, "height": 640}
WIDE: ViewportSize = {"width": 1600, "height": 1000}
MOST_BYTES = 60_000  # of a first load
Visit = Callable[[str], Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_chromium() as running:
        yield running


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained of, but for refusals that a test asks for."""
    return []


@pytest.fixture
def context(browser: Browser, site: Api, complaints: list[str]) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=f"http://127.0.0.1:{site.port}", viewport=WIDE)
    context.on("console", lambda message: complaints.append(message.text))
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    yield context
    context.close()
    assert [one for one in complaints if "responded with a status of 4" not in one] == []


@pytest.fixture
def visit(context: BrowserContext, site: Api, market: psycopg.Connection) -> Visit:
    """A page of the browser in which somebody of a role is signed in."""

    def sign_in(role: str) -> Page:
        token = add_session(market, role)
        context.add_cookies([{"name": SESSION, "value": token, "url": f"http://127.0.0.1:{site.port}"}])
        return context.new_page()

    return sign_in


SERVE_AT = "import sys; from leadgen.app.server import serve; serve('127.0.0.1', {}, int(sys.argv[1]))"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with running_provider() as running:
        yield running


@pytest.fixture(scope="module")
def front(site: Api, provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The same API under a host of its own, which passkeys and the identity provider need."""
    port = free_port()
    with running_api(
        site.database,
        tmp_path_factory.mktemp("front"),
        code=SERVE_AT.format(port),
        ENVIRONMENT="development",
        PUBLIC_URL=f"http://localhost:{port}",
        OIDC_ISSUER=provider.issuer,
        OIDC_CLIENT_ID=CLIENT_ID,
        OIDC_CLIENT_SECRET=CLIENT_SECRET,
        OIDC_NAME="Example",
    ) as running:
        yield running


def check_look(page: Page) -> None:
    """Nobody is shut out, and everything fits, by day and by night."""
    for scheme, size in (("light", WIDE), ("dark", NARROW)):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.set_viewport_size(size)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url
        found = Axe().run(page)
        assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"
    page.set_viewport_size(WIDE)


def test_signing_in_by_keyboard_and_out_again(context: BrowserContext, market: psycopg.Connection) -> None:
    page = context.new_page()
    page.goto("/console/returns")
    check_look(page)
    page.get_by_label("E-mail address").fill(add_person(market, "operator"))
    page.get_by_label("Password").fill("wrong password here")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("The sign-in failed")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Returns")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Find a lead")).to_be_focused()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.go_back()
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_signing_in_by_a_passkey_and_by_an_identity_provider(
    browser: Browser, front: Api, provider: Provider, market: psycopg.Connection
) -> None:
    email = add_person(market, "operator")
    context = browser.new_context(base_url=f"http://localhost:{front.port}")
    page = context.new_page()
    devices = context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    device = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
    }
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": device | {"isUserVerified": True}})
    page.goto("/console")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_have_text("The sign-in with a passkey failed.")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("link", name="Your account").click()
    page.get_by_label("Name of the new passkey").fill("a key")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("row", name="a key")).to_be_visible()
    check_look(page)
    page.get_by_role("button", name="Sign out").click()
    page.goto("/console/held")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Held leads")
    page.get_by_role("button", name="Sign out").click()

    page.goto("/console/returns")
    page.get_by_role("link", name="Sign in with Example").click()
    page.wait_for_url(f"{provider.issuer}/authorize*")
    page.goto(provider.sign_in(page.url, email))  # what the provider answers once it knows who it is
    expect(page.get_by_role("heading", level=1)).to_have_text("Returns")
    context.close()


def test_every_page_looks_right_and_is_small(visit: Visit, market: psycopg.Connection) -> None:
    lead = lead_of(market, add_sale(market))
    page = visit("admin")
    sizes: list[int] = []
    page.on("response", lambda response: sizes.append(int(response.headers.get("content-length", "0"))))
    page.goto("/console")
    assert len(sizes) >= 4
    assert sum(sizes) < MOST_BYTES
    policy = "/console/policies/routing/1"
    places = [*(link.path for link in CONSOLE.links), f"/console/leads/{lead}", policy, "/console/nowhere"]
    places += [*CATALOGUE, *HOUSE, "/console/buyers/new", "/console/doctor?part=market"]
    for place in places:
        page.goto(place)
        check_look(page)


def test_a_policy_from_typing_to_live(visit: Visit, market: psycopg.Connection) -> None:
    add_sale(market)
    page = visit("admin")
    page.goto("/console/policies")
    page.get_by_role("link", name="Austin plumbing").nth(1).click()
    editor = page.get_by_label("Its rules, as JSON")
    editor.fill("{")
    editor.press("End")
    editor.press_sequentially('"strat')
    offered = page.get_by_role("listbox", name="Keys and values")
    expect(offered.get_by_role("option")).to_have_count(1)
    check_look(page)
    editor.press("Enter")
    editor.press_sequentially('"h')
    editor.press("Tab")
    expect(editor).to_have_value('{"strategy": "highest_price"')
    editor.press("Control+Space")
    expect(offered).to_be_hidden()
    editor.fill('{"strategy": "cheapest"}')
    expect(page.locator("#checked")).to_contain_text("config.strategy")
    editor.fill('{"strategy": "highest_price", "caps": {"per_day": 0}}')
    expect(page.locator("#checked")).to_contain_text("caps.per_day: set to 0")
    page.get_by_role("button", name="Play Austin plumbing").click()
    expect(page.get_by_role("region", name="Austin plumbing: totals")).to_be_visible()
    check_look(page)
    editor.fill('{"strategy": "highest_price"}')
    page.locator("summary", has_text="Publish").click()
    page.get_by_label("Reason", exact=False).first.fill("the best price first")
    page.get_by_role("button", name="Publish it now").click()
    expect(page.get_by_role("status")).to_contain_text("is live.")
    expect(page.get_by_role("row", name="the best price first")).to_be_visible()


def test_hours_and_areas_of_an_enrollment_by_keyboard(visit: Visit, market: psycopg.Connection) -> None:
    page = visit("operator")
    page.goto(CATALOGUE[1])
    page.get_by_label("Monday 00:00").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Tuesday 00:00")).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.get_by_label("Tuesday 01:00")).not_to_be_checked()
    hours = page.get_by_role("region", name="Hours", exact=True)
    hours.get_by_label("Reason").fill("nobody is up")
    hours.get_by_label("Reason").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("It is saved.")
    expect(page.get_by_role("img", name="Map of")).to_be_visible()
    page.get_by_label("Postal codes, prefixes and cities").fill("Austin\n7870l")
    page.get_by_role("button", name="Check the list").click()
    expect(page.get_by_role("status")).to_contain_text("Line 2: 7870l")
    check_look(page)
    market.execute("update leadgen.buyer_offers set schedule = null")


def test_today_renews_itself_when_something_happens(visit: Visit, market: psycopg.Connection) -> None:
    page = visit("analyst")
    with page.expect_response("**/api/events"):
        page.goto("/console")
    leads = page.locator("dl.figures dd").first
    before = int(leads.inner_text().split()[0])
    add_sale(market)
    market.execute("select leadgen.run_chore('fill_feed')")
    expect(leads).to_contain_text(str(before + 1))


def test_a_form_is_sent_once_however_often_it_is_pressed(visit: Visit, market: psycopg.Connection) -> None:
    page = visit("operator")
    page.goto("/console/endpoints")
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    page.get_by_role("button", name="Test endpoint").first.dblclick()
    expect(page.get_by_role("status")).to_contain_text("A test is on its way")
    assert len(posts) == 1


def test_the_back_button_shows_the_list_that_was_left(visit: Visit, market: psycopg.Connection) -> None:
    lead = lead_of(market, add_sale(market))
    page = visit("analyst")
    page.goto("/console/leads?status=sold")
    page.get_by_role("link", name=str(lead), exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"Lead {lead}")
    page.go_back()
    expect(page.get_by_label("State")).to_have_value("sold")


def test_everything_works_without_javascript(browser: Browser, site: Api, market: psycopg.Connection) -> None:
    lead = lead_of(market, add_sale(market))
    context = browser.new_context(
        base_url=f"http://127.0.0.1:{site.port}", viewport=NARROW, java_script_enabled=False
    )
    page = context.new_page()
    page.goto("/console")
    page.get_by_label("E-mail address").fill(add_person(market, "operator"))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("searchbox", name="Find a lead").fill(str(lead))
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name=str(lead), exact=True).click()
    page.locator("summary", has_text="Show the contact").click()
    page.locator("details[open]").get_by_label("Reason").fill("a test")
    page.get_by_role("button", name="Show it").click()
    expect(page.get_by_text("John Smith")).to_be_visible()
    context.close()
