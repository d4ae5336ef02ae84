"""errors.md: the SQLSTATEs, what they are over HTTP, and who raises them."""

import re
from collections.abc import Iterator

from leadgen.app.errors import TABLE, UNMAPPED, Row
from leadgen.docs.catalogue import Catalogue, Function
from leadgen.docs.markdown import page, table
from leadgen.docs.scan import list_calls, read_literal
from leadgen.docs.source import Source

OURS = "LG"
REFUSE = "kernel.refuse"
NOBODY = "No function of the database raises it."
BY_CONFIGURATION = (
    "kernel.refuse_value",
    "kernel.refuse_choice",
)  # LG423, the message made of path, found, allowed


def make_errors(catalogue: Catalogue, _: Source) -> str:
    """The page."""
    ours = {code: row for code, row in TABLE.items() if code.startswith(OURS)}
    others = {code: row for code, row in TABLE.items() if code not in ours}
    raised = sorted({found for function in catalogue.functions for found in list_raised(function)})
    parts = [f"## Ours\n\n{_map(ours)}", f"## PostgreSQL's\n\n{_map(others)}\n\nAny other: {_say(UNMAPPED)}"]
    for code in ours:
        rows = ([message, f"`{name}`"] for one, message, name in raised if one == code)
        listed = table(["message", "raised by"], rows) or NOBODY
        parts.append(f"## {code}: {ours[code].kind.title.lower()}\n\n{listed}")
    checks = sorted(function.name for function in catalogue.functions if _refuses_values(function))
    parts.append(
        "## Values of the configuration\n\nLG423 with the path of the value, what was found and what is allowed: "
        + ", ".join(f"`{name}`" for name in checks)
    )
    return page(
        "Errors",
        "Our SQLSTATEs, from `api/leadgen/app/errors.py` and the bodies of the functions. MESSAGE is for people, "
        "DETAIL is JSON (`field`, `found`, `allowed`), HINT is the way out.",
        *parts,
    )


def list_raised(function: Function) -> Iterator[tuple[str, str, str]]:
    """(SQLSTATE, message, function) for each refusal in a body; %s stands for a value."""
    for arguments in list_calls(function.body, REFUSE):
        code = read_literal(arguments[0])
        if code is None:
            continue
        yield code, read_message(arguments[1]) if len(arguments) > 1 else "", function.name


def read_message(expression: str) -> str:
    """The message of a refusal as far as its text says it; %s stands for a value."""
    parts = [next(list_calls(part, "format"), [part])[0] for part in expression.split("||")]
    read = [read_literal(part.strip()) for part in parts]
    return (
        "".join("%s" if part is None else part for part in read) if any(read) else "depends on what was found"
    )


def _refuses_values(function: Function) -> bool:
    is_itself = function.name in BY_CONFIGURATION
    return not is_itself and any(
        re.search(rf"\b{re.escape(name)}\(", function.body) for name in BY_CONFIGURATION
    )


def _map(rows: dict[str, Row]) -> str:
    return table(
        ["SQLSTATE", "HTTP", "problem", "what the client reads"],
        (
            [f"`{code}`", str(row.kind.status), f"`{row.kind.slug}`", row.detail or row.kind.title]
            for code, row in rows.items()
        ),
    )


def _say(row: Row) -> str:
    return f"{row.kind.status} `{row.kind.slug}`. {row.detail}"
