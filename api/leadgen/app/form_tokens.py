"""GET /api/form-token: the signed token of a landing page's form."""

from litestar import Response, get

from leadgen.app.openapi.models import FormToken
from leadgen.app.openapi.operations import TOO_OFTEN, answer, operation, parameter, refused
from leadgen.app.problems import NOT_FOUND, Problem
from leadgen.app.services import FromServices, Request

NO_SOURCE_KEY = Problem.of_field("source_key", "nothing", "the source_key of the page's source")


@get(
    "/api/form-token",
    summary="Get the token of a form",
    operation_class=operation(
        answer(200, "The token.", FormToken),
        refused(NO_SOURCE_KEY),
        refused(Problem(NOT_FOUND, "There is no such source")),
        TOO_OFTEN,
        parameters=(
            parameter("query", "source_key", "Public name of the source.", minLength=1, maxLength=100),
        ),
    ),
)
async def issue_form_token(request: Request, services: FromServices) -> Response[bytes]:
    """A landing page asks for it as it opens, and sends it with the form, so that the offer can judge how long the form
    was open. It is no secret, and may be used more than once.
    """
    await services.admit_anybody(request)
    source_key = request.query_params.get("source_key", "").replace("\x00", "\ufffd")
    if not source_key:
        raise NO_SOURCE_KEY
    token = await services.queries.issue_form_token(source_key)
    return Response(token.encode(), media_type="application/json")
