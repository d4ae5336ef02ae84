"""The OpenAPI document, written by hand: the database checks the body, so no Python type describes it.

A test holds it against the routes and against the fields that leadgen.submit_lead accepts.
"""

import json
from importlib.metadata import version
from typing import Any

from litestar import Response, get

from leadgen.app import problems
from leadgen.app.problems import MEDIA_TYPE, Kind

Json = dict[str, Any]


def _text(description: str, max_length: int, example: str) -> Json:
    return {
        "type": ["string", "null"],
        "maxLength": max_length,
        "description": description,
        "examples": [example],
    }


def _flag(description: str) -> Json:
    return {"type": ["boolean", "null"], "description": description, "examples": [True]}


FIELDS: Json = {
    "source": _text("Kind of page or partner, for reports.", 100, "landing_page"),
    "source_key": _text("Public name of the source; not needed with an API key.", 100, "austin-plumbing-v1"),
    "idempotency_key": _text(
        "Names this submission: the same key and body again get the stored answer. The header "
        "Idempotency-Key does the same. Without either, a key is derived from the content and the day.",
        128,
        "c1a9d3b2d6c84c2b9b6f9adf4b4e1c1f",
    ),
    "name": _text("Full name. Required.", 200, "John Smith"),
    "email": _text("Email address. Required.", 200, "john@example.com"),
    "phone": _text("Phone, international or as dialled in the country. Required.", 40, "+15125550123"),
    "country_code": _text("ISO 3166-1 alpha-2; without it the market's.", 2, "US"),
    "region_code": _text("ISO 3166-2.", 20, "US-TX"),
    "postal_code": _text("Postal code; of a US ZIP+4 five digits count. Required.", 16, "78701"),
    "city": _text("City.", 128, "Austin"),
    "message": _text("What the person needs, in their words.", 10_000, "Emergency plumbing needed"),
    "attributes": {
        "type": ["object", "null"],
        "description": "Answers of the vertical's own; any JSON. Unknown fields outside of it are refused.",
        "examples": [{"job_type": "leak"}],
    },
    "utm_source": _text("Campaign source.", 100, "google"),
    "utm_medium": _text("Campaign medium.", 100, "cpc"),
    "utm_campaign": _text("Campaign name.", 100, "plumbing_austin"),
    "landing_url": _text("Page that the form was on.", 2_000, "https://plumbing-austin.example/quote"),
    "consent": _flag("The person agreed to be contacted."),
    "gdpr_consent": _flag("The person agreed to the processing of their data."),
    "consent_at": _text("When they agreed, ISO 8601 with offset.", 40, "2026-11-21T10:15:00Z"),
    "consent_certificate_url": _text("Proof of consent.", 2_000, "https://cert.example/0123456789"),
}

LEAD_EXAMPLE: Json = {
    "source": "landing_page",
    "source_key": "austin-plumbing-v1",
    "idempotency_key": "c1a9d3b2d6c84c2b9b6f9adf4b4e1c1f",
    "name": "John Smith",
    "email": "john@example.com",
    "phone": "+15125550123",
    "country_code": "US",
    "postal_code": "78701",
    "message": "Emergency plumbing needed",
    "attributes": {"job_type": "leak"},
    "utm_source": "google",
    "utm_medium": "cpc",
    "utm_campaign": "plumbing_austin",
    "consent": True,
    "gdpr_consent": True,
}

SCHEMAS: Json = {
    "Lead": {
        "type": "object",
        "properties": FIELDS,
        "additionalProperties": False,
        "examples": [LEAD_EXAMPLE],
    },
    "Accepted": {
        "type": "object",
        "required": ["lead_id", "status", "message", "buyer_id", "offer_id", "price"],
        "properties": {
            "lead_id": {"type": "integer"},
            "status": {"const": "accepted"},
            "message": {"type": "string"},
            "buyer_id": {
                "type": ["integer", "null"],
                "description": "Null: nobody can take it now, or not disclosed.",
            },
            "offer_id": {"type": "integer"},
            "price": {"type": ["number", "null"]},
        },
        "examples": [
            {
                "lead_id": 12345,
                "status": "accepted",
                "message": "Lead qualified and delivered to buyer",
                "buyer_id": 7,
                "offer_id": 12,
                "price": 45.00,
            }
        ],
    },
    "Rejected": {
        "type": "object",
        "description": "The lead is stored and failed validation.",
        "required": ["detail"],
        "properties": {
            "detail": {
                "type": "object",
                "required": ["lead_id", "reason", "message", "errors"],
                "properties": {
                    "lead_id": {"type": "integer"},
                    "reason": {"type": "string", "description": "The first failure."},
                    "message": {"type": "string"},
                    "errors": {"type": "array", "description": "Every failure.", "items": {"type": "object"}},
                },
            }
        },
        "examples": [
            {
                "detail": {
                    "lead_id": 12345,
                    "reason": "Invalid postal_code for offer",
                    "message": "Lead did not pass validation",
                    "errors": [
                        {
                            "code": "postal_code_not_allowed",
                            "field": "postal_code",
                            "reason": "Invalid postal_code for offer",
                        }
                    ],
                }
            }
        ],
    },
    "Problem": {
        "type": "object",
        "description": "Problem details, RFC 9457. Nothing was stored, unless `quarantine_id` is given.",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string", "format": "uri"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "instance": {
                "type": "string",
                "format": "uri",
                "description": "With 5xx: the reference in our log.",
            },
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {name: {"type": "string"} for name in ("field", "found", "allowed")},
                },
            },
            "step": {"type": "string", "description": "With a quarantined lead: the step that failed."},
            "quarantine_id": {"type": "integer"},
            "message": {"type": "string", "description": "To a source's own shape: the detail once more."},
        },
        "examples": [
            {
                "type": problems.MALFORMED.type,
                "title": problems.MALFORMED.title,
                "status": 400,
                "detail": "Idempotency-Key: found an empty text; allowed: 1 to 128 characters",
                "errors": [
                    {"field": "Idempotency-Key", "found": "an empty text", "allowed": "1 to 128 characters"},
                ],
            }
        ],
    },
}


def _ref(schema: str) -> Json:
    return {"$ref": f"#/components/schemas/{schema}"}


def _content(**schema_of_type: str) -> Json:
    types = {"json": "application/json", "problem": MEDIA_TYPE}
    return {types[name]: {"schema": _ref(schema)} for name, schema in schema_of_type.items()}


def _problem(description: str, *headers: str) -> Json:
    described = {name: {"schema": {"type": "string"}} for name in headers}
    return {"description": description, "headers": described, "content": _content(problem="Problem")}


def _titles(*kinds: Kind) -> str:
    return "; ".join(kind.title for kind in kinds)


UNEXPECTED: Json = {"500": _problem(_titles(problems.UNEXPECTED))}
UNAUTHORIZED = _problem("The API key is missing where one is needed, or not valid", "WWW-Authenticate")
UNAVAILABLE = _problem(_titles(problems.UNAVAILABLE), "Retry-After")

SUBMIT_LEAD: Json = {
    "operationId": "submitLead",
    "summary": "Submit a lead",
    "description": "Stored, judged, sold, priced and queued for delivery in one transaction.",
    "security": [{}, {"bearer": []}, {"apiKey": []}],
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "As the field idempotency_key; where both are given they must agree.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 128},
        }
    ],
    "requestBody": {
        "required": True,
        "description": "One object in UTF-8, at most 64 kB, uncompressed, without repeated keys.",
        "content": _content(json="Lead"),
    },
    "responses": {
        "202": {"description": "Qualified.", "content": _content(json="Accepted")},
        "400": {
            "description": "Stored, but failed validation (application/json); or malformed, not stored.",
            "content": _content(json="Rejected", problem="Problem"),
        },
        "401": UNAUTHORIZED,
        "403": _problem("The API key belongs to another source"),
        "413": _problem(_titles(problems.TOO_LARGE)),
        "415": _problem("Compressed, or not JSON in UTF-8"),
        "422": _problem(_titles(problems.KEY_REUSED, problems.QUARANTINED)),
        "429": _problem(_titles(problems.TOO_MANY), "Retry-After"),
        **UNEXPECTED,
        "503": UNAVAILABLE,
    },
}

SOURCE_KEY: Json = {
    "name": "source_key",
    "in": "path",
    "required": True,
    "description": "The source's public name. It must have a field map.",
    "schema": {"type": "string"},
}

TAKE_POST: Json = {
    "operationId": "takePost",
    "summary": "Submit leads in the source's own shape",
    "description": "For ad networks and partners whose source has a field map: Google Ads lead forms, Meta lead ads, "
    "or any JSON. The map says what proves the sender: an API key, a key in the body, or a signature. A lead "
    "marked as a test is rehearsed, never sold.",
    "security": [{}, {"bearer": []}, {"apiKey": []}],
    "parameters": [
        SOURCE_KEY,
        {
            "name": "X-Hub-Signature-256",
            "in": "header",
            "description": "Meta: sha256= and the HMAC-SHA-256 of the raw body by the app secret, in hex.",
            "schema": {"type": "string"},
        },
    ],
    "requestBody": {
        "required": True,
        "description": "One object in UTF-8, at most 64 kB, uncompressed, without repeated keys.",
        "content": {"application/json": {"schema": {"type": "object"}}},
    },
    "responses": {
        "200": {
            "description": "To an ad network: {}, whatever became of its leads. To a partner: the outcome of a test, "
            "or `leads`, the outcome of each of several in one post.",
            "content": {"application/json": {"schema": {"type": "object"}}},
        },
        "202": {"description": "To a partner: as /api/leads.", "content": _content(json="Accepted")},
        "400": {
            "description": "To a partner: as /api/leads. To anybody: malformed, not stored.",
            "content": _content(json="Rejected", problem="Problem"),
        },
        "401": _problem(
            "Key or signature is missing or not valid, or there is no such source", "WWW-Authenticate"
        ),
        "413": _problem(_titles(problems.TOO_LARGE)),
        "415": _problem("Compressed, or not JSON in UTF-8"),
        "422": _problem(_titles(problems.KEY_REUSED, problems.QUARANTINED)),
        "429": _problem(_titles(problems.TOO_MANY), "Retry-After"),
        **UNEXPECTED,
        "503": _problem("Not available now, or a lead could not be fetched from its network", "Retry-After"),
    },
}


def _hub(name: str) -> Json:
    return {"name": f"hub.{name}", "in": "query", "required": True, "schema": {"type": "string"}}


VERIFY_SUBSCRIPTION: Json = {
    "operationId": "verifySubscription",
    "summary": "Answer Meta's verification of the address",
    "security": [{}],
    "parameters": [SOURCE_KEY, _hub("mode"), _hub("verify_token"), _hub("challenge")],
    "responses": {
        "200": {
            "description": "The challenge.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        },
        "403": _problem("Not the source's verify token, or no such source"),
        **UNEXPECTED,
        "503": UNAVAILABLE,
    },
}

EXPLAIN_LEAD: Json = {
    "operationId": "explainLead",
    "summary": "Explain a lead's decisions",
    "description": "For operators: who won, and why each other buyer lost, with the numbers.",
    "security": [{"bearer": []}, {"apiKey": []}],
    "parameters": [
        {"name": "lead_id", "in": "path", "required": True, "schema": {"type": "integer", "format": "int64"}},
    ],
    "responses": {
        "200": {
            "description": "The account.",
            "content": {"application/json": {"schema": {"type": "object"}}},
        },
        "400": _problem("Two different keys"),
        "401": UNAUTHORIZED,
        "403": _problem(_titles(problems.FORBIDDEN)),
        "404": _problem("No such lead"),
        **UNEXPECTED,
        "503": UNAVAILABLE,
    },
}


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
        "/health/live": {"get": _health("live", "The process answers", "live")},
        "/health/ready": {
            "get": _health("ready", "The database is reachable and migrated", "ready", **{"503": UNAVAILABLE})
        },
    },
    "components": {
        "schemas": SCHEMAS,
        "securitySchemes": {
            "bearer": {"type": "http", "scheme": "bearer", "description": "A source's or an operator's key."},
            "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        },
    },
}
_BODY = json.dumps(DOCUMENT, indent=2).encode()


@get(["/schema", "/schema/openapi.json"], include_in_schema=False, sync_to_thread=False)
def show_schema() -> Response[bytes]:
    """The document."""
    return Response(_BODY, media_type="application/vnd.oai.openapi+json")
