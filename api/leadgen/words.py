"""Numbers with their nouns, money and periods, the same in every command."""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

# As kernel.currency_minor_unit; a currency with three decimals is refused where a market is written.
WITHOUT_DECIMALS = frozenset(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split()  # noqa: SIM905  one line
)


def count_of(number: int, noun: str, nouns: str = "") -> str:
    """`1 lead`, `2 leads`, `1,234 leads`; an irregular plural is given."""
    return f"{number:,} {noun if number == 1 else nouns or f'{noun}s'}"


def money_form(currency: str) -> str:
    """How money of a currency is formatted: with its decimals, thousands apart."""
    return ",.0f" if currency in WITHOUT_DECIMALS else ",.2f"


def money(amount: float | Decimal, currency: str) -> str:
    """`1,234.50`, in yen `1,235`."""
    return format(amount, money_form(currency))


def show_period(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """`2026-11-07 00:00 to 2026-11-21 00:00, America/Chicago`; the end is not part of it."""
    since, until = (moment.astimezone(zone) for moment in (start, end))
    return f"{since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M}, {zone.key}"
