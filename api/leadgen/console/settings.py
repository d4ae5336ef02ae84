"""Settings: what holds for the whole installation, and the form of each row of it, as the tables declare them."""

import json

from litestar import Response, get, post
from litestar.params import FromPath

from leadgen.app.problems import Problem
from leadgen.app.services import FromServices, Request
from leadgen.console.catalogue import NO_COLUMNS, let_through, word_form, write_value
from leadgen.console.catalogue_queries import ADD_ROW, NEW_FORM
from leadgen.console.house_queries import SAVE_SETTING, SETTING, SETTINGS
from leadgen.console.site import CONSOLE
from leadgen.pages.site import Json
from leadgen.pages.visitor import Visitor, admit

PLACE = "/console/settings"
LIMIT = "rate_limit"
KEY = "key"  # of the query, once for each column of the row's key
LONGEST_KEY, MOST_KEYS = 200, 2


@get(PLACE, include_in_schema=False)
async def list_settings(request: Request, services: FromServices) -> Response[bytes]:
    """All of them."""
    visitor = await admit(CONSOLE, request, services)
    found = await visitor.ask(SETTINGS)
    for field in (*found["settings"], *found["billing"]):
        field["text"] = write_value(field["value"], field["kind"])
    return visitor.show("own/settings.html", found)


@get(PLACE + "/new", include_in_schema=False)
async def show_new_limit(request: Request, services: FromServices) -> Response[bytes]:
    """The form of a new rate limit."""
    return await _show_new(await admit(CONSOLE, request, services))


@post(PLACE + "/new", status_code=200, include_in_schema=False)
async def add_limit(request: Request, services: FromServices) -> Response[bytes]:
    """Add a rate limit."""
    visitor = await admit(CONSOLE, request, services)
    try:
        await visitor.call(ADD_ROW, LIMIT, _read_columns(visitor), visitor.fields.get("reason"))
    except Problem as problem:
        return await _show_new(visitor, let_through(problem))
    return visitor.go(PLACE, "The rate limit is there. API processes read it within seconds.")


@get(PLACE + "/{form:str}", include_in_schema=False)
async def show_setting(request: Request, services: FromServices, form: FromPath[str]) -> Response[bytes]:
    """The form of one row."""
    visitor = await admit(CONSOLE, request, services)
    keys = [_cut(text) for text in request.query_params.getall(KEY, [])]
    return await _show(visitor, _cut(form), keys[:MOST_KEYS])


@post(PLACE + "/{form:str}", status_code=200, include_in_schema=False)
async def save_setting(request: Request, services: FromServices, form: FromPath[str]) -> Response[bytes]:
    """Save it, if the row is still as its form showed it."""
    visitor = await admit(CONSOLE, request, services)
    fields = visitor.fields
    form = _cut(form)
    keys = [_cut(fields[name]) for name in (f"{KEY}_1", f"{KEY}_2") if name in fields]
    try:
        is_new = await visitor.call(
            SAVE_SETTING, form, keys, _read_columns(visitor), fields.get("stamp"), fields.get("reason")
        )
    except Problem as problem:
        return await _show(visitor, form, keys, let_through(problem))
    return visitor.go(PLACE, "It is saved." if is_new else "Nothing was changed.")


SETTING_ROUTES = (list_settings, show_new_limit, add_limit, show_setting, save_setting)


async def _show(
    visitor: Visitor, form: str, keys: list[str], problem: Problem | None = None
) -> Response[bytes]:
    found = await visitor.ask(SETTING, form, keys)
    return _show_form(visitor, found, {"name": form, "keys": keys, "action": f"{PLACE}/{form}"}, problem)


async def _show_new(visitor: Visitor, problem: Problem | None = None) -> Response[bytes]:
    found = await visitor.ask(NEW_FORM, LIMIT)
    return _show_form(
        visitor, found, {"name": "new rate limit", "keys": [], "action": f"{PLACE}/new"}, problem
    )


def _show_form(visitor: Visitor, found: Json, values: Json, problem: Problem | None) -> Response[bytes]:
    whole = {**found, **values, "form": word_form(found["form"]), "at": "row"}
    return visitor.show("own/setting.html", whole, problem, visitor.fields if problem else None)


def _cut(text: str) -> str:
    """A word of an address as a text of the database may be."""
    return text.replace("\0", "")[:LONGEST_KEY]


def _read_columns(visitor: Visitor) -> str:
    names = NO_COLUMNS | {f"{KEY}_1", f"{KEY}_2"}
    return json.dumps({name: text for name, text in visitor.fields.items() if name not in names})
