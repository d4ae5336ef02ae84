"""Where a buyer is reached, and how that goes."""

from litestar import Response, get, post
from litestar.params import FromPath

from leadgen.app.problems import Problem
from leadgen.app.services import FromServices, Request
from leadgen.pages.query import read_row
from leadgen.pages.visitor import admit
from leadgen.portal.queries import ENDPOINTS, SEND_TEST
from leadgen.portal.refused import check_said
from leadgen.portal.site import PORTAL

PAGE = "/portal/endpoints"


@get(PAGE, include_in_schema=False)
async def list_endpoints(request: Request, services: FromServices) -> Response[bytes]:
    """Each endpoint with its health, and the latest deliveries."""
    visitor = await admit(PORTAL, request, services)
    return visitor.show("own/endpoints.html", await visitor.ask(ENDPOINTS))


@post(PAGE + "/{endpoint_id:str}/test", status_code=200, include_in_schema=False)
async def send_test(request: Request, services: FromServices, endpoint_id: FromPath[str]) -> Response[bytes]:
    """Send a test. While one is on its way, a second click finds it."""
    visitor, endpoint = await admit(PORTAL, request, services), read_row(endpoint_id)
    try:
        delivery = await visitor.call(SEND_TEST, endpoint)
    except Problem as problem:
        check_said(problem)
        return visitor.show("own/endpoints.html", await visitor.ask(ENDPOINTS), problem)
    return visitor.go(PAGE, f"A test is on its way: delivery {delivery}.")


ENDPOINT_ROUTES = (list_endpoints, send_test)
