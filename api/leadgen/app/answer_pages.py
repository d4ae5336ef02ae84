"""The pages behind the links in e-mails: accept a lead, give one back, stop the notices.

Whoever has a link may answer; identity.make_link signs it. Programs that look at mail follow links too, so a GET
shows a page with one button and changes nothing, and the button's POST does it. A mail program's own button sends
`List-Unsubscribe=One-Click` instead (RFC 8058). The pages need nothing from outside and run no script.
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from importlib.resources import files
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from litestar import Response, get, post
from litestar.exceptions import HTTPException
from litestar.params import PathParameter
from litestar.types import ExceptionHandlersMap
from markupsafe import Markup

from leadgen.app.body import read_body
from leadgen.app.every_answer import SECURITY_HEADERS
from leadgen.app.form import read_form
from leadgen.app.headers import group
from leadgen.app.openapi.models import AnswerForm
from leadgen.app.openapi.operations import operation, page, takes
from leadgen.app.problems import (
    CONFLICT,
    MALFORMED,
    NOT_FOUND,
    TOO_LARGE,
    TOO_MANY,
    UNAVAILABLE,
    UNEXPECTED,
    Problem,
    on_http_exception,
    on_problem,
    on_unexpected,
)
from leadgen.app.request_ids import name_request
from leadgen.app.services import FromServices, Request

LONGEST_TOKEN = 500
MULTIPART = b"multipart/form-data"

STYLE = files("leadgen.app").joinpath("templates", "answer.css").read_text(encoding="utf-8")
STYLE_HASH = b64encode(sha256(STYLE.encode()).digest()).decode()
PAGE_HEADERS = SECURITY_HEADERS | {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Robots-Tag": "noindex, nofollow",
}

QUESTIONS = {
    "accept": ("Accept this lead?", "Accept the lead"),
    "return": ("Return this lead?", "Return the lead"),
    "report": ("What came of this lead?", "Report it"),
    "unsubscribe": ("Stop these e-mails?", "Stop the e-mails"),
}
ANSWERED = {
    "accepted": "Accepted",
    "reported": "Thank you",
    "returned": "Returned",
    "requested": "Return requested",
    "refused": "Return refused",
    "unsubscribed": "E-mails stopped",
    "too_late": "Too late",
}
FAILURES = {
    NOT_FOUND: (
        "This link does not work",
        "Mail programs sometimes cut links off. Open it from the e-mail again, or copy the whole link.",
    ),
    MALFORMED: ("This form cannot be read", "Open the link from the e-mail again."),
    TOO_MANY: (
        "Too many requests",
        "Too many links were opened from your network. Nothing is lost. Try again in a minute.",
    ),
    UNAVAILABLE: (
        "Not available now",
        "We cannot look it up right now. Nothing is lost. Try again in a minute.",
    ),
    UNEXPECTED: ("Something went wrong on our side", "The failure was recorded. It is safe to try again."),
}

STAGES = {
    "contacted": "I reached the customer",
    "appointment": "We have an appointment",
    "quoted": "I gave a quote",
    "won": "I won the job",
    "lost": "I did not get the job",
}
REPORT_FIELDS = ("stage", "happened_at", "value", "stars", "comment")

Json = dict[str, Any]


@dataclass(frozen=True)
class Page:
    """What a page says; with a button it asks."""

    title: str
    text: str
    subject: str | None = None
    facts: list[tuple[str, str]] = field(default_factory=list)
    button: str | None = None
    reasons: list[dict[str, str]] = field(default_factory=list)
    fault: str | None = None
    filled: Mapping[str, str] = field(default_factory=dict)
    asks_password: bool = False
    stages: Mapping[str, str] = field(default_factory=dict)


def show_problem(request: Request, problem: Problem) -> Response[bytes]:
    """A problem as a page."""
    return _as_page(on_problem(request, problem))


def show_http_exception(request: Request, error: HTTPException) -> Response[bytes]:
    """What Litestar itself refuses as a page."""
    return _as_page(on_http_exception(request, error))


def show_unexpected(request: Request, error: Exception) -> Response[bytes]:
    """A defect of ours as a page."""
    return _as_page(on_unexpected(request, error))


ON_ERROR: ExceptionHandlersMap = {
    Problem: show_problem,
    HTTPException: show_http_exception,
    Exception: show_unexpected,
}


Token = Annotated[str, PathParameter(description="From the link in an e-mail. Whoever has it may answer.")]
PAGES = (
    page(404, "No such link.", FAILURES[NOT_FOUND][0])
    | page(429, "A rate limit is reached. Try again after Retry-After seconds.", FAILURES[TOO_MANY][0])
    | page(500, UNEXPECTED.title, FAILURES[UNEXPECTED][0])
    | page(503, UNAVAILABLE.title, FAILURES[UNAVAILABLE][0])
)


@get(
    "/answers/{token:str}",
    exception_handlers=ON_ERROR,
    summary="Show what a link in an e-mail asks",
    operation_class=operation(
        PAGES, page(200, "What is asked, or why it can no longer be answered.", QUESTIONS["accept"][0])
    ),
)
async def show_answer(request: Request, services: FromServices, token: Token) -> Response[bytes]:
    """A page with one button. Nothing changes: programs that look at mail follow links too."""
    await services.admit_anybody(request)
    return show_page(describe_link(await services.queries.read_link(check_token(token))))


@post(
    "/answers/{token:str}",
    status_code=200,
    exception_handlers=ON_ERROR,
    summary="Do what a link in an e-mail asks",
    operation_class=operation(
        PAGES,
        page(200, "Done.", ANSWERED["accepted"]),
        page(400, "Something is missing in the form.", FAILURES[MALFORMED][0]),
        page(409, "Too late.", ANSWERED["too_late"]),
        page(413, TOO_LARGE.title, FAILURES[MALFORMED][0]),
        page(415, "Not a form.", FAILURES[MALFORMED][0]),
        body=takes("The form's fields.", required=False, form=AnswerForm, multipart=dict),
    ),
)
async def give_answer(request: Request, services: FromServices, token: Token) -> Response[bytes]:
    """What the page's button sends.

    To a link that ends notices, a mail program sends List-Unsubscribe=One-Click (RFC 8058).
    """
    queries = services.queries
    await services.admit_anybody(request)
    check_token(token)
    fields = await _read_fields(request, services.max_body_bytes)
    reason, note = fields.get("reason") or None, fields.get("note") or None
    report = {name: fields[name] for name in REPORT_FIELDS if fields.get(name)}
    try:
        link = await queries.answer_by_link(token, reason, note, json.dumps(report))
        return show_page(describe_link(link, is_reported=bool(report)))
    except Problem as problem:
        if problem.kind not in (CONFLICT, MALFORMED):
            raise
        page = replace(describe_link(await queries.read_link(token)), fault=problem.detail, filled=fields)
        if problem.kind == CONFLICT:
            page = replace(page, button=None)
        return show_page(page, problem.kind.status)


def check_token(token: str) -> str:
    """The token. Raises Problem (404) for what the database need not be asked about."""
    if not token.isascii() or not token.isprintable() or len(token) > LONGEST_TOKEN:
        raise Problem(NOT_FOUND, "There is no such link")
    return token


def describe_link(link: Json, *, is_reported: bool = False) -> Page:
    """The page for what leadgen.read_link says: a question while it is open, else how it ended.

    Something can be reported again and again: the page that thanks for a report asks for the next.
    """
    is_open = link["state"] == "open"
    title, button = QUESTIONS[link["kind"]]
    return Page(
        title=ANSWERED["reported"]
        if is_reported and is_open
        else title
        if is_open
        else ANSWERED[link["state"]],
        text=link["message"],
        subject=link["buyer"],
        facts=_read_facts(link) if "lead_id" in link else [],
        button=button if is_open else None,
        reasons=link.get("reasons") or [],
        stages=STAGES if link["kind"] == "report" and is_open else {},
    )


def _read_facts(link: Json) -> list[tuple[str, str]]:
    sold_at = datetime.fromisoformat(link["sold_at"]).astimezone(ZoneInfo(link["timezone"]))
    return [
        ("Lead", str(link["lead_id"])),
        ("Offer", link["offer"]),
        ("Postal code", link["postal_code"] or "none"),
        ("Sold", f"{sold_at:%Y-%m-%d %H:%M %Z}"),
        ("Price", f"{link['price']} {link['currency']}"),
        *_read_reported(link),
    ]


def _read_reported(link: Json) -> list[tuple[str, str]]:
    """What was reported so far, in a line; nothing of links that ask something else."""
    reported = link.get("reported")
    if link["kind"] != "report" or not reported:
        return []
    parts = [STAGES.get(reported["stage"], "")]
    if reported["value"] is not None:
        parts.append(f"{reported['value']} {link['currency']}")
    if reported["stars"] is not None:
        parts.append(f"{reported['stars']} of 5 stars")
    return [("Reported", ", ".join(part for part in parts if part) or "a comment")]


async def _read_fields(request: Request, limit: int) -> dict[str, str]:
    """The form's fields. Of multipart/form-data, in which mail programs may unsubscribe, nothing is needed."""
    headers = group(request.scope["headers"])
    if headers.get(b"content-type", [b""])[0].strip().lower().startswith(MULTIPART):
        await read_body(request, limit)
        return {}
    return await read_form(request, headers, limit)


def _as_page(answer: Response[bytes]) -> Response[bytes]:
    """The page in place of the problem's JSON, with the same status and headers."""
    status = answer.status_code or UNEXPECTED.status
    kinds = {kind.status: kind for kind in FAILURES}
    title, text = FAILURES[kinds.get(status, MALFORMED)]
    reference = f" Reference: {name_request()}" if status >= UNEXPECTED.status else ""
    page = Page(title=title, text=f"{text}{reference}")
    return show_page(page, status, dict(answer.headers))


def show_page(page: Page, status: int = 200, headers: Mapping[str, str] | None = None) -> Response[bytes]:
    """The page as an answer."""
    text = _TEMPLATE.render(page=page, style=Markup(STYLE))  # noqa: S704  our own file
    return Response(
        text.encode(),
        status_code=status,
        media_type="text/html",
        headers={**(headers or {}), **PAGE_HEADERS},
    )


_TEMPLATE = Environment(
    loader=PackageLoader("leadgen.app"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
).get_template("answer.html")
