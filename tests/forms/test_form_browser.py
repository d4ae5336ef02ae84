"""The public form in a real browser: accessible, on a phone, in a frame, without JavaScript, sent once."""

import http.server
import threading
from collections.abc import Iterator

import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, FrameLocator, Page, Request, ViewportSize

from api.serving import Api
from forms.test_forms import FORM, LATEST, fill_in
from rig.chromium import needs_chromium, running_chromium

PHONE: ViewportSize = {"width": 320, "height": 640}
WIDER = "document.documentElement.scrollWidth > document.documentElement.clientWidth"

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for the file."""
    with running_chromium() as running:
        yield running


def fill(page: Page | FrameLocator, email: str) -> None:
    """Type what a visitor types."""
    typed = fill_in()
    page.get_by_label("Name", exact=True).fill(typed["name"])
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Phone number").fill(typed["phone"])
    page.get_by_label("Postal code").fill(typed["postal_code"])
    page.get_by_label("What is broken?").select_option("leak")
    page.get_by_label("I agree").check()


def test_the_form_is_accessible_and_fits_a_phone_also_with_faults(browser: Browser, site: Api) -> None:
    context = browser.new_context(viewport=PHONE)
    page, complaints = context.new_page(), list[str]()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(f"http://127.0.0.1:{site.port}{FORM}")
    for _ in range(2):
        assert page.evaluate(WIDER) is False
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        page.locator("form").evaluate("form => form.noValidate = true")
        page.get_by_role("button", name="Send").click()
        page.get_by_text("Please check your entries").wait_for()
    assert not [one for one in complaints if "400" not in one], complaints
    context.close()


def test_a_double_click_sends_it_once(browser: Browser, site: Api, market: psycopg.Connection) -> None:
    context = browser.new_context(viewport=PHONE)
    page, asked, email = context.new_page(), list[Request](), "double@example.com"
    page.on("request", lambda one: asked.append(one))
    page.goto(f"http://127.0.0.1:{site.port}{FORM}")
    fill(page, email)
    page.get_by_role("button", name="Send").dblclick()
    page.get_by_text("Thank you").wait_for()
    assert [one.method for one in asked].count("POST") == 1
    assert len(market.execute(LATEST, [email]).fetchall()) == 1
    context.close()


@pytest.fixture
def other_site(site: Api) -> Iterator[int]:
    """Another site, which shows the form in a frame, or under /scripted by its script; its port."""
    place = f"http://127.0.0.1:{site.port}{FORM}"
    framed = f'<iframe src="{place}"></iframe>'
    scripted = f'<script src="{place}/embed.js" data-title="Ask a plumber" async></script>'

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            part = scripted if self.path.startswith("/scripted") else framed
            self.wfile.write(f"<!doctype html><title>Other</title><body>{part}".encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_site_that_may_frames_it_and_no_other_without_javascript(
    browser: Browser, site: Api, market: psycopg.Connection, other_site: int
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page, email = context.new_page(), "framed@example.com"
    page.goto(f"http://127.0.0.1:{other_site}/")
    frame = page.frame_locator("iframe")
    assert frame.get_by_label("E-mail address").count() == 0
    market.execute(
        "update leadgen.lead_forms set frame_origins = array[%s]", [f"http://127.0.0.1:{other_site}"]
    )
    page.goto(f"http://127.0.0.1:{other_site}/")
    fill(frame, email)
    frame.get_by_role("button", name="Send").click()
    frame.get_by_text("Thank you").wait_for()
    row = market.execute(LATEST, [email]).fetchone()
    assert row
    assert str(row[5]).startswith(f"http://127.0.0.1:{other_site}")
    context.close()


def test_the_script_shows_it_as_high_as_it_is_and_keeps_where_its_visitor_comes_from(
    browser: Browser, site: Api, market: psycopg.Connection, other_site: int
) -> None:
    market.execute(
        "update leadgen.lead_forms set frame_origins = array[%s]", [f"http://127.0.0.1:{other_site}"]
    )
    context = browser.new_context(viewport=PHONE)
    page, email = context.new_page(), "scripted@example.com"
    place = f"http://127.0.0.1:{other_site}/scripted?utm_source=paper&utm_campaign=may"
    page.goto(place)
    frame = page.frame_locator("iframe[title='Ask a plumber']")
    fill(frame, email)
    page.wait_for_function(
        "height => parseInt(document.querySelector('iframe').style.height) !== height", arg=900
    )
    frame.get_by_role("button", name="Send").click()
    frame.get_by_text("Thank you").wait_for()
    row = market.execute(LATEST, [email]).fetchone()
    assert row
    assert (row[3], row[5]) == ("paper", place)
    context.close()


def test_its_sender_is_sent_on_to_the_sources_own_page(
    browser: Browser, site: Api, market: psycopg.Connection, other_site: int
) -> None:
    """A browser holds a redirect after a form to form-action, too: a policy of 'self' would end here."""
    place = f"http://127.0.0.1:{other_site}/done"
    market.execute("update leadgen.sources set success_url = %s where source_key = %s", [place, FORM[7:]])
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{site.port}{FORM}")
    fill(page, "sent.on@example.com")
    page.get_by_role("button", name="Send").click()
    page.wait_for_url(place)
    market.execute("update leadgen.sources set success_url = null where source_key = %s", [FORM[7:]])
    context.close()
