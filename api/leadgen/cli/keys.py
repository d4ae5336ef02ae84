"""`leadgen key`: API keys of sources, operators and buyers. The database keeps a digest; the key is shown once."""

import hashlib
import secrets
import shlex
from typing import Annotated, NamedTuple

import typer
from rich.text import Text

from leadgen.cli.console import err, out, plain_table, show_minute
from leadgen.cli.rows import AsJson, print_json, read_rows
from leadgen.cli.target import MAX_ID, database_url
from leadgen.db.session import connect
from leadgen.errors import LeadGenError
from leadgen.words import count_of

app = typer.Typer(
    no_args_is_help=True,
    help="API keys of sources (post leads), operators (read decisions) and buyers (answer for their sales).",
)

Source = Annotated[
    str | None, typer.Option("--source", metavar="SOURCE_KEY", help="The source_key of a source.")
]
Operator = Annotated[str | None, typer.Option("--operator", metavar="NAME", help="The name of an operator.")]
Buyer = Annotated[
    int | None, typer.Option("--buyer", metavar="ID", min=1, max=MAX_ID, help="The id of a buyer.")
]

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
LIST = """
select 'source' as holder, null::bigint as id, s.source_key as name, null::timestamptz as created_at,
  null::timestamptz as revoked_at
from leadgen.sources s
where s.api_key_hash is not null
union all
select 'operator', null, k.name, k.created_at, k.revoked_at from leadgen.operator_keys k
union all
select 'buyer', k.buyer_id, b.name, k.created_at, k.revoked_at
from leadgen.buyer_keys k
join leadgen.buyers b on b.id = k.buyer_id
order by 1, 3, 4
"""
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
    """Make a key and print it; it is not shown again. A source has one key, and a new one replaces it.

    Example: leadgen key create --operator ann
    """
    holder = _one_of(source, operator, buyer)
    key = f"lg_{secrets.token_urlsafe(32)}"
    digest = hashlib.sha256(key.encode()).hexdigest()
    if _execute(holder.create, holder.name, digest) == 0:
        raise LeadGenError(f"no source has the source_key {source!r}" if source else f"no {holder.shown}")
    out.print(key, markup=False, soft_wrap=True)
    err.print("keep it: it is stored nowhere and not shown again")


@app.command()
def revoke(source: Source = None, operator: Operator = None, buyer: Buyer = None) -> None:
    """Revoke a source's key, or every key of an operator or a buyer, at once.

    Example: leadgen key revoke --buyer 7
    """
    holder = _one_of(source, operator, buyer)
    count = _execute(holder.revoke, holder.name)
    if count == 0:
        raise LeadGenError(f"{holder.shown} has no key")
    what = "the key" if source else count_of(count, "key")
    err.print(f"revoked {what} of {holder.shown}", markup=False)


@app.command("list")
def list_keys(
    revoked: Annotated[bool, typer.Option("--revoked", help="Also those that were revoked.")] = False,
    as_json: AsJson = False,
) -> None:
    """List who holds a key, since when, and how to revoke it. The keys themselves are stored nowhere.

    Example: leadgen key list
    """
    from leadgen.show.console import make_console

    rows = [row for row in read_rows(LIST) if revoked or row["revoked_at"] is None]
    if as_json:
        print_json(rows)
        return
    if not rows:
        err.print("no keys")
        return
    table = plain_table("holder", "name", "created, UTC", "revoked, UTC", "revoke it with")
    for row in rows:
        holder = str(row["id"]) if row["holder"] == "buyer" else shlex.quote(row["name"])
        table.add_row(
            row["holder"],
            Text(row["name"]),
            show_minute(row["created_at"]),
            show_minute(row["revoked_at"]),
            Text("" if row["revoked_at"] else f"leadgen key revoke --{row['holder']} {holder}"),
        )
    make_console().print(table)


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
        raise typer.BadParameter("give one of --source, --operator and --buyer")
    return holders[0]


def _execute(statement: str, name: str, digest: str | None = None) -> int:
    with connect(database_url()) as connection:
        return connection.execute(statement.encode(), {"name": name, "hash": digest}).rowcount
