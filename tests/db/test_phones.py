"""ref.read_phone, number by number against the package that its tables come from.

Where the two differ on purpose, the difference is named here with its reason.
"""

import random
import sys
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import phonenumbers
import psycopg
import pytest
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType

COUNTRIES = sorted(phonenumbers.SUPPORTED_REGIONS)
DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u30fc\uff0d"
SCRIPTS = {"full-width": 0xFF10, "Arabic": 0x0660, "Persian": 0x06F0, "Devanagari": 0x0966, "bold": 0x1D7CE}
FORMS = (
    PhoneNumberFormat.E164,
    PhoneNumberFormat.INTERNATIONAL,
    PhoneNumberFormat.NATIONAL,
    PhoneNumberFormat.RFC3966,
)
ENDINGS = (
    " ext: 12", ";ext=12", " x12", "x12", " extn 12", " #12", " ext.1234567", "EXT4", " extension 12#", " int 12",
    " anexo 12", ",,12", ";12", ", 12", " - 12#", " x12/x13", " \u0434\u043e\u0431. 12", " extensi\u00f3n 12",
    " \uff45\uff58\uff54 12", " x", " (home)", ".", " ", f" ext {'1' * 21}",
)  # fmt: skip
PIECES = (
    "+", "00", "011", "0", "1", " ", "-", "(", ")", ".", "/", "x", "ext", "ext.", "#", ";ext=", ";", ",", " ,", ",,",
    "*", "~", "tel:", "A", "bc", "12", "99", "[", "]", "\\", "int", "_", "x12", "#5", "=", ":", ";isub=", "@",
)  # fmt: skip
READ = """
select (n.phone).e164, (n.phone).country_code, (n.phone).extension
from (
  select ref.read_phone(t.phone, t.country) as phone, t.place
  from unnest(%s::text[], %s::text[]) with ordinality as t (phone, country, place)
  offset 0  -- or the function would be called for each of its fields
) n
order by n.place
"""


class Reading(NamedTuple):
    """What a text is read as; all None: no valid number."""

    e164: str | None = None
    country: str | None = None
    extension: str | None = None


Written = tuple[str, str | None]  # a text, and the country it is written in


def read_by_sql(session: psycopg.Connection, written: list[Written]) -> list[Reading]:
    rows = session.execute(READ, [[text for text, _ in written], [country for _, country in written]])
    return [Reading(*row) for row in rows]


def read_by_package(text: str, country: str | None) -> Reading:
    """As the package reads it. Of several countries in which it holds a number for valid, the given one."""
    try:
        number = phonenumbers.parse(text, country)
    except NumberParseException:
        return Reading()
    if not phonenumbers.is_valid_number(number):
        return Reading()
    home = phonenumbers.region_code_for_number(number)
    if country and phonenumbers.is_valid_number_for_region(number, country):
        # A toll-free number of +1 is the package's US; an offer in Canada that takes Canadian numbers takes it, too.
        home = country
    extension = "".join(
        str(int(digit)) for digit in number.extension or ""
    )  # the package keeps Arabic digits
    return Reading(phonenumbers.format_number(number, PhoneNumberFormat.E164), home, extension or None)


def examples() -> Iterator[tuple[str, PhoneNumber]]:
    """The package's example numbers of each country and kind, and those of no country."""
    for country in COUNTRIES:
        found = [phonenumbers.example_number(country)]
        found += [phonenumbers.example_number_for_type(country, kind) for kind in PhoneNumberType.values()]
        unique = {phonenumbers.national_significant_number(number): number for number in found if number}
        yield from ((country, number) for number in unique.values())
    for code in phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS:
        number = phonenumbers.example_number_for_non_geo_entity(code)
        if number:
            yield "US", number


def spell(country: str, number: PhoneNumber) -> Iterator[str]:
    """A number in every usual spelling, some of which are wrong for this country."""
    code = str(number.country_code)
    digits = phonenumbers.national_significant_number(number)
    plan = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(int(code), country)
    trunk = (plan and plan.national_prefix) or ""
    yield from (phonenumbers.format_number(number, form) for form in FORMS)
    yield from (digits, trunk + digits, code + digits, f"0{digits}")
    yield from (f"+{code} {trunk}{digits}", f"+{code}{code}{digits}", f"{code}{trunk}{digits}")
    yield from (f"+{code} {code} {digits}", f"00{code}{digits}", f"011{code}{digits}")
    yield from (f"++{code}{digits}", f"({digits[:3]}) {digits[3:]}", f"({trunk}{digits[:3]}){digits[3:]}")
    yield from (digits[:-1], f"{digits}0", f"+{code}{digits[:-1]}", f"+{code}{digits}0", f"+0{code}{digits}")


def decorate(number: PhoneNumber) -> Iterator[str]:
    """What people and devices put into, before and behind a number."""
    code = str(number.country_code)
    digits = phonenumbers.national_significant_number(number)
    international = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    rfc = phonenumbers.format_number(number, PhoneNumberFormat.RFC3966)
    yield from (sign.join((digits[:3], digits[3:6], digits[6:])) for sign in (".", " ", "-", "/", "*", "~"))
    yield from (international.replace(" ", sign).replace("-", sign) for sign in DASHES)
    yield from (f"{text}{ending}" for text in (international, national) for ending in ENDINGS)
    yield from (f"Tel: {international}", f"tel:{digits};phone-context=+{code}", f"call {national}")
    yield from (f"tel:{digits};phone-context=example.com", f"{rfc};isub=12", f"{rfc};ext=7")
    yield from (
        f"tel:{digits};phone-context=",
        f"tel:{digits};phone-context=1",
        f"{international} or {national}",
    )
    for zero in SCRIPTS.values():
        yield from ("".join(shift(letter, zero) for letter in text) for text in (international, national))
    yield from (f"{international[:-3]}ABC", f"{national[:-4]}WXYZ", f"{national} or {national}")


def shift(letter: str, zero: int) -> str:
    return chr(zero + int(letter)) if letter in "0123456789" else letter


def disagreements(session: psycopg.Connection, written: Iterable[Written]) -> list[str]:
    tried = list(dict.fromkeys(written))
    return [
        f"{text!r} in {country}: {got}, not {wanted}"
        for (text, country), got in zip(tried, read_by_sql(session, tried), strict=True)
        if got != (wanted := read_by_package(text, country))
    ]


def mangle(text: str, chance: random.Random) -> str:
    """The text with up to three pieces put in or a few characters taken out."""
    for _ in range(chance.randint(0, 3)):
        place = chance.randint(0, len(text))
        if chance.random() < 0.3:
            text = text[:place] + text[place + chance.randint(1, 3) :]
        else:
            text = text[:place] + chance.choice(PIECES) + text[place:]
    return text


def test_every_example_in_every_spelling(module_session: psycopg.Connection) -> None:
    written = [(text, country) for country, number in examples() for text in spell(country, number)]
    assert len(written) > 20_000
    assert disagreements(module_session, written) == []


def test_what_is_written_around_a_number(module_session: psycopg.Connection) -> None:
    first = dict(reversed(list(examples())))
    written = [(text, country) for country, number in first.items() for text in decorate(number)]
    assert len(written) > 15_000
    assert disagreements(module_session, written) == []


def test_numbers_of_one_country_written_in_another(module_session: psycopg.Connection) -> None:
    chance = random.Random(12)
    foreign = [(text, chance.choice(COUNTRIES)) for _, number in examples() for text in spell("US", number)]
    assert disagreements(module_session, chance.sample(foreign, 3000)) == []
    nowhere = [(text, None) for text, _ in chance.sample(foreign, 500)]
    assert disagreements(module_session, nowhere) == []


def test_mangled_numbers(module_session: psycopg.Connection) -> None:
    """Mostly invalid: what the package refuses is refused, and nothing is read as another number."""
    chance = random.Random(2026)
    found = list(examples())
    written: list[Written] = []
    while len(written) < 3000:
        country, number = chance.choice(found)
        text = chance.choice([*spell(country, number), *decorate(number)])
        if text.isascii():
            written.append((mangle(text, chance), country))
    valid = sum(reading.e164 is not None for reading in read_by_sql(module_session, written))
    assert 500 < valid < 2500
    assert disagreements(module_session, written) == []


def test_digits_of_every_script(module_session: psycopg.Connection) -> None:
    zeros = [code for code in range(sys.maxunicode) if (letter := chr(code)).isdecimal() and int(letter) == 0]
    assert len(zeros) > 60
    written: list[Written] = [
        ("".join(shift(digit, zero) for digit in "512 555 0123 x4"), "US") for zero in zeros
    ]
    assert set(read_by_sql(module_session, written)) == {Reading("+15125550123", "US", "4")}


@pytest.mark.parametrize(
    ("reason", "text", "country", "read", "by_package"),
    [
        ("a zero in brackets that the country does not dial", "+34 (0)912 345 678", "ES", "+34912345678", None),
        ("the same behind +1", "+1 (0)512 555 0123", "US", "+15125550123", None),
        ("letters of other scripts behind it", "512 555 0123 \u0434\u043e\u043c", "US", "+15125550123", None),
        ("full-width letters are letters", "1-800-\uff26\uff2cOWERS", "US", "+18003569377", None),
        ("and its digits count beside letters", "1-\uff18\uff10\uff10-FLOWERS", "US", "+18003569377", None),
        ("an en dash is a hyphen before an extension", "(512) 555\u20130123 # \u201312", "US", "+15125550123", None),
        ("so is TEL: with its context", "TEL:512-555-0123;PHONE-CONTEXT=+1", "GB", "+15125550123", None),
    ],
)  # fmt: skip
def test_what_is_read_more_widely(
    reason: str,
    text: str,
    country: str,
    read: str,
    by_package: str | None,
    module_session: psycopg.Connection,
) -> None:
    """The list of differences: whatever the package does not read and ref.read_phone does."""
    assert read_by_package(text, country).e164 == by_package, reason
    assert read_by_sql(module_session, [(text, country)])[0].e164 == read, reason


@pytest.mark.parametrize(
    "text",
    [
        "9" * 40, "x" * 40, "1x" * 20, "+" * 40, "(0)" * 13, "+1(0)" * 2000, "1" + "x" * 10_000, "1 ext" * 2000,
        "\u0663" * 10_000, "+1 512 555 0123" + " " * 10_000 + "x1",
    ],
    ids=lambda text: text[:8],
)  # fmt: skip
def test_an_absurd_text_is_no_number(text: str, module_session: psycopg.Connection) -> None:
    """In bounded time: what is longer than the package reads is not looked at."""
    with module_session.transaction():
        module_session.execute("set local statement_timeout = '5s'")
        assert set(read_by_sql(module_session, [(text, country) for country in ("US", "GB", "BR")])) == {
            Reading()
        }
