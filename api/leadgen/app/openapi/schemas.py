"""The schemas of bodies: what is sent, and what is answered."""

from leadgen.app import problems
from leadgen.app.openapi.parts import Json


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
