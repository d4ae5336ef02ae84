"""Today: how the day goes, and what needs a hand."""

from litestar import Response, get

from leadgen.app.services import FromServices, Request
from leadgen.console.queries import TODAY
from leadgen.console.site import CONSOLE
from leadgen.pages.site import is_part
from leadgen.pages.visitor import admit


@get("/console", include_in_schema=False)
async def show_today(request: Request, services: FromServices) -> Response[bytes]:
    """The page. htmx asks for its changing part by the same address."""
    visitor = await admit(CONSOLE, request, services)
    if is_part(request):
        return visitor.show_part("own/today_now.html", await visitor.ask_again(TODAY))
    return visitor.show("own/today.html", await visitor.ask(TODAY))
