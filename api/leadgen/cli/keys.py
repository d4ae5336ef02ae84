"""`leadgen key`: API keys of sources and of operators. The database keeps a digest; the key is shown once."""

import hashlib
import secrets
from typing import Annotated

import psycopg
import typer

from leadgen.cli.console import err, out
from leadgen.cli.target import database_url
from leadgen.errors import LeadGenError

app = typer.Typer(
    no_args_is_help=True, help="API keys of sources (post leads) and operators (read decisions)."
)

Source = Annotated[str | None, typer.Option("--source", help="The source_key of a source.")]
Operator = Annotated[str | None, typer.Option("--operator", help="The name of an operator.")]

SET_SOURCE_KEY = "update leadgen.sources set api_key_hash = %(hash)s where source_key = %(name)s"
ADD_OPERATOR_KEY = "insert into leadgen.operator_keys (name, key_hash) values (%(name)s, %(hash)s)"
CLEAR_SOURCE_KEY = (
    "update leadgen.sources set api_key_hash = null where source_key = %(name)s and api_key_hash is not null"
)
REVOKE_OPERATOR_KEYS = (
    "update leadgen.operator_keys set revoked_at = now() where name = %(name)s and revoked_at is null"
)


@app.command()
def create(source: Source = None, operator: Operator = None) -> None:
    """Make a key and print it: it is not shown again. A source has one key, so a new one replaces it."""
    name = _one_of(source, operator)
    key = f"lg_{secrets.token_urlsafe(32)}"
    digest = hashlib.sha256(key.encode()).hexdigest()
    if _execute(SET_SOURCE_KEY if source else ADD_OPERATOR_KEY, name, digest) == 0:
        raise LeadGenError(f"no source has the source_key {name!r}")
    out.print(key, markup=False, soft_wrap=True)
    err.print("keep it: it is stored nowhere and not shown again")


@app.command()
def revoke(source: Source = None, operator: Operator = None) -> None:
    """Take a source's key, or every key of an operator, out of use at once."""
    name = _one_of(source, operator)
    count = _execute(CLEAR_SOURCE_KEY if source else REVOKE_OPERATOR_KEYS, name)
    if count == 0:
        raise LeadGenError(f"{name!r} has no key")
    err.print(f"revoked {count} of {name}" if operator else f"revoked the key of {name}", markup=False)


def _one_of(source: str | None, operator: str | None) -> str:
    name = source or operator
    if name is None or (source and operator):
        raise typer.BadParameter("give --source or --operator, one of them")
    return name


def _execute(statement: str, name: str, digest: str | None = None) -> int:
    with psycopg.connect(database_url()) as connection:
        return connection.execute(statement.encode(), {"name": name, "hash": digest}).rowcount
