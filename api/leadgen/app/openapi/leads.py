"""The routes of sources: submitting leads, and why a lead went where it went."""

from leadgen.app import problems
from leadgen.app.openapi.parts import UNAUTHORIZED, UNAVAILABLE, UNEXPECTED, Json, content, problem, titles

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
        "content": content(json="Lead"),
    },
    "responses": {
        "202": {"description": "Qualified.", "content": content(json="Accepted")},
        "400": {
            "description": "Stored, but failed validation (application/json); or malformed, not stored.",
            "content": content(json="Rejected", problem="Problem"),
        },
        "401": UNAUTHORIZED,
        "403": problem("The API key belongs to another source"),
        "413": problem(titles(problems.TOO_LARGE)),
        "415": problem("Compressed, or not JSON in UTF-8"),
        "422": problem(titles(problems.KEY_REUSED, problems.QUARANTINED)),
        "429": problem(titles(problems.TOO_MANY), "Retry-After"),
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
        "202": {"description": "To a partner: as /api/leads.", "content": content(json="Accepted")},
        "400": {
            "description": "To a partner: as /api/leads. To anybody: malformed, not stored.",
            "content": content(json="Rejected", problem="Problem"),
        },
        "401": problem(
            "Key or signature is missing or not valid, or there is no such source", "WWW-Authenticate"
        ),
        "413": problem(titles(problems.TOO_LARGE)),
        "415": problem("Compressed, or not JSON in UTF-8"),
        "422": problem(titles(problems.KEY_REUSED, problems.QUARANTINED)),
        "429": problem(titles(problems.TOO_MANY), "Retry-After"),
        **UNEXPECTED,
        "503": problem("Not available now, or a lead could not be fetched from its network", "Retry-After"),
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
        "403": problem("Not the source's verify token, or no such source"),
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
        "400": problem("Two different keys"),
        "401": UNAUTHORIZED,
        "403": problem(titles(problems.FORBIDDEN)),
        "404": problem("No such lead"),
        **UNEXPECTED,
        "503": UNAVAILABLE,
    },
}
