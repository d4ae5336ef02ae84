"""Numbers and sentences of a what-if, the same on the terminal and on the page."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from leadgen.whatif.changes import Json, Names, describe_change, flatten, show_value
from leadgen.words import count_of, money, money_form, show_period

Number = int | Decimal
Show = Callable[[Number], str]

MOST_NAMED = 2  # changes in a headline; more are counted
MOVES = {
    "same": "as it was",
    "other_buyer": "to another buyer",
    "other_price": "at another price",
    "gained": "sold in the what-if only",
    "lost": "sold at the time only",
}


def count(value: Number) -> str:
    """`1,234`."""
    return f"{value:,}"


def percent(share: Number | None, sign: str = " %") -> str:
    """A share of 1 as `81.2 %`; nothing where there is none."""
    return "" if share is None else f"{share * 100:.1f}{sign}"


def signed(value: Number, form: str = ",") -> str:
    """`+12`, `-3`, and `0` without a sign; a difference that rounds to nothing is nothing."""
    text = f"{value:+{form}}"
    return text if any(digit in text for digit in "123456789") else text[1:]


def points(actual: Number | None, simulated: Number | None) -> str:
    """The difference of two shares in percentage points, `+1.1`."""
    return "" if actual is None or simulated is None else signed((simulated - actual) * 100, ".1f")


def headline(outcome: Json, arrow: str = "->", minus: str = "-") -> str:
    """The result in one sentence."""
    if outcome["leads"] == 0:
        return "No lead came in this period"
    actual, simulated = outcome["actual"], outcome["simulated"]
    if not outcome["changes"]:
        if outcome["is_identical"]:
            return "Without any change the outcome is what happened, lead by lead"
        return "Without any change the outcome differs from what happened"
    change = describe_changes(outcome)
    if outcome["is_identical"]:
        return f"With {change}, nothing would have been different"
    return f"With {change}, {revenue_moves(outcome, arrow, minus)}, {leads_move(actual, simulated)}"


def describe_changes(outcome: Json) -> str:
    """`strategy weighted and weight 3 for Ace`, or `5 changes`."""
    changes = [words for words, _, _ in changes_of(outcome)]
    if len(changes) > MOST_NAMED:
        return f"{len(changes)} changes"
    return " and ".join(filter(None, (", ".join(changes[:-1]), changes[-1])))


def changes_of(outcome: Json) -> list[tuple[str, str, str]]:
    """Each change in words, its path, and its value."""
    names = Names.of(outcome)
    return [
        (describe_change(path, value, names), path, show_value(value))
        for path, value in flatten(outcome["changes"])
    ]


def revenue_moves(outcome: Json, arrow: str, minus: str) -> str:
    """`revenue +4.2 % (1,234.00 -> 1,286.00 USD)`."""
    before, after = outcome["actual"]["revenue"], outcome["simulated"]["revenue"]
    currency = outcome["currency"]
    was, would = money(before, currency), money(after, currency)
    if before == after:
        return f"revenue stays at {would} {currency}"
    change = signed((after - before) / before * 100, ".1f").replace("-", minus) + " % " if before else ""
    return f"revenue {change}({was} {arrow} {would} {currency})"


def leads_move(actual: Json, simulated: Json) -> str:
    """`12 leads fewer unsold`, `2 leads more held`; where neither moves, the sales."""
    moves = [
        _more_or_fewer(simulated[name] - actual[name], "lead", name)
        for name in ("unsold", "held")
        if simulated[name] != actual[name]
    ]
    if moves:
        return ", ".join(moves)
    sales = simulated["sales"] - actual["sales"]
    return _more_or_fewer(sales, "sale") if sales else "as many leads sold"


def _more_or_fewer(difference: int, unit: str, state: str = "") -> str:
    size = abs(difference)
    words = f"{count_of(size, unit)} {'more' if difference > 0 else 'fewer'} {state}"
    return words.strip()


def side_by_side(actual: Json, simulated: Json) -> list[tuple[str, int, int]]:
    """Two counts by name as rows (name, actual, simulated), the largest first."""
    rows = [
        (name, actual.get(name, 0), simulated.get(name, 0)) for name in dict.fromkeys([*actual, *simulated])
    ]
    return sorted(rows, key=lambda row: (-max(row[1:]), row[0]))


def totals(outcome: Json) -> list[tuple[str, str, str, str]]:
    """Rows of (name, actual, simulated, difference), written out; cost and margin only where sources are paid."""
    before, after, currency = outcome["actual"], outcome["simulated"], outcome["currency"]
    is_shared = any(side["sales"] != side["sold"] for side in (before, after))
    names = {name: f"leads {name}" for name in ("sold", "unsold", "held", "rejected")}
    if is_shared:
        names["sales"] = "sales"
    is_paid = any(side["cost"] for side in (before, after))
    amounts = ("revenue", "cost", "margin") if is_paid else ("revenue",)
    return [
        *(
            (words, count(before[name]), count(after[name]), signed(after[name] - before[name]))
            for name, words in names.items()
        ),
        *(
            (
                f"{name}, {currency}",
                money(before[name], currency),
                money(after[name], currency),
                signed(after[name] - before[name], money_form(currency)),
            )
            for name in amounts
        ),
        (
            "sold of the valid, %",
            percent(before["fill"], ""),
            percent(after["fill"], ""),
            points(before["fill"], after["fill"]),
        ),
    ]


def sales_of(sales: list[Json], currency: str) -> str:
    """`Ace 45.00, Bolt 40.00`, or `not sold`: unsold, held or rejected."""
    return ", ".join(f"{sale['buyer']} {money(sale['price'], currency)}" for sale in sales) or "not sold"


def period(outcome: Json, zone: ZoneInfo) -> str:
    """The period in the market's zone."""
    start, end = (datetime.fromisoformat(outcome[name]) for name in ("from", "to"))
    return show_period(start, end, zone)
