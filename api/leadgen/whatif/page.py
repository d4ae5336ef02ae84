"""The outcome of a what-if as one page of HTML that needs nothing else: styles and charts are in it.

The template draws; the geometry of the charts is computed here.
"""

from datetime import date, datetime
from decimal import Decimal
from functools import partial
from math import ceil, floor, log10
from typing import NamedTuple
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from leadgen.whatif import words
from leadgen.whatif.changes import Json
from leadgen.words import money, money_form

WIDTH, HEIGHT = 760, 240  # of a chart by day, in its own units
LEFT, RIGHT, TOP, BOTTOM = 64, 8, 10, 26  # its margins
MOST_BARS = 16  # days that are drawn as bars; more are lines
MOST_LABELS = 8
TICKS = 4
NO_BREAK = "\N{NO-BREAK SPACE}"
NONE = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"


class Bar(NamedTuple):
    """One upright bar."""

    x: float
    y: float
    width: float
    height: float


class Label(NamedTuple):
    """A text on an axis."""

    at: float
    text: str


class DayChart(NamedTuple):
    """Two series by day: pairs of bars, or two lines as SVG's points."""

    ticks: list[Label]
    days: list[Label]
    bars: list[tuple[Bar, Bar]]
    lines: tuple[str, str] | None


def make_page(outcome: Json, zone: ZoneInfo, made_at: datetime) -> str:
    """The page; the period is shown in the market's zone."""
    template = _ENVIRONMENT.get_template("what_if.html")
    return template.render(
        o=outcome,
        headline=words.headline(outcome, "→", MINUS).replace(" %", NO_BREAK + "%"),
        period=words.period(outcome, zone),
        totals=words.totals(outcome),
        figures=figures(outcome),
        chart=day_chart(outcome["days"]) if len(outcome["days"]) > 1 else None,
        most_sales=max((side["sales"] for row in outcome["buyers"] for side in _sides(row)), default=0),
        has_fill=any(side["fill"] is not None for row in outcome["buyers"] for side in _sides(row)),
        causes=words.side_by_side(*(side["unsold_by_cause"] for side in _sides(outcome))),
        codes=words.side_by_side(*(side["rejected_by_code"] for side in _sides(outcome))),
        moves=words.MOVES,
        changes=words.changes_of(outcome),
        made_at=made_at.astimezone(zone).strftime("%Y-%m-%d %H:%M"),
    )


def figures(outcome: Json) -> list[tuple[str, str, str, str, str]]:
    """The four that matter: (name, what-if, as it was, difference, whether that is good, bad or neither)."""
    before, after = _sides(outcome)
    currency = outcome["currency"]
    form = money_form(currency)
    revenues = before["revenue"], after["revenue"]
    not_sold = [side["unsold"] + side["held"] for side in (before, after)]
    return [
        _figure(f"Revenue, {currency}", *revenues, partial(money, currency=currency), form),
        _figure("Leads sold", before["sold"], after["sold"], words.count, ","),
        _figure("Unsold or held", not_sold[0], not_sold[1], words.count, ",", more_is_better=False),
        (
            "Sold of the valid leads",
            words.percent(after["fill"]) or NONE,
            words.percent(before["fill"]) or NONE,
            words.points(before["fill"], after["fill"]),
            _judge((after["fill"] or 0) - (before["fill"] or 0)),
        ),
    ]


def day_chart(days: list[Json]) -> DayChart:
    """Revenue by day."""
    top, step = scale(max(side["revenue"] for day in days for side in _sides(day)))
    inner = WIDTH - LEFT - RIGHT
    slot = inner / len(days)

    def height(value: float | Decimal) -> float:
        return round(HEIGHT - BOTTOM - float(value) / top * (HEIGHT - TOP - BOTTOM), 1)

    centres = [round(LEFT + slot * (i + 0.5), 1) for i in range(len(days))]
    every = ceil(len(days) / MOST_LABELS)
    thick = round(slot * 0.36, 1)
    is_bars = len(days) <= MOST_BARS
    points = [
        " ".join(f"{x},{height(day[side]['revenue'])}" for x, day in zip(centres, days, strict=True))
        for side in ("actual", "simulated")
    ]
    return DayChart(
        ticks=[Label(height(n * step), f"{n * step:,.10g}") for n in range(round(top / step) + 1)],
        days=[Label(x, show_day(day["day"])) for x, day in list(zip(centres, days, strict=True))[::every]],
        bars=[
            (
                _bar(x - thick, thick, height(day["actual"]["revenue"])),
                _bar(x, thick, height(day["simulated"]["revenue"])),
            )
            for x, day in zip(centres, days, strict=True)
            if is_bars
        ],
        lines=None if is_bars else (points[0], points[1]),
    )


def scale(most: float | Decimal) -> tuple[float, float]:
    """The end of an axis from 0 that holds `most`, and the step of its ticks: 1, 2 or 5 times a power of 10."""
    if most <= 0:
        return 1, 1
    raw = float(most) / TICKS
    power = 10 ** floor(log10(raw))
    step = next(step for step in (power, 2 * power, 5 * power, 10 * power) if step >= raw * 0.999)
    return ceil(float(most) / step * 0.999) * step, step


def show_day(day: str) -> str:
    """`Nov 7`."""
    moment = date.fromisoformat(day)
    return f"{moment:%b} {moment.day}"


def share_of(part: float | Decimal, whole: float | Decimal) -> float:
    """A part in percent of the whole, for the length of a bar."""
    return round(float(part) / float(whole) * 100, 2) if whole else 0


def with_minus(text: str) -> str:
    """A number with the minus sign of typography."""
    return text.replace("-", MINUS, 1) if text.startswith("-") else text


def _figure(
    name: str,
    before: words.Number,
    after: words.Number,
    show: words.Show,
    form: str,
    more_is_better: bool = True,
) -> tuple[str, str, str, str, str]:
    difference = after - before
    judged = _judge(difference if more_is_better else -difference)
    return name, show(after), show(before), words.signed(difference, form), judged


def _judge(gain: words.Number) -> str:
    return "good" if gain > 0 else "bad" if gain < 0 else "same"


def _bar(x: float, width: float, top: float) -> Bar:
    return Bar(round(x, 1), top, width, round(HEIGHT - BOTTOM - top, 1))


def _sides(row: Json) -> tuple[Json, Json]:
    return row["actual"], row["simulated"]


_ENVIRONMENT = Environment(
    loader=PackageLoader("leadgen.whatif"),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters.update(
    count=words.count,
    money=money,
    percent=words.percent,
    signed=words.signed,
    minus=with_minus,
    share_of=share_of,
    sales=words.sales_of,
    money_form=money_form,
)
_ENVIRONMENT.globals.update(width=WIDTH, height=HEIGHT, left=LEFT, right=RIGHT, bottom=BOTTOM)
