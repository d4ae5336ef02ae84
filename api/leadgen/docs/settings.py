"""settings.md: environment variables, and the settings of a session that functions look at."""

import re
from typing import Any

from leadgen.docs.catalogue import Catalogue
from leadgen.docs.markdown import code, page, table
from leadgen.docs.source import Source
from leadgen.settings import SECRET, Settings

SESSION = re.compile(r"current_setting\('(leadgen\.\w+)'")
KINDS = {"integer": "whole number", "number": "number", "string": "text", "array": "list, commas between"}


def make_settings(catalogue: Catalogue, _: Source) -> str:
    """The page."""
    properties: dict[str, dict[str, Any]] = Settings.model_json_schema()["properties"]
    rows = (
        [f"`{name.upper()}`", _say(name, body), body.get("description", "")]
        for name, body in properties.items()
    )
    texts = [(function.name, function.body) for function in catalogue.functions]
    texts += [(f"{trigger.table}.{trigger.name}", trigger.definition) for trigger in catalogue.triggers]
    readers: dict[str, list[str]] = {}
    for name, text in texts:
        for setting in SESSION.findall(text):
            readers.setdefault(setting, []).append(name)
    sessions = ([f"`{name}`", code(sorted(set(by)))] for name, by in sorted(readers.items()))
    return page(
        "Settings",
        "From `api/leadgen/settings.py` and the bodies of the functions.",
        f"## Environment\n\nAn empty variable counts as not set; an unknown name is refused.\n\n"
        f"{table(['variable', 'value', 'what'], rows)}",
        "## In the database\n\nWhat holds for the whole installation is the one row of "
        "[`leadgen.settings`](tables.md#settings).",
        f"## Of a session\n\n{table(['setting', 'read by'], sessions)}",
    )


def _say(name: str, body: dict[str, Any]) -> str:
    """The value in words: its kind, its bounds, its default."""
    kinds = [one for one in body.get("anyOf", [body]) if one.get("type") != "null"]
    first = kinds[0]
    words = code(first["enum"]) if "enum" in first else KINDS[first["type"]]
    bounds = [
        f"{word} {first[key]:,g}"
        for key, word in (("exclusiveMinimum", "above"), ("minimum", "from"), ("maximum", "to"))
        if key in first
    ]
    default = body.get("default")
    parts = [" ".join([words, *bounds])]
    parts += [f"`{default}` if not set"] if default not in (None, [], "") else []
    parts += ["secret"] if name.upper() in SECRET else []
    return "; ".join(parts)
