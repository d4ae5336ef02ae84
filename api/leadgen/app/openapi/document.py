"""The document, put together and served.

Litestar makes the paths from the handlers, msgspec makes the schemas from the models. Error examples come from the code
that writes errors, and webhooks are a table of their own.
"""

import json
from importlib.metadata import version
from typing import Any

import msgspec
from litestar import Litestar, Request, Router
from litestar.connection import ASGIConnection
from litestar.enums import OpenAPIMediaType
from litestar.exceptions import NotFoundException
from litestar.handlers import BaseRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import Guard
from msgspec import Struct, StructMeta

from leadgen.app.open_to_readers import admit_reader
from leadgen.app.openapi import account_models, book_models, models
from leadgen.app.openapi.operations import ANYBODY, REF, Json
from leadgen.app.openapi.webhooks import WEBHOOKS

PATHS = ["/", "/openapi.json"]


def make_config(*, is_open: bool) -> OpenAPIConfig:
    """Litestar's configuration: the document at /schema and /schema/openapi.json, and nothing else there.

    Unless it is open, it is for whoever has a key or is signed in: it says what there is to be attacked.
    """
    guards: list[Guard] = [_only_the_document, *([] if is_open else [admit_reader])]
    return OpenAPIConfig(
        title="LeadGen API",
        version=version("leadgen"),
        description="Takes leads in and says what became of them. Errors are problem details (RFC 9457), except the "
        "400 of a lead that was stored and failed validation.",
        components=Components(
            security_schemes={
                "bearer": _in_authorization("A source's or an operator's key."),
                "apiKey": _in_x_api_key("A source's or an operator's key."),
                "buyerBearer": _in_authorization("A buyer's key."),
                "buyerApiKey": _in_x_api_key("A buyer's key."),
                "sessionBearer": _in_authorization(
                    "The token of a session, as login answers it to a program."
                ),
                "sessionCookie": SecurityScheme(
                    "apiKey",
                    name="__Host-leadgen_session",
                    security_scheme_in="cookie",
                    description="The cookie of a session, as login sets it in a browser. Requests that change "
                    "something carry its X-CSRF-Token, too.",
                ),
            }
        ),
        security=ANYBODY,
        use_handler_docstrings=True,
        operation_id_creator=lambda handler, *_: _camel_case(handler.handler_name),
        openapi_router=Router("/schema", guards=guards, include_in_schema=False, route_handlers=[]),
        render_plugins=[_Document(path=PATHS, media_type=OpenAPIMediaType.OPENAPI_JSON)],
    )


def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.title() for other in others)


def _in_authorization(description: str) -> SecurityScheme:
    return SecurityScheme("http", scheme="bearer", description=description)


def _in_x_api_key(description: str) -> SecurityScheme:
    return SecurityScheme("apiKey", name="X-API-Key", security_scheme_in="header", description=description)


def make_schemas() -> Json:
    """The schema of every model, with its example."""
    named = vars(models) | vars(account_models) | vars(book_models)
    structs = [one for one in named.values() if isinstance(one, StructMeta) and one is not Struct]
    _, schemas = msgspec.json.schema_components(structs, ref_template=REF)
    for schema in schemas.values():
        schema["description"] = " ".join(schema["description"].split())
    fields = schemas["Lead"]["properties"]
    schemas["Lead"]["examples"] = [{name: field["examples"][0] for name, field in fields.items()}]
    for example in models.EXAMPLES:
        schemas[type(example).__name__]["examples"] = [msgspec.to_builtins(example)]
    return schemas


def make_document(app: Litestar) -> Json:
    """The document of an app: what Litestar made of its handlers, with the schemas and the webhooks."""
    made = app.openapi_schema.to_schema()
    return made | {"webhooks": WEBHOOKS, "components": made["components"] | {"schemas": make_schemas()}}


class _Document(OpenAPIRenderPlugin):
    """Serves the document."""

    _body: bytes | None = None

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The document as JSON; made at the first request."""
        if self._body is None:
            self._body = json.dumps(make_document(request.app), indent=2).encode()
        return self._body


def _only_the_document(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Litestar has a page of its own for what it does not find below /schema; we answer a problem."""
    if connection.scope["path"].rstrip("/") not in ("/schema", "/schema/openapi.json"):
        raise NotFoundException
