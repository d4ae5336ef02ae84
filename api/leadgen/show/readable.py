"""A JSON document as lines for a person."""

from collections.abc import Iterator
from typing import Any

from leadgen.show.console import OBEYED

INDENT = "  "


def readable_lines(value: Any, depth: int = 0) -> Iterator[str]:
    """`name: value`, what is inside something indented below it. What is not there is left out."""
    pad = INDENT * depth
    if isinstance(value, dict):
        for name, inner in value.items():
            if inner in (None, "", [], {}):
                continue
            said = name.replace("_", " ")
            if isinstance(inner, dict | list):
                yield f"{pad}{said}:"
                yield from readable_lines(inner, depth + 1)
            else:
                yield f"{pad}{said}: {_say(inner)}"
    elif isinstance(value, list):
        for number, inner in enumerate(value, start=1):
            if isinstance(inner, dict | list):
                yield f"{pad}{number}."
                yield from readable_lines(inner, depth + 1)
            else:
                yield f"{pad}{_say(inner)}"
    else:
        yield f"{pad}{_say(value)}"


def _say(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return OBEYED.sub("\N{REPLACEMENT CHARACTER}", str(value).replace("\n", " / "))
