"""Whether all is well: the verdicts of `leadgen doctor` that the database can give, part by part."""

from litestar import Response, get

from leadgen.app.services import FromServices, Request
from leadgen.console.house_queries import DOCTOR
from leadgen.console.query import read_text
from leadgen.console.site import CONSOLE
from leadgen.pages.site import is_part
from leadgen.pages.visitor import admit

PLACE = "/console/doctor"


@get(PLACE, include_in_schema=False)
async def show_doctor(request: Request, services: FromServices) -> Response[bytes]:
    """The page, with the verdicts of a part if the address names one. htmx asks for each part by the same address."""
    visitor = await admit(CONSOLE, request, services)
    found = await visitor.ask_for_long(DOCTOR, read_text(request, "part"))
    if is_part(request):
        return visitor.show_part("own/doctor_verdicts.html", found)
    return visitor.show("own/doctor.html", found)


DOCTOR_ROUTES = (show_doctor,)
