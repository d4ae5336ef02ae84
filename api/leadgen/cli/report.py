"""`leadgen report`: reports that workers send by e-mail."""

from enum import StrEnum
from typing import Annotated

import typer
from psycopg import errors
from rich.text import Text

from leadgen.cli.console import err, plain_table, show_minute
from leadgen.cli.export import Format, read_zone
from leadgen.cli.offers import find_offer
from leadgen.cli.rows import AsJson, Row, Why, call, give_reason, no_buyer, print_json, read_rows
from leadgen.cli.target import MAX_ID, database_url
from leadgen.db.session import connect
from leadgen.errors import LeadGenError

SCHEDULES = """
select s.name, s.view_name as view, s.period, s.format, o.slug as offer, s.buyer_id, b.name as buyer, s.recipients,
  to_char(s.send_at, 'HH24:MI') as send_at, s.timezone, s.is_active, r.status, r.finished_at, r.rows_found, r.last_error
from leadgen.report_schedules s
left join leadgen.offers o on o.id = s.offer_id
left join leadgen.buyers b on b.id = s.buyer_id
left join lateral (
  select t.status, t.finished_at, t.rows_found, t.last_error from leadgen.report_runs t
  where t.schedule_id = s.id order by t.id desc limit 1
) r on true
order by s.name
"""
ADD = """
insert into leadgen.report_schedules (
  name, view_name, period, format, offer_id, buyer_id, recipients, send_at, timezone, active_since)
values (%s, %s, %s, %s, %s, %s, %s, %s::time, coalesce(%s, (
  select case when count(distinct m.timezone) = 1 then min(m.timezone) else 'UTC' end from leadgen.markets m)),
  leadgen.clock())
returning timezone
"""
SWITCH = "update leadgen.report_schedules set is_active = %s where name = %s returning name"
REMOVE = "delete from leadgen.report_schedules where name = %s returning name"
SEND = "select leadgen.send_report(%s)"

Name = Annotated[str, typer.Argument(metavar="NAME", help="The name of a report, as `list` shows it.")]

app = typer.Typer(no_args_is_help=True, help="Reports that workers send by e-mail: list, add, send, pause.")


class Period(StrEnum):
    """Of which time a report is; it says also when it is sent."""

    yesterday = "yesterday"
    last_week = "last week"
    last_month = "last month"
    month_to_date = "month to date"


@app.command("list")
def list_reports(as_json: AsJson = False) -> None:
    """List the scheduled reports, and how the latest of each went.

    Example: leadgen report list
    """
    from leadgen.show.console import make_console

    rows = read_rows(SCHEDULES)
    if as_json:
        print_json(rows)
        return
    if not rows:
        err.print("no scheduled reports")
        return
    table = plain_table("report", "of", "period", "sent", "to", "latest")
    for row in rows:
        table.add_row(
            row["name"],
            Text(", ".join(filter(None, (row["view"], row["offer"], row["buyer"])))),
            row["period"],
            f"{row['send_at']} {row['timezone']}" if row["is_active"] else "paused",
            Text("\n".join(row["recipients"])),
            Text(describe_latest(row)),
        )
    make_console().print(table)


def describe_latest(row: Row) -> str:
    """`sent 2026-11-30 13:00, 12 rows`, or what went wrong."""
    if row["status"] is None:
        return "none yet"
    at = f" {show_minute(row['finished_at'])}" if row["finished_at"] else ""
    found = "" if row["rows_found"] is None else f", {row['rows_found']:,} rows"
    error = f": {row['last_error']}" if row["last_error"] else ""
    return f"{row['status']}{at}{found}{error}"


@app.command()
def add(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="What it is called: small letters, digits, hyphens.")
    ],
    view: Annotated[
        str, typer.Argument(metavar="VIEW", help="A view of schema report: sales, leads, margin.")
    ],
    recipients: Annotated[
        list[str], typer.Option("--to", metavar="ADDRESS", help="Who gets it; may be given up to 20 times.")
    ],
    period: Annotated[
        Period,
        typer.Option(
            help="yesterday and month to date are sent every day, last week on Mondays, last month on the first."
        ),
    ] = Period.yesterday,
    form: Annotated[
        Format, typer.Option("--format", help="Of the attached file: csv or jsonl.")
    ] = Format.csv,
    at: Annotated[
        str, typer.Option("--at", metavar="TIME", help="When it is sent, by the zone's clock.")
    ] = "07:00",
    zone: Annotated[
        str | None,
        typer.Option(
            metavar="ZONE", help="Whose days they are. Default: that of the markets, if they share one."
        ),
    ] = None,
    offer: Annotated[
        str | None, typer.Option(metavar="OFFER", help="Only rows of this offer, by its id or slug.")
    ] = None,
    buyer: Annotated[
        int | None,
        typer.Option(
            metavar="ID",
            min=1,
            max=MAX_ID,
            help="Only rows of this buyer, and no columns that are not its business.",
        ),
    ] = None,
    reason: Why = None,
) -> None:
    """Have workers send a report by e-mail: figures and a plot in the message, the rows as a file.

    Example: leadgen report add daily-sales sales --to boss@example.com --period yesterday --at 06:30
    """
    if form is Format.parquet:
        raise LeadGenError("--format: found parquet, allowed csv or jsonl; `leadgen export` writes Parquet")
    if zone is not None:
        read_zone(zone)
    with connect(database_url()) as connection:
        give_reason(connection, reason)
        offer_id = find_offer(connection, offer).id if offer else None
        values = [name, view, period.value, form.value, offer_id, buyer, recipients, at, zone]
        try:
            found = connection.execute(ADD.encode(), values).fetchone()
        except errors.UniqueViolation:
            raise LeadGenError(f"there is a report {name} already: `leadgen report list`") from None
        except errors.ForeignKeyViolation:
            raise no_buyer(buyer) from None
        except (errors.DatetimeFieldOverflow, errors.InvalidDatetimeFormat):
            raise LeadGenError(f"--at: found {at[:20]}, allowed a time such as 06:30") from None
    err.print(f"{name} is sent at {at} {found[0] if found else ''}", markup=False)


@app.command()
def send(name: Name) -> None:
    """Have a worker send a report of its latest period now, whether or not it was sent.

    Example: leadgen report send daily-sales
    """
    run = call(SEND, [name])
    err.print(
        f"{name} will be sent by a worker (run {run}): `leadgen report list` shows how it went", markup=False
    )


@app.command()
def pause(name: Name, reason: Why = None) -> None:
    """Stop a report. What falls due meanwhile is not sent afterwards.

    Example: leadgen report pause daily-sales
    """
    change(SWITCH, [False, name], name, reason)
    err.print(f"{name} is paused", markup=False)


@app.command()
def resume(name: Name, reason: Why = None) -> None:
    """Have a report sent again, from its next time on.

    Example: leadgen report resume daily-sales
    """
    change(SWITCH, [True, name], name, reason)
    err.print(f"{name} is sent again", markup=False)


@app.command()
def remove(name: Name, reason: Why = None) -> None:
    """Remove a report, and the record of when it was sent.

    Example: leadgen report remove daily-sales
    """
    change(REMOVE, [name], name, reason)
    err.print(f"{name} is removed", markup=False)


def change(query: str, arguments: list[object], name: str, reason: str | None) -> None:
    """Change the row of a report. Raises LeadGenError when there is none."""
    with connect(database_url()) as connection:
        give_reason(connection, reason)
        if connection.execute(query.encode(), arguments).fetchone() is None:
            raise LeadGenError(f"no report {name}: `leadgen report list` lists them")
