"""Calls and their arguments in the text of a function's body."""

import re
from collections.abc import Iterator

TOKEN = re.compile(r"'(?:[^']|'')*'|--[^\n]*|[(),;]|\[|\]")
LITERAL = re.compile(r"'((?:[^']|'')*)'")


def list_calls(body: str, name: str) -> Iterator[list[str]]:
    """The arguments of each call of a function, as they are written."""
    for match in re.finditer(rf"\b{re.escape(name)}\(", body):
        yield list_items(body[match.end() :])


def list_items(text: str) -> list[str]:
    """What stands between commas, up to the bracket or semicolon that ends the list."""
    items, start, depth = [], 0, 0
    for token in TOKEN.finditer(text):
        sign = token[0]
        if depth == 0 and sign in "),;":
            items.append(text[start : token.start()].strip())
            start = token.end()
            if sign != ",":
                return items
        elif sign in "([":
            depth += 1
        elif sign in ")]":
            depth -= 1
    return items


def read_literal(text: str) -> str | None:
    """The text of a string literal; None for anything else."""
    match = LITERAL.fullmatch(text)
    return match[1].replace("''", "'") if match else None
