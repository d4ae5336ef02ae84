"""`leadgen consent`: the texts to which people agree, by version."""

from typing import Annotated

import typer
from rich.text import Text

from leadgen.cli.console import err, out, plain_table, show_minute
from leadgen.cli.dry_run import read_text
from leadgen.cli.rows import AsJson, Why, give_reason, print_json, read_rows
from leadgen.cli.target import database_url
from leadgen.db.session import connect
from leadgen.errors import LeadGenError
from leadgen.show.console import OBEYED

LIST = """
select c.version, c.created_at, c.created_by, encode(c.digest, 'hex') as sha256, c.text
from leadgen.consent_texts c
where c.version = coalesce(%s, c.version)
order by c.created_at, c.version
"""
ADD = "select leadgen.add_consent_text(%s::text, %s::text)"

app = typer.Typer(no_args_is_help=True, help="Texts of consent: what each version says, kept for ever.")

Version = Annotated[str, typer.Argument(metavar="VERSION", help="What leads name: consent_text_version.")]


@app.command("add")
def add(
    version: Version,
    file: Annotated[str, typer.Argument(metavar="FILE", help="The text in UTF-8; - reads standard input.")],
    reason: Why = None,
) -> None:
    """Keep what a version of the text says. It stays as it is: another text is another version.

    The text is kept to the letter, but for line breaks at its end. Its SHA-256 is printed: keep it elsewhere, too.

    Example: leadgen consent add tx-2026-11 consent.txt
    """
    text = read_text(file).rstrip("\r\n")
    with connect(database_url()) as connection:
        give_reason(connection, reason)
        row = connection.execute(ADD, [version, text]).fetchone()
    out.print(f"{version}  {row[0] if row else ''}", markup=False, soft_wrap=True)


@app.command("list")
def list_texts(as_json: AsJson = False) -> None:
    """List the versions, oldest first.

    Example: leadgen consent list
    """
    from leadgen.show.console import make_console

    rows = read_rows(LIST, [None])
    if as_json:
        print_json(rows)
        return
    if not rows:
        err.print("no texts; `leadgen consent add VERSION FILE` adds one")
        return
    table = plain_table("version", "since, UTC", "by", "begins")
    for row in rows:
        beginning = " ".join(row["text"].split())[:50]
        table.add_row(
            Text(row["version"]), show_minute(row["created_at"]), Text(row["created_by"]), Text(beginning)
        )
    make_console().print(table)


@app.command("show")
def show(version: Version) -> None:
    """Print what a version says.

    Example: leadgen consent show tx-2026-11
    """
    rows = read_rows(LIST, [version])
    if not rows:
        raise LeadGenError(f"no text {version}: `leadgen consent list` lists them")
    out.print(OBEYED.sub("\N{REPLACEMENT CHARACTER}", rows[0]["text"]), markup=False, soft_wrap=True)
