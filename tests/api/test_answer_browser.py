"""The pages behind the links in e-mails, in a real browser."""

from collections.abc import Iterator
from itertools import product
from typing import Literal

import psycopg
import pytest
from playwright.sync_api import Browser, Page, Request, ViewportSize

from api.serving import Api, add_sale
from api.test_answer_pages import make_link, outcome_of
from rig.chromium import needs_chromium, running_chromium

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
NARROW: ViewportSize = {"width": 320, "height": 640}
SIZES: tuple[ViewportSize, ...] = ({"width": 1280, "height": 800}, NARROW)
READABLE = 4.5  # WCAG 2.2, level AA

CONTRAST = """
([front, back]) => {
  const light = text => {
    const [r, g, b] = text.match(/[\\d.]+/g).slice(0, 3)
      .map(n => n / 255).map(n => n <= 0.04045 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [a, b] = [light(front), light(back)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}
"""

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_chromium() as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that fails the test when it complains or asks for anything but itself."""
    context = browser.new_context(viewport=NARROW)
    page = context.new_page()
    complaints: list[str] = []
    asked: list[Request] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda one: asked.append(one))
    yield page
    context.close()
    not_found = "Failed to load resource: the server responded with a status of 404 (Not Found)"
    assert set(complaints) <= {not_found}
    assert {one.resource_type for one in asked} == {"document"}


def color(page: Page, place: str, name: str) -> str:
    return str(page.locator(place).first.evaluate(f"e => getComputedStyle(e).{name}"))


def check_readable(page: Page) -> None:
    """By day and by night, on a desk and on a phone, on which the test goes on."""
    for scheme, size in product(SCHEMES, SIZES):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size(size)
        check_look(page)


def check_look(page: Page) -> None:
    """Everything fits the width, is styled, and stands out from its ground."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    paper = color(page, "main", "backgroundColor")
    assert paper != color(page, "body", "backgroundColor"), "the style was applied"
    for place, ground in (("h1", paper), ("main p", paper), ("dt", paper), ("button", None)):
        if page.locator(place).count():
            back = ground or color(page, place, "backgroundColor")
            assert page.evaluate(CONTRAST, [color(page, place, "color"), back]) >= READABLE, place
    if page.locator("button").count():
        box = page.locator("button").bounding_box()
        assert box
        assert box["height"] >= 44, "a finger hits it"


def test_accepting(api: Api, shared_database: psycopg.Connection, page: Page) -> None:
    sale = add_sale(shared_database)
    page.goto(f"http://127.0.0.1:{api.port}{make_link(shared_database, 'accept', sale)}")
    assert page.title() == "Accept this lead?"
    check_readable(page)
    assert outcome_of(shared_database, sale) == "pending"
    page.get_by_role("button", name="Accept the lead").click()
    page.get_by_role("heading", name="Accepted").wait_for()
    check_readable(page)
    assert outcome_of(shared_database, sale) == "accepted"
    page.reload()
    assert page.title() == "Accepted"


def test_returning(api: Api, shared_database: psycopg.Connection, page: Page) -> None:
    sale = add_sale(shared_database)
    page.goto(f"http://127.0.0.1:{api.port}{make_link(shared_database, 'return', sale)}")
    button = page.get_by_role("button", name="Return the lead")
    button.click()
    assert page.title() == "Return this lead?", "the browser asks for a reason first"
    check_readable(page)
    page.get_by_label("Reason").select_option("wrong_number")
    page.get_by_label("What happened").fill("A bakery <answers> & hangs up")
    button.click()
    page.get_by_role("heading", name="Returned").wait_for()
    check_readable(page)
    query = "select reason_code, note from leadgen.sale_returns where assignment_id = %s"
    returned = shared_database.execute(query, [sale]).fetchall()
    assert returned == [("wrong_number", "A bakery <answers> & hangs up")]


def test_a_link_that_does_not_work(api: Api, page: Page) -> None:
    page.goto(f"http://127.0.0.1:{api.port}/answers/nothing")
    assert page.title() == "This link does not work"
    check_readable(page)
