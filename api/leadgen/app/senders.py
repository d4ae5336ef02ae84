"""Who a lead comes from, as far as can be told before the database reads it.

The rate limit of a source counts by this name. So source_key and page are read as the database will read them: whatever
it takes for the same source is the same sender here. To take more for the same does no harm.
"""

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import UNSET

LONGEST_NAME = 200  # of a sender
LONGEST_CODE = 1_000  # characters: to normalise a text takes time by the square of its length
ODD = "(odd)"  # who names a source or page in a way that nobody can read; all of them are one sender

# The host, what is behind it (a port), and the first part of the path.
PAGE = re.compile(r"(?:[a-z]+:)?(?://)?(?:[^/?#@]*@)?([^/?#:]*)[^/?#]*(/?[^/?#]*)", re.IGNORECASE)

# What ref.list_invisible, ref.fold_marks and ref.collapse_space list: tests/api/test_senders.py compares the readings.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
MARKS = str.maketrans(
    "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
    "\u2018\u2019\u201a\u201b\u2032\u02bc\uff07"
    "\u0660\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669"
    "\u06f0\u06f1\u06f2\u06f3\u06f4\u06f5\u06f6\u06f7\u06f8\u06f9"
    "\u201c\u201d\u201e\u201f",
    "-" * 10 + "'" * 7 + "0123456789" * 2 + '"' * 4,
)
SPACE = re.compile(r"[\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")


class _Says(msgspec.Struct):
    source_key: Any = UNSET
    landing_url: Any = UNSET


_SAYS = msgspec.json.Decoder(_Says, float_hook=Decimal)
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_VALUE = msgspec.json.Decoder(float_hook=Decimal)


def name_sender(payload: str, context: Mapping[str, str]) -> str:
    """Who a lead comes from: key, source, or page (host and first part of the path)."""
    if key_hash := context.get("api_key_hash"):
        return key_hash[:LONGEST_NAME]
    says = _SAYS.decode(payload)
    if says.source_key is UNSET or says.landing_url is UNSET:
        _find_renamed(says, payload)
    if key := read_code(write_value(says.source_key)):
        return key[:LONGEST_NAME]
    page = _collapse(INVISIBLE.sub("", write_value(says.landing_url)))
    return name_page(page or context.get("referer") or context.get("origin") or "")


def name_page(url: str) -> str:
    """Host and first part of the path of a page."""
    page = PAGE.match(url)
    if not page:
        return ""
    host = read_code(page[1]).lower().replace("\u3002", ".").rstrip(".")
    if not host.isascii():
        host = ".".join(
            part if part.isascii() else "xn--" + part.encode("punycode").decode() for part in host.split(".")
        )
    return f"{host}{page[2]}".lower()[:LONGEST_NAME]


def read_code(text: str) -> str:
    """A text as ref.read_code reads it, empty where that is null; ODD if it has characters that Python does not know.

    A newer database may know them, and read letters in them. ODD is also one that is too long for any field that is
    read so.
    """
    if not text.isascii():
        text = _collapse(INVISIBLE.sub("", text).translate(MARKS))
        if len(text) > LONGEST_CODE:
            return ODD
        text = unicodedata.normalize("NFKC", text)
        if any(unicodedata.category(character) in ("Cn", "Co", "Cs") for character in text):
            return ODD
    return _collapse(text)


def _collapse(text: str) -> str:
    return SPACE.sub(" ", text).strip(" ")


def _find_renamed(says: _Says, payload: str) -> None:
    """Read members whose names the database mends, as intake.mend_submission does."""
    for name, value in _MEMBERS.decode(payload).items():
        if name.isascii() and name.strip(" ") == name:
            continue
        meant = read_code(name)
        if meant in ("source_key", "landing_url") and getattr(says, meant) is UNSET:
            setattr(says, meant, _VALUE.decode(value))


def write_value(value: object) -> str:
    """A value as the text that the database makes of it; ODD for what it takes for no source and no page."""
    match value:
        case None | msgspec.UnsetType():
            return ""
        case str():
            return value
        case bool():
            return ODD
        case int() | Decimal():
            digits = f"{Decimal(value):f}"
            digits = digits.rstrip("0").rstrip(".") if "." in digits else digits
            return "0" if digits == "-0" else digits
    return ODD
