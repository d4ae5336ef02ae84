"""`leadgen docs`: the reference page of policy keys, from the registry."""

from pathlib import Path
from typing import Annotated

import typer

from leadgen.cli.console import err
from leadgen.cli.target import database_url
from leadgen.paths import checkout

PAGE = Path("docs/policy-keys.md")
DESCRIBE_POLICY_KEYS = "select catalog.describe_policy_keys()"


def docs(
    path: Annotated[
        Path | None, typer.Argument(help=f"Where to; {PAGE} of the checkout if not said.")
    ] = None,
) -> None:
    """Write the reference page of all policy keys from the registry of the database."""
    target = path or (checkout() or Path.cwd()) / PAGE
    page = read_page(database_url())
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page, encoding="utf-8")
    err.print(f"wrote {target}", markup=False, soft_wrap=True)


def read_page(url: str) -> str:
    """The page as the database at `url` describes its registry, Markdown."""
    import psycopg

    with psycopg.connect(url) as connection:
        row = connection.execute(DESCRIBE_POLICY_KEYS).fetchone()
    return str(row[0]) if row else ""
