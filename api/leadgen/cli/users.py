"""`leadgen user`: people who sign in. A password comes from a prompt or standard input, never from the command line."""

import hashlib
import secrets
import sys
from enum import StrEnum
from typing import Annotated

import typer
from rich.text import Text

from leadgen.cli.console import err, out, plain_table, show_minute
from leadgen.cli.rows import AsJson, Row, call, print_json, read_rows
from leadgen.cli.target import MAX_ID
from leadgen.errors import LeadGenError
from leadgen.settings import load_settings
from leadgen.words import count_of

app = typer.Typer(no_args_is_help=True, help="People who sign in: make, invite, approve, stop and sign out.")

FIND = """
select u.id from leadgen.users u
where u.id::text = %(user)s or u.email = lower(%(user)s)
"""
LIST = """
select u.id, coalesce(u.wanted_email, u.email) as email, u.wanted_email is not null as waits_for_address, u.name,
  u.role, u.status, u.buyer_id, s.source_key, u.member_kind, u.company, u.phone,
  u.created_at, u.verified_at, u.approved_at, u.signed_in_at,
  exists (select from leadgen.user_totp t where t.user_id = u.id and t.confirmed_at is not null) as has_totp,
  array(select b.issuer from leadgen.user_bindings b where b.user_id = u.id order by b.id) as issuers
from leadgen.users u
left join leadgen.sources s on s.id = u.source_id
where (%(status)s::text is null or u.status = %(status)s) and (%(role)s::text is null or u.role = %(role)s)
order by u.id
"""
KEYS_LEFT = """
select k.id, k.buyer_id from leadgen.api_keys k
where k.made_by = %s and k.kind = 'buyer' and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
order by k.id
"""
STATE = "select u.status, u.verified_at, u.approved_at from leadgen.users u where u.id = %s"
SESSIONS = """
select s.id, s.created_at, s.seen_at, s.expires_at, s.address, s.agent, s.ended_at, s.ended_because
from leadgen.user_sessions s
where s.user_id = %(user)s and (%(all)s or (s.ended_at is null and s.expires_at > now()))
order by s.seen_at desc, s.id desc
"""
SOURCE = "select s.id from leadgen.sources s where s.source_key = %(key)s"
CREATE = "select leadgen.create_user(%s::text, %s::text, %s::text, %s::bigint, %s::bigint, %s::text, %s, %s)"
SET_PASSWORD = "select leadgen.set_user_password(%s::bigint, %s, %s)"  # noqa: S105  a call
INVITE = "select leadgen.invite_user(%s::text, %s::text, %s::text, %s::bigint, %s::bigint, %s::text)"
APPROVE = "select leadgen.approve_user(%s::bigint, %s::bigint, %s::text)"
CHANGE_STATUS = "select leadgen.change_user_status(%s::bigint, %s::text, %s::text, %s)"
MAKE_LINK = "select leadgen.make_user_link(%s::bigint, %s::text)"
SEND_RESET = "select leadgen.send_reset(%s::bigint)"
REMOVE_PASSKEYS = "select leadgen.remove_user_passkeys(%s::bigint, %s::text)"
REMOVE_BINDINGS = "select leadgen.remove_user_bindings(%s::bigint, %s::text)"
REMOVE_TOTP = "select leadgen.remove_user_totp(%s::bigint, %s::text)"
REVOKE = "select leadgen.revoke_user_sessions(%s::bigint)"


class Role(StrEnum):
    """What a user may do."""

    ADMIN = "admin"
    OPERATOR = "operator"
    ANALYST = "analyst"
    FINANCE = "finance"
    BUYER = "buyer"
    SOURCE = "source"


class Member(StrEnum):
    """Which user of a buyer it is."""

    OWNER = "owner"
    MEMBER = "member"


class Status(StrEnum):
    """Whether a user may sign in."""

    PENDING = "pending"
    ACTIVE = "active"
    DEACTIVATED = "deactivated"
    SUSPENDED = "suspended"


UserArgument = Annotated[str, typer.Argument(metavar="USER", help="The id or the e-mail address of a user.")]
Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The e-mail address.")]
Name = Annotated[str, typer.Option("--name", metavar="NAME", help="The full name.")]
RoleOption = Annotated[Role, typer.Option("--role", metavar="ROLE", help=f"One of {', '.join(Role)}.")]
BuyerOption = Annotated[
    int | None,
    typer.Option("--buyer", metavar="ID", min=1, max=MAX_ID, help="With the role buyer: whose user it is."),
]
SourceOption = Annotated[
    str | None,
    typer.Option("--source", metavar="SOURCE_KEY", help="With the role source: whose user it is."),
]
MemberOption = Annotated[
    Member | None,
    typer.Option("--member", metavar="KIND", help="With the role buyer: owner (the default) or member."),
]
Reason = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why; kept in the events, so no names in it.")
]


@app.command()
def create(
    email: Email,
    name: Name,
    role: RoleOption,
    buyer: BuyerOption = None,
    source: SourceOption = None,
    member: MemberOption = None,
) -> None:
    """Make a user that may sign in at once: the first admin, for one. Asks for the password, or reads a line of stdin.

    Only who may act as leadgen_owner may. For everybody else there is `leadgen user invite`.

    Example: leadgen user create ann@example.com --name "Ann Smith" --role admin
    """
    holder = _read_holder(role, buyer, source, member)
    password = _ask_password(email)
    from leadgen.passwords import compute_digest, make_challenge

    challenge = make_challenge()
    arguments = [email, name, role.value, *holder, challenge.salt, compute_digest(password, challenge)]
    user_id = call(CREATE, arguments)
    err.print(f"user {user_id} is {role.value} and may sign in")


@app.command()
def invite(
    email: Email,
    name: Name,
    role: RoleOption,
    buyer: BuyerOption = None,
    source: SourceOption = None,
    member: MemberOption = None,
) -> None:
    """Make a user and send it a link, by which it chooses a password and becomes active.

    Example: leadgen user invite bob@example.com --name "Bob Jones" --role finance
    """
    user_id = call(INVITE, [email, name, role.value, *_read_holder(role, buyer, source, member)])
    err.print(f"user {user_id} is invited: a worker sends the link")


@app.command()
def link(user: UserArgument) -> None:
    """Print the link by which a user sets a password, where no e-mail is sent. It is used once and not shown again.

    Only who may act as leadgen_owner may. It replaces the e-mail, if one is due.

    Example: leadgen user link bob@example.com
    """
    url = load_settings().public_url
    if url is None:
        raise LeadGenError(
            "setting PUBLIC_URL: found nothing, allowed the address at which the API is reached"
        )
    user_id, token = _find_user(user), secrets.token_urlsafe(32)
    purpose = call(MAKE_LINK, [user_id, hashlib.sha256(token.encode()).hexdigest()])
    out.print(f"{url}/account/password/{token}", markup=False, soft_wrap=True)
    for_how_long = "7 days" if purpose == "invite" else "1 hour"
    err.print(
        f"give it to user {user_id} alone: who opens it sets the password. It is valid for {for_how_long}"
    )


@app.command("list")
def list_users(
    status: Annotated[
        Status | None,
        typer.Option("--status", metavar="STATUS", help=f"Only those: {', '.join(Status)}."),
    ] = None,
    role: Annotated[
        Role | None, typer.Option("--role", metavar="ROLE", help=f"Only those: {', '.join(Role)}.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List users: who they are, what they may do, and when they signed in last.

    Example: leadgen user list --status pending
    """
    from leadgen.show.console import make_console

    rows = read_rows(LIST, {"status": status and status.value, "role": role and role.value})
    if as_json:
        print_json(rows)
        return
    if not rows:
        err.print("no users")
        return
    table = plain_table("id", "e-mail", "name", "role", "of", "status", "signed in, UTC")
    for row in rows:
        table.add_row(
            str(row["id"]),
            Text(row["email"]),
            Text(row["name"]),
            row["role"] + (", app" if row["has_totp"] else "") + (", binding" if row["issuers"] else ""),
            Text(_describe_holder(row)),
            _describe_status(row),
            show_minute(row["signed_in_at"]),
        )
    make_console().print(table)


@app.command()
def approve(
    user: UserArgument,
    buyer: Annotated[
        int, typer.Option("--buyer", metavar="ID", min=1, max=MAX_ID, help="Whose user it becomes.")
    ],
    member: Annotated[
        Member, typer.Option("--member", metavar="KIND", help="owner or member.")
    ] = Member.OWNER,
) -> None:
    """Approve a sign-up as a user of a buyer. It may sign in once its address is verified, too.

    Example: leadgen user approve 12 --buyer 7
    """
    user_id = _find_user(user)
    status = call(APPROVE, [user_id, buyer, member.value])
    what = (
        "may sign in" if status == "active" else "is approved, and may sign in once its address is verified"
    )
    err.print(f"user {user_id} {what}")


@app.command()
def disable(
    user: UserArgument,
    reason: Reason,
    suspend: Annotated[
        bool, typer.Option("--suspend", help="For a while: suspended. Without it, deactivated: who has left.")
    ] = False,
    revoke_keys: Annotated[
        bool, typer.Option("--revoke-keys", help="Also revoke the keys of its buyer that it made.")
    ] = False,
) -> None:
    """Stop a user from signing in, sign it out everywhere at once, and revoke the keys of its own programs.

    Keys of its buyer are the buyer's, and stay in force. Those that the user made are named here and in an event, and
    the remaining owners are told by e-mail. --revoke-keys ends them, too.

    Example: leadgen user disable bob@example.com --reason "has left"
    """
    user_id = _change_status(
        user, "suspended" if suspend else "deactivated", reason, revokes_keys=revoke_keys
    )
    if left := read_rows(KEYS_LEFT, [user_id]):
        ids = ", ".join(str(row["id"]) for row in left)
        err.print(
            f"{count_of(len(left), 'key')} of buyer {left[0]['buyer_id']} that it made in force: {ids}. "
            "`leadgen key revoke` or --revoke-keys ends them"
        )


@app.command()
def enable(user: UserArgument, reason: Reason) -> None:
    """Let a user sign in again. Its old sessions do not come back.

    Example: leadgen user enable bob@example.com --reason "is back"
    """
    _change_status(user, "active", reason)


@app.command()
def reset(
    user: UserArgument,
    password: Annotated[
        bool,
        typer.Option(
            "--password", help="Ask for a new password here, or read a line of stdin; send no link."
        ),
    ] = False,
    totp: Annotated[
        bool, typer.Option("--app", help="Remove the app and the recovery codes: no code is asked for.")
    ] = False,
    passkeys: Annotated[
        bool, typer.Option("--passkeys", help="Remove every passkey: the device is lost.")
    ] = False,
    binding: Annotated[
        bool,
        typer.Option(
            "--binding", help="Remove the binding to its account at the identity provider: it has another."
        ),
    ] = False,
    reason: Annotated[
        str | None,
        typer.Option(
            "--reason", metavar="TEXT", help="With --app, --passkeys and --binding: why; no names in it."
        ),
    ] = None,
) -> None:
    """Send a user a link to choose a new password; or set one here; or remove an app, passkeys or a binding.

    Example: leadgen user reset ann@example.com
    """
    if password + totp + passkeys + binding > 1:
        raise typer.BadParameter("give one of --password, --app, --passkeys and --binding")
    user_id = _find_user(user)
    if totp:
        call(REMOVE_TOTP, [user_id, reason])
        err.print(f"user {user_id} signs in without a code")
    elif passkeys:
        count = call(REMOVE_PASSKEYS, [user_id, reason])
        err.print(f"user {user_id}: {count_of(count, 'passkey')} removed")
    elif binding:
        count = call(REMOVE_BINDINGS, [user_id, reason])
        err.print(f"user {user_id}: {count_of(count, 'binding')} removed")
    elif password:
        from leadgen.passwords import compute_digest, make_challenge

        challenge, chosen = make_challenge(), _ask_password(None)
        call(SET_PASSWORD, [user_id, challenge.salt, compute_digest(chosen, challenge)])
        (row,) = read_rows(STATE, [user_id])
        err.print(f"user {user_id} has a new password, and is signed out everywhere")
        if row["status"] != Status.ACTIVE:
            err.print(f"it may not sign in yet: it is {_describe_status(row)}")
    else:
        call(SEND_RESET, [user_id])
        err.print(f"user {user_id} gets a link: a worker sends it")


@app.command()
def sessions(
    user: UserArgument,
    every: Annotated[bool, typer.Option("--all", help="Also those that ended.")] = False,
    as_json: AsJson = False,
) -> None:
    """List where a user is signed in.

    Example: leadgen user sessions ann@example.com
    """
    from leadgen.show.console import make_console

    rows = read_rows(SESSIONS, {"user": _find_user(user), "all": every})
    if as_json:
        print_json(rows)
        return
    if not rows:
        err.print("no sessions")
        return
    table = plain_table("id", "signed in, UTC", "seen, UTC", "ends, UTC", "address", "agent", "ended")
    for row in rows:
        ended = f"{show_minute(row['ended_at'])} {row['ended_because']}" if row["ended_at"] else ""
        times = [show_minute(row[name]) for name in ("created_at", "seen_at", "expires_at")]
        table.add_row(str(row["id"]), *times, row["address"] or "", Text(row["agent"] or ""), ended)
    make_console().print(table)


@app.command()
def revoke(user: UserArgument) -> None:
    """Sign a user out everywhere, at once.

    Example: leadgen user revoke ann@example.com
    """
    user_id = _find_user(user)
    count = call(REVOKE, [user_id])
    err.print(f"user {user_id}: {count_of(count, 'session')} ended")


def _change_status(user: str, status: str, reason: str, *, revokes_keys: bool = False) -> int:
    user_id = _find_user(user)
    became = call(CHANGE_STATUS, [user_id, status, reason, revokes_keys])
    err.print(f"user {user_id} is {became or f'{status} already'}")
    return user_id


def _find_user(user: str) -> int:
    rows = read_rows(FIND, {"user": user.strip()})
    if not rows:
        raise LeadGenError(f"no user {user!r}: `leadgen user list` lists them")
    return int(rows[0]["id"])


def _read_holder(
    role: Role, buyer: int | None, source: str | None, member: Member | None
) -> tuple[int | None, int | None, str | None]:
    """The ids of buyer and source, and the kind of member, as the database wants them."""
    source_id = None
    if source is not None:
        rows = read_rows(SOURCE, {"key": source})
        if not rows:
            raise LeadGenError(f"no source has the source_key {source!r}")
        source_id = rows[0]["id"]
    kind = member or (Member.OWNER if role == Role.BUYER else None)
    return buyer, source_id, kind and kind.value


def is_terminal() -> bool:
    """Whether a person types."""
    return sys.stdin.isatty()


def _ask_password(email: str | None) -> str:
    """A password that is taken: from the terminal, where it is asked for twice, or a line of standard input."""
    from leadgen.passwords import ALLOWED, find_fault

    if is_terminal():
        password = str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if (fault := find_fault(password, email)) is not None:
        raise LeadGenError(f"password: found {fault}; allowed: {ALLOWED}")
    return password


def _describe_holder(row: Row) -> str:
    if row["buyer_id"] is not None:
        return f"buyer {row['buyer_id']}, {row['member_kind']}"
    return str(row["source_key"] or row["company"] or "")


def _describe_status(row: Row) -> str:
    if row["status"] != Status.PENDING:
        return str(row["status"])
    if row.get("waits_for_address"):
        return "pending: its address has another user"
    waits = [
        word for word, name in (("verified", "verified_at"), ("approved", "approved_at")) if row[name] is None
    ]
    return f"pending: not {' and not '.join(waits)}" if waits else "pending"
