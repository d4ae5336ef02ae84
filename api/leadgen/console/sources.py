"""Sources: the list, one with its keys, cost and quality, and a new one."""

from litestar import Response, get, post
from litestar.params import FromPath

from leadgen.app.services import FromServices, Request
from leadgen.console.catalogue import (
    SOURCES_PAGE,
    add_row,
    give_key,
    save_row,
    show_new,
    show_row,
    take_key,
)
from leadgen.console.catalogue_queries import SOURCES
from leadgen.console.query import address, read_id, read_row
from leadgen.console.site import CONSOLE
from leadgen.pages.visitor import admit


@get("/console/sources", include_in_schema=False)
async def list_sources(request: Request, services: FromServices) -> Response[bytes]:
    """Sources by name."""
    visitor = await admit(CONSOLE, request, services)
    found = await visitor.ask(SOURCES, read_id(request, "after"))
    more = found["next"] and address("/console/sources", after=found["next"])
    return visitor.show("own/sources.html", {**found, "more": more})


@get("/console/sources/new", include_in_schema=False)
async def show_new_source(request: Request, services: FromServices) -> Response[bytes]:
    """The form of a new source."""
    return await show_new(await admit(CONSOLE, request, services), SOURCES_PAGE)


@post("/console/sources", status_code=200, include_in_schema=False)
async def add_source(request: Request, services: FromServices) -> Response[bytes]:
    """Add one."""
    return await add_row(await admit(CONSOLE, request, services), SOURCES_PAGE)


@get("/console/sources/{source_id:str}", include_in_schema=False)
async def show_source(request: Request, services: FromServices, source_id: FromPath[str]) -> Response[bytes]:
    """One source."""
    return await show_row(await admit(CONSOLE, request, services), SOURCES_PAGE, read_row(source_id))


@post("/console/sources/{source_id:str}/save", status_code=200, include_in_schema=False)
async def save_source(request: Request, services: FromServices, source_id: FromPath[str]) -> Response[bytes]:
    """Save its form."""
    return await save_row(await admit(CONSOLE, request, services), SOURCES_PAGE, read_row(source_id))


@post("/console/sources/{source_id:str}/keys", status_code=200, include_in_schema=False)
async def give_source_key(
    request: Request, services: FromServices, source_id: FromPath[str]
) -> Response[bytes]:
    """Make a key of the source."""
    return await give_key(await admit(CONSOLE, request, services), SOURCES_PAGE, read_row(source_id))


@post("/console/sources/{source_id:str}/keys/{key_id:str}/revoke", status_code=200, include_in_schema=False)
async def take_source_key(
    request: Request, services: FromServices, source_id: FromPath[str], key_id: FromPath[str]
) -> Response[bytes]:
    """Revoke one."""
    visitor = await admit(CONSOLE, request, services)
    return await take_key(visitor, SOURCES_PAGE, read_row(source_id), read_row(key_id))


SOURCE_ROUTES = (
    list_sources,
    show_new_source,
    add_source,
    show_source,
    save_source,
    give_source_key,
    take_source_key,
)
