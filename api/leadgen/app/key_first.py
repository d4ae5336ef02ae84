"""Who has to show a key or a session shows one that is in force, before anything else of the request is looked at.

So whoever has none learns nothing of what a body may be. A key that this process has seen in force costs no statement:
the call itself asks for it again.
"""

from typing import Any, cast

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from leadgen.app.headers import key_hash_of
from leadgen.app.openapi.operations import ANYBODY, USER
from leadgen.app.problems import UNAUTHORIZED, Problem
from leadgen.app.services import Request, Services
from leadgen.app.signed_in import admit_session, as_user

BY_ITSELF = "admits_by_itself"  # among a handler's opt: it looks at the key first as no other does


async def admit_holder(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Guard of all handlers. Raises Problem: 401 for no key or one that is not in force, or a rate limit."""
    callers = getattr(handler, "security", None)
    if not callers or ANYBODY[0] in callers or handler.opt.get(BY_ITSELF):
        return
    services: Services = connection.app.state.services
    request = cast("Request", connection)  # a guard of HTTP is given the request
    if callers == USER:
        presented = await admit_session(request, services)
        if not services.rates.knows_key(presented.context):
            with as_user(services, presented):
                await services.queries.check_reader(presented.token_hash)
        return
    caller = await services.admit_caller(request)
    if "api_key_hash" not in caller:
        raise Problem(UNAUTHORIZED, "No valid API key")
    if not services.rates.knows_key(caller):
        with services.rates.judge_key(caller):
            await services.queries.check_reader(key_hash_of(caller))
