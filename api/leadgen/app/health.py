"""Whether the process lives, and whether it can do its work."""

from litestar import get

from leadgen.app.problems import UNAVAILABLE, Problem
from leadgen.app.services import FromServices

NOT_READY = "The database is away, or not migrated yet"


@get("/health/live", sync_to_thread=False)
def show_live() -> dict[str, str]:
    """The process answers; restart it when it does not."""
    return {"status": "live"}


@get("/health/ready")
async def show_ready(services: FromServices) -> dict[str, str]:
    """The database is reachable and migrated; send no requests (503) while it is not."""
    try:
        is_ready = await services.queries.is_ready()
    except Problem as problem:
        raise Problem(UNAVAILABLE, NOT_READY) from problem.__cause__
    if not is_ready:
        raise Problem(UNAVAILABLE, NOT_READY)
    return {"status": "ready"}
