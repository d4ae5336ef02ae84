"""How values are written on pages: times, money, numbers, ages. Filters of the templates."""

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from markupsafe import Markup, escape

from leadgen.words import count_of, money

NOTHING = "none"
MARKDOWN_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


def show_moment(text: str | None) -> Markup:
    """A time in UTC to the minute, for people and for programs."""
    if not text:
        return Markup("none")
    moment = datetime.fromisoformat(text).astimezone(UTC)
    return Markup('<time datetime="{}">{}</time>').format(moment.isoformat(), f"{moment:%Y-%m-%d %H:%M}")


def show_money(amount: Decimal | float | str | None, currency: str | None) -> Markup:
    """An amount with its currency: 45.00 USD."""
    if amount is None:
        return Markup("none")
    currency = currency or ""
    return Markup('<span class="amount">{} {}</span>').format(money(Decimal(str(amount)), currency), currency)


def show_count(number: int | None) -> str:
    """A number with its thousands apart."""
    return NOTHING if number is None else f"{number:,}"


def show_words(code: str | None) -> str:
    """A word of the database as people read it: cap_day is cap day."""
    return NOTHING if not code else code.replace("_", " ")


def show_lines(text: str | None) -> Markup:
    """A text of several lines."""
    return Markup("<br>").join(escape(line) for line in (text or "").splitlines())


def show_described(text: str | None) -> Markup:
    """What catalog.describe_schema says, in Markdown: names as code, a line for each field, links as their words."""
    return Markup("<br>").join(map(_show_names, MARKDOWN_LINK.sub(r"\1", text or "").splitlines()))


def _show_names(line: str) -> Markup:
    """A line in which each second part between backticks is a name."""
    code, text = Markup("<code>{}</code>"), Markup("{}")
    return Markup("").join((code if at % 2 else text).format(part) for at, part in enumerate(line.split("`")))


def show_value(value: object) -> str:
    """A value of JSON as people write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return NOTHING
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)


FILTERS: dict[str, Any] = {
    "moment": show_moment,
    "money": show_money,
    "count": show_count,
    "words": show_words,
    "lines": show_lines,
    "of": count_of,
    "value": show_value,
    "described": show_described,
}
