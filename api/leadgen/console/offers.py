"""Offers: the list with what cannot work, one with its policies, sources, caps and buyers, and a new one."""

from litestar import Response, get, post
from litestar.params import FromPath

from leadgen.app.services import FromServices, Request
from leadgen.console.catalogue import OFFERS_PAGE, add_row, save_row, show_new, show_row
from leadgen.console.catalogue_queries import OFFERS
from leadgen.console.query import read_row
from leadgen.console.site import CONSOLE
from leadgen.pages.visitor import admit


@get("/console/offers", include_in_schema=False)
async def list_offers(request: Request, services: FromServices) -> Response[bytes]:
    """Offers by name; and all of the catalogue that cannot work."""
    visitor = await admit(CONSOLE, request, services)
    return visitor.show("own/offers.html", await visitor.ask(OFFERS))


@get("/console/offers/new", include_in_schema=False)
async def show_new_offer(request: Request, services: FromServices) -> Response[bytes]:
    """The form of a new offer."""
    return await show_new(await admit(CONSOLE, request, services), OFFERS_PAGE)


@post("/console/offers", status_code=200, include_in_schema=False)
async def add_offer(request: Request, services: FromServices) -> Response[bytes]:
    """Add one."""
    return await add_row(await admit(CONSOLE, request, services), OFFERS_PAGE)


@get("/console/offers/{offer_id:str}", include_in_schema=False)
async def show_offer(request: Request, services: FromServices, offer_id: FromPath[str]) -> Response[bytes]:
    """One offer."""
    return await show_row(await admit(CONSOLE, request, services), OFFERS_PAGE, read_row(offer_id))


@post("/console/offers/{offer_id:str}/save", status_code=200, include_in_schema=False)
async def save_offer(request: Request, services: FromServices, offer_id: FromPath[str]) -> Response[bytes]:
    """Save its form."""
    return await save_row(await admit(CONSOLE, request, services), OFFERS_PAGE, read_row(offer_id))


OFFER_ROUTES = (list_offers, show_new_offer, add_offer, show_offer, save_offer)
