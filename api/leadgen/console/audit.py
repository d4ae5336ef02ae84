"""The audit: its entries, one as a difference, and the proof of its chain part by part."""

from litestar import Response, get
from litestar.params import FromPath

from leadgen.app.problems import Problem
from leadgen.app.services import FromServices, Request
from leadgen.console.catalogue import let_through
from leadgen.console.house_queries import AUDIT, ENTRY, PROOF
from leadgen.console.query import address, read_id, read_row, read_text
from leadgen.console.site import CONSOLE
from leadgen.pages.visitor import admit

PLACE = "/console/audit"


@get(PLACE, include_in_schema=False)
async def list_entries(request: Request, services: FromServices) -> Response[bytes]:
    """Entries, the newest first, by who, table, row and since when."""
    visitor = await admit(CONSOLE, request, services)
    who, table, row, since = (read_text(request, name) for name in ("who", "table", "row", "since"))
    before, problem = read_id(request, "before"), None
    try:
        found = await visitor.ask(AUDIT, who, table, row, since, before)
    except Problem as refused:
        problem = let_through(refused)
        found = await visitor.ask(AUDIT, who, table, row, None, before)
    query = {"who": who, "table": table, "row": row, "since": since}
    more = found["next"] and address(PLACE, **query, before=found["next"])
    values = {**found, **query, "more": more, "asked": any(query.values())}
    return visitor.show("own/audit.html", values, problem)


@get(PLACE + "/proof", include_in_schema=False)
async def prove(request: Request, services: FromServices) -> Response[bytes]:
    """Whether a part of the chain is what was chained: the latest, or the one after a position."""
    visitor = await admit(CONSOLE, request, services)
    after = 0 if request.query_params.get("after") == "0" else read_id(request, "after")
    return visitor.show("own/audit_proof.html", await visitor.ask_for_long(PROOF, after))


@get(PLACE + "/{entry_id:str}", include_in_schema=False)
async def show_entry(request: Request, services: FromServices, entry_id: FromPath[str]) -> Response[bytes]:
    """One entry."""
    visitor = await admit(CONSOLE, request, services)
    return visitor.show("own/audit_entry.html", await visitor.ask(ENTRY, read_row(entry_id)))


AUDIT_ROUTES = (list_entries, prove, show_entry)
