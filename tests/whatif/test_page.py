"""The page of a what-if: whole in itself, well-formed, and true to the numbers."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest

from leadgen.whatif.page import HEIGHT, LEFT, WIDTH, day_chart, make_page, scale
from whatif.outcomes import make_empty, make_identical, make_outcome

MADE_AT = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)
CHICAGO = ZoneInfo("America/Chicago")
HOSTILE = """</title><script>alert(1)</script>&"'<img src="http://evil.example/x" onerror='y'>"""
FETCHES = {"src", "href", "srcset", "poster", "data", "action", "background"}
OUTSIDE = re.compile(r"url\(|@import|https?:|//\w", re.IGNORECASE)

Json = dict[str, Any]


def read(outcome: Json) -> ElementTree.Element:
    """The page parsed as XML: it is written so that both HTML and XML read it."""
    return ElementTree.fromstring(make_page(outcome, CHICAGO, MADE_AT))  # noqa: S314  our own text


def text_of(page: ElementTree.Element) -> str:
    return " ".join(" ".join(page.itertext()).split())


def many_days(count: int) -> list[Json]:
    first = date(2026, 1, 1)
    return [
        {
            "day": str(first + timedelta(days=i)),
            "actual": {"sold": i, "revenue": Decimal(i)},
            "simulated": {"sold": i, "revenue": Decimal(2 * i)},
        }
        for i in range(count)
    ]


def hostile_outcome() -> Json:
    """Every text that comes from a name or from the changes is an attack."""
    outcome = make_outcome(offer=HOSTILE, currency=HOSTILE, changes={"routing": {HOSTILE: HOSTILE}})
    for side in ("actual", "simulated"):
        outcome[side]["unsold_by_cause"] = {HOSTILE: 3}
        outcome[side]["rejected_by_code"] = {HOSTILE: 3}
    for row in outcome["buyers"]:
        row["buyer"] = HOSTILE
    for example in outcome["examples"]:
        example["why"] = HOSTILE
        for sale in (*example["actual"], *example["simulated"]):
            sale["buyer"] = HOSTILE
    return outcome


OUTCOMES = [
    make_outcome(),
    make_identical(),
    make_empty(),
    make_outcome(days=many_days(40)),
    make_outcome(days=many_days(1)),
]


@pytest.mark.parametrize("outcome", [*OUTCOMES, hostile_outcome()])
def test_the_page_is_well_formed_and_needs_nothing_from_outside(outcome: Json) -> None:
    page = read(outcome)
    elements = list(page.iter())
    assert {element.tag for element in elements} & {"script", "img", "link", "iframe", "object", "a"} == set()
    for element in elements:
        assert not FETCHES & set(element.attrib)
        assert not any(name.startswith("on") for name in element.attrib)
        assert not OUTSIDE.search(" ".join(element.attrib.values()))
    styles = [element.text or "" for element in elements if element.tag == "style"]
    assert len(styles) == 1
    assert not OUTSIDE.search(styles[0])


def test_what_comes_from_names_is_escaped() -> None:
    text = text_of(read(hostile_outcome()))
    assert text.count("<script>alert(1)</script>") > 10


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_ids_are_unique_and_labels_point_to_them(outcome: Json) -> None:
    elements = list(read(outcome).iter())
    ids = [element.attrib["id"] for element in elements if "id" in element.attrib]
    assert len(ids) == len(set(ids))
    labels = {
        element.attrib["aria-labelledby"] for element in elements if "aria-labelledby" in element.attrib
    }
    assert labels <= set(ids)


def test_the_numbers_are_on_the_page() -> None:
    outcome = make_outcome()
    text = text_of(read(outcome))
    expected = [
        "With weight 3 for Ace Plumbing, revenue +4.5 % (33,713.75 → 35,239.50 USD), 12 leads fewer unsold",
        "2026-11-07 00:00 to 2026-11-21 00:00, America/Chicago",
        "1,034 real leads",
        "Revenue, USD 35,239.50 as it was 33,713.75 +1,525.75",
        "Unsold or held 78 as it was 90 \N{MINUS SIGN}12",
        "Sold of the valid leads 90.7 % as it was 89.3 % +1.4 points",
        "weight 3 for Ace Plumbing enrollments.7.weight 3",
        "Ace Plumbing 214 331 +117 9,630.00 15,840.50 +6,210.50 28.6 % 43.6 % 76.4 % no cap",
        "Bolt & Sons 262 204 \N{MINUS SIGN}58 11,790.00 9,180.00 \N{MINUS SIGN}2,610.00 35.0 % 26.8 % 93.6 % 72.9 %",
        "2026-11-10 61 60 \N{MINUS SIGN}1 2,760.00 2,790.00 +30.00",
        "cap_day 41 27 \N{MINUS SIGN}14",
        "budget_month 0 2 +2",
        "As it was: duplicate 90, phone_region_mismatch 61, consent_missing 45",
        "812 as it was 171 to another buyer 26 at another price 18 sold in the what-if only 7 sold",
        "4011 Bolt & Sons 45.00 Ace Plumbing 47.50 Ace ranked first",
        "4102 Ace Plumbing 45.00 not sold",
        "leads unsold 86 74 \N{MINUS SIGN}12",
        "on 2026-11-21 12:30",
    ]
    for words in expected:
        assert words in text


def test_without_caps_there_is_no_column_of_use() -> None:
    outcome = make_outcome()
    assert "Capacity used" in text_of(read(outcome))
    for row in outcome["buyers"]:
        row["actual"]["fill"] = row["simulated"]["fill"] = None
    assert "Capacity used" not in text_of(read(outcome))


def test_every_table_has_a_caption_and_every_chart_a_title_or_a_table() -> None:
    page = read(make_outcome())
    for table in page.iter("table"):
        assert table.findtext("caption")
    for chart in page.iter("svg"):
        assert chart.findtext("title") or chart.attrib["aria-hidden"] == "true"


def test_few_days_are_bars_and_many_are_lines() -> None:
    few, many = day_chart(many_days(10)), day_chart(many_days(40))
    assert (len(few.bars), few.lines) == (10, None)
    assert many.bars == []
    assert many.lines is not None
    assert [len(line.split()) for line in many.lines] == [40, 40]
    assert len(many.days) <= 8


def test_bars_stand_on_the_axis_and_are_as_long_as_their_numbers() -> None:
    chart = day_chart(many_days(10))
    floor = chart.ticks[0].at
    for i, (was, would) in enumerate(chart.bars):
        assert was.y + was.height == pytest.approx(floor)
        assert would.height == pytest.approx(2 * was.height, abs=0.2), i
        assert was.x >= LEFT
        assert was.x + was.width <= would.x + 0.1
        assert would.x + would.width <= WIDTH
        assert 0 <= would.y <= HEIGHT
    assert chart.bars[9][1].height / chart.bars[3][1].height == pytest.approx(3, rel=0.01)


@pytest.mark.parametrize(
    ("most", "top", "step"),
    [(0, 1, 1), (1, 1, 0.5), (9, 10, 5), (100, 100, 50), (3071, 4000, 1000), (Decimal("0.07"), 0.08, 0.02)],
)
def test_an_axis_ends_at_a_round_number_above_the_most(most: float, top: float, step: float) -> None:
    assert scale(most) == pytest.approx((top, step))
