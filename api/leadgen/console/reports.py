"""Reports: the views of schema report, one as a page with a plot, and all of its rows as a file."""

from datetime import date
from decimal import Decimal
from itertools import groupby, islice, pairwise
from typing import Any, NamedTuple

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Stream

from leadgen.app.problems import Problem
from leadgen.app.services import FromServices, Request
from leadgen.app.signed_in import as_user
from leadgen.console.money import read_asked_day
from leadgen.console.money_queries import EXPORT, REPORT, REPORTS
from leadgen.console.query import address, read_text
from leadgen.console.site import CONSOLE
from leadgen.pages.site import Json
from leadgen.pages.visitor import admit

PLACE = "/console/reports"
CSV = "text/csv; charset=utf-8"
LONGEST_VIEW = 63
WIDTH, HEIGHT = 640, 120  # of a plot
MOST_PLOTS = 3
LEAST_BARS = 14  # for so many there is room
DIRECTIONS = {"down": True, "up": False}


class Bar(NamedTuple):
    """A point of a plot: where its bar stands, and what it says."""

    day: str
    value: Decimal
    x: float
    y: float
    width: float
    height: float


class Plot(NamedTuple):
    """The bars of one currency, or of all there is."""

    of: str | None
    bars: list[Bar]


@get(PLACE, include_in_schema=False)
async def list_reports(request: Request, services: FromServices) -> Response[bytes]:
    """The views that there are."""
    visitor = await admit(CONSOLE, request, services)
    return visitor.show("own/reports.html", await visitor.ask(REPORTS))


@get(PLACE + "/{view:str}", include_in_schema=False)
async def show_report(request: Request, services: FromServices, view: FromPath[str]) -> Response[bytes]:
    """Rows of a view and of a period, sorted, at most so many as a page holds."""
    visitor, view = await admit(CONSOLE, request, services), view[:LONGEST_VIEW].replace("\0", "")
    asked = {name: read_text(request, name) or "" for name in ("from", "to", "zone", "plot")}
    sort, is_down = read_text(request, "sort"), DIRECTIONS.get(request.query_params.get("order", ""))
    problem = None
    try:
        days = read_asked_day(request, "from"), read_asked_day(request, "to")
        found = await visitor.ask_for_long(
            REPORT, view, *days, asked["zone"] or None, sort, is_down, asked["plot"] or None
        )
    except Problem as refused:
        if refused.kind.status != 400:
            raise
        problem, found = refused, await visitor.ask_for_long(REPORT, view, None, None, None, None, None, None)
    days_shown = {"from": found["from"], "to": found["to"], "zone": found["zone_given"]}
    here = f"{PLACE}/{found['view']}"
    values = {
        **found,
        "asked": asked if problem else {**asked, **days_shown},
        "here": here,
        "file": address(f"{here}/file", **days_shown),
        "heads": list_heads(found, here, {**days_shown, "plot": asked["plot"]}),
        "plots": draw_plots(found["plot"]["points"]) if found["plot"] else [],
    }
    return visitor.show("own/report.html", values, problem)


@get(PLACE + "/{view:str}/file", include_in_schema=False)
async def send_file(request: Request, services: FromServices, view: FromPath[str]) -> Stream:
    """All rows of the period as CSV, as `leadgen export` writes them."""
    visitor, view = await admit(CONSOLE, request, services), view[:LONGEST_VIEW].replace("\0", "")
    days = read_asked_day(request, "from"), read_asked_day(request, "to")
    with as_user(services, visitor.presented):
        pieces = await services.exports.start(
            EXPORT, (visitor.presented.token_hash, view, *days, read_text(request, "zone"))
        )
    name = "-".join([view, *(str(day) for day in days if day)])
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"}
    return Stream(pieces, media_type=CSV, headers=headers)


REPORT_ROUTES = (list_reports, show_report, send_file)


def list_heads(found: Json, here: str, query: Json) -> list[dict[str, Any]]:
    """The heads of the table: a link each, which sorts by the column, or turns it round."""
    heads = []
    for column in found["columns"]:
        is_here = column["name"] == found["sort"]
        turns_up = is_here and found["is_down"]
        place = address(here, **query, sort=column["name"], order="up" if turns_up else "down")
        order = ("descending" if found["is_down"] else "ascending") if is_here else None
        heads.append({**column, "place": place, "order": order})
    return heads


def draw_plots(points: list[Json]) -> list[Plot]:
    """A plot of each currency, at most three: a bar stands where its day is, as high as the highest allows."""
    groups = groupby(points, key=lambda point: point["of"])
    return [Plot(of, draw_bars(list(rows))) for of, rows in islice(groups, MOST_PLOTS)]


def draw_bars(rows: list[Json]) -> list[Bar]:
    """The bars of one plot. The step is a day, or what lies between two rows that are next to each other."""
    days = [date.fromisoformat(row["day"]).toordinal() for row in rows]
    step = min((after - before for before, after in pairwise(days)), default=1)
    width = WIDTH / max((days[-1] - days[0]) / step + 1, LEAST_BARS)
    values = [Decimal(row["value"]) for row in rows]
    top, low = max(Decimal(0), *values), min(Decimal(0), *values)
    scale = HEIGHT / float(top - low or 1)
    return [
        Bar(
            row["day"],
            value,
            x=round((day - days[0]) / step * width, 2),
            y=round(float(top - max(value, Decimal(0))) * scale, 2),
            width=round(max(width - 1, 0.5), 2),
            height=round(float(abs(value)) * scale, 2),
        )
        for row, day, value in zip(rows, days, values, strict=True)
    ]
