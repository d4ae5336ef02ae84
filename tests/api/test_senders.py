"""Who a lead comes from: the API reads a source's name as the database does, or a rate limit could be spelled away."""

import json
import sys
import unicodedata

import psycopg
import pytest

from leadgen.app.senders import ODD, name_page, name_sender, read_code

KEY = "austin-plumbing-v1"
# Every character of the Basic Multilingual Plane and of the planes that have marks, inside of a name and around it.
CHARACTERS = [
    chr(point)
    for point in (*range(1, 0x10000), *range(0x10000, 0x20000), *range(0xE0000, 0xE1000))
    if not 0xD800 <= point <= 0xDFFF
]


def spell(payload: dict[str, object]) -> str:
    return name_sender(json.dumps(payload), {})


def test_every_character_is_read_as_the_database_reads_it(module_database: str) -> None:
    """Python may take for one name what the database keeps apart, but never the other way around."""
    names = [f"{one}Au{one}stin{one}" for one in CHARACTERS]
    with psycopg.connect(module_database) as connection:
        rows = connection.execute(
            "select coalesce(ref.read_code(n.name), '') from unnest(%s::text[]) with ordinality as n (name, place)"
            " order by n.place",
            [names],
        ).fetchall()
    unlike = [
        (f"{ord(one):x}", here, there)
        for one, name, (there,) in zip(CHARACTERS, names, rows, strict=True)
        if (here := read_code(name)) not in (there, ODD) and here != read_code(there)
    ]
    assert unlike == []
    # No name that can be typed is lost among the odd ones.
    odd = [one for one in CHARACTERS if read_code(f"a{one}") == ODD]
    assert {unicodedata.category(one) for one in odd} == {"Cn", "Co"}
    assert sys.maxunicode == 0x10FFFF


def test_a_text_that_takes_long_to_normalise_is_not_read() -> None:
    """Marks in the wrong order are sorted one by one: 60 kB of them would take more than a second."""
    marks = "\u0315\u0300" * 15_000
    assert spell({"source_key": f"a{marks}"}) == ODD
    assert spell({"landing_url": f"https://a{marks}.example/x"}) == f"{ODD}/x"
    assert spell({"source_key": f"\u200b{KEY}" + "\u3000\u200b" * 9_000}) == KEY


@pytest.mark.parametrize("count", [1, 2, 40])
def test_a_source_is_one_sender_however_it_is_spelled(count: int) -> None:
    for blank in " \t\n\x1f\xa0\u2003\u3000\u200b\u200d\ufeff\u00ad\U000e0041":
        assert spell({"source_key": KEY + blank * count}) == KEY
        assert spell({"source_key": blank * count + KEY}) == KEY
    assert spell({"source_key": "\uff41ustin-plumbing-v1" + "\u200d" * count}) == KEY
    assert spell({"source_key": KEY.replace("-", "\u2011") + "\u200b" * count}) == KEY
    for name in (
        "\ufeffsource_key",
        "source\u200b_key",
        " source_key",
        "source_key" + " " * count,
        "\uff53ource_key",
    ):
        assert spell({name: KEY}) == KEY, name
    assert spell({"source_key": "", "\ufeffsource_key": KEY}) == "", (
        "the plain name goes before, as in the database"
    )


@pytest.mark.parametrize(
    ("payload", "name"),
    [
        ('{"source_key": 7}', "7"),
        ('{"source_key": 7.0}', "7"),
        ('{"source_key": 0.7e1}', "7"),
        ('{"source_key": 7.50}', "7.5"),
        ('{"source_key": -0.0}', "0"),
        ('{"source_key": "\\uff17"}', "7"),
        ('{"source_key": ["austin"]}', ODD),
        ('{"source_key": true}', ODD),
        ('{"source_key": "a\\ue000"}', ODD),
        ('{"source_key": "a\\ud83a\\udeee"}', ODD),
        ('{"source_key": "jos\\u00e9"}', "jos\u00e9"),
    ],
)
def test_what_cannot_be_read_is_one_sender(payload: str, name: str) -> None:
    assert name_sender(payload, {}) == name


@pytest.mark.parametrize(
    "url",
    [
        "https://austin.example/roof/a1?x=1",
        "HTTPS://Austin.EXAMPLE/roof",
        "https://austin.example:8443/roof",
        "https://austin.example:z17/roof",
        "https://austin.example./roof",
        "https://visitor1@austin.example/roof",
        "https://a\uff0f1@austin.example/roof",
        "https://\uff41ustin.example/roof",
        "https://austin\u3002example/roof",
        "https://aus\u200btin.example/roof",
        " https://austin.example/roof\u200d ",
    ],
)
def test_a_page_is_one_sender_however_it_is_spelled(url: str) -> None:
    assert spell({"landing_url": url}) == "austin.example/roof"
    assert spell({"landing_url\u200b": url}) == "austin.example/roof"


def test_an_international_page_is_one_sender() -> None:
    assert name_page("https://b\u00fccher.example/") == name_page("https://xn--bcher-kva.example/")
    assert name_page("https://bu\u0308cher.example/") == name_page("https://xn--bcher-kva.example/")
