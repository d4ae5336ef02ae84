"""erd.md: which table refers to which, as drawings."""

import re

from leadgen.docs.catalogue import Catalogue, Key
from leadgen.docs.markdown import mermaid, page, short
from leadgen.docs.source import Source


def make_erd(catalogue: Catalogue, source: Source) -> str:
    """The page: one drawing of all tables, and one for each file of sql/tables with the columns that are keys."""
    parts = [f"## All of it\n\n{mermaid('erDiagram', *_edges(_foreign(catalogue)))}"]
    for file in source.tables:
        keys = [key for key in _foreign(catalogue) if key.table in file.makes]
        lines = [line for name in file.makes for line in _entity(catalogue, name)]
        if lines and keys:
            parts.append(f"## {file.stem}\n\n{file.heading}\n\n{mermaid('erDiagram', *lines, *_edges(keys))}")
    return page(
        "Entities",
        "Foreign keys of schema `leadgen`, from the database. Tables without any are in [tables](tables.md) only.",
        *parts,
    )


def _foreign(catalogue: Catalogue) -> list[Key]:
    return [key for key in catalogue.keys if key.kind == "f"]


def _edges(keys: list[Key]) -> list[str]:
    return [f"  {key.target} ||--o{{ {key.table} : {'_and_'.join(key.columns)}" for key in keys]


def _entity(catalogue: Catalogue, name: str) -> list[str]:
    """The columns that are keys: PK, FK, UK."""
    marks: dict[str, list[str]] = {}
    for mark, kind in (("PK", "p"), ("FK", "f"), ("UK", "u")):
        for key in catalogue.keys:
            if key.table == name and key.kind == kind:
                for column in key.columns:
                    marks.setdefault(column, []).append(mark)
    columns = [column for column in catalogue.columns if column.table == name and column.name in marks]
    rows = [
        f"    {_word(column.type)} {column.name} {', '.join(dict.fromkeys(marks[column.name]))}"
        for column in columns
    ]
    return [f"  {name} {{", *rows, "  }"]


def _word(kind: str) -> str:
    """A type as one word, as a drawing wants it: numeric(10,2) is numeric."""
    return re.sub(r"\W.*", "", short(kind).removeprefix("leadgen."))
