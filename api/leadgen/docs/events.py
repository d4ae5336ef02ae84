"""events.md: the kinds of events that operators see, and of notices that buyers get, with who writes them."""

import re
from collections.abc import Iterator

from leadgen.docs.catalogue import Catalogue, Function
from leadgen.docs.markdown import page, table
from leadgen.docs.scan import list_calls, list_items, read_literal
from leadgen.docs.source import Source

UNKNOWN = "?"


def make_events(catalogue: Catalogue, _: Source) -> str:
    """The page."""
    comments = {function.name: catalogue.say(function) for function in catalogue.functions}
    parts = []
    for title, name, words in (
        ("Events", "events", "Rows of `leadgen.events`, for operators: `leadgen events`, `report.events`."),
        (
            "Notices",
            "notices",
            "Rows of `leadgen.notices`, delivered to the buyer beside its leads (`lead.assigned`).",
        ),
    ):
        rows = (
            [f"`{kind}`", f"`{writer}`", comments[writer]]
            for kind, writer in list_kinds(catalogue.functions, name)
        )
        parts.append(f"## {title}\n\n{words}\n\n{table(['kind', 'written by', 'which'], rows)}")
    return page("Events and notices", "Found in the bodies of the functions that write them.", *parts)


def list_kinds(functions: list[Function], name: str) -> list[tuple[str, str]]:
    """(kind, function that names it) for each row that is written to a table with a column `kind`; ? for none found."""
    return sorted({found for function in functions for found in _list_written(functions, function, name)})


def _list_written(functions: list[Function], writer: Function, name: str) -> Iterator[tuple[str, str]]:
    for match in re.finditer(rf"insert into leadgen\.{name} \(", writer.body):
        rest = writer.body[match.end() :]
        place = list_items(rest).index("kind")
        values = re.search(r"\b(?:values\s*\(|select\b)", rest)
        written = list_items(rest[values.end() :])[place] if values else UNKNOWN
        yield from _trace(functions, writer, written)


def _trace(functions: list[Function], writer: Function, written: str) -> Iterator[tuple[str, str]]:
    """The kinds that an expression may be: literals, a parameter of the writer, or a field that its callers set."""
    if kinds := _read_kinds(written):
        yield from ((kind, writer.name) for kind in kinds)
        return
    parameters = [part.split()[0] for part in list_items(f"{writer.arguments})") if part]
    found = False
    for caller in functions:
        for arguments in list_calls(caller.body, writer.name):
            if written in parameters:
                kinds = _read_kinds(arguments[parameters.index(written)]) or [UNKNOWN]
            else:
                kinds = re.findall(r"\.kind := '(\w+)'", caller.body)
            for one in kinds:
                found = True
                yield one, caller.name
    if not found:
        yield UNKNOWN, writer.name


def _read_kinds(written: str) -> list[str]:
    """The literals that an expression may be: itself, or the branches of a case."""
    if written.startswith("case "):
        return re.findall(r"\b(?:then|else) '([\w.]+)'", written)
    kind = read_literal(written)
    return [] if kind is None else [kind]
