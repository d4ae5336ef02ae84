"""Who may read the OpenAPI document in production: whoever has a key, or is signed in."""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from leadgen.app.cookies import LONGEST, SESSION, hash_token
from leadgen.app.headers import group, read_caller
from leadgen.app.problems import UNAUTHORIZED, Problem
from leadgen.app.services import Services


async def admit_reader(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Guard. Raises Problem: 401 without a key or a session in force, or a rate limit."""
    services: Services = connection.app.state.services
    caller = read_caller(
        group(connection.scope["headers"]), connection.scope["client"], services.trusted_proxies
    )
    if "api_key_hash" not in caller:
        cookie = connection.cookies.get(services.cookies.prefix + SESSION, "")
        if 0 < len(cookie) <= LONGEST:
            caller["api_key_hash"] = hash_token(cookie)
    await services.rates.check_head(caller)
    if "api_key_hash" not in caller:
        raise Problem(UNAUTHORIZED, "The document is for whoever has an API key or is signed in")
    with services.rates.judge_key(caller):
        await services.queries.check_reader(caller["api_key_hash"])
