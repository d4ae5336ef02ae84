"""All routes of the console."""

from litestar import Response, Router, get
from litestar.params import FromPath

from leadgen.app.problems import NOT_FOUND, Problem
from leadgen.app.services import FromServices, Request
from leadgen.console.audit import AUDIT_ROUTES
from leadgen.console.buyers import BUYER_ROUTES
from leadgen.console.doctor import DOCTOR_ROUTES
from leadgen.console.enrollments import ENROLLMENT_ROUTES
from leadgen.console.keys import KEY_ROUTES
from leadgen.console.leads import LEAD_ROUTES
from leadgen.console.offers import OFFER_ROUTES
from leadgen.console.policies import POLICY_ROUTES
from leadgen.console.queues import QUEUE_ROUTES
from leadgen.console.settings import SETTING_ROUTES
from leadgen.console.site import CONSOLE
from leadgen.console.sources import SOURCE_ROUTES
from leadgen.console.today import show_today
from leadgen.console.users import USER_ROUTES
from leadgen.pages.account import make_account_routes
from leadgen.pages.failures import make_handlers
from leadgen.pages.visitor import admit


@get("/console/{rest:path}", include_in_schema=False)
async def show_nothing(request: Request, services: FromServices, rest: FromPath[str]) -> Response[bytes]:
    """Any other address of the console."""
    await admit(CONSOLE, request, services)
    raise Problem(NOT_FOUND, "There is nothing at this address.")


CONSOLE_ROUTES = Router(
    path="/",
    route_handlers=[
        show_today,
        *LEAD_ROUTES,
        *QUEUE_ROUTES,
        *BUYER_ROUTES,
        *ENROLLMENT_ROUTES,
        *OFFER_ROUTES,
        *SOURCE_ROUTES,
        *POLICY_ROUTES,
        *USER_ROUTES,
        *KEY_ROUTES,
        *AUDIT_ROUTES,
        *SETTING_ROUTES,
        *DOCTOR_ROUTES,
        *make_account_routes(CONSOLE),
        show_nothing,
    ],
    exception_handlers=make_handlers(CONSOLE),
)
