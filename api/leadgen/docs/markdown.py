"""Markdown, as all pages write it."""

import re
from collections.abc import Iterable

TYPES = r"character varying|timestamp with time zone|double precision|[\w.]+"
CAST = re.compile(rf"(?<=['\d)L])::(?:{TYPES})(?:\[\])?")
WORDS = {"character varying": "varchar", "timestamp with time zone": "timestamptz", " default ": " = "}
KEYWORD = re.compile(r"'[^']*'|\b[A-Z]{2,}\b")


def page(title: str, source: str, *parts: str) -> str:
    """A whole page; `source` says in one sentence what it was written from."""
    head = f"# {title}\n\n{source} Written by `leadgen docs`: edit the source, not this page."
    return "\n\n".join([head, *(part.strip("\n") for part in parts if part)]) + "\n"


def table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table; empty without rows."""
    names = list(columns)
    lines = [f"| {' | '.join(escape(cell) for cell in row)} |" for row in rows]
    return "\n".join([f"| {' | '.join(names)} |", f"|{' --- |' * len(names)}", *lines]) if lines else ""


def escape(cell: str) -> str:
    """Text for a cell: on one line, its bars escaped."""
    return " ".join(cell.split()).replace("|", "\\|")


def bullets(lines: Iterable[str]) -> str:
    """A list, one entry a line."""
    return "\n".join(f"- {' '.join(line.split())}" for line in lines)


def code(names: Iterable[str]) -> str:
    """Names in code, with commas between."""
    return ", ".join(f"`{name}`" for name in names)


def mermaid(*lines: str) -> str:
    """A drawing."""
    return "\n".join(["```mermaid", *lines, "```"])


def short(text: str) -> str:
    """A type, default or signature in PostgreSQL's words as we write it: lower case, varchar, timestamptz, no casts."""
    text = KEYWORD.sub(
        lambda word: word[0] if word[0].startswith("'") else word[0].lower(), CAST.sub("", text)
    )
    for long, word in WORDS.items():
        text = text.replace(long, word)
    return text
