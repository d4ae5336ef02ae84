"""What goes over HTTP, as models: the bodies that the API takes and gives, and those that buyers' endpoints are sent.

The OpenAPI document is made from them. Nothing is decoded or encoded through them: app.json_text and the database check
what comes in, the database writes what goes out. tests/api holds every answer and the limits against the models.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from leadgen.app.problems import MALFORMED, TOO_MANY


def text(max_length: int, description: str, *examples: str) -> Meta:
    """An optional text. (`max_length` of Meta does not go with null.)"""
    limit = {"maxLength": max_length}
    return Meta(description=description, examples=list(examples) or None, extra_json_schema=limit)


def cut(length: int, description: str, *examples: str) -> Meta:
    """An optional text that costs no lead: what is longer is cut."""
    return Meta(description=f"{description} Cut to {length} characters.", examples=list(examples) or None)


def says(description: str, *examples: object) -> Meta:
    """What a field is for."""
    return Meta(description=description, examples=list(examples) or None)


Id = Annotated[int, Meta(ge=1)]
Moment = Annotated[datetime, Meta(tz=True)]
Uri = Annotated[str, Meta(extra_json_schema={"format": "uri"})]
Money = Annotated[str, Meta(pattern=r"^\d+\.\d{2}$", description="A decimal number as text.")]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$", description="ISO 4217.")]
Country = Annotated[str, Meta(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2.")]
Phone = Annotated[str, Meta(pattern=r"^\+\d{6,15}$", description="E.164.")]


MOST_LEADS = 1_000  # of a batch
_BODY_OF_ANSWER = {
    "anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("Accepted", "Rejected", "Problem")]
}


class Lead(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A person's request for a service. null is the same as no field, a number the same as its text.

    What can be mended is (docs/senders.md), and noted with the lead.
    """

    source: Annotated[str | None, cut(100, "Kind of page or partner, for reports.", "landing_page")] = None
    source_key: Annotated[
        str | None,
        text(100, "Public name of the source; not needed with an API key.", "austin-plumbing-v1"),
    ] = None
    idempotency_key: Annotated[
        str | None,
        text(
            128,
            "Names this submission: the same key and body again get the stored answer. The header "
            "Idempotency-Key does the same. Without either, a key is made from the content and the day.",
            "c1a9d3b2d6c84c2b9b6f9adf4b4e1c1f",
        ),
    ] = None
    name: Annotated[str | None, text(200, "Full name. Required.", "John Smith")] = None
    email: Annotated[str | None, text(200, "Email address. Required.", "john@example.com")] = None
    phone: Annotated[
        str | None,
        text(
            40,
            "Phone, international or as dialled in the country, with an extension if there is one. Required.",
            "+15125550123",
        ),
    ] = None
    country_code: Annotated[
        str | None,
        text(60, "ISO 3166-1 alpha-2, or a country's name. Default: the market's country.", "US"),
    ] = None
    region_code: Annotated[str | None, text(60, "ISO 3166-2, its short code, or a name.", "US-TX")] = None
    postal_code: Annotated[
        str | None, text(16, "Postal code. Of a US ZIP+4 the first five digits count. Required.", "78701")
    ] = None
    city: Annotated[str | None, text(128, "City.", "Austin")] = None
    message: Annotated[
        str | None, text(10_000, "What the person needs, in their words.", "Emergency plumbing needed")
    ] = None
    attributes: Annotated[
        dict[str, Any] | None,
        says(
            "Answers to the vertical's own questions, any JSON: at most 100, 16384 bytes together. Unknown fields are "
            "allowed only here.",
            {"job_type": "leak"},
        ),
    ] = None
    external_id: Annotated[
        str | None,
        cut(200, "The sender's own id of this lead. `leadgen find` finds the lead by it.", "P-10077"),
    ] = None
    utm_source: Annotated[str | None, cut(100, "Campaign source.", "google")] = None
    utm_medium: Annotated[str | None, cut(100, "Campaign medium.", "cpc")] = None
    utm_campaign: Annotated[str | None, cut(100, "Campaign name.", "plumbing_austin")] = None
    utm_term: Annotated[str | None, cut(200, "Campaign keyword.", "emergency plumber")] = None
    utm_content: Annotated[str | None, cut(200, "Which advertisement.", "blue banner")] = None
    landing_url: Annotated[
        str | None, cut(2_000, "Page that the form was on.", "https://plumbing-austin.example/quote")
    ] = None
    referrer: Annotated[
        str | None, cut(2_000, "Page that led there.", "https://search.example/?q=plumber")
    ] = None
    gclid: Annotated[str | None, cut(500, "Click id of Google Ads.", "Cj0KCQiA")] = None
    fbclid: Annotated[str | None, cut(500, "Click id of Meta.", "IwAR0")] = None
    click_id: Annotated[str | None, cut(500, "Click id of another network.", "c-123")] = None
    session_id: Annotated[str | None, cut(200, "The visit in the page's own analytics.", "s-456")] = None
    sub_id: Annotated[str | None, cut(200, "A partner's own source of the lead.", "publisher-12")] = None
    sub_id1: Annotated[str | None, cut(200, "A further sub id.", "list-3")] = None
    sub_id2: Annotated[str | None, cut(200, "A further sub id.", "mail-7")] = None
    sub_id3: Annotated[str | None, cut(200, "A further sub id.", "spring")] = None
    sub_id4: Annotated[str | None, cut(200, "A further sub id.", "b")] = None
    sub_id5: Annotated[str | None, cut(200, "A further sub id.", "2")] = None
    ip_address: Annotated[
        str | None,
        says(
            "The person's IP address. Taken of a sender with an API key only; of others the caller's counts.",
            "203.0.113.9",
        ),
    ] = None
    user_agent: Annotated[
        str | None, cut(500, "The person's browser. Taken of a sender with an API key only.", "Mozilla/5.0")
    ] = None
    consent: Annotated[
        bool | str | None,
        says(
            "The person agreed to be contacted. Also a word for yes or no; an unclear one is no answer.", True
        ),
    ] = None
    gdpr_consent: Annotated[
        bool | str | None,
        says("The person agreed to the processing of their data. Read as consent is.", True),
    ] = None
    consent_at: Annotated[
        str | None, text(40, "When they agreed, ISO 8601 with offset.", "2026-11-21T10:15:00Z")
    ] = None
    consent_certificate_url: Annotated[
        str | None, text(2_000, "Proof of consent.", "https://cert.example/0123456789")
    ] = None
    consent_certificate_id: Annotated[
        str | None, cut(200, "The id of the proof at who issued it.", "0123456789")
    ] = None
    consent_text_version: Annotated[str | None, cut(200, "Which text the person agreed to.", "2026-03")] = (
        None
    )


Repeated = Annotated[
    bool | UnsetType, says("true: the idempotency key came before, and this is its first answer.")
]


class LeadForm(Struct):
    """A lead as an HTML form posts it. All other fields of Lead may be there, too; each is text."""

    name: Annotated[str, text(200, "Full name.", "John Smith")]
    email: Annotated[str, text(200, "Email address.", "john@example.com")]
    phone: Annotated[str, text(40, "Phone.", "+15125550123")]
    postal_code: Annotated[str, text(16, "Postal code.", "78701")]
    source_key: Annotated[str | UnsetType, text(100, "Public name of the source.", "austin-plumbing-v1")] = (
        UNSET
    )
    job_type: Annotated[str | UnsetType, says("An attribute.", "leak")] = field(
        name="attributes[job_type]", default=UNSET
    )


class Accepted(Struct):
    """The lead is stored and qualified. An answer to a lead of long ago may lack `outcome` and `total_price`."""

    lead_id: int
    status: Literal["accepted"]
    message: str
    buyer_id: Annotated[
        int | None, says("The first buyer. null: no buyer can take it now, or the buyer is not disclosed.")
    ]
    offer_id: int
    price: Annotated[float | None, says("What the first buyer pays. null where buyer_id is.")]
    outcome: Annotated[
        Literal["sold", "held", "rejected"] | UnsetType,
        says(
            "sold: queued for delivery; held: no buyer can take it now, it is offered again; "
            "rejected: no buyer takes it."
        ),
    ] = UNSET
    total_price: Annotated[
        float | UnsetType | None, says("What all buyers of a shared lead pay together. null where price is.")
    ] = UNSET
    repeated: Repeated = UNSET


class Failure(Struct):
    """Why the lead did not pass a rule."""

    code: str
    field: str
    reason: str


class Rejection(Struct):
    """What the lead did not pass."""

    lead_id: int
    status: Literal["rejected"]
    reason: Annotated[str, says("The first failure.")]
    message: str
    errors: Annotated[list[Failure], says("Every failure.")]
    outcome: Literal["rejected"] | UnsetType = UNSET
    repeated: Repeated = UNSET


class Rejected(Struct):
    """The lead is stored and failed validation."""

    detail: Rejection


class FieldFault(Struct, omit_defaults=True):
    """What is wrong with one field: a path in the body, a header, or `body`."""

    field: str | UnsetType = UNSET
    found: str | UnsetType = UNSET
    allowed: str | UnsetType = UNSET


class Problem(Struct, omit_defaults=True):
    """Problem details, RFC 9457. Nothing was stored, unless `quarantine_id` is given."""

    type: Uri
    title: str
    status: int
    detail: str
    instance: Annotated[Uri | UnsetType, says("With 5xx: the reference in our log.")] = UNSET
    errors: list[FieldFault] | UnsetType = UNSET
    step: Annotated[str | UnsetType, says("With a quarantined lead: the step that failed.")] = UNSET
    quarantine_id: int | UnsetType = UNSET
    message: Annotated[str | UnsetType, says("To a source's own shape: `detail` again.")] = UNSET


class Batch(Struct, forbid_unknown_fields=True):
    """Leads to be submitted together, each as if it were posted by itself."""

    leads: Annotated[list[Lead], Meta(min_length=1, max_length=MOST_LEADS)]


class BatchedLead(Struct):
    """What became of one lead of a batch."""

    index: Annotated[int, Meta(ge=0, description="Its place in `leads`, from 0.")]
    status: Annotated[int, says("The HTTP status with which it would have been answered by itself.")]
    body: Annotated[Any, Meta(description="The body of that answer.", extra_json_schema=_BODY_OF_ANSWER)]
    retry_after: Annotated[
        int | UnsetType, says("With 429 and 503: submit it again after so many seconds.")
    ] = UNSET


class BatchAnswer(Struct):
    """What became of each lead of a batch."""

    statuses: Annotated[dict[str, int], says("How many leads have each status.")]
    leads: Annotated[list[BatchedLead], says("In the order of the batch.")]


class DeliveredLead(Struct):
    """The person and what they want, normalised."""

    name: str
    email: Annotated[str, says("Lower case; the domain in ASCII.")]
    phone: Phone
    phone_extension: Annotated[str | None, says("Digits to dial once the call is connected.")]
    postal_code: str
    city: Annotated[str | None, says("As it was sent.")]
    country_code: Country
    region_code: Annotated[str | None, says("ISO 3166-2.")]
    message: Annotated[str | None, says("In the person's words.")]
    attributes: Annotated[dict[str, Any], says("Answers to the vertical's own questions.")]


class Consent(Struct, omit_defaults=True):
    """What the person agreed to, as far as the offer's routing policy discloses it. null: the source did not say."""

    at: Annotated[Moment | UnsetType | None, says("When they agreed, UTC.")] = UNSET
    text_version: Annotated[str | UnsetType | None, says("Which text they agreed to.")] = UNSET
    certificate_url: Annotated[str | UnsetType | None, says("Proof of consent.")] = UNSET
    certificate_id: Annotated[str | UnsetType | None, says("The id of the proof at who issued it.")] = UNSET
    ip_address: Annotated[str | UnsetType | None, says("From where they asked.")] = UNSET
    page_url: Annotated[str | UnsetType | None, says("The page with the form.")] = UNSET


Disclosed = Annotated[
    Consent | UnsetType, says("No member: the policy discloses nothing, or the sale is from before it could.")
]
SubIds = Annotated[
    dict[str, str] | UnsetType | None,
    says("The source's own sources, by sub_id, sub_id1, … No member: the policy does not disclose them."),
]

Outcome = Annotated[
    Literal["pending", "delivered", "accepted", "returned", "lapsed", "failed", "unknown", "erased"],
    says(
        "lapsed: not accepted in time; failed: it could not be delivered; unknown: it may have arrived; "
        "erased: the person was erased before it was delivered."
    ),
]


class LastReturn(Struct):
    """The latest return that was asked for."""

    status: Annotated[
        Literal["received", "requested", "approved", "refused"],
        says(
            "received, requested: not decided yet; approved: the sale is returned; refused: the sale stands."
        ),
    ]
    reason: str


class Answer(Struct):
    """The sale after its buyer's answer."""

    assignment_id: int
    outcome: Outcome
    return_: LastReturn | None = field(name="return")


class Sale(Struct):
    """The sale as it stands."""

    assignment_id: int
    outcome: Outcome
    return_: LastReturn | None = field(name="return")
    lead_id: int
    offer: str
    sold_at: Moment
    price: Money
    currency: Currency
    acceptance: Literal["on_delivery", "explicit", "auto_after"]
    accepted_at: Annotated[Moment | None, says("null: not accepted.")]
    answer_by: Annotated[
        Moment | None,
        says("explicit: the sale lapses then unless accepted; auto_after: it is accepted then."),
    ]
    return_by: Annotated[Moment | None, says("It may be returned until then.")]
    lead: Annotated[DeliveredLead | None, says("null: the sale has ended, or the lead was erased.")]
    consent: Disclosed = UNSET
    sub_ids: SubIds = UNSET


class Nothing(Struct, forbid_unknown_fields=True):
    """An empty object."""


class Return(Struct, forbid_unknown_fields=True):
    """Why the buyer returns the sale."""

    reason: Annotated[str, says("A code of /api/return-reasons.")]
    note: Annotated[str | None, text(500, "What happened.")] = None


class ReturnReason(Struct):
    """A reason for which a sale may be returned."""

    code: str
    description: str


class AnswerForm(Struct, omit_defaults=True):
    """What the page's button sends."""

    reason: Annotated[str | UnsetType, says("To a link that returns a sale: a code.")] = UNSET
    note: Annotated[str | UnsetType, text(500, "What happened.")] = UNSET
    list_unsubscribe: Literal["One-Click"] | UnsetType = field(name="List-Unsubscribe", default=UNSET)


class SmsStatus(Struct, omit_defaults=True):
    """Twilio's fields. There may be more."""

    message_sid: str = field(name="MessageSid")
    message_status: Annotated[str, says("Twilio's word.", "delivered")] = field(name="MessageStatus")
    error_code: Annotated[str, Meta(pattern=r"^\d*$")] | UnsetType = field(name="ErrorCode", default=UNSET)


class Health(Struct):
    """live: the process answers. ready: the database is reachable and migrated."""

    status: Literal["live", "ready"]


class AssignedLead(Struct):
    """A sale and its lead."""

    assignment_id: Annotated[Id, says("The sale; name it to accept or return it.")]
    lead_id: Id
    offer_id: Id
    market_id: Id
    vertical_id: Id
    buyer_id: Id
    price: Money
    currency: Currency
    lead: DeliveredLead
    consent: Disclosed = UNSET
    sub_ids: SubIds = UNSET


class LeadAssignedV1(Struct):
    """A lead was sold to the buyer. Fields may be added within a version. One that goes or changes its meaning makes
    a new version.
    """

    type: Literal["lead.assigned"]
    version: Literal[1]
    timestamp: Annotated[Moment, says("When it happened, UTC.")]
    data: AssignedLead


class TestedEndpoint(Struct):
    """The endpoint that is tested."""

    buyer_id: Id
    endpoint_id: Id
    message: str


class WebhookTestV1(Struct):
    """An operator tries the endpoint. Nothing was sold, and nobody's personal data is in it. Its versions
    are like those of lead.assigned.
    """

    type: Literal["webhook.test"]
    version: Literal[1]
    timestamp: Annotated[Moment, says("When it happened, UTC.")]
    data: TestedEndpoint


class WebhookReply(Struct, omit_defaults=True):
    """What a receiver may say in the body of a 2xx to lead.assigned.

    Any other body is ignored, and so is one with a number of more than 40 digits or with an exponent of more than
    two digits.
    """

    status: Annotated[
        Literal["accepted", "rejected"] | UnsetType,
        says("accepted: the sale is final. rejected: a return is asked for, by the rules of returns."),
    ] = UNSET
    reason: Annotated[
        str | UnsetType, says("With rejected: a code of /api/return-reasons, or your own words.")
    ] = UNSET


_NEED = "Emergency plumbing needed"
_JOHN = DeliveredLead(
    "John Smith",
    "john@example.com",
    "+15125550123",
    None,
    "78701",
    "Austin",
    "US",
    "US-TX",
    _NEED,
    {"job_type": "leak"},
)
_ACCEPTED = Accepted(12345, "accepted", "Lead qualified and queued for delivery", 7, 12, 45.0, "sold", 45.0)
_SOLD_AT = datetime(2026, 11, 21, 10, 15, tzinfo=UTC)
_CONSENT = Consent(
    _SOLD_AT - timedelta(minutes=1), "2026-03", "https://cert.example/0123456789", "0123456789"
)
_SALE = Sale(
    4711, "delivered", None, 12345, "Plumbing in Austin", _SOLD_AT, "45.00", "USD", "explicit", None,
    _SOLD_AT + timedelta(hours=2), _SOLD_AT + timedelta(days=7), _JOHN,
)  # fmt: skip

# The document shows them. A lead's example is made of those of its fields.
EXAMPLES: list[Struct] = [
    _ACCEPTED,
    Rejected(
        Rejection(
            12345,
            "rejected",
            "Invalid postal_code for offer",
            "Lead did not pass validation",
            [Failure("postal_code_not_allowed", "postal_code", "Invalid postal_code for offer")],
            "rejected",
        )
    ),
    Problem(
        MALFORMED.type,
        MALFORMED.title,
        MALFORMED.status,
        "phone: found a number; allowed: text of at most 40 characters",
        errors=[FieldFault("phone", "a number", "text of at most 40 characters")],
    ),
    BatchAnswer(
        {"202": 1, "429": 1},
        [
            BatchedLead(0, 202, _ACCEPTED),
            BatchedLead(
                1,
                429,
                Problem(
                    TOO_MANY.type,
                    TOO_MANY.title,
                    TOO_MANY.status,
                    "Too many requests: the rate limit of this key is reached. Nothing of it was kept. "
                    "Try again in 12 seconds.",
                ),
                12,
            ),
        ],
    ),
    _SALE,
    Answer(4711, "returned", LastReturn("approved", "duplicate")),
    Return("wrong_number", "A bakery answers."),
    ReturnReason("wrong_number", "The phone number is not the person's"),
    SmsStatus("SM0123456789abcdef0123456789abcdef", "undelivered", "30003"),
    Health("ready"),
    LeadAssignedV1(
        "lead.assigned", 1, _SOLD_AT, AssignedLead(4711, 12345, 12, 1, 1, 7, "45.00", "USD", _JOHN, _CONSENT)
    ),
    WebhookTestV1(
        "webhook.test", 1, _SOLD_AT, TestedEndpoint(7, 19, "This is a test. No lead was sold to you.")
    ),
    WebhookReply("rejected", "duplicate"),
]
