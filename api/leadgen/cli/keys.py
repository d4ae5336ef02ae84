"""`leadgen key`: API keys of sources, buyers, operators and users. The database keeps a digest; a key is shown once."""

import re
import shlex
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, NamedTuple
from zoneinfo import ZoneInfo

import typer
from rich.text import Text

from leadgen.api_keys import NewKey, make_key, show_prefix
from leadgen.cli.console import err, out, plain_table, show_minute
from leadgen.cli.moments import SPAN, read_moment, read_span
from leadgen.cli.rows import AsJson, Row, Why, give_reason, print_json, read_rows
from leadgen.cli.target import MAX_ID, database_url
from leadgen.cli.users import FIND as FIND_USER
from leadgen.db.session import connect
from leadgen.errors import LeadGenError
from leadgen.words import count_of

app = typer.Typer(
    no_args_is_help=True,
    help="API keys: sources post leads, buyers answer for their sales, operators and users read and keep the books.",
)

Source = Annotated[
    str | None, typer.Option("--source", metavar="SOURCE_KEY", help="The source_key of a source.")
]
Operator = Annotated[str | None, typer.Option("--operator", metavar="NAME", help="The name of an operator.")]
Buyer = Annotated[
    int | None, typer.Option("--buyer", metavar="ID", min=1, max=MAX_ID, help="The id of a buyer.")
]
User = Annotated[
    str | None, typer.Option("--user", metavar="USER", help="The id or the e-mail address of a user.")
]
KeyArgument = Annotated[
    str, typer.Argument(metavar="KEY", help="Its id, or how it begins: lg_b_k7m2x9qa, as `list` shows it.")
]
Expires = Annotated[
    str | None,
    typer.Option(
        "--expires", metavar="WHEN", help="When it ends: 90d, 24h, or a date or time (UTC). Default: never."
    ),
]


class Scope(StrEnum):
    """What a key may do."""

    READ = "read"
    MONEY = "money"
    ANSWER = "answer"
    PAY = "pay"
    LEADS = "leads"


Scopes = Annotated[
    list[Scope] | None,
    typer.Option(
        "--scope",
        help="What it may do; may be repeated. An operator's or a user's: read, money (also book, bill and pay). "
        "A buyer's: read, answer (accept and return sales), pay (deposit). Default: read; a buyer's: all.",
    ),
]

CREATE = """
select leadgen.create_key(%s::text, %s::bigint, %s::text, %s::text[], %s::timestamptz, %s::text, %s::text)
"""
ROTATE = "select leadgen.rotate_key(%s::bigint, %s::interval, %s::timestamptz, %s::text, %s::text)"
REVOKE = "select leadgen.revoke_key(%s::bigint)"
FIND_SOURCE = "select s.id, s.source_key as name from leadgen.sources s where s.source_key = %(name)s"
FIND_BUYER = "select b.id, b.name from leadgen.buyers b where b.id = %(name)s::bigint"
IN_FORCE = "k.revoked_at is null and (k.expires_at is null or k.expires_at > now())"
FIND_KEY = """
select k.id, k.kind from leadgen.api_keys k where k.id::text = %(key)s or k.prefix = %(prefix)s
"""
OF_SOURCE = f"select k.id from leadgen.api_keys k where k.source_id = %(owner)s and {IN_FORCE} order by k.id"  # noqa: S608
OF_BUYER = f"select k.id from leadgen.api_keys k where k.buyer_id = %(owner)s and {IN_FORCE} order by k.id"  # noqa: S608
OF_USER = f"select k.id from leadgen.api_keys k where k.user_id = %(owner)s and {IN_FORCE} order by k.id"  # noqa: S608
OF_OPERATOR = (
    "select k.id from leadgen.api_keys k "  # noqa: S608
    f"where k.kind = 'operator' and k.name = %(owner)s and {IN_FORCE} order by k.id"
)
LIST = """
select k.id, k.kind as holder, coalesce(k.source_id, k.buyer_id, k.user_id) as owner_id,
  coalesce(s.source_key, b.name, u.email, k.name) as owner, k.name, k.prefix, k.scopes, k.created_at, k.expires_at,
  k.last_used_at, k.revoked_at,
  case when k.revoked_at is not null then 'revoked' when k.expires_at <= now() then 'expired' else 'in force' end
    as state
from leadgen.api_keys k
left join leadgen.sources s on s.id = k.source_id
left join leadgen.buyers b on b.id = k.buyer_id
left join leadgen.users u on u.id = k.user_id
order by k.kind, 4, k.id
"""
PREFIX = re.compile(r"(?:lg_[sbou]_)?([a-z2-9]{8})(?:_…)?")
DEFAULT_OVERLAP = "24h"


class Holder(NamedTuple):
    """Whose keys they are: the kind, the id (of an operator the name), and how messages name it."""

    kind: str
    owner: int | str
    shown: str
    find_keys: str


@app.command()
def create(
    source: Source = None,
    operator: Operator = None,
    buyer: Buyer = None,
    user: User = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="TEXT", help="What it is for. Not for an operator's.")
    ] = None,
    scope: Scopes = None,
    expires: Expires = None,
    reason: Why = None,
) -> None:
    """Make a key and print it; it is not shown again. The keys that its owner has stay in force.

    Example: leadgen key create --operator ann --scope money --expires 90d
    """
    holder = _find_holder(source, operator, buyer, user)
    if name is not None and operator is not None:
        raise typer.BadParameter("an operator's key is named by --operator", param_hint="--name")
    key = make_key(holder.kind)
    owner, called = (
        (None, holder.owner) if holder.kind == "operator" else (holder.owner, name or "leadgen key create")
    )
    scopes = _read_scopes(holder.kind, scope)
    made = _call(
        CREATE, [holder.kind, owner, called, scopes, _read_end(expires), key.prefix, key.digest], reason
    )
    _show(key, made)


@app.command()
def rotate(
    key: KeyArgument,
    overlap: Annotated[
        str,
        typer.Option(
            "--overlap", metavar="SPAN", help="How long the old key is still taken: 24h, 7d, 0; at most 90d."
        ),
    ] = DEFAULT_OVERLAP,
    expires: Expires = None,
    reason: Why = None,
) -> None:
    """Make a key in the place of another and print it. Until the overlap is over, both are taken.

    The new key may do what the old one may, and lives as long as that was made for unless --expires is given.

    Example: leadgen key rotate lg_b_k7m2x9qa --overlap 7d
    """
    key_id, kind = _find_key(key)
    new = make_key(kind)
    made = _call(
        ROTATE, [key_id, read_span(overlap, "--overlap"), _read_end(expires), new.prefix, new.digest], reason
    )
    _show(new, made)
    ends = datetime.fromisoformat(made["replaces"]["expires_at"])
    err.print(f"key {key_id} is refused from {show_minute(ends)} UTC on")


@app.command()
def revoke(
    key: Annotated[
        str | None, typer.Argument(metavar="[KEY]", help="Its id, or how it begins, as `list` shows it.")
    ] = None,
    source: Source = None,
    operator: Operator = None,
    buyer: Buyer = None,
    user: User = None,
    reason: Why = None,
) -> None:
    """Revoke one key, or every key of a source, an operator, a buyer or a user, at once.

    Example: leadgen key revoke --buyer 7
    """
    if key is not None:
        if (source, operator, buyer, user) != (None, None, None, None):
            raise typer.BadParameter("give KEY or an owner, not both")
        key_id, _ = _find_key(key)
        done = _call(REVOKE, [key_id], reason)
        err.print(f"key {key_id} is revoked" if done else f"key {key_id} was revoked before")
        return
    holder = _find_holder(source, operator, buyer, user)
    found = read_rows(holder.find_keys, {"owner": holder.owner})
    if not found:
        raise LeadGenError(f"{holder.shown} has no key in force")
    with connect(database_url()) as connection:
        give_reason(connection, reason)
        for row in found:
            connection.execute(REVOKE.encode(), [row["id"]])
    err.print(f"revoked {count_of(len(found), 'key')} of {holder.shown}", markup=False)


@app.command("list")
def list_keys(
    every: Annotated[
        bool, typer.Option("--all", "--revoked", help="Also those that were revoked or have expired.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the keys in force: whose they are, what they may do, and when they were used last.

    Example: leadgen key list
    """
    from leadgen.show.console import make_console

    rows = [row for row in read_rows(LIST) if every or row["state"] == "in force"]
    if as_json:
        print_json(rows)
        return
    if not rows:
        err.print("no keys")
        return
    table = plain_table(
        "id", "begins with", "holder", "for", "may", "made, UTC", "used, UTC", "ends, UTC", "state"
    )
    table.columns[1].no_wrap = True  # it is copied into `key rotate` and `key revoke`
    for row in rows:
        table.add_row(
            str(row["id"]),
            show_prefix(row["holder"], row["prefix"]) if row["prefix"] else "",
            Text(_describe_holder(row)),
            Text(row["name"] if row["holder"] != "operator" else ""),
            ", ".join(row["scopes"]),
            show_minute(row["created_at"]),
            show_minute(row["last_used_at"]),
            show_minute(row["expires_at"]),
            row["state"],
        )
    make_console().print(table)


def _describe_holder(row: Row) -> str:
    named = row["owner_id"] if row["holder"] == "buyer" else row["owner"]
    return f"{row['holder']} {shlex.quote(str(named))}"


def _find_holder(source: str | None, operator: str | None, buyer: int | None, user: str | None) -> Holder:
    if sum(one is not None for one in (source, operator, buyer, user)) != 1:
        raise typer.BadParameter("give one of --source, --operator, --buyer and --user")
    if operator is not None:
        return Holder("operator", operator, operator, OF_OPERATOR)
    if source is not None:
        return Holder(
            "source",
            _find(FIND_SOURCE, {"name": source}, f"no source has the source_key {source!r}"),
            source,
            OF_SOURCE,
        )
    if buyer is not None:
        return Holder(
            "buyer", _find(FIND_BUYER, {"name": buyer}, f"no buyer {buyer}"), f"buyer {buyer}", OF_BUYER
        )
    user_id = _find(
        FIND_USER, {"user": str(user).strip()}, f"no user {user!r}: `leadgen user list` lists them"
    )
    return Holder("user", user_id, f"user {user_id}", OF_USER)


def _find(query: str, parameters: dict[str, object], missing: str) -> int:
    rows = read_rows(query, parameters)
    if not rows:
        raise LeadGenError(missing)
    return int(rows[0]["id"])


def _find_key(text: str) -> tuple[int, str]:
    """The id and the kind of the key that is named. Raises LeadGenError."""
    named = PREFIX.fullmatch(text.strip())
    rows = read_rows(FIND_KEY, {"key": text.strip(), "prefix": named[1] if named else None})
    if len(rows) != 1:
        raise LeadGenError("no such key: give its id, or how it begins, as `leadgen key list --all` shows it")
    return rows[0]["id"], rows[0]["kind"]


def _read_scopes(kind: str, given: list[Scope] | None) -> list[str] | None:
    """The scopes as the database wants them. Whoever may keep the books may read them."""
    scopes = [str(one) for one in given or []]
    if kind in ("operator", "user") and Scope.MONEY in scopes and Scope.READ not in scopes:
        scopes.append(str(Scope.READ))
    return scopes or None


def _read_end(text: str | None) -> datetime | None:
    """A moment, or so long from now. Raises LeadGenError."""
    if text is None:
        return None
    now = datetime.now(UTC)
    if SPAN.fullmatch(text):
        return now + read_span(text, "--expires")
    moment = read_moment(text, "--expires", ZoneInfo("UTC"), "90d, 24h, ")
    if moment <= now:
        raise LeadGenError(f"--expires: found {text}, allowed a moment in the future")
    return moment


def _call(query: str, parameters: list[Any], reason: str | None) -> Any:
    with connect(database_url()) as connection:
        give_reason(connection, reason)
        row = connection.execute(query.encode(), parameters).fetchone()
    return row and row[0]


def _show(key: NewKey, made: dict[str, Any]) -> None:
    out.print(key.text, markup=False, soft_wrap=True)
    ends = made["expires_at"]
    until = f"until {show_minute(datetime.fromisoformat(ends))} UTC" if ends else "until it is revoked"
    may = ", ".join(made["scopes"])
    said = f"key {made['id']} may {may}, {until}; keep it: it is stored nowhere and not shown again"
    err.print(said, markup=False, soft_wrap=True)
