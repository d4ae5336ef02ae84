"""`leadgen endpoints`: where buyers are reached, how that goes, and switching it on and off."""

from datetime import UTC
from typing import Annotated

import typer
from rich.text import Text

from leadgen.cli.console import err, out, plain_table, show_minute
from leadgen.cli.rows import AsJson, BuyerOption, Id, Ids, Limit, Row, call, call_each, print_json, read_rows
from leadgen.cli.target import MAX_ID

app = typer.Typer(
    no_args_is_help=True, help="The endpoints of buyers: look at them, test them, enable and disable them."
)

LIST = """
select r.endpoint_id as id, r.buyer_id, r.buyer, r.channel::text, e.target, r.state, r.is_current, r.waiting,
  r.failures_in_a_row, r.failing_since, r.retry_at, r.disabled_at, r.disabled_reason, r.max_in_flight
from report.endpoints r
join leadgen.endpoints e on e.id = r.endpoint_id
where (%(buyer)s::bigint is null or r.buyer_id = %(buyer)s)
and (not %(disabled)s or r.disabled_at is not null)
order by r.disabled_at is null, r.buyer_id, r.endpoint_id
limit %(limit)s
"""
ENABLE = "select leadgen.enable_endpoint(%s::bigint)"
DISABLE = "select leadgen.disable_endpoint(%s::bigint, %s::text)"
TEST = "select leadgen.send_test(%s::bigint)"
ROTATE = "select leadgen.rotate_webhook_secret(%s::bigint, %s::interval)"


@app.command("list")
def list_endpoints(
    buyer: BuyerOption = None,
    disabled: Annotated[bool, typer.Option("--disabled", help="Only disabled ones.")] = False,
    limit: Limit = 100,
    as_json: AsJson = False,
) -> None:
    """List the endpoints of buyers, disabled ones first.

    Example: leadgen endpoints list --disabled
    """
    from leadgen.show.console import make_console

    rows = read_rows(LIST, {"buyer": buyer, "disabled": disabled, "limit": limit})
    if as_json:
        print_json(rows)
        return
    if not rows:
        err.print("no endpoints")
        return
    table = plain_table("id", "buyer", "by", "to", "waiting", "how it goes", numbers=("id", "waiting"))
    for row in rows:
        cells = Text(row["buyer"]), row["channel"], Text(row["target"]), f"{row['waiting']:,}"
        health = describe_health(row) if row["is_current"] else f"{describe_health(row)}, no longer used"
        table.add_row(str(row["id"]), *cells, Text(health))
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
    overlap: Annotated[str, typer.Option(help="How long both secrets sign: 24h, 30 minutes, 0.")] = "24h",
) -> None:
    """Make a new secret for a buyer's webhooks and print it. Until the overlap ends, the old one signs as well.

    Example: leadgen endpoints rotate-secret 7 --overlap 24h
    """
    out.print(call(ROTATE, [buyer, overlap]), markup=False, soft_wrap=True)
    err.print(f"the old secret signs as well for {overlap}", markup=False)
