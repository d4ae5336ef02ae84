"""What people read: the facts of a delivery, the templates, and what keeps both out of headers."""

import json
from datetime import datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from leadgen.worker.attempt import Delivery

LEAD = "lead.assigned"
LONGEST_NUMBER = 100  # digits
LINKS = ("accept", "return", "report", "unsubscribe")
OPTIONAL_FACTS: dict[str, Any] = {
    "phone_extension": None,
    "city": None,
    "region_code": None,
    "message": None,
    "attributes": {},
}
OPTIONAL_CONSENT = dict.fromkeys(
    ("at", "text_version", "text", "certificate_url", "certificate_id", "ip_address", "page_url")
)


def read_facts(delivery: Delivery, public_url: str | None) -> dict[str, Any]:
    """What templates may use: the body's `data`, the claim's details, the time of it there, links."""
    body, details = json.loads(delivery.body, parse_int=read_number), delivery.details or {}
    happened_at = datetime.fromisoformat(body["timestamp"]).astimezone(ZoneInfo(details["timezone"]))
    facts = {
        "kind": delivery.kind,
        "details": details,
        "happened_at": happened_at,
        "links": read_links(details, public_url),
    }
    if delivery.kind == LEAD:
        data = body["data"]
        return {
            **data,
            **facts,
            "lead": {**OPTIONAL_FACTS, **data["lead"]},
            "consent": {**OPTIONAL_CONSENT, **(data.get("consent") or {})},
            "sub_ids": data.get("sub_ids") or {},
        }
    return {"facts": body["data"], **facts}


def read_number(digits: str) -> int | str:
    """A number; one that is absurdly long stays text, since Python refuses to read it."""
    return int(digits) if len(digits) <= LONGEST_NUMBER else digits


def read_links(details: dict[str, Any], public_url: str | None) -> dict[str, str | None]:
    """Where a click answers, by what it answers; None where there is no such answer, or no PUBLIC_URL."""
    tokens = details.get("links") or {}
    return {
        name: f"{public_url}/answers/{quote(tokens[name], safe='')}"
        if public_url is not None and tokens.get(name)
        else None
        for name in LINKS
    }


def template_of(kind: str, part: str) -> str:
    """The template for a kind of delivery: `lead.txt`, `notice.sms.txt`."""
    return f"{'lead' if kind == LEAD else 'notice'}.{part}"


def plain_line(text: str) -> str:
    """The text in one line: no line breaks, control characters or marks that turn the direction of writing."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def one_line(text: str) -> str:
    """Fit for a header: one line, and nothing that decodes to more."""
    return plain_line(text).replace("=?", "= ?")  # else the start of an encoded word


def clip_at_word(text: str, length: int) -> str:
    """At most so many characters; what is cut off ends at a word, with three dots."""
    if len(text) <= length:
        return text
    room = length - 3
    head = text[: room + 1].rpartition(" ")[0] or text[:room]
    return f"{head[:room].rstrip()}..."


def as_words(value: Any) -> str:
    """A free-form answer for people: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def as_quoted(value: Any) -> str:
    """A free-form answer in one line, text between quotes: it can pose as no line of ours."""
    return plain_line(json.dumps(plain_line(value) if isinstance(value, str) else value, ensure_ascii=False))


templates = Environment(
    loader=PackageLoader("leadgen.worker"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
templates.filters["words"] = as_words
templates.filters["quoted"] = as_quoted
templates.filters["line"] = plain_line


def render(template: str, facts: dict[str, Any]) -> str:
    """One template of worker/templates with these facts. Raises TemplateError when it needs another."""
    return templates.get_template(template).render(facts)
