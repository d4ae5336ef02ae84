"""What goes over HTTP, as models: the bodies that the API takes and gives, and those that buyers' endpoints are sent.

The OpenAPI document is made from them. Nothing is decoded or encoded through them: app.json_text and the database check
what comes in, the database writes what goes out. tests/api holds every answer and the limits against the models.
"""

from datetime import UTC, date, datetime, timedelta
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
SignedMoney = Annotated[str, Meta(pattern=r"^-?\d+\.\d{2}$", description="A decimal number as text.")]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$", description="ISO 4217.")]
Country = Annotated[str, Meta(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2.")]
Phone = Annotated[str, Meta(pattern=r"^\+\d{6,15}$", description="E.164.")]


MOST_LEADS = 1_000  # of a batch
_BODY_OF_ANSWER = {
    "anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("Accepted", "Rejected", "Problem")]
}


TOKEN = "v1.1795190400123.iPZ0x0mVnYsmHIeKqzGhmfOSZxu1kDFw9dYQbQhVdLw"  # noqa: S105  an example


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
    consent_text: Annotated[
        str | None, cut(10_000, "The text itself, as it was shown.", "I agree to be called about my request.")
    ] = None
    form_token: Annotated[
        str | None, cut(200, "What GET /api/form-token gave the page, where the offer asks for it.", TOKEN)
    ] = None


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


class FormToken(Struct):
    """The token of a form."""

    form_token: Annotated[str, says("What the form sends in its field form_token.", TOKEN)]
    issued_at: Annotated[Moment, says("From when its age counts, UTC.")]


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
    instance: Annotated[
        Uri | UnsetType,
        says("The id of the request, which the answer has as X-Request-Id and our log as well."),
    ] = UNSET
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
    text: Annotated[str | UnsetType | None, says("What that text says.")] = UNSET
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


Sha256 = Annotated[str, Meta(pattern="^[0-9a-fA-F]{64}$", description="Of the file, in hexadecimal digits.")]
Bytes = Annotated[int, Meta(ge=1, le=104_857_600, description="The size of the file, at most 100 MB.")]
MediaType = Annotated[
    str,
    Meta(
        pattern="^(image|audio|video|text|application|message)/[a-z0-9][a-z0-9.+-]{0,99}$",
        description="In small letters.",
        examples=["image/png"],
    ),
]


class KeptFile(Struct):
    """A file that shows why a sale is returned."""

    reference: Annotated[str | None, says("Its URL or key; null: its lead was erased.")]
    sha256: Annotated[Sha256 | None, says("Null, with bytes and media_type: a link that a person gave.")]
    bytes: Bytes | None
    media_type: MediaType | None


class LastReturn(Struct):
    """The latest return that was asked for."""

    status: Annotated[
        Literal["received", "requested", "approved", "refused"],
        says(
            "received, requested: not decided yet; approved: the sale is returned; refused: the sale stands."
        ),
    ]
    reason: str
    gives: Annotated[
        Literal["money", "replacement"] | None,
        says(
            "approved: the price is given back, or the buyer is owed another lead of the offer and gets the price back "
            "with it."
        ),
    ]
    evidence: Annotated[list[KeptFile], says("The files that came with it.")]


Stage = Literal["contacted", "appointment", "quoted", "won", "lost"]
Stars = Annotated[int, Meta(ge=1, le=5)]


class Reported(Struct):
    """What the buyer has reported of the lead so far: by when it happened, not by when it was said."""

    stage: Annotated[Stage | None, says("What happened last. null: no report names a stage.")]
    happened_at: Moment | None
    value: Annotated[Money | None, says("Of the latest quote or win, in the sale's currency.")]
    stars: Stars | None
    reports: Id
    reported_at: Moment


class Answer(Struct):
    """The sale after its buyer's answer."""

    assignment_id: int
    outcome: Outcome
    return_: LastReturn | None = field(name="return")
    reported: Annotated[Reported | UnsetType, says("Missing: nothing.")] = UNSET


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
    reported: Annotated[Reported | UnsetType, says("What its buyer has reported of the lead.")] = UNSET


InvoiceStatus = Literal["sent", "partly_paid", "paid", "overdue", "disputed", "cancelled"]
BookStatus = Literal["draft", "sent", "partly_paid", "paid", "overdue", "disputed", "cancelled"]


class BookInvoice(Struct):
    """An invoice, a credit note or a draft without its lines."""

    number: str
    kind: Literal["invoice", "credit_note"]
    status: BookStatus
    buyer_id: int
    offer_id: Annotated[int | None, says("null: it is for all offers.")]
    offer: str | None
    currency: Currency
    decimals: Annotated[int, says("Decimals of the currency.")]
    timezone: Annotated[str, says("In which its days are counted.")]
    period_start: Moment
    period_end: Moment
    from_day: date
    to_day: Annotated[date, says("The last day of the period.")]
    issued_on: Annotated[date | None, says("null: it was not sent.")]
    due_on: date
    leads: Annotated[int, says("How many leads its lines name.")]
    net: Money
    tax: Money
    total: Annotated[Money, says("Of a credit note: what is given back.")]
    paid: Money
    credited: Annotated[Money, says("Taken off by credit notes.")]
    open: Money


class Invoice(BookInvoice):
    """An invoice or a credit note without its lines."""

    status: InvoiceStatus
    issued_on: date


class Invoices(Struct):
    """Invoices and credit notes, the newest first."""

    invoices: list[Invoice]
    next_before: Annotated[int | None, says("The `before` of the next page; null: there is none.")]


class InvoiceLine(Struct):
    """A line: what was charged, or given back."""

    position: int
    booked_at: Annotated[str, says("In the document's zone.", "2026-11-20 06:00")]
    kind: str
    description: str
    offer_id: int | None
    lead_id: int | None
    assignment_id: int | None
    corrects: Annotated[str | None, says("Of a credit note: the invoice that has what it takes back.")]
    amount: SignedMoney
    tax_percent: str
    tax_amount: SignedMoney


class InvoiceTax(Struct):
    """What is charged of one tax."""

    name: str
    percent: str
    net: SignedMoney
    amount: SignedMoney
    words: Annotated[str | None, says("What the law wants printed.")]


class Letterhead(Struct):
    """Who sends it."""

    company: str | None
    address: str | None
    tax_id: str | None
    email: str | None
    phone: str | None
    website: str | None
    logo_svg: str | None
    payment_instructions: str | None
    terms: str | None
    footer: str | None
    pay_url: Annotated[str | None, says("{number} in it stands for the invoice's number.")]


class Payer(Struct):
    """Whom it is for."""

    buyer_id: int
    name: str
    contact: str
    email: str
    address: str | None
    country: str | None
    region: str | None
    tax_id: str | None
    is_tax_exempt: bool


class InvoiceDocument(Invoice):
    """An invoice or a credit note with its lines."""

    from_: Letterhead = field(name="from")
    to: Payer
    corrects: Annotated[list[str], says("Of a credit note: the invoices that it corrects.")]
    taxes: list[InvoiceTax]
    lines: list[InvoiceLine]


class Movement(Struct):
    """What was booked."""

    booked_at: Annotated[str, says("In the statement's zone.", "2026-11-20 06:00:00")]
    kind: str
    key: str
    description: str
    lead_id: int | None
    invoice: str | None
    amount: Annotated[SignedMoney, says("Above zero: charged.")]
    balance: Annotated[
        SignedMoney, says("What the buyer owes after it; below zero: it has so much in advance.")
    ]


class Statement(Struct):
    """What a buyer owed, what was booked, and what it owes."""

    buyer: Payer
    currency: Currency
    timezone: str
    from_: date = field(name="from")
    to: date
    opening: SignedMoney
    movements: list[Movement]
    closing: SignedMoney


class Balance(Struct):
    """What a buyer has left and owes."""

    buyer_id: int
    billing_mode: Annotated[
        Literal["prepaid", "invoiced", "none"],
        says("prepaid: each sale is taken from balance; invoiced: it adds to receivable; none: not booked."),
    ]
    currency: Annotated[Currency | None, says("null: not enrolled yet.")]
    balance: Annotated[Money, says("Paid in advance, and left.")]
    reserved: Annotated[SignedMoney, says("Of sales that are not accepted yet; no part of balance.")]
    receivable: Annotated[SignedMoney, says("What it owes, billed or not; below zero: it is owed.")]
    credit_limit: Annotated[Money | None, says("null: no limit.")]
    credit_left: Annotated[SignedMoney | None, says("Of an invoiced buyer; null: no limit.")]
    is_low: Annotated[bool, says("It was told that its money runs low.")]
    replacements_owed: Annotated[int, says("How many leads it is owed for returns.")]


class LedgerEntry(Struct):
    """One change of what a buyer has left, or owes."""

    transaction_id: int
    booked_at: Moment
    type: Annotated[
        str | None,
        says("deposit, lead_purchase, refund, manual_credit, manual_debit; null: another.", "lead_purchase"),
    ]
    account: Annotated[Literal["balance", "receivable"], says("Which of the two changed.")]
    amount: Annotated[SignedMoney, says("By how much it rose; below zero: it fell.")]
    balance_after: SignedMoney
    currency: Currency
    assignment_id: Annotated[int | None, says("The sale that it is about.")]
    memo: Annotated[str | None, says("Why, in the words of whoever booked it.")]


class Deposit(Struct, omit_defaults=True):
    """What a buyer wants to pay on Stripe's page."""

    amount: Annotated[
        str, Meta(pattern=r"^[0-9]{1,8}(\.[0-9]{1,2})?$"), says("In the buyer's currency, as text.", "250.00")
    ]
    save_method: Annotated[
        bool | UnsetType, says("Stripe keeps the method, so that the buyer can be recharged by it.")
    ] = UNSET


class Payment(Struct):
    """A payment of a buyer."""

    payment_id: int
    created_at: Moment
    status: Annotated[
        Literal["pending", "unknown", "completed", "failed", "cancelled", "refunded", "disputed"],
        says("As the provider last said. unknown: it did not answer, and is asked again."),
    ]
    method: Literal["stripe", "manual", "bank_transfer", "check", "paypal"]
    amount: Money
    currency: Currency
    pay_url: Annotated[
        Uri | None,
        says("Where to pay, while it is pending. null: the page is not open yet; ask again in a second."),
    ]
    failure_reason: Annotated[str | None, says("Why it failed.")]


class Ledger(Struct):
    """A page of what was booked, the latest first."""

    entries: list[LedgerEntry]
    next_before: Annotated[int | None, says("The `before` of the next page; null: there is none.")]


class FeedItem(Struct):
    """Something that happened."""

    id: Annotated[int, says("Its place in the feed: ids rise.")]
    kind: Annotated[str, says("What happened: sale.made, limit.reached, …")]
    at: Annotated[str, says("When it happened.")]
    data: Annotated[dict[str, Any], says("Ids and facts of its kind; no personal data of leads.")]


class FeedPage(Struct):
    """A page of the feed, the oldest first."""

    items: list[FeedItem]
    next_after: Annotated[int, says("The `after` of the next page, also where this one is empty.")]
    has_more: Annotated[bool, says("There is more already.")]


class Nothing(Struct, forbid_unknown_fields=True):
    """An empty object."""


EvidenceUrl = Annotated[
    str,
    Meta(
        max_length=2_000,
        pattern=r"^https://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?([/?#][!-~]*)?$",
        description="Where it is: https, without name or password.",
        examples=["https://files.example.com/call-4711.mp3"],
    ),
]
EvidenceKey = Annotated[
    str,
    Meta(
        max_length=500,
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.=-]*(/[A-Za-z0-9_][A-Za-z0-9_.=-]*)*$",
        description="Its key in the market place's object store.",
    ),
]


class EvidenceFile(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A file by reference, which LeadGen keeps and does not open: url or key, not both.

    A url may stand alone; otherwise sha256, bytes and media_type say which file it is.
    """

    sha256: Sha256 | UnsetType = UNSET
    bytes: Bytes | UnsetType = UNSET
    media_type: MediaType | UnsetType = UNSET
    url: EvidenceUrl | UnsetType = UNSET
    key: EvidenceKey | UnsetType = UNSET


class Return(Struct, forbid_unknown_fields=True):
    """Why the buyer returns the sale."""

    reason: Annotated[str, says("A code of /api/return-reasons.")]
    note: Annotated[str | None, text(500, "What happened.")] = None
    evidence: Annotated[
        list[EvidenceFile] | None,
        Meta(description="Files that show it, at most 10.", extra_json_schema={"maxItems": 10}),
    ] = None


class OutcomeReport(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What came of the lead: a stage, stars or a comment at least."""

    stage: Annotated[Stage | None, says("How far it came.")] = None
    happened_at: Annotated[
        str | None,
        text(
            50,
            "When: a day, or a time; without an offset by the market's clock. Default: now.",
            "2026-12-24",
            "2026-12-24T18:00:00-06:00",
        ),
    ] = None
    value: Annotated[
        float | str | None,
        says("What the customer was quoted or pays, in the sale's currency: with quoted or won.", "1200.00"),
    ] = None
    stars: Annotated[Stars | None, says("How good the lead was.")] = None
    comment: Annotated[str | None, text(500, "In your words. The operator reads it.")] = None


class ReturnReason(Struct):
    """A reason for which a sale may be returned."""

    code: str
    description: str


class AnswerForm(Struct, omit_defaults=True):
    """What the page's button sends."""

    reason: Annotated[str | UnsetType, says("To a link that returns a sale: a code.")] = UNSET
    note: Annotated[str | UnsetType, text(500, "What happened.")] = UNSET
    stage: Annotated[str | UnsetType, says("To a link that reports: contacted, appointment, quoted …")] = (
        UNSET
    )
    happened_at: Annotated[str | UnsetType, says("The day.")] = UNSET
    value: Annotated[str | UnsetType, says("Of a quote or a win.")] = UNSET
    stars: Annotated[str | UnsetType, says("1 to 5.")] = UNSET
    comment: Annotated[str | UnsetType, text(500, "In your words.")] = UNSET
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


class MoneyLow(Struct, omit_defaults=True):
    """What the buyer can still spend."""

    buyer_id: Id
    left: Annotated[SignedMoney, says("Of the balance, or of the credit limit.")]
    line: Annotated[Money, says("It has fallen below this.")]
    currency: Currency
    days_left: Annotated[
        float | UnsetType,
        says("How long that lasts at the pace of the last seven days; none: nothing was bought."),
    ] = UNSET


class BalanceLowV1(Struct):
    """What the buyer paid in advance runs low. Below the price of a lead it gets none. Its versions are like those
    of lead.assigned.
    """

    type: Literal["balance.low"]
    version: Literal[1]
    timestamp: Annotated[Moment, says("When it happened, UTC.")]
    data: MoneyLow


class CreditLowV1(Struct):
    """The buyer's credit limit is nearly used. Its versions are like those of lead.assigned."""

    type: Literal["credit.low"]
    version: Literal[1]
    timestamp: Annotated[Moment, says("When it happened, UTC.")]
    data: MoneyLow


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
    Answer(4711, "returned", LastReturn("approved", "duplicate", "money", [])),
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
