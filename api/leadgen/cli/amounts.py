"""Amounts of money as they are typed and shown: thousands apart, yen without decimals."""

import re
from decimal import Decimal

from leadgen.errors import LeadGenError
from leadgen.words import money, money_form

AMOUNT = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?", re.ASCII)


def read_amount(text: str, name: str) -> Decimal:
    """An amount as it is typed. Raises LeadGenError; the database knows which amounts a currency has."""
    if not AMOUNT.fullmatch(text):
        raise LeadGenError(f"{name}: found {text[:50]}, allowed an amount such as 250 or 99.50")
    return Decimal(text)


def show_amount(amount: Decimal | str | None, currency: str | None) -> str:
    """`1,250.00`, in yen `1,250`; nothing where there is none."""
    return "" if amount is None else money(Decimal(amount), currency or "")


def show_change(amount: Decimal, currency: str) -> str:
    """`+1,250.00`, `-45.00`."""
    return format(amount, f"+{money_form(currency)}")
