"""`leadgen deliveries`: what was sent, what waits, what went wrong, and sending it again."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from psycopg.types.json import Jsonb
from rich.text import Text

from leadgen.cli.console import err, out, plain_table, show_minute
from leadgen.cli.endpoints import describe_health
from leadgen.cli.moments import read_moment
from leadgen.cli.periods import Since, read_since
from leadgen.cli.rows import (
    AsJson,
    BuyerOption,
    Id,
    Ids,
    Limit,
    Row,
    call,
    call_each,
    print_json,
    read_rows,
    refuse_unknown,
)
from leadgen.cli.target import MAX_ID
from leadgen.errors import LeadGenError
from leadgen.words import count_of

app = typer.Typer(no_args_is_help=True, help="What is sent to buyers: look at it, resend it, stop it.")

LIST = """
select d.id, d.created_at, coalesce(n.kind, 'lead.assigned') as kind, d.assignment_id, d.buyer_id, b.name as buyer,
  d.endpoint_id, d.channel::text, d.status::text, d.attempts, d.next_attempt_at, d.finished_at, d.last_error
from leadgen.deliveries d
join leadgen.buyers b on b.id = d.buyer_id
left join leadgen.notices n on n.id = d.notice_id
where (%(statuses)s::text[] is null or d.status = any(%(statuses)s::text[]::leadgen.delivery_status[]))
and (%(buyer)s::bigint is null or d.buyer_id = %(buyer)s)
and (%(lead)s::bigint is null or d.lead_id = %(lead)s)
and (%(channel)s::text is null or d.channel = %(channel)s::leadgen.delivery_channel)
and (%(since)s::timestamptz is null or d.created_at >= %(since)s)
order by d.id desc
limit %(limit)s
"""
FIND = """
select d.id, d.created_at, coalesce(n.kind, 'lead.assigned') as kind, d.assignment_id, d.lead_id, d.buyer_id,
  b.name as buyer, d.channel::text, d.target, d.message_id, d.status::text, d.attempts, d.attempts_before,
  d.next_attempt_at, d.finished_at, d.last_error, d.resend_id, d.provider_id,
  d.endpoint_id, e.state, e.disabled_at, e.disabled_reason, e.failures_in_a_row, e.retry_at
from leadgen.deliveries d
join leadgen.buyers b on b.id = d.buyer_id
left join leadgen.notices n on n.id = d.notice_id
left join report.endpoints e on e.endpoint_id = d.endpoint_id
where d.id = %s
"""
ATTEMPTS = """
select a.attempt, a.started_at, a.outcome, a.status_code, a.latency_ms, a.error_class, a.error, a.reply, a.worker
from leadgen.delivery_attempts a
where a.delivery_id = %s
order by a.id
"""
RESENDS = """
select r.id, r.created_at, r.created_by, r.buyer_id, r.created_from, r.created_to, r.statuses::text[] as statuses,
  r.per_minute, r.status, r.resent, r.skipped, r.skipped_for, r.finished_at, r.cancelled_by
from leadgen.resends r
order by r.id desc
limit %s
"""
RETRY = "select leadgen.retry_delivery(%s::bigint, %s::boolean)"
PARK = "select leadgen.park_delivery(%s::bigint)"
START_RESEND = "select leadgen.start_resend(%s::jsonb, %s::text)"
CANCEL_RESEND = "select leadgen.cancel_resend(%s::bigint)"

# What the answers of RETRY mean.
RETRIED = {
    "pending": "is due now: a worker sends it",
    "sending": "is being sent already: nothing was changed",
}

UTC_ZONE = ZoneInfo("UTC")
SHOWN_REPLY = 200  # characters


class Status(StrEnum):
    """The states of a delivery."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    UNKNOWN = "unknown"
    DEAD = "dead"
    PARKED = "parked"
    CANCELLED = "cancelled"


class Channel(StrEnum):
    """The ways to a buyer."""

    WEBHOOK = "webhook"
    EMAIL = "email"
    SMS = "sms"


@app.command("list")
def list_deliveries(
    status: Annotated[
        str | None,
        typer.Option(metavar="STATUS[,STATUS]...", help=f"Only those in these states: {', '.join(Status)}."),
    ] = None,
    buyer: BuyerOption = None,
    lead: Annotated[
        int | None, typer.Option(min=1, max=MAX_ID, metavar="ID", help="Only those of this lead.")
    ] = None,
    channel: Annotated[Channel | None, typer.Option(help="Only those by this channel.")] = None,
    since: Since = None,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """List deliveries, newest first. No personal data of leads is shown.

    Example: leadgen deliveries list --status dead,unknown --since 24h
    """
    from leadgen.show.console import make_console

    conditions = {
        "statuses": read_statuses(status) if status is not None else None,
        "buyer": buyer,
        "lead": lead,
        "channel": channel,
        "since": read_since(since),
        "limit": limit,
    }
    rows = read_rows(LIST, conditions)
    if not rows:
        refuse_unknown(buyer, lead)
    if as_json:
        print_json(rows)
        return
    if not rows:
        err.print("no deliveries")
        return
    table = plain_table(
        "id", "made, UTC", "buyer", "what", "by", "status", "tries", "next or end, UTC", "trouble",
        numbers=("id", "tries"),
    )  # fmt: skip
    for row in rows:
        sale = row["assignment_id"]
        table.add_row(
            str(row["id"]),
            show_minute(row["created_at"]),
            Text(row["buyer"]),
            f"sale {sale}" if sale else row["kind"],
            row["channel"],
            row["status"],
            str(row["attempts"]),
            show_minute(row["next_attempt_at"] or row["finished_at"]),
            Text(row["last_error"] or ""),
        )
    make_console().print(table)


def read_statuses(text: str) -> list[str]:
    """The states that `dead,unknown` names. Raises LeadGenError for one that there is not."""
    statuses = [one.strip() for one in text.split(",")]
    for one in statuses:
        if one not in list(Status):
            raise LeadGenError(f"--status: found {one or 'nothing'}, allowed {', '.join(Status)}")
    return statuses


@app.command()
def show(delivery_id: Id, as_json: AsJson = False) -> None:
    """Show a delivery, its endpoint and each attempt: outcome, duration, error and reply.

    Example: leadgen deliveries show 812
    """
    from leadgen.show.console import make_console

    found = read_rows(FIND, [delivery_id])
    if not found:
        raise LeadGenError(f"no delivery {delivery_id}")
    (delivery,) = found
    attempts = read_rows(ATTEMPTS, [delivery_id])
    if as_json:
        print_json({**delivery, "attempts_made": attempts})
        return
    console = make_console()
    for line in describe_delivery(delivery):
        console.print(line, markup=False, soft_wrap=True)
    if not attempts:
        console.print("no attempt yet")
        return
    table = plain_table(
        "try", "at, UTC", "outcome", "status", "ms", "trouble", "reply", numbers=("try", "status", "ms")
    )
    for attempt in attempts:
        trouble = ": ".join(filter(None, (attempt["error_class"], attempt["error"])))
        table.add_row(
            str(attempt["attempt"]),
            f"{show_minute(attempt['started_at'])}:{attempt['started_at']:%S}",
            attempt["outcome"],
            str(attempt["status_code"] or ""),
            f"{attempt['latency_ms']:,.0f}",
            Text(trouble),
            Text(shorten(attempt["reply"] or "")),
        )
    console.print(table)


def describe_delivery(row: Row) -> list[str]:
    """The lines above the attempts."""
    subject = f"sale {row['assignment_id']} of lead {row['lead_id']}" if row["assignment_id"] else row["kind"]
    lines = [
        f"delivery {row['id']}: {subject} to {row['buyer']} ({row['buyer_id']}) by {row['channel']}: {row['status']}",
        f"message     msg_{row['message_id'].hex}, made {show_minute(row['created_at'])} UTC",
        f"goes to     {row['target']}",
        f"endpoint    {row['endpoint_id']}: {describe_health(row)}",
    ]
    if row["next_attempt_at"]:
        lines.append(f"next        {show_minute(row['next_attempt_at'])} UTC")
    if row["finished_at"]:
        lines.append(f"ended       {show_minute(row['finished_at'])} UTC")
    if row["last_error"]:
        lines.append(f"trouble     {row['last_error']}")
    if row["resend_id"]:
        lines.append(f"resend run  {row['resend_id']}, after {count_of(row['attempts_before'], 'attempt')}")
    if row["provider_id"]:
        lines.append(f"provider    {row['provider_id']}")
    return lines


def shorten(reply: str) -> str:
    """The first characters of a reply on one line, without what a terminal would obey."""
    text = " ".join("".join(c if c.isprintable() else " " for c in reply).split())
    return text if len(text) <= SHOWN_REPLY else text[: SHOWN_REPLY - 1] + "…"


@app.command()
def retry(
    ids: Ids,
    again: Annotated[
        bool, typer.Option("--again", help="Resend a delivery that was delivered, too.")
    ] = False,
) -> None:
    """Resend deliveries to the buyer's current endpoint. One that is being sent is left alone.

    Example: leadgen deliveries retry 812 813
    """
    call_each(ids, RETRY, lambda one: (one, again), RETRIED.__getitem__, "delivery")


@app.command()
def park(ids: Ids) -> None:
    """Keep deliveries back: they are not sent until they are retried.

    Example: leadgen deliveries park 812
    """
    call_each(
        ids, PARK, lambda one: (one,), lambda _: "is parked: it is not sent until it is retried", "delivery"
    )


@app.command()
def resend(
    buyer: BuyerOption = None,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="TIME", help="Only deliveries made from this time on; ISO 8601, UTC."),
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="Only deliveries made before this time.")
    ] = None,
    status: Annotated[
        str,
        typer.Option(
            metavar="STATUS[,STATUS]...", help="Only those in these states: dead, unknown, delivered."
        ),
    ] = "dead",
    per_minute: Annotated[int, typer.Option(min=1, max=60_000, help="How many to send a minute.")] = 600,
    key: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="A name for this run. The same name again starts no second run."),
    ] = None,
) -> None:
    """Resend all dead letters, or those of one buyer or period. Prints the id of the resend run.

    Workers send them, at a steady pace. A delivered one is resent only with --buyer, --from and --to.

    Example: leadgen deliveries resend --buyer 7 --from 2026-11-20 --status dead,unknown
    """
    statuses = [one.strip() for one in status.split(",")]
    if "delivered" in statuses and not (buyer and start and end):
        raise LeadGenError(
            f"--status {status}: what was delivered is resent to one buyer and for a period only; "
            "give --buyer, --from and --to too"
        )
    wish: dict[str, object] = {"statuses": statuses, "per_minute": per_minute}
    if buyer is not None:
        wish["buyer_id"] = buyer
    since, until = _read_time(start, "--from"), _read_time(end, "--to")
    if since and until and since >= until:
        raise LeadGenError(f"--from {since.isoformat()} is not before --to {until.isoformat()}")
    wish |= {name: moment.isoformat() for name, moment in (("from", since), ("to", until)) if moment}
    out.print(call(START_RESEND, [Jsonb(wish), key]))
    err.print("the workers send them; `leadgen deliveries resends` shows how far they are")


@app.command()
def resends(limit: Limit = 20, as_json: AsJson = False) -> None:
    """List the resend runs, newest first: who started each, what it sends, and how far it is.

    Example: leadgen deliveries resends
    """
    from leadgen.show.console import make_console

    rows = read_rows(RESENDS, [limit])
    if as_json:
        print_json(rows)
        return
    if not rows:
        err.print("no resend runs")
        return
    table = plain_table(
        "id", "asked, UTC", "by", "which", "a minute", "status", "sent", "end, UTC", "left out",
        numbers=("id", "a minute", "sent"),
    )  # fmt: skip
    for row in rows:
        table.add_row(
            str(row["id"]),
            show_minute(row["created_at"]),
            Text(row["created_by"]),
            describe_wish(row),
            f"{row['per_minute']:,}",
            row["status"],
            f"{row['resent']:,}",
            show_minute(row["finished_at"]),
            describe_skipped(row),
        )
    make_console().print(table)


@app.command("stop-resend")
def stop_resend(resend_id: Id) -> None:
    """Stop a resend run. What it has sent stays sent.

    Example: leadgen deliveries stop-resend 3
    """
    stopped = call(CANCEL_RESEND, [resend_id])
    err.print(f"resend run {resend_id} {'is stopped' if stopped else 'had ended already'}")


def describe_skipped(row: Row) -> str:
    """How many a resend run left out, and for which reasons."""
    reasons = "; ".join(f"{reason}: {count}" for reason, count in sorted(row["skipped_for"].items()))
    return f"{row['skipped']:,} ({reasons})" if reasons else str(row["skipped"])


def describe_wish(row: Row) -> str:
    """What a resend run sends again, in words."""
    parts = [", ".join(row["statuses"])]
    if row["buyer_id"]:
        parts.append(f"of buyer {row['buyer_id']}")
    if row["created_from"]:
        parts.append(f"from {show_minute(row['created_from'])}")
    if row["created_to"]:
        parts.append(f"to {show_minute(row['created_to'])}")
    return " ".join(parts)


def _read_time(text: str | None, option: str) -> datetime | None:
    return read_moment(text, option, UTC_ZONE) if text else None
