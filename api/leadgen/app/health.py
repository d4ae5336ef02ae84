"""Whether the process lives, and whether it can do its work."""

from litestar import get

from leadgen.app.openapi.models import Health
from leadgen.app.openapi.operations import REFERENCE, answer, operation, refused
from leadgen.app.problems import UNAVAILABLE, UNEXPECTED, Problem
from leadgen.app.services import FromServices

NOT_READY = "The database cannot be reached, or is not migrated yet"


@get(
    "/health/live",
    sync_to_thread=False,
    operation_id="live",
    summary="The process answers",
    operation_class=operation(answer(200, "It answers.", Health), failures=refused(UNEXPECTED)),
)
def show_live() -> dict[str, str]:
    """Restart the process when it does not."""
    return {"status": "live"}


@get(
    "/health/ready",
    operation_id="ready",
    summary="The database is reachable and migrated",
    operation_class=operation(
        answer(200, "It is.", Health),
        refused(Problem(UNAVAILABLE, NOT_READY, extra=REFERENCE)),
    ),
)
async def show_ready(services: FromServices) -> dict[str, str]:
    """Send no requests while it is not."""
    try:
        is_ready = await services.queries.is_ready()
    except Problem as problem:
        raise Problem(UNAVAILABLE, NOT_READY) from problem.__cause__
    if not is_ready:
        raise Problem(UNAVAILABLE, NOT_READY)
    return {"status": "ready"}
