"""What buyers' endpoints are sent, and what their answers mean."""

from leadgen.app.openapi.parts import Json

ID: Json = {"type": "integer", "minimum": 1}


def _nullable(description: str) -> Json:
    return {"type": ["string", "null"], "description": description}


DELIVERED_LEAD: Json = {
    "type": "object",
    "description": "The person and what they want, normalised.",
    "required": [
        "name",
        "email",
        "phone",
        "postal_code",
        "city",
        "country_code",
        "region_code",
        "message",
        "attributes",
    ],
    "properties": {
        "name": {"type": "string"},
        "email": {"type": "string", "description": "Lower case; the domain in ASCII."},
        "phone": {"type": "string", "pattern": r"^\+\d{6,15}$", "description": "E.164."},
        "postal_code": {"type": "string"},
        "city": _nullable("As it was sent."),
        "country_code": {"type": "string", "pattern": "^[A-Z]{2}$", "description": "ISO 3166-1 alpha-2."},
        "region_code": _nullable("ISO 3166-2."),
        "message": _nullable("In the person's words."),
        "attributes": {"type": "object", "description": "Answers of the vertical's own."},
    },
}

EXAMPLE_LEAD: Json = {
    "name": "John Smith",
    "email": "john@example.com",
    "phone": "+15125550123",
    "postal_code": "78701",
    "city": "Austin",
    "country_code": "US",
    "region_code": "US-TX",
    "message": "Emergency plumbing needed",
    "attributes": {"job_type": "leak"},
}


def _event(name: str, description: str, data: Json, example: Json) -> Json:
    """The body of an event, version 1."""
    return {
        "type": "object",
        "description": description
        + " Fields may be added within a version; one that goes or changes its meaning makes a new version.",
        "required": ["type", "version", "timestamp", "data"],
        "properties": {
            "type": {"const": name},
            "version": {"const": 1},
            "timestamp": {"type": "string", "format": "date-time", "description": "When it happened, UTC."},
            "data": {"type": "object", "required": list(data), "properties": data},
        },
        "examples": [{"type": name, "version": 1, "timestamp": "2026-11-21T10:15:00Z", "data": example}],
    }


WEBHOOK_SCHEMAS: Json = {
    "DeliveredLead": DELIVERED_LEAD,
    "LeadAssignedV1": _event(
        "lead.assigned",
        "A lead was sold to the buyer.",
        {
            "assignment_id": {**ID, "description": "The sale; name it to accept or return it."},
            "lead_id": ID,
            "offer_id": ID,
            "market_id": ID,
            "vertical_id": ID,
            "buyer_id": ID,
            "price": {
                "type": "string",
                "pattern": r"^\d+\.\d{2}$",
                "description": "A decimal number as text.",
            },
            "currency": {"type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217."},
            "lead": {"$ref": "#/components/schemas/DeliveredLead"},
        },
        {
            "assignment_id": 4711,
            "lead_id": 12345,
            "offer_id": 12,
            "market_id": 1,
            "vertical_id": 1,
            "buyer_id": 7,
            "price": "45.00",
            "currency": "USD",
            "lead": EXAMPLE_LEAD,
        },
    ),
    "WebhookTestV1": _event(
        "webhook.test",
        "An operator tries the endpoint. Nothing was sold, and nobody's personal data is in it.",
        {"buyer_id": ID, "endpoint_id": ID, "message": {"type": "string"}},
        {"buyer_id": 7, "endpoint_id": 19, "message": "This is a test. No lead was sold to you."},
    ),
    "WebhookReply": {
        "type": "object",
        "description": "What a receiver may say in the body of a 2xx to lead.assigned. Any other body is ignored.",
        "properties": {
            "status": {
                "enum": ["accepted", "rejected"],
                "description": "accepted: the sale is final. rejected: a return is asked for, by the rules of returns.",
            },
            "reason": {
                "type": "string",
                "description": "With rejected: a code of /api/return-reasons, or words.",
            },
        },
        "examples": [{"status": "rejected", "reason": "duplicate"}],
    },
}


def _header(name: str, description: str, **schema: object) -> Json:
    return {
        "name": name,
        "in": "header",
        "required": True,
        "description": description,
        "schema": {"type": "string", **schema},
    }


HEADERS: list[Json] = [
    _header(
        "webhook-id",
        "Names the message. The same for every attempt: what came before under it need not be done again.",
        pattern="^msg_[0-9a-f]{32}$",
    ),
    _header("webhook-timestamp", "When this attempt was made, seconds since 1970.", pattern=r"^\d+$"),
    _header(
        "webhook-signature",
        "`v1,` and the base64 of HMAC-SHA-256 over `id.timestamp.body` by the buyer's whsec_ secret; while a secret is "
        "being replaced two, with a space between. Any library of Standard Webhooks verifies it.",
    ),
]

ANSWERS: Json = {
    "409": {"description": "Known already: delivered."},
    "410": {"description": "No more of these: the endpoint is disabled, what is due waits for an operator."},
    "429": {
        "description": "Later: sent again, not before Retry-After (seconds or a date; at most an hour is waited)."
    },
    "503": {"description": "As 429."},
    "default": {
        "description": "Any other status, a redirect (which is not followed), or no connection: failed, and sent again "
        "by the schedule. No answer after the body was sent: sent again under the same webhook-id."
    },
}


def _webhook(operation_id: str, summary: str, schema: str, delivered: Json) -> Json:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {
        "operationId": operation_id,
        "summary": summary,
        "security": [{}],
        "parameters": HEADERS,
        "requestBody": {"required": True, "content": content},
        "responses": {"2XX": delivered, **ANSWERS},
    }


REPLY: Json = {
    "description": "Delivered. What a buyer's response_rules say of an answer goes before this.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/WebhookReply"}}},
}

WEBHOOKS: Json = {
    "lead.assigned": {
        "post": _webhook("leadAssigned", "A lead for the buyer", "LeadAssignedV1", REPLY),
    },
    "webhook.test": {
        "post": _webhook(
            "webhookTest", "A test of the endpoint", "WebhookTestV1", {"description": "Delivered."}
        ),
    },
}
