"""tables.md: every table with its columns, and the views."""

from leadgen.docs.catalogue import Catalogue, Column
from leadgen.docs.markdown import bullets, code, page, short, table
from leadgen.docs.source import Source
from leadgen.docs.touched import Touched, find_touched

VIEWS = {
    "report": "Views for analysts: no personal data.",
    "for_buyers": "Views for a session that acts for a buyer: its own rows, by row-level security.",
    "for_sources": "Views for a session that acts for a source: its own rows, by row-level security.",
}
DEPLOY = "Deploy: which migrations ran, and what is loaded."


def make_tables(catalogue: Catalogue, source: Source) -> str:
    """The page."""
    touched = find_touched(source.doors)
    parts, done = [], set[str]()
    for file in source.tables:
        if file.makes:
            parts += [
                f"## {file.stem}\n\n{file.heading}",
                *(_describe(catalogue, touched, name) for name in file.makes),
            ]
            done.update(file.makes)
    rest = sorted(catalogue.tables.keys() - done)
    parts += [f"## deploy\n\n{DEPLOY}", *(_describe(catalogue, touched, name) for name in rest)]
    for schema, what in VIEWS.items():
        views = [view for view in catalogue.views if view.name.startswith(f"{schema}.")]
        rows = table(["view", "what"], ([f"`{view.name}`", view.comment] for view in views))
        parts.append(f"## {schema}\n\n{what}\n\n{rows}")
    return page(
        "Tables",
        "Every table of schema `leadgen` with its columns, from the database and its comments; "
        "who touches it, from `sql/doors.toml`.",
        *parts,
    )


def _describe(catalogue: Catalogue, touched: dict[str, Touched], name: str) -> str:
    columns = [column for column in catalogue.columns if column.table == name]
    words = {one.name: f"One of {', '.join(one.words)}." for one in catalogue.words if one.table == name}
    rows = (
        [
            f"`{column.name}`",
            _type(column),
            " ".join(filter(None, (column.comment, words.get(column.name)))),
        ]
        for column in columns
    )
    return "\n\n".join(
        [
            f"### {name}",
            catalogue.tables[name].comment,
            table(["column", "type", "what"], rows),
            bullets(_rules(catalogue, touched, name)),
        ]
    )


def _type(column: Column) -> str:
    optional = "or null" if column.may_be_null else ""
    made = column.default in (None, "identity", "generated")
    given = column.default if made else f"= `{short(column.default or '')}`"
    return " ".join(part for part in (short(column.type).replace("leadgen.", ""), optional, given) if part)


def _rules(catalogue: Catalogue, touched: dict[str, Touched], name: str) -> list[str]:
    keys = [key for key in catalogue.keys if key.table == name]
    lines = [f"Key: {code(key.columns)}" for key in keys if key.kind == "p"]
    lines += [f"Unique: {code(key.columns)}" for key in keys if key.kind == "u"]
    lines += [f"Unique: `{short(unique.definition)}`" for unique in catalogue.uniques if unique.table == name]
    refers = [f"{code(key.columns)} → {key.target} ({key.on_delete})" for key in keys if key.kind == "f"]
    if refers:
        lines.append(f"Refers to: {', '.join(refers)}")
    checks = [key.name for key in keys if key.kind == "c"]
    if checks:
        lines.append(f"Checked: {code(checks)}")
    by = touched.get(name, Touched())
    if by.writes:
        lines.append(f"Written by: {', '.join(by.writes)}")
    if by.reads or by.locks:
        lines.append(f"Read by: {', '.join(sorted([*by.reads, *by.locks]))}")
    return lines
