"""What the database refuses, in one line."""

import json
from typing import Any

from psycopg import Error
from psycopg.errors import InvalidSchemaName, UndefinedFunction, UndefinedTable

OUT_OF_DATE = (InvalidSchemaName, UndefinedFunction, UndefinedTable)
OURS = "LG"  # SQLSTATEs with DETAIL as JSON, see kernel.refuse


def describe_error(error: Exception) -> str:
    """One line for the operator: what is wrong, what was found, what is allowed, and the way out.

    An error of our own has its own words, also on several lines.
    """
    if isinstance(error, UnicodeEncodeError):
        return "the text is not valid UTF-8"
    if not isinstance(error, Error):
        return str(error)
    message = error.diag.message_primary
    if isinstance(error, OUT_OF_DATE):
        return f"the database is not up to date: run `leadgen migrate` ({message})"
    if message is None:  # a connection that failed, or libpq's own words
        return " ".join(str(error).split())
    if not (error.sqlstate or "").startswith(OURS):
        return message
    parts = [
        message,
        *(facts for facts in read_facts(error.diag.message_detail) if not is_said(facts, message)),
    ]
    hint = f". {error.diag.message_hint}" if error.diag.message_hint else ""
    return "; ".join(parts) + hint


def is_said(facts: str, message: str) -> bool:
    """Whether the message names the field and what is wrong with it itself."""
    field, _, _ = facts.partition(": ")
    return message.startswith(f"{field}:")


def read_facts(detail: str | None) -> list[str]:
    """`weight: found 0, allowed 1 to 1000` from the DETAIL of one of our errors."""
    try:
        facts: Any = json.loads(detail or "{}")
    except ValueError:
        return []
    if not isinstance(facts, dict):
        return []
    found = ", ".join(f"{name} {facts[name]}" for name in ("found", "allowed") if facts.get(name) is not None)
    field = facts.get("field")
    return [f"{field}: {found}" if field and found else str(field or found)] if field or found else []
