"""The account of one lead for people: who won, for how much, and why each other buyer lost.

Takes the JSON of leadgen.explain_lead and returns what Rich prints. `leadgen explain` and the demo show it;
`leadgen dry-run` shows that of a lead that was not kept.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from leadgen.words import money, money_form

Json = dict[str, Any]

VERDICT_STYLE = {"won": "bold green", "passed": "", "lost": "dim"}

# kernel.show_time: 2026-11-22T06:00:00Z (00:00 America/Chicago)
SHOWN_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) \((\d\d:\d\d) ([A-Za-z0-9_+/-]+)\)")
DAY = timedelta(days=1)


def show_account(account: Json) -> Group:
    """The whole account: summary, validation, each routing attempt, each sale."""
    return Group(*_parts(account))


def _parts(account: Json) -> Iterator[RenderableType]:
    received_at = account["received_at"]
    subject = f"Lead {account['lead_id']}" if "lead_id" in account else "Dry run"
    yield Text(f"{subject}: {shorten_times(account['summary'], received_at)}", style="bold")
    place = f"{account['offer']}, {account['postal_code']}, from {account['source']}"
    yield indented(f"{place}, received {moment(received_at)}")
    if account.get("has_phone_extension"):
        yield indented("phone: with an extension, which buyers are sent")
    if erasure := account.get("erasure"):
        yield indented(f"erased {describe_erasure(erasure)}", style="red")
    validation = account["validation"]
    policy = f"policy {validation['policy_id']}, version {validation['policy_version']}"
    yield indented(f"validation: {'passed' if validation['passed'] else 'failed'} ({policy})")
    for error in validation["errors"]:
        earlier = validation.get("duplicate_of") if error["code"] == "duplicate" else None
        which = f", lead {earlier}" if earlier else ""
        yield indented(f"  {error['code']} ({error['field']}): {error['reason']}{which}", style="red")
    for note in account.get("intake_notes", []):
        yield indented(f"mended: {note}", style="yellow")
    attempts = account["attempts"]
    for attempt in attempts:
        outcome = attempt["unsold_reason"] if len(attempts) > 1 else None  # of one, the first line says it
        yield indented(", ".join(filter(None, (describe_attempt(attempt), outcome))))
        candidates = attempt["candidates"] or []
        if candidates:
            yield Padding.indent(candidates_table(candidates, attempt["decided_at"], account["currency"]), 4)
    sales = [f"sale {sale['assignment_id']} to {describe_sale(sale)}" for sale in account.get("sales", [])]
    if account.get("billing_status", "pending") != "pending":
        billing = f"billing: {account['billing_status']}"
        sales = [f"{sales[0]}; {billing}"] if len(sales) == 1 else [*sales, billing]
    yield from map(indented, sales)
    for sale in account.get("sales", []):
        yield from (indented(describe_report(sale, report)) for report in sale.get("reports") or [])


def describe_erasure(erasure: Json) -> str:
    """When, by whom and why; by whom and why are gone with an event that was deleted."""
    by = f" by {erasure['by']}" if erasure.get("by") else ""
    reason = f": {erasure['reason']}" if erasure.get("reason") else ""
    return f"{moment(erasure['erased_at'])}{by}{reason}"


def indented(line: str, style: str = "") -> Padding:
    """A line two columns in, also where it wraps."""
    return Padding.indent(Text(line, style=style), 2)


def describe_attempt(attempt: Json) -> str:
    """Under which rules an attempt was made."""
    strategy = ", then ".join(attempt["strategy"])
    limit = attempt["max_buyers"]
    policy = f"policy {attempt['routing_policy_id']}, version {attempt['routing_policy_version']}"
    parts = [
        f"attempt {attempt['attempt']}, {moment(attempt['decided_at'])}: by {strategy} ({policy})",
        f"to at most {limit} buyers" if limit > 1 else "to one buyer",
    ]
    if attempt["exclusive_buyer_id"] is not None:
        owner = next(
            (
                c["buyer_name"]
                for c in attempt["candidates"] or []
                if c["buyer_id"] == attempt["exclusive_buyer_id"]
            ),
            "a buyer who is not enrolled",
        )
        parts.append(f"area owned by {owner}")
    if fallen := attempt.get("fell_through"):
        place = f"{fallen['scope_type'].replace('_', ' ')} {fallen['scope_value']}"
        parts.append(f"fell through {fallen['buyer']}, who owns {place}: {fallen['reason']}")
    if choice := attempt.get("choice"):
        parts.append(f"sold by hand by {choice['chosen_by']}: {choice['reason']}")
    if first := attempt.get("went_first"):
        leads = ", ".join(map(str, first))
        parts.append(f"after held lead{'s' if len(first) > 1 else ''} {leads}, due and routed first")
    if attempt.get("next_route_at"):
        parts.append(f"tried again from {moment(attempt['next_route_at'])}")
    return ", ".join(parts)


def show_miss(miss: Json) -> Group:
    """What would have to change for a buyer to get a lead."""
    return Group(*_lines_of_miss(miss))


def _lines_of_miss(miss: Json) -> Iterator[RenderableType]:
    yield Text(f"Lead {miss['lead_id']} and {miss['buyer']}: {describe_miss(miss)}", style="bold")
    for change in miss["changes"]:
        yield indented(describe_change(change, miss.get("decided_at")))


def describe_miss(miss: Json) -> str:
    """In a line, whether a buyer can get a lead."""
    count = len(miss["changes"])
    match miss["outcome"]:
        case "won":
            return f"it got the lead at attempt {miss['attempt']}"
        case "not_decided":
            return "the lead was never routed"
        case "missed" if not miss["is_possible"]:
            return f"nothing gets it this lead; {count} in the way"
    return "one thing would have to change" if count == 1 else f"{count} things would have to change"


def describe_change(change: Json, since: str | None) -> str:
    """`cap_day: 20 of 20, resets 00:00 America/Chicago. A cap_day of at least 21, or wait until it begins anew.`"""
    found = shorten_times(change["found"], since) if since else change["found"]
    return f"{change['code']}: {found.rstrip('.')}. {change['change']}"


def candidates_table(candidates: list[Json], decided_at: str, currency: str) -> Table:
    """One row a candidate, in order of rank: verdict, reason with its numbers, price."""
    ranked = sum(candidate["rank"] is not None for candidate in candidates)
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
            Text(describe_reason(candidate, ranked, decided_at)),
            "" if price is None else money(price, currency),
            style=VERDICT_STYLE[candidate["verdict"]],
        )
    return table


def describe_reason(candidate: Json, ranked: int, decided_at: str) -> str:
    """The reason for the verdict; a winner's is its rank."""
    if candidate["reason"]:
        return shorten_times(candidate["reason"], decided_at)
    return f"ranked {candidate['rank']} of {ranked}"


def shorten_times(text: str, since: str) -> str:
    """Times as people of their zone say them: `00:00 America/Chicago`, with the date beyond a day from `since`."""
    start = datetime.fromisoformat(since)

    def shorten(found: re.Match[str]) -> str:
        at = datetime.fromisoformat(found[1])
        day = "" if start <= at <= start + DAY else f"{at.astimezone(ZoneInfo(found[3])):%Y-%m-%d} "
        return f"{day}{found[2]} {found[3]}"

    return SHOWN_TIME.sub(shorten, text)


def describe_sale(sale: Json) -> str:
    """Buyer, how the price came about, and what became of each delivery."""
    price = describe_price(sale["price_steps"], sale["currency"])
    fate = f"{sale['ending'] or sale['outcome']}{describe_replacement(sale)}"
    deliveries = "; ".join(describe_delivery(delivery) for delivery in sale["deliveries"] or [])
    paid = describe_cost(sale)
    return f"{sale['buyer']}: {price}{paid}, {fate} ({deliveries or 'no deliveries'})"


def describe_report(sale: Json, report: Json) -> str:
    """`sale 4 is reported on 2026-11-30 15:04:05 UTC: won (2026-11-29 18:00:00 UTC), 1,200.00 USD, 4 stars`."""
    parts = []
    if report.get("stage"):
        parts.append(f"{report['stage']} ({moment(report['happened_at'])})")
    if report.get("value") is not None:
        parts.append(f"{money(report['value'], sale['currency'])} {sale['currency']}")
    if report.get("stars"):
        parts.append(f"{report['stars']} of 5 stars")
    at = moment(report["reported_at"])
    return f"sale {sale['assignment_id']} is reported on {at}: {', '.join(parts) or 'a comment'}"


def describe_replacement(sale: Json) -> str:
    """`, a replacement is owed`, `, replaced by sale 12`, `, replaces sale 3`; nothing for any other sale."""
    parts = [f", replaces sale {sale['replaces']}"] if sale.get("replaces") else []
    match sale.get("replacement"):
        case {"status": "owed"}:
            parts.append(", a replacement is owed")
        case {"status": "used", "used_by": by}:
            parts.append(f", replaced by sale {by}")
        case _:
            pass
    return "".join(parts)


def describe_cost(sale: Json) -> str:
    """`, cost 8.00, margin 37.00`; nothing where the source is not paid."""
    if sale.get("cost") is None:
        return ""
    cost, margin = (money(sale[name], sale["currency"]) for name in ("cost", "margin"))
    return f", cost {cost}, margin {margin}"


def describe_price(steps: list[Json], currency: str) -> str:
    """`base 45.00, exclusivity premium (+25 %) 56.25 USD`; steps that change nothing are left out."""
    parts, amount = [], None
    for step in steps:
        if step["amount"] != amount:
            added = describe_adjustment(step, currency)
            parts.append(f"{step['step'].replace('_', ' ')}{added} {money(step['amount'], currency)}")
        amount = step["amount"]
    return f"{', '.join(parts)} {currency}"


def describe_adjustment(step: Json, currency: str) -> str:
    """` (+25 %)`, ` (-3.00)`, or nothing for a step without."""
    percent, added = step.get("percent"), step.get("added")
    parts = [f"{percent:+g} %"] if percent else []
    parts += [f"{added:+{money_form(currency)}}"] if added else []
    return f" ({', '.join(parts)})" if parts else ""


def describe_delivery(delivery: Json) -> str:
    """`webhook delivered at attempt 3, delivery 812`, with the last error when it was not."""
    error = f": {delivery['last_error']}" if delivery["last_error"] else ""
    attempts = delivery["attempts"]
    at = f" at attempt {attempts}" if attempts else ""
    return f"{delivery['channel']} {delivery['status']}{at}, delivery {delivery['delivery_id']}{error}"


def moment(timestamp: str) -> str:
    """An ISO 8601 time in UTC, to the second."""
    return datetime.fromisoformat(timestamp).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
