"""Reading a URL-encoded form: each field once, text only."""

from typing import Any
from urllib.parse import parse_qsl

from litestar import Request

from leadgen.app.body import read_body
from leadgen.app.headers import Headers, check_form_type
from leadgen.app.problems import Problem

MAX_FIELDS = 100


async def read_form(
    request: Request[Any, Any, Any], headers: Headers, limit: int, most_fields: int = MAX_FIELDS
) -> dict[str, str]:
    """The fields of a form of at most `limit` bytes. Raises Problem for another body, or a field that comes twice."""
    check_form_type(headers)
    body = await read_body(request, limit)
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=most_fields
        )
    except ValueError:
        raise Problem.of_field("body", "text that is not a form", "a URL-encoded form in UTF-8") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Problem.of_field("body", "the same field twice", "each field once")
    if any("\x00" in text for pair in pairs for text in pair):
        raise Problem.of_field("body", "a NUL character", "text without it")
    return fields
