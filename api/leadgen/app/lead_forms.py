"""A lead as a plain HTML form posts it: its fields as a JSON object, and where its visitor goes afterwards.

A visitor sees no JSON. Who was taken goes to the source's success_url, who was not to its error_url; without these the
API shows a plain page. The addresses come from the source's row alone, so no form can send its visitor elsewhere.
"""

import json
import re
from collections.abc import Mapping, Sequence
from io import BytesIO
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from litestar import Response
from multipart import MultipartError, MultipartParser, parse_options_header

from leadgen.app.answer_pages import Page, show_page
from leadgen.app.headers import Headers, read_type
from leadgen.app.problems import (
    KEY_REUSED,
    MALFORMED,
    QUARANTINED,
    TOO_LARGE,
    TOO_MANY,
    UNAVAILABLE,
    UNEXPECTED,
    UNSUPPORTED,
    Problem,
    compose,
)

URL_ENCODED = b"application/x-www-form-urlencoded"
MULTIPART = b"multipart/form-data"
MAX_FIELDS = 200
LONGEST_NAME = 200
LONGEST_HEADER = 1000  # of a part of multipart/form-data

ATTRIBUTE = re.compile(r"attributes(?:\[([^\[\]]+)\](\[\])?|\.(.+))", re.DOTALL)
NAMES = "a field of a lead, attributes[name], attributes[name][] or attributes.name"

THANKS = Page(title="Thank you", text="Your request was received.")
CHECK = Page(
    title="Please check your entries",
    text="Your request was not passed on. Go back, correct it and send it again.",
)
KEPT = Page(
    title="Your request was received",
    text="Nobody is available for it now. It is kept, so you need not send it again.",
)
LATER = Page(title="Please try again later", text="Your request was not received. Send it again in a minute.")
BROKEN = Page(title="Your request was not received", text="Something is wrong with the form, not with you.")
FAILURES = {
    MALFORMED: CHECK,
    QUARANTINED: KEPT,
    TOO_MANY: LATER,
    UNAVAILABLE: LATER,
    UNEXPECTED: LATER,
    TOO_LARGE: CHECK,
    KEY_REUSED: BROKEN,
}

Fields = Sequence[tuple[str, str]]


def is_form(headers: Headers) -> bool:
    """Whether the body is announced as a form."""
    types = headers.get(b"content-type", [])
    return len(types) == 1 and read_type(types[0])[0] in (URL_ENCODED, MULTIPART)


def wants_json(headers: Headers) -> bool:
    """Whether the caller is a program: it accepts JSON, and no page."""
    accepted = b",".join(headers.get(b"accept", [])).lower()
    return b"application/json" in accepted and b"text/html" not in accepted


def read_fields(body: bytes, headers: Headers) -> Fields:
    """The names and values of a form, in its order. Raises Problem for a body that is none, and for a file."""
    content_type = headers[b"content-type"][0]
    kind, is_utf8 = read_type(content_type)
    if not is_utf8 or body.lstrip()[:1] == b"{":
        found = "JSON that is announced as a form" if is_utf8 else "another charset"
        allowed = "application/json, or a form in UTF-8"
        raise Problem.of_field("Content-Type", found, allowed, UNSUPPORTED)
    try:
        if kind == URL_ENCODED:
            text = body.decode("ascii")
            return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
        return _read_parts(body, content_type)
    except (ValueError, MultipartError):
        allowed = f"a form in UTF-8 of at most {MAX_FIELDS} fields"
        raise Problem.of_field("body", "text that is not such a form", allowed) from None


def compose_payload(fields: Fields) -> str:
    """The lead of a form, as JSON. Raises Problem for a field that is named or filled in two ways.

    An attribute that comes more than once, or whose name ends in [], is a list. One that is empty was not answered.
    """
    lead: dict[str, object] = {}
    attributes: dict[str, str | list[str]] = {}
    for name, value in fields:
        if found := ATTRIBUTE.fullmatch(name):
            _add_answer(attributes, found[1] or found[3], value, is_list=bool(found[2]))
        elif name.startswith("attributes"):
            raise Problem.of_field("attributes", "a name of another form", NAMES)
        elif lead.setdefault(name, value) != value:
            shown = name if name.isidentifier() and len(name) <= LONGEST_NAME else "body"
            raise Problem.of_field(shown, "two different values", "one value")
    if attributes:
        lead["attributes"] = attributes
    return json.dumps(lead)


def show_taken(success_url: str | None) -> Response[bytes]:
    """What a visitor gets whose lead was taken."""
    return _redirect(success_url) if success_url else show_page(THANKS, 202)


def show_rejected(error_url: str | None, errors: Sequence[Mapping[str, str]]) -> Response[bytes]:
    """What a visitor gets whose lead failed the offer's rules. `errors`: code, field and reason of each."""
    if error_url:
        return _redirect(_add_fault(error_url, errors[0]["code"], errors[0]["field"]))
    facts = [(error["field"], error["reason"]) for error in errors]
    return show_page(Page(title=CHECK.title, text=CHECK.text, facts=facts), 400)


def show_refused(error_url: str | None, problem: Problem) -> Response[bytes]:
    """What a visitor gets instead of a problem document."""
    fault = problem.errors[0] if problem.errors else {}
    if error_url:
        return _redirect(_add_fault(error_url, problem.kind.slug, fault.get("field")))
    page = FAILURES.get(problem.kind, BROKEN)
    facts = [("reason", problem.detail)] if page in (CHECK, BROKEN) else []
    headers = {name: text for name, text in compose(problem)[1].items() if name != "Cache-Control"}
    return show_page(Page(title=page.title, text=page.text, facts=facts), problem.kind.status, headers)


def _read_parts(body: bytes, content_type: bytes) -> Fields:
    boundary = parse_options_header(content_type.decode("latin-1"))[1].get("boundary", "")
    if not boundary:
        raise Problem.of_field("Content-Type", "multipart/form-data without a boundary", "one with it")
    fields = []
    parser = MultipartParser(
        BytesIO(body), boundary, strict=True, part_limit=MAX_FIELDS, headersize_limit=LONGEST_HEADER
    )
    for part in parser:
        if part.filename is None:
            fields.append((part.name, part.raw.decode()))
        elif part.size:
            name = part.name if part.name.isidentifier() and len(part.name) <= LONGEST_NAME else "body"
            raise Problem.of_field(name, "a file", "text; a form of a lead has no files")
    return fields


def _add_answer(attributes: dict[str, str | list[str]], name: str, value: str, *, is_list: bool) -> None:
    if not value:
        return
    known = attributes.get(name)
    if known is None:
        attributes[name] = [value] if is_list else value
    else:
        attributes[name] = [*(known if isinstance(known, list) else [known]), value]


def _add_fault(url: str, code: str, field: str | None) -> str:
    """The address with error and field in its query."""
    parts = urlsplit(url)
    fault = urlencode({"error": code} | ({"field": field} if field else {}))
    return urlunsplit(parts._replace(query=f"{parts.query}&{fault}" if parts.query else fault))


def _redirect(url: str) -> Response[bytes]:
    return Response(b"", status_code=303, headers={"Location": url, "Cache-Control": "no-store"})
