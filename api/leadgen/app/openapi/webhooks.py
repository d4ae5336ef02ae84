"""What buyers' endpoints are sent, and what their answers mean."""

from leadgen.app.openapi.models import (
    BalanceLowV1,
    CreditLowV1,
    LeadAssignedV1,
    WebhookReply,
    WebhookTestV1,
)
from leadgen.app.openapi.operations import ANYBODY, Json, Model, answer, parameter, takes

HEADERS = [
    parameter(
        "header",
        "webhook-id",
        "Names the message. It is the same for every attempt: do the work once for each id.",
        pattern="^msg_[0-9a-f]{32}$",
    ),
    parameter(
        "header", "webhook-timestamp", "When this attempt was made, seconds since 1970.", pattern=r"^\d+$"
    ),
    parameter(
        "header",
        "webhook-signature",
        "`v1,` and the base64 of HMAC-SHA-256 over `id.timestamp.body` by the buyer's whsec_ secret. While a secret is "
        "being replaced there are two, with a space between. Any library of Standard Webhooks verifies it.",
    ),
]
ANSWERS: Json = {
    "409": {"description": "Known already: delivered."},
    "410": {
        "description": "No more of these. The endpoint is disabled, and what is due waits for an operator."
    },
    "429": {
        "description": "Later. It is sent again, not before Retry-After (seconds or a date; at most an hour)."
    },
    "503": {"description": "The same as 429."},
    "default": {
        "description": "Any other status, a redirect (which is not followed) or no connection: failed, and sent again "
        "by the schedule. No answer after the body was sent: sent again under the same webhook-id."
    },
}


def _webhook(operation_id: str, summary: str, description: str, body: Model, delivered: Json) -> Json:
    return {
        "post": {
            "operationId": operation_id,
            "summary": summary,
            "description": description,
            "security": ANYBODY,
            "parameters": HEADERS,
            "requestBody": takes("Signed JSON.", json=body),
            "responses": delivered | ANSWERS,
        }
    }


WEBHOOKS: Json = {
    "lead.assigned": _webhook(
        "leadAssigned",
        "A lead for the buyer",
        "Sent when a lead is sold to the buyer.",
        LeadAssignedV1,
        {
            "2XX": answer(200, "Delivered, unless the buyer's response_rules say otherwise.", WebhookReply)[
                "200"
            ]
        },
    ),
    "balance.low": _webhook(
        "balanceLow",
        "The balance runs low",
        "Sent once when what the buyer paid in advance falls below its line, and again when it has been well above.",
        BalanceLowV1,
        {"2XX": {"description": "Delivered."}},
    ),
    "credit.low": _webhook(
        "creditLow",
        "The credit limit is nearly used",
        "Sent once when what is left of the buyer's credit limit falls below its line.",
        CreditLowV1,
        {"2XX": {"description": "Delivered."}},
    ),
    "webhook.test": _webhook(
        "webhookTest",
        "A test of the endpoint",
        "Sent when an operator tests the endpoint.",
        WebhookTestV1,
        {"2XX": {"description": "Delivered."}},
    ),
}
