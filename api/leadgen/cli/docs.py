"""`leadgen docs`: the pages that are written from the declared schema, never by hand."""

from pathlib import Path
from typing import Annotated

import typer

from leadgen.cli.console import err
from leadgen.cli.target import database_url
from leadgen.db.tree import SqlTree
from leadgen.paths import checkout, sql_dir
from leadgen.words import count_of

DIRECTORY = Path("docs")
POLICY_KEYS = Path("policy-keys.md")
COMMANDS = Path("commands.md")
REFERENCE = Path("reference")
DESCRIBE_POLICY_KEYS = "select catalog.describe_policy_keys()"


def docs(
    directory: Annotated[
        Path | None,
        typer.Argument(metavar="DIRECTORY", help=f"Where to write. Default: {DIRECTORY}/ of the checkout."),
    ] = None,
) -> None:
    """Write policy-keys.md, commands.md and reference/ again, from sql/ and the package.

    It needs a server on which it may create a scratch database, which it drops at the end.

    Example: leadgen docs
    """
    from leadgen.cli import app
    from leadgen.cli.reference import make_commands
    from leadgen.db.diff import declared_database
    from leadgen.docs import make_pages

    target = directory or (checkout() or Path.cwd()) / DIRECTORY
    with declared_database(database_url(), SqlTree(sql_dir())) as url:
        pages = {POLICY_KEYS: read_page(url), COMMANDS: make_commands(app)}
        pages |= {REFERENCE / name: page for name, page in make_pages(url, sql_dir()).items()}
    for name, page in pages.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_text(page, encoding="utf-8")
    err.print(f"wrote {count_of(len(pages), 'page')} to {target}", markup=False, soft_wrap=True)


def read_page(url: str) -> str:
    """The page of policy keys as the database at `url` describes its registry, Markdown."""
    import psycopg

    with psycopg.connect(url) as connection:
        row = connection.execute(DESCRIBE_POLICY_KEYS).fetchone()
    return str(row[0]) if row else ""
