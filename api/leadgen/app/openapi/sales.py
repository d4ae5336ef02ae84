"""The routes of buyers: their sales, and the links in their e-mails. And Twilio's callback."""

from leadgen.app import problems
from leadgen.app.openapi.parts import UNAUTHORIZED, UNAVAILABLE, UNEXPECTED, Json, content, problem, titles

BUYER: list[Json] = [{"buyerBearer": []}, {"buyerApiKey": []}]

ASSIGNMENT_ID: Json = {
    "name": "assignment_id",
    "in": "path",
    "required": True,
    "description": "The sale, as lead.assigned names it.",
    "schema": {"type": "integer", "format": "int64"},
}

OF_ANOTHER = problem("No such sale, or another buyer's")
TOO_LATE = problem("Its time has ended, the quota of returns is used, or the sale has ended otherwise")
REFUSED_BODIES: Json = {
    "413": problem(titles(problems.TOO_LARGE)),
    "415": problem("Compressed, or not JSON in UTF-8"),
}

SHOW_ASSIGNMENT: Json = {
    "operationId": "showAssignment",
    "summary": "Show a sale",
    "description": "As it stands, and until when its buyer may accept or return it.",
    "security": BUYER,
    "parameters": [ASSIGNMENT_ID],
    "responses": {
        "200": {"description": "The sale.", "content": content(json="Sale")},
        "400": problem("Two different keys"),
        "401": UNAUTHORIZED,
        "404": OF_ANOTHER,
        **UNEXPECTED,
        "503": UNAVAILABLE,
    },
}

ACCEPT_ASSIGNMENT: Json = {
    "operationId": "acceptAssignment",
    "summary": "Accept a sale",
    "description": "Where the policy asks for it, a sale that is not accepted in time lapses. Accepted again, the same "
    "answer. No body is needed.",
    "security": BUYER,
    "parameters": [ASSIGNMENT_ID],
    "requestBody": {
        "required": False,
        "content": {"application/json": {"schema": {"type": "object", "additionalProperties": False}}},
    },
    "responses": {
        "200": {"description": "Accepted.", "content": content(json="Answer")},
        "400": problem("Two different keys, or a body with something in it"),
        "401": UNAUTHORIZED,
        "404": OF_ANOTHER,
        "409": TOO_LATE,
        **REFUSED_BODIES,
        **UNEXPECTED,
        "503": UNAVAILABLE,
    },
}

RETURN_ASSIGNMENT: Json = {
    "operationId": "returnAssignment",
    "summary": "Return a sale",
    "description": "Returned at once, or requested where the policy leaves it to an operator. Asked again, the same "
    "answer.",
    "security": BUYER,
    "parameters": [ASSIGNMENT_ID],
    "requestBody": {"required": True, "content": content(json="Return")},
    "responses": {
        "200": {
            "description": "Returned, or requested: see `return.status`.",
            "content": content(json="Answer"),
        },
        "400": problem("Malformed, or a reason that there is not"),
        "401": UNAUTHORIZED,
        "404": OF_ANOTHER,
        "409": TOO_LATE,
        **REFUSED_BODIES,
        **UNEXPECTED,
        "503": UNAVAILABLE,
    },
}

LIST_RETURN_REASONS: Json = {
    "operationId": "listReturnReasons",
    "summary": "List the reasons for a return",
    "security": [{}],
    "responses": {
        "200": {
            "description": "The reasons, in the order to show them.",
            "content": content(json="ReturnReasons"),
        },
        **UNEXPECTED,
        "503": UNAVAILABLE,
    },
}

TOKEN: Json = {
    "name": "token",
    "in": "path",
    "required": True,
    "description": "From the link in an e-mail; whoever has it may answer.",
    "schema": {"type": "string"},
}
PAGE: Json = {"text/html": {"schema": {"type": "string"}}}


def _page(description: str) -> Json:
    return {"description": description, "content": PAGE}


SHOW_ANSWER: Json = {
    "operationId": "showAnswer",
    "summary": "Show what a link in an e-mail asks",
    "description": "A page with one button. Nothing changes: programs that look at mail follow links too.",
    "security": [{}],
    "parameters": [TOKEN],
    "responses": {
        "200": _page("What is asked, or why it can no longer be answered."),
        "404": _page("No such link."),
        "500": _page(titles(problems.UNEXPECTED)),
        "503": _page(titles(problems.UNAVAILABLE)),
    },
}

GIVE_ANSWER: Json = {
    "operationId": "giveAnswer",
    "summary": "Do what a link in an e-mail asks",
    "description": "What the page's button sends. To a link that ends notices also List-Unsubscribe=One-Click "
    "(RFC 8058).",
    "security": [{}],
    "parameters": [TOKEN],
    "requestBody": {
        "required": False,
        "content": {
            "application/x-www-form-urlencoded": {"schema": {"$ref": "#/components/schemas/AnswerForm"}},
            "multipart/form-data": {"schema": {"type": "object"}},
        },
    },
    "responses": {
        "200": _page("Done."),
        "400": _page("Something is missing in the form."),
        "404": _page("No such link."),
        "409": _page("Too late."),
        "413": _page(titles(problems.TOO_LARGE)),
        "415": _page("Not a form."),
        "500": _page(titles(problems.UNEXPECTED)),
        "503": _page(titles(problems.UNAVAILABLE)),
    },
}

TAKE_SMS_STATUS: Json = {
    "operationId": "takeSmsStatus",
    "summary": "Take in what became of a text message",
    "description": "Twilio's status callback.",
    "security": [{}],
    "parameters": [
        {
            "name": "message_id",
            "in": "path",
            "required": True,
            "schema": {"type": "string", "format": "uuid"},
        },
        {
            "name": "X-Twilio-Signature",
            "in": "header",
            "required": True,
            "description": "Over PUBLIC_URL, the path and the fields, by the account's token.",
            "schema": {"type": "string"},
        },
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {"schema": {"$ref": "#/components/schemas/SmsStatus"}}
        },
    },
    "responses": {
        "204": {"description": "Taken in."},
        "400": problem("A field is missing, malformed or there twice"),
        "403": problem("Not signed by Twilio"),
        "404": problem("No such message, or no text messages are sent from here"),
        "409": problem("A report of another message"),
        "413": problem(titles(problems.TOO_LARGE)),
        "415": problem("Compressed, or not a form in UTF-8"),
        **UNEXPECTED,
        "503": UNAVAILABLE,
    },
}

RETURN_STATUS: Json = {
    "enum": ["received", "requested", "approved", "refused"],
    "description": "received or requested: not decided yet; approved: the sale is returned; refused: it stands.",
}
OUTCOME: Json = {
    "enum": ["pending", "delivered", "accepted", "returned", "lapsed", "failed", "unknown", "erased"],
    "description": "lapsed: not accepted in time; failed: it could not be delivered; unknown: nobody knows whether it "
    "arrived; erased: the person was erased before it was delivered.",
}
LAST_RETURN: Json = {
    "type": ["object", "null"],
    "description": "The latest return that was asked for.",
    "required": ["status", "reason"],
    "properties": {"status": RETURN_STATUS, "reason": {"type": "string"}},
}


def _moment(description: str) -> Json:
    return {"type": ["string", "null"], "format": "date-time", "description": description}


SALE: Json = {
    "assignment_id": {"type": "integer"},
    "outcome": OUTCOME,
    "return": LAST_RETURN,
    "lead_id": {"type": "integer"},
    "offer": {"type": "string"},
    "sold_at": {"type": "string", "format": "date-time"},
    "price": {"type": "string", "pattern": r"^\d+\.\d{2}$", "description": "A decimal number as text."},
    "currency": {"type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217."},
    "acceptance": {"enum": ["on_delivery", "explicit", "auto_after"]},
    "accepted_at": _moment("Null: not accepted."),
    "answer_by": _moment("explicit: the sale lapses then unless accepted; auto_after: it is accepted then."),
    "return_by": _moment("Until then it may be returned."),
    "lead": {
        "description": "Null: the sale has ended, or the lead was erased.",
        "oneOf": [{"$ref": "#/components/schemas/DeliveredLead"}, {"type": "null"}],
    },
}

SALE_SCHEMAS: Json = {
    "Sale": {"type": "object", "required": list(SALE), "properties": SALE},
    "ReturnReasons": {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["code", "description"],
            "properties": {"code": {"type": "string"}, "description": {"type": "string"}},
        },
        "examples": [[{"code": "wrong_number", "description": "The phone number is not the person's"}]],
    },
    "Answer": {
        "type": "object",
        "required": ["assignment_id", "outcome", "return"],
        "properties": {"assignment_id": {"type": "integer"}, "outcome": OUTCOME, "return": LAST_RETURN},
        "examples": [
            {
                "assignment_id": 4711,
                "outcome": "returned",
                "return": {"status": "approved", "reason": "duplicate"},
            }
        ],
    },
    "Return": {
        "type": "object",
        "required": ["reason"],
        "additionalProperties": False,
        "properties": {
            "reason": {"type": "string", "description": "A code of /api/return-reasons."},
            "note": {"type": ["string", "null"], "maxLength": 500, "description": "What happened."},
        },
        "examples": [{"reason": "wrong_number", "note": "A bakery answers."}],
    },
    "AnswerForm": {
        "type": "object",
        "properties": {
            "reason": {"type": "string", "description": "To a link that returns a sale: a code."},
            "note": {"type": "string", "maxLength": 500},
            "List-Unsubscribe": {"const": "One-Click"},
        },
    },
    "SmsStatus": {
        "type": "object",
        "description": "Twilio's fields; more may come.",
        "required": ["MessageSid", "MessageStatus"],
        "properties": {
            "MessageSid": {"type": "string"},
            "MessageStatus": {"type": "string", "examples": ["delivered"]},
            "ErrorCode": {"type": "string", "pattern": r"^\d*$"},
        },
    },
}
