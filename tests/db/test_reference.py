"""The reference tables, against the packages they come from."""

import random
from collections.abc import Callable, Iterator

import phonenumbers
import psycopg
import pytest
from phonenumbers import PhoneNumber, PhoneNumberType

from leadgen.db.reference import DATA_SETS, load_reference
from rig.cluster import Connect


def examples(country: str) -> Iterator[str]:
    """National numbers of a country: valid ones of every kind, and near misses."""
    for kind in PhoneNumberType.values():
        number = phonenumbers.example_number_for_type(country, kind)
        if number is not None:
            valid = phonenumbers.national_significant_number(number)
            yield from (valid, valid[:-1], f"{valid}0", *(f"{digit}{valid[1:]}" for digit in "0123456789"))


def is_valid(country: str, national: str) -> bool:
    """What the package says of a national number."""
    zeros = len(national) - len(national.lstrip("0"))
    number = PhoneNumber(
        country_code=phonenumbers.country_code_for_region(country),
        national_number=int(national),
        italian_leading_zero=zeros > 0,
        number_of_leading_zeros=zeros or None,
    )
    return phonenumbers.is_valid_number_for_region(number, country)


def test_number_patterns_agree_with_the_package(module_session: psycopg.Connection) -> None:
    tried = [
        (country, number)
        for country in sorted(phonenumbers.SUPPORTED_REGIONS)
        for number in examples(country)
    ]
    assert len(tried) > 10_000
    wrong = []
    rows = module_session.execute(
        """
        select t.country, t.number, t.number ~ ('^(?:' || r.national_pattern || ')$')
        from unnest(%s::text[], %s::text[]) as t (country, number)
        left join leadgen.phone_regions r on r.country_code = t.country
        """,
        [[country for country, _ in tried], [number for _, number in tried]],
    )
    wrong = [
        (country, number, says) for country, number, says in rows if says is not is_valid(country, number)
    ]
    assert wrong == []


def test_prefixes_compile_and_are_right(module_session: psycopg.Connection) -> None:
    module_session.execute(
        "select '0' ~ ('^(?:' || international_prefix || ')') from leadgen.phone_regions"
    ).fetchall()
    rows = module_session.execute(
        """
        select country_code, calling_code, international_prefix, parsing_prefix
        from leadgen.phone_regions
        where country_code in ('US', 'GB', 'IT')
        order by 1
        """
    ).fetchall()
    assert rows == [("GB", "44", "00", "0|180020"), ("IT", "39", "00", None), ("US", "1", "011", "1")]


def test_every_number_of_a_whole_area_code_is_valid(module_session: psycopg.Connection) -> None:
    """An area code that is not whole has numbers that are not valid."""
    chance = random.Random(37)
    rows = module_session.execute("select prefix, country_code, is_whole from leadgen.phone_areas").fetchall()
    assert 0 < sum(not is_whole for _, _, is_whole in rows) < 50 < len(rows)
    for prefix, country, is_whole in rows:
        exchanges = chance.sample(range(200, 1000), 30) if is_whole else range(200, 1000)
        numbers = [
            PhoneNumber(1, int(f"{prefix[1:]}{exchange}{chance.randrange(10_000):04}"))
            for exchange in exchanges
        ]
        found = {phonenumbers.is_valid_number_for_region(number, country) for number in numbers}
        assert found == {True} if is_whole else False in found, (prefix, country)


def test_every_us_area_code_has_a_region(module_session: psycopg.Connection) -> None:
    valid = {
        f"1{area}"
        for area in range(200, 1000)
        if phonenumbers.number_type(PhoneNumber(country_code=1, national_number=int(f"{area}2345678")))
        == PhoneNumberType.FIXED_LINE_OR_MOBILE
        and phonenumbers.is_valid_number_for_region(
            PhoneNumber(country_code=1, national_number=int(f"{area}2345678")), "US"
        )
    }
    assert len(valid) > 350
    rows = module_session.execute("select prefix from leadgen.phone_areas where country_code = 'US'")
    assert valid - {prefix for (prefix,) in rows} == set()


@pytest.mark.parametrize(
    ("prefix", "country", "region"),
    [
        ("1512", "US", "US-TX"),
        ("1813", "US", "US-FL"),
        ("1303", "US", "US-CO"),
        ("1202", "US", "US-DC"),
        ("1203", "US", "US-CT"),
        ("1907", "US", "US-AK"),
        ("1416", "CA", "CA-ON"),
        ("1902", "CA", "CA-NS"),
        ("1787", "PR", "US-PR"),
    ],
)
def test_area_codes(prefix: str, country: str, region: str, module_session: psycopg.Connection) -> None:
    row = module_session.execute(
        "select country_code, region_code from leadgen.phone_areas where prefix = %s", [prefix]
    )
    assert row.fetchone() == (country, region)


def test_towns_share_a_postal_code(module_session: psycopg.Connection) -> None:
    rows = module_session.execute(
        """
        select postal_code, city, city_keys
        from leadgen.postal_places
        where country_code = 'US' and postal_code in ('63101', '63130', '76102')
        order by 1
        """
    ).fetchall()
    assert rows == [
        ("63101", "Saint Louis", ["saintlouis"]),
        ("63130", "Saint Louis", ["saintlouis", "universitycity"]),
        ("76102", "Fort Worth", ["fortworth"]),
    ]


def test_postal_places(module_session: psycopg.Connection) -> None:
    rows = module_session.execute(
        """
        select postal_code, city, region_code, timezone, round(latitude::numeric), round(longitude::numeric)
        from leadgen.postal_places
        where country_code = 'US' and postal_code in ('78701', '33602', '80202', '00501', '09001')
        order by 1
        """
    ).fetchall()
    assert rows == [
        ("00501", "Holtsville", "US-NY", "America/New_York", 41, -73),
        ("09001", "Apo", "US-AE", None, None, None),
        ("33602", "Tampa", "US-FL", "America/New_York", 28, -82),
        ("78701", "Austin", "US-TX", "America/Chicago", 30, -98),
        ("80202", "Denver", "US-CO", "America/Denver", 40, -105),
    ]
    wrong = module_session.execute(
        """
        select *
        from leadgen.postal_places
        where city_key is distinct from ref.normalize_city(city)
        or timezone not in (select name from pg_timezone_names)
        """
    ).fetchall()
    assert wrong == []


def test_disposable_domains(module_session: psycopg.Connection) -> None:
    query = "select domain from leadgen.disposable_domains where domain in ('mailinator.com', 'gmail.com')"
    rows = module_session.execute(query)
    assert rows.fetchall() == [("mailinator.com",)]


def test_a_load_without_changes_does_nothing(module_session: psycopg.Connection) -> None:
    before = module_session.execute("select * from leadgen.reference_loads order by name").fetchall()
    assert [row[0] for row in before] == sorted(["city_keys", *(data.table for data in DATA_SETS)])
    assert load_reference(module_session) == {}
    assert module_session.execute("select * from leadgen.reference_loads order by name").fetchall() == before


def test_a_changed_package_is_merged_while_readers_read(
    connect: Connect, role_url: Callable[[str], str]
) -> None:
    session = connect()
    session.execute("update leadgen.reference_loads set fingerprint = 'older' where name = 'phone_areas'")
    session.execute("delete from leadgen.phone_areas where prefix = '1512'")
    session.execute("insert into leadgen.phone_areas values ('1999', 'US', 'US-TX')")
    session.execute("update leadgen.phone_areas set region_code = 'US-AK' where prefix = '1813'")
    with psycopg.connect(role_url("postgres")) as reader:
        reader.execute("select * from leadgen.phone_areas").fetchall()
        loaded = load_reference(session)
    assert list(loaded) == ["phone_areas"]
    rows = session.execute(
        "select prefix, region_code from leadgen.phone_areas where prefix ~ '^1(512|813|999)$' order by 1"
    )
    assert rows.fetchall() == [("1512", "US-TX"), ("1813", "US-FL")]


def test_a_failed_load_leaves_the_old_rows(connect: Connect) -> None:
    session = connect()
    session.execute("update leadgen.reference_loads set fingerprint = 'older'")
    session.execute("alter table leadgen.phone_areas add check (prefix <> '1512') not valid")
    session.execute("delete from leadgen.phone_areas where prefix = '1512'")
    with pytest.raises(psycopg.errors.CheckViolation):
        load_reference(session)
    assert session.execute("select count(*) > 400 from leadgen.phone_areas").fetchone() == (True,)
    stored = session.execute(
        "select fingerprint from leadgen.reference_loads where name = 'phone_areas'"
    ).fetchone()
    assert stored == ("older",)


def test_postal_codes_of_other_countries_stay(connect: Connect) -> None:
    session = connect()
    session.execute("update leadgen.reference_loads set fingerprint = 'older' where name = 'postal_places'")
    session.execute(
        """
        insert into leadgen.postal_places (country_code, postal_code, city)
        values ('DE', '10115', 'Berlin'), ('US', '00000', 'Nowhere')
        """
    )
    assert list(load_reference(session)) == ["postal_places"]
    rows = session.execute(
        "select city from leadgen.postal_places where country_code <> 'US' or postal_code = '00000'"
    )
    assert rows.fetchall() == [("Berlin",)]
