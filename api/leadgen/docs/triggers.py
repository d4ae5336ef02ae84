"""triggers.md: what a write to a table sets off."""

import re
from itertools import groupby

from leadgen.docs.catalogue import Catalogue, Trigger
from leadgen.docs.markdown import page, short, table
from leadgen.docs.source import Source

DEFINITION = re.compile(
    r"CREATE TRIGGER \S+ (?P<moment>.*?) ON \S+.*? FOR EACH (?P<each>\w+)"
    r"(?: WHEN \((?P<condition>.*)\))? EXECUTE FUNCTION (?P<function>\S+)\((?P<arguments>.*)\)$"
)
CHANGES = re.compile(r"(\w+) changes")
SEVERAL = re.compile(r"\w+ changes(?: or \w+ changes)+")


def make_triggers(catalogue: Catalogue, _: Source) -> str:
    """The page: what the functions do, then by table what fires when."""
    parts = [
        f"## {name}\n\n{table(['trigger', 'fires', 'function'], map(_row, triggers))}"
        for name, triggers in groupby(catalogue.triggers, key=lambda trigger: trigger.table)
    ]
    comments = {function.name: function.comment for function in catalogue.functions}
    used = sorted({trigger.function for trigger in catalogue.triggers})
    functions = table(["function", "what it does"], ([f"`{name}`", comments[name]] for name in used))
    return page(
        "Triggers",
        "By table, from the database. Triggers guard rows; what follows of an event is called by a road.",
        f"## The functions\n\n{functions}",
        *parts,
    )


def _row(trigger: Trigger) -> list[str]:
    match = DEFINITION.fullmatch(trigger.definition)
    if match is None:
        raise ValueError(f"cannot read {trigger.definition}")
    moment = match["moment"].lower()
    each = "each row" if match["each"] == "ROW" else "each statement"
    condition = f", when {say_condition(match['condition'])}" if match["condition"] else ""
    return [
        f"`{trigger.name}`",
        f"{moment}, {each}{condition}",
        f"`{trigger.function}({match['arguments']})`",
    ]


def say_condition(text: str) -> str:
    """A condition as a person reads it: without casts, `old.x IS DISTINCT FROM new.x` as `x changes`."""
    text = short(re.sub(r"::(?:\w+\.)?\w+", "", text))
    text = re.sub(r"\b(?:old|new)\.(\w+) is distinct from (?:old|new)\.\1\b", r"\1 changes", text)
    return SEVERAL.sub(lambda found: f"one of {', '.join(CHANGES.findall(found[0]))} changes", text)
