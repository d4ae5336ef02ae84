"""All routes of the portal."""

from litestar import Response, Router, get
from litestar.params import FromPath

from leadgen.app.problems import NOT_FOUND, Problem
from leadgen.app.services import FromServices, Request
from leadgen.pages.account import make_account_routes
from leadgen.pages.failures import make_handlers
from leadgen.pages.visitor import admit
from leadgen.portal.endpoints import ENDPOINT_ROUTES
from leadgen.portal.leads import LEAD_ROUTES
from leadgen.portal.money import MONEY_ROUTES
from leadgen.portal.notices import NOTICE_ROUTES
from leadgen.portal.site import PORTAL
from leadgen.portal.team import TEAM_ROUTES
from leadgen.portal.terms import TERMS_ROUTES


@get("/portal/{rest:path}", include_in_schema=False)
async def show_nothing(request: Request, services: FromServices, rest: FromPath[str]) -> Response[bytes]:
    """Any other address of the portal."""
    await admit(PORTAL, request, services)
    raise Problem(NOT_FOUND, "There is nothing at this address.")


PORTAL_ROUTES = Router(
    path="/",
    route_handlers=[
        *TERMS_ROUTES,
        *LEAD_ROUTES,
        *ENDPOINT_ROUTES,
        *MONEY_ROUTES,
        *TEAM_ROUTES,
        *NOTICE_ROUTES,
        *make_account_routes(PORTAL),
        show_nothing,
    ],
    exception_handlers=make_handlers(PORTAL),
)
