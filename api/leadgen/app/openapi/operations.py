"""What the signature of a handler does not say about it: bodies, answers, headers. A handler has it as its operation
class: `@post("/api/leads", operation_class=operation(answer(202, "Qualified.", Accepted), refused(TOO_LARGE)))`.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import msgspec
from litestar.openapi.spec import Operation
from litestar.params import PathParameter

from leadgen.app import problems
from leadgen.app.openapi import models
from leadgen.app.problems import MEDIA_TYPE, Kind, Problem, list_headers, list_members

Json = dict[str, Any]
Model: TypeAlias = Any  # a msgspec.Struct, or another type that msgspec can describe
Callers = list[dict[str, list[str]]]

REF = "#/components/schemas/{name}"
JSON = "application/json"
HTML = "text/html"
FORM = "application/x-www-form-urlencoded"

ANYBODY: Callers = [{}]  # the default
OPERATOR: Callers = [{"bearer": []}, {"apiKey": []}]
SOURCE: Callers = ANYBODY + OPERATOR  # a landing page has no key
SOURCE_WITH_KEY: Callers = OPERATOR
BUYER: Callers = [{"buyerBearer": []}, {"buyerApiKey": []}]
USER: Callers = [{"sessionBearer": []}, {"sessionCookie": []}]


@dataclass
class DeclaredOperation(Operation):
    """An operation with the bodies and answers that were declared, in place of those that Litestar sees."""

    declared: ClassVar[Json]
    read_by_hand: ClassVar[tuple[Json, ...]]

    def to_schema(self) -> Json:
        """The operation as it stands in the document. The parameters in the path are Litestar's."""
        made = super().to_schema() | self.declared
        del made["deprecated"]
        if parameters := [*made.get("parameters", []), *self.read_by_hand]:
            made["parameters"] = parameters
        return made


def operation(
    *answers: Json, failures: Json | None = None, body: Json | None = None, parameters: tuple[Json, ...] = ()
) -> type[Operation]:
    """The class of an operation that takes `body`, reads these parameters itself and gives these answers.

    `failures` are the answers 5xx, where they are other than OURS.
    """
    responses = {status: one for each in (failures or OURS, *answers) for status, one in each.items()}
    declared = {"responses": dict(sorted(responses.items()))} | ({"requestBody": body} if body else {})
    members = {"declared": declared, "read_by_hand": parameters}
    return type("HandlersOperation", (DeclaredOperation,), members)


def parameter(place: str, name: str, description: str, *, required: bool = True, **schema: object) -> Json:
    """A parameter that the handler reads by hand, in the `header` or the `query`."""
    said = {"description": description, "schema": {"type": "string", **schema}}
    return {"name": name, "in": place, "required": required, **said}


def schema_of(model: Model) -> Json:
    """The schema of a model; a struct's is the reference to its component."""
    (schema,), _ = msgspec.json.schema_components([model], ref_template=REF)
    return schema


def takes(description: str, *, required: bool = True, **kinds: Model) -> Json:
    """The body of a request. `kinds`: `json`, `form`, `multipart`."""
    types = {"json": JSON, "form": FORM, "multipart": "multipart/form-data"}
    content = {types[kind]: {"schema": schema_of(model)} for kind, model in kinds.items()}
    return {"required": required, "description": description, "content": content}


def answer(
    status: int, description: str, model: Model = None, *cases: Kind | Problem, media_type: str = JSON
) -> Json:
    """An answer; `cases` are the problems that have the same status."""
    said: Json = {"description": description}
    content = {} if model is None else {media_type: {"schema": schema_of(model)}}
    if cases:
        examples = [EXAMPLES[case] if isinstance(case, Kind) else case for case in cases]
        named = {f"{n}-{one.kind.slug}": {"value": list_members(one)} for n, one in enumerate(examples, 1)}
        content[MEDIA_TYPE] = {"schema": schema_of(models.Problem), "examples": named}
        if headers := list_headers(examples[0].kind):
            said["headers"] = {
                name: {"schema": {"type": "string"}, "example": value} for name, value in headers.items()
            }
    return {str(status): said | ({"content": content} if content else {})}


def refused(*cases: Kind | Problem, description: str = "") -> Json:
    """An answer that is always a problem. `cases` have one status; each is an example."""
    first = cases[0] if isinstance(cases[0], Kind) else cases[0].kind
    words = [case.title if isinstance(case, Kind) else case.detail for case in cases]
    return answer(first.status, description or "; ".join(words), None, *cases)


def page(status: int, description: str, title: str) -> Json:
    """An answer that is a page with this title."""
    said = {"schema": {"type": "string"}, "example": f"<!doctype html>…<h1>{title}</h1>…"}
    return {str(status): {"description": description, "content": {HTML: said}}}


def or_page(answers: Json, title: str) -> Json:
    """The answers, each of which a visitor gets as a page with this title."""
    said = {"schema": {"type": "string"}, "example": f"<!doctype html>…<h1>{title}</h1>…"}
    return {status: one | {"content": one["content"] | {HTML: said}} for status, one in answers.items()}


def redirect(description: str) -> Json:
    """An answer without a body that sends a browser elsewhere (303)."""
    location = {"Location": {"schema": {"type": "string", "format": "uri"}, "required": True}}
    return {"303": {"description": description, "headers": location}}


REFERENCE = {"instance": "urn:uuid:6f1d0f0e-3c0b-4b52-9d5e-0b7c1f7f3c55"}
JSON_TYPE = "application/json, in UTF-8"
KEPT = {"step": "source", "quarantine_id": 88}
EXAMPLES = {
    problems.MALFORMED: Problem.of_field("phone", "a number", "text of at most 40 characters"),
    problems.UNAUTHORIZED: Problem(problems.UNAUTHORIZED, "No valid API key"),
    problems.TOO_SLOW: Problem(problems.TOO_SLOW, "The batch did not come in time"),
    problems.TOO_LARGE: Problem.of_field(
        "body", "more than 65536 bytes", "at most 65536 bytes", problems.TOO_LARGE
    ),
    problems.UNSUPPORTED: Problem.of_field("Content-Type", "none", JSON_TYPE, problems.UNSUPPORTED),
    problems.KEY_REUSED: Problem(problems.KEY_REUSED, "The idempotency key was used for another lead"),
    problems.QUARANTINED: Problem(
        problems.QUARANTINED, "The lead is kept, but not accepted: source 12 is inactive", extra=KEPT
    ),
    problems.TOO_MANY: Problem(
        problems.TOO_MANY,
        "Too many requests: the rate limit of this address is reached. Nothing of it was kept. "
        "Try again in 12 seconds.",
    ),
    problems.UNEXPECTED: Problem(problems.UNEXPECTED, problems.RECORDED, extra=REFERENCE),
    problems.UNAVAILABLE: Problem(problems.UNAVAILABLE, "The database is busy. Try again.", extra=REFERENCE),
}

OF_64_BITS = {"format": "int64"}
LEAD_ID = PathParameter(description="The lead.", schema_extra=OF_64_BITS)
SALE_ID = PathParameter(description="The sale, as lead.assigned names it.", schema_extra=OF_64_BITS)

TWO_KEYS = Problem.of_field("Authorization, X-API-Key", "two different keys", "one key")
NO_KEY = refused(
    problems.UNAUTHORIZED, description="The API key is missing where one is needed, or not valid"
)
SCOPED_KEY = NO_KEY | refused(
    Problem(problems.FORBIDDEN, "The key of buyer 7 does not allow this"),
    description="The key lacks the scope",
)
NO_CURRENCY = refused(Problem(problems.CONFLICT, "Buyer 7 has no currency yet"))
TOO_OFTEN = refused(
    problems.TOO_MANY, description="A rate limit is reached. Send it again after Retry-After seconds."
)
UNREADABLE = refused(problems.TOO_LARGE) | refused(
    problems.UNSUPPORTED, description="Compressed, or not JSON in UTF-8"
)
OURS = refused(problems.UNEXPECTED) | refused(problems.UNAVAILABLE)
