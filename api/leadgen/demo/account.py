"""The account of one lead for people: who won, for how much, and why each other buyer lost.

Takes the JSON of leadgen.explain_lead and returns what Rich prints. `leadgen explain` and the demo show it.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

Json = dict[str, Any]

VERDICT_STYLE = {"won": "bold green", "passed": "", "lost": "dim"}


def show_account(account: Json) -> Group:
    """The whole account: summary, validation, each routing attempt, each sale."""
    return Group(*_parts(account))


def _parts(account: Json) -> Iterator[RenderableType]:
    place = f"{account['offer']}, {account['postal_code']}, from {account['source']}"
    yield Text(f"Lead {account['lead_id']}: {account['summary']}", style="bold")
    yield indented(f"{place}, received {moment(account['received_at'])}")
    validation = account["validation"]
    policy = f"policy {validation['policy_id']}, version {validation['policy_version']}"
    yield indented(f"validation: {'passed' if validation['passed'] else 'failed'} ({policy})")
    for error in validation["errors"]:
        yield indented(f"  {error['code']} ({error['field']}): {error['reason']}", style="red")
    for attempt in account["attempts"]:
        yield indented(describe_attempt(attempt))
        yield Padding.indent(candidates_table(attempt["candidates"] or []), 4)
    for sale in account["sales"]:
        yield indented(f"sale {sale['assignment_id']} to {describe_sale(sale)}")


def indented(line: str, style: str = "") -> Padding:
    """A line two columns in, also where it wraps."""
    return Padding.indent(Text(line, style=style), 2)


def describe_attempt(attempt: Json) -> str:
    """Under which rules an attempt was made."""
    strategy = ", then ".join(attempt["strategy"])
    limit = attempt["max_buyers"]
    parts = [
        f"attempt {attempt['attempt']}, {moment(attempt['decided_at'])}: by {strategy}",
        f"to at most {limit} buyers" if limit > 1 else "to one buyer",
    ]
    if attempt["exclusive_buyer_id"] is not None:
        owner = next(
            (
                c["buyer_name"]
                for c in attempt["candidates"]
                if c["buyer_id"] == attempt["exclusive_buyer_id"]
            ),
            "a buyer who is not enrolled",
        )
        parts.append(f"area owned by {owner}")
    if attempt["unsold_reason"]:
        parts.append(attempt["unsold_reason"])
    return ", ".join(parts)


def candidates_table(candidates: list[Json]) -> Table:
    """One row a candidate, in order of rank: verdict, reason with its numbers, price."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("rank", justify="right")
    for title in ("buyer", "verdict", "why"):
        table.add_column(title, overflow="fold")
    table.add_column("price", justify="right")
    for candidate in candidates:
        price = candidate["price"]
        table.add_row(
            str(candidate["rank"] or ""),
            Text(candidate["buyer_name"]),
            candidate["verdict"],
            Text(candidate["reason"] or ""),
            "" if price is None else f"{price:.2f}",
            style=VERDICT_STYLE[candidate["verdict"]],
        )
    return table


def describe_sale(sale: Json) -> str:
    """Buyer, how the price came about, and what became of each delivery."""
    deliveries = "; ".join(describe_delivery(delivery) for delivery in sale["deliveries"] or [])
    return (
        f"{sale['buyer']}: {describe_price(sale['price_steps'])} {sale['currency']}, {sale['outcome']}"
        f" ({deliveries or 'no deliveries'})"
    )


def describe_price(steps: list[Json]) -> str:
    """`base 45.00, exclusivity premium (percent 25) 56.25`; steps that change nothing are left out."""
    parts, amount = [], None
    for step in steps:
        if step["amount"] != amount:
            premium = " ".join(f"{name} {value}" for name, value in step.get("premium", {}).items())
            name = step["step"].replace("_", " ") + (f" ({premium})" if premium else "")
            parts.append(f"{name} {step['amount']:.2f}")
        amount = step["amount"]
    return ", ".join(parts)


def describe_delivery(delivery: Json) -> str:
    """`webhook delivered at attempt 3`, with the last error when it was not."""
    error = f": {delivery['last_error']}" if delivery["last_error"] else ""
    attempts = delivery["attempts"]
    at = f" at attempt {attempts}" if attempts else ""
    return f"{delivery['channel']} {delivery['status']}{at}{error}"


def moment(timestamp: str) -> str:
    """An ISO 8601 time in UTC, to the second."""
    return datetime.fromisoformat(timestamp).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
