"""rights.md: what each role may do to which object, and which rows it sees."""

from collections.abc import Iterable
from itertools import groupby

from leadgen.docs.catalogue import Catalogue, Grant
from leadgen.docs.markdown import code, page, short, table
from leadgen.docs.source import Source

SECTIONS = {
    "schema": "Schemas",
    "table": "Tables and views",
    "sequence": "Sequences",
    "function": "Functions",
    "default": "What is not there yet",
}
NOBODY = "Nothing is granted to anybody."


def make_rights(catalogue: Catalogue, _: Source) -> str:
    """The page: roles, rights by role and kind of object, rows."""
    roles = table(
        ["role", "logs in", "is a member of", "has their rights without `set role`"],
        (
            [
                f"`{role.name}`",
                "yes" if role.logs_in else "no",
                code(role.becomes),
                ("yes" if role.inherits else "no") if role.becomes else "",
            ]
            for role in catalogue.roles
        ),
    )
    rows = table(
        ["table", "policy", "roles", "rows"],
        (
            [
                f"`{policy.table}`" + ("" if policy.is_forced else " (not forced)"),
                f"`{policy.name}`, {policy.command}",
                code(policy.roles),
                f"`{short(policy.condition)}`",
            ]
            for policy in catalogue.policies
        ),
    )
    return page(
        "Rights",
        "Role by object: every grant there is, from the database. `leadgen_owner` owns all of it; functions of "
        "`leadgen_reader` are its own (`sql/policies/reader.sql`). A right that is not here is nobody's: neither "
        "PUBLIC's nor a role's.",
        f"## Roles\n\n{roles}",
        *(_section(kind, title, catalogue.grants) for kind, title in SECTIONS.items()),
        f"## Rows\n\nRow-level security: a table that is not here shows its rows to whoever may read it.\n\n{rows}",
    )


def _section(kind: str, title: str, grants: list[Grant]) -> str:
    found = sorted((one for one in grants if one.kind == kind), key=lambda one: (one.role, one.object))
    parts = [
        f"### {title}: `{role}`\n\n{_rights(list(given))}"
        for role, given in groupby(found, key=lambda one: one.role)
    ]
    return f"## {title}\n\n" + ("\n\n".join(parts) or NOBODY)


def _rights(grants: list[Grant]) -> str:
    return table(
        ["object", "may"],
        (
            [f"`{name}`", "; ".join(_say(one) for one in given)]
            for name, given in groupby(grants, key=lambda one: one.object)
        ),
    )


def _say(grant: Grant) -> str:
    return f"{grant.right} {_columns(grant.columns)}".strip()


def _columns(columns: Iterable[str]) -> str:
    return f"({', '.join(columns)})" if columns else ""
