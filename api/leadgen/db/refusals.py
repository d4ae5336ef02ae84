"""What the server refuses, in one line without its traces."""

import json
from typing import Any

from psycopg import Error

OURS = "LG"  # SQLSTATEs with DETAIL as JSON, see kernel.refuse


def describe_refusal(error: Error) -> str:
    """What is wrong, what was found, what is allowed, and the way out; never the CONTEXT of PL/pgSQL."""
    diagnosis = error.diag
    message = diagnosis.message_primary
    if message is None:  # a connection that failed, or libpq's own words
        return " ".join(str(error).split())
    is_ours = (error.sqlstate or "").startswith(OURS)
    return describe_parts(message, diagnosis.message_detail if is_ours else None, diagnosis.message_hint)


def describe_parts(message: str, detail: str | None, hint: str | None) -> str:
    """A refusal in one line by its MESSAGE, its DETAIL as JSON and its HINT."""
    said = "; ".join([message, *(facts for facts in read_facts(detail) if not is_said(facts, message))])
    if not hint:
        return said
    return f"{said}{'' if said.endswith(('.', '?', '!')) else '.'} {hint}"


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
