"""Escapes of JSON that are no text: a NUL, or half of a surrogate pair, as phones and broken exports write them."""

import re

ODD_ESCAPE = re.compile(r"\\u(?:0000|d[89a-f])", re.IGNORECASE)  # NUL, or half of a surrogate pair
_ESCAPE = re.compile(
    r"(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u(?:0000|[dD][89a-fA-F][0-9a-fA-F]{2})|(\\.)"
)


def mend_text(text: str) -> str:
    """JSON in which each escaped NUL and each half of a surrogate pair is U+FFFD (ref.mend_escapes does the same)."""
    if not ODD_ESCAPE.search(text):
        return text
    return _ESCAPE.sub(lambda found: found[1] or found[2] or "\\ufffd", text)
