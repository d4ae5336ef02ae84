"""`leadgen hooks`: the webhooks of operators, to which the feed is sent."""

from typing import Annotated

import typer
from rich.text import Text

from leadgen.cli.console import err, out, plain_table
from leadgen.cli.endpoints import describe_health
from leadgen.cli.moments import read_span
from leadgen.cli.rows import AsJson, Id, call, print_json, read_rows

app = typer.Typer(
    no_args_is_help=True, help="The webhooks of operators: what happens in the market is sent to them."
)

LIST = """
select h.id, h.name, h.url, h.kinds, h.is_active, h.created_at,
  leadgen.find_feed_head() - h.last_item_id as items_behind, waiting.deliveries as waiting,
  case
    when e.disabled_at is not null then 'disabled'
    when e.retry_at > now() then 'resting'
    when e.failures_in_a_row > 0 then 'failing'
    else 'well' end as state,
  e.failures_in_a_row, e.retry_at, e.disabled_at, e.disabled_reason
from leadgen.operator_hooks h
join leadgen.endpoints e on e.hook_id = h.id
cross join lateral (
  select count(*) as deliveries from leadgen.deliveries d where d.endpoint_id = e.id and d.next_attempt_at is not null
) waiting
where h.removed_at is null
order by h.id
"""
ADD = "select hook_id, secret from leadgen.add_hook(%s, %s, %s)"
TEST = "select leadgen.test_hook(%s::bigint)"
ROTATE = "select leadgen.rotate_hook_secret(%s::bigint, %s::interval)"
PAUSE = "select leadgen.pause_hook(%s::bigint)"
RESUME = "select leadgen.resume_hook(%s::bigint)"
REMOVE = "select leadgen.remove_hook(%s::bigint)"


@app.command()
def add(
    url: Annotated[
        str, typer.Argument(metavar="URL", help="Where it is sent: https, on the public internet.")
    ],
    name: Annotated[str, typer.Option(metavar="TEXT", help="What you call it.")],
    kind: Annotated[
        list[str] | None,
        typer.Option("--kind", metavar="KIND", help="Only this kind; may be given several times. None: all."),
    ] = None,
) -> None:
    """Send the feed to a URL from now on. Prints the hook's id and the secret that signs what is sent.

    Example: leadgen hooks add https://ops.example.com/leadgen --name chat --kind limit.reached
    """
    (hook,) = read_rows(ADD, [name, url, kind or []])
    out.print(f"{hook['hook_id']} {hook['secret']}", markup=False, soft_wrap=True)
    err.print(f"`leadgen hooks test {hook['hook_id']}` sends a test")


@app.command("list")
def list_hooks(as_json: AsJson = False) -> None:
    """List the hooks: to where, which kinds, how many items of the feed each is behind, and how it goes.

    Example: leadgen hooks list
    """
    from leadgen.show.console import make_console

    rows = read_rows(LIST)
    if as_json:
        print_json(rows)
        return
    if not rows:
        err.print("no hooks")
        return
    table = plain_table(
        "id", "name", "to", "kinds", "behind", "waiting", "how it goes", numbers=("id", "behind")
    )
    for row in rows:
        state = describe_health(row) if row["is_active"] else "paused"
        cells = Text(row["name"]), Text(row["url"]), ", ".join(row["kinds"]) or "all"
        table.add_row(str(row["id"]), *cells, f"{row['items_behind']:,}", f"{row['waiting']:,}", Text(state))
    make_console().print(table)


@app.command("test")
def send_test(hook_id: Id) -> None:
    """Send a test to a hook. Prints the id of its delivery.

    Example: leadgen hooks test 1
    """
    delivery = call(TEST, [hook_id])
    out.print(delivery)
    err.print(f"a worker sends it; `leadgen deliveries show {delivery}` shows what came of it")


@app.command()
def rotate(
    hook_id: Id,
    overlap: Annotated[
        str, typer.Option(metavar="TIME", help="How long both secrets sign: 24h, 30 minutes, 0; at most 30d.")
    ] = "24h",
) -> None:
    """Make a new secret for a hook and print it. Until the overlap ends, the old one signs as well.

    Example: leadgen hooks rotate 1 --overlap 24h
    """
    secret = call(ROTATE, [hook_id, read_span(overlap, "--overlap")])
    out.print(secret, markup=False, soft_wrap=True)
    err.print(f"the old secret signs as well for {overlap}", markup=False)


@app.command()
def pause(hook_id: Id) -> None:
    """Send nothing to a hook until it is resumed. What comes meanwhile is sent then, as long as the feed is kept.

    Example: leadgen hooks pause 1
    """
    changed = call(PAUSE, [hook_id])
    err.print(f"hook {hook_id} is paused" if changed else f"hook {hook_id} was paused already")


@app.command()
def resume(hook_id: Id) -> None:
    """Send again to a hook that was paused, or whose endpoint was disabled after too many failures.

    Example: leadgen hooks resume 1
    """
    changed = call(RESUME, [hook_id])
    err.print(f"hook {hook_id} is in use" if changed else f"hook {hook_id} was in use already")


@app.command()
def remove(hook_id: Id) -> None:
    """Remove a hook for good. What waits for it is cancelled.

    Example: leadgen hooks remove 1
    """
    call(REMOVE, [hook_id])
    err.print(f"hook {hook_id} is removed")
