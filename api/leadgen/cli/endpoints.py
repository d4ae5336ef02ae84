"""`leadgen endpoints`: where buyers are reached, how that goes, and switching it on and off."""

from datetime import UTC
from typing import Annotated

import typer
from rich.text import Text

from leadgen.cli.console import err, out, plain_table, show_minute
from leadgen.cli.moments import read_span
from leadgen.cli.rows import AsJson, BuyerOption, Id, Ids, Limit, Row, call, call_each, print_json, read_rows
from leadgen.cli.target import MAX_ID

app = typer.Typer(
    no_args_is_help=True, help="The endpoints of buyers: look at them, test them, enable and disable them."
)

LIST = """
select r.endpoint_id as id, r.buyer_id, r.buyer, r.channel::text, e.target, r.state, r.is_current, r.waiting,
  r.failures_in_a_row, r.failing_since, trouble.last_error, r.retry_at, r.disabled_at, r.disabled_reason,
  r.max_in_flight
from report.endpoints r
join leadgen.endpoints e on e.id = r.endpoint_id
left join lateral (
  select l.last_error
  from (
    select d.id, d.last_error
    from leadgen.deliveries d
    where d.endpoint_id = r.endpoint_id and d.next_attempt_at is not null
    union all
    select d.id, d.last_error
    from leadgen.deliveries d
    where d.endpoint_id = r.endpoint_id and d.status in ('unknown', 'dead') and d.finished_at >= r.failing_since
      and d.created_at >= r.failing_since - interval '8 days'
  ) l
  where r.failures_in_a_row > 0 and l.last_error is not null
  order by (select max(a.id) from leadgen.delivery_attempts a where a.delivery_id = l.id) desc nulls last
  limit 1
) trouble on true
where (%(buyer)s::bigint is null or r.buyer_id = %(buyer)s)
and (%(failing)s or not %(disabled)s or r.disabled_at is not null)
and (not %(failing)s or r.state in ('failing', 'resting') or (%(disabled)s and r.disabled_at is not null))
order by array_position(array['resting', 'failing', 'disabled'], r.state), r.failing_since, r.buyer_id, r.endpoint_id
limit %(limit)s
"""
ENABLE = "select leadgen.enable_endpoint(%s::bigint)"
DISABLE = "select leadgen.disable_endpoint(%s::bigint, %s::text)"
TEST = "select leadgen.send_test(%s::bigint)"
ROTATE = "select leadgen.rotate_webhook_secret(%s::bigint, %s::interval)"


@app.command("list")
def list_endpoints(
    buyer: BuyerOption = None,
    failing: Annotated[bool, typer.Option("--failing", help="Only those that fail now.")] = False,
    disabled: Annotated[bool, typer.Option("--disabled", help="Only disabled ones.")] = False,
    limit: Limit = 100,
    as_json: AsJson = False,
) -> None:
    """List the endpoints of buyers: those that fail now first, then disabled ones, then those that do well.

    Of one that fails it shows how often in a row, since when, the last error and how many deliveries wait.

    Example: leadgen endpoints list --failing
    """
    from leadgen.show.console import make_console

    rows = read_rows(LIST, {"buyer": buyer, "failing": failing, "disabled": disabled, "limit": limit})
    if as_json:
        print_json(rows)
        return
    if not rows:
        err.print("no endpoints")
        return
    table = plain_table("id", "buyer", "by", "to", "waiting", "how it goes", numbers=("id", "waiting"))
    for row in rows:
        cells = Text(row["buyer"]), row["channel"], Text(row["target"]), f"{row['waiting']:,}"
        health = describe_health(row) + describe_trouble(row)
        table.add_row(
            str(row["id"]), *cells, Text(health if row["is_current"] else f"{health}, no longer used")
        )
    make_console().print(table)


def describe_health(row: Row) -> str:
    """An endpoint's state in words."""
    failures = f"{row['failures_in_a_row']} failed in a row"
    match row["state"]:
        case "disabled":
            return f"disabled {show_minute(row['disabled_at'])} UTC: {row['disabled_reason']}"
        case "resting":
            return f"{failures}, rests until {row['retry_at'].astimezone(UTC):%H:%M:%S} UTC"
        case "failing":
            return failures
        case state:
            return str(state)


def describe_trouble(row: Row) -> str:
    """Since when an endpoint fails, and the last error; nothing of one that does not."""
    if row["state"] not in {"failing", "resting"}:
        return ""
    error = f": {row['last_error']}" if row["last_error"] else ""
    return f", since {show_minute(row['failing_since'])} UTC{error}"


@app.command()
def enable(ids: Ids) -> None:
    """Enable endpoints. What waited for them is sent first.

    Example: leadgen endpoints enable 7
    """
    call_each(ids, ENABLE, lambda one: (one,), lambda changed: "enabled" if changed else "was in use already")


@app.command()
def disable(endpoint_id: Id, reason: Annotated[str, typer.Option(help="Why; the buyer is told.")]) -> None:
    """Disable an endpoint. What is due waits.

    Example: leadgen endpoints disable 7 --reason "moved"
    """
    changed = call(DISABLE, [endpoint_id, reason])
    err.print(
        f"endpoint {endpoint_id} is disabled" if changed else f"endpoint {endpoint_id} was disabled already"
    )


@app.command("test")
def send_test(endpoint_id: Id) -> None:
    """Send a test without personal data to an endpoint. Prints the id of its delivery.

    Example: leadgen endpoints test 7
    """
    delivery = call(TEST, [endpoint_id])
    out.print(delivery)
    err.print(f"a worker sends it; `leadgen deliveries show {delivery}` shows what came of it")


@app.command("rotate-secret")
def rotate_secret(
    buyer: Annotated[int, typer.Argument(metavar="BUYER", min=1, max=MAX_ID, help="The id of a buyer.")],
    overlap: Annotated[
        str, typer.Option(metavar="TIME", help="How long both secrets sign: 24h, 30 minutes, 0; at most 30d.")
    ] = "24h",
) -> None:
    """Make a new secret for a buyer's webhooks and print it. Until the overlap ends, the old one signs as well.

    Example: leadgen endpoints rotate-secret 7 --overlap 24h
    """
    secret = call(ROTATE, [buyer, read_span(overlap, "--overlap")])
    out.print(secret, markup=False, soft_wrap=True)
    err.print(f"the old secret signs as well for {overlap}", markup=False)
