"""`leadgen key`: API keys of sources, operators and buyers. The database keeps a digest; the key is shown once."""

import hashlib
import secrets
from typing import Annotated, NamedTuple

import psycopg
import typer

from leadgen.cli.console import err, out
from leadgen.cli.target import MAX_ID, database_url
from leadgen.errors import LeadGenError

app = typer.Typer(
    no_args_is_help=True,
    help="API keys of sources (post leads), operators (read decisions) and buyers (answer for their sales).",
)

Source = Annotated[str | None, typer.Option("--source", help="The source_key of a source.")]
Operator = Annotated[str | None, typer.Option("--operator", help="The name of an operator.")]
Buyer = Annotated[int | None, typer.Option("--buyer", min=1, max=MAX_ID, help="The id of a buyer.")]

SET_SOURCE_KEY = "update leadgen.sources set api_key_hash = %(hash)s where source_key = %(name)s"
ADD_OPERATOR_KEY = "insert into leadgen.operator_keys (name, key_hash) values (%(name)s, %(hash)s)"
ADD_BUYER_KEY = """
insert into leadgen.buyer_keys (buyer_id, name, key_hash)
select b.id, b.name, %(hash)s from leadgen.buyers b where b.id = %(name)s::bigint
"""
CLEAR_SOURCE_KEY = (
    "update leadgen.sources set api_key_hash = null where source_key = %(name)s and api_key_hash is not null"
)
REVOKE_OPERATOR_KEYS = (
    "update leadgen.operator_keys set revoked_at = now() where name = %(name)s and revoked_at is null"
)
REVOKE_BUYER_KEYS = """
update leadgen.buyer_keys set revoked_at = now() where buyer_id = %(name)s::bigint and revoked_at is null
"""


class Holder(NamedTuple):
    """Whose keys they are: how the database finds it, its name in messages, and the statements."""

    name: str
    shown: str
    create: str
    revoke: str


@app.command()
def create(source: Source = None, operator: Operator = None, buyer: Buyer = None) -> None:
    """Make a key and print it: it is not shown again. A source has one key, so a new one replaces it."""
    holder = _one_of(source, operator, buyer)
    key = f"lg_{secrets.token_urlsafe(32)}"
    digest = hashlib.sha256(key.encode()).hexdigest()
    if _execute(holder.create, holder.name, digest) == 0:
        raise LeadGenError(f"no source has the source_key {source!r}" if source else f"no {holder.shown}")
    out.print(key, markup=False, soft_wrap=True)
    err.print("keep it: it is stored nowhere and not shown again")


@app.command()
def revoke(source: Source = None, operator: Operator = None, buyer: Buyer = None) -> None:
    """Take a source's key, or every key of an operator or a buyer, out of use at once."""
    holder = _one_of(source, operator, buyer)
    count = _execute(holder.revoke, holder.name)
    if count == 0:
        raise LeadGenError(f"{holder.shown} has no key")
    what = "the key" if source else str(count)
    err.print(f"revoked {what} of {holder.shown}", markup=False)


def _one_of(source: str | None, operator: str | None, buyer: int | None) -> Holder:
    holders = [
        holder
        for given, holder in (
            (source, Holder(str(source), str(source), SET_SOURCE_KEY, CLEAR_SOURCE_KEY)),
            (operator, Holder(str(operator), str(operator), ADD_OPERATOR_KEY, REVOKE_OPERATOR_KEYS)),
            (buyer, Holder(str(buyer), f"buyer {buyer}", ADD_BUYER_KEY, REVOKE_BUYER_KEYS)),
        )
        if given
    ]
    if len(holders) != 1:
        raise typer.BadParameter("give --source, --operator or --buyer, one of them")
    return holders[0]


def _execute(statement: str, name: str, digest: str | None = None) -> int:
    with psycopg.connect(database_url()) as connection:
        return connection.execute(statement.encode(), {"name": name, "hash": digest}).rowcount
