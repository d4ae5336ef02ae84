"""The OpenAPI document, written by hand: the database checks the body, so no Python type describes it.

A test holds it against the routes, against the fields that leadgen.submit_lead accepts, and against the bodies
that buyers are sent.
"""

import json
from importlib.metadata import version

from litestar import Response, get

from leadgen.app.openapi.leads import EXPLAIN_LEAD, SUBMIT_LEAD, TAKE_POST, VERIFY_SUBSCRIPTION
from leadgen.app.openapi.parts import UNAVAILABLE, Json
from leadgen.app.openapi.sales import (
    ACCEPT_ASSIGNMENT,
    GIVE_ANSWER,
    LIST_RETURN_REASONS,
    RETURN_ASSIGNMENT,
    SALE_SCHEMAS,
    SHOW_ANSWER,
    SHOW_ASSIGNMENT,
    TAKE_SMS_STATUS,
)
from leadgen.app.openapi.schemas import FIELDS, SCHEMAS
from leadgen.app.openapi.webhooks import WEBHOOK_SCHEMAS, WEBHOOKS

__all__ = ["DOCUMENT", "FIELDS", "show_schema"]


def _health(operation_id: str, summary: str, status: str, **responses: Json) -> Json:
    schema = {"type": "object", "properties": {"status": {"const": status}}}
    answer = {"description": summary, "content": {"application/json": {"schema": schema}}}
    return {"operationId": operation_id, "summary": summary, "responses": {"200": answer, **responses}}


DOCUMENT: Json = {
    "openapi": "3.1.0",
    "info": {
        "title": "LeadGen API",
        "version": version("leadgen"),
        "description": "Takes leads in and says what became of them. Errors are problem details (RFC 9457), "
        "except the 400 of a lead that was stored and failed validation.",
    },
    "servers": [{"url": "/"}],
    "paths": {
        "/api/leads": {"post": SUBMIT_LEAD},
        "/api/leads/{lead_id}/decision": {"get": EXPLAIN_LEAD},
        "/api/sources/{source_key}/leads": {"post": TAKE_POST, "get": VERIFY_SUBSCRIPTION},
        "/api/assignments/{assignment_id}": {"get": SHOW_ASSIGNMENT},
        "/api/assignments/{assignment_id}/accept": {"post": ACCEPT_ASSIGNMENT},
        "/api/assignments/{assignment_id}/return": {"post": RETURN_ASSIGNMENT},
        "/api/return-reasons": {"get": LIST_RETURN_REASONS},
        "/answers/{token}": {"get": SHOW_ANSWER, "post": GIVE_ANSWER},
        "/api/sms/status/{message_id}": {"post": TAKE_SMS_STATUS},
        "/health/live": {"get": _health("live", "The process answers", "live")},
        "/health/ready": {
            "get": _health("ready", "The database is reachable and migrated", "ready", **{"503": UNAVAILABLE})
        },
    },
    "webhooks": WEBHOOKS,
    "components": {
        "schemas": {**SCHEMAS, **SALE_SCHEMAS, **WEBHOOK_SCHEMAS},
        "securitySchemes": {
            "bearer": {"type": "http", "scheme": "bearer", "description": "A source's or an operator's key."},
            "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            "buyerBearer": {"type": "http", "scheme": "bearer", "description": "A buyer's key."},
            "buyerApiKey": {
                "type": "apiKey",
                "in": "header",
                "name": "X-API-Key",
                "description": "A buyer's key.",
            },
        },
    },
}
_BODY = json.dumps(DOCUMENT, indent=2).encode()


@get(["/schema", "/schema/openapi.json"], include_in_schema=False, sync_to_thread=False)
def show_schema() -> Response[bytes]:
    """The document."""
    return Response(_BODY, media_type="application/vnd.oai.openapi+json")
